"""The ingestion playbooks at work for long: incidents keep arriving, products and FortiSOAR fail, the lab is restarted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from tests.support.incoming import CYCLE, NAMELESS, NAMES, OVERLAP, Incoming, looked_through
from tests.support.interruptions import CUT, LOST, REFUSED, Interruptions, interruptions
from tests.support.stories import INGEST, PlaybookLab, Row, playbook_lab

EVERYTHING = 527_040  # minutes, the longest lookback
PAGE = 5000  # FortiSOAR's largest
FINE = "fine"
# What happens in ten cycles, in an order by chance: nothing, a product fails, or the engine's own requests do.
TROUBLES = (FINE, FINE, FINE, *NAMES.values(), *NAMES.values(), REFUSED, LOST, CUT)
ENDED = {REFUSED: ("finished", "finished with error"), LOST: ("finished", "finished with error"), CUT: ("active",)}


class Progress:
    """What must survive a restart of the lab: until when everything is known to be stored, and what went wrong so far.

    ``ahead`` is how many seconds the lab's time is ahead of the real one.
    """

    def __init__(self) -> None:
        self.ahead = 0.0
        self.seen_through = dict.fromkeys(NAMES, 0.0)
        self.happened: Counter[str] = Counter()


class PlaybookSoak:
    """One life of a lab, in which ingestion runs again and again."""

    def __init__(
        self, lab: PlaybookLab, between: Interruptions, progress: Progress, switches: Mapping[str, dict[str, Any]]
    ) -> None:
        self.lab = lab
        self.incoming = Incoming(lab.siem, lab.monitor, switches)
        self._between = between
        self._progress = progress

    def cycle(self, arriving: dict[str, int], trouble: str, random: Random) -> None:
        """Let incidents arrive, ingest once with one of the troubles, and check the watermarks."""
        self.lab.control.advance(CYCLE)
        for product, count in arriving.items():
            self.incoming.arrive(product, count, random)
        if random.random() < 0.2:
            self.incoming.arrive_ahead(random.randint(1, 7200))
        self._between.before = lambda method, path: self._recur(random)
        if trouble == FINE:
            self._between.begin()
            self._ingest("finished")
        elif trouble in NAMES.values():
            self._with_failing(trouble, random)
        else:
            self._interrupted(trouble, random.randint(1, 30))
        self._between.before = lambda method, path: None
        self.check_watermarks()

    def end_in_the_middle(self, random: Random) -> None:
        """Ingest until the lab is as if killed."""
        self._interrupted(CUT, random.randint(1, 12))

    def finish(self) -> None:
        """Ingest until nothing is waiting, and then once more."""
        self._between.begin()
        for _ in range(2):
            self._ingest("finished")
            while any("/" in watermark for watermark in self.lab.watermarks().values()):
                self.lab.control.advance(60)  # FortiMonitor's limit on requests
                self._ingest("finished")
        self.check_watermarks()

    def check_watermarks(self) -> None:
        """Check that all is stored, as it was last, that no later run comes by."""
        for product, watermark in self.lab.watermarks().items():
            until = looked_through(watermark)
            since = self._progress.seen_through[product]
            passed = self.storable(self.incoming.last_times(product, since, until))
            assert self._stored(product, list(passed)) == passed
            self._progress.seen_through[product] = max(since, until)

    def storable(self, times: Mapping[int, int]) -> dict[int, int | None]:
        """Return what alerts show of the last times of incidents: all but those without an id have an alert."""
        odd = {number: self.incoming.odd(number) for number in times}
        return {number: None if odd[number] else time for number, time in times.items() if odd[number] != NAMELESS}

    def alerts(self, product: str) -> dict[int, int | None]:
        """Return the last time of each incident of a product that has an alert; fail if one has two."""
        found: dict[int, int | None] = {}
        rows: list[Row] = []
        for page in range(1, 100):
            query = {
                "logic": "AND",
                "filters": [{"field": "source", "operator": "eq", "value": product}],
                "sort": [{"field": "id", "direction": "ASC"}],
                "__selectFields": ["sourceId", "sourcedata"],
            }
            rows = self.lab.api("POST", f"/api/query/alerts?$limit={PAGE}&$page={page}", query)["hydra:member"]
            times = {int(row["sourceId"].rpartition(":")[2]): _last_time(product, row) for row in rows}
            assert len(times) == len(rows)
            assert not times.keys() & found.keys()
            found |= times
            if len(rows) < PAGE:
                break
        return found

    def _recur(self, random: Random) -> None:
        """Let an incident occur again before every eighth request of the engine."""
        if self._between.requests % 8 == 7:
            self.incoming.recur(random)

    def _with_failing(self, product: str, random: Random) -> None:
        """Ingest while a product refuses three requests in a row, as many as one is tried again."""
        self._between.begin()
        status, skip = random.choice((400, 403, 500)), random.choice((0, 0, 1))
        self.lab.strike("answer", product, status=status, skip=skip, times=3, when="before")
        run = self._ingest("finished", "finished with error")
        self.lab.calm()
        self._count(product, run == "finished with error")

    def _interrupted(self, kind: str, at: int) -> None:
        self._between.begin(kind, at)
        struck = self._ingest("finished", *ENDED[kind]) != "finished" or self._between.struck
        self._count(kind, struck)

    def _ingest(self, *expected: str) -> str:
        run = self.lab.trigger(INGEST)
        assert run.status in expected, (run.status, run.result)
        return str(run.status)

    def _count(self, what: str, happened: bool) -> None:
        self._progress.happened[what] += happened

    def _stored(self, product: str, numbers: list[int]) -> dict[int, int | None]:
        authority = urlsplit(self.lab.ready[NAMES[product]]["url"]).netloc
        ids = [f"{NAMES[product]}:{authority}:{number}" for number in numbers]
        stored: dict[int, int | None] = {}
        for first in range(0, len(ids), PAGE):
            some = {"field": "sourceId", "operator": "in", "value": ids[first : first + PAGE]}
            query = {"logic": "AND", "filters": [some], "__selectFields": ["sourceId", "sourcedata"]}
            rows = self.lab.api("POST", f"/api/query/alerts?$limit={PAGE}", query)["hydra:member"]
            stored |= {int(row["sourceId"].rpartition(":")[2]): _last_time(product, row) for row in rows}
        return stored


def _last_time(product: str, alert: Row) -> int | None:
    incident = json.loads(alert["sourcedata"])
    shown = incident["last_seen"] if product == "FortiSIEM" else incident["start_time"]
    return int(datetime.fromisoformat(shown).timestamp()) if shown else None


def troubles(cycles: int, random: Random) -> list[str]:
    """Return what goes wrong in each cycle."""
    return [trouble for _ in range(0, cycles, len(TROUBLES)) for trouble in random.sample(TROUBLES, len(TROUBLES))]


@contextmanager
def playbook_soak(
    archive: Path, folder: Path, progress: Progress, switches: Mapping[str, dict[str, Any]]
) -> Iterator[PlaybookSoak]:
    """Run a lab on the state in a folder until the end of the block.

    Parameters:
        switches: positions of each product's switches.
    """
    with playbook_lab(archive, folder) as lab, interruptions(lab.soar.playbooks) as between:
        lab.control.advance(progress.ahead)
        lab.configure_default()
        lab.answer_wizard(sources=" and ".join(NAMES), lookback=EVERYTHING, overlap=OVERLAP)
        yield PlaybookSoak(lab, between, progress, switches)
        progress.ahead = (lab.siem.clock.now() - datetime.now(timezone.utc)).total_seconds()
