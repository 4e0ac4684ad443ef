"""Administration as a part of the local FortiSOAR."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.routing import Route
from starlette.types import ASGIApp

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.switches import Switches
from ..accounts import Accounts
from ..shapes import Row
from .audit import AuditMiddleware, Trail
from .cleaning import Cleaning
from .health import Health
from .licence import Licence
from .models import INACTIVE
from .people import People
from .sessions import Sessions
from .users import Users


class Administration:
    """Licence, sessions, users, health and audit log of one FortiSOAR.

    Parameters:
        folder: where its database is.
    """

    def __init__(self, folder: Path, accounts: Accounts, store: Store, clock: Clock, switches: Switches) -> None:
        self._accounts = accounts
        self._trail = Trail(accounts, store, switches)
        self._licence = Licence(accounts, store, clock, switches)
        self._users = Users(accounts, store, switches)
        self._parts = (
            self._trail,
            self._licence,
            self._users,
            Sessions(accounts, switches),
            People(accounts, self._users, store, switches, self),
            Cleaning(store, switches),
            Health(folder, store, clock, switches),
        )
        self._licence.seed()

    def seed(self) -> None:
        """Make what a fresh FortiSOAR has, unless it is there."""
        self._accounts.seed()
        self._licence.seed()

    def routes(self) -> list[Route]:
        """Return every address of administration. They stand before those of modules, which take any name."""
        return [each for part in self._parts for each in part.routes()]

    def audited(self, app: ASGIApp) -> ASGIApp:
        """Return an application whose requests are written into the audit log."""
        return AuditMiddleware(app, self._trail)

    def record_written(self, change: str, module: str, row: Row, changed: Row) -> None:
        """Write down what was done to a record; a person that is deleted can no longer log in."""
        self._trail.record_written(change, module, row, changed)
        account = self._accounts.get(row["uuid"]) if module == "people" and change.endswith("delete") else None
        if account:
            self._users.change(account.uuid, status=INACTIVE)

    def records_going(self, change: str, module: str, iris: list[str]) -> Callable[[str], None]:
        """Return nothing to do: what is deleted is written down once it is gone."""
        return lambda iri: None
