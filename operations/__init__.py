"""What an analyst can ask for: one function for each action, ``action(context, params) -> dict or list``.

info.json says what the parameters and results are; it is not said again.
"""

from __future__ import annotations

from typing import Any, Callable, Dict

from ..clients.context import Context
from . import bulk, choices, diagnostics, fortimonitor, fortisiem, incident_pair, ingestion

Action = Callable[[Context, Dict[str, Any]], Any]

OPERATIONS: Dict[str, Action] = {
    "create_custom_incident": fortimonitor.create_custom_incident,
    "force_resolve_incident": fortimonitor.force_resolve_incident,
    "get_fortimonitor_incident": fortimonitor.get_fortimonitor_incident,
    "list_fortimonitor_incidents": fortimonitor.list_fortimonitor_incidents,
    "get_fortimonitor_incident_log": fortimonitor.get_fortimonitor_incident_log,
    "add_fortimonitor_incident_note": fortimonitor.add_fortimonitor_incident_note,
    "acknowledge_fortimonitor_incident": fortimonitor.acknowledge_fortimonitor_incident,
    "update_fortimonitor_incident_description": fortimonitor.update_fortimonitor_incident_description,
    "set_fortimonitor_incident_summary": fortimonitor.set_fortimonitor_incident_summary,
    "set_fortimonitor_incident_tags": fortimonitor.set_fortimonitor_incident_tags,
    "set_fortimonitor_incident_lead": fortimonitor.set_fortimonitor_incident_lead,
    "escalate_fortimonitor_incident": fortimonitor.escalate_fortimonitor_incident,
    "broadcast_fortimonitor_incident": fortimonitor.broadcast_fortimonitor_incident,
    "delay_fortimonitor_incident_alerts": fortimonitor.delay_fortimonitor_incident_alerts,
    "list_fortimonitor_servers": fortimonitor.list_fortimonitor_servers,
    "list_fortimonitor_users": fortimonitor.list_fortimonitor_users,
    "list_incident_textkeys": fortimonitor.list_incident_textkeys,
    "list_server_choices": choices.list_server_choices,
    "list_user_choices": choices.list_user_choices,
    "list_plugin_textkey_choices": choices.list_plugin_textkey_choices,
    "list_resource_textkey_choices": choices.list_resource_textkey_choices,
    "make_fortimonitor_api_request": fortimonitor.make_fortimonitor_api_request,
    "update_siem_incident": fortisiem.update_siem_incident,
    "clear_siem_incident": fortisiem.clear_siem_incident,
    "comment_siem_incident": fortisiem.comment_siem_incident,
    "get_siem_incident": fortisiem.get_siem_incident,
    "list_siem_incidents": fortisiem.list_siem_incidents,
    "get_siem_incident_events": fortisiem.get_siem_incident_events,
    "make_fortisiem_api_request": fortisiem.make_fortisiem_api_request,
    "escalate_siem_incident": incident_pair.escalate_siem_incident,
    "close_incident": incident_pair.close_incident,
    "get_incident_state": incident_pair.get_incident_state,
    "update_siem_incidents": bulk.update_siem_incidents,
    "force_resolve_incidents": bulk.force_resolve_incidents,
    "fetch_incidents": ingestion.fetch_incidents,
    "get_diagnostics": diagnostics.get_diagnostics,
}
