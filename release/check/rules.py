"""What a rule is, what it finds, and the list of all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .package import Package

OFFICIAL = (
    "The checks that run on every contribution to Fortinet's repositories ask for it."  # the reason of many rules
)


class Scope(Enum):
    """Who or what objects if a rule is broken."""

    IMPORT = "FortiSOAR's importer refuses it"
    OFFICIAL = "the checks of Fortinet's repositories refuse it"
    KIT = "the development kit's validation refuses it"
    APPLIANCE = "it goes wrong on an appliance"
    READER = "it misleads who reads or maintains it"
    CONTRIBUTE = "only for a contribution to Fortinet's repositories"


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Found:
    """One place where a rule is broken.

    Parameters:
        where: a file, or a place within one.
        value: what is there, shortened; never a secret.
        allowed: what may be there, where that is short to say.
    """

    where: str
    value: str = ""
    allowed: str = ""


Look = Callable[[Package], Iterator[Found]]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Parameters:
        id: what it is called in reports, such as FSR101.
        title: what must hold, as a sentence.
        why: the reason, with its evidence.
        fix: what to do.
        look: finds where it is broken.
    """

    id: str
    title: str
    why: str
    fix: str
    scope: Scope
    severity: Severity
    look: Look


RULES: dict[str, Rule] = {}


def rule(id: str, why: str, fix: str, scope: Scope, severity: Severity = Severity.ERROR) -> Callable[[Look], Look]:
    """Make a rule of a function; its docstring is the rule's title."""

    def register(look: Look) -> Look:
        assert look.__doc__
        assert id not in RULES
        RULES[id] = Rule(id, look.__doc__.strip(), why, fix, scope, severity, look)
        return look

    return register


def shown(value: Any) -> str:
    """Return a value as a finding shows it."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
