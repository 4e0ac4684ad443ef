"""Reading servers, their agent resources and the types of these."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, String, cast, or_, select
from starlette.responses import Response

from .answers import listing
from .calls import TIME_FORMAT, Call, shown_time
from .lists import page
from .models import AgentResource, Outage, ResourceType, Server

STATUSES = ("active", "suspended", "deleted", "pending")


def list_servers(call: Call) -> Response:
    """GET /server: ``name`` matches anywhere, and only active servers are listed unless ``status`` says otherwise."""
    status = call.choice("status", STATUSES) or "active"
    statement = select(Server).where(Server.status == status).order_by(Server.id)
    if name := call.query.get("name"):
        statement = statement.where(Server.name.icontains(name, autoescape=True))
    if fqdn := call.query.get("fqdn"):
        contained = call.switches["fqdn_match"] == "contains"
        statement = statement.where(Server.fqdn.icontains(fqdn, autoescape=True) if contained else Server.fqdn == fqdn)
    if tags := call.query.get("tags"):
        statement = statement.where(or_(*[_tagged(tag) for tag in tags.split(",")]))
    return page(call, "server", statement, _shown_server)


def get_server(call: Call) -> Response:
    """GET /server/{server_id}."""
    return listing(_shown_server(call, call.server()))


def list_agent_resources(call: Call) -> Response:
    """GET /server/{server_id}/agent_resource."""
    statement = (
        select(AgentResource)
        .join(ResourceType)
        .where(AgentResource.server_id == call.server().id)
        .order_by(AgentResource.id)
    )
    if name := call.query.get("name"):
        statement = statement.where(ResourceType.label.icontains(name, autoescape=True))
    if not call.switches["definitions_listed"]:
        statement = statement.where(~ResourceType.custom)
    return page(call, "agent_resource", statement, _shown_resource)


def list_agent_resource_types(call: Call) -> Response:
    """GET /agent_resource_type."""
    statement = select(ResourceType).order_by(ResourceType.id)
    for field in ("label", "resource_textkey", "platform", "category"):
        if wanted := call.query.get(field):
            statement = statement.where(getattr(ResourceType, field) == wanted)
    if not call.switches["definitions_listed"]:
        statement = statement.where(~ResourceType.custom)
    return page(call, "agent_resource_type", statement, _shown_type)


def _tagged(tag: str) -> ColumnElement[bool]:
    return cast(Server.tags, String).contains(json.dumps(tag), autoescape=True)


def _shown_server(call: Call, server: Server) -> dict[str, Any]:
    # Two columns only: a server may have thousands of them.
    active = call.session.execute(
        select(Outage.id, Outage.type)
        .where(Outage.server_id == server.id, Outage.end_time.is_(None))
        .order_by(Outage.sequence)
    ).all()
    # assumed: no source for the items of current_outages, nor for what makes a server "down".
    return {
        "additional_fqdns": [],
        "agent_heartbeat_delay": 10,
        "agent_heartbeat_enabled": True,
        "agent_heartbeat_notification_schedule": None,
        "agent_installed": True,
        "agent_last_sync_time": call.now.strftime(TIME_FORMAT),
        "agent_version": "20.6.0",
        "attributes": [],
        "auxiliary_notification": {"agent_resource_trigger": True, "network_outage_trigger": True},
        "billing_type": "advanced",
        "created": shown_time(server.created),
        "current_outages": [call.url("outage", outage.id) for outage in active],
        "current_state": "down" if any(outage.type == "outage" for outage in active) else "up",
        "deleted": None,
        "description": "",
        "device_type": "server",
        "fqdn": server.fqdn,
        "name": server.name,
        "notification_schedule": call.url("notification_schedule", 1),
        "parent_server": None,
        "partner_server_id": None,
        "primary_monitoring_node": None,
        "server_group": call.url("server_group", server.group_id),
        "server_key": f"lab-{server.id}",
        "server_template": [],
        "snmp_heartbeat_delay": 10,
        "snmp_heartbeat_enabled": False,
        "snmp_heartbeat_notification_schedule": None,
        "snmpcredential": None,
        "status": server.status,
        "tags": server.tags,
        "template_ignore_agent_heartbeat": False,
        "template_ignore_snmp_heartbeat": False,
        "url": call.url("server", server.id),
    }


def _shown_resource(call: Call, resource: AgentResource) -> dict[str, Any]:
    kind = resource.type
    return {
        "agent_resource_type": call.url("agent_resource_type", kind.id),
        "formatted_name": f"{kind.category}: {kind.label}",
        "frequency": 60,
        "ip_type": None,
        "metric_lock": False,
        "monitor_node": None,
        "monitoring_location": None,
        "name": kind.label,
        "name_override": None,
        "plugin_textkey": kind.plugin_textkey,
        "resource_option": None,
        "resource_textkey": kind.resource_textkey,
        "server_interface": None,
        "status": "active",
        "tags": [],
        "template": None,
        "template_agent_resource": None,
        "thresholds": [],
        "url": call.url("server", resource.server_id, "agent_resource", resource.id),
    }


def _shown_type(call: Call, kind: ResourceType) -> dict[str, Any]:
    return {
        "category": kind.category,
        "label": kind.label,
        "platform": kind.platform,
        "plugin_textkey": kind.plugin_textkey,
        "resource_textkey": kind.resource_textkey,
        "unit": kind.unit,
        "url": call.url("agent_resource_type", kind.id),
    }
