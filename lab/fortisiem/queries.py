"""How many queries each client address has running."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Queries:
    """The queries that are being answered right now, counted by client address."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def running(self, address: str) -> Iterator[int]:
        """Count one query of an address while it runs; yield how many there are now."""
        with self._lock:
            self._running[address] += 1
            number = self._running[address]
        try:
            yield number
        finally:
            with self._lock:
                self._running[address] -= 1

    def number(self, address: str) -> int:
        """Return how many queries an address has running."""
        with self._lock:
            return self._running[address]
