"""Listing incidents: ``/pub/incident`` and its further pages."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Optional

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from starlette.responses import Response

from ..kit.shallow_json import read_json
from . import answers, forms
from .accounts import Account
from .calls import Call
from .models import Incident, IncidentQuery, Organization
from .numbers import LARGEST, whole_number
from .supervisor import Supervisor

DEFAULT_SIZE = 500

# The attributes of the documented example of 6.4, in its order.
DEFAULT_FIELDS_6 = [
    "incidentTitle",
    "eventSeverity",
    "incidentFirstSeen",
    "incidentReso",
    "incidentRptIp",
    "incidentLastSeen",
    "incidentSrc",
    "count",
    "attackTechnique",
    "eventType",
    "phIncidentCategory",
    "incidentClearedTime",
    "incidentTarget",
    "attackTactic",
    "eventSeverityCat",
    "incidentDetail",
    "incidentRptDevName",
    "eventName",
    "incidentId",
    "incidentStatus",
    "customer",
]
DEFAULT_FIELDS_7 = [*DEFAULT_FIELDS_6, "phSubIncidentCategory", "phCustId"]
ON_REQUEST = [
    "incidentComments",
    "incidentClearedReason",
    "incidentClearedUser",
    "incidentExtUser",
    "incidentExtClearedTime",
    "incidentExtTicketId",
    "incidentExtTicketState",
    "incidentExtTicketType",
]
READABLE: dict[str, InstrumentedAttribute[Any]] = {
    name: Organization.name if name == "customer" else getattr(Incident, name)
    for name in (*DEFAULT_FIELDS_7, *ON_REQUEST)
}

# The status filter is `status` in the 6.x guide and in the clients, `incidentStatus` in the 7.5.1 description.
FILTERS = {
    "incidentId": "incidentId",
    "status": "incidentStatus",
    "incidentStatus": "incidentStatus",
    "eventSeverity": "eventSeverity",
    "eventSeverityCat": "eventSeverityCat",
    "phIncidentCategory": "phIncidentCategory",
    "phCustId": "phCustId",
    "customer": "customer",
    "incidentReso": "incidentReso",
}


class Refused(Exception):
    """The listing cannot be run as asked. Its words go into the JSON error."""


class NotAnId(Exception):
    """An incident id is not an integer. Seen: such a read is answered with plain text."""


@dataclass(frozen=True)
class Listing:
    """What a caller wants listed. ``wanted`` maps attributes to the values that pass, as lower-case text."""

    wanted: dict[str, list[str]]
    since: Optional[int]
    until: Optional[int]
    start: int
    size: int
    order_by: str
    descending: bool
    fields: list[str]


def list_by_get(siem: Supervisor, call: Call) -> Response:
    """Answer ``GET /pub/incident``: the default fields of what ``status``, ``incidentId`` and the times select."""
    asked: dict[str, Any] = {
        name: call.query[name][-1] for name in ("timeFrom", "timeTo", "start", "size") if name in call.query
    }
    asked["filters"] = {name: _spread(call.query[name]) for name in ("status", "incidentId") if name in call.query}
    return _first_page(siem, call.caller, asked)


def list_by_post(siem: Supervisor, call: Call) -> Response:
    """Answer ``POST /pub/incident``.

    Source: FortiSIEM Public API 7.5.1, Incident Query and Update; for 6.x the guide's JSON API Incident Integration.
    """
    try:
        body = read_json(call.body, allow_nan=True)
    except ValueError:
        return answers.json_error(siem, "The request body is not valid JSON")
    if not isinstance(body, dict) or not isinstance(body.get("filters") or {}, dict):
        return answers.json_error(siem, "The request body is not valid JSON")
    return _first_page(siem, call.caller, body)


def further_page(siem: Supervisor, call: Call) -> Response:
    """Answer ``GET /pub/incident/{queryId}/{page}``, pages counting from 1.

    Each page is cut from the incidents as they are at that moment: rows were seen to move between pages when they
    are ordered by a time that changes.
    """
    number = whole_number(call.path["page"])
    with siem.store.transaction() as session:
        query = session.get(IncidentQuery, call.path["queryId"])
        if query is None or query.caller != call.caller.login or number is None:
            return answers.json_error(siem, f"Invalid query {call.path['queryId']}", 404)
        listing = Listing(**query.listing)
        matching = _matching(siem, session, listing, call.caller)
        total = _total(session, matching)
        pages = _pages(listing, total)
        if not 1 <= number <= pages:
            return answers.json_error(siem, f"Invalid page {number}", 404)
        if number > 1 and not _ready(siem, query, number, pages):
            return answers.json_error(siem, f"Page {number} is not ready", _not_ready_status(siem))
        start = listing.start + (number - 1) * listing.size
        if siem.switches["further_pages"] == "repeated":
            start = listing.start
        rows = _rows(siem, session, listing, matching, start)
    return answers.as_json(siem, _page(siem, query.queryId, listing, total, start, rows))


def pages_by_query(siem: Supervisor) -> bool:
    """Tell whether lists come with a queryId and pages, as in 7.x, or with start and size, as in 6.x."""
    if siem.version == "6.7":
        return bool(siem.switches["paging_6_7"] == "query_id")
    return siem.version >= "7.0"


def _first_page(siem: Supervisor, caller: Account, body: dict[str, Any]) -> Response:
    try:
        listing = _read(siem, body)
    except NotAnId:
        return answers.text("Invalid incident id", 400)
    except Refused as refusal:
        return answers.json_error(siem, str(refusal))
    with siem.store.transaction() as session:
        matching = _matching(siem, session, listing, caller)
        total = _total(session, matching)
        start = 0 if siem.switches["further_pages"] == "repeated" else listing.start
        rows = _rows(siem, session, listing, matching, start)
        if not pages_by_query(siem):
            counted, sent = forms.counts(siem, total), forms.rows_sent(siem, rows)
            return answers.as_json(siem, {**counted, "start": listing.start, "size": listing.size, "data": sent})
        query_id = _remember(siem, session, listing, caller)
    return answers.as_json(siem, _page(siem, query_id, listing, total, start, rows))


def _read(siem: Supervisor, body: dict[str, Any]) -> Listing:
    wanted = _filters(siem, body.get("filters") or {})
    since, until = (_number(body, name, None) for name in ("timeFrom", "timeTo"))
    needs_times = not wanted.get("incidentId") or siem.switches["ids_need_times"]
    if needs_times and (since is None or until is None):
        raise Refused("timeFrom and timeTo are required unless incidentId is given")
    fields = _fields(siem, body)
    order_by = _order(siem, body, fields)
    start = _number(body, "start", 0) or 0
    size = _number(body, "size", DEFAULT_SIZE) or DEFAULT_SIZE
    descending = body.get("descending") is True
    return Listing(wanted, since, until, start, min(size, siem.switches["largest_page"]), order_by, descending, fields)


def _fields(siem: Supervisor, body: dict[str, Any]) -> list[str]:
    fields = body.get("fields") or (DEFAULT_FIELDS_7 if siem.version >= "7.0" else DEFAULT_FIELDS_6)
    if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
        raise Refused("fields is not a list of attributes")
    return fields


def _order(siem: Supervisor, body: dict[str, Any], fields: list[str]) -> str:
    order_by = str(body.get("orderBy") or "incidentId")  # the order without orderBy is assumed
    if order_by not in READABLE:
        raise Refused(f"Invalid orderBy {order_by}")
    if siem.version < "7.0" and body.get("orderBy") and order_by not in fields:
        raise Refused(f"orderBy {order_by} is not one of the fields")
    return order_by


def _filters(siem: Supervisor, filters: dict[str, Any]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for name, values in filters.items():
        listed = values if isinstance(values, list) else [values]
        if name == "incidentId" and any(whole_number(value) is None for value in listed):
            raise NotAnId
        ignored = name == "eventSeverityCat" and siem.switches["severity_category_filter"] == "ignored"
        if name in FILTERS and listed and not ignored:  # unknown filters are passed over: assumed
            wanted.setdefault(FILTERS[name], []).extend(str(value).casefold() for value in listed)
    return wanted


def _number(body: dict[str, Any], name: str, default: Optional[int]) -> Optional[int]:
    if body.get(name) is None:
        return default
    number = whole_number(body[name])
    if number is None or number < 0:
        raise Refused(f"Invalid value {body[name]} for {name}")
    return number


def _spread(values: list[str]) -> list[str]:
    # The vendor's text shows ?status=[0,1], its schema a repeated key.
    return [part.strip() for value in values for part in value.strip("[]").split(",") if part.strip()]


def _matching(siem: Supervisor, session: Session, listing: Listing, caller: Account) -> list[ColumnElement[bool]]:
    """Return what an incident must fulfil to be listed for a caller."""
    organizations = [one for one in session.scalars(select(Organization)) if caller.sees(one.name)]
    if names := listing.wanted.get("customer"):
        organizations = [one for one in organizations if one.name.casefold() in names]
    conditions: list[ColumnElement[bool]] = [Incident.phCustId.in_([one.domainId for one in organizations])]
    if hidden := siem.switches["shows_after_seconds"]:
        conditions.append(Incident.incidentFirstSeen <= siem.now() - hidden * 1000)
    # The window is matched against the last occurrence, not the creation.
    if listing.since is not None:
        conditions.append(Incident.incidentLastSeen >= min(listing.since, LARGEST))
    if listing.until is not None:
        conditions.append(Incident.incidentLastSeen <= min(listing.until, LARGEST))
    return conditions + [_one_of(name, values) for name, values in listing.wanted.items() if name != "customer"]


def _one_of(name: str, values: list[str]) -> ColumnElement[bool]:
    # All values travel as one JSON text: SQLite takes a limited number of parameters, and a caller may send more ids.
    column = READABLE[name]
    texts = column.type.python_type is str
    wanted = values if texts else [number for value in values if (number := _canonical(value)) is not None]
    listed = func.json_each(json.dumps(wanted)).table_valued("value")
    return (func.lower(column) if texts else column).in_(select(listed.c.value))


def _canonical(value: str) -> Optional[int]:
    """Read a number that the database can hold and that is written as FortiSIEM would write it."""
    number = whole_number(value)
    return number if number is not None and abs(number) <= LARGEST and str(number) == value else None


def _remember(siem: Supervisor, session: Session, listing: Listing, caller: Account) -> str:
    number = (session.scalar(select(func.count()).select_from(IncidentQuery)) or 0) + 1
    query_id = f"pub_inc_query_{number}_{siem.now()}"
    session.add(IncidentQuery(queryId=query_id, caller=caller.login, listing=asdict(listing), asked={}))
    return query_id


def _ready(siem: Supervisor, query: IncidentQuery, number: int, pages: int) -> bool:
    defect = siem.switches["two_page_defect"] and siem.version.loses_second_of_two_pages
    if defect and number == pages == 2:
        return False
    asked = query.asked.get(str(number), 0)
    query.asked = {**query.asked, str(number): asked + 1}
    return bool(asked >= siem.switches["page_not_ready"])


def _not_ready_status(siem: Supervisor) -> int:
    chosen = siem.switches["page_not_ready_status"]
    return siem.version.not_ready_status if chosen == "by_version" else int(chosen)


def _pages(listing: Listing, total: int) -> int:
    return math.ceil(max(0, total - listing.start) / listing.size)


def _page(
    siem: Supervisor, query_id: str, listing: Listing, total: int, start: int, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        **forms.counts(siem, total),
        "pages": _pages(listing, total),
        "start": start,
        "sizePerPage": listing.size,
        "queryId": query_id,
        "data": forms.rows_sent(siem, rows),
    }


def _total(session: Session, matching: list[ColumnElement[bool]]) -> int:
    return session.scalar(select(func.count()).select_from(Incident).where(*matching)) or 0


def _rows(
    siem: Supervisor, session: Session, listing: Listing, matching: list[ColumnElement[bool]], start: int
) -> list[dict[str, Any]]:
    column = READABLE[listing.order_by]
    # Incidents that are equal in what orders the list come by id, whichever way the list goes.
    order = (column.desc() if listing.descending else column, Incident.incidentId)
    names = [name for name in dict.fromkeys(listing.fields) if name in READABLE]  # others are passed over: assumed
    of_organization = Organization.domainId == Incident.phCustId
    # Sorting ids alone and reading the page's rows then is several times as fast as sorting whole rows.
    page = select(Incident.incidentId).join(Organization, of_organization).where(*matching)
    page = page.order_by(*order).offset(min(start, LARGEST)).limit(listing.size)
    rows = session.execute(
        select(Incident.incidentId, *(READABLE[name].label(f"shown_{name}") for name in names))
        .join(Organization, of_organization)
        .where(Incident.incidentId.in_(page))
        .order_by(*order)
    )
    return [_shown(siem, dict(zip(names, row[1:]))) for row in rows]


def _shown(siem: Supervisor, row: dict[str, Any]) -> dict[str, Any]:
    unset = {name for name in row if name in ON_REQUEST and not row[name]}
    if siem.switches["unset_attributes"] == "null":
        row = {name: None if name in unset else value for name, value in row.items()}
    if siem.switches["unset_attributes"] == "absent":
        row = {name: value for name, value in row.items() if name not in unset}
    return forms.shown(siem, row)
