"""Adding a note to an outage's log: sent once, and read back if the answer is lost."""

from __future__ import annotations

from typing import Optional

from ..clients.context import Context
from ..clients.fortimonitor.models import User
from ..core.errors import Failure, OutcomeUnknown
from .results import LOOKS, Result, done, read_back


def add_note(context: Context, outage_id: int, note: str, public: bool, user: Optional[User]) -> Result:
    """Add a note and return the result.

    A note has no marker, so the equal ones are counted beforehand: one more afterwards is ours.
    """
    before = _count(context, outage_id, note)
    try:
        return done(context.fortimonitor.add_log_entry(outage_id, note, public, user))
    except Failure as failure:
        if not failure.is_ambiguous:
            raise
        for _ in context.deadline.after_each(LOOKS):
            try:
                if _count(context, outage_id, note) > before:
                    return read_back(failure)
            except Failure:
                continue
        raise OutcomeUnknown(
            f"{failure.happened}, and the log did not show the note afterwards",
            "Look into the incident's log before running the action again.",
        ) from None


def _count(context: Context, outage_id: int, note: str) -> int:
    return sum(entry.entry.strip() == note.strip() for entry in context.fortimonitor.log(outage_id))
