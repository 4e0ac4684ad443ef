"""Work that goes on behind the answers, as fast as the lab's clock lets it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any

from ..kit.clock import Clock
from ..kit.switches import Switch, Switches

AT_ONCE = 4  # jobs; further ones queue
LOOK_AGAIN_AFTER = 0.02  # seconds of real time, while a job waits for the lab's clock

JOB_SWITCHES = (
    Switch(
        "seconds_of_a_job",
        (2, 0, 60, 3600),
        "How many seconds of the lab's time an export, the options of an import, an import and a log collection take; "
        "the appliance takes from seconds to an hour.",
    ),
)

log = logging.getLogger(__name__)


class Stopped(BaseException):
    """The lab stops or starts anew while a job is under way. No Exception, as nothing may take it for a failed job."""


class Jobs:
    """Runs jobs in threads of its own."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self._stop = threading.Event()
        self._pool = self._new_pool()
        self._under_way: set[Future[Any]] = set()

    def start(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Do some work without making the caller wait."""
        future = self._pool.submit(_guarded, work, *arguments)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)

    def pause(self, share: float) -> None:
        """Let a share of a job's time pass on the lab's clock; raise Stopped if the lab stops."""
        until = self._clock.now() + timedelta(seconds=share * self._switches["seconds_of_a_job"])
        while self._clock.now() < until:
            if self._stop.wait(LOOK_AGAIN_AFTER):
                break
        self.go_on()

    def go_on(self) -> None:
        """Raise Stopped if the lab stops."""
        if self._stop.is_set():
            raise Stopped

    def settle(self) -> None:
        """Wait until no job is under way."""
        while self._under_way:
            wait(list(self._under_way))

    def reset(self) -> None:
        """Abandon every job; the caller empties the tables."""
        self.close()
        self._pool = self._new_pool()
        self._stop.clear()

    def stop(self) -> None:
        """Have every job end at its next step."""
        self._stop.set()

    def close(self) -> None:
        """Stop every job and thread."""
        self.stop()
        self._pool.shutdown(cancel_futures=True)

    def _new_pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="job")


def _guarded(work: Callable[..., Any], *arguments: Any) -> None:
    try:
        work(*arguments)
    except Stopped:
        pass
    except Exception:  # a fault of the lab must not vanish in a thread
        log.exception("A job failed: %s", work)
        raise
