"""The one story of every write: sent once, read back, and sent again only where a read proves that it is undone.

What happened on the way is evidence; nothing that failed is altered. Evidence becomes a result here, or a failure in
the words of the write itself.
"""

from __future__ import annotations

from typing import Any, Callable, Generic, NamedTuple, Optional, Sequence, Tuple, Type, TypeVar

from ..core.deadline import Deadline
from ..core.errors import AnswerBroken, AnswerLate, Failure, MethodNotAllowed, NotFound, Rejected
from ..core.http.answers import Answer, wait_and_look
from .results import Result

MOST_ATTEMPTS = 3
LOOKS = (0, 1, 2)  # seconds to wait before each look for something new, which may show late
ACCEPTED = 202  # to be done later, as it says itself
NO_CONTENT = 204

Shown = TypeVar("Shown")


class Evidence(NamedTuple):
    """What is known of a write.

    Parameters:
        failures: what each try came to that the product did not take.
        answer: the product's, where it took the write.
        confirmed_by: what confirms that answer: "response", "read_back", or None where the product said no more.
        shown: what a read showed after the last failure: done (True), undone (False), or nothing to go by (None).
    """

    failures: Tuple[Failure, ...] = ()
    answer: Optional[Answer] = None
    confirmed_by: Optional[str] = None
    shown: Optional[bool] = None

    @property
    def attempts(self) -> int:
        """How often the request was tried."""
        return sum(failure.attempts for failure in self.failures) + (self.answer.attempts if self.answer else 0)

    @property
    def request(self) -> Result:
        """The last request, empty where none was sent."""
        if self.answer:
            return self.answer.request.shown(self.answer.status)
        return self.failures[-1].request if self.failures else {}

    @property
    def is_done(self) -> bool:
        """Whether the product took it, or a read shows it."""
        return self.answer is not None or self.shown is True

    @property
    def is_ours(self) -> bool:
        """Whether it was done by this write, as far as anybody can tell: something was sent that was not refused."""
        return self.answer is not None or any(failure.is_ambiguous for failure in self.failures)

    @property
    def changed(self) -> str:
        """Whether a write that is not done changed anything: "no" or "unknown".

        A request that came too late for an answer may still be carried out, after the read that shows nothing. What was
        late before the write itself was sent, such as a token, leaves nothing to be carried out.
        """
        open_ones = [failure for failure in self.failures if failure.is_ambiguous]
        is_open = self.failures[-1].is_ambiguous and self.shown is None
        return "unknown" if is_open or any(failure.may_still_come for failure in open_ones) else "no"

    def result(self, **own: Any) -> Result:
        """Return the result of a write that is done, with what its action adds."""
        return {
            "outcome": "done" if self.is_ours else "already_done",
            "changed": self.is_ours,
            "confirmed_by": self.confirmed_by if self.answer else "read_back",
            "attempts": self.attempts,
            "request": self.request,
            "warning": None,
            **own,
        }


ALREADY_DONE = Evidence(shown=True)


class Accepted(NamedTuple):
    """An answer that takes the write, and what confirms it."""

    answer: Answer
    confirmed_by: Optional[str] = "response"


class Write:
    """Something to be written once.

    ``waits`` are the seconds before each look, ``explained`` the kinds of refusal that are worth a look.
    """

    waits: Sequence[float] = (0,)
    explained: Tuple[Type[Failure], ...] = ()

    def send(self) -> Accepted:
        """Send it. Raises Failure where the product did not take it."""
        raise NotImplementedError

    def look(self) -> Optional[bool]:
        """Read whether it is done; None where nothing shows it."""
        return None

    @property
    def may_repeat(self) -> bool:
        """Whether it is harmless to send it twice."""
        return False

    def failure(self, evidence: Evidence) -> Failure:
        """Return what the analyst is told where it is not done."""
        return evidence.failures[-1].but(attempts=evidence.attempts, changed=evidence.changed)


class Once(Write):
    """Something that no read shows, such as a page to people.

    Parameters:
        send: sends it.
    """

    def __init__(self, send: Callable[[], Answer]) -> None:
        self._send = send

    def send(self) -> Accepted:
        """Send it."""
        return Accepted(self._send())


class StateChange(Write, Generic[Shown]):
    """A change of a state that a read shows.

    Parameters:
        send: sends it.
        read: reads the thing.
        shows: whether the thing, as it was read, has the state; None where that cannot be told.
        undone: what a thing is that does not have it, such as "active".
        explain: the failure that a thing's state explains, from the thing and the refusal.
        may_repeat: whether it is harmless to send it twice. What is not, does more than a read shows.

    ``last_read`` is the thing as it was read last, None as long as it was not, ``shown`` whether it showed the state.
    """

    # What FortiMonitor answers for a state that forbids a change is documented nowhere; 400, 404 and 405 are likely.
    explained = (Rejected, NotFound, MethodNotAllowed)

    def __init__(
        self,
        send: Callable[[], Answer],
        read: Callable[[], Shown],
        shows: Callable[[Shown], Optional[bool]],
        undone: str = "as it was",
        explain: Optional[Callable[[Shown, Failure], Optional[Failure]]] = None,
        may_repeat: bool = True,
    ) -> None:
        self._send, self._read, self._shows, self._undone, self._explain = send, read, shows, undone, explain
        self._may_repeat = may_repeat
        self.last_read: Optional[Shown] = None
        self.shown: Optional[bool] = None

    @property
    def may_repeat(self) -> bool:
        """Whether it is harmless to send it twice."""
        return self._may_repeat

    def send(self) -> Accepted:
        """Send it, and read it back where the answer may be somebody else's.

        FortiMonitor's schema says 204, its documentation 200; an empty 200 is also what a proxy may send.
        """
        answer = self._send()
        if answer.status == NO_CONTENT:
            return Accepted(answer)
        try:
            shown = self.look()
        except Failure:
            shown = None
        if shown or (shown is None and answer.status != ACCEPTED):
            return Accepted(answer, "read_back" if shown else "response")
        where = f"FortiMonitor answered {answer.status} to {answer.request}"
        if answer.status == ACCEPTED:
            raise answer.failure(AnswerLate, f"{where}, to be done later", wait_and_look("FortiMonitor"))
        raise answer.failure(AnswerBroken, f"{where} without effect")

    def look(self) -> Optional[bool]:
        """Read whether it has the state."""
        self.last_read = self._read()
        self.shown = self._shows(self.last_read)
        return self.shown

    def failure(self, evidence: Evidence) -> Failure:
        """Return what the analyst is told: the state it is still in, or what of its state explains the refusal."""
        failure = super().failure(evidence)
        if not failure.is_ambiguous and self._explain and evidence.shown is False and self.last_read is not None:
            failure = self._explain(self.last_read, failure) or failure
        if not evidence.failures[-1].is_ambiguous or evidence.shown is None:
            return failure
        changed = failure.changed if self.may_repeat else "unknown"
        return failure.but(
            changed=changed, advice=f"It was read back and is still {self._undone}. {failure.advice}".rstrip()
        )


def carry_out(write: Write, deadline: Deadline) -> Evidence:
    """Send a write, settle by reading what became of it, and return the evidence that it is done.

    Raises the failure that the write makes of evidence that it is not, or that nobody can tell.
    """
    evidence = Evidence()
    while True:
        try:
            answer, confirmed_by = write.send()
            return evidence._replace(answer=answer, confirmed_by=confirmed_by)
        except Failure as failure:
            is_worth_a_look = failure.is_ambiguous or type(failure) in write.explained
            shown = _looked(write, deadline) if is_worth_a_look else None
            evidence = evidence._replace(failures=(*evidence.failures, failure), shown=shown)
            if evidence.is_done:
                return evidence
            may_repeat = failure.is_ambiguous and shown is False and write.may_repeat
        attempts = evidence.attempts
        if not may_repeat or attempts >= MOST_ATTEMPTS or not deadline.wait(deadline.backoff(attempts)):
            raise write.failure(evidence)


def _looked(write: Write, deadline: Deadline) -> Optional[bool]:
    """Look until it shows, after each of the write's waits. A look that fails settles nothing."""
    shown = None
    for _ in deadline.after_each(write.waits):
        try:
            shown = write.look()
        except Failure:
            continue
        if shown:
            return True
    return shown
