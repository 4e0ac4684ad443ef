"""What every write's result says, whichever way it came about."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ..core.errors import AnswerLate, Failure
from ..core.http.answers import Answer

Result = Dict[str, Any]

LOOKS = (0, 1, 2)  # seconds to wait before each look for what may or may not have been written


def done(answer: Answer, confirmed_by: Optional[str] = "response") -> Result:
    """Return the result of a write that the product took.

    Parameters:
        confirmed_by: "response", "read_back", or None where the product accepted it and said no more.
    """
    return _result("done", True, confirmed_by, answer.attempts, answer.request.shown(answer.status))


def read_back(failure: Failure) -> Result:
    """Return the result of a write whose answer was no use, and which a read shows to be done."""
    return _result("done", True, "read_back", failure.attempts, failure.request)


def already_done(failure: Optional[Failure] = None) -> Result:
    """Return the result of a write that was not needed, as a read shows.

    Parameters:
        failure: the product's refusal, if the write was tried.
    """
    attempts, request = (failure.attempts, failure.request) if failure else (0, None)
    return _result("already_done", False, "read_back", attempts, request)


def changed_after(failures: List[Failure]) -> str:
    """Return whether tries that reads showed to be without effect changed anything: "no", or "unknown".

    A request that timed out may still be waiting in the product, and be carried out after the read.
    """
    return "unknown" if any(isinstance(failure, AnswerLate) for failure in failures) else "no"


def _result(
    outcome: str, changed: bool, confirmed_by: Optional[str], attempts: int, request: Optional[Dict[str, Any]]
) -> Result:
    return {
        "outcome": outcome,
        "changed": changed,
        "confirmed_by": confirmed_by,
        "attempts": attempts,
        "request": request,
    }
