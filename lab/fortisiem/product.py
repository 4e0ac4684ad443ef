"""The product as the lab's other parts see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select
from starlette.types import ASGIApp

from ..clock import Clock
from ..journal import Journal, JournalMiddleware
from ..store import Store
from ..switches import Switches
from .accounts import Account, ApiClient
from .app import Queries, application
from .models import Base, Incident, Organization
from .seeds import seeded
from .switches import SWITCHES
from .versions import Version


class FortiSiem:
    """A simulated FortiSIEM Supervisor.

    Parameters:
        folder: where its database file lies; an existing one goes on.
        clock: the lab's time.
        accounts: who may log in with a password.
        clients: who may ask for an API token.
    """

    name = "fortisiem"
    INCIDENT_ID = 1

    def __init__(self, folder: Path, clock: Clock, accounts: list[Account], clients: list[ApiClient]) -> None:
        self.clock = clock
        self.accounts = accounts
        self.clients = clients
        self.store = Store(folder / "fortisiem.sqlite", Base)
        self.switches = Switches(SWITCHES)
        self.journal = Journal(clock)
        self.queries = Queries()
        self.app: ASGIApp = JournalMiddleware(application(self), self.journal)
        self.seed()

    @property
    def version(self) -> Version:
        """The version it stands at, by its switch."""
        return Version(self.switches["version"])

    def now(self) -> int:
        """Return the lab's time in epoch milliseconds."""
        return int(self.clock.now().timestamp() * 1000)

    def incidents(self) -> list[dict[str, Any]]:
        """Return every incident as it is stored, by id: for tests to compare."""
        with self.store.transaction() as session:
            return [one.as_dict() for one in session.scalars(select(Incident).order_by(Incident.incidentId))]

    def seed(self) -> None:
        """Fill an empty database with the lab's organizations and incidents; leave another as it is."""
        with self.store.transaction() as session:
            if session.scalar(select(Organization).limit(1)) is None:
                session.add_all(seeded(self.now()))

    def reset(self) -> None:
        """Forget everything, and start anew from the seed and the default switches."""
        self.store.clear()
        self.switches.reset()
        self.journal.clear()
        self.seed()

    def close(self) -> None:
        """Close the database."""
        self.store.close()
