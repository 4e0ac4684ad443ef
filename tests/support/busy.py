"""The lab's FortiMonitor and FortiSIEM in this process: much in them, and something done between two requests."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import settings
from starlette.types import ASGIApp, Receive, Scope, Send

from lab.fortimonitor import FortiMonitor
from lab.fortisiem import Account, FortiSiem
from lab.kit.clock import Clock
from lab.kit.journal import Entry
from lab.servers import HOST, Site, listening, serving
from tests.support.package import ROOT, configuration, context, execute, let_go

# As many as a large customer has, in `make prove`; in `make test` as many pages as it takes to see the same.
OUTAGES, INCIDENTS = (12_345, 25_000) if settings.get_current_profile_name() == "prove" else (1_845, 5_000)
API_KEY, PASSWORD = "key-of-the-busy-lab", "password-of-the-busy-lab"
UPDATES = "/phoenix/rest/incident/external"
DATABASES = ("fortimonitor.sqlite", "fortisiem.sqlite")
TOGETHER_WITHIN = 60  # seconds
MEASURED_WITHIN = 140

Act = Callable[[int], object]


class Front:
    """What stands in front of a product: it does something before a request, and may hold requests together.

    Parameters:
        app: the product's application.

    ``before`` is called with the number of each request, from 1 on. ``together`` is how many updates are held until
    as many have come; ``most`` is how many were under way at once.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.before: Act = lambda number: None
        self.together = 1
        self.most = 0
        self._app = app
        self._requests = 0
        self._under_way = 0
        self._barrier: asyncio.Barrier | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._requests += 1
        self.before(self._requests)
        if scope["path"] != UPDATES:
            await self._app(scope, receive, send)
            return
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        try:
            async with asyncio.timeout(TOGETHER_WITHIN):
                await self._all_here()
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1

    async def _all_here(self) -> None:
        self._barrier = self._barrier or asyncio.Barrier(self.together)
        await self._barrier.wait()


class Busy:
    """Both products, served over plain HTTP, and the package's configuration for them.

    Parameters:
        folder: where their databases are, or will be.
        ports: the listening sockets' ports.
    """

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        self.clock = Clock()
        origins = {name: f"http://{HOST}:{port}" for name, port in ports.items()}
        self.monitor = FortiMonitor(folder, self.clock, f"{origins['fortimonitor']}/v2", API_KEY, "read-only")
        self.siem = FortiSiem(folder, self.clock, [Account("super", "admin", PASSWORD)], [])
        self.fronts = {"fortimonitor": Front(self.monitor.app), "fortisiem": Front(self.siem.app)}
        self.config = configuration(
            fortimonitor_url=self.monitor.base_url,
            fortimonitor_api_key=API_KEY,
            fortisiem_server=origins["fortisiem"],
            fortisiem_username="admin",
            fortisiem_password=PASSWORD,
        )

    def close(self) -> None:
        """Close the databases."""
        self.monitor.close()
        self.siem.close()

    def execute(self, operation: str, **params: Any) -> Any:
        """Run an action of the package on these products."""
        return execute(operation, params, self.config)

    def bridge(self) -> Any:
        """Return the package's clients of these products."""
        return context(self.config)

    def siem_requests(self) -> list[Entry]:
        """Return the requests that FortiSIEM received."""
        return self.siem.journal.entries()

    def monitor_requests(self) -> list[Entry]:
        """Return the requests that FortiMonitor received."""
        return self.monitor.journal.entries()

    def outage_ids(self, *, active: bool = False) -> list[int]:
        """Return the ids of all outages, newest first, read past the connector."""
        clause = "WHERE end_time IS NULL" if active else ""
        statement = f"SELECT id FROM outage {clause} ORDER BY start_time DESC, sequence DESC"  # noqa: S608 - ours alone
        with self.monitor.store.transaction() as session:
            return [row[0] for row in session.connection().exec_driver_sql(statement)]


@contextmanager
def busy(folder: Path, stock: Path | None = None) -> Iterator[Busy]:
    """Serve both products until the end of the block.

    Parameters:
        folder: an empty one for their databases.
        stock: a folder with databases to begin with; it stays as it is.
    """
    for name in DATABASES if stock else ():
        shutil.copy(stock / name, folder / name)  # type: ignore[operator]
    with listening(dict.fromkeys(("fortimonitor", "fortisiem"), 0)) as listeners:
        served = Busy(folder, {name: listener.getsockname()[1] for name, listener in listeners.items()})
        try:
            with serving([Site(listeners[name], front) for name, front in served.fronts.items()]):
                yield served
                let_go()
        finally:
            let_go()
            served.close()


def fill(folder: Path, outages: int, incidents: int) -> None:
    """Make databases with so many active outages and incidents, the seeds included, in a folder."""
    monitor = FortiMonitor(folder, Clock(), "http://127.0.0.1/v2", API_KEY, "read-only")
    siem = FortiSiem(folder, Clock(), [], [])
    monitor.add_outages(outages)
    siem.add_incidents(incidents - len(siem.incidents()))
    monitor.close()
    siem.close()


def peak_while_listing(config: dict[str, Any], product: str) -> tuple[int, int]:
    """List everything in a process of its own, without keeping it; return how many rows came and the peak in bytes."""
    order = json.dumps({"config": config, "product": product})
    command = [sys.executable, "-m", "tests.support.listing_memory"]
    ended = subprocess.run(
        command, cwd=ROOT, input=order, capture_output=True, text=True, timeout=MEASURED_WITHIN, check=False
    )
    assert ended.returncode == 0, ended.stderr
    rows, peak = json.loads(ended.stdout)
    return rows, peak
