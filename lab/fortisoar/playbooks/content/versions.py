"""Versions of playbooks: snapshots that a client takes, and writes back over the playbook to restore it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.routing import Route

from ....kit.clock import Clock
from ....kit.store import Store
from ...calls import Answer, Call, route
from ...refusals import refusal
from ..definitions import Row, uuid_of
from ..models import Workflow, WorkflowVersion
from .listing import hydra

BASE = "/api/3/workflow_versions"
MOST = 20  # of one playbook, as on the appliance


class Versions:
    """The addresses of versions."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the addresses of versions. There is none to restore one: a client changes the playbook itself."""
        return [
            route("GET", BASE, self._list),
            route("POST", BASE, self._create),
            route("GET", f"{BASE}/{{uuid}}", self._read),
            route("DELETE", f"{BASE}/{{uuid}}", self._delete),
        ]

    def _list(self, call: Call) -> Answer:
        """List versions, the newest first; their content only with ``$includeData``."""
        wanted = select(WorkflowVersion).order_by(WorkflowVersion.saved.desc(), WorkflowVersion.id.desc())
        if workflow := call.query.get("workflow"):
            wanted = wanted.where(WorkflowVersion.workflow == uuid_of(workflow))
        has_content = call.query.get("$includeData") == "true"
        with self._store.transaction() as session:
            rows = [_row(session, version, has_content) for version in session.scalars(wanted)]
        return 200, hydra(rows, call, "WorkflowVersion", BASE)

    def _create(self, call: Call) -> Answer:
        fields = call.fields
        if not isinstance(fields.get("json"), str):
            raise refusal(400, "json: This value should not be blank.")
        with self._store.transaction() as session:
            workflow = session.get(Workflow, uuid_of(fields.get("workflow")))
            if workflow is None:
                raise refusal(404, "Workflow not found")
            counted = select(func.count()).where(WorkflowVersion.workflow == workflow.uuid)
            if (session.scalar(counted) or 0) >= MOST:
                # That there is a limit, and which, was met on 8.0; status and wording are assumed: no source.
                raise refusal(400, f"A playbook has at most {MOST} versions.")
            version = WorkflowVersion(
                uuid=str(uuid4()),
                workflow=workflow.uuid,
                note=str(fields.get("note") or ""),
                autosave=fields.get("autosave") is True,
                saved=self._clock.now().timestamp(),
                content=fields["json"],
            )
            session.add(version)
            session.flush()
            # The appliance does not send the content back here (8.0).
            return 201, _row(session, version, has_content=False)

    def _read(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            return 200, _row(session, _stored(session, call), has_content=True)

    def _delete(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            session.delete(_stored(session, call))
        return 204, None


def _stored(session: Session, call: Call) -> WorkflowVersion:
    found = session.scalar(select(WorkflowVersion).where(WorkflowVersion.uuid == call.path["uuid"]))
    if found is None:
        raise refusal(404, "WorkflowVersion not found")
    return found


def _row(session: Session, version: WorkflowVersion, has_content: bool) -> Row:
    """Return a version with the keys of a capture (8.0)."""
    workflow: dict[str, Any] = session.get_one(Workflow, version.workflow).document
    return {
        "@context": "/api/3/context/WorkflowVersion",
        "@id": f"{BASE}/{version.uuid}",
        "@type": "WorkflowVersion",
        "id": version.id,
        "uuid": version.uuid,
        "note": version.note,
        "autosave": version.autosave,
        "json": version.content if has_content else None,
        "workflow": {key: workflow.get(key) for key in ("@id", "@type", "name", "uuid", "isActive")},
        "createDate": version.saved,
        "modifyDate": version.saved,
        "createUser": None,
        "modifyUser": None,
    }
