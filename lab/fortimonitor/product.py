"""FortiMonitor as the lab's runtime and its tests see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.types import ASGIApp

from ..kit.bodies import BodyLimit
from ..kit.clock import Clock
from ..kit.dated import DateMiddleware
from ..kit.failures import FailureMiddleware
from ..kit.journal import Journal, JournalMiddleware
from ..kit.sending import SendingMiddleware
from ..kit.store import Store
from ..kit.switches import Switches
from . import seed
from .app import application, routes
from .bulk import insert_outages
from .gate import Gate
from .incidents import close_due, sign
from .models import Base, Notification, Outage, Server
from .plain import plain_incident, plain_notification, plain_outage
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
        self.journal = Journal(clock, (api_key, read_only_api_key))
        self.store = Store(folder / "fortimonitor.sqlite", Base)
        self.side_effect_gets = 0
        self._clock = clock
        served = routes(self)
        keys = {api_key: "rw", read_only_api_key: "ro"}
        self._gate = Gate(application(self, served), served, keys, self.switches, clock)
        sent = SendingMiddleware(self._gate, self.switches, clock)
        self.app: ASGIApp = DateMiddleware(FailureMiddleware(JournalMiddleware(BodyLimit(sent), self.journal)), clock)
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
            return [plain_incident(incident) for incident in stored]

    def outage(self, outage_id: int) -> dict[str, Any]:
        """Return what is stored of what people did to an outage; raise NoResultFound if there is none."""
        with self.transaction() as session:
            return plain_outage(_stored(session, outage_id))

    def notifications(self) -> list[dict[str, Any]]:
        """Return every escalation and broadcast, by whichever call, oldest first: each time people were paged."""
        with self.transaction() as session:
            return [
                plain_notification(each) for each in session.scalars(select(Notification).order_by(Notification.id))
            ]

    def counters(self) -> dict[str, int]:
        """Return how often what should not happen unseen did happen: acting GETs, escalations and broadcasts."""
        kinds = [notification["kind"] for notification in self.notifications()]
        return {
            "side_effect_gets": self.side_effect_gets,
            "escalations": kinds.count("escalation"),
            "broadcasts": kinds.count("broadcast"),
        }

    def add_outages(
        self,
        count: int,
        *,
        server_id: int = SERVER_ID,
        active: bool = True,
        custom: bool = False,
        spacing_seconds: int = 1,
    ) -> list[int]:
        """Store many outages quickly: the last starts now, each other one some seconds before the next.

        Returns: their ids, oldest first.
        Raises: ValueError if custom incidents are wanted on a server without a definition of them.
        """
        with self.transaction() as session:
            return insert_outages(
                session,
                self.now(),
                count,
                server_id=server_id,
                active=active,
                custom_sign=sign(self.switches) if custom else None,
                spacing=timedelta(seconds=spacing_seconds),
            )

    def resolve_outage(self, outage_id: int) -> None:
        """End an outage as monitoring would; raise NoResultFound if there is none."""
        with self.transaction() as session:
            _stored(session, outage_id).resolve(self.now(), "Outage resolved")

    def _is_empty(self) -> bool:
        with self.store.transaction() as session:
            return session.scalar(select(Server.id).limit(1)) is None


def _stored(session: Session, outage_id: int) -> Outage:
    return session.scalars(select(Outage).where(Outage.id == outage_id)).one()
