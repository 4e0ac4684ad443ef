"""Creating a custom incident once and no second time, whatever happens on the way."""

from __future__ import annotations

import json
import uuid
from typing import Any, Dict, List, Optional, Tuple

from ..clients.context import Context
from ..clients.fortimonitor.models import Outage, with_marker
from ..core.errors import Failure, OutcomeUnknown
from ..core.times import fortimonitor_time
from .results import LOOKS, Result, done, read_back

SENT_AS_GIVEN = ("plugin_textkey", "resource_textkey", "auto_close_duration")
ALIKE = 40  # characters of a description that must agree where FortiMonitor shows no marker


class Event:
    """What is to become an incident, and the marker by which the incident is known again.

    A marker that the analyst gives names the event: the same one twice is the same event. Without one, a fresh marker
    serves reading back alone: two equal calls stay two incidents.
    """

    def __init__(self, context: Context, server_id: int, params: Dict[str, Any]) -> None:
        self.context = context
        self.server_id = server_id
        self.is_named = "correlation_id" in params
        self.marker: str = params["correlation_id"] if self.is_named else f"fsr-{uuid.uuid4().hex}"
        self.description = with_marker(params["description"], self.marker)

    def incidents(self, status: Optional[str] = None) -> List[Outage]:
        """List the server's incidents with this marker, newest first."""
        outages = self.context.fortimonitor.outages(self.server_id, status)
        return [outage for outage in outages if outage.marker == self.marker]

    def is_of(self, outage: Outage) -> bool:
        """Tell whether an outage is this event's; without any marker in it, by server and description."""
        if outage.marker is not None:
            return outage.marker == self.marker
        return outage.server_id == self.server_id and outage.description[:ALIKE] == self.description[:ALIKE]


def create(event: Event, params: Dict[str, Any], earlier: List[int]) -> Tuple[Result, int, Optional[str]]:
    """Send the create once. Return its result, the incident's id, and a warning if there is one."""
    fortimonitor = event.context.fortimonitor
    try:
        answer = fortimonitor.create_custom_incident(event.server_id, _incident(event, params))
    except Failure as failure:
        if not failure.is_ambiguous:
            raise
        return read_back(failure), _found(event, earlier, failure), None
    incident_id = fortimonitor.created_outage(answer)
    if incident_id is None:
        missing = OutcomeUnknown("FortiMonitor accepted it, but its answer does not name an incident of its own")
        return done(answer, "read_back"), _found(event, earlier, missing), None
    if not params["verify"]:
        return done(answer), incident_id, None
    try:
        if _is_the_new_one(event, incident_id, earlier):
            return done(answer, "read_back"), incident_id, None
    except Failure as failure:
        return done(answer), incident_id, f"The new incident could not be read back: {failure.happened}."
    other = OutcomeUnknown(f"FortiMonitor's answer names incident {incident_id}, which is not this one")
    return done(answer, "read_back"), _found(event, earlier, other), None


def _is_the_new_one(event: Event, incident_id: int, earlier: List[int]) -> bool:
    outage = event.context.fortimonitor.outage_if_any(incident_id)
    return outage is not None and outage.id == incident_id and outage.id not in earlier and event.is_of(outage)


def _found(event: Event, earlier: List[int], failure: Failure) -> int:
    """Look for the incident that may have been created, up to three times; return its id.

    Raises OutcomeUnknown, naming the marker that makes a re-run safe. A look that fails settles nothing.
    """
    for _ in event.context.deadline.after_each(LOOKS):
        try:
            new = [outage for outage in event.incidents("active") if outage.id not in earlier]
        except Failure:
            continue
        if new:
            return new[0].id
    raise OutcomeUnknown(
        f"{failure.happened}, and no incident with correlation id {event.marker!r} was found afterwards",
        f"Run the action again with Correlation ID {event.marker}: it will not create a second incident.",
    )


def _incident(event: Event, params: Dict[str, Any]) -> Dict[str, Any]:
    """Return the create's body."""
    incident = {name: params[name] for name in SENT_AS_GIVEN if name in params}
    if "start_time" in params:
        incident["start_time"] = fortimonitor_time(params["start_time"])
    # As text: it ends up in the description, and whether other scalars are taken is documented nowhere.
    metadata = {key: _as_text(value) for key, value in params.get("metadata", {}).items()}
    return {
        **incident,
        "description": event.description,
        "metadata": {**metadata, "correlation_id": event.marker},
    }


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
