"""What is computed when it is first asked for.

``functools.cached_property`` has one lock for all objects of a class before Python 3.12: calls in other threads would
wait for each other, and a process that is forked meanwhile for ever.
"""

from __future__ import annotations

from typing import Any, Callable, Generic, Optional, TypeVar

Value = TypeVar("Value")


class lazy(Generic[Value]):
    """An attribute that is computed once for each object. Two threads at the same object may each compute it."""

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __get__(self, instance: Any, owner: Optional[type] = None) -> Value:
        value = self._compute(instance)
        instance.__dict__[self._compute.__name__] = value  # which from now on comes first
        return value
