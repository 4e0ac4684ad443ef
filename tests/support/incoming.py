"""Incidents that keep arriving in the lab's products, some late, some all at one moment, some again."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

from lab.fortimonitor import FortiMonitor
from lab.fortimonitor.forms import ODD_EVERY
from lab.fortisiem import FortiSiem
from lab.worlds import WORLDS

LATE = 200  # how many seconds after it occurred an incident may become known, at most
OVERLAP = 300  # seconds; the wizard's default
CYCLE = 240  # seconds from one fetch to the next: each looks back beyond the other
NAMES = {"FortiSIEM": "fortisiem", "FortiMonitor": "fortimonitor"}
CLEAN: dict[str, dict[str, Any]] = {}
TIMELESS, NAMELESS = "timeless", "nameless"
MOST_AT_ONCE = {"FortiSIEM": 700, "FortiMonitor": 100}  # more than a page; what is of one moment is read whole


def messy(odd_rows: str) -> dict[str, dict[str, Any]]:
    """Return the switches of the messy world, in which some rows lack their time or what names them."""
    return {product: {**WORLDS["messy"][name], "odd_rows": odd_rows} for product, name in NAMES.items()}


class Incoming:
    """What happens in both products of a lab in this process.

    Parameters:
        switches: positions of each product's switches.
    """

    def __init__(self, siem: FortiSiem, monitor: FortiMonitor, switches: Mapping[str, dict[str, Any]]) -> None:
        self.siem = siem
        self.monitor = monitor
        for source, positions in switches.items():
            product = siem if source == "FortiSIEM" else monitor
            for name, position in positions.items():
                product.switches.set(name, position)

    def odd(self, number: int) -> str:
        """Return what the row of an incident lacks, an empty text if nothing; as the lab's products do it."""
        every = ODD_EVERY.get(self.siem.switches["odd_rows"])  # both products alike
        if every is None or number % every:
            return ""
        return NAMELESS if abs(number) // every % 2 else TIMELESS

    def arrive(self, source: str, count: int, random: Random) -> None:
        """Let so many incidents arrive now, which occurred within the last seconds, some of them all at one moment."""
        at_once = count <= MOST_AT_ONCE[source] and random.random() < 0.2
        if source == "FortiSIEM" and count:
            self._spread(self.siem.add_incidents(count), 0 if at_once else LATE)
        elif source == "FortiMonitor":
            for first in range(0, count, LATE):
                custom, some = random.random() < 0.5, min(LATE, count - first)
                self.monitor.add_outages(some, custom=custom, spacing_seconds=0 if at_once else 1)

    def arrive_ahead(self, seconds: int) -> None:
        """Let an incident arrive whose time is ahead of FortiSIEM's clock."""
        self.siem.add_incidents(1, incidentLastSeen=self.siem.now() + seconds * 1000)

    def _spread(self, numbers: list[int], seconds: int) -> None:
        """Let incidents have occurred within so many seconds until now; their order is not that of the ids."""
        seen = f"{self.siem.now() // 1000} - incidentId * 7919 % {seconds + 1}"
        statement = f"UPDATE incidents SET incidentLastSeen = ({seen}) * 1000 WHERE incidentId >= {numbers[0]}"  # noqa: S608 - ours
        with self.siem.store.transaction() as session:
            session.connection().exec_driver_sql(statement)

    def recur(self, random: Random) -> None:
        """Let one incident occur again now, a cleared one under a new id."""
        with self.siem.store.transaction() as session:
            last = session.connection().exec_driver_sql("SELECT max(incidentId) FROM incidents").scalar_one()
        self.siem.recur_incident(random.randint(1, last))

    def last_times(self, source: str, since: float, until: float = math.inf) -> dict[int, int]:
        """Return the last time of each incident, in epoch seconds, if it lies between two."""
        if source == "FortiSIEM":
            store, statement = self.siem.store, "SELECT incidentId, incidentLastSeen / 1000 FROM incidents"
        else:
            store, statement = self.monitor.store, "SELECT id, CAST(strftime('%s', start_time) AS INTEGER) FROM outage"
        with store.transaction() as session:
            rows = session.connection().exec_driver_sql(statement).all()
        return {number: time for number, time in rows if since <= time < until}


def looked_through(watermark: str) -> float:
    """Return the time, in epoch seconds, of which nothing before comes in any fetch after a watermark."""
    until = int(watermark.rpartition("/")[2]) / 1000 - OVERLAP
    return min(until, int(watermark.partition("/")[0]) / 1000) if "/" in watermark else until


def portions(total: int, number: int, random: Random) -> list[int]:
    """Cut a total into parts by chance, two of which are bursts of about a tenth each."""
    weights = [1.0] * number
    for place in random.sample(range(number), 2):
        weights[place] = number / 8
    came = Counter(random.choices(range(number), weights, k=total))
    return [came[place] for place in range(number)]
