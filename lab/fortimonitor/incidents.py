"""Custom incidents: creating, force-resolving and closing them when their time is up."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from .answers import JSON, REQUIRED, Refused, empty, invalid
from .calls import Call, parsed_time
from .models import AgentResource, Outage, ResourceType
from .outages import shown_outage

REQUIRED_TEXTS = ("description", "plugin_textkey", "resource_textkey")
CREATE_FIELDS = {*REQUIRED_TEXTS, "metadata", "start_time", "auto_close_duration"}
RESOLVE_FIELDS = {"reason"}
FIRST_ID = 1_000_001


def create(call: Call) -> Response:
    """POST /server/{server_id}/custom_incident. The same request twice makes two incidents."""
    server = call.server()
    if not call.switches["custom_incidents"]:
        raise Refused(call.switches["feature_off_status"], "Custom incidents are not enabled for this account")
    payload = call.json_object()
    _check(call, payload, CREATE_FIELDS, _create_problems(call, payload))
    definition = _definition(call, server.id, payload)
    duration = payload.get("auto_close_duration")
    incident = Outage(
        id=_next_id(call),
        type="anomaly",  # assumed: it is raised on an agent's metric, as anomalies are.
        custom=True,
        server=server,
        resource=definition,
        description=payload["description"],
        incident_metadata=payload.get("metadata") or {},
        severity=definition.severity,
        start_time=parsed_time(payload.get("start_time")) or call.now,
        auto_close_duration=duration,
        # Seconds from the creation (assumed: the field is in the vendor's schema, its meaning is not).
        closes_at=None if duration is None else call.now + timedelta(seconds=duration),
    )
    call.session.add(incident)
    call.session.flush()
    return _created(call, incident)


def force_resolve(call: Call) -> Response:
    """PUT /outage/{outage_id}/force_resolve, for custom incidents only."""
    outage = call.outage()
    payload = call.json_object()
    reason = payload.get("reason")
    problem = reason is not None and not isinstance(reason, str)
    _check(call, payload, RESOLVE_FIELDS, {"reason": invalid("reason", "a valid string")} if problem else {})
    if not outage.custom:
        raise Refused(call.switches["resolve_ordinary_status"], "Only custom incidents can be force resolved")
    if outage.status == "active":
        outage.resolve(call.now, reason or "Force resolved")
    elif call.switches["resolve_resolved_status"] != 204:
        raise Refused(400, "Outage is already resolved")
    return empty(call.switches["resolve_status"])


def close_due(session: Session, now: datetime) -> None:
    """Resolve every incident whose ``auto_close_duration`` has passed."""
    for incident in session.scalars(select(Outage).where(Outage.closes_at <= now)).all():
        assert incident.closes_at is not None
        incident.resolve(incident.closes_at, "Automatically closed")


def as_plain(incident: Outage) -> dict[str, Any]:
    """Return what is stored of a custom incident, whatever the switches let the API show; times as they are sent."""
    assert incident.resource is not None
    return {
        "id": incident.id,
        "server_id": incident.server_id,
        "plugin_textkey": incident.resource.type.plugin_textkey,
        "resource_textkey": incident.resource.type.resource_textkey,
        "description": incident.description,
        "metadata": incident.incident_metadata,
        "severity": incident.severity,
        "status": incident.status,
        "start_time": str(incident.start_time),
        "end_time": None if incident.end_time is None else str(incident.end_time),
        "auto_close_duration": incident.auto_close_duration,
        "log": [entry.entry for entry in incident.log],
    }


def _check(call: Call, payload: dict[str, Any], known: set[str], problems: dict[str, str]) -> None:
    if call.switches["strict_fields"]:
        problems |= {field: "This field is not allowed" for field in payload if field not in known}
    if problems:
        raise Refused(400, fields=problems)


def _create_problems(call: Call, payload: dict[str, Any]) -> dict[str, str]:
    problems = {}
    for field in REQUIRED_TEXTS:
        if payload.get(field) in (None, ""):
            problems[field] = REQUIRED
        elif not isinstance(payload[field], str):
            problems[field] = invalid(field, "a valid string")
    for field, (expected, fits) in OPTIONAL.items():
        if payload.get(field) is not None and not fits(call, payload[field]):
            problems[field] = invalid(field, expected)
    return problems


def _fits_metadata(call: Call, value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return call.switches["metadata_values"] == "any" or all(isinstance(item, str) for item in value.values())


def _fits_time(call: Call, value: Any) -> bool:
    return parsed_time(value) is not None


def _fits_duration(call: Call, value: Any) -> bool:
    if type(value) is not int or value < 1:
        return False
    return value <= (datetime.max - call.now).total_seconds()


OPTIONAL: dict[str, tuple[str, Callable[[Call, Any], bool]]] = {
    "metadata": ("a valid dictionary", _fits_metadata),
    "start_time": ("a valid date (YYYY-MM-DD HH:MM:SS)", _fits_time),
    "auto_close_duration": ("a valid positive integer", _fits_duration),
}


def _definition(call: Call, server_id: int, payload: dict[str, Any]) -> AgentResource:
    definition = call.session.scalar(
        select(AgentResource)
        .join(ResourceType)
        .where(
            AgentResource.server_id == server_id,
            ResourceType.custom,
            ResourceType.plugin_textkey == payload["plugin_textkey"],
            ResourceType.resource_textkey == payload["resource_textkey"],
        )
    )
    if definition is None:
        problem = "This field is invalid: No custom incident with these textkeys is defined on this server"
        raise Refused(call.switches["unknown_textkeys_status"], fields={"resource_textkey": problem})
    return definition


def _next_id(call: Call) -> int:
    number = FIRST_ID + (call.session.scalar(select(func.count()).where(Outage.custom)) or 0)
    return number if call.switches["id_sign"] == "positive" else -number


def _created(call: Call, incident: Outage) -> Response:
    headers = {}
    if (location := _location(call, incident)) is not None:
        headers["Location"] = location
    if call.switches["id_header"]:
        headers["id"] = str(incident.id)
    media_type, body = _created_body(call, incident)
    return Response(body, call.switches["create_status"], headers, media_type)


def _location(call: Call, incident: Outage) -> str | None:
    url = call.url("outage", incident.id)
    locations = {
        "outage": url,
        "trailing_slash": url + "/",
        "relative": urlsplit(url).path,
        "missing": None,
        "custom_incident": call.url("server", incident.server_id, "custom_incident", incident.id),
    }
    return locations[call.switches["location"]]


def _created_body(call: Call, incident: Outage) -> tuple[str, str]:
    form = call.switches["create_body"]
    if form == "outage":
        return JSON, json.dumps(shown_outage(call, incident))
    if form == "null":
        return JSON, "null"
    if form == "text":
        return "text/plain", "Created"
    return JSON, ""
