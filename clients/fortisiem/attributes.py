"""An incident's attributes in FortiSIEM: what each is called where it is written and read, and in which words."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from ...core.values import folded, moment, text, whole_number

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

    def is_shown(self, value: str, shown: Any) -> bool:
        """Tell whether our word is what FortiSIEM shows, however it writes it."""
        return word(self.words, value) == word(self.words, shown)


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
IGNORED_BY_TWIN = ("status", "comments", "severity")  # before 7.0, which says OK all the same

CATEGORIES = {"Availability": "1", "Performance": "2", "Change": "3", "Security": "4", "Other": "5"}
READ_RESOLUTIONS = {"None": "0", "Open": "1", **RESOLUTIONS, "In Progress": "4"}
CLEARED = ("Auto Cleared", "Manually Cleared", "System Cleared", "Externally Cleared")
# The user interface has one more, whose number is documented nowhere.
READ_STATUSES = {**STATUSES, "Externally Cleared": "Externally Cleared"}

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
# What is never long: for an incident that is too large to be read whole.
SHORT_FIELDS = (
    "incidentId",
    "incidentStatus",
    "incidentReso",
    "incidentFirstSeen",
    "incidentLastSeen",
    "incidentClearedTime",
    "eventType",
    "eventSeverity",
    "eventSeverityCat",
    "phIncidentCategory",
    "count",
    "customer",
)

# What looks like a name with its colon and is none: ``fe80::1``, ``aa:bb:cc:dd:ee:ff``, ``https://``.
NO_NAME = r"[0-9A-Fa-f]{1,4}:[0-9A-Fa-f.]{0,15}(?::[0-9A-Fa-f.%/]{0,40}){1,9}\s*(?:,|$)|[a-z][a-z0-9]*://"
NAME = rf"(?!{NO_NAME})(?P<name>[A-Za-z][A-Za-z0-9_]{{1,63}}):"  # a name of one letter would be a drive
SPACE = r"(?=(?P<space>\s(?!\s*(?:,|$)))?)"  # before a value
FIRST_ATTRIBUTE = rf"(?a)[\s,]*{NAME}{SPACE}"  # texts, which are compiled at first use
NEXT_ATTRIBUTE = rf"(?a),(?P<apart>\s*){NAME}{SPACE}"
OVER = "(?:cleared|closed|resolved)"
STATUS_OVER = rf"(?!.*(?:not|un){OVER})(?:.*{OVER}|{OVER}.*)"


def word(words: Mapping[str, str], value: Any) -> Optional[str]:
    """Return our word for FortiSIEM's value, in whatever form it comes; its text if we have none, None for nothing."""
    number = whole_number(value)
    shown = text(value).strip() if number is None else str(number)
    forms = (folded(shown), folded(" ".join(reversed(shown.split()))))  # "Cleared Manually" too
    known = (ours for ours, theirs in words.items() if folded(ours) in forms or folded(theirs) in forms)
    return next(known, shown) or None


def status(row: Mapping[str, Any]) -> Optional[str]:
    """Return an incident's status in our word, None where it shows none."""
    return word(READ_STATUSES, row.get("incidentStatus"))


def is_cleared(row: Mapping[str, Any]) -> bool:
    """Tell whether an incident is cleared, in whichever way.

    Of a status that nobody knows, its own word tells, or else whether there is a time of clearing.
    """
    shown = status(row)
    if shown in STATUSES:
        return shown in CLEARED
    if shown and whole_number(shown) is None:
        return re.fullmatch(STATUS_OVER, folded(shown)) is not None
    return moment(row.get("incidentClearedTime")) is not None


def organizations(value: Any) -> List[str]:
    """Return the names in ``customer``, which is a name, an object that has one, or a list of either."""
    if isinstance(value, list):
        return [name for each in value for name in organizations(each)]
    name = text(value.get("name")) if isinstance(value, dict) else text(value)
    return [name] if name else []


def attribute_lists(shown: str) -> Dict[str, List[str]]:
    """Read ``hostIpAddr:2001:db8::1, hostName:web, `` into each attribute's values, in their order.

    An attribute begins with a name and a colon behind a comma. Where the others stand behind white space too, one that
    does not must have a name such as ``hostName``; and white space follows the colon only if it does so in the first.
    Thus commas and colons inside of a value, as in addresses, times, URLs and commands, stay in it; other connectors
    lose such values. A list may also be JSON. What begins with neither a name nor JSON has no attributes.
    """
    if shown.lstrip()[:1] in ("{", "["):
        return _from_json(shown)
    first = re.match(FIRST_ATTRIBUTE, shown)
    if first is None:
        return {}
    following = re.compile(NEXT_ATTRIBUTE).finditer(shown, first.end())
    candidates = [start for start in following if first["space"] or not start["space"]]
    are_apart = any(start["apart"] for start in candidates)
    starts = [first, *(start for start in candidates if start["apart"] or not are_apart or not start["name"].islower())]
    ends = [start.start() for start in starts[1:]] + [len(shown)]
    values: Dict[str, List[str]] = {}
    for start, end in zip(starts, ends):
        values.setdefault(start["name"], []).append(shown[start.end() : end].strip().rstrip(",").strip())
    return values


def _from_json(shown: str) -> Dict[str, List[str]]:
    try:
        value = json.loads(shown, strict=False)
    except (ValueError, RecursionError):
        return {}
    values: Dict[str, List[str]] = {}
    for part in value if isinstance(value, list) else [value]:
        for name, each in part.items() if isinstance(part, dict) else ():
            values.setdefault(text(name), []).extend(map(text, each if isinstance(each, list) else [each]))
    return values


def techniques(shown: Any) -> List[Dict[str, str]]:
    """Read ``attackTechnique``, which is JSON inside of a text; anything else is no technique."""
    try:
        listed = json.loads(shown) if isinstance(shown, str) else shown
    except (ValueError, RecursionError):
        return []
    rows = listed if isinstance(listed, list) else []
    return [
        {"id": text(row.get("techniqueid")), "name": text(row.get("name"))} for row in rows if isinstance(row, dict)
    ]
