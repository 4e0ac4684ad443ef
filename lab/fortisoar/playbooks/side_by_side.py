"""Work that is done side by side, in threads that all loops share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from threading import Lock

Job = Callable[[], None]


def do_side_by_side(threads: Executor, jobs: Iterable[Job], most: int) -> None:
    """Do all jobs, some of them at the same time; when one raises, no further one begins.

    The caller's own thread works too. So the loops of playbooks that call each other cannot take all threads and then
    wait for one.

    Parameters:
        most: how many may be at work at once.
    Raises: what a job raised; of several that of the first, in their order.
    """
    left, lock = deque(enumerate(jobs)), Lock()
    failed: dict[int, BaseException] = {}

    def work() -> None:
        while True:
            with lock:
                if failed or not left:
                    return
                number, job = left.popleft()
            try:
                job()
            except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
                failed[number] = error

    helpers = [threads.submit(work) for _ in range(min(most, len(left)) - 1)]
    work()
    for helper in helpers:
        if not helper.cancel():
            helper.result()
    if failed:
        raise failed[min(failed)]
