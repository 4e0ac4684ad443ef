"""What must not name an event or pretend to: checked before anything is sent, since markers decide what is touched."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from ..clients.fortimonitor.markers import written_marker
from ..core.errors import InvalidInput, shown
from ..core.texts import survivors
from ..core.values import folded

METADATA_KEY = folded("correlation_id")
# What expressions of a playbook render to where they have no value, without quotes and brackets around it.
EMPTY = ("", "none", "null", "nil", "undefined", "nan", "n/a")
AROUND = "\"'`{}[]()<>,;:. \t"


def named(correlation_id: Optional[str], title: str = "Correlation ID") -> List[str]:
    """Return the correlation ID as a list, empty where none is given.

    Raises InvalidInput for one that an empty expression renders to: events that have nothing in common would share it.
    """
    if correlation_id is None:
        return []
    if correlation_id.strip(AROUND).casefold() in EMPTY:
        raise InvalidInput(f"{title} {shown(correlation_id)} is what an expression without a value renders to.")
    return [correlation_id]


def refuse_markers(params: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a description or metadata of the analyst's that could be taken for a marker."""
    found = written_marker(params.get("description", ""))
    problems = [f"Description must not contain {shown(found)}; use Correlation ID."] if found else []
    metadata: Dict[str, Any] = params.get("metadata", {})
    problems += [
        f"Metadata must not have the key {shown(key)}; use Correlation ID."
        for key in metadata
        if folded(survivors(key)) == METADATA_KEY
    ]
    if problems:
        raise InvalidInput(*problems)
