"""Who and what an incident is about: what an alert shows of it besides its title."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any, Dict, List, Mapping

from ..clients.fortimonitor.markers import without_marker
from ..clients.fortimonitor.models import Outage

# FortiSIEM's names of attributes in source and target, such as srcIpAddr, destName and targetUser.
ADDRESS = r"[A-Za-z]*IpAddr"
HOST = r"(?:host|src|dest|target|computer)Name"
USER = r"(?:[a-z]+U|u)ser(?:Name)?"

Involved = Dict[str, Any]


def in_siem_incident(incident: Mapping[str, Any]) -> Involved:
    """Return what an incident of FortiSIEM, as actions show it, is about."""
    source, target = (incident[side]["attributes"] for side in ("source", "target"))
    device = " ".join(filter(None, (incident["reporting_device"], incident["reporting_ip"])))
    told = [(side.title(), incident[side]["text"].rstrip(", ")) for side in ("source", "target", "detail")]
    lines = [f"{title}: {said}" for title, said in (*told, ("Reported by", device)) if said]
    return {
        "description": "\n".join([incident["event_name"] or incident["title"] or "", *lines]).strip(),
        "category": incident["category"],
        "subcategory": incident["subcategory"],
        "source_ips": _values(ADDRESS, source),
        "destination_ips": _values(ADDRESS, target),
        "hosts": _values(HOST, target, source),
        "users": _values(USER, source, target),
    }


def in_outage(outage: Outage) -> Involved:
    """Return what an incident of FortiMonitor is about: the server, by its address where that is all there is."""
    fqdn, name = outage.server_fqdn, outage.server_name
    is_address = _is_address(fqdn)
    host = name if is_address or not fqdn else fqdn
    return {
        "description": without_marker(outage.description),
        "category": None,
        "subcategory": None,
        "source_ips": [],
        "destination_ips": [fqdn] if is_address else [],
        "hosts": [host] if host else [],
        "users": [],
    }


def _values(names: str, *sides: Mapping[str, List[str]]) -> List[str]:
    """Return the values of the attributes with such names, each once.

    None of them begins with a brace or bracket: a playbook would read that as an object or list.
    """
    found = [value for side in sides for name, values in side.items() if re.fullmatch(names, name) for value in values]
    return list(dict.fromkeys(value for value in found if value and value[0] not in "[{"))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
