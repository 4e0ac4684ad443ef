"""Updating an incident in FortiSIEM: sent again only as far as a read shows it not to be applied."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ..clients.context import Context
from ..clients.fortisiem.attributes import ATTRIBUTES
from ..clients.fortisiem.client import FortiSIEM, is_ok
from ..core.errors import AnswerBroken, Failure
from .results import Result, changed_after, done, read_back

Values = Dict[str, str]

APPLIED, NOT_APPLIED, NOT_READABLE = "applied", "not applied", "not readable"
MOST_UPDATES = 3


def update(context: Context, incident_id: int, fields: Values, verify: bool) -> Result:
    """Update attributes of an incident and return the result, or raise with what is known of it.

    Parameters:
        fields: our names and words, as in ``clients.attributes.ATTRIBUTES``.
        verify: read the incident back and tell for each attribute whether it was applied.
    """
    result = _sent(context, incident_id, fields)
    verified = _readings(context.fortisiem, incident_id, fields) if verify else {}
    if set(verified.values()) == {NOT_APPLIED} and result["confirmed_by"] is None:
        raise AnswerBroken("FortiSIEM took it without a word, and a read shows that nothing of it is applied", "", "no")
    if set(verified.values()) == {APPLIED}:
        result["confirmed_by"] = "read_back"
    warning = _warning(fields, verified, context.fortisiem.not_taken(fields))
    return {**result, "incident_id": incident_id, "fields": fields, "verified": verified, "warning": warning}


def not_applied(row: Optional[Dict[str, Any]], fields: Values) -> Values:
    """Return those of the attributes that an incident, as FortiSIEM shows it, does not have yet."""
    return {name: value for name, value in fields.items() if _reading(name, value, row) != APPLIED}


def _sent(context: Context, incident_id: int, fields: Values) -> Dict[str, Any]:
    """Send the update; after an ambiguous failure repeat only what a read shows not to be applied.

    A comment may be appended, and the first request may arrive after the read. So a comment is never sent again.
    """
    missing, attempts = fields, 0
    earlier: List[Failure] = []
    while True:
        try:
            answer = context.fortisiem.update_incident(incident_id, missing)
            return {**done(answer, "response" if is_ok(answer) else None), "attempts": attempts + answer.attempts}
        except Failure as raised:
            attempts += raised.attempts
            failure = raised.but(attempts=attempts)
            if not failure.is_ambiguous:
                raise failure.but(changed=changed_after(earlier) if missing == fields else "unknown") from None
            earlier.append(failure)
            readings = _readings(context.fortisiem, incident_id, missing)
            missing = {name: value for name, value in missing.items() if readings[name] != APPLIED}
            if not missing:
                return read_back(failure)
            if NOT_READABLE in readings.values():
                raise failure from None
            failure = failure.but(advice=f"It was read back: {_listed(missing)} not applied. {failure.advice}".rstrip())
            if "comments" in missing:
                raise failure from None
            if attempts >= MOST_UPDATES or not context.deadline.wait(context.deadline.backoff(attempts)):
                raise failure.but(changed=changed_after(earlier) if missing == fields else "unknown") from None


def _readings(fortisiem: FortiSIEM, incident_id: int, fields: Values) -> Dict[str, str]:
    """Read an incident back and tell for each attribute whether it is applied."""
    try:
        row = fortisiem.incident(incident_id, [ATTRIBUTES[name].read for name in fields])
    except Failure:
        row = None
    return {name: _reading(name, value, row) for name, value in fields.items()}


def _reading(name: str, value: str, row: Optional[Dict[str, Any]]) -> str:
    attribute = ATTRIBUTES[name]
    if row is None or attribute.read not in row:
        return NOT_READABLE
    shown = "" if row[attribute.read] is None else str(row[attribute.read])
    # Whether a comment replaces the ones before it or follows them depends on the version.
    is_there = value in shown if name == "comments" else shown.lower() == attribute.sent(value).lower()
    return APPLIED if is_there else NOT_APPLIED


def _warning(fields: Values, verified: Dict[str, str], not_taken: Any) -> Optional[str]:
    warnings = []
    if not_taken:
        warnings.append(f"This server's address for updates does not take {_listed(not_taken)}.")
    for reading in (NOT_APPLIED, NOT_READABLE):
        names = [name for name in fields if verified.get(name) == reading]
        if names:
            warnings.append(f"Read back: {_listed(names)} {reading}.")
    return " ".join(warnings) or None


def _listed(names: Any) -> str:
    return ", ".join(names)
