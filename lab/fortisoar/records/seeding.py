"""The records of a fresh FortiSOAR of the lab: the picklists, the administrator and a team."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..shapes import SELF_AGENT
from .modules import MODULES
from .picklists import COLORS, PICKLISTS, picklist_uuid
from .tables import Record
from .values import iri
from .writing import Writer

TEAM = "7d1a4c52-0c2f-4b52-9a43-5f0a3b1f6e77"
ADMINISTRATOR = iri("people", SELF_AGENT)


def fill(session: Session, now: float) -> None:
    """Make the standard records, unless they are there."""
    if session.scalars(select(Record).limit(1)).first():
        return
    people = Writer(session, MODULES["people"], now, ADMINISTRATOR)
    people.create({"uuid": SELF_AGENT, "firstname": "CS", "lastname": "Admin", "csActive": True})
    Writer(session, MODULES["teams"], now, ADMINISTRATOR).create({"uuid": TEAM, "name": "SOC Team"})
    names = Writer(session, MODULES["picklist_names"], now, ADMINISTRATOR)
    for name in PICKLISTS:
        names.create({"uuid": picklist_uuid(name), "name": name, "system": False})
    session.flush()
    items = Writer(session, MODULES["picklists"], now, ADMINISTRATOR)
    for name, values in PICKLISTS.items():
        # The captures count AlertStatus from 1, the other lists from 0.
        for position, value in enumerate(values, start=1 if name == "AlertStatus" else 0):
            key = f"{name}/{value}"
            items.create(
                {
                    "uuid": picklist_uuid(key),
                    "itemValue": value,
                    "orderIndex": position,
                    "color": COLORS.get(key),
                    "listName": iri("picklist_names", picklist_uuid(name)),
                }
            )
