"""FortiMonitor as the lab's runtime and its tests see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.types import ASGIApp

from ..clock import Clock
from ..journal import Journal, JournalMiddleware
from ..store import Store
from ..switches import Switches
from . import seed
from .app import application, routes
from .gate import Gate
from .incidents import as_plain, close_due
from .models import Base, Outage, Server
from .switches import DECLARED


class FortiMonitor:
    """A local FortiMonitor with servers, outages and custom incidents.

    Parameters:
        folder: where its database is kept; what is there already goes on.
        clock: the lab's time.
        base_url: what its URLs begin with, like ``https://127.0.0.1:9444/v2``.
        api_key: the key that may read and write.
        read_only_api_key: the key that may only read.
    """

    name = "fortimonitor"
    SERVER_ID = seed.SERVER_ID
    PLUGIN_TEXTKEY = seed.PLUGIN_TEXTKEY
    RESOURCE_TEXTKEY = seed.RESOURCE_TEXTKEY

    def __init__(self, folder: Path, clock: Clock, base_url: str, api_key: str, read_only_api_key: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.switches = Switches(DECLARED)
        self.journal = Journal(clock)
        self.store = Store(folder / "fortimonitor.sqlite", Base)
        self.side_effect_gets = 0
        self._clock = clock
        served = routes(self)
        keys = {api_key: "rw", read_only_api_key: "ro"}
        self._gate = Gate(application(self, served), served, keys, self.switches, clock)
        self.app: ASGIApp = JournalMiddleware(self._gate, self.journal)
        if self._is_empty():
            self.seed()

    def seed(self) -> None:
        """Fill an empty database with the lab's standard objects."""
        with self.store.transaction() as session:
            seed.fill(session, self.now())

    def reset(self) -> None:
        """Go back to the standard objects, the default switches and an empty journal."""
        self.store.clear()
        self.switches.reset()
        self.journal.clear()
        self._gate.reset()
        self.side_effect_gets = 0
        self.seed()

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def now(self) -> datetime:
        """Return the lab's time as FortiMonitor keeps it: naive UTC, to the second."""
        return self._clock.now().replace(tzinfo=None, microsecond=0)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open the database as it stands now: with every incident closed whose time is up."""
        with self.store.transaction() as session:
            close_due(session, self.now())
            yield session

    def incidents(self) -> list[dict[str, Any]]:
        """Return what is stored of each custom incident, oldest first, for tests to count and compare."""
        with self.transaction() as session:
            stored = session.scalars(select(Outage).where(Outage.custom).order_by(Outage.sequence))
            return [as_plain(incident) for incident in stored]

    def _is_empty(self) -> bool:
        with self.store.transaction() as session:
            return session.scalar(select(Server.id).limit(1)) is None
