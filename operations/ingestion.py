"""Ingestion: what is new in a product since a watermark, nothing lost, nothing twice.

A watermark is a product's own time, so that clocks may differ: ``<epoch milliseconds>``. The next call begins a little
earlier (the overlap), since incidents may arrive late. Where more is waiting than one call returns, the watermark is
``<time>/<id>/<newest>``: the last incident that was returned, and the newest time when more began to wait. The next
call goes on right behind that incident. Once nothing is waiting, ``newest`` becomes the watermark, so that what arrived
late meanwhile is not passed over. No watermark is ahead of the product's clock: an outage that was given a start in the
future, say, would else take everything until then with it. The watermark is returned, not kept: the playbook stores it
once the records are stored.

Each incident says which configuration it came by, first of all: two accounts of one FortiMonitor, and two organizations
of one FortiSIEM, have Source IDs that begin alike, and the stories have to know whose an alert is.

Filters are applied here alone, to what was read: the products' own were seen not to work, and an incident whose status
changes would leave a filtered list, and another one slip past. So the watermark moves on behind what a filter leaves
out too, and ``left_out`` counts it.

One bad row costs one row: an incident without a readable time is returned with what it has, and moves no watermark; one
without an id is named under ``skipped`` and in the log. Those without a time come with every call that sees them, so
they get half of its room at most: the others must go on.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from ..clients.context import Context
from ..clients.fortimonitor.models import Outage
from ..clients.fortisiem.attributes import CLEARED, READ_FIELDS
from ..clients.fortisiem.lists import COUNTED_BUT_NOT_SENT, PAGE_SIZE, Wanted
from ..clients.product_client import Product
from ..core.errors import Failure, attempting
from ..core.times import epoch_milliseconds, from_epoch, iso
from ..core.values import Skipped, moment, whole_number
from . import involved, results
from .fortisiem import events_of, existing_row
from .results import Result
from .watermark import Watermark

FAR_AHEAD = timedelta(days=365)  # no product's clock is that wrong
MOST_INCIDENTS = 5000
MOST_WITH_EVENTS = 50  # each takes requests of its own, and one call has less than a minute
MOST_EVENTS = 20  # of one incident
MOST_LOGGED = 5  # skipped rows that the log names
MOST_OUTAGES = 2000  # 40 pages, and FortiMonitor allows 100 requests a minute
# FortiSOAR's words; a word that no product documents becomes the default, and stays visible in the incident itself.
SEVERITIES = {
    "critical": "Critical",
    **dict.fromkeys(("error", "major", "high"), "High"),
    **dict.fromkeys(("warning", "medium", "moderate"), "Medium"),
    **dict.fromkeys(("info", "information", "informational", "minor", "low", "notice"), "Low"),
}
DEFAULT_SEVERITY = "Medium"
OUTAGES_NOT_SENT = {"row": "", "reason": "FortiMonitor counts more incidents than it sends"}
NO_ROOM = "it has no time, and more of these came than there is room for"
CLOCKS_DIFFER = 60  # seconds from which on the first look back goes by the product's clock

Row = Dict[str, Any]
Place = Tuple[int, int]  # time and id


class Found:
    """What a product shows of the incidents that are to be fetched.

    Parameters:
        since: from where on they are still to come.

    ``placed`` are those with a time, by id; ``timeless`` those without one; ``skipped`` rows that are no incidents.
    """

    def __init__(self, since: Watermark) -> None:
        self.since = since
        self.placed: Dict[int, Tuple[Place, Row]] = {}
        self.timeless: Dict[int, Row] = {}
        self.skipped: Skipped = []

    def add(self, incident_id: int, time: Optional[int], row: Row) -> None:
        """Add an incident, if it is still to come."""
        if time is None:
            self.timeless[incident_id] = row
        elif self.since.is_behind((time, incident_id)):
            self.placed[incident_id] = ((time, incident_id), row)

    def skip(self, skipped: Skipped) -> None:
        """Add rows that are no incidents; one that comes on several pages counts once."""
        self.skipped += [each for each in skipped if each not in self.skipped]

    @property
    def all_were_sent(self) -> bool:
        """Whether nothing says that the product counts more than it sent."""
        return COUNTED_BUT_NOT_SENT not in self.skipped and OUTAGES_NOT_SENT not in self.skipped

    @property
    def waiting(self) -> List[Tuple[Place, Row]]:
        """Those with a time, oldest first."""
        return sorted(self.placed.values(), key=lambda each: each[0])

    def take_timeless(self, most: int) -> List[Row]:
        """Return the incidents without a time, the newest where there are more; the others count as skipped."""
        by_age = sorted(self.timeless.keys() - self.placed.keys(), key=abs, reverse=True)
        self.skip([{"row": str(number), "reason": NO_ROOM} for number in by_age[most:]])
        return [self.timeless[number] for number in by_age[:most]]


class Source(NamedTuple):
    """How a product is read.

    Parameters:
        client: the product's client of a context.
        read: adds what is found from a time on, oldest first, until more than enough have come.
        newest: the time of the newest incident, 0 where there is none.
        one: the incident of an ID. Raises NotFound where there is no such one.
        most: how many come at once.
        filters: the parameters that choose among the incidents.
    """

    client: Callable[[Context], Any]
    read: Callable[[Context, Found, int, int], None]
    newest: Callable[[Context, int], int]
    one: Callable[[Context, Any], Row]
    most: int
    filters: Tuple[str, ...]


def fetch_incidents(context: Context, params: Dict[str, Any]) -> Result:
    """Fetch what is new in FortiSIEM or FortiMonitor since a watermark, the oldest first.

    FortiSIEM's incidents come anew when they recur: the time that counts is their last occurrence. FortiMonitor's
    outages come once, by their start.

    Raises: whatever a read raises: then nothing is returned and the watermark stands.
    """
    product, source = params["source"], _SOURCES[params["source"]]
    with_events = product == "FortiSIEM" and params["include_events"]
    most = min(params["max_results"], MOST_WITH_EVENTS if with_events else source.most)
    with attempting(f"fetch incidents from {product}"):
        if "incident_id" in params:
            return _one(context, source, params, with_events)
        begin, found = _found(context, source, params, most)
        timeless, waiting = found.take_timeless(most // 2), found.waiting
        room = most - len(timeless)
        taken, nothing_waits = waiting[:room], len(waiting) <= room
        newest = found.since.newest
        if newest is None:
            newest = max([found.since.time, *(time for (time, _), _ in taken)])
            newest = newest if nothing_waits else max(newest, source.newest(context, begin))
            newest = _not_ahead(source.client(context).server_time, newest)
        came = [*timeless, *(incident for _, incident in taken)]
        chosen = {name: params[name] for name in source.filters if name in params}
        incidents = [each for each in came if all(each[name] in values for name, values in chosen.items())]
        found.skip(_add_events(context, incidents) if with_events else [])
    _log_skipped(context, product, found.skipped)
    watermark = Watermark(newest) if nothing_waits else Watermark(*taken[-1][0], newest)
    return {
        "incidents": incidents,
        "count": len(incidents),
        "left_out": len(came) - len(incidents),
        "watermark": str(watermark),
        "is_complete": nothing_waits and found.all_were_sent,
        "skipped": found.skipped,
    }


def _one(context: Context, source: Source, params: Dict[str, Any], with_events: bool) -> Result:
    """Fetch the incident that is named, whatever is chosen besides; no watermark moves."""
    incidents = [source.one(context, params["incident_id"])]
    skipped = _add_events(context, incidents) if with_events else []
    return {
        "incidents": incidents,
        "count": 1,
        "left_out": 0,
        "watermark": params.get("watermark"),
        "is_complete": True,
        "skipped": skipped,
    }


def _found(context: Context, source: Source, params: Dict[str, Any], most: int) -> Tuple[int, Found]:
    """Read what is to be fetched; return from which time on, and what was found."""
    now, written = context.deadline.timing.wall(), params.get("watermark")
    since = Watermark.parse(written) if written else _first(now, params["lookback"])
    begin, found = since.begin(params["overlap"]), Found(since)
    source.read(context, found, begin, most)
    product_time = source.client(context).server_time
    # Without a watermark the clock here said where to begin; a product whose clock differs would have been asked for
    # less than the analyst wanted, or for more.
    if written is None and product_time is not None and abs(product_time.timestamp() - now) > CLOCKS_DIFFER:
        since = _first(product_time.timestamp(), params["lookback"])
        begin, found = since.begin(params["overlap"]), Found(since)
        source.read(context, found, begin, most)
    return begin, found


def _first(now: float, lookback: int) -> Watermark:
    return Watermark(max(0, epoch_milliseconds(from_epoch(now) - timedelta(minutes=lookback))))


def _not_ahead(now: Optional[datetime], time: int) -> int:
    """Return a time, or the end of the second that the product's clock showed last if that is earlier."""
    return time if now is None else min(time, epoch_milliseconds(now) + 999)


def _log_skipped(context: Context, name: str, skipped: Skipped) -> None:
    """Say which rows were skipped: by their ids alone, since the rest of a row may hold anything, also a secret."""
    if skipped:
        ids = (each["row"] if whole_number(each["row"]) is not None else "one without ID" for each in skipped)
        rows = [f"{shown} ({each['reason']})" for shown, each in zip(ids, skipped)][:MOST_LOGGED]
        rows += ["..."] if len(skipped) > MOST_LOGGED else []
        context.log.warning("%s: %d rows could not be read: %s", name, len(skipped), ", ".join(rows))


def _owned(context: Context, incident: Row) -> Row:
    """Return an incident with the ID of the configuration that it came by."""
    return {"configuration_id": context.configuration_id, **incident}


def _source_ids(product: str, client: Product, incident_id: int) -> Row:
    """Return an incident's Source ID, and the one that it had before ports were part of it."""
    host, authority = (f"{product}:{name}:{incident_id}" for name in (client.host, client.authority))
    return {"source_id": authority, "former_source_id": None if host == authority else host}


# FortiSIEM.


def _read_siem(context: Context, found: Found, begin: int, most: int) -> None:
    """Read the incidents of FortiSIEM by their last occurrence.

    Each page is a query of its own, from the last time on: further pages of one query would lose incidents that recur
    and so move. One that recurs meanwhile comes again later, and counts once, at its later time.
    """
    size = largest = min(PAGE_SIZE, most + 1)
    while True:
        page = context.fortisiem.oldest_incidents(_wanted(context, begin), size)
        # Smaller where an answer was too large; an incident that was too large by itself says nothing of the next ones.
        size = page.size if page.size > 1 else largest
        found.skip(page.skipped)
        _add(context, found, page.rows)
        times = [time for time in map(_last_seen, page.rows) if time is not None]
        if page.may_be_all:
            return
        if not page.sent:  # it has none now, or always counts too many: no watermark passes what was not sent
            found.skip([COUNTED_BUT_NOT_SENT])
            return
        end = times[-1] if times else begin
        if times != sorted(times) or not times or times[0] < end <= begin:  # it sorts or looks back otherwise
            _add_all(context, found, _wanted(context, begin))
            return
        if times[0] == end:  # a page full of one moment, which does not show that it is the oldest one either
            end += 1  # whether incidents of timeTo itself are listed is documented nowhere
            _add_all(context, found, _wanted(context, begin, end))
        begin = end
        # Those of one moment come in any order, so the last one to be returned must be of a moment that is read whole.
        if sum(time < end for (time, _), _ in found.placed.values()) >= most < len(found.placed):
            return


def _add(context: Context, found: Found, rows: Iterable[Row]) -> None:
    for row in rows:
        found.add(row["incidentId"], _last_seen(row), _from_siem(context, row))


def _add_all(context: Context, found: Found, wanted: Wanted) -> None:
    skipped: Skipped = []
    _add(context, found, context.fortisiem.all_incidents(wanted, skipped))
    found.skip(skipped)


def _wanted(context: Context, time_from: int, time_to: Optional[int] = None) -> Wanted:
    far = epoch_milliseconds(from_epoch(context.deadline.timing.wall()) + FAR_AHEAD)
    return Wanted({}, time_from, far if time_to is None else time_to, READ_FIELDS)


def _newest_in_siem(context: Context, begin: int) -> int:
    """Return the last occurrence of the youngest incident: about the newest time, and never a later one."""
    page = context.fortisiem.newest_incidents(_wanted(context, begin), 1)
    return max((_last_seen(row) or 0 for row in page.rows), default=0)


def _last_seen(row: Row) -> Optional[int]:
    seen = moment(row.get("incidentLastSeen"))
    return epoch_milliseconds(seen) if seen else None


def _one_of_siem(context: Context, incident_id: int) -> Row:
    return _from_siem(context, existing_row(context, incident_id))


def _add_events(context: Context, incidents: List[Row]) -> Skipped:
    """Add its events to each incident of FortiSIEM; return what of them could not be read."""
    skipped: Skipped = []
    for incident in (each["incident"] for each in incidents):
        number = incident["incident_id"]
        try:
            incident["events"], odd = events_of(context, number, MOST_EVENTS)
        except Failure as failure:
            incident["events"] = None
            skipped.append({"row": str(number), "reason": f"its events could not be read: {failure.happened}"})
        else:
            reasons = (f"one of its events could not be read: {each['reason']}" for each in odd)
            skipped += [{"row": str(number), "reason": reason} for reason in reasons]
    return skipped


def _from_siem(context: Context, row: Row) -> Row:
    incident = results.siem_incident(context, row)
    return {
        **_source_ids("fortisiem", context.fortisiem, row["incidentId"]),
        "source": "FortiSIEM",
        "title": incident["title"] or incident["event_name"] or f"Incident {incident['incident_id']}",
        "status": "Closed" if incident["status"] in CLEARED else "Open",
        "severity": _severity(incident["severity"]),
        "start_time": incident["first_seen"],
        "last_time": incident["last_seen"],
        "end_time": incident["cleared_time"],
        "techniques": incident["techniques"],
        **involved.in_siem_incident(incident),
        "incident": _owned(context, incident),
    }


# FortiMonitor.


def _read_outages(context: Context, found: Found, begin: int, most: int) -> None:
    """Read the outages of FortiMonitor by their start; all of them where it sorts otherwise than it was asked to."""
    listing = context.fortimonitor.outages(since=_started(begin), oldest_first=True)
    last, is_sorted = 0, True
    for outage in listing:
        time = _start_of(outage)
        found.add(outage.id, time, _from_outage(context, outage))
        if time is None:
            continue
        is_sorted = is_sorted and last <= time
        last = time
        waiting = len(found.placed)
        if is_sorted and waiting > most and found.waiting[most - 1][0][0] < last:  # as above: of one moment all or none
            break
    else:
        found.skip([] if listing.is_complete else [OUTAGES_NOT_SENT])
    found.skip(listing.skipped)


def _newest_outage(context: Context, begin: int) -> int:
    """Return the start of the outage that comes first in a list of the newest."""
    listed = context.fortimonitor.outages(since=_started(begin))
    return max((_start_of(outage) or 0 for outage in islice(listed, 1)), default=0)


def _started(begin: int) -> datetime:
    # A second earlier: whether outages of start_time itself are listed is documented nowhere.
    return from_epoch(max(0, begin // 1000 - 1))


def _start_of(outage: Outage) -> Optional[int]:
    return epoch_milliseconds(outage.start) if outage.start else None


def _one_outage(context: Context, incident: str) -> Row:
    return _from_outage(context, context.fortimonitor.outage(context.fortimonitor.outage_id(incident)))


def _from_outage(context: Context, outage: Outage) -> Row:
    return {
        **_source_ids("fortimonitor", context.fortimonitor, outage.id),
        "source": "FortiMonitor",
        "title": outage.title,
        "status": "Closed" if outage.is_resolved else "Open",
        "severity": _severity(outage.severity),
        "start_time": iso(outage.start),
        "last_time": iso(outage.start),
        "end_time": iso(outage.end),
        "techniques": [],
        **involved.in_outage(outage),
        "incident": _owned(context, results.outage(context, outage)),
    }


def _severity(word: Optional[str]) -> str:
    """Return FortiSOAR's word for a severity: an unknown one would be refused with the whole alert."""
    return SEVERITIES.get((word or "").strip().lower(), DEFAULT_SEVERITY)


_SOURCES = {
    "FortiSIEM": Source(
        lambda context: context.fortisiem,
        _read_siem,
        _newest_in_siem,
        _one_of_siem,
        MOST_INCIDENTS,
        ("status", "severity", "category"),
    ),
    "FortiMonitor": Source(
        lambda context: context.fortimonitor,
        _read_outages,
        _newest_outage,
        _one_outage,
        MOST_OUTAGES,
        ("status", "severity"),
    ),
}
