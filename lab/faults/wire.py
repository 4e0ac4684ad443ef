"""What came over the wire to one product: its connections and requests, before any fault.

All of this lives on the servers' event loop alone, so that nothing here needs a lock.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from ..kit.clock import Clock
from ..kit.journal import KEPT, LONGEST_TEXT
from .connection import Connection


@dataclass
class Seen:
    """One request that came whole.

    ``forwarded`` is whether the product got it, ``fault`` the kind that struck it. ``closed_behind`` is whether the
    client had its whole answer when the connection was closed, and was not told of it: what it sends next may be lost.
    """

    number: int
    time: str
    method: str
    path: str
    fault: str | None
    forwarded: bool = False
    closed_behind: bool = False


class Wire:
    """The wire to one product. ``idle`` are the connections that wait for a request."""

    def __init__(self, clock: Clock) -> None:
        self.idle: set[Connection] = set()
        self._clock = clock
        self._connections = 0
        self._requests: deque[Seen] = deque(maxlen=KEPT)
        self._numbers = itertools.count(1)

    def connected(self) -> None:
        """Count a connection."""
        self._connections += 1

    def requested(self, method: str, path: str, fault: str | None) -> Seen:
        """Write a request down."""
        seen = Seen(next(self._numbers), self._clock.now().isoformat(), method, path[:LONGEST_TEXT], fault)
        self._requests.append(seen)
        return seen

    def close_idle(self) -> None:
        """Close the connections that wait for a request, so that the next request comes on a new one."""
        for connection in list(self.idle):
            connection.close()

    def clear(self) -> None:
        """Forget every connection and request."""
        self._connections = 0
        self._requests.clear()

    def as_json(self) -> dict[str, Any]:
        """Return all of it in a form that JSON can carry; requests oldest first."""
        return {"connections": self._connections, "requests": [asdict(seen) for seen in self._requests]}
