"""The records of a fresh FortiSOAR of the lab: the picklists, the administrator and a team."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import create_engine, insert, select
from sqlalchemy.orm import Session

from ..models import Base
from ..playbooks.definitions import OTHER_STEP_TYPES, STEP_TYPES
from ..shapes import SELF_AGENT
from .modules import MODULES
from .picklists import COLORS, PICKLISTS, picklist_uuid
from .tables import Counter, Link, Record, UniqueKey
from .values import iri
from .writing import Row, Writer

TEAM = "7d1a4c52-0c2f-4b52-9a43-5f0a3b1f6e77"
TYPES = "workflow_step_types"
ADMINISTRATOR = iri("people", SELF_AGENT)
LOGIN_OF_ADMINISTRATOR = str(uuid5(NAMESPACE_URL, "account:administrator"))


def fill(session: Session, now: float) -> None:
    """Make the standard records of the modules that have none at all."""
    there = set(session.scalars(select(Record.module).distinct()))
    for kind, rows in _standard_rows():
        missing = [row for row in rows if row["module"] not in there]
        if missing:
            session.execute(
                insert(kind), [{**row, "created": now, "modified": now} if kind is Record else row for row in missing]
            )


@cache
def _standard_rows() -> list[tuple[type[Base], list[dict[str, Any]]]]:
    """Return what the tables hold once the standard records are made.

    They are made as requests would make them, which takes a tenth of a second: so once for all labs of a process.
    """
    kinds = (Record, UniqueKey, Link, Counter)
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine, [Base.metadata.tables[kind.__tablename__] for kind in kinds])
    with Session(engine) as session:
        _make(session, now=0)
        session.flush()
        tables = [(kind, select(Base.metadata.tables[kind.__tablename__])) for kind in kinds]
        found = [(kind, [dict(row) for row in session.execute(query).mappings()]) for kind, query in tables]
    engine.dispose()
    return [(kind, rows) for kind, rows in found if rows]


def _make(session: Session, now: float) -> None:
    people = Writer(session, MODULES["people"], now, ADMINISTRATOR)
    people.create(
        {"uuid": SELF_AGENT, "firstname": "CS", "lastname": "Admin", "csActive": True, "userId": LOGIN_OF_ADMINISTRATOR}
    )
    Writer(session, MODULES["teams"], now, ADMINISTRATOR).create({"uuid": TEAM, "name": "SOC Team"})
    names = Writer(session, MODULES["picklist_names"], now, ADMINISTRATOR)
    _create(names, [{"uuid": picklist_uuid(name), "name": name, "system": False} for name in PICKLISTS])
    for number, (uuid, name) in enumerate({**STEP_TYPES, **OTHER_STEP_TYPES}.items(), start=1):
        # Not through a writer: one of the vendor's uuids is none.
        document = {"name": name}
        session.add(Record(module=TYPES, uuid=uuid, number=number, document=document, created=now, modified=now))
    session.flush()
    items = Writer(session, MODULES["picklists"], now, ADMINISTRATOR)
    _create(items, [_item(name, position, value) for name in PICKLISTS for position, value in _positions(name)])


def _create(writer: Writer, rows: list[Row]) -> None:
    writer.look_ahead(rows)
    for row in rows:
        writer.create(row)


def _positions(name: str) -> Iterable[tuple[int, str]]:
    # The captures count AlertStatus from 1, the other lists from 0.
    return enumerate(PICKLISTS[name], start=1 if name == "AlertStatus" else 0)


def _item(name: str, position: int, value: str) -> Row:
    key = f"{name}/{value}"
    return {
        "uuid": picklist_uuid(key),
        "itemValue": value,
        "orderIndex": position,
        "color": COLORS.get(key),
        "listName": iri("picklist_names", picklist_uuid(name)),
    }
