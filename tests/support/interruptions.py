"""What may happen between a playbook's steps and FortiSOAR's own API: something else, a refusal, an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lab.fortisoar.playbooks.asking import Inside
from lab.fortisoar.playbooks.running import Stopped
from lab.fortisoar.playbooks.service import Playbooks

REFUSED, LOST, CUT = "refused", "lost", "cut"
FAILURE = (500, {"message": "Injected error", "type": "Error"})


class Interruptions:
    """Stands in the place of what asks FortiSOAR from inside.

    ``before`` is called with the method and path of each request. ``kind`` is what becomes of the request of the number
    ``at``: it is refused; or it is done, and its answer is lost; or the run ends there, as if the lab had been killed.
    ``requests`` is how many there were.
    """

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self.before: Callable[[str, str], object] = lambda method, path: None
        self.begin()

    def begin(self, kind: str = "", at: int = 0) -> None:
        """Count the requests anew."""
        self.kind, self.at, self.requests = kind, at, 0

    @property
    def struck(self) -> bool:
        """Whether it has happened."""
        return 0 < self.at <= self.requests

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send one request, or what is done with it."""
        self.before(method, path)
        self.requests += 1
        if self.kind == CUT and self.struck:
            raise Stopped
        if self.requests != self.at:
            return self._inside.ask(method, path, body)
        if self.kind == LOST:
            self._inside.ask(method, path, body)
        return FAILURE

    def close(self) -> None:
        """Stop what it stands for."""
        self._inside.close()


@contextmanager
def interruptions(playbooks: Playbooks) -> Iterator[Interruptions]:
    """Stand between until the end of the block."""
    inside = playbooks._inside
    assert isinstance(inside, Inside)
    playbooks._inside = between = Interruptions(inside)  # type: ignore[assignment]
    try:
        yield between
    finally:
        playbooks._inside = inside


@contextmanager
def before_storing(playbooks: Playbooks, act: Callable[[], object]) -> Iterator[None]:
    """Let something happen once, just before a playbook stores records in bulk."""
    with interruptions(playbooks) as between:

        def look(method: str, path: str) -> None:
            if path.startswith("/api/3/bulkupsert/"):
                between.before = lambda method, path: None
                act()

        between.before = look
        yield
