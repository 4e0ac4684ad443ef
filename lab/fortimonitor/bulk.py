"""Many outages at once, for tests of long lists."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from .incidents import first_free_id
from .models import AgentResource, Outage, ResourceType


def insert_outages(
    session: Session,
    now: datetime,
    count: int,
    *,
    server_id: int,
    active: bool,
    custom_sign: int | None,
    spacing: timedelta,
) -> list[int]:
    """Store outages of which the last starts now and each other one ``spacing`` before the next.

    Parameters:
        active: False for outages that lasted ``spacing``, but not beyond now.
        custom_sign: the sign of their ids if they are custom incidents, else None.
    Returns: their ids, oldest first.
    Raises: ValueError if custom incidents are wanted on a server without a definition of them.
    """
    custom = custom_sign is not None
    resource_id = _definition(session, server_id) if custom else None
    first = first_free_id(session) if custom else _first_free_ordinary_id(session)
    ids = [(first + place) * (custom_sign or 1) for place in range(count)]
    rows = [
        {
            "id": number,
            "type": "anomaly" if custom else "outage",
            "custom": custom,
            "server_id": server_id,
            "resource_id": resource_id,
            "description": f"Outage {place + 1} of {count}",
            "severity": "critical",
            "start_time": (start := now - spacing * (count - 1 - place)),
            "end_time": None if active else min(start + spacing, now),
        }
        for place, number in enumerate(ids)
    ]
    session.execute(insert(Outage), rows)
    return ids


def _first_free_ordinary_id(session: Session) -> int:
    return (session.scalar(select(func.max(Outage.id)).where(~Outage.custom)) or 0) + 1


def _definition(session: Session, server_id: int) -> int:
    found = session.scalar(
        select(AgentResource.id).join(ResourceType).where(AgentResource.server_id == server_id, ResourceType.custom)
    )
    if found is None:
        raise ValueError(f"Server {server_id} has no custom incident definition.")
    return found
