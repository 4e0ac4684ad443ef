"""Reading outages: lists and single ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, literal, or_, select
from starlette.responses import Response

from . import forms
from .answers import Refused, invalid, listing, not_found
from .calls import ID, Call, shown_time
from .lists import Window, page
from .models import Outage
from .people import shown_person
from .records import shown_metadata

SEVERITIES = ("critical", "warning")
STATUSES = ("active", "resolved")
# Ties are settled by what comes next in the index, last by the order of creation (assumed: no source).
ORDERS = {
    "start_time": (Outage.start_time, Outage.sequence),
    "end_time": (Outage.end_time, Outage.start_time, Outage.sequence),
}


def list_all(call: Call) -> Response:
    """GET /outage."""
    return _listed(call, ("server", "severity", "status", "start_time", "end_time"))


def list_active(call: Call) -> Response:
    """GET /outage/active, where the filter is called ``server_id`` and ``server`` is no parameter."""
    return _listed(call, ("server_id",), Outage.end_time.is_(None))


def list_resolved(call: Call) -> Response:
    """GET /outage/resolved."""
    return _listed(call, ("start_time", "end_time", "min_duration"), Outage.end_time.is_not(None))


def list_of_server(call: Call) -> Response:
    """GET /server/{server_id}/outage."""
    return _listed(call, ("severity", "status", "start_time", "end_time"), Outage.server_id == call.server().id)


def get(call: Call) -> Response:
    """GET /outage/{outage_id}."""
    outage = call.outage()
    if outage.shown_from is not None and outage.shown_from > call.now:
        raise not_found()
    return listing(shown_outage(call, outage))


def shown_outage(call: Call, outage: Outage) -> dict[str, Any]:
    """Return the outage as the API shows it: the 26 fields that were captured, and no ``id``."""
    server, switches = outage.server, call.switches
    as_id: Callable[[int], Any] = str if call.switches["server_id_form"] == "string" else int
    return {
        "acknowledged": forms.acknowledged(
            switches, shown_person(call, outage.acknowledged_by) if outage.acknowledged_by else None
        ),
        "compound_service": None,
        "compound_service_id": None,
        "compound_service_name": None,
        "description": forms.description(switches, _shown_description(call, outage)),
        "end_time": shown_time(outage.end_time),
        "exclude_from_availability": False,
        "has_active_maintenance": False,
        "hash": outage.hash,
        "metadata": shown_metadata(call, outage),
        "metric_tags": [],
        "next_action": None,
        "server": call.url("server", server.id),
        "server_fqdn": server.fqdn,
        "server_group_id": as_id(server.group_id),
        "server_group_name": server.group_name,
        "server_id": as_id(server.id),
        "server_name": server.name,
        "severity": forms.severity(switches, outage.severity),
        "start_time": forms.start_time(switches, outage.start_time),
        "status": outage.status,
        "summary": forms.description(switches, outage.summary),
        "tags": forms.tags(switches, outage.tags),
        "type": outage.type,
        "url": forms.url(switches, call.url("outage", outage.id)),
        **_cause(call, outage),
    }


def _cause(call: Call, outage: Outage) -> dict[str, Any]:
    """Return the 26th field: an anomaly names its resource where an outage lists its network services."""
    if outage.resource_id is not None:
        return {"server_resource": call.url("server", outage.server_id, "agent_resource", outage.resource_id)}
    service = {
        "end_time": shown_time(outage.end_time),
        "exclude_from_availability": False,
        "metadata": "",
        "network_service": call.url("server", outage.server_id, "network_service", 1),
        "service_type": call.url("network_service_type", 11),
        "start_time": shown_time(outage.start_time),
        "status": "confirmed",
    }
    return {"network_service_type_list": [service]}


def _shown_description(call: Call, outage: Outage) -> str:
    # Metadata is "added to the incident description" (user guide); the form is assumed: no source.
    if not (call.switches["metadata_in_description"] and outage.metadata_rendered):
        return outage.description
    lines = [f"{name}: {_as_text(value)}" for name, value in outage.incident_metadata.items()]
    return "\n".join([outage.description, *lines])


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _listed(call: Call, filters: Sequence[str], *conditions: ColumnElement[bool]) -> Response:
    """Answer a list of outages. A filter that the endpoint does not have is ignored."""
    wanted = [FILTERS[name](call, name) for name in filters if call.query.get(name)]
    if call.switches["shows_after_seconds"]:  # else no index would serve
        wanted.append(or_(Outage.shown_from.is_(None), Outage.shown_from <= call.now))
    order_by = call.choice("order_by", tuple(ORDERS)) or "start_time"
    order = call.choice("order", ("desc", "asc")) or "desc"
    columns = ORDERS[order_by]
    window = Window.asked(call, default=10, cap=call.switches["page_cap"])
    ordered = [column.asc() if order == "asc" else column.desc() for column in columns]
    return page(
        call,
        "outage",
        select(Outage).where(*conditions, *wanted).order_by(*ordered),
        shown_outage,
        window,
        {"order": order, "order_by": order_by},
        lambda rows: forms.rows(call.switches, rows, window.limit),
    )


def _on_server(call: Call, name: str) -> ColumnElement[bool]:
    text = call.query[name].rpartition("/")[2]
    if not ID.fullmatch(text):
        raise Refused(400, fields={name: invalid(name, "a valid server")})
    return Outage.server_id == int(text)


def _of_severity(call: Call, name: str) -> ColumnElement[bool]:
    return Outage.severity == call.choice(name, SEVERITIES)


def _of_status(call: Call, name: str) -> ColumnElement[bool]:
    active = call.choice(name, STATUSES) == "active"
    return Outage.end_time.is_(None) if active else Outage.end_time.is_not(None)


# Both times bound the start of an outage (assumed: no source).
def _started_since(call: Call, name: str) -> ColumnElement[bool]:
    return Outage.start_time >= literal(call.time(name))


def _started_until(call: Call, name: str) -> ColumnElement[bool]:
    return Outage.start_time <= literal(call.time(name))


def _lasting(call: Call, name: str) -> ColumnElement[bool]:
    seconds = [cast(func.strftime("%s", column), Integer) for column in (Outage.end_time, Outage.start_time)]
    return seconds[0] - seconds[1] >= call.whole_number(name, 0)


FILTERS: dict[str, Callable[[Call, str], ColumnElement[bool]]] = {
    "server": _on_server,
    "server_id": _on_server,
    "severity": _of_severity,
    "status": _of_status,
    "start_time": _started_since,
    "end_time": _started_until,
    "min_duration": _lasting,
}
