"""The events that made an incident: ``/pub/incident/triggeringEvents``, at once and as a query, and what was before."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Optional

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from . import answers
from .calls import Call
from .incidents import find
from .models import TriggeringEvent, TriggeringEventQuery
from .numbers import LARGEST, whole_number
from .supervisor import Supervisor

DEFAULT_SIZE = 10
LARGEST_SIZE = 100
WIDEST_WINDOW = 24 * 3600 * 1000
FIRST_QUERY = 14262
# A query goes on after the answer that started it. Seen; that reading its result ends it, and how long one that
# nobody reads goes on, are assumed.
QUERY_RUNS = 60_000

# 6.x shows attributes by number. The numbers are assumed: the guide's example only shows that they are some.
NUMBERED = (
    "Event Type",
    "Reporting IP",
    "Reporting Device",
    "Event Parser Name",
    "Event Severity",
    "User",
    "Source IP",
    "Destination IP",
    "Host IP",
    "Host Name",
    "Source MAC",
    "URI Stem",
)


class Refused(Exception):
    """The events cannot be had as asked. Its words go into the JSON error."""


@dataclass(frozen=True)
class Asked:
    """What a caller wants: the events of one incident, received in a window, so many at most."""

    incident_id: int
    since: Optional[int]
    until: Optional[int]
    size: int


def events_at_once(siem: Supervisor, call: Call) -> Response:
    """Answer ``GET /pub/incident/triggeringEvents``: a bare array before 6.7, an object with a result from there on.

    Source: for 6.x the guide's JSON API Incident Integration; FortiSIEM Public API 7.5.1, where it is deprecated.
    """
    with siem.store.transaction() as session:
        try:
            asked = _asked(session, call)
        except Refused as refusal:
            return answers.json_error(siem, str(refusal))
        rows = _rows(siem, session, asked)
    if not rows and siem.switches["no_events"] == "error":
        return answers.json_error(siem, "No triggering events found")
    if not siem.version.wraps_triggering_events:
        return answers.as_json(siem, rows)
    # The documented example is of one event; other numbers are assumed to be worded alike.
    found = f"{len(rows)} event{'' if len(rows) == 1 else 's'} found in this time range"
    return answers.as_json(siem, {"result": {"code": 0, "description": found}, "data": _data(siem, rows)})


def start_query(siem: Supervisor, call: Call) -> Response:
    """Answer ``GET /pub/incident/triggeringEvents/start``: the id of a query that runs from now on.

    Its times are called required by FortiSIEM Public API 7.5.1, but clients leave them out with success.
    """
    with siem.store.transaction() as session:
        if too_many(siem, session, call.address, siem.queries.number(call.address) + 1):
            return answers.too_many()
        try:
            asked = _asked(session, call)
        except Refused as refusal:
            return answers.json_error(siem, str(refusal))
        query_id = (session.scalar(select(func.max(TriggeringEventQuery.queryId))) or FIRST_QUERY - 1) + 1
        session.add(
            TriggeringEventQuery(
                queryId=query_id,
                caller=call.caller.login,
                address=call.address,
                incidentId=asked.incident_id,
                since=asked.since,
                until=asked.until,
                size=asked.size,
                started=siem.now(),
            )
        )
    named = {"queryId": str(query_id)} if siem.version.names_query_id else str(query_id)
    return answers.as_json(siem, named)


def query_progress(siem: Supervisor, call: Call) -> Response:
    """Answer ``GET /pub/incident/triggeringEvents/progress/{queryId}``: how many percent are done."""
    steps = siem.switches["triggering_query_steps"]
    with siem.store.transaction() as session:
        query = _query(session, call)
        if query is None:
            return _no_query(siem, call)
        percent = 100
        if query.asked < steps:
            query.asked += 1
            percent = 100 * query.asked // (steps + 1)
    if siem.switches["triggering_progress"] == "object":
        return answers.as_json(siem, {"progressPct": percent})
    return answers.as_json(siem, percent)


def query_result(siem: Supervisor, call: Call) -> Response:
    """Answer ``GET /pub/incident/triggeringEvents/result/{queryId}``.

    That a result asked for too early is 400, and that of an unknown query 404, is assumed: no source.
    """
    with siem.store.transaction() as session:
        query = _query(session, call)
        if query is None:
            return _no_query(siem, call)
        if query.asked < siem.switches["triggering_query_steps"]:
            return answers.json_error(siem, f"Query {query.queryId} is not complete")
        try:
            size = min(_size(call), query.size)
        except Refused as refusal:
            return answers.json_error(siem, str(refusal))
        query.read = True
        rows = _rows(siem, session, Asked(query.incidentId, query.since, query.until, size))
    if not rows and siem.switches["no_events"] == "error":
        return answers.json_error(siem, "No triggering events found")
    return answers.as_json(siem, {"data": _data(siem, rows)})


def event_ids(siem: Supervisor, call: Call) -> Response:
    """Answer ``GET /incident/triggeringEvents?incidentIds=1,2``, the way before 6.3.

    Source: Integration API Guide 5.2.5; clients read the element ``triggerEvents`` and take 204 for none. What
    stands around that element is assumed.
    """
    wanted = [whole_number(part.strip()) for part in (call.last("incidentIds") or "").split(",")]
    with siem.store.transaction() as session:
        found = [incident for number in wanted if (incident := find(session, number, call.caller))]
        listed = {one.incidentId: _ids(session, one.incidentId) for one in found}
    incidents = "".join(
        f'<incident id="{number}"><triggerEvents>{",".join(map(str, ids))}</triggerEvents></incident>'
        for number, ids in listed.items()
        if ids
    )
    return answers.xml(siem, f"<result>{incidents}</result>") if incidents else Response(status_code=204)


def too_many(siem: Supervisor, session: Session, address: str, answering: int) -> bool:
    """Tell whether an address is over the limit on concurrent queries.

    Parameters:
        answering: how many of its queries are being answered right now. Those that it has started and whose result
            it has not read come on top.
    """
    started = select(func.count()).where(
        TriggeringEventQuery.address == address,
        TriggeringEventQuery.read.is_(False),
        TriggeringEventQuery.started > siem.now() - QUERY_RUNS,
    )
    limit = siem.switches["concurrency_limit"]
    return bool(limit) and answering + (session.scalar(started) or 0) > limit


def _asked(session: Session, call: Call) -> Asked:
    named = call.last("incidentId")
    incident = find(session, whole_number(named), call.caller)
    if incident is None:
        raise Refused(f"Invalid Incident Id {named}")
    since, until = _number(call, "timeFrom"), _number(call, "timeTo")
    if since is not None and until is not None and until - since > WIDEST_WINDOW:
        raise Refused("The time range must not exceed 24 hours")
    return Asked(incident.incidentId, since, until, _size(call))


def _size(call: Call) -> int:
    return min(_number(call, "size") or DEFAULT_SIZE, LARGEST_SIZE)


def _number(call: Call, name: str) -> Optional[int]:
    value = call.last(name)
    if not value:
        return None
    number = whole_number(value)
    if number is None or not 0 <= number <= LARGEST:
        raise Refused(f"Invalid value {value} for {name}")
    return number


def _query(session: Session, call: Call) -> Optional[TriggeringEventQuery]:
    number = whole_number(call.path["queryId"])
    if number is None or abs(number) > LARGEST:
        return None
    query = session.get(TriggeringEventQuery, number)
    return query if query and query.caller == call.caller.login else None


def _no_query(siem: Supervisor, call: Call) -> Response:
    return answers.json_error(siem, f"Invalid query {call.path['queryId']}", 404)


def _rows(siem: Supervisor, session: Session, asked: Asked) -> list[dict[str, Any]]:
    """Show the newest events first. That order is assumed."""
    received = TriggeringEvent.receiveTime
    conditions: list[ColumnElement[bool]] = [TriggeringEvent.incidentId == asked.incident_id]
    conditions += [received >= asked.since] if asked.since is not None else []
    conditions += [received <= asked.until] if asked.until is not None else []
    newest_first = select(TriggeringEvent).where(*conditions).order_by(received.desc(), TriggeringEvent.eventId.desc())
    events = session.scalars(newest_first.limit(asked.size))
    return [_shown(siem, event, index) for index, event in enumerate(events)]


def _data(siem: Supervisor, rows: list[dict[str, Any]]) -> Optional[list[dict[str, Any]]]:
    return None if not rows and siem.switches["no_events"] == "null" else rows


def _shown(siem: Supervisor, event: TriggeringEvent, index: int) -> dict[str, Any]:
    attributes = event.attributes
    if not siem.version.wraps_triggering_events:
        attributes = {str(NUMBERED.index(name) + 1): value for name, value in attributes.items()}
    return {
        "custId": event.incident.phCustId,
        "index": index,
        "id": _as_a_double(event.eventId),
        "eventType": event.eventType,
        "receiveTime": event.receiveTime,
        "rawMessage": event.rawMessage,
        "nid": str(event.eventId),
        "attributes": attributes,
        "eventAttributes": [],
        "dataStr": {},
    }


def _as_a_double(number: int) -> int:
    # The vendor's example shows 6482650188627892000 beside the nid 6482650188627892238: the shortest digits that
    # name the same double.
    return int(Decimal(repr(float(number))))


def _ids(session: Session, incident_id: int) -> list[int]:
    own = select(TriggeringEvent.eventId).where(TriggeringEvent.incidentId == incident_id)
    return list(session.scalars(own.order_by(TriggeringEvent.eventId)))
