"""A thread that looks at the lab's clock again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable

LOOK_EVERY = 0.5  # seconds of real time


class Watch:
    """Calls a function every half second, from ``start`` to ``stop``.

    Parameters:
        name: the thread's.
    """

    def __init__(self, name: str, look: Callable[[], None]) -> None:
        self._name = name
        self._look = look
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless it has begun."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_again, name=self._name, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End; it may begin anew."""
        with self._lock:
            self._stop.set()
            if self._thread:
                self._thread.join()
                self._thread = None
            self._stop.clear()

    def _look_again(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            self._look()
