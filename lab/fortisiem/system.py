"""What is read of the system itself: its health and its organizations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from . import answers
from .calls import Call
from .models import Organization
from .supervisor import Supervisor


@dataclass(frozen=True)
class Node:
    """One machine of FortiSIEM. ``reason`` says what is not normal."""

    name: str
    ip: str
    kind: str
    status: str = "Normal"
    reason: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Instance:
    """One FortiSIEM instance, or the collectors of one organization."""

    number: int
    name: str
    nodes: tuple[Node, ...]


SILENT = {
    "attribute": "Last Event time Received",
    "value": "Critical",
    "reason": "Last Event Time Received not yet reported",
}
INSTANCES = (
    Instance(1, "Super", (Node("super-01", "192.0.2.201", "Supervisor"), Node("worker-01", "192.0.2.202", "Worker"))),
    Instance(2000, "Acme", (Node("collector-01", "203.0.113.5", "Collector", "No connection", (SILENT,)),)),
)


def health_summary(siem: Supervisor, _call: Call) -> Response:
    """Answer ``GET /system/health/summary``. Source: FortiSIEM Public API 7.5.1, Health."""
    return _health(siem, INSTANCES, _summary)


def health_instance(siem: Supervisor, call: Call) -> Response:
    """Answer ``GET /system/health/instance``: the detailed health of the instance ``instanceId``.

    Source: FortiSIEM Public API 7.5.1, Health. The answer for an unknown instance is assumed.
    """
    wanted = call.last("instanceId")
    chosen = tuple(one for one in INSTANCES if str(one.number) == wanted)
    if not chosen and siem.switches["health_summary"] == "present":
        return answers.json_error(siem, f"Invalid Instance Id {wanted}")
    return _health(siem, chosen, _detail)


def complete_health(siem: Supervisor, _call: Call) -> Response:
    """Answer ``GET /system/health``: the detailed health of every instance."""
    return _health(siem, INSTANCES, _detail)


def organizations(siem: Supervisor, call: Call) -> Response:
    """Answer ``GET /config/Domain`` and ``GET /organization/list``: the organizations the caller may see.

    Source: FortiSIEM Public API 7.5.1, CMDB Organization Management. That an account of one organization is shown
    no other is assumed.
    """
    with siem.store.transaction() as session:
        stored = list(session.scalars(select(Organization).order_by(Organization.domainId)))
    domains = "".join(_domain(one) for one in stored if call.caller.sees(one.name))
    return answers.xml(siem, f"<result><domains>{domains}</domains></result>")


def _health(
    siem: Supervisor, instances: tuple[Instance, ...], shown: Callable[[Supervisor, Instance, Node], dict[str, Any]]
) -> Response:
    if siem.switches["health_summary"] == "forbidden":
        return answers.refused(siem, 403, "Access Denied")
    listed = [
        {
            "id": one.number,
            "name": one.name,
            "healthStatus": "Normal",
            "nodes": [shown(siem, one, node) for node in one.nodes],
        }
        for one in instances
    ]
    return answers.as_json(siem, listed)


def _summary(siem: Supervisor, _instance: Instance, node: Node) -> dict[str, Any]:
    return {
        "name": node.name,
        siem.switches["health_node_type_key"]: node.kind,
        "status": node.status,
        "reason": list(node.reason),
    }


def _detail(siem: Supervisor, instance: Instance, node: Node) -> dict[str, Any]:
    # Of the documented metrics these are the ones that clients read. A real version has the number of a build behind
    # it, as in 6.5.0.1788; here it is the text of the switch.
    kind = {siem.switches["health_node_type_key"]: node.kind}
    return {
        "summary": {"instanceId": instance.number, "name": node.name, **kind, "status": node.status},
        "metrics": {**kind, "healthSummary": {"summary": node.status, "reason": list(node.reason)}},
        "hostinfo": {"name": node.name, "ip": node.ip},
        "versionInfo": {
            "version": siem.version.text,
            "commitHash": "5f1d1a7e0c2b",
            "builtOn": 1767225600,
            "contentVersion": "700",
            "contentFlag": "UpToDate",
        },
        "hardware": {"vCPU": "8", "memory_gb": "24"},
    }


def _domain(organization: Organization) -> str:
    name = escape(organization.name)
    return (
        f'<domain entityVersion="0" creationTime="{organization.created}" custId="0"'
        f' id="{500051 + organization.domainId}" lastModified="{organization.created}" ownerId="0"'
        f' xmlId="Domain${name}"><custProperties/><disabled>false</disabled>'
        f"<domainId>{organization.domainId}</domainId>"
        f"<initialized>{str(organization.initialized).lower()}</initialized><name>{name}</name></domain>"
    )
