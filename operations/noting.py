"""Adding a note to an outage's log: sent once, and read back if the answer is lost."""

from __future__ import annotations

from typing import Optional

from ..clients.bridge import Bridge
from ..clients.outages import User
from ..core.errors import BridgeError, OutcomeUnknown
from .results import LOOKS, Result, done, read_back


def add_note(bridge: Bridge, outage_id: int, note: str, public: bool, user: Optional[User]) -> Result:
    """Add a note and return the result.

    A note has no marker, so the equal ones are counted beforehand: one more afterwards is ours.
    """
    before = _count(bridge, outage_id, note)
    try:
        return done(bridge.fortimonitor.add_log_entry(outage_id, note, public, user))
    except BridgeError as failure:
        if not failure.is_ambiguous:
            raise
        for _ in bridge.deadline.after_each(LOOKS):
            try:
                if _count(bridge, outage_id, note) > before:
                    return read_back(failure)
            except BridgeError:
                continue
        raise OutcomeUnknown(
            f"{failure.happened}, and the log did not show the note afterwards",
            "Look into the incident's log before running the action again.",
        ) from None


def _count(bridge: Bridge, outage_id: int, note: str) -> int:
    return sum(entry.entry.strip() == note.strip() for entry in bridge.fortimonitor.log(outage_id))
