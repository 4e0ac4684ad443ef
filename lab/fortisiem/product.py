"""The product as the lab's other parts see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select
from starlette.types import ASGIApp

from ..kit.bodies import BodyLimit
from ..kit.clock import Clock
from ..kit.dated import DateMiddleware
from ..kit.failures import FailureMiddleware
from ..kit.journal import Journal, JournalMiddleware
from ..kit.sending import SendingMiddleware
from . import event_queries, incidents
from .accounts import Account, ApiClient
from .app import application
from .models import Organization
from .seeds import seeded
from .supervisor import Supervisor


class FortiSiem(Supervisor):
    """A simulated FortiSIEM Supervisor, with its HTTP application and its seed.

    Parameters: as of ``Supervisor``.
    """

    name = "fortisiem"
    INCIDENT_ID = 1

    def __init__(self, folder: Path, clock: Clock, accounts: list[Account], clients: list[ApiClient]) -> None:
        super().__init__(folder, clock, accounts, clients)
        secrets = (*(account.password for account in accounts), *(client.client_secret for client in clients))
        self.journal = Journal(clock, secrets)
        sent = SendingMiddleware(application(self), self.switches, clock)
        self.app: ASGIApp = DateMiddleware(FailureMiddleware(JournalMiddleware(BodyLimit(sent), self.journal)), clock)
        self.seed()

    def incidents(self) -> list[dict[str, Any]]:
        """Return every incident as it is stored, by id: for tests to compare."""
        with self.store.transaction() as session:
            return incidents.stored(session)

    def add_incidents(self, count: int, **same: Any) -> list[int]:
        """Add incidents of all kinds without events, last seen within the last five days, and return their ids.

        Parameters:
            same: attributes that all of them have alike, for example ``incidentStatus=0``.
        """
        with self.store.transaction() as session:
            return incidents.add_incidents(session, self.now(), count, same)

    def add_events(self, incident_id: int, count: int) -> None:
        """Add triggering events to an incident: one each second, the last as it was last seen."""
        with self.store.transaction() as session:
            incidents.add_events(session, incident_id, count)

    def add_event_query(self, incident_id: int) -> str:
        """Put a finished XML event query there whose result is the events of an incident, and return its id."""
        with self.store.transaction() as session:
            return event_queries.add_event_query(session, incident_id, self.now())

    def clear_incident(self, incident_id: int) -> None:
        """Clear an incident now, as if the clear condition of its rule were met."""
        with self.store.transaction() as session:
            incidents.clear_incident(session, incident_id, self.now())

    def recur_incident(self, incident_id: int) -> int:
        """Let an incident happen again now, by one event more; return its id: a new one if it was cleared before."""
        with self.store.transaction() as session:
            return incidents.recur_incident(session, incident_id, self.now())

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

    def counters(self) -> dict[str, int]:
        """Return nothing: its lists show all that it does."""
        return {}

    def close(self) -> None:
        """Close the database."""
        self.store.close()
