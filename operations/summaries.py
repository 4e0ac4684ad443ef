"""The sentence that tells what a write came to. Its general words follow from the outcome; an action adds its own."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping, Optional, Sequence

from ..clients.fortimonitor.models import Outage
from ..core.errors import SHOWN, cut

Row = Dict[str, Any]

PRODUCTS = {"fortimonitor": "FortiMonitor", "fortisiem": "FortiSIEM"}
APPLIED, NOT_APPLIED, NOT_READABLE = "applied", "not applied", "not readable"  # as an attribute is read back
OTHER_ENDS = {
    "already_done": "{count} {were} already {deed}",
    "failed": "{count} failed",
    "unknown": "the outcome of {count} is unknown",
    "not_attempted": "{count} {were} not attempted",
}


def with_summary(result: Row, product: str, deed: str) -> Row:
    """Return the result of a write to one incident with its sentence.

    Parameters:
        product: "fortimonitor" or "fortisiem".
        deed: what becomes of the incident, behind "was", such as "resolved".
    """
    incident = f"{PRODUCTS[product]} incident {result['incident_id']} was"
    is_new = result["outcome"] == "done"
    summary = f"{incident} {deed}." if is_new else f"{incident} already {deed}; nothing was changed."
    return {"summary": summary, **result}


def of_update(result: Row, fields: Mapping[str, str], verified: Mapping[str, str], not_taken: Sequence[str]) -> Row:
    """Return the result of an update of FortiSIEM's with its sentence: what was set, and what was not, as far as known.

    Parameters:
        not_taken: attributes for which the server's address has no key.
    """
    missing = [
        name
        for name in fields
        if verified.get(name) == NOT_APPLIED or (name in not_taken and verified.get(name) != APPLIED)
    ]
    unsure = [name for name in fields if name not in missing and verified.get(name) == NOT_READABLE]
    parts = [
        ", ".join(_set(name, value) for name, value in fields.items() if name not in missing),
        _these(missing, NOT_APPLIED),
        _these(unsure, "not confirmed") if result["confirmed_by"] else "accepted without a confirmation",
    ]
    return {"summary": f"FortiSIEM incident {result['incident_id']}: {'; '.join(filter(None, parts))}.", **result}


def of_pair(sides: Mapping[str, Row]) -> str:
    """Return the sentences of both sides."""
    return " ".join(side["summary"] for side in sides.values())


def of_state(incident_id: int, outage: Optional[Outage], differences: Sequence[str] = ()) -> str:
    """Return the sentence for a pair that was compared.

    Parameters:
        outage: FortiMonitor's incident, None where no ticket names one and no active one carries the marker. One
            that is over may.
        differences: in what the pair differs.
    """
    if outage is None:
        return f"FortiSIEM incident {incident_id} has no active incident in FortiMonitor."
    pair = f"FortiMonitor incident {outage.id} and FortiSIEM incident {incident_id}"
    return (
        f"{pair} differ in: {', '.join(differences)}." if differences else f"{pair} agree: both are {_state(outage)}."
    )


def of_many(counts: Mapping[str, int], deed: str) -> str:
    """Return the sentence for many incidents, such as "2 of 3 incidents were resolved, 1 failed."."""
    done, total = counts["done"], sum(counts.values())
    begin = f"{done} of {total} {'incident' if total == 1 else 'incidents'} {_were(done)} {deed}"
    others = (
        end.format(count=counts[outcome], were=_were(counts[outcome]), deed=deed)
        for outcome, end in OTHER_ENDS.items()
        if counts[outcome]
    )
    return f"{', '.join((begin, *others))}."


def of_answer(product: str, status: int, request: Mapping[str, Any]) -> str:
    """Return the sentence for a request of the analyst's own."""
    return f"{product} answered {status} to {request['method']} {request['path']}."


def _state(outage: Outage) -> str:
    return "closed" if outage.is_resolved else "active"


def _set(name: str, value: str) -> str:
    return "comment added" if name == "comments" else f"{_words(name)} set to {cut(value, SHOWN)}"


def _these(names: Iterable[str], reading: str) -> Optional[str]:
    listed = ", ".join(map(_words, names))
    return f"{listed} {reading}" if listed else None


def _words(name: str) -> str:
    return name.replace("_", " ")


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
