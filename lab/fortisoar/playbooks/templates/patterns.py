"""Regular expressions of templates: Python cannot stop one that takes forever, but it can end a process."""

from __future__ import annotations

import multiprocessing
import re
import threading
from typing import Any

from pebble import ProcessExpired, ProcessPool

LONGEST = 5.0  # seconds of one regular expression, after its process has started
STARTED_WITHIN = 60.0
PLAIN_TEXT = 10_000  # characters
REPEATS = frozenset("*+?{|")


class TooSlow(Exception):
    """A regular expression takes too long."""


class Patterns:
    """Applies regular expressions: plain ones at once, others in a process that is ended when they take too long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None

    def sub(self, pattern: str, new: str, text: str, flags: int) -> str:
        """Return a text with every match replaced."""
        return str(self._apply(_sub, pattern, text, flags, new))

    def findall(self, pattern: str, text: str, flags: int) -> list[Any]:
        """Return every match."""
        found: list[Any] = self._apply(_findall, pattern, text, flags)
        return found

    def groups(self, pattern: str, text: str, flags: int, names: list[str | int]) -> Any:
        """Return the first match: all of it, or a list of the groups with these names; None if there is none."""
        return self._apply(_groups, pattern, text, flags, names)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._pool is not None:
                self._pool.stop()  # type: ignore[no-untyped-call]
                self._pool.join()
                self._pool = None

    def _apply(self, function: Any, pattern: str, text: str, *more: Any) -> Any:
        re.compile(pattern)  # what is wrong with it, is said here
        if _is_plain(pattern, text):
            return function(pattern, text, *more)
        with self._lock:
            pool = self._living_pool()
            future = pool.schedule(function, args=(pattern, text, *more), timeout=LONGEST)
        try:
            return future.result()
        except (TimeoutError, ProcessExpired):
            raise TooSlow(f"The regular expression {pattern!r} takes longer than {LONGEST:g} s") from None

    def _living_pool(self) -> ProcessPool:
        if self._pool is None or not self._pool.active:
            self._pool = ProcessPool(max_workers=1, context=multiprocessing.get_context("spawn"))
            # So that the time of the first does not include the start of its process.
            self._pool.schedule(re.escape, args=("",)).result(timeout=STARTED_WITHIN)
        return self._pool


def _is_plain(pattern: str, text: str) -> bool:
    """Tell whether the time cannot grow faster than by the square of a text that is not long."""
    return len(text) <= PLAIN_TEXT and sum(sign in REPEATS for sign in pattern) <= 1


def _sub(pattern: str, text: str, flags: int, new: str) -> str:
    return re.sub(pattern, new, text, flags=flags)


def _findall(pattern: str, text: str, flags: int) -> list[Any]:
    return re.findall(pattern, text, flags=flags)


def _groups(pattern: str, text: str, flags: int, names: list[str | int]) -> Any:
    found = re.search(pattern, text, flags=flags)
    if found is None:
        return None
    return [found[name] for name in names] if names else found[0]
