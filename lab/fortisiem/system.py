"""What is read of the system itself: its health and its organizations."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from starlette.responses import Response

from . import answers
from .models import Organization

if TYPE_CHECKING:
    from .app import Call
    from .product import FortiSiem


def health_summary(siem: FortiSiem, _call: Call) -> Response:
    """Answer ``GET /system/health/summary``. Source: FortiSIEM Public API 7.5.1, Health."""
    if siem.switches["health_summary"] == "forbidden":
        return answers.refused(siem, 403, "Access Denied")
    silent = {
        "attribute": "Last Event time Received",
        "value": "Critical",
        "reason": "Last Event Time Received not yet reported",
    }
    nodes = [
        _node(siem, "super-01", "Supervisor", "Normal", []),
        _node(siem, "worker-01", "Worker", "Normal", []),
    ]
    collectors = [_node(siem, "collector-01", "Collector", "No connection", [silent])]
    return answers.as_json(
        siem,
        [
            {"id": 1, "name": "Super", "healthStatus": "Normal", "nodes": nodes},
            {"id": 2000, "name": "Acme", "healthStatus": "Normal", "nodes": collectors},
        ],
    )


def organizations(siem: FortiSiem, call: Call) -> Response:
    """Answer ``GET /config/Domain`` and ``GET /organization/list``: the organizations the caller may see.

    Source: FortiSIEM Public API 7.5.1, CMDB Organization Management. That an account of one organization is shown
    no other is assumed.
    """
    with siem.store.transaction() as session:
        stored = list(session.scalars(select(Organization).order_by(Organization.domainId)))
    domains = "".join(_domain(one) for one in stored if call.caller.sees(one.name))
    return answers.xml(siem, f"<result><domains>{domains}</domains></result>")


def _node(siem: FortiSiem, name: str, kind: str, status: str, reason: list[dict[str, str]]) -> dict[str, Any]:
    return {"name": name, siem.switches["health_node_type_key"]: kind, "status": status, "reason": reason}


def _domain(organization: Organization) -> str:
    name = escape(organization.name)
    return (
        f'<domain entityVersion="0" creationTime="{organization.created}" custId="0"'
        f' id="{500051 + organization.domainId}" lastModified="{organization.created}" ownerId="0"'
        f' xmlId="Domain${name}"><custProperties/><disabled>false</disabled>'
        f"<domainId>{organization.domainId}</domainId>"
        f"<initialized>{str(organization.initialized).lower()}</initialized><name>{name}</name></domain>"
    )
