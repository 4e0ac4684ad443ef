"""Ingestion: what is new in a product since a watermark, nothing lost, nothing twice.

A watermark is a product's own time, so that clocks may differ: ``<epoch milliseconds>``. The next call begins a little
earlier (the overlap), since incidents may arrive late. Where more is waiting than one call returns, the watermark is
``<time>/<id>/<newest>``: the last incident that was returned, and the newest time when more began to wait. The next
call goes on right behind that incident. Once nothing is waiting, ``newest`` becomes the watermark, so that what arrived
late meanwhile is not passed over. No watermark is ahead of the product's clock: an outage that was given a start in the
future, say, would else take everything until then with it. The watermark is returned, not kept: the playbook stores it
once the records are stored.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any, Dict, Iterable, List, Optional, Tuple

from ..clients.context import Context
from ..clients.fortimonitor.models import Outage
from ..clients.fortisiem.attributes import CLEARED, READ_FIELDS
from ..clients.fortisiem.lists import PAGE_SIZE, Wanted
from ..core.errors import AnswerBroken, attempting
from ..core.times import epoch_milliseconds, from_epoch, iso
from ..core.urls import signed_id
from . import results
from .results import Result
from .watermark import Watermark

FAR_AHEAD = timedelta(days=365)  # no product's clock is that wrong
MOST_INCIDENTS = 5000
MOST_OUTAGES = 2000  # 40 pages, and FortiMonitor allows 100 requests a minute
SEVERITIES = {"critical": "Critical", "warning": "Medium"}

Row = Dict[str, Any]
Place = Tuple[int, int]  # time and id
Waiting = List[Tuple[Place, Row]]


def fetch_incidents(context: Context, params: Dict[str, Any]) -> Result:
    """Fetch what is new in FortiSIEM or FortiMonitor since a watermark, the oldest first.

    FortiSIEM's incidents come anew when they recur: the time that counts is their last occurrence. FortiMonitor's
    outages come once, by their start.

    Parameters:
        source: FortiSIEM | FortiMonitor.
        watermark: as the call before returned it; optional, for the first call.
        overlap: seconds to look back behind the watermark.
        lookback: minutes to look back without a watermark.
        max_results: 1 to 5000; of FortiMonitor at most 2000 come at once.
    Returns: incidents (``source_id`` is unique for each), count, watermark, is_complete (whether nothing is waiting).
    Raises: whatever a read raises: then nothing is returned and the watermark stands.
    """
    source = params["source"]
    read, newest_time, most_at_once = _SOURCES[source]
    since, most = _watermark(params.get("watermark"), params["lookback"]), min(params["max_results"], most_at_once)
    begin = since.begin(params["overlap"])
    with attempting(f"fetch incidents from {source}"):
        waiting = read(context, since, begin, most)
        taken, is_complete = waiting[:most], len(waiting) <= most
        newest = since.newest
        if newest is None:
            newest = max([since.time, *(time for (time, _), _ in taken)])
            newest = newest if is_complete else max(newest, newest_time(context, begin))
            newest = _not_ahead(context, source, newest)
    watermark = Watermark(newest) if is_complete else Watermark(*taken[-1][0], newest)
    return {
        "incidents": [incident for _, incident in taken],
        "count": len(taken),
        "watermark": str(watermark),
        "is_complete": is_complete,
    }


def _not_ahead(context: Context, source: str, time: int) -> int:
    """Return a time, or the end of the second that the product's clock showed last if that is earlier."""
    client = context.fortisiem if source == "FortiSIEM" else context.fortimonitor
    now = client.server_time
    return time if now is None else min(time, epoch_milliseconds(now) + 999)


def _watermark(text: Optional[str], lookback: int) -> Watermark:
    if text is None:
        start = datetime.now(timezone.utc) - timedelta(minutes=lookback)
        return Watermark(epoch_milliseconds(start))
    return Watermark.parse(text)


# FortiSIEM.


def _siem_waiting(context: Context, since: Watermark, begin: int, most: int) -> Waiting:
    """Read the incidents of FortiSIEM by their last occurrence, oldest first, until more than enough have come.

    Each page is a query of its own, from the last time on: further pages of one query would lose incidents that recur
    and so move. One that recurs meanwhile comes again later, and counts once, at its later time.
    """
    found: Dict[int, Tuple[Place, Row]] = {}
    while True:
        page = context.fortisiem.oldest_incidents(_wanted(begin), PAGE_SIZE)
        if page.skipped:
            raise AnswerBroken("FortiSIEM showed an incident without its ID or its last occurrence", changed="no")
        _add(found, since, page.rows)
        times = [_siem_place(row)[0] for row in page.rows]
        if page.may_be_all:
            break
        if not times:
            raise AnswerBroken(f"FortiSIEM counted {page.total} incidents and sent none", changed="no")
        end = times[-1]
        if times != sorted(times) or times[0] < end <= begin:  # a server that sorts or looks back otherwise
            _add(found, since, context.fortisiem.all_incidents(_wanted(begin)))
            break
        if times[0] == end:  # a page full of one moment, which does not show that it is the oldest one either
            end += 1  # whether incidents of timeTo itself are listed is documented nowhere
            _add(found, since, context.fortisiem.all_incidents(_wanted(begin, end)))
        begin = end
        # Those of one moment come in any order, so the last one to be returned must be of a moment that is read whole.
        if sum(time < end for (time, _), _ in found.values()) >= most < len(found):
            break
    return [(place, _from_siem(context, row)) for place, row in sorted(found.values(), key=_by_place)]


def _add(found: Dict[int, Tuple[Place, Row]], since: Watermark, rows: Iterable[Row]) -> None:
    for row in rows:
        place = _siem_place(row)
        if since.is_behind(place):
            found[place[1]] = (place, row)


def _by_place(each: Tuple[Place, Row]) -> Place:
    return each[0]


def _wanted(time_from: int, time_to: Optional[int] = None) -> Wanted:
    far = epoch_milliseconds(datetime.now(timezone.utc) + FAR_AHEAD)
    return Wanted({}, time_from, far if time_to is None else time_to, READ_FIELDS)


def _siem_newest(context: Context, begin: int) -> int:
    """Return the last occurrence of the youngest incident: about the newest time, and never a later one."""
    page = context.fortisiem.newest_incidents(_wanted(begin), 1)
    return max((_siem_place(row)[0] for row in page.rows), default=0)


def _siem_place(row: Row) -> Place:
    time, number = signed_id(row.get("incidentLastSeen")), signed_id(row.get("incidentId"))
    if time is None or number is None:
        raise AnswerBroken("FortiSIEM showed an incident without its ID or its last occurrence", changed="no")
    return time, number


def _from_siem(context: Context, row: Row) -> Row:
    incident = results.siem_incident(row)
    return {
        "source_id": f"fortisiem:{context.fortisiem.authority}:{incident['incident_id']}",
        "source": "FortiSIEM",
        "title": incident["title"] or incident["event_name"] or f"Incident {incident['incident_id']}",
        "status": "Closed" if incident["status"] in CLEARED else "Open",
        "severity": incident["severity"],
        "start_time": incident["first_seen"],
        "last_time": incident["last_seen"],
        "end_time": incident["cleared_time"],
        "techniques": incident["techniques"],
        "incident": incident,
    }


# FortiMonitor.


def _outages_waiting(context: Context, since: Watermark, begin: int, most: int) -> Waiting:
    """Read the outages of FortiMonitor by their start, oldest first, until more than enough have come.

    It reads all of them where FortiMonitor sorts otherwise than it was asked to.
    """
    found: Waiting = []
    last, is_sorted = 0, True
    for outage in context.fortimonitor.outages(since=_started(begin), oldest_first=True):
        place = _outage_place(outage)
        is_sorted = is_sorted and last <= place[0]
        last = place[0]
        if since.is_behind(place):
            found.append((place, _from_outage(context, outage)))
        if is_sorted and len(found) > most and found[most - 1][0][0] < last:  # as above: of one moment all or none
            break
    return sorted(found, key=_by_place)


def _outages_newest(context: Context, begin: int) -> int:
    """Return the start of the outage that comes first in a list of the newest."""
    listed = context.fortimonitor.outages(since=_started(begin))
    return max((_outage_place(outage)[0] for outage in islice(listed, 1)), default=0)


def _started(begin: int) -> datetime:
    # A second earlier: whether outages of start_time itself are listed is documented nowhere.
    return from_epoch(begin // 1000 - 1)


def _outage_place(outage: Outage) -> Place:
    if outage.start is None:
        raise AnswerBroken(f"FortiMonitor showed incident {outage.id} without its start", changed="no")
    return epoch_milliseconds(outage.start), outage.id


def _from_outage(context: Context, outage: Outage) -> Row:
    return {
        "source_id": f"fortimonitor:{context.fortimonitor.authority}:{outage.id}",
        "source": "FortiMonitor",
        "title": outage.title,
        "status": "Closed" if outage.is_resolved else "Open",
        "severity": SEVERITIES.get(outage.severity, outage.severity.title() or None),
        "start_time": iso(outage.start),
        "last_time": iso(outage.start),
        "end_time": iso(outage.end),
        "techniques": [],
        "incident": results.outage(context, outage),
    }


_SOURCES = {
    "FortiSIEM": (_siem_waiting, _siem_newest, MOST_INCIDENTS),
    "FortiMonitor": (_outages_waiting, _outages_newest, MOST_OUTAGES),
}
