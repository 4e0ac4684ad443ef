"""Collections of playbooks: those that came with installed connectors, and those that were posted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from starlette.routing import Route

from ...store import Store
from ..models import InstalledConnector
from ..refusals import refusal
from .definitions import Definition, Row, type_of, uuid_of
from .http import Answer, Call, route
from .macros import Macros
from .models import Workflow, WorkflowCollection

COLLECTIONS = "/api/3/workflow_collections"
WORKFLOWS = "/api/3/workflows"
PAGE = 30


class Collections:
    """The playbooks there are.

    Parameters:
        folder: where connectors are unpacked.
    """

    def __init__(self, store: Store, folder: Path, macros: Macros) -> None:
        self._store = store
        self._folder = folder
        self._macros = macros

    def refresh(self) -> None:
        """Import the collections of connectors that were installed, and remove those of connectors that are gone.

        A connector's own collection lives and dies with it: an upgrade replaces it.
        """
        with self._store.transaction() as session:
            installed = {connector.serial: connector for connector in session.scalars(select(InstalledConnector))}
            known = set(
                session.scalars(select(WorkflowCollection.serial).where(WorkflowCollection.serial.is_not(None)))
            )
            for serial in known - installed.keys():
                for uuid in session.scalars(select(WorkflowCollection.uuid).where(WorkflowCollection.serial == serial)):
                    _remove_collection(session, uuid)
            for serial in installed.keys() - known:
                self._import_connector(session, installed[serial])

    def find(self, key: str) -> Definition | None:
        """Return a playbook by its UUID or name."""
        self.refresh()
        with self._store.transaction() as session:
            found = session.get(Workflow, key) or session.scalar(select(Workflow).where(Workflow.name == key))
            return Definition(found.document) if found else None

    def active(self, start: str) -> list[Definition]:
        """Return the active playbooks that begin with a step of this type."""
        with self._store.transaction() as session:
            wanted = select(Workflow).where(Workflow.active, Workflow.start == start)
            return [Definition(row.document) for row in session.scalars(wanted)]

    def add(self, document: Row) -> Row:
        """Import one collection with its playbooks, in place of one with its UUID; return what was stored."""
        with self._store.transaction() as session:
            return _add_collection(session, document, None)

    def routes(self) -> list[Route]:
        """Return the addresses of collections and playbooks."""
        return [
            route("GET", COLLECTIONS, self._list_collections),
            route("POST", COLLECTIONS, self._create_collections),
            route("GET", f"{COLLECTIONS}/{{uuid}}", self._read_collection),
            route("DELETE", f"{COLLECTIONS}/{{uuid}}", self._delete_collection),
            route("GET", WORKFLOWS, self._list),
            route("POST", WORKFLOWS, lambda call: (201, _shown(self._write(call.fields), call))),
            route("GET", f"{WORKFLOWS}/{{uuid}}", lambda call: (200, _shown(self._document(call), call))),
            route(
                "PUT",
                f"{WORKFLOWS}/{{uuid}}",
                lambda call: (200, _shown(self._write({**self._document(call), **call.fields}), call)),
            ),
            route("DELETE", f"{WORKFLOWS}/{{uuid}}", self._delete),
        ]

    def _import_connector(self, session: Session, connector: InstalledConnector) -> None:
        file = self._folder / connector.folder_name / "playbooks" / "playbooks.json"
        if not file.is_file():
            return
        exported = json.loads(file.read_text(encoding="utf-8"))
        for document in exported.get("data") or []:
            stored = _add_collection(session, document, connector.serial)
            connector.collection = stored["uuid"]
        session.flush()
        self._macros.add_missing(exported.get("macros") or [])

    def _list_collections(self, call: Call) -> Answer:
        self.refresh()
        with self._store.transaction() as session:
            rows = [
                _collection(session, row.document, call)
                for row in session.scalars(select(WorkflowCollection).order_by(WorkflowCollection.uuid))
            ]
        rows = [row for row in rows if row["name"] == call.query.get("name", row["name"])]
        return 200, _hydra(rows, call, "WorkflowCollection", COLLECTIONS)

    def _create_collections(self, call: Call) -> Answer:
        """Take one collection, or a whole export."""
        fields = call.fields
        if fields.get("type") == "workflow_collections":
            added = [self.add(document) for document in fields.get("data") or []]
            self._macros.add_missing(fields.get("macros") or [])
            return 201, _hydra(added, call, "WorkflowCollection", COLLECTIONS)
        return 201, self.add(fields)

    def _read_collection(self, call: Call) -> Answer:
        self.refresh()
        with self._store.transaction() as session:
            found = session.get(WorkflowCollection, call.path["uuid"])
            if found is None:
                raise _not_found("WorkflowCollection")
            return 200, _collection(session, found.document, call)

    def _delete_collection(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            if session.get(WorkflowCollection, call.path["uuid"]) is None:
                raise _not_found("WorkflowCollection")
            _remove_collection(session, call.path["uuid"])
        return 204, None

    def _list(self, call: Call) -> Answer:
        self.refresh()
        wanted = select(Workflow).order_by(Workflow.name, Workflow.uuid)
        if name := call.query.get("name"):
            wanted = wanted.where(Workflow.name == name)
        if collection := call.query.get("collection") or call.query.get("collection.uuid"):
            wanted = wanted.where(Workflow.collection == uuid_of(collection))
        if active := call.query.get("isActive"):
            wanted = wanted.where(Workflow.active == (active == "true"))
        with self._store.transaction() as session:
            rows = [_shown(row.document, call) for row in session.scalars(wanted)]
        return 200, _hydra(rows, call, "Workflow", WORKFLOWS)

    def _document(self, call: Call) -> Row:
        self.refresh()
        with self._store.transaction() as session:
            found = session.get(Workflow, call.path["uuid"])
            if found is None:
                raise _not_found("Workflow")
            return found.document

    def _write(self, document: Row) -> Row:
        if not document.get("name"):
            raise refusal(400, "name: This value should not be blank.")
        with self._store.transaction() as session:
            return _add_workflow(session, document, uuid_of(document.get("collection")) or None)

    def _delete(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            found = session.get(Workflow, call.path["uuid"])
            if found is None:
                raise _not_found("Workflow")
            session.delete(found)
        return 204, None


def _add_collection(session: Session, document: Row, serial: str | None) -> Row:
    uuid = str(document.get("uuid") or uuid4())
    _remove_collection(session, uuid)
    stored = {"@type": "WorkflowCollection", **document, "uuid": uuid, "@id": f"{COLLECTIONS}/{uuid}"}
    workflows = stored.pop("workflows", None) or []
    session.add(WorkflowCollection(uuid=uuid, serial=serial, document=stored))
    for workflow in workflows:
        if isinstance(workflow, dict):
            _add_workflow(session, workflow, uuid)
    return stored


def _add_workflow(session: Session, document: Row, collection: str | None) -> Row:
    uuid = str(document.get("uuid") or uuid4())
    stored = {"@type": "Workflow", "isActive": False, **document, "uuid": uuid, "@id": f"{WORKFLOWS}/{uuid}"}
    for key, name in (("steps", "workflow_steps"), ("routes", "workflow_routes")):
        stored[key] = [
            {**row, "@id": f"/api/3/{name}/{row['uuid']}"} for row in stored.get(key) or [] if isinstance(row, dict)
        ]
    if collection:
        stored["collection"] = f"{COLLECTIONS}/{collection}"
    session.merge(
        Workflow(
            uuid=uuid,
            collection=collection,
            name=str(stored.get("name")),
            active=stored["isActive"] is True,
            start=type_of(Definition(stored).start or {}),
            document=stored,
        )
    )
    return stored


def _remove_collection(session: Session, uuid: str) -> None:
    session.execute(delete(Workflow).where(Workflow.collection == uuid))
    session.execute(delete(WorkflowCollection).where(WorkflowCollection.uuid == uuid))


def _collection(session: Session, document: Row, call: Call) -> Row:
    if call.query.get("$relationships") != "true":
        return document
    workflows = session.scalars(select(Workflow).where(Workflow.collection == document["uuid"]).order_by(Workflow.name))
    return {**document, "workflows": [_shown(row.document, call) for row in workflows]}


def _shown(document: Row, call: Call) -> Row:
    """Leave steps and routes out unless relationships are asked for, as with any record."""
    if call.query.get("$relationships") == "true":
        return document
    return {key: value for key, value in document.items() if key not in ("steps", "routes")}


def _hydra(rows: list[Row], call: Call, type: str, base: str) -> Row:
    size = int(call.query.get("$limit", PAGE))
    number = int(call.query.get("$page", 1))
    return {
        "@context": f"/api/3/contexts/{type}",
        "@id": base,
        "@type": "hydra:Collection",
        "hydra:member": rows[(number - 1) * size : number * size],
        "hydra:totalItems": len(rows),
    }


def _not_found(type: str) -> Any:
    return refusal(404, f"{type} not found")
