"""The worker processes, seen from the lab: a call that crashes or hangs costs that call alone."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from .worker import Job, Outcome, prepare, ready, run

LOOK_AGAIN_AFTER = 0.02  # seconds, while calls have time to end


class WorkerFailed(Exception):
    """The worker did not bring the call to its end; the text says what became of it."""


class Workers:
    """A pool of worker processes.

    Parameters:
        number: how many processes.
        call_limit: seconds after which a call is stopped, its worker with it.
        environment: what each worker finds in its environment besides the lab's own.
        site_packages: the folder of packages that connectors require.
        log: the file that takes all a connector logs or prints.
    """

    def __init__(
        self, number: int, call_limit: float, environment: dict[str, str], site_packages: Path, log: Path
    ) -> None:
        self._number = number
        self._limit = call_limit
        self._arguments = (environment, str(site_packages), str(log))
        self._lock = threading.Lock()
        self._waiting: set[ProcessFuture[Outcome]] = set()
        self._closed = False
        self._pool = self._new_pool()

    def warm_up(self) -> None:
        """Start the processes without waiting for them."""
        with self._lock:
            self._living_pool().schedule(ready)

    def call(self, job: Job) -> Outcome:
        """Run one job and wait for its outcome.

        Raises: WorkerFailed.
        """
        future = self._schedule(job)
        try:
            return future.result()
        except TimeoutError:
            raise WorkerFailed(f"{job.method} was stopped: it did not return within {self._limit:g} s") from None
        except ProcessExpired as ended:
            raise WorkerFailed(f"the worker process ended during {job.method} (exit code {ended.exitcode})") from None
        except (BrokenProcessPool, CancelledError):
            raise WorkerFailed(f"the worker processes ended during {job.method}") from None
        finally:
            with self._lock:
                self._waiting.discard(future)

    def interrupt(self, grace: float) -> None:
        """Give the calls under way so many seconds, then end them with their processes; others take their place."""
        until = time.monotonic() + grace
        while self._waiting and time.monotonic() < until:
            time.sleep(LOOK_AGAIN_AFTER)
        with self._lock:
            if self._waiting and not self._closed:
                self._end()
                self._pool = self._new_pool()

    def close(self) -> None:
        """End the processes; whoever waits for one gets WorkerFailed."""
        with self._lock:
            self._closed = True
            self._end()

    def _end(self) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
        # Pebble leaves the calls of a stopped pool unanswered.
        for future in list(self._waiting):
            future.cancel()  # type: ignore[no-untyped-call]

    def _schedule(self, job: Job) -> ProcessFuture[Outcome]:
        with self._lock:
            if self._closed:
                raise WorkerFailed("the lab is stopping")
            future = self._living_pool().schedule(run, args=(job,), timeout=self._limit)
            self._waiting.add(future)
            return future

    def _living_pool(self) -> ProcessPool:
        # A worker that dies while idle (the machine may be short of memory) breaks Pebble's pool for good.
        if not self._pool.active:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = self._new_pool()
        return self._pool

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._number,
            initializer=prepare,
            initargs=self._arguments,
            context=multiprocessing.get_context("spawn"),
        )
