"""Collections of playbooks: those that came with installed connectors, and what the engine reads of all."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cache

from sqlalchemy import Select, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.routing import Route

from ....kit.store import Store
from ...calls import Answer, Call, objects_of, route
from ...models import InstalledConnector
from ...records import Records
from ...records.content import Collections as Writer
from ...records.modules import MODULES
from ...records.querying import condition, expression
from ...records.showing import collection, whole
from ...records.tables import Record
from ...records.writing import remove
from ...refusals import Refusal
from ..definitions import Definition, Row
from ..macros import Macros
from .older import bring_older

COLLECTIONS, WORKFLOWS = MODULES["workflow_collections"], MODULES["workflows"]

log = logging.getLogger(__name__)


class Collections:
    """The playbooks there are, which the record store keeps."""

    def __init__(self, store: Store, records: Records, macros: Macros) -> None:
        self._store = store
        self._records = records
        self.macros = macros
        with store.transaction() as session, session.no_autoflush:
            bring_older(session, records, self._writer(session))

    def find(self, key: str) -> Definition | None:
        """Return a playbook by its UUID or name."""
        name = expression(WORKFLOWS, Record, ["name"])
        found = self._read(_alive().where(or_(Record.uuid == key.lower(), name == key)).limit(1))
        return found[0] if found else None

    def active(self, start: str) -> list[Definition]:
        """Return the active playbooks that begin with a step of this type."""
        return self._read(_active(start))

    def bring(self, session: Session, connector: InstalledConnector, exported: list[Row]) -> None:
        """Import the collections that a connector brings, in place of those that it brought before.

        A connector's own collection lives and dies with it: an upgrade replaces it.
        """
        self.take_away(session, connector)
        try:
            with session.begin_nested(), session.no_autoflush:
                connector.collections = [self._writer(session).replace(each).uuid for each in exported]
        except (Refusal, SQLAlchemyError) as error:
            # The connector stays, as one that brings no playbooks: all others have theirs.
            log.warning("The playbooks of %s cannot be imported: %s", connector.folder_name, error)

    def take_away(self, session: Session, connector: InstalledConnector) -> None:
        """Remove the collections that a connector brought."""
        remove(session, COLLECTIONS, connector.collections or [])
        connector.collections = []

    def routes(self) -> list[Route]:
        """Return the one address that differs from any module's."""
        return [route("POST", f"/api/3/{COLLECTIONS.name}", self._create)]

    def _create(self, call: Call) -> Answer:
        """Take one collection, or a whole export, which only the lab does: it replaces what is there."""
        if call.fields.get("type") != COLLECTIONS.name:
            return self._records.create(replace(call, path={"module": COLLECTIONS.name}))
        exported, macros = objects_of(call.fields, "data"), objects_of(call.fields, "macros")
        with self._store.transaction() as session, session.no_autoflush:
            added = [self._writer(session).replace(each) for each in exported]
            session.flush()
            rows = whole(session, added)
        self.macros.add_missing(macros)
        return 201, collection(COLLECTIONS.name, rows, len(rows))

    def _writer(self, session: Session) -> Writer:
        writer = self._records.writer(session, COLLECTIONS)
        assert isinstance(writer, Writer)
        return writer

    def _read(self, wanted: Select[Record]) -> list[Definition]:
        with self._store.transaction() as session:
            return [Definition(row) for row in whole(session, session.scalars(wanted).all())]


def _alive() -> Select[Record]:
    return select(Record).where(Record.module == WORKFLOWS.name, Record.deleted.is_(None)).order_by(Record.number)


@cache
def _active(start: str) -> Select[Record]:
    wanted = {"isActive": True, "triggerStep.stepType.name": start}
    filters = [{"field": field, "operator": "eq", "value": value} for field, value in wanted.items()]
    return _alive().where(condition(WORKFLOWS, Record, {"filters": filters}))
