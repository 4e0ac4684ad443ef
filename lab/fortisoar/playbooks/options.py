"""What a step's options say: loops, repetitions, time-outs. Whatever stands there, the step fails in words."""

from __future__ import annotations

import math
from typing import Any

from ...kit.whole_numbers import whole_number
from .definitions import Row

UNSET: tuple[Any, ...] = (None, "", [], {})  # PHP writes an empty object as an empty list
LONGEST = 10**9  # seconds; the lab's clock goes no further
UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


class BadOption(Exception):
    """An option of a step that is not what it has to be; the text says which."""


def an_object(value: Any, name: str) -> Row:
    """Return an object; an empty one for what is not set.

    Raises: BadOption.
    """
    if value in UNSET:
        return {}
    if not isinstance(value, dict):
        raise BadOption(f"{name} must be an object, and is {shown(value)}")
    return value


def objects(value: Any, name: str) -> list[Row]:
    """Return a list of objects; an empty one for what is not set.

    Raises: BadOption.
    """
    if value in UNSET:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise BadOption(f"{name} must be a list of objects, and is {shown(value)}")
    return value


def count(value: Any, name: str, default: int, least: int = 0) -> int:
    """Return a whole number.

    Raises: BadOption.
    """
    if value in UNSET:
        return default
    number = whole_number(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else None
    if number is None or number < least:
        raise BadOption(f"{name} must be a whole number from {least} on, and is {shown(value)}")
    return number


def seconds(value: Any, name: str) -> float:
    """Return a number of seconds, 0 for what is not set.

    Raises: BadOption.
    """
    if value in UNSET:
        return 0.0
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 <= number <= LONGEST:
        raise BadOption(f"{name} must be a number from 0 to {LONGEST}, and is {shown(value)}")
    return number


def span(value: Any, name: str) -> float:
    """Return the seconds of an object with days, hours, minutes and seconds.

    Raises: BadOption.
    """
    spans = an_object(value, name)
    return sum(seconds(spans.get(unit), f"{name}.{unit}") * length for unit, length in UNITS.items())


def shown(value: Any) -> str:
    """Return a value as a sentence shows it, not longer than that can bear."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
