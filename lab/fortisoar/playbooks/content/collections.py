"""Collections of playbooks: those that came with installed connectors, and those that were posted."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.routing import Route

from ....kit.clock import Clock
from ....kit.store import Store
from ...calls import Answer, Call, objects_of, route
from ...models import InstalledConnector
from ...records import bulk
from ...refusals import Refusal, refusal
from ..definitions import Definition, Row
from ..macros import Macros
from ..models import Workflow, WorkflowCollection
from .exported import read_export
from .listing import address_order, hydra, is_shown, ordered, rows_of, searched
from .matching import address_filters, matches
from .storing import COLLECTIONS, Writer

log = logging.getLogger(__name__)


class Collections:
    """The playbooks there are.

    Parameters:
        folder: where connectors are unpacked.
    """

    def __init__(self, store: Store, clock: Clock, folder: Path, macros: Macros) -> None:
        self._store = store
        self._clock = clock
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
                    self.writer(session).remove_collection(uuid)
            for serial in installed.keys() - known:
                self._import_connector(session, installed[serial])

    def find(self, key: str) -> Definition | None:
        """Return a playbook by its UUID or name."""
        self.refresh()
        with self._store.transaction() as session:
            found = session.scalars(select(Workflow).where(or_(Workflow.uuid == key, Workflow.name == key)))
            documents = [row.document for row in found if row.document.get("deletedAt") is None]
            return Definition(documents[0]) if documents else None

    def active(self, start: str) -> list[Definition]:
        """Return the active playbooks that begin with a step of this type."""
        with self._store.transaction() as session:
            wanted = select(Workflow).where(Workflow.active, Workflow.start == start)
            return [Definition(row.document) for row in session.scalars(wanted)]

    def add(self, document: Row) -> Row:
        """Import one collection with its playbooks, in place of one with its UUID; return what was stored."""
        with self._store.transaction() as session:
            return self.writer(session).replace_collection(document, None)

    def writer(self, session: Session) -> Writer:
        """Return what writes collections and playbooks through a session."""
        return Writer(session, self._clock.now().timestamp())

    def routes(self) -> list[Route]:
        """Return the addresses of collections."""
        return [
            route("GET", COLLECTIONS, self._list),
            route("POST", COLLECTIONS, self._create),
            route("POST", "/api/3/upsert/workflow_collections", lambda call: self._upsert(call.fields)),
            route("POST", "/api/3/bulkupsert/workflow_collections", self._upsert_many),
            route("GET", f"{COLLECTIONS}/{{uuid}}", self._read),
            route("PUT", f"{COLLECTIONS}/{{uuid}}", self._update),
            route("DELETE", f"{COLLECTIONS}/{{uuid}}", self._delete),
        ]

    def _import_connector(self, session: Session, connector: InstalledConnector) -> None:
        if connector.collection is None:  # it brought none, or its users removed it
            return
        exported = read_export(self._folder / connector.folder_name)
        try:
            with session.begin_nested():
                for document in exported["data"]:
                    uuid = document.get("uuid") or connector.collection
                    self.writer(session).replace_collection({**document, "uuid": uuid}, connector.serial)
        except (Refusal, SQLAlchemyError) as error:
            # The connector stays, as one that brings no playbooks: all others have theirs.
            log.warning("The playbooks of %s cannot be imported: %s", connector.folder_name, error)
            return
        self._macros.add_missing(exported["macros"])

    def _list(self, call: Call) -> Answer:
        self.refresh()
        with self._store.transaction() as session:
            stored = session.scalars(select(WorkflowCollection).order_by(WorkflowCollection.uuid))
            rows = [row.document for row in stored if is_shown(row.document, call)]
            rows = [row for row in rows if matches(row, address_filters(call))]
            found = [_shown(session, row, call) for row in ordered(searched(rows, call), address_order(call))]
        return 200, hydra(found, call, "WorkflowCollection", COLLECTIONS)

    def _create(self, call: Call) -> Answer:
        """Take one collection, or a whole export, which only the lab does: it replaces what is there."""
        fields = call.fields
        if fields.get("type") == "workflow_collections":
            added = [self.add(document) for document in objects_of(fields, "data")]
            self._macros.add_missing(objects_of(fields, "macros"))
            return 201, hydra(added, call, "WorkflowCollection", COLLECTIONS)
        self.refresh()
        with self._store.transaction() as session:
            return 201, self.writer(session).create_collection(fields)

    def _upsert(self, fields: Row) -> Answer:
        self.refresh()
        with self._store.transaction() as session:
            row, is_new = self.writer(session).upsert_collection(fields)
        return 201 if is_new else 200, row

    def _upsert_many(self, call: Call) -> Answer:
        return bulk.partial(*bulk.each(rows_of(call), lambda row: self._upsert(row)[1], "POST"))

    def _read(self, call: Call) -> Answer:
        self.refresh()
        with self._store.transaction() as session:
            return 200, _shown(session, self._stored(session, call).document, call)

    def _update(self, call: Call) -> Answer:
        self.refresh()
        with self._store.transaction() as session:
            stored, writer = self._stored(session, call), self.writer(session)
            if "deletedAt" in call.fields and call.fields["deletedAt"] is None:
                writer.restore_collection(stored)
            return 200, writer.update_collection(stored, call.fields)

    def _delete(self, call: Call) -> Answer:
        self.refresh()
        with self._store.transaction() as session:
            stored, writer = self._stored(session, call), self.writer(session)
            if call.query.get("$hardDelete") != "true":
                writer.bin_collection(stored)
                return 204, None
            brought_by = InstalledConnector.serial == stored.serial
            for connector in session.scalars(select(InstalledConnector).where(brought_by)):
                connector.collection = None
            writer.remove_collection(stored.uuid)
        return 204, None

    def _stored(self, session: Session, call: Call) -> WorkflowCollection:
        found = session.get(WorkflowCollection, call.path["uuid"])
        if found is None or not is_shown(found.document, call):
            raise refusal(404, "WorkflowCollection not found")
        return found


def _shown(session: Session, document: Row, call: Call) -> Row:
    if call.query.get("$relationships") != "true":
        return document
    workflows = session.scalars(select(Workflow).where(Workflow.collection == document["uuid"]).order_by(Workflow.name))
    return {**document, "workflows": [row.document for row in workflows if is_shown(row.document, call)]}
