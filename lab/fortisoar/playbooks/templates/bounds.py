"""What a template may take of the lab: so much time, and values of such a size.

A template runs in the lab's own process, whose other threads wait while Python works on one operation. So operations
whose result would be too large are refused before they begin, and loops look at the clock.
"""

from __future__ import annotations

import functools
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

LONGEST = 20.0  # seconds of one template
LARGEST = 10**6  # characters of a text, items of a list, levels and leaves of a value
MOST_BITS = 10**5  # of a whole number

Function = Callable[..., Any]


class OutOfBounds(Exception):
    """A template takes more than it may."""


class _Running(threading.local):
    """The template that this thread renders: when it has to end, and what looks whether it may go on."""

    until = float("inf")

    @staticmethod
    def go_on() -> None:
        """Raise what ends the rendering, if it has to end."""


_running = _Running()


@contextmanager
def limited(go_on: Callable[[], None]) -> Iterator[None]:
    """Limit the time of what is rendered in the block; a template that another one renders has no time of its own."""
    if _running.until < float("inf"):
        yield
        return
    _running.until, _running.go_on = time.monotonic() + LONGEST, go_on  # type: ignore[method-assign]
    try:
        yield
    finally:
        del _running.until, _running.go_on


def look() -> None:
    """Raise if the template has had its time, or the lab stops."""
    _running.go_on()
    if time.monotonic() > _running.until:
        raise OutOfBounds(f"it takes longer than {LONGEST:g} s")


def ticking(items: Iterable[Any]) -> Iterator[Any]:
    """Yield the items, and look at the clock before each."""
    for item in items:
        look()
        yield item


def listed(items: Iterable[Any]) -> list[Any]:
    """Return the items as a list, unless there are too many."""
    found = list(itertools.islice(items, LARGEST // 10 + 1))
    return found if len(found) <= LARGEST // 10 else _refuse()


def check_operation(operator: str, left: Any, right: Any) -> None:
    """Refuse an operation whose result would be too large."""
    if operator == "%" and isinstance(left, str):
        check_format(left)
    elif operator == "+":
        check_size(_size(left) + _size(right))
    elif isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * max(right, 0) if operator == "**" else left.bit_length() + right.bit_length()
        check_size(bits, MOST_BITS)
    elif operator == "*" and isinstance(left, int) | isinstance(right, int):
        check_size(max(_size(left), 1) * right if isinstance(right, int) else max(_size(right), 1) * left)


def check_call(function: Any, arguments: Iterable[Any]) -> None:
    """Refuse a method of a text that would make a text too large."""
    owner, given = getattr(function, "__self__", None), list(arguments)
    if not isinstance(owner, (str, bytes)):
        return
    check_numbers(given)
    name = getattr(function, "__name__", "")
    if name == "replace" and len(given) > 1:
        check_size(len(owner) + owner.count(given[0]) * len(given[1]))
    if name == "join" and given:
        _check_joined(given[0], str(owner))


def check_format(form: str) -> None:
    """Refuse a format with a width or a precision that is large, or that an argument gives."""
    if re.search(r"\d{5}|%[^a-zA-Z%]*\*|\{[^{}]*\{", form):
        raise OutOfBounds("a width or precision of a format is too large, or given by an argument")


def check_numbers(values: Iterable[Any]) -> None:
    """Refuse a number that no width or count of a template is."""
    for value in values:
        if isinstance(value, int):
            check_size(value)


def check_size(size: float, largest: int = LARGEST) -> None:
    """Refuse a size that is too large."""
    if size > largest:
        _refuse()


def check_value(value: Any) -> None:
    """Refuse a value that would be too large when it is written: lists may hold one another many times."""
    left, level = LARGEST, [value]
    while level:
        left -= sum(max(len(each), 1) if isinstance(each, str) else 1 for each in level)
        if left < 0:
            _refuse()
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each if isinstance(each, list | tuple) else ())
        ]


def text_of(parts: Iterable[Any]) -> str:
    """Return values joined to one text."""
    texts, size = [], 0
    for part in parts:
        if isinstance(part, dict | list | tuple):
            check_value(part)
        texts.append(str(part))
        size += len(texts[-1])
        check_size(size, 10 * LARGEST)
    return "".join(texts)


def bounded_filters(filters: dict[str, Function]) -> dict[str, Function]:
    """Return those of Jinja's own filters that could make something too large, with a look before."""
    looks: dict[str, Function] = {
        "join": lambda context, value, d="", attribute=None: _check_joined(value, str(d)),
        "replace": lambda context, s, old, new, count=None: check_size(len(str(s)) + str(s).count(old) * len(str(new))),
        "format": lambda value, *arguments, **named: check_format(str(value)),
        **dict.fromkeys(("center", "indent", "batch", "slice", "truncate"), _check_arguments),
    }
    return {name: _after(look_first, filters[name]) for name, look_first in looks.items()}


def _after(look_first: Function, filtered: Function) -> Function:
    @functools.wraps(filtered)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        look_first(*arguments, **named)
        return filtered(*arguments, **named)

    return wrapped


def _check_arguments(*arguments: Any, **named: Any) -> None:
    check_numbers([*arguments, *named.values()])


def _check_joined(items: Any, separator: str) -> None:
    if isinstance(items, list | tuple):
        check_size(sum(_size(item) + len(separator) for item in items), 10 * LARGEST)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes | list | tuple) else 0


def _refuse() -> Any:
    raise OutOfBounds("a value of it would be too large")
