"""Both products of the lab, in which incidents keep arriving while they are fetched, with faults on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lab.servers import Site, listening, serving
from tests.support.busy import Busy, Front
from tests.support.incoming import CLEAN, NAMELESS, NAMES, OVERLAP, TIMELESS, Incoming, looked_through
from tests.support.package import ConnectorError, let_go

PAGES = {"FortiSIEM": 500, "FortiMonitor": 50}
REQUESTS_OF_A_FAULT = 3  # as often as a request is tried


class Faults:
    """What stands in front of a product and answers some requests of a call in its place.

    Parameters:
        app: the product's application.

    ``status`` is what it answers to the request of the number ``at`` and to the next two. ``requests`` is how many
    requests came in this call, answered by the product or not.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.begin(0, 0)

    def begin(self, at: int, status: int) -> None:
        """Begin a call; ``at`` is 0 for one without a fault."""
        self.at, self.status, self.requests = at, status, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        if self.at and self.at <= self.requests < self.at + REQUESTS_OF_A_FAULT:
            await PlainTextResponse("Injected error", self.status)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class Soak(Busy):
    """Both products with faults in front of them."""

    def __init__(
        self, folder: Path, ports: dict[str, int], seconds: float, switches: Mapping[str, dict[str, Any]]
    ) -> None:
        super().__init__(folder, ports)
        self.clock.advance(seconds)
        self.faults = {"FortiSIEM": Faults(self.siem.app), "FortiMonitor": Faults(self.monitor.app)}
        self.fronts = {name: Front(self.faults[title]) for title, name in NAMES.items()}
        self.incoming = Incoming(self.siem, self.monitor, switches)

    @property
    def ahead(self) -> float:
        """How many seconds the lab's time is ahead of the real one: answers may take some of it."""
        return (self.clock.now() - datetime.now(timezone.utc)).total_seconds()


@contextmanager
def soak(folder: Path, seconds: float, switches: Mapping[str, dict[str, Any]] = CLEAN) -> Iterator[Soak]:
    """Serve both products until the end of the block, on the databases in a folder, where they were before.

    Parameters:
        seconds: how far the lab's time is ahead of the real one.
        switches: positions of each product's switches.
    """
    kept = folder / "ports.json"  # part of every Source ID
    before = json.loads(kept.read_text()) if kept.exists() else dict.fromkeys(NAMES.values(), 0)
    with listening(before) as listeners:
        ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
        kept.write_text(json.dumps(ports))
        served = Soak(folder, ports, seconds, switches)
        try:
            with serving([Site(listeners[name], front) for name, front in served.fronts.items()]):
                yield served
                let_go()
        finally:
            let_go()
            served.close()


class Ingestion:
    """A playbook that fetches from one product on a schedule and stores what comes by its source id.

    ``records`` are the stored ones, ``named`` the rows that were said to be none, ``watermark`` is the stored one.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.records: dict[str, dict[str, Any]] = {}
        self.calls = self.failures = self.unstored = self.waiting = self.rows = self.requests = 0
        self.named: set[str] = set()
        self.watermark = ""
        self._seen_through = 0.0  # until when everything is known to be stored

    def cycle(self, lab: Soak, fault: tuple[int, int] = (0, 0), is_stored: bool = True, most: int = 1000) -> bool:
        """Fetch once and store what came; return whether it is complete.

        Parameters:
            fault: at which request, and with which status.
            is_stored: whether the watermark is stored too, after the records.
        """
        faults = lab.faults[self.source]
        faults.begin(*fault)
        params = {"source": self.source, "watermark": self.watermark, "overlap": OVERLAP, "max_results": most}
        self.calls += 1
        try:
            result = lab.execute("fetch_incidents", lookback=527_040, **params)
        except ConnectorError:
            assert 0 < faults.at <= faults.requests  # nothing but the fault fails it
            self.failures += 1
            return False
        asked = 1 + lab.siem.switches["page_not_ready"]  # so often for each further page
        self._check_requests(faults, len(result["incidents"]), asked)
        for incident in result["incidents"]:
            self.records[incident["source_id"]] = incident
        self.named |= {each["row"] for each in result["skipped"] if each["reason"]}
        assert result["is_complete"] or result["watermark"] != self.watermark, "The watermark stands still"
        if is_stored:
            self.watermark = result["watermark"]
            self._check_watermark(lab)
        self.unstored += not is_stored
        self.waiting += not result["is_complete"]
        return bool(result["is_complete"])

    def _check_requests(self, faults: Faults, rows: int, asked: int) -> None:
        """Check that a call asks for few more pages than its rows fill, also where a request was repeated.

        Parameters:
            asked: how often a page is asked for until it comes.
        """
        repeated = REQUESTS_OF_A_FAULT if faults.at and faults.requests > faults.at else 0
        self.rows, self.requests = self.rows + rows, self.requests + faults.requests - repeated
        assert faults.requests - repeated <= asked * (rows / PAGES[self.source] + 5), (faults.requests, rows)

    def _check_watermark(self, lab: Soak) -> None:
        """Check that all is stored that no later call comes by."""
        until = looked_through(self.watermark)
        passed = lab.incoming.last_times(self.source, self._seen_through, until)
        odd = {number: odd for number in passed if (odd := lab.incoming.odd(number))}
        assert {each for each in passed.items() if each[0] not in odd} <= self.stored().items()
        self.check_odd(odd)
        self._seen_through = max(self._seen_through, until)

    def check_odd(self, odd: Mapping[int, str]) -> None:
        """Check that incidents without a time are stored all the same, and that those without an id are named."""
        timeless = {number for number, kind in odd.items() if kind == TIMELESS}
        stored = {record["incident"]["incident_id"] for record in self.records.values() if not record["last_time"]}
        assert timeless <= stored
        for number, kind in odd.items():
            shown = f'{{"eventName":"Lost {number}",' if self.source == "FortiSIEM" else f"/lost/{abs(number)}"
            assert kind != NAMELESS or any(row.startswith(shown) for row in self.named)

    def stored(self) -> dict[int, int]:
        """Return the last time of each stored incident that has one, in epoch seconds."""
        numbers = [record["incident"]["incident_id"] for record in self.records.values()]
        assert len(set(numbers)) == len(numbers)
        return {
            number: int(datetime.fromisoformat(record["last_time"]).timestamp())
            for number, record in zip(numbers, self.records.values())
            if record["last_time"]
        }
