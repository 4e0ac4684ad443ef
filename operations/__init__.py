"""What an analyst can ask for: one function for each action, ``action(bridge, params) -> dict``."""

from __future__ import annotations

from typing import Any, Callable, Dict

from ..clients.bridge import Bridge
from . import fortimonitor, fortisiem

Action = Callable[[Bridge, Dict[str, Any]], Dict[str, Any]]

OPERATIONS: Dict[str, Action] = {
    "create_custom_incident": fortimonitor.create_custom_incident,
    "force_resolve_incident": fortimonitor.force_resolve_incident,
    "update_siem_incident": fortisiem.update_siem_incident,
}
