"""What actions return: the products' objects in the words of FortiSOAR's forms, times in ISO 8601."""

from __future__ import annotations

from datetime import datetime
from logging import Logger
from typing import Any, Callable, Dict, Optional, Sequence

from ..clients.context import Context
from ..clients.fortimonitor.models import Outage, Server, Textkeys, User
from ..clients.fortisiem.attributes import (
    CATEGORIES,
    LEVELS,
    READ_FIELDS,
    READ_RESOLUTIONS,
    attribute_lists,
    is_cleared,
    organizations,
    status,
    techniques,
    word,
)
from ..core.errors import InvalidInput
from ..core.http.answers import Answer, json_of
from ..core.redaction import Redactor
from ..core.times import from_epoch, iso, spelt_out
from ..core.values import moment, storable, text, whole_number
from .summaries import of_answer

Result = Dict[str, Any]


def with_ignored(ignored: Sequence[str], log: Logger, redact: Redactor, act: Callable[[], Any]) -> Any:
    """Return an action's result with a warning of the parameters that were ignored; a list leaves that to the log.

    A name that was given may be anything, also a secret that slipped into the wrong place.

    Raises what the action raises. Where it finds its parameters wanting, the ignored ones may be the reason.
    """
    if not ignored:
        return act()
    try:
        result = act()
    except InvalidInput as invalid:
        raise InvalidInput(*ignored, *invalid.problems) from None
    warning = redact(f"Ignored: {' '.join(ignored)}")
    log.warning(warning)
    if not isinstance(result, dict):
        return result
    return {**result, "warning": " ".join(filter(None, (result.get("warning"), warning)))}


def aged_outage(context: Context, shown: Outage) -> Result:
    """Return an incident of FortiMonitor as it stands now, with its age."""
    return {**outage(context, shown), **_ages(context, shown.start, shown.end if shown.is_resolved else None)}


def outage(context: Context, shown: Outage) -> Result:
    """Return an incident of FortiMonitor."""
    return {
        "incident_id": shown.id,
        "incident_url": context.fortimonitor.outage_url(shown.id),
        "page_url": context.page_url("fortimonitor", shown.id),
        "server_id": shown.server_id,
        "server_name": shown.server_name,
        "server_fqdn": shown.server_fqdn,
        "status": shown.status,
        "severity": shown.severity,
        "type": shown.type,
        "description": shown.description,
        "correlation_id": shown.marker.correlation_id,
        "start_time": iso(shown.start),
        "end_time": iso(shown.end),
        "acknowledged": shown.acknowledged_by is not None,
        "acknowledged_by": str(shown.acknowledged_by) if shown.acknowledged_by else None,
        "summary": shown.summary,
        "tags": shown.tags,
        "metadata": shown.metadata,
    }


def server(shown: Server) -> Result:
    """Return a server of FortiMonitor, as a choice of a form too."""
    return {
        "title": f"{shown.name} ({shown.fqdn})",
        "value": str(shown.id),
        "server_id": shown.id,
        "name": shown.name,
        "fqdn": shown.fqdn,
        "status": shown.status,
        "tags": list(shown.tags),
    }


def user(shown: User) -> Result:
    """Return a user of FortiMonitor, as a choice of a form too."""
    return {
        "title": f"{shown.name} ({shown.username})",
        "value": shown.username,
        "user_id": shown.id,
        "username": shown.username,
        "display_name": shown.name,
        "user_url": shown.url,
    }


def textkeys(shown: Textkeys, value: str) -> Result:
    """Return a pair of textkeys, as a choice of a form too."""
    return {
        "title": f"{shown.label}: {shown.plugin_textkey} / {shown.resource_textkey}",
        "value": value,
        **shown._asdict(),
    }


def aged_siem_incident(context: Context, row: Result, further: Sequence[str] = ()) -> Result:
    """Return an incident of FortiSIEM as it stands now, with its age; ``further`` as below."""
    first_seen, cleared = (moment(row.get(name)) for name in ("incidentFirstSeen", "incidentClearedTime"))
    return {**siem_incident(context, row, further), **_ages(context, first_seen, cleared if is_cleared(row) else None)}


def siem_incident(context: Context, row: Result, further: Sequence[str] = ()) -> Result:
    """Return an incident of FortiSIEM.

    Parameters:
        row: the incident as FortiSIEM shows it.
        further: FortiSIEM's names of more attributes, which go into ``other`` as they are.
    """
    incident_id = whole_number(row.get("incidentId"))
    return {
        "incident_id": incident_id,
        "page_url": context.page_url("fortisiem", incident_id),
        "title": _text(row.get("incidentTitle")),
        "status": status(row),
        "severity": word(LEVELS, row.get("eventSeverityCat")),
        "severity_value": _number(row.get("eventSeverity")),
        "category": word(CATEGORIES, row.get("phIncidentCategory")),
        "subcategory": _text(row.get("phSubIncidentCategory")),
        "event_type": _text(row.get("eventType")),
        "event_name": _text(row.get("eventName")),
        "resolution": word(READ_RESOLUTIONS, row.get("incidentReso")),
        "count": _number(row.get("count")),
        "first_seen": iso(moment(row.get("incidentFirstSeen"))),
        "last_seen": iso(moment(row.get("incidentLastSeen"))),
        "cleared_time": iso(moment(row.get("incidentClearedTime"))),
        "cleared_by": _text(row.get("incidentClearedUser")),
        "cleared_reason": _text(row.get("incidentClearedReason")),
        "organization": ", ".join(organizations(row.get("customer"))) or None,
        "reporting_ip": _text(row.get("incidentRptIp")),
        "reporting_device": _text(row.get("incidentRptDevName")),
        "tactics": _text(row.get("attackTactic")),
        "techniques": techniques(row.get("attackTechnique")),
        "source": _attributes(row.get("incidentSrc")),
        "target": _attributes(row.get("incidentTarget")),
        "detail": _attributes(row.get("incidentDetail")),
        "comments": _text(row.get("incidentComments")),
        "external_ticket_type": word(LEVELS, row.get("incidentExtTicketType")),
        "external_ticket_id": _text(row.get("incidentExtTicketId")),
        "external_ticket_state": _text(row.get("incidentExtTicketState")),
        "external_assigned_user": _text(row.get("incidentExtUser")),
        "other": {name: storable(row.get(name)) for name in further if name not in READ_FIELDS},
    }


def event(row: Result) -> Result:
    """Return a triggering event of FortiSIEM.

    ``nid`` is the id as text; ``id`` is the same as a number, which the vendor's own example shows rounded.
    """
    received, attributes = row.get("receiveTime"), row.get("attributes")
    return {
        "event_id": text(row.get("nid") or row.get("id")),
        "event_type": _text(row.get("eventType")),
        "received": iso(moment(received)) or _text(received),
        "raw_message": _text(row.get("rawMessage")),
        "attributes": storable(attributes) if isinstance(attributes, dict) else {},
    }


def answer(context: Context, product: str, given: Answer) -> Result:
    """Return a product's answer to a request of the analyst's own, without secrets."""
    body = json_of(given)
    request = given.request.shown(given.status)
    return {
        "summary": of_answer(product, given.status, request),
        "status": given.status,
        "body": context.redact.within(body),
        "text": context.redact(given.text) if body is None else None,
        "location": context.redact(given.headers.get("Location", "")) or None,  # where a new object stands
        "attempts": given.attempts,
        "request": request,
    }


def _ages(context: Context, start: Optional[datetime], end: Optional[datetime]) -> Result:
    """Return how long ago something began, and how long it took; None where a time is missing.

    Parameters:
        end: of what is over. An end that an active incident keeps from the time before it came again is none.
    """
    now = from_epoch(context.deadline.timing.wall())
    if start and end and end < start:
        end = None  # nobody knows which of the two is wrong
    result: Result = {}
    for name, until in (("age", now), ("duration", end)):
        # A product's clock may be ahead of this one.
        seconds = max(0, int((until - start).total_seconds())) if start and until else None
        result.update({f"{name}_seconds": seconds, name: None if seconds is None else spelt_out(seconds)})
    return result


def _text(value: Any) -> Optional[str]:
    return text(value) or None


def _number(value: Any) -> Any:
    number = whole_number(value)
    return storable(value) if number is None else number


def _attributes(value: Any) -> Result:
    return {"text": text(value), "attributes": attribute_lists(text(value))}
