"""What every write's result says."""

from __future__ import annotations

from typing import Any, Dict

from ..core.transport import Answer


def done(answer: Answer, confirmed: bool = True) -> Dict[str, Any]:
    """Return the result of a write that the product took.

    Parameters:
        answer: the product's answer.
        confirmed: whether the answer says that it was done, or only that it was accepted.
    """
    return {
        "outcome": "done",
        "changed": True,
        "confirmed_by": "response" if confirmed else None,
        "attempts": answer.attempts,
        "request": answer.request,
    }
