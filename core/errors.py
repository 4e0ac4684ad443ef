"""The few kinds of failure, and the one table from an HTTP status to its kind.

Every failure says what happened, where, what to do, and whether anything was changed.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Type

CHANGED = {
    "no": "Nothing was changed.",
    "yes": "The change was made.",
    "unknown": "Whether anything was changed is unknown.",
    "partly": "A part of it was done. Running it again finishes the rest and repeats nothing.",
}
SHOWN = 60  # characters of an offending value in a message


class Failure(Exception):
    """A failure that an analyst can act on.

    Parameters:
        happened: what happened and where, a clause without a full stop at its end.
        advice: what to do about it, whole sentences.
        changed: "no", "yes", "unknown" or "partly"; default is the kind's own.
    """

    advice = ""
    changed = "no"

    def __init__(self, happened: str, advice: Optional[str] = None, changed: Optional[str] = None) -> None:
        super().__init__(happened)
        self.happened = happened
        self.goal = ""
        self.attempts = 0
        self.request: Dict[str, Any] = {}
        if advice is not None:
            self.advice = advice
        if changed is not None:
            self.changed = changed

    def after(self, attempts: int, request: Dict[str, Any]) -> Failure:
        """Note how often which request was tried, and return the failure itself."""
        self.attempts, self.request = attempts, request
        return self

    @property
    def is_ambiguous(self) -> bool:
        """Whether the change may have been made all the same, so that only a read can tell."""
        return self.changed == "unknown"

    @property
    def sentence(self) -> str:
        """What was attempted and what happened instead."""
        return f"Could not {self.goal}: {self.happened}." if self.goal else f"{self.happened}."

    def __str__(self) -> str:
        return " ".join(part for part in (self.sentence, CHANGED[self.changed], self.advice) if part)


class InvalidInput(Failure):
    """Parameters or configuration that cannot be right. Lists every problem; nothing was sent."""

    def __init__(self, subject: str, problems: List[str]) -> None:
        super().__init__(f"{subject}: {' '.join(problems)}".rstrip("."))
        self.problems = problems


class UnknownOperation(Failure):
    """An operation that info.json does not declare."""


class ProductNotConfigured(Failure):
    """An action of a product that the configuration leaves switched off."""


class Unreachable(Failure):
    """No connection, so that provably nothing was sent."""


class UntrustedServer(Unreachable):
    """A connection that TLS refused before anything was sent. Trying again does not help."""


class OutcomeUnknown(Failure):
    """The request left, and no trustworthy answer came back."""

    changed = "unknown"


class AnswerLate(OutcomeUnknown):
    """No answer within the time. The product may still carry the request out, even after a read that shows nothing."""


class AnswerLost(OutcomeUnknown):
    """The connection broke before the answer was whole."""


class AnswerBroken(OutcomeUnknown):
    """A complete answer that does not keep the product's contract, such as a login page under 200."""


class Redirected(Failure):
    """An answer that sends the request elsewhere. Redirects are never followed."""


class Rejected(Failure):
    """The product understood the request and refused it."""


class AuthenticationFailed(Rejected):
    """The credentials are not valid."""


class PermissionDenied(Rejected):
    """The credentials are valid, but may not do this."""


class NotFound(Rejected):
    """The thing asked for does not exist."""


class MethodNotAllowed(Rejected):
    """The product does not take this method here."""


class RateLimited(Rejected):
    """Too many requests. ``retry_after`` is the seconds to wait, None if the product did not say."""

    retry_after: Optional[float] = None


class AlreadyExists(Failure):
    """There is an incident with this correlation id, and the analyst asked to be told so."""


class AlreadyClosed(Failure):
    """An incident that is cleared, so that there is nothing to raise."""


class NotResolvable(Failure):
    """An incident that must not, or cannot, be force-resolved."""


class HalfDone(Failure):
    """An action on both products of which one side is done and the other is not. Says which is which."""

    changed = "partly"


class ProductFailed(Failure):
    """The product failed while it worked on the request; a write may have been made all the same."""

    changed = "unknown"


STATUS_KINDS: Dict[int, Type[Failure]] = {
    400: Rejected,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    405: MethodNotAllowed,
    429: RateLimited,
}


def kind_of_status(status: int) -> Type[Failure]:
    """Return the kind of failure that an HTTP status outside 2xx means."""
    if status in STATUS_KINDS:
        return STATUS_KINDS[status]
    if 300 <= status < 400:
        return Redirected
    return Rejected if 400 <= status < 500 else ProductFailed


@contextmanager
def attempting(goal: str) -> Iterator[None]:
    """Give every failure inside the block its goal, as in "Could not <goal>: ..."; an inner goal stands."""
    try:
        yield
    except Failure as error:
        error.goal = error.goal or goal
        raise


def shown(value: Any) -> str:
    """Return a value as messages quote it, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")
