"""Custom incidents: creating, force-resolving and closing them when their time is up."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from ..kit.switches import Switches
from .answers import JSON, Refused, empty
from .calls import Call, parsed_time
from .fields import REQUIRED_TEXT, TEXT, Field, checked
from .models import AgentResource, Outage, ResourceType
from .outages import shown_outage

FIRST_ID = 1_000_001


def create(call: Call) -> Response:
    """POST /server/{server_id}/custom_incident. The same request twice makes two incidents."""
    server = call.server()
    if not call.switches["custom_incidents"]:
        raise Refused(call.switches["feature_off_status"], "Custom incidents are not enabled for this account")
    given = checked(call, call.json_object(), CREATE_FIELDS)
    definition = _definition(call, server.id, given)
    duration = given["auto_close_duration"]
    incident = Outage(
        id=_next_id(call),
        type="anomaly",  # assumed: it is raised on an agent's metric, as anomalies are.
        custom=True,
        server=server,
        resource=definition,
        description=given["description"],
        incident_metadata=given["metadata"] or {},
        severity=definition.severity,
        start_time=given["start_time"] or call.now,
        auto_close_duration=duration,
        # Seconds from the creation (assumed: the field is in the vendor's schema, its meaning is not).
        closes_at=None if duration is None else call.now + timedelta(seconds=duration),
        shown_from=call.now + timedelta(seconds=hidden) if (hidden := call.switches["shows_after_seconds"]) else None,
    )
    call.session.add(incident)
    call.session.flush()
    return _created(call, incident)


def force_resolve(call: Call) -> Response:
    """PUT /outage/{outage_id}/force_resolve, for custom incidents only."""
    outage = call.outage()
    reason = checked(call, call.json_object(), {"reason": TEXT})["reason"]
    if not outage.custom:
        raise Refused(call.switches["resolve_ordinary_status"], "Only custom incidents can be force resolved")
    if outage.status == "active":
        outage.resolve(call.now, reason or "Force resolved")
    elif call.switches["resolve_resolved_status"] != 204:
        raise Refused(400, "Outage is already resolved")
    return empty(call.switches["resolve_status"])


def first_free_id(session: Session) -> int:
    """Return the next custom incident's id, without its sign."""
    return FIRST_ID + (session.scalar(select(func.count()).where(Outage.custom)) or 0)


def sign(switches: Switches) -> int:
    """Return the sign of a custom incident's id, 1 or -1."""
    return 1 if switches["id_sign"] == "positive" else -1


def close_due(session: Session, now: datetime) -> None:
    """Resolve every incident whose ``auto_close_duration`` has passed."""
    for incident in session.scalars(select(Outage).where(Outage.closes_at <= now)).all():
        assert incident.closes_at is not None
        incident.resolve(incident.closes_at, "Automatically closed")


def _metadata(call: Call, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError
    if call.switches["metadata_values"] == "text" and not all(isinstance(item, str) for item in value.values()):
        raise ValueError
    return value


def _start_time(call: Call, value: Any) -> datetime:
    if (time := parsed_time(value)) is None:
        raise ValueError
    return time


def _duration(call: Call, value: Any) -> int:
    if type(value) is not int or not 1 <= value <= (datetime.max - call.now).total_seconds():
        raise ValueError
    return value


CREATE_FIELDS = {
    "description": REQUIRED_TEXT,
    "plugin_textkey": REQUIRED_TEXT,
    "resource_textkey": REQUIRED_TEXT,
    "metadata": Field("a valid dictionary", _metadata),
    "start_time": Field("a valid date (YYYY-MM-DD HH:MM:SS)", _start_time),
    "auto_close_duration": Field("a valid positive integer", _duration),
}


def _definition(call: Call, server_id: int, given: dict[str, Any]) -> AgentResource:
    definition = call.session.scalar(
        select(AgentResource)
        .join(ResourceType)
        .where(
            AgentResource.server_id == server_id,
            ResourceType.custom,
            ResourceType.plugin_textkey == given["plugin_textkey"],
            ResourceType.resource_textkey == given["resource_textkey"],
        )
    )
    if definition is None:
        problem = "This field is invalid: No custom incident with these textkeys is defined on this server"
        raise Refused(call.switches["unknown_textkeys_status"], fields={"resource_textkey": problem})
    return definition


def _next_id(call: Call) -> int:
    return first_free_id(call.session) * sign(call.switches)


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
