"""The forms in which incidents are shown: as documented, and as clients of this and other products have met them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any

from ..kit.texts import in_form
from .supervisor import Supervisor

TIMES = ("incidentFirstSeen", "incidentLastSeen", "incidentClearedTime", "incidentExtClearedTime")
WORDS = ("eventSeverityCat", "incidentExtTicketType")
ATTRIBUTE_LISTS = ("incidentSrc", "incidentTarget", "incidentDetail")
ODD_EVERY = {"one_in_200": 200, "one_in_20": 20}  # by ID
STATUSES = ("Active", "Auto Cleared", "Manually Cleared", "System Cleared")


def shown(siem: Supervisor, row: dict[str, Any]) -> dict[str, Any]:
    """Return an incident in the forms that the switches ask for."""
    given = {name: _attribute(siem, name, value) for name, value in row.items()}
    if siem.switches["odd_rows"] == "without_first_seen":
        given.pop("incidentFirstSeen", None)
    return given


def rows_sent(siem: Supervisor, rows: list[dict[str, Any]]) -> list[Any]:
    """Return the rows of a list, with one that is broken if the switch says so."""
    broken = {"without_id": {"incidentTitle": "A row without an ID"}, "no_object": None}
    position = siem.switches["odd_rows"]
    if position in ODD_EVERY:
        return [_odd(row, ODD_EVERY[position]) for row in rows]
    return [*rows, broken[position]] if position in broken and rows else rows


def _odd(row: dict[str, Any], every: int) -> dict[str, Any]:
    identity = int(row.get("incidentId") or 1)
    if identity % every:
        return row
    lost = "incidentId" if identity // every % 2 else "incidentLastSeen"
    kept = {name: value for name, value in row.items() if name not in (lost, "eventName")}
    return {"eventName": f"Lost {identity}", **kept}


def counts(siem: Supervisor, total: int) -> dict[str, Any]:
    """Return the count of a list as its answer has it."""
    forms = {
        "counted": total,
        "null": None,
        "double": float(total),
        "too_low": total // 2,
        "too_high": total + 1,
    }
    position = siem.switches["total"]
    return {} if position == "absent" else {"total": number(siem, forms[position])}


def number(siem: Supervisor, value: Any) -> Any:
    """Return a value, as a double or as text if it is a number and the switch says so."""
    form = siem.switches["numbers"]
    if isinstance(value, bool) or not isinstance(value, int) or form == "integers":
        return value
    return float(value) if form == "doubles" else str(value)


def _attribute(siem: Supervisor, name: str, value: Any) -> Any:
    if name in TIMES:
        return _time(siem, value)
    if name == "incidentStatus" and siem.switches["words"] == "status_as_word":
        return STATUSES[value].upper()
    if name in WORDS and siem.switches["words"] == "lower_case" and value:
        return value.lower()
    if name in ATTRIBUTE_LISTS and value:
        return _attribute_list(siem, value)
    if name == "incidentComments" and value:
        return in_form(siem.switches["comments"], value)
    if name == "customer":
        return {"name": value, "object": {"name": value}, "list": [value]}[siem.switches["organization_shown"]]
    return number(siem, value)


def _time(siem: Supervisor, milliseconds: Any) -> Any:
    form = siem.switches["times"]
    if not milliseconds or form == "milliseconds":
        return number(siem, milliseconds)
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return moment.isoformat() if form == "iso_8601" else format_datetime(moment)


def _attribute_list(siem: Supervisor, text: str) -> str:
    form = siem.switches["attribute_lists"]
    if form == "json":
        parts = (part.partition(":") for part in text.rstrip(", ").split(", "))
        return json.dumps({name: value for name, _, value in parts})
    return text.replace(", ", ",") if form == "without_spaces" else text
