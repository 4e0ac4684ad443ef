"""What a parameter of a fault may be: a check, and the words for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LONGEST = 86_400


@dataclass(frozen=True)
class Values:
    """The values that a parameter takes.

    Parameters:
        words: what they are, to follow "must be".
        hold: whether a value is one of them.
    """

    words: str
    hold: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_printable(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and value.isprintable()


def _is_header_value(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and (not value or value.isprintable())


def _is_header_name(name: str) -> bool:
    return bool(name) and name.isascii() and all(sign.isalnum() or sign in "-_" for sign in name)


def _are_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_header_name(n) and _is_header_value(v) for n, v in value.items())


def _is_body(value: Any) -> bool:
    # JSON can spell half a surrogate pair, which has no UTF-8.
    return isinstance(value, str) and value == value.encode("utf-8", "replace").decode("utf-8")


def _is_pattern(value: Any) -> bool:
    return _is_printable(value) and value[0] in "/*"


def counts(first: int) -> Values:
    """Return the whole numbers from a first one on."""
    return Values(f"a whole number from {first} on", lambda value: type(value) is int and value >= first)


def one_of(*allowed: str) -> Values:
    """Return a choice of texts."""
    return Values(" or ".join(f'"{each}"' for each in allowed), lambda value: value in allowed)


def optional(values: Values) -> Values:
    """Return values that may also be null."""
    return Values(f"{values.words}, or null", lambda value: value is None or values.hold(value))


SECONDS = Values(f"a number of seconds from 0 to {LONGEST}", lambda value: _is_number(value) and 0 <= value <= LONGEST)
STATUS = Values("an HTTP status from 200 to 599", lambda value: type(value) is int and 200 <= value <= 599)
HEADERS = Values("an object of header names and ASCII texts", _are_headers)
HEADER = Values("an ASCII text of one line", _is_header_value)
BODY = Values("a text", _is_body)
METHOD = Values(
    "an HTTP method in capitals", lambda value: _is_printable(value) and value.isalpha() and value.isupper()
)
PATTERN = Values('a path or a pattern of one that begins with "/" or "*"', _is_pattern)
