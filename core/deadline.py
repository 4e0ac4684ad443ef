"""How long a call may take in all, and the waits inside it. Clock, sleep and chance can be replaced by tests."""

from __future__ import annotations

import random
import time
from typing import Callable, Iterable, Iterator, Mapping, NamedTuple, Optional

from .times import shown_time

FIRST_BACKOFF = 0.5  # seconds
LONGEST_BACKOFF = 8.0
EPOCH_IS_ABOVE = 1_000_000_000  # a reset header above this is a moment, below it a number of seconds
FIRST_MILLISECONDS = 1e11
LATEST_MOMENT = 1e14
LONGEST_MEANT = 86_400.0  # seconds; nobody asks for more than a day


class Timing(NamedTuple):
    """Where time, sleep and chance come from."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random  # from 0 to 1; for jitter, not for secrets


REAL_TIME = Timing()


class Deadline:
    """The moment by which one action must have ended.

    Parameters:
        seconds: how long the action may take, retries and waits included.
        timing: the clock to go by.
    """

    def __init__(self, seconds: float, timing: Timing = REAL_TIME) -> None:
        self.seconds = seconds
        self.timing = timing
        self._end = timing.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, 0 if none are."""
        return max(0.0, self._end - self.timing.monotonic())

    def part(self, share: float) -> Deadline:
        """Return a deadline that leaves the rest of the remaining time for what comes after."""
        return Deadline(self.remaining() * share, self.timing)

    def wait(self, seconds: float) -> bool:
        """Sleep and return True, or return False at once if the deadline would pass meanwhile."""
        if seconds >= self.remaining():
            return False
        self.timing.sleep(seconds)
        return True

    def after_each(self, waits: Iterable[float]) -> Iterator[None]:
        """Go on after each of the waits, in seconds, until one would outlast the deadline."""
        for wait in waits:
            if wait and not self.wait(wait):
                return
            yield

    def backoff(self, attempt: int) -> float:
        """Return the seconds to wait after a failed attempt (1, 2, ...): exponential with full jitter."""
        return min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** (attempt - 1)) * self.timing.chance()


def retry_after(headers: Mapping[str, str], timing: Timing) -> Optional[float]:
    """Return how many seconds a 429 or 503 asks to wait, None if it does not say, or nothing that can be meant.

    FortiMonitor documents "a header in the response" without its name or form, so the usual ones are all read:
    ``Retry-After`` as seconds or HTTP date, ``X-RateLimit-Reset`` and ``RateLimit-Reset`` as seconds or epoch. A
    moment is one of the server's clock, which ``Date`` shows; ours may differ by hours.
    """
    for name in ("Retry-After", "X-RateLimit-Reset", "RateLimit-Reset"):
        seconds = _seconds_until(headers.get(name, ""), headers.get("Date", ""), timing)
        if seconds is not None and seconds <= LONGEST_MEANT:
            return max(0.0, seconds)
    return None


def _seconds_until(text: str, date: str, timing: Timing) -> Optional[float]:
    number = _number(text)
    moment = _epoch(text) if number is None else number
    if moment is None or not -LATEST_MOMENT < moment < LATEST_MOMENT:  # not even a number, where it is NaN
        return None
    if moment >= FIRST_MILLISECONDS:
        moment /= 1000
    if number is not None and moment <= EPOCH_IS_ABOVE:
        return moment
    now = _epoch(date)
    return moment - (timing.wall() if now is None else now)


def _number(text: str) -> Optional[float]:
    try:
        return float(text.partition(",")[0])  # a header that came twice stands twice in it
    except ValueError:
        return None


def _epoch(text: str) -> Optional[float]:
    moment = shown_time(text)
    return None if moment is None else moment.timestamp()
