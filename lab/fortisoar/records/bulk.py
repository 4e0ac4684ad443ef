"""What bulk requests have in common: one failure does not stop the others, and is told as a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ..refusals import Refusal
from .errors import malformed

T = TypeVar("T")


def rows_of(body: Any) -> list[Any]:
    """Return the records of ``{"data": [...]}``; raise Refusal 400 for anything else."""
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise malformed('The body must be {"data": [...]}.')
    return rows


def each(rows: Iterable[Any], action: Callable[[Any], T], method: str) -> tuple[list[T], list[str]]:
    """Do something with each row; return what was done and what failed."""
    done, failures = [], []
    for index, row in enumerate(rows):
        try:
            done.append(action(row))
        except Refusal as refused:
            # The appliance's sentence (8.0); its JSON escapes quotes in this way.
            reason = json.dumps(refused.body, separators=(",", ":")).replace('\\"', "\\u0022")
            failures.append(
                f"{method} method for object at index #{index} in the request payload failed with error: {reason}"
            )
    return done, failures


def partial(done: list[Any], failures: list[str]) -> tuple[int, Any]:
    """Return the answer to a bulk: 200 for all, 207 for some, 400 for none."""
    status = 200 if not failures else 207 if done else 400
    return status, {"success": done, "failure": failures}
