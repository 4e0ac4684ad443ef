"""Playbooks over HTTP: lists, queries, and one playbook, step or route at a time."""

from __future__ import annotations

from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import Route

from ....kit.store import Store
from ...calls import Answer, Call, route
from ...records import bulk
from ...refusals import refusal
from ..definitions import Row
from ..models import Workflow
from .collections import Collections
from .listing import address_order, hydra, is_shown, ordered, rows_of, searched
from .matching import address_filters, matches, searchable, with_step_types
from .storing import CHILDREN, WORKFLOWS


class Workflows:
    """The addresses of playbooks."""

    def __init__(self, store: Store, collections: Collections) -> None:
        self._store = store
        self._collections = collections

    def routes(self) -> list[Route]:
        """Return the addresses of playbooks, their steps and their routes."""
        children = [
            each
            for key, name in CHILDREN.items()
            for each in (
                route("GET", f"/api/3/{name}/{{uuid}}", partial(self._child, key)),
                route("PUT", f"/api/3/{name}/{{uuid}}", partial(self._change_child, key)),
            )
        ]
        return [
            route("GET", WORKFLOWS, self._list),
            route("POST", WORKFLOWS, lambda call: (201, self._create(call.fields, call))),
            route("POST", "/api/3/bulkupsert/workflows", self._create_many),
            route("POST", "/api/query/workflows", self._query),
            route("GET", f"{WORKFLOWS}/{{uuid}}", self._read),
            route("PUT", f"{WORKFLOWS}/{{uuid}}", self._change),
            route("DELETE", f"{WORKFLOWS}/{{uuid}}", self._delete),
            *children,
        ]

    def _list(self, call: Call) -> Answer:
        rows = self._found(call, address_filters(call), address_order(call) or [{"field": "name"}])
        return 200, hydra(rows, call, "Workflow", WORKFLOWS)

    def _query(self, call: Call) -> Answer:
        """Answer a query; its body's ``limit`` and ``page`` are not read, as met on 8.0."""
        body = call.fields
        if body.get("aggregates"):
            raise refusal(400, "The local FortiSOAR aggregates no playbooks.")
        filters = {"logic": body.get("logic", "AND"), "filters": body.get("filters")}
        rows = self._found(call, filters, body.get("sort") or [{"field": "name"}])
        return 200, hydra(rows, call, "Workflow", WORKFLOWS, body.get("__selectFields"))

    def _found(self, call: Call, filters: Row, sort: list[Row]) -> list[Row]:
        self._collections.refresh()
        with self._store.transaction() as session:
            rows = [row.document for row in session.scalars(select(Workflow).order_by(Workflow.uuid))]
        rows = [row for row in rows if is_shown(row, call) and matches(searchable(row), filters)]
        return [_shown(row, call) for row in ordered(searched(rows, call), sort)]

    def _create(self, fields: Row, call: Call) -> Row:
        self._collections.refresh()
        with self._store.transaction() as session:
            return _written(self._collections.writer(session).create_workflow(fields), call)

    def _create_many(self, call: Call) -> Answer:
        """Create playbooks; in spite of the address, one that is there is a failure (met on 8.0)."""
        return bulk.partial(*bulk.each(rows_of(call), lambda row: self._create(row, call), "POST"))

    def _read(self, call: Call) -> Answer:
        self._collections.refresh()
        with self._store.transaction() as session:
            return 200, _shown(_stored(session, call).document, call)

    def _change(self, call: Call) -> Answer:
        self._collections.refresh()
        with self._store.transaction() as session:
            stored, writer = _stored(session, call), self._collections.writer(session)
            if "deletedAt" in call.fields and call.fields["deletedAt"] is None:
                writer.restore_workflow(stored)
            return 200, _written(writer.update_workflow(stored, call.fields), call)

    def _delete(self, call: Call) -> Answer:
        self._collections.refresh()
        with self._store.transaction() as session:
            stored = _stored(session, call)
            if call.query.get("$hardDelete") == "true":
                session.delete(stored)
            else:
                self._collections.writer(session).bin_workflow(stored)
        return 204, None

    def _child(self, key: str, call: Call) -> Answer:
        self._collections.refresh()
        with self._store.transaction() as session:
            return 200, _child_of(self._holder(session, call, key), key, call.path["uuid"])

    def _change_child(self, key: str, call: Call) -> Answer:
        """Merge fields into a step or route, which stays in its playbook."""
        self._collections.refresh()
        with self._store.transaction() as session:
            stored = self._holder(session, call, key)
            fields = {name: value for name, value in call.fields.items() if name not in ("workflow", "uuid")}
            rows = [
                {**row, **fields} if row["uuid"] == call.path["uuid"] else row for row in stored.document.get(key) or []
            ]
            self._collections.writer(session).update_workflow(stored, {key: rows})
            return 200, _child_of(stored, key, call.path["uuid"])

    def _holder(self, session: Session, call: Call, key: str) -> Workflow:
        found = self._collections.writer(session).holder(key, call.path["uuid"])
        if found is None:
            raise refusal(404, f"{_type(key)} not found")
        return found


def _stored(session: Session, call: Call) -> Workflow:
    found = session.get(Workflow, call.path["uuid"])
    if found is None or not is_shown(found.document, call):
        raise refusal(404, "Workflow not found")
    return found


def _child_of(stored: Workflow, key: str, uuid: str) -> Row:
    (row,) = [each for each in stored.document[key] if each["uuid"] == uuid]
    return {"@type": _type(key), **row, "workflow": stored.document["@id"]}


def _type(key: str) -> str:
    return {"steps": "WorkflowStep", "routes": "WorkflowRoute"}[key]


def _shown(document: Row, call: Call) -> Row:
    """Leave steps and routes out unless relationships are asked for, as with any record."""
    if call.query.get("$relationships") == "true":
        return with_step_types(document)
    return {key: value for key, value in document.items() if key not in CHILDREN}


def _written(document: Row, call: Call) -> Row:
    """Return what answers a write: steps and routes as IRIs unless relationships are asked for (met on 8.0)."""
    if call.query.get("$relationships") == "true":
        return with_step_types(document)
    return document | {key: [row["@id"] for row in document.get(key) or []] for key in CHILDREN}
