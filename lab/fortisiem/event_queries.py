"""Results of XML event queries: ``/query/events/{queryId}/{offset}/{limit}``.

The lab runs no such queries: they are put there for tests, as if they had been sent to ``/query/eventQuery`` and were
complete.
"""

from __future__ import annotations

from datetime import datetime, timezone
from html import escape
from itertools import count

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from . import answers
from .calls import Call
from .incidents import find
from .models import EventQuery, TriggeringEvent
from .numbers import LARGEST, whole_number
from .supervisor import Supervisor

FIRST_QUERY = 10931
QUERY_KEPT = 3600 * 1000  # assumed: no source


def add_event_query(session: Session, incident_id: int, now: int) -> str:
    """Put a finished query there whose result is the events of an incident; return its id.

    Clients join what the server calls request id and expiry time into ``10931,1638796483313``.
    """
    number = (session.scalar(select(func.count()).select_from(EventQuery)) or 0) + FIRST_QUERY
    query = EventQuery(queryId=f"{number},{now + QUERY_KEPT}", incidentId=incident_id)
    session.add(query)
    return query.queryId


def query_events(siem: Supervisor, call: Call) -> Response:
    """Answer ``GET /query/events/{queryId}/{offset}/{limit}``.

    Source: Integration API Guide, Notification via API, for ``totalCount``; the other elements as clients read them.
    That an unknown query and a range of no sense are XML errors 255 is assumed.
    """
    offset, limit = (whole_number(call.path[name]) for name in ("offset", "limit"))
    with siem.store.transaction() as session:
        query = session.get(EventQuery, call.path["queryId"])
        if query is None or find(session, query.incidentId, call.caller) is None:
            return answers.xml_error(siem, f"Invalid query {call.path['queryId']}")
        if offset is None or limit is None or not (0 <= offset <= LARGEST and 0 <= limit <= LARGEST):
            return answers.xml_error(siem, "Invalid range of events")
        own = select(TriggeringEvent).where(TriggeringEvent.incidentId == query.incidentId)
        total = session.scalar(select(func.count()).select_from(own.subquery()))
        events = session.scalars(own.order_by(TriggeringEvent.eventId).offset(offset).limit(limit))
        shown = "".join(map(_event, events, count(offset)))
    return answers.xml(
        siem,
        f'<result><queryResult errorCode="0" queryId="{query.queryId.partition(",")[0]}" start="{offset}"'
        f' totalCount="{total}"><events>{shown}</events></queryResult></result>',
    )


def _event(event: TriggeringEvent, index: int) -> str:
    received = datetime.fromtimestamp(event.receiveTime / 1000, timezone.utc).isoformat()
    attributes = "".join(
        f'<attribute name="{escape(name)}">{escape(value, quote=False)}</attribute>'
        for name, value in {**event.attributes, "Raw Event Log": event.rawMessage}.items()
    )
    return (
        f"<event><custId>{event.incident.phCustId}</custId><eventType>{escape(event.eventType)}</eventType>"
        f"<id>{event.eventId}</id><index>{index}</index><nid>{event.eventId}</nid>"
        f"<receiveTime>{received}</receiveTime><attributes>{attributes}</attributes></event>"
    )
