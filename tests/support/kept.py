"""What the package keeps between two calls: whatever can be reached from its modules and from its own objects.

Counted is what the package holds, not what the process does: memory that the test runner or a server takes meanwhile
does not show, and the same calls give the same number in every run.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import Iterable
from types import FrameType, FunctionType, ModuleType
from typing import Any

from tests.support.package import connector

# What a module imports is not its own, what a log keeps is the platform's, and a frame is of a call under way.
NOT_ITS_OWN = (ModuleType, logging.Logger, FrameType)
TEXTS = (str, bytes, bytearray)
NUMBERS = (int, float, complex, type(None))


def kept() -> int:
    """Return how much the package keeps: one for each reference from one thing to another, and one for each character."""
    gc.collect()
    package = type(connector()).__module__.rpartition(".")[0]
    waiting = [vars(module) for name, module in list(sys.modules.items()) if name.startswith(package)]
    waiting += [each for each in gc.get_objects() if _is_of(type(each), package)]
    seen: dict[int, Any] = {}  # by id, and held, so that no id is given twice
    number = 0
    while waiting:
        each = waiting.pop()
        if isinstance(each, TEXTS):
            number += len(each)
        elif not isinstance(each, NUMBERS) and id(each) not in seen:
            seen[id(each)] = each
            held = list(_held_by(each, package))
            number += len(held)
            waiting += held
    return number


def _held_by(holder: Any, package: str) -> Iterable[Any]:
    if isinstance(holder, NOT_ITS_OWN):
        return []
    if isinstance(holder, FunctionType | type) and not _is_of(holder, package):
        return []
    if isinstance(holder, FunctionType):  # without its globals, which are its module's
        return [holder.__defaults__, holder.__kwdefaults__, holder.__closure__, vars(holder)]
    if isinstance(holder, type):
        return vars(holder).values()
    return gc.get_referents(holder) + ([vars(holder)] if isinstance(holder, threading.local) else [])


def _is_of(made: Any, package: str) -> bool:
    return str(made.__module__).startswith(package)
