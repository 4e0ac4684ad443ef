"""Ingestion: what is new in a product since a watermark, nothing lost, nothing twice.

A watermark is a product's own time, so that clocks may differ: ``<epoch milliseconds>`` of the last incident that was
returned. Where more is waiting, ``/<id>`` of that incident follows: the next call goes on right behind it. Where
nothing is waiting, the next call begins a little earlier (the overlap), since incidents may arrive late. The watermark
is returned, not kept: the playbook stores it once the records are stored.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

from ..clients.attributes import CLEARED, READ_FIELDS
from ..clients.bridge import Bridge
from ..clients.listing import PAGE_SIZE, Wanted
from ..clients.outages import Outage
from ..core.errors import AnswerBroken, InvalidInput, attempting
from ..core.paths import signed_id
from ..core.times import epoch_milliseconds, from_epoch, iso
from . import shapes
from .results import Result

WATERMARK = re.compile(r"([0-9]{1,14})(?:/(-?[0-9]{1,19}))?", re.ASCII)
FAR_AHEAD = timedelta(days=365)  # no product's clock is that wrong
SEVERITIES = {"critical": "Critical", "warning": "Medium"}

Row = Dict[str, Any]
Place = Tuple[int, int]  # time and id
Fetched = Tuple[List[Tuple[Place, Row]], bool]


class Watermark(NamedTuple):
    """How far an ingestion has come: a time in epoch milliseconds, and the last id at that time while it goes on."""

    time: int
    id: Optional[int] = None

    def __str__(self) -> str:
        return str(self.time) if self.id is None else f"{self.time}/{self.id}"

    def begin(self, overlap: int) -> int:
        """Return the time from which to ask on."""
        return self.time if self.id is not None else max(0, self.time - overlap * 1000)

    def is_behind(self, place: Place) -> bool:
        """Tell whether an incident, by its time and id, is still to come."""
        return self.id is None or place > (self.time, self.id)


def fetch_incidents(bridge: Bridge, params: Dict[str, Any]) -> Result:
    """Fetch what is new in FortiSIEM or FortiMonitor since a watermark, the oldest first.

    FortiSIEM's incidents come anew when they recur: the time that counts is their last occurrence. FortiMonitor's
    outages come once, by their start.

    Parameters:
        source: FortiSIEM | FortiMonitor.
        watermark: as the call before returned it; optional, for the first call.
        overlap: seconds to look back behind the watermark.
        lookback: minutes to look back without a watermark.
        max_results: 1 to 5000.
    Returns: incidents (``source_id`` is unique for each), count, watermark, is_complete (whether nothing is waiting).
    Raises: InvalidInput for a watermark that is none; whatever a read raises: then nothing is returned and the
        watermark stands.
    """
    source, most = params["source"], params["max_results"]
    since = _watermark(params.get("watermark"), params["lookback"])
    read = _FETCHES[source]
    with attempting(f"fetch incidents from {source}"):
        waiting, is_complete = read(bridge, since, since.begin(params["overlap"]), most)
    taken = waiting[:most]
    is_complete = is_complete and len(waiting) <= most
    last = taken[-1][0] if taken else None
    if is_complete:
        watermark = Watermark(max(since.time, last[0]) if last else since.time)
    else:
        watermark = Watermark(*last) if last else since
    return {
        "incidents": [incident for _, incident in taken],
        "count": len(taken),
        "watermark": str(watermark),
        "is_complete": is_complete,
    }


def _watermark(text: Optional[str], lookback: int) -> Watermark:
    if text is None:
        start = datetime.now(timezone.utc) - timedelta(minutes=lookback)
        return Watermark(epoch_milliseconds(start))
    match = WATERMARK.fullmatch(text)
    if match is None:
        problem = f"Watermark {text[:60]!r} is not one that this action returned, such as 1700000000000."
        raise InvalidInput("The parameters are not valid", [problem])
    return Watermark(int(match.group(1)), int(match.group(2)) if match.group(2) else None)


# FortiSIEM.


def _fetch_siem(bridge: Bridge, since: Watermark, begin: int, most: int) -> Fetched:
    """Read the incidents of FortiSIEM by their last occurrence, oldest first, a page at a time.

    Each page is a query of its own, from the last time on: further pages of one query would lose incidents that recur
    and so move. One that recurs meanwhile comes again later, and counts once, at its later time.
    """
    found: Dict[int, Tuple[Place, Row]] = {}
    while True:
        page = bridge.fortisiem.oldest_incidents(_wanted(begin), PAGE_SIZE)
        times = [_siem_place(row)[0] for row in page.rows]
        _add(found, since, page.rows)
        if page.total <= len(page.rows):
            return _siem_incidents(bridge, found), True
        if times != sorted(times):  # a server that sorts otherwise
            _add(found, since, bridge.fortisiem.all_incidents(_wanted(begin)))
            return _siem_incidents(bridge, found), True
        end = times[-1]
        if end == begin:  # a page full of incidents of one moment
            _add(found, since, bridge.fortisiem.all_incidents(_wanted(begin, begin)))
            end += 1
        begin = end
        waiting = sorted(found.values(), key=_by_place)
        # Those of one moment come in any order, so the last one to be returned must be of a moment that is read whole.
        if len(waiting) > most and waiting[most - 1][0][0] < end:
            return _siem_incidents(bridge, found), False


def _add(found: Dict[int, Tuple[Place, Row]], since: Watermark, rows: Iterable[Row]) -> None:
    for row in rows:
        place = _siem_place(row)
        if since.is_behind(place):
            found[place[1]] = (place, row)


def _siem_incidents(bridge: Bridge, found: Dict[int, Tuple[Place, Row]]) -> List[Tuple[Place, Row]]:
    return [(place, _from_siem(bridge, row)) for place, row in sorted(found.values(), key=_by_place)]


def _by_place(each: Tuple[Place, Row]) -> Place:
    return each[0]


def _wanted(time_from: int, time_to: Optional[int] = None) -> Wanted:
    far = epoch_milliseconds(datetime.now(timezone.utc) + FAR_AHEAD)
    return Wanted({}, time_from, far if time_to is None else time_to, READ_FIELDS)


def _siem_place(row: Row) -> Place:
    time, number = signed_id(row.get("incidentLastSeen")), signed_id(row.get("incidentId"))
    if time is None or number is None:
        raise AnswerBroken("FortiSIEM showed an incident without its ID or its last occurrence", changed="no")
    return time, number


def _from_siem(bridge: Bridge, row: Row) -> Row:
    incident = shapes.siem_incident(row)
    return {
        "source_id": f"fortisiem:{bridge.fortisiem.host}:{incident['incident_id']}",
        "source": "FortiSIEM",
        "title": incident["title"],
        "status": "Closed" if incident["status"] in CLEARED else "Open",
        "severity": incident["severity"],
        "start_time": incident["first_seen"],
        "last_time": incident["last_seen"],
        "end_time": incident["cleared_time"],
        "techniques": incident["techniques"],
        "incident": incident,
    }


# FortiMonitor.


def _fetch_outages(bridge: Bridge, since: Watermark, begin: int, most: int) -> Fetched:
    """Read the outages of FortiMonitor by their start, oldest first.

    It stops early where enough have come, unless FortiMonitor sorts otherwise than it was asked to.
    """
    found: List[Tuple[Place, Row]] = []
    first: Optional[int] = None
    last, is_sorted = 0, True
    for outage in bridge.fortimonitor.outages(since=from_epoch(begin // 1000), oldest_first=True):
        place = _outage_place(outage)
        first = place[0] if first is None else first
        is_sorted = is_sorted and last <= place[0]
        last = place[0]
        if since.is_behind(place):
            found.append((place, _from_outage(bridge, outage)))
        # As above: of one moment all or none. And equal times alone do not show which way they are sorted.
        if is_sorted and first < last and len(found) > most and found[most - 1][0][0] < last:
            return sorted(found, key=_by_place), False
    return sorted(found, key=_by_place), True


def _outage_place(outage: Outage) -> Place:
    if outage.start is None:
        raise AnswerBroken(f"FortiMonitor showed incident {outage.id} without its start", changed="no")
    return epoch_milliseconds(outage.start), outage.id


def _from_outage(bridge: Bridge, outage: Outage) -> Row:
    return {
        "source_id": f"fortimonitor:{bridge.fortimonitor.host}:{outage.id}",
        "source": "FortiMonitor",
        "title": outage.description.splitlines()[0] if outage.description else f"Incident {outage.id}",
        "status": "Closed" if outage.is_resolved else "Open",
        "severity": SEVERITIES.get(outage.severity, outage.severity.title() or None),
        "start_time": iso(outage.start),
        "last_time": iso(outage.start),
        "end_time": iso(outage.end),
        "techniques": [],
        "incident": shapes.outage(bridge, outage),
    }


_FETCHES = {"FortiSIEM": _fetch_siem, "FortiMonitor": _fetch_outages}
