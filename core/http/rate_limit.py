"""FortiMonitor's limit of 100 requests a minute, kept by those who send many.

A bucket of 100 tokens, each of which comes back a minute after it was taken. It is shared by all calls of a worker
process on the same account. A single action takes its token without waiting; a bulk action waits for one, so that it
leaves room to the others.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Deque

from ..deadline import Deadline
from ..process_state import STATE

REQUESTS = 100  # FortiMonitor 26.1 "API rate limits": the default, on all endpoints
SECONDS = 61.0  # a minute, and what a request may take to arrive


class RateLimit:
    """The last requests on one account."""

    def __init__(self) -> None:
        self._taken: Deque[float] = deque(maxlen=REQUESTS)
        self._lock = threading.Lock()

    def take(self, deadline: Deadline) -> None:
        """Take a token, whether there is one or not."""
        with self._lock:
            self._taken.append(deadline.timing.monotonic())

    def take_when_free(self, deadline: Deadline) -> bool:
        """Wait for a token and take it; return False at once if none comes back before the deadline."""
        while True:
            with self._lock:
                now = deadline.timing.monotonic()
                if len(self._taken) < REQUESTS or self._taken[0] + SECONDS <= now:
                    self._taken.append(now)
                    return True
                wait = self._taken[0] + SECONDS - now
            if not deadline.wait(wait):
                return False


def rate_limit_of(account: str) -> RateLimit:
    """Return the rate limit of an account, which is named by its fingerprint."""
    limit: RateLimit = STATE.rate_limits.get_or_make(account, RateLimit)
    return limit
