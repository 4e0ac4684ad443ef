"""The last requests of this worker process: what diagnostics show. No query, body or header is kept."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Deque, List, NamedTuple, Optional

KEPT = 50


class Sent(NamedTuple):
    """A request that was sent, and what came of it. ``status`` is None where no whole answer came."""

    at: float  # epoch seconds
    product: str
    origin: str
    method: str
    path: str
    status: Optional[int]
    milliseconds: int


_recent: Deque[Sent] = deque(maxlen=KEPT)
_lock = threading.Lock()


def note(product: str, origin: str, method: str, path: str, status: Optional[int], seconds: float) -> None:
    """Note a request that has just ended."""
    with _lock:
        _recent.append(Sent(time.time(), product, origin, method, path, status, round(seconds * 1000)))


def recent(origins: List[str]) -> List[Sent]:
    """Return the last requests to some servers, oldest first."""
    with _lock:
        return [sent for sent in _recent if sent.origin in origins]
