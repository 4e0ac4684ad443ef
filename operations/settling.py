"""Changing an outage's state: sent again only after a read has shown that it is not done."""

from __future__ import annotations

from typing import Callable, List, NamedTuple, Optional

from ..clients.context import Context
from ..clients.fortimonitor.models import Outage
from ..core.errors import AnswerBroken, Failure, MethodNotAllowed, NotFound, Rejected
from ..core.http.answers import Answer
from .results import Result, already_done, changed_after, done, read_back

MOST_TRIES = 3
NO_CONTENT = 204


def nothing_to_add(_outage: Outage, _failure: Failure) -> None:
    """Know nothing more of a refusal than FortiMonitor said."""


class Change(NamedTuple):
    """A change of an outage's state.

    Parameters:
        send: sends it.
        is_done: whether an outage, as it was read, shows it.
        undone: what an outage that does not show it still is, such as "active".
        why_refused: the failure that an outage's state explains, if it does; default is what FortiMonitor said.
        may_repeat: whether it is harmless to send it twice. What is not, does more than a read shows.
    """

    send: Callable[[], Answer]
    is_done: Callable[[Outage], bool]
    undone: str
    why_refused: Callable[[Outage, Failure], Optional[Failure]] = nothing_to_add
    may_repeat: bool = True


def settle(context: Context, outage_id: int, change: Change) -> Result:
    """Make a change and return its result, or raise with what is known of it."""
    attempts = 0
    earlier: List[Failure] = []
    while True:
        try:
            answer = change.send()
            confirmed_by = _confirmation(context, outage_id, change, answer)
            return {**done(answer, confirmed_by), "attempts": attempts + answer.attempts}
        except Failure as raised:
            attempts += raised.attempts
            failure = raised.but(attempts=attempts)
            result = _result_after(context, outage_id, change, failure, earlier)
            if result is not None:
                return result
            earlier.append(failure)
            is_last = attempts >= MOST_TRIES or not change.may_repeat
            if is_last or not context.deadline.wait(context.deadline.backoff(attempts)):
                raise failure.but(
                    changed=changed_after(earlier) if change.may_repeat else "unknown",
                    advice=f"It was read back and is still {change.undone}. {failure.advice}".rstrip(),
                ) from None


def _confirmation(context: Context, outage_id: int, change: Change, answer: Answer) -> str:
    """Return what confirms a change: the answer, or a read where the answer may be somebody else's.

    FortiMonitor's schema says 204, its documentation 200; an empty 200 is also what a proxy may send. Raises
    AnswerBroken if the outage does not show the change.
    """
    if answer.status == NO_CONTENT:
        return "response"
    try:
        is_done = change.is_done(context.fortimonitor.outage(outage_id))
    except Failure:
        return "response"
    if not is_done:
        raise answer.failure(AnswerBroken, f"FortiMonitor answered {answer.status} to {answer.request} without effect")
    return "read_back"


def _result_after(
    context: Context, outage_id: int, change: Change, failure: Failure, earlier: List[Failure]
) -> Optional[Result]:
    """Settle a failed change by a read: return the result, None if it may be repeated, or raise.

    Parameters:
        earlier: the ambiguous failures of earlier tries, after each of which a read showed it undone.
    """
    if not failure.is_ambiguous:
        failure = failure.but(changed=changed_after(earlier))
    # What FortiMonitor answers for a state that does not allow it is documented nowhere: 400, 404 and 405 are likely.
    if not failure.is_ambiguous and type(failure) not in (Rejected, NotFound, MethodNotAllowed):
        raise failure
    try:
        outage = context.fortimonitor.outage(outage_id)
    except Failure:
        raise failure from None
    if change.is_done(outage):
        return read_back(failure) if failure.is_ambiguous or earlier else already_done(failure)
    if failure.is_ambiguous:
        return None
    raise change.why_refused(outage, failure) or failure
