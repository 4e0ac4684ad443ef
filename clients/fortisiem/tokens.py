"""Access tokens of FortiSIEM, kept until shortly before they expire and shared by all threads of the process.

FortiSIEM mints one token for a client every 5 seconds and blocks it for 5 minutes after failures (OpenAPI 7.5.1), so
a token for each call is no way to work.
"""

from __future__ import annotations

import threading
from typing import Callable, Dict, NamedTuple, Tuple

from ...core.deadline import Deadline
from ...core.errors import Unreachable

SKEW = 30.0  # seconds before its end that a token is no longer used
LEAST_SECONDS = 300  # an `expires_in` below this is in minutes: schema "minutes, default 15", example 3600


class Token(NamedTuple):
    """A token and the monotonic time of its end."""

    text: str
    end: float


_tokens: Dict[str, Token] = {}
_locks: Dict[str, threading.Lock] = {}
_lock = threading.Lock()


def token(key: str, deadline: Deadline, mint: Callable[[], Tuple[str, float]]) -> str:
    """Return the kept token, or mint one; at most one is being minted for a client at a time.

    Parameters:
        mint: asks FortiSIEM for a token; returns it with its ``expires_in``.
    Raises: Unreachable where another thread is still minting at the deadline; whatever mint raises.
    """
    now = deadline.timing.monotonic
    with _lock:
        lock = _locks.setdefault(key, threading.Lock())
    if not lock.acquire(timeout=deadline.remaining()):
        raise Unreachable("another call was still waiting for an access token when the time was over")
    try:
        kept = _tokens.get(key)
        if kept is None or kept.end - SKEW <= now():
            text, expires_in = mint()
            kept = _tokens[key] = Token(text, now() + lifetime(expires_in))
        return kept.text
    finally:
        lock.release()


def lifetime(expires_in: float) -> float:
    """Return the seconds that an ``expires_in`` means; the schema says minutes, its example and others seconds."""
    return expires_in * 60 if expires_in < LEAST_SECONDS else expires_in


def forget(key: str, text: str) -> None:
    """Drop a token that FortiSIEM refused, unless a newer one has taken its place."""
    if key in _tokens and _tokens[key].text == text:
        _tokens.pop(key, None)


def forget_all() -> None:
    """Drop every token of this process."""
    _tokens.clear()
