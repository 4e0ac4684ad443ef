"""Everything that lives between calls: bounded, let go of in one place, and never shared with a forked process.

FortiSOAR makes a new ``Connector`` for every call in long-lived workers, so what is worth keeping is kept here: open
connections, access tokens, rate limits, what was learnt about a server. Each thing is kept under the account that it
belongs to, and no account meets another one's.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict, deque
from contextlib import contextmanager, suppress
from typing import Any, Callable, Deque, Generic, Hashable, Iterator, List, Optional, Protocol, Tuple, TypeVar

LEARNT_FOR = 300.0  # seconds: a server that was updated, or answered oddly once, is asked again after that
MOST_ACCOUNTS = 64
MOST_CONFIGURATIONS = 16
MOST_EVENTS = 256
MOST_SPARE_SESSIONS = 16
MOST_TLS_CONTEXTS = 16
MOST_REQUESTS = 50

Value = TypeVar("Value")


class _Closable(Protocol):
    def close(self) -> None: ...


Closable = TypeVar("Closable", bound=_Closable)


class Kept(Generic[Value]):
    """Values that all threads share, each under a key; beyond so many, the least used one goes.

    Parameters:
        most: how many are kept.
        seconds: how long each is kept, None for as long as there is room.
    """

    def __init__(self, most: int, seconds: Optional[float] = None) -> None:
        self._most = most
        self._seconds = seconds
        self.start_anew()

    def get(self, key: Hashable, now: float = 0.0) -> Optional[Value]:
        """Return what is kept under a key, None if nothing is.

        Parameters:
            now: the monotonic time, where values are kept for so many seconds.
        """
        with self._lock:
            return self._get(key, now)

    def put(self, key: Hashable, value: Value, now: float = 0.0) -> None:
        """Keep a value under a key from now on."""
        with self._lock:
            self._put(key, value, now)

    def get_or_make(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return what is kept under a key, made now if nothing is."""
        with self._lock:
            value = self._get(key, 0.0)
            if value is None:
                value = make()
                self._put(key, value, 0.0)
            return value

    def drop(self, key: Hashable) -> None:
        """Let go of what is kept under a key."""
        with self._lock:
            self._values.pop(key, None)

    def forget(self) -> None:
        """Let go of all."""
        with self._lock:
            self._values.clear()

    def start_anew(self) -> None:
        """Begin empty and with a fresh lock, as after a fork: who held the old one is not there to release it."""
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, Tuple[Value, float]] = OrderedDict()

    def _get(self, key: Hashable, now: float) -> Optional[Value]:
        if key not in self._values:
            return None
        value, since = self._values[key]
        if self._seconds is not None and now - since >= self._seconds:
            del self._values[key]
            return None
        self._values.move_to_end(key)
        return value

    def _put(self, key: Hashable, value: Value, now: float) -> None:
        self._values[key] = (value, now)
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)


class Spare(Generic[Closable]):
    """Values that one user at a time has; who has done puts it back for the next one.

    Parameters:
        most: how many lie spare; beyond that, the one that has lain longest is closed.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.start_anew()

    @contextmanager
    def lent(self, key: Hashable, make: Callable[[], Closable]) -> Iterator[Closable]:
        """Lend a spare value of this key, or a new one."""
        with self._lock:
            era, value = self._era, self._taken(key)
        if value is None:
            value = make()
        try:
            yield value
        finally:
            self._put_back(key, value, era)

    def forget(self) -> None:
        """Close all that lie spare now, and each that is lent when it comes back."""
        with self._lock:
            left = list(self._spare)
            self._spare.clear()
            self._era = object()
        for _, value in left:
            value.close()

    def start_anew(self) -> None:
        """Begin empty and with a fresh lock, as after a fork."""
        self._lock = threading.Lock()
        self._era = object()
        self._spare: List[Tuple[Hashable, Closable]] = []

    def __len__(self) -> int:
        return len(self._spare)

    def _taken(self, key: Hashable) -> Optional[Closable]:
        for place in range(len(self._spare) - 1, -1, -1):
            if self._spare[place][0] == key:
                return self._spare.pop(place)[1]
        return None

    def _put_back(self, key: Hashable, value: Closable, era: object) -> None:
        surplus: Optional[Closable] = value
        with self._lock:
            if era is self._era:
                self._spare.append((key, value))
                surplus = self._spare.pop(0)[1] if len(self._spare) > self._most else None
        if surplus is not None:
            surplus.close()


class ProcessState:
    """What one process keeps between calls.

    ``configurations`` are those that were found valid. ``sessions`` are open connections, ``sockets`` the sockets below
    them. ``tls_contexts`` hold the trusted certificates. ``lookups`` are of host names that are being resolved.
    ``tokens`` are FortiSIEM's access tokens, ``rate_limits`` the last requests on each account of FortiMonitor,
    ``events`` what lets one call at a time create an event's incident. ``update_addresses``,
    ``without_event_queries`` and ``wants_times`` were learnt about a FortiSIEM. ``requests`` are the last ones, for
    diagnostics.
    """

    def __init__(self) -> None:
        self.configurations: Kept[Any] = Kept(MOST_CONFIGURATIONS)
        self.sessions: Spare[Any] = Spare(MOST_SPARE_SESSIONS)
        self.tls_contexts: Kept[Any] = Kept(MOST_TLS_CONTEXTS)
        self.lookups: Kept[Any] = Kept(MOST_ACCOUNTS)
        self.tokens: Kept[Any] = Kept(MOST_ACCOUNTS)
        self.rate_limits: Kept[Any] = Kept(MOST_ACCOUNTS)
        self.events: Kept[threading.Lock] = Kept(MOST_EVENTS)
        self.update_addresses: Kept[str] = Kept(MOST_ACCOUNTS, LEARNT_FOR)
        self.without_event_queries: Kept[bool] = Kept(MOST_ACCOUNTS, LEARNT_FOR)
        self.wants_times: Kept[bool] = Kept(MOST_ACCOUNTS, LEARNT_FOR)
        self.requests: Deque[Any] = deque(maxlen=MOST_REQUESTS)
        self.sockets: weakref.WeakSet[Any] = weakref.WeakSet()

    def let_go(self) -> None:
        """Close every connection and forget everything."""
        for each in self._caches():
            each.forget()
        self.requests.clear()

    def start_anew(self) -> None:
        """Begin empty in a process that was just forked: it must not write into its parent's connections.

        Closing the child's descriptor says nothing to the server; the parent's stays open.
        """
        for socket in list(self.sockets):
            with suppress(OSError):
                os.close(socket.detach())
        self.sockets = weakref.WeakSet()
        for each in self._caches():
            each.start_anew()
        self.requests.clear()

    def _caches(self) -> List[Any]:
        return [each for each in vars(self).values() if isinstance(each, (Kept, Spare))]


STATE = ProcessState()
os.register_at_fork(after_in_child=STATE.start_anew)
