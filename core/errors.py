"""The few kinds of failure, and the one table from an HTTP status to its kind.

Every failure says what happened, where, what to do, and whether anything was changed. It never changes itself.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping, Optional, Type, TypeVar

CHANGED = {
    "no": "Nothing was changed.",
    "yes": "The change was made.",
    "unknown": "Whether anything was changed is unknown.",
    "partly": "A part of it was done. Running it again finishes the rest.",
}
SHOWN = 60  # characters of an offending value in a message

Kind = TypeVar("Kind", bound="Failure")


class Failure(Exception):
    """A failure that an analyst can act on. It is a value: whoever knows more makes another one with ``but``.

    Parameters:
        happened: what happened and where, a clause without a full stop at its end.
        advice: what to do about it, whole sentences.
        changed: "no", "yes", "unknown" or "partly"; default is the kind's own.
        attempts: how often the request was tried.
        request: the request as results show it (``method``, ``path``, ``status``), empty where none was sent.
    """

    goal: str = ""
    advice: str = ""
    changed: str = "no"
    may_still_come: bool = False  # whether the product may carry it out later, even after a read that shows nothing

    def __init__(
        self,
        happened: str,
        advice: Optional[str] = None,
        changed: Optional[str] = None,
        attempts: int = 0,
        request: Optional[Mapping[str, Any]] = None,
    ) -> None:
        super().__init__(happened)
        given = {"advice": advice, "changed": changed}
        self.__dict__.update(happened=happened, attempts=attempts, request=dict(request or {}))
        self.__dict__.update({name: value for name, value in given.items() if value is not None})

    happened: str
    attempts: int
    request: Dict[str, Any]

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("__"):  # Python itself sets __traceback__ and its like
            raise AttributeError(f"a failure is not altered; make another one with but({name}=...)")
        super().__setattr__(name, value)

    def but(self: Kind, **details: Any) -> Kind:
        """Return the same failure with other details, such as ``advice`` or ``changed``."""
        other = type(self).__new__(type(self), *self.args)
        other.__dict__.update(self.__dict__, **details)
        return other

    @property
    def is_ambiguous(self) -> bool:
        """Whether the change may have been made all the same, so that only a read can tell."""
        return self.changed == "unknown"

    @property
    def sentence(self) -> str:
        """What was attempted and what happened instead."""
        return f"Could not {self.goal}: {self.happened}." if self.goal else f"{self.happened}."

    @property
    def explanation(self) -> str:
        """What happened and what to do, for lists that say elsewhere whether anything was changed."""
        return f"{self.sentence} {self.advice}".rstrip()

    def __str__(self) -> str:
        return " ".join(part for part in (self.sentence, CHANGED[self.changed], self.advice) if part)


class InvalidInput(Failure):
    """Parameters or configuration that cannot be right. Lists every problem; nothing was sent."""

    problems: List[str]

    def __init__(self, *problems: str, subject: str = "The parameters are not valid") -> None:
        super().__init__(f"{subject}: {' '.join(problems)}".rstrip("."))
        self.__dict__["problems"] = list(problems)


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
    """No answer within the time."""

    may_still_come = True


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
    """Too many requests."""


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
    except Failure as failure:
        raise failure if failure.goal else failure.but(goal=goal) from None


def written(value: Any) -> str:
    """Return a value as text, others than texts as JSON."""
    try:
        return value if isinstance(value, str) else json.dumps(value, default=str)
    except (ValueError, RecursionError):  # it holds itself, or is nested too deeply
        return type(value).__name__


def shown(value: Any, most: int = SHOWN) -> str:
    """Return a value as messages quote it, shortened."""
    return repr(cut(written(value), most))


def cut(text: str, most: int) -> str:
    """Return a text, or its beginning where it is too long for a message."""
    return text if len(text) <= most else text[: most - 3] + "..."
