"""The last requests of this worker process: what diagnostics show. No query, body or header is kept."""

from __future__ import annotations

from typing import List, NamedTuple, Optional

from ..process_state import STATE


class Sent(NamedTuple):
    """A request that was sent, and what came of it. ``status`` is None where no whole answer came."""

    at: float  # epoch seconds
    product: str
    origin: str
    method: str
    path: str
    status: Optional[int]
    milliseconds: int


def note(sent: Sent) -> None:
    """Note a request that has just ended."""
    STATE.requests.append(sent)


def recent(origins: List[str]) -> List[Sent]:
    """Return the last requests to some servers, oldest first."""
    return [sent for sent in list(STATE.requests) if sent.origin in origins]
