"""Who makes the request that is being answered, for whatever writes down an author."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from .shapes import SELF_AGENT

PERSON = f"/api/3/people/{SELF_AGENT}"  # the person that every FortiSOAR of the lab begins with


@dataclass(frozen=True)
class Caller:
    """One principal and the session it came in with.

    Parameters:
        kind: a person, an API key, the appliance itself (its workflow engine and connectors), a person who must set a
            new password first, or anybody.
        account: the uuid of its row in the store of logins.
        loginid: its name there.
        actor: the IRI of its record.
        session: of a person's token.
        address: where the request came from.
    """

    kind: Literal["person", "key", "appliance", "newcomer", "anybody"]
    account: str = ""
    loginid: str = ""
    actor: str = PERSON
    session: str = ""
    address: str = ""

    @property
    def author(self) -> str:
        """Return the person that records are written by; that of a key is the administrator: assumed, no source."""
        return self.actor if self.kind == "person" else PERSON


APPLIANCE = Caller("appliance", loginid="appliance")
_current: ContextVar[Caller] = ContextVar("caller", default=APPLIANCE)


def caller() -> Caller:
    """Return who makes the request that is being answered; outside of one, the appliance itself."""
    return _current.get()


def set_caller(who: Caller) -> None:
    """Say who makes the request of this task: each request has a task, and so a context, of its own."""
    _current.set(who)
