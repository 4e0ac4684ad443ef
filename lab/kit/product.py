"""What the lab's three products have in common, so that the control API can treat them alike."""

from __future__ import annotations

from typing import Protocol

from starlette.types import ASGIApp

from .journal import Journal
from .store import Store
from .switches import Switches


class Product(Protocol):
    """A simulated product: its database, its switches, its journal, and its HTTP application.

    ``app`` includes the journal's middleware. ``seed`` fills an empty database with the lab's standard objects;
    ``reset`` empties it, puts the switches back, clears the journal and seeds anew.
    """

    name: str
    store: Store
    switches: Switches
    journal: Journal
    app: ASGIApp

    def seed(self) -> None: ...

    def reset(self) -> None: ...

    def counters(self) -> dict[str, int]:
        """Return how often what no list of objects shows was done, such as paging people."""

    def close(self) -> None: ...
