"""An incident's attributes in FortiSIEM: what each is called where it is written and read, and in which words."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

EXTERNAL = "/incident/external"
TWIN = "/pub/incident/update/{id}"


class Attribute(NamedTuple):
    """One attribute of an incident: what it is called where it is written and read, and in which words.

    Parameters:
        external: its key in /incident/external, whose values are all text, as in the guide's example.
        twin: its key in /pub/incident/update/{id}; None where that has none.
        read: the field of /pub/incident that shows it.
        words: FortiSIEM's word for each of ours; empty for free text.
    """

    external: str
    twin: Optional[str]
    read: str
    words: Mapping[str, str] = {}

    def key(self, address: str) -> Optional[str]:
        """Return its key at an address for updates, None if it has none there."""
        return self.external if address == EXTERNAL else self.twin

    def sent(self, value: str) -> str:
        """Return our value in FortiSIEM's word."""
        return self.words.get(value, value)


# The ticket's type goes out in the upper case of the guide's example (its list says Medium, its example MEDIUM); the
# state as the list has it, since nothing shows "IN PROGRESS".
LEVELS = {"Low": "LOW", "Medium": "MEDIUM", "High": "HIGH"}
STATUSES = {"Active": "0", "Auto Cleared": "1", "Manually Cleared": "2", "System Cleared": "3"}
RESOLUTIONS = {"True Positive": "2", "False Positive": "3"}
# Severity and resolution are not in the guide: FortiSOAR's own FortiSIEM connector sends them since 5.4.2.
ATTRIBUTES = {
    "status": Attribute("incidentStatus", "incidentStatus", "incidentStatus", STATUSES),
    "comments": Attribute("comments", "comments", "incidentComments"),
    "severity": Attribute("severity", "incidentSeverity", "eventSeverityCat", LEVELS),
    "resolution": Attribute("resolution", None, "incidentReso", RESOLUTIONS),
    "external_ticket_type": Attribute("externalTicketType", "incidentExtTicketType", "incidentExtTicketType", LEVELS),
    "external_ticket_id": Attribute("externalTicketId", "incidentExtTicketId", "incidentExtTicketId"),
    "external_ticket_state": Attribute("externalTicketState", "incidentExtTicketState", "incidentExtTicketState"),
    "external_assigned_user": Attribute("externalAssignedUser", "incidentExtUser", "incidentExtUser"),
}

CATEGORIES = {"Availability": "1", "Performance": "2", "Change": "3", "Security": "4", "Other": "5"}
READ_RESOLUTIONS = {"None": "0", "Open": "1", **RESOLUTIONS, "In Progress": "4"}
CLEARED = ("Auto Cleared", "Manually Cleared", "System Cleared")

# What a list shows by default (guide 6.4, OpenAPI 7.5.1), and what it shows when it is asked for.
SHOWN_BY_DEFAULT = (
    "incidentId",
    "incidentTitle",
    "incidentStatus",
    "incidentReso",
    "incidentFirstSeen",
    "incidentLastSeen",
    "incidentClearedTime",
    "incidentRptIp",
    "incidentRptDevName",
    "incidentSrc",
    "incidentTarget",
    "incidentDetail",
    "eventType",
    "eventName",
    "eventSeverity",
    "eventSeverityCat",
    "phIncidentCategory",
    "phSubIncidentCategory",
    "count",
    "customer",
    "attackTactic",
    "attackTechnique",
)
SHOWN_ON_REQUEST = (
    "incidentComments",
    "incidentClearedReason",
    "incidentClearedUser",
    "incidentExtUser",
    "incidentExtTicketId",
    "incidentExtTicketState",
    "incidentExtTicketType",
)
READ_FIELDS = (*SHOWN_BY_DEFAULT, *SHOWN_ON_REQUEST)

ATTRIBUTE_START = re.compile(r"(?:^\s*|,\s+)([A-Za-z][A-Za-z0-9_]*):", re.ASCII)


def word(words: Mapping[str, str], value: Any) -> Optional[str]:
    """Return our word for FortiSIEM's value, the value itself where there is none, None for nothing."""
    text = "" if value is None else str(value)
    return next((ours for ours, theirs in words.items() if theirs == text), text) or None


def attribute_lists(text: str) -> Dict[str, List[str]]:
    """Read ``hostIpAddr:2001:db8::1, hostName:web, `` into each attribute's values, in their order.

    An attribute begins after a comma and white space, with a name and a colon. So colons inside of a value, as in
    IPv6 and MAC addresses, times and URLs, stay in it; other connectors lose such values.
    """
    starts = list(ATTRIBUTE_START.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    values: Dict[str, List[str]] = {}
    for start, end in zip(starts, ends):
        values.setdefault(start.group(1), []).append(text[start.end() : end].strip().rstrip(",").strip())
    return values


def techniques(text: Any) -> List[Dict[str, str]]:
    """Read ``attackTechnique``, which is JSON inside of a text; anything else is no technique."""
    try:
        listed = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return []
    rows = listed if isinstance(listed, list) else []
    return [
        {"id": str(row.get("techniqueid", "")), "name": str(row.get("name", ""))}
        for row in rows
        if isinstance(row, dict)
    ]
