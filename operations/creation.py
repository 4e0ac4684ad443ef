"""Creating a custom incident once and no second time, whatever happens on the way."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import datetime, timedelta
from os import urandom
from threading import Lock
from typing import Any, Dict, Iterable, Iterator, List, Optional

from ..clients.context import Context
from ..clients.fortimonitor.markers import marked, without_marker
from ..clients.fortimonitor.models import ACTIVE, RESOLVED, Outage
from ..core.errors import Failure, OutcomeUnknown, Unreachable
from ..core.http.answers import LATE_FOR, Answer
from ..core.process_state import STATE
from ..core.texts import survivors
from ..core.times import fortimonitor_time, from_epoch, iso
from .writes import LOOKS, Accepted, Evidence, Write

SENT_AS_GIVEN = ("plugin_textkey", "resource_textkey", "auto_close_duration")
SEARCH_DAYS = 90  # to look back for an incident of the same event, unless asked otherwise
ALIKE = 40  # characters of a description that must agree where FortiMonitor shows no marker
MOST_RESOLVED = 2000  # incidents that are looked at: 40 pages, and FortiMonitor allows 100 requests a minute
MARKER_LOST = (
    "FortiMonitor does not show the correlation ID in the new incident, so running the action again with it would "
    "create a second one."
)
NOT_YET_SHOWN = (
    "FortiMonitor does not show the new incident yet; running the action again before it does would create a second "
    "one."
)
NOT_ALL_READ = (
    "FortiMonitor's list of incidents could not be read in whole, so an earlier one of this event may have been missed."
)
OVERLAP = timedelta(minutes=5)  # what an ingestion looks back by default, as info.json has it
BEGAN_EARLIER = (
    "It began further back than an ingestion looks by default, and FortiMonitor shows no time of creation: Fetch "
    "Incidents passes it over unless Overlap is longer."
)


@contextmanager
def alone(context: Context, server_id: int, correlation_id: Optional[str]) -> Iterator[None]:
    """Let no other call of this process look for an event and create its incident at the same time.

    Raises Unreachable where another call has not ended by the deadline.
    """
    if correlation_id is None:
        yield
        return
    lock = STATE.events.get_or_make((context.fortimonitor.address, server_id, correlation_id), Lock)
    if not lock.acquire(timeout=context.deadline.remaining()):
        raise Unreachable("another call with the same Correlation ID had not ended in time")
    try:
        yield
    finally:
        lock.release()


class Creation(Write):
    """An event that is to become a custom incident, and the correlation ID by which the incident is known again.

    One that the analyst gives names the event: the same one twice is the same event. Without one, a fresh one serves
    reading back alone: two equal calls stay two incidents.

    Parameters:
        params: as the action has them.
        counts_resolved: whether a resolved incident of the event counts as one that there is already.

    ``earlier`` are the incidents of this event that there were before, ``incident_id`` the one that came of it, and
    ``warnings`` what the analyst should know of it.
    """

    waits = LOOKS

    def __init__(self, context: Context, server_id: int, params: Dict[str, Any], counts_resolved: bool = True) -> None:
        self._fortimonitor = context.fortimonitor
        self._params = params
        self.server_id = server_id
        self.is_named = "correlation_id" in params
        self.correlation_id: str = params["correlation_id"] if self.is_named else f"fsr-{urandom(16).hex()}"
        self.warnings: List[str] = []
        self._unmarked = 0  # an incident that a whole answer names, and that shows nothing to know it by
        self.earlier: List[Outage] = []
        now = from_epoch(context.deadline.timing.wall())
        if now - params.get("start_time", now) > OVERLAP:
            self.warnings.append(BEGAN_EARLIER)
        if self.is_named:
            active = self._fortimonitor.outages(server_id, ACTIVE)
            self.earlier = self._of_event(active)
            self.warnings += [] if active.is_complete and not active.skipped else [NOT_ALL_READ]
            if counts_resolved and not self.earlier:
                self.earlier = self._resolved(now)
        self.incident_id = self.earlier[0].id if self.earlier else 0

    @property
    def warning(self) -> Optional[str]:
        """What the analyst should know, None for nothing."""
        return " ".join(dict.fromkeys(self.warnings)) or None

    def send(self) -> Accepted:
        """Send the create, and read the new incident where that is wanted, or where its URL is of another host."""
        answer = self._fortimonitor.create_custom_incident(self.server_id, self._body())
        incident_id, is_of_here = self._fortimonitor.created_outage(answer)
        if incident_id is None:
            raise answer.failure(
                OutcomeUnknown, "FortiMonitor accepted it, but its answer does not name an incident of its own"
            )
        self.incident_id = incident_id
        if is_of_here and not self._params["verify"]:
            return Accepted(answer)
        outage = self._read_back(answer, incident_id, is_of_here)
        if outage and self.is_named and not outage.marker.is_of(self.correlation_id):
            self.warnings.append(MARKER_LOST)
        return Accepted(answer, "read_back" if outage else "response")

    def _read_back(self, answer: Answer, incident_id: int, is_of_here: bool) -> Optional[Outage]:
        """Return the incident that a whole answer names, None where no read shows it: it is believed all the same.

        Raises OutcomeUnknown where a read shows something else there.
        """
        warning = NOT_YET_SHOWN
        try:
            outage = self._fortimonitor.whatever_is_at(incident_id)
        except Failure as failure:
            warning, outage = f"The new incident could not be read back: {failure.happened}.", None
        if outage is None and is_of_here:
            self.warnings.append(warning)
        elif outage is None or self._is_another(outage):
            reason = "but at another address, and reading it here did not show it"
            if outage:
                self._unmarked = incident_id if not outage.marker else 0
                reason = f"which {'shows no correlation ID and another text' if self._unmarked else 'is not this one'}"
            raise answer.failure(OutcomeUnknown, f"FortiMonitor's answer names incident {incident_id}, {reason}")
        return outage

    def look(self) -> bool:
        """Look for an incident of this event that was not there before."""
        active = self._of_event(self._fortimonitor.outages(self.server_id, ACTIVE))
        new = [outage.id for outage in active if not self._was_there(outage.id)]
        self.incident_id = new[0] if new else self.incident_id
        return bool(new)

    def failure(self, evidence: Evidence) -> Failure:
        """Return what FortiMonitor refused, or that nobody knows, and the correlation ID to run it again with."""
        failure = evidence.failures[-1]
        if not failure.is_ambiguous:
            return failure
        advice = (
            f"Wait {LATE_FOR // 60} minutes, then run the action again with Correlation ID {self.correlation_id}: "
            "it will not create a second incident."
        )
        if self._unmarked:
            advice = (
                f"Look at incident {self._unmarked} in FortiMonitor: if it is this one, running the action again would "
                "create a second one."
            )
        return OutcomeUnknown(
            f"{failure.happened}, and no incident with correlation id {self.correlation_id!r} was found afterwards",
            advice,
            attempts=evidence.attempts,
            request=evidence.request,
        ).but(may_still_come=failure.may_still_come)

    def _resolved(self, now: datetime) -> List[Outage]:
        """Look back in time, newest first, as far as asked and as the rate limit allows."""
        since = min(now, self._params.get("start_time", now)) - timedelta(days=self._params["search_days"])
        listed = self._fortimonitor.outages(self.server_id, RESOLVED, since=since, most=MOST_RESOLVED)
        found = list(listed)
        if not listed.is_complete:
            oldest = min((outage.start for outage in found if outage.start), default=now)
            self.warnings.append(f"Resolved incidents that began before {iso(oldest)} were not looked at.")
        self.warnings += [NOT_ALL_READ] if listed.skipped else []
        return self._of_event(found)

    def _of_event(self, outages: Iterable[Outage]) -> List[Outage]:
        return [outage for outage in outages if outage.marker.is_of(self.correlation_id)]

    def _was_there(self, incident_id: int) -> bool:
        return any(outage.id == incident_id for outage in self.earlier)

    def _is_another(self, outage: Outage) -> bool:
        """Tell whether an outage is another event's; without any marker in it, by server and description."""
        if outage.id != self.incident_id or self._was_there(outage.id):
            return True
        if outage.marker:
            return not outage.marker.is_of(self.correlation_id)
        texts = (without_marker(outage.description), self._params["description"])
        shown, sent = (" ".join(survivors(text).casefold().split()) for text in texts)
        return outage.server_id != self.server_id or not shown.startswith(sent[:ALIKE])

    def _body(self) -> Dict[str, Any]:
        params = self._params
        incident = {name: params[name] for name in SENT_AS_GIVEN if name in params}
        if "start_time" in params:
            incident["start_time"] = fortimonitor_time(params["start_time"])
        # As text: it ends up in the description, and whether other scalars are taken is documented nowhere.
        metadata = {key: _as_text(value) for key, value in params.get("metadata", {}).items()}
        return {
            **incident,
            "description": marked(params["description"], self.correlation_id),
            "metadata": {**metadata, "correlation_id": self.correlation_id},
        }


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
