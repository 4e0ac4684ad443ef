"""What every handler needs of the Supervisor: its database, its switches, its time and who may call."""

from __future__ import annotations

from pathlib import Path

from ..kit.clock import Clock
from ..kit.store import Store
from ..kit.switches import Switches
from .accounts import Account, ApiClient
from .models import Base
from .queries import Queries
from .switches import SWITCHES
from .versions import Version


class Supervisor:
    """The state of a simulated FortiSIEM, without its HTTP application.

    Parameters:
        folder: where its database file lies; an existing one goes on.
        clock: the lab's time.
        accounts: who may log in with a password.
        clients: who may ask for an API token.
    """

    def __init__(self, folder: Path, clock: Clock, accounts: list[Account], clients: list[ApiClient]) -> None:
        self.clock = clock
        self.accounts = accounts
        self.clients = clients
        self.store = Store(folder / "fortisiem.sqlite", Base)
        self.switches = Switches(SWITCHES)
        self.queries = Queries()

    @property
    def version(self) -> Version:
        """The version it stands at, by its switch."""
        return Version(self.switches["version"])

    def now(self) -> int:
        """Return the lab's time in epoch milliseconds."""
        return int(self.clock.now().timestamp() * 1000)
