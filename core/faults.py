"""What is told of an exception: of a failure its sentences, of a fault of ours its kind and places alone."""

from __future__ import annotations

from contextlib import suppress
from traceback import walk_tb
from typing import NamedTuple

from .errors import Failure
from .redaction import Redactor

MOST_PLACES = 40  # endless recursion has a thousand


class Told(NamedTuple):
    """What the analyst reads, and what the log."""

    message: str
    logged: str


def told(error: Exception, redact: Redactor) -> Told:
    """Return what is told of an exception. Neither text holds a secret."""
    if isinstance(error, Failure):
        with suppress(Exception):  # a fault in a failure's own text is a fault of ours
            text = redact(str(error)).encode("utf-8", "replace").decode("utf-8")  # FortiSOAR stores no surrogates
            return Told(text, text)
    kind = type(error).__name__
    places = [f"{frame.f_code.co_filename.rsplit('/', 1)[-1]}:{line}" for frame, line in walk_tb(error.__traceback__)]
    place = places[-1]
    if len(places) > MOST_PLACES:
        places[MOST_PLACES // 2 : -MOST_PLACES // 2] = ["..."]
    message = (
        f"Unexpected {kind} in the connector at {place}. "
        "Whether anything was changed is unknown. Please report it with this line."
    )
    return Told(message, f"unexpected {kind} at {' > '.join(places)}")
