"""Collections and playbooks in the database: how they are created, changed, put into the recycle bin and removed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, literal_column, select
from sqlalchemy.orm import Session

from ...records.errors import conflict
from ...refusals import Refusal, refusal
from ..definitions import Definition, Row, type_of, uuid_of
from ..models import Workflow, WorkflowCollection

COLLECTIONS = "/api/3/workflow_collections"
WORKFLOWS = "/api/3/workflows"
CHILDREN = {"steps": "workflow_steps", "routes": "workflow_routes"}
# What a change cannot set. Clients send whole rows back.
KEPT = {
    "@context",
    "@id",
    "@type",
    "id",
    "uuid",
    "createDate",
    "createUser",
    "modifyDate",
    "modifyUser",
    "deletedAt",
}


class Writer:
    """Writes collections and playbooks through one session.

    Parameters:
        session: the open transaction.
        now: the lab's time, in seconds since 1970.
    """

    def __init__(self, session: Session, now: float) -> None:
        self._session = session
        self._now = now

    # Collections.

    def replace_collection(self, document: Row, serial: str | None) -> Row:
        """Store a collection with its playbooks, in place of the one with its UUID.

        Parameters:
            serial: that of the installed connector it came with, if any.
        """
        uuid = str(document.get("uuid") or uuid4())
        self.remove_collection(uuid)
        stored = self._store_collection(uuid, document, serial)
        for workflow in _objects(document, "workflows"):
            self._store_workflow(_adopted(workflow), uuid)
        return stored

    def create_collection(self, document: Row) -> Row:
        """Store a new collection with its playbooks.

        Raises: Refusal 409 if its UUID, its name, or one of its playbooks, steps or routes is there already, be it in
            the recycle bin.
        """
        name = document.get("name")
        if not name:
            raise refusal(400, "name: This value should not be blank.")
        uuid = str(document.get("uuid") or uuid4())
        if self._session.get(WorkflowCollection, uuid):
            raise conflict("workflow_collections", "uuid", uuid)
        if self.collection_named(str(name)):
            raise conflict("workflow_collections", "name", str(name))
        workflows = [_adopted(workflow) for workflow in _objects(document, "workflows")]
        for workflow in workflows:
            self._check_free(workflow)
        stored = self._store_collection(uuid, document, None)
        for workflow in workflows:
            self._store_workflow(workflow, uuid)
        return stored

    def update_collection(self, stored: WorkflowCollection, fields: Row) -> Row:
        """Merge fields into a collection, and put the playbooks among them in place of those with their UUIDs.

        That other playbooks of the collection stay is assumed: no source.
        """
        kept = {key: value for key, value in fields.items() if key not in KEPT and key != "workflows"}
        namesake = self.collection_named(str(kept.get("name")))
        if namesake is not None and namesake is not stored:
            raise conflict("workflow_collections", "name", str(kept["name"]))
        stored.document = {**stored.document, **kept, "modifyDate": self._now}
        for workflow in _objects(fields, "workflows"):
            self._store_workflow(_adopted(workflow), stored.uuid)
        return stored.document

    def upsert_collection(self, document: Row) -> tuple[Row, bool]:
        """Create a collection, or restore and change the one with its UUID or name; return it and whether it is new."""
        found = self._session.get(WorkflowCollection, str(document.get("uuid"))) or self.collection_named(
            str(document.get("name"))
        )
        if found is None:
            return self.create_collection(document), True
        self.restore_collection(found)
        return self.update_collection(found, document), False

    def collection_named(self, name: str) -> WorkflowCollection | None:
        """Return the collection of a name, be it in the recycle bin."""
        held = func.json_extract(WorkflowCollection.document, literal_column("'$.name'"))
        return self._session.scalars(select(WorkflowCollection).where(held == name)).first()

    def bin_collection(self, stored: WorkflowCollection) -> None:
        """Put a collection into the recycle bin; that its playbooks go with it is assumed: no source."""
        stored.document = {**stored.document, "deletedAt": self._now}
        for workflow in self._workflows_of(stored.uuid):
            if workflow.document.get("deletedAt") is None:
                self.bin_workflow(workflow)

    def restore_collection(self, stored: WorkflowCollection) -> None:
        """Take a collection out of the recycle bin, with the playbooks that went there with it."""
        since = stored.document.get("deletedAt")
        stored.document = {**stored.document, "deletedAt": None}
        for workflow in self._workflows_of(stored.uuid):
            if since is not None and workflow.document.get("deletedAt") == since:
                self.restore_workflow(workflow)

    def remove_collection(self, uuid: str) -> None:
        """Remove a collection and its playbooks for good."""
        self._session.execute(delete(Workflow).where(Workflow.collection == uuid))
        self._session.execute(delete(WorkflowCollection).where(WorkflowCollection.uuid == uuid))

    # Playbooks.

    def create_workflow(self, document: Row) -> Row:
        """Store a new playbook.

        Raises: Refusal 409 if its UUID or that of a step or route is there already; 404 for a step or route that
            claims by its ``@id`` to be there and is not, as met on 8.0.
        """
        self._check_new(document)
        for key in CHILDREN:
            if claimed := [child["@id"] for child in _objects(document, key) if child.get("@id")]:
                raise _not_there(claimed[0])
        self._check_free(document)
        return self._store_workflow(document, uuid_of(document.get("collection")) or None)

    def update_workflow(self, stored: Workflow, fields: Row) -> Row:
        """Merge fields into a playbook. Its steps and routes become those given: kept ones as IRIs or with ``@id``.

        Raises: Refusal 409 for a new step or route whose UUID is taken; 404 for an IRI that leads nowhere.
        """
        changed = {key: value for key, value in fields.items() if key not in KEPT}
        if "name" in changed or "collection" in changed:
            self._check_new({**stored.document, **changed})
        for key in CHILDREN.keys() & changed.keys():
            changed[key] = self._children(stored, key, changed[key] or [])
        return self._rewrite(stored, changed)

    def bin_workflow(self, stored: Workflow) -> None:
        """Put a playbook into the recycle bin."""
        self._rewrite(stored, {"deletedAt": self._now})

    def restore_workflow(self, stored: Workflow) -> None:
        """Take a playbook out of the recycle bin."""
        self._rewrite(stored, {"deletedAt": None})

    def holder(self, key: str, uuid: str) -> Workflow | None:
        """Return the playbook that has a step or route.

        Parameters:
            key: ``steps`` or ``routes``.
        """
        held = func.json_each(Workflow.document, literal_column(f"'$.{key}'")).table_valued("value")
        found = select(Workflow).join(held, func.json_extract(held.c.value, "$.uuid") == uuid)
        return self._session.scalars(found).first()

    def _rewrite(self, stored: Workflow, fields: Row) -> Row:
        document = {**stored.document, **fields}
        return self._store_workflow(document, uuid_of(document.get("collection")) or None)

    def _store_collection(self, uuid: str, document: Row, serial: str | None) -> Row:
        stored = {
            "@type": "WorkflowCollection",
            "createDate": self._now,
            **document,
            "uuid": uuid,
            "@id": f"{COLLECTIONS}/{uuid}",
            "modifyDate": self._now,
            "deletedAt": None,
        }
        stored.pop("workflows", None)
        self._session.add(WorkflowCollection(uuid=uuid, serial=serial, document=stored))
        return stored

    def _store_workflow(self, document: Row, collection: str | None) -> Row:
        uuid = str(document.get("uuid") or uuid4())
        stored = {
            "@type": "Workflow",
            "isActive": False,
            "createDate": self._now,
            "deletedAt": None,
            **document,
            "uuid": uuid,
            "@id": f"{WORKFLOWS}/{uuid}",
            "modifyDate": self._now,
        }
        for key, name in CHILDREN.items():
            stored[key] = [_with_address(row, name) for row in _objects(stored, key)]
        _check(stored)
        if collection:
            stored["collection"] = f"{COLLECTIONS}/{collection}"
        self._session.merge(
            Workflow(
                uuid=uuid,
                collection=collection,
                name=str(stored.get("name")),
                active=stored["isActive"] is True and stored["deletedAt"] is None,
                start=type_of(Definition(stored).start or {}),
                document=stored,
            )
        )
        self._session.flush()
        return stored

    def _children(self, stored: Workflow, key: str, given: Any) -> list[Row]:
        if not isinstance(given, list):
            raise refusal(400, f"{key}: This value should be a list.")
        held = {row["uuid"]: row for row in stored.document.get(key) or []}
        rows = []
        for one in given:
            uuid = uuid_of(one.get("@id") or one.get("uuid")) if isinstance(one, dict) else uuid_of(one)
            if not isinstance(one, dict) and uuid not in held:
                raise _not_there(str(one))
            if uuid in held and isinstance(one, dict) and not one.get("@id"):
                # A row without its address is a new one to the appliance (met on 8.0).
                raise conflict(CHILDREN[key], "uuid", uuid)
            if uuid not in held and self._taken(key, [uuid]):
                raise conflict(CHILDREN[key], "uuid", uuid)
            rows.append({**held.get(uuid, {}), **(one if isinstance(one, dict) else {}), "uuid": uuid or str(uuid4())})
        return rows

    def _check_new(self, document: Row) -> None:
        if not document.get("name"):
            raise refusal(400, "name: This value should not be blank.")
        collection = uuid_of(document.get("collection"))
        if collection and self._session.get(WorkflowCollection, collection) is None:
            # The type is met on 8.0; the status is assumed: no source.
            message = f"There is no {COLLECTIONS}/{collection}"
            raise Refusal(400, {"type": "ForeignKeyConstraintViolationException", "message": message})

    def _check_free(self, workflow: Row) -> None:
        if workflow.get("uuid") and self._session.get(Workflow, str(workflow["uuid"])):
            raise conflict("workflows", "uuid", str(workflow["uuid"]))
        for key, name in CHILDREN.items():
            uuids = [str(child["uuid"]) for child in _objects(workflow, key) if child.get("uuid")]
            if taken := self._taken(key, uuids):
                raise conflict(name, "uuid", taken)

    def _taken(self, key: str, uuids: Iterable[str]) -> str | None:
        """Return one of the UUIDs that a step or route of any playbook has."""
        held = func.json_each(Workflow.document, literal_column(f"'$.{key}'")).table_valued("value")
        uuid = func.json_extract(held.c.value, "$.uuid")
        found = select(uuid).select_from(Workflow).join(held, literal_column("1") == 1).where(uuid.in_(list(uuids)))
        return self._session.scalars(found).first()

    def _workflows_of(self, collection: str) -> list[Workflow]:
        return list(self._session.scalars(select(Workflow).where(Workflow.collection == collection)))


def _objects(document: Row, key: str) -> list[Row]:
    rows = document.get(key) or []
    if not isinstance(rows, list):
        raise refusal(400, f"{key}: This value should be a list.")
    return [row for row in rows if isinstance(row, dict)]


def _check(document: Row) -> None:
    """Refuse a playbook that no run could be made of."""
    if not isinstance(document.get("recordTags") or [], list):
        raise refusal(400, "recordTags: This value should be a list.")
    for step in _objects(document, "steps"):
        if not isinstance(step.get("name"), str):
            raise refusal(400, "steps: The name of each should be a text.")


def _adopted(workflow: Row) -> Row:
    """Return a playbook of an export as one that is not in the recycle bin."""
    return {**workflow, "deletedAt": None}


def _with_address(row: Row, name: str) -> Row:
    uuid = str(row.get("uuid") or uuid4())
    row = {**row, "uuid": uuid, "@id": f"/api/3/{name}/{uuid}"}
    if isinstance(row.get("stepType"), dict):  # as a read with relationships shows it
        row["stepType"] = f"/api/3/workflow_step_types/{uuid_of(row['stepType'])}"
    return row


def _not_there(iri: str) -> Refusal:
    # The type is met on 8.0; the status is assumed: no source.
    return Refusal(404, {"type": "EntityNotFoundException", "message": f"{iri} was not found."})
