"""The forms in which outages are shown: as captured, and as clients of this and other products have met them."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from ..kit.switches import Switches
from ..kit.texts import WITH_AUTHOR, by, in_form
from .calls import shown_time

ANOTHER_HOST = "https://fortimonitor.another.example"
ODD_EVERY = {"one_in_200": 200, "one_in_20": 20}  # by id


def severity(switches: Switches, word: str) -> Any:
    """Return a severity as the switch ``severity_words`` writes it."""
    words = {"upper_case": word.upper(), "info": "info", "unknown": "catastrophic", "number": 3}
    return words.get(switches["severity_words"], word)


def start_time(switches: Switches, moment: datetime) -> Any:
    """Return the start of an outage as the switch ``start_time`` writes it."""
    seconds = int(moment.replace(tzinfo=timezone.utc).timestamp())
    forms = {
        "null": None,
        "iso_8601": f"{moment.isoformat()}Z",
        "plain": str(moment),
        "epoch_seconds": seconds,
        "epoch_milliseconds": seconds * 1000,
    }
    return forms.get(switches["start_time"], shown_time(moment))


def tags(switches: Switches, listed: list[str]) -> Any:
    """Return tags as a list or as one text."""
    return ", ".join(listed) if switches["tags"] == "text" else listed


def acknowledged(switches: Switches, user: dict[str, Any] | None) -> Any:
    """Return who acknowledged an outage, or whether somebody did."""
    forms = {"flag": user is not None, "url": user and user["url"]}
    return forms.get(switches["acknowledged"], user)


def description(switches: Switches, text: str) -> str:
    """Return what a read shows of a description or a summary."""
    return in_form(switches["description"], text)


def note(switches: Switches, text: str, author: str) -> str:
    """Return what a read shows of an entry of a log."""
    return by(author, text) if switches["notes"] == WITH_AUTHOR else in_form(switches["notes"], text)


def url(switches: Switches, own: str) -> str:
    """Return the address by which an outage is called."""
    return re.sub(r"\Ahttps?://[^/]+", ANOTHER_HOST, own) if switches["url_host"] == "another" else own


def meta(switches: Switches, told: dict[str, Any]) -> dict[str, Any]:
    """Return what a list says of itself."""
    total = told["total_count"]
    forms = {
        "null": None,
        "text": str(total),
        "double": float(total),
        "too_low": total // 2,
        "too_high": total + 1,
    }
    position = switches["total_count"]
    changed = {**told, "total_count": forms.get(position, total)}
    if position == "absent":
        del changed["total_count"]
    if switches["next"] == "missing":
        del changed["next"]
    return changed


def rows(switches: Switches, shown: list[dict[str, Any]], limit: int) -> list[Any]:
    """Return the rows of a page of outages, with those that are broken; no more than were asked for."""
    position = switches["odd_rows"]
    if position in ODD_EVERY:
        return [_odd(row, ODD_EVERY[position]) for row in shown]
    broken = {"without_url": {"description": "A row without a URL"}, "no_object": None}
    has_room = not limit or len(shown) < limit
    return [*shown, broken[position]] if position in broken and shown and has_room else shown


def _odd(row: dict[str, Any], every: int) -> dict[str, Any]:
    number = abs(int(row["url"].rpartition("/")[2]))
    if number % every:
        return row
    is_first = number // every % 2
    return {**row, "url": f"/lost/{number}"} if is_first else {**row, "start_time": None}
