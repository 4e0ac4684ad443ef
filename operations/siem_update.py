"""Updating attributes of an incident in FortiSIEM: sent again only as far as a read shows them not to be applied."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional

from ..clients.context import Context
from ..clients.fortisiem.attributes import ATTRIBUTES
from ..clients.fortisiem.client import FortiSIEM, is_ok
from ..core.errors import AnswerBroken, AuthenticationFailed, Failure, NotFound, Unreachable, attempting
from ..core.texts import entries_of, may_be_cut, same_text, survivors
from ..core.values import text
from .results import Result
from .summaries import APPLIED, NOT_APPLIED, NOT_READABLE, of_update, with_summary
from .writes import ALREADY_DONE, Accepted, Evidence, Write, carry_out

Values = Dict[str, str]
Row = Dict[str, Any]

SHARE_OF_A_LOOK = 0.25  # of the time that is left, for reading what a comment will be compared with


class AttributeUpdate(Write):
    """Attributes of one incident that are to be overwritten.

    Parameters:
        fields: our names and words, as in ``clients.fortisiem.attributes.ATTRIBUTES``.
        before: the incident as it was read before, None where it was not: without it no read can tell whether a
            comment is this one or an older one with the same text.

    ``missing`` are those that no read has shown to be applied.
    """

    def __init__(self, fortisiem: FortiSIEM, incident_id: int, fields: Values, before: Optional[Row]) -> None:
        self._fortisiem = fortisiem
        self._incident_id = incident_id
        self._fields = self.missing = fields
        self._before = before

    @property
    def may_repeat(self) -> bool:
        """Whether it is harmless to send it twice: a comment may append, and the first one may still arrive."""
        return "comments" not in self.missing

    def send(self) -> Accepted:
        """Send what is missing."""
        answer = self._fortisiem.update_incident(self._incident_id, self.missing)
        return Accepted(answer, "response" if is_ok(answer) else None)

    def look(self) -> Optional[bool]:
        """Read which attributes are applied; None where some cannot be read."""
        readings = self.readings(self.missing)
        self.missing = {name: value for name, value in self.missing.items() if readings[name] != APPLIED}
        return None if NOT_READABLE in readings.values() else not self.missing

    def readings(self, fields: Values) -> Dict[str, str]:
        """Read the incident and tell for each attribute whether it is applied."""
        try:
            row = self._fortisiem.incident(self._incident_id, _shown_by(fields))
        except Failure:
            row = None
        return {name: _reading(name, value, row, self._before) for name, value in fields.items()}

    def failure(self, evidence: Evidence) -> Failure:
        """Return what FortiSIEM refused, or which attributes a read showed not to be applied."""
        failure = super().failure(evidence)
        if self.missing != self._fields:
            failure = failure.but(changed="unknown")
        if evidence.shown is not False:
            return failure
        # A comment is not sent again, since the first one may still arrive.
        changed = failure.changed if self.may_repeat else "unknown"
        advice = f"It was read back: {listed(self.missing)} not applied. {failure.advice}".rstrip()
        return failure.but(changed=changed, advice=advice)


def update(context: Context, incident_id: int, fields: Values, verify: bool, before: Optional[Row] = None) -> Result:
    """Update attributes of an incident and return the result.

    Parameters:
        verify: read the incident back and tell for each attribute whether it was applied. Where a comment is among
            them, it is read beforehand too.
        before: the incident, where it has been read already.

    An account of one organization reads it beforehand in any case: that FortiSIEM refuses to update the incident of
    another organization is documented nowhere.
    """
    needs_look = context.fortisiem.is_of_one_organization or (verify and "comments" in fields)
    if before is None and needs_look:
        before = _row_before(context.with_a_share(SHARE_OF_A_LOOK).fortisiem, incident_id, fields)
    write = AttributeUpdate(context.fortisiem, incident_id, fields, before)
    with attempting(f"update FortiSIEM incident {incident_id}"):
        result = carry_out(write, context.deadline).result()
    at_risk = context.fortisiem.may_ignore(fields)
    to_read = fields if verify else {name: fields[name] for name in at_risk}
    verified = write.readings(to_read) if to_read else {}
    if any(verified[name] == NOT_APPLIED for name in at_risk):
        context.fortisiem.doubt_update_address()  # perhaps the usual one was gone for a moment only
    shown = set(verified.values()) if verified.keys() == fields.keys() else set()
    if shown == {NOT_APPLIED} and (at_risk or result["confirmed_by"] is None):
        advice = "Run the action again." if at_risk else ""
        raise AnswerBroken("FortiSIEM accepted the update, but reading it back shows no change", advice, "no")
    if shown == {APPLIED}:
        result["confirmed_by"] = "read_back"
    not_taken = context.fortisiem.not_taken(fields)
    warning = _warning(fields, verified, not_taken)
    page_url = context.page_url("fortisiem", incident_id)
    result.update(incident_id=incident_id, page_url=page_url, fields=fields, verified=verified, warning=warning)
    return of_update(result, fields, verified, not_taken)


def unchanged(context: Context, incident_id: int, fields: Values, deed: str, warning: Optional[str] = None) -> Result:
    """Return the result of an update that was not needed, as a read shows: the incident was already ``deed``."""
    page_url = context.page_url("fortisiem", incident_id)
    result = ALREADY_DONE.result(
        incident_id=incident_id, page_url=page_url, fields=fields, verified={}, warning=warning
    )
    return with_summary(result, "fortisiem", deed)


def not_applied(row: Row, fields: Values) -> Values:
    """Return those of the attributes that an incident, as FortiSIEM shows it, does not have yet.

    A comment counts as given where it is an entry of its own.
    """
    nothing = {ATTRIBUTES[name].read: None for name in fields}
    return {name: value for name, value in fields.items() if _reading(name, value, row, nothing) != APPLIED}


def already_cleared(status: str) -> str:
    """Return the warning for a clearing that was not needed."""
    return f"It is {status} already; neither reason nor resolution was sent."


def listed(names: Iterable[str]) -> str:
    """Return names as a message lists them."""
    return ", ".join(names)


def _row_before(fortisiem: FortiSIEM, incident_id: int, fields: Values) -> Optional[Row]:
    """Read an incident before it is written; None where that fails, which settles nothing.

    Raises what would meet the update as well: credentials that are refused must not be tried twice. And, for an account
    of one organization, whatever keeps it from knowing that the incident is one of its own; before 6.3 none can tell.
    """
    try:
        row = fortisiem.incident(incident_id, _shown_by(fields))
    except NotFound:
        return None
    except Failure as failure:
        if fortisiem.is_of_one_organization or isinstance(failure, (AuthenticationFailed, Unreachable)):
            raise
        return None
    if row is None and fortisiem.is_of_one_organization:
        raise fortisiem.unseen(incident_id)
    return row


def _shown_by(fields: Values) -> List[str]:
    return [ATTRIBUTES[name].read for name in fields]


def _reading(name: str, value: str, row: Optional[Row], before: Optional[Row]) -> str:
    attribute = ATTRIBUTES[name]
    if row is None or attribute.read not in row:
        return NOT_READABLE
    shown = text(row[attribute.read])
    if name == "comments":
        return _comment_reading(value, shown, before)
    if attribute.words:  # FortiSIEM's own words, in which a difference is one
        return APPLIED if attribute.is_shown(value, row[attribute.read]) else NOT_APPLIED
    if same_text(attribute.sent(value).casefold(), shown.casefold()):
        return APPLIED
    # Free text may be shown cut, escaped or rewritten: only what is as it was proves that nothing was written.
    was = text(before.get(attribute.read)) if before is not None else ""
    return NOT_APPLIED if shown.strip() == was.strip() else NOT_READABLE


def _comment_reading(sent: str, shown: str, before: Optional[Row]) -> str:
    """Tell whether a comment is there: whether its text is an entry once more than it was before.

    Whether a comment replaces those before it or follows them depends on the version.
    """
    now, read = entries_of(sent, shown), ATTRIBUTES["comments"].read
    if now is None or (before is None and shown):
        return NOT_READABLE
    was = text(before.get(read)) if before is not None else ""
    if now > (entries_of(sent, was) or 0) or (now and survivors(was) != survivors(shown) == survivors(sent)):
        return APPLIED
    is_as_it_was = shown.strip() == was.strip() and not may_be_cut(f"{was}\n{sent}", shown)
    return NOT_APPLIED if not now and is_as_it_was else NOT_READABLE


def _warning(fields: Values, verified: Dict[str, str], not_taken: List[str]) -> Optional[str]:
    warnings = []
    if not_taken:
        warnings.append(f"This server's address for updates does not take {listed(not_taken)}.")
    for reading in (NOT_APPLIED, NOT_READABLE):
        names = [name for name in fields if verified.get(name) == reading]
        if names:
            warnings.append(f"Read back: {listed(names)} {reading}.")
    return " ".join(warnings) or None
