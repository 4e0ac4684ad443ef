"""Actions on FortiMonitor's custom incidents."""

from __future__ import annotations

import json
import uuid
from typing import Any, Dict, List, Optional, Tuple

from ..clients.bridge import Bridge
from ..clients.fortimonitor import Outage, with_marker
from ..core.errors import (
    AlreadyExists,
    AnswerBroken,
    BridgeError,
    MethodNotAllowed,
    NotFound,
    NotResolvable,
    OutcomeUnknown,
    Rejected,
    attempting,
)
from ..core.times import fortimonitor_time
from ..core.transport import Answer
from .results import already_done, changed_after, done, read_back

Result = Dict[str, Any]

SENT_AS_GIVEN = ("plugin_textkey", "resource_textkey", "auto_close_duration")
POLLS = (0, 1, 2)  # seconds to wait before each look for an incident that may or may not have been created
MOST_RESOLVES = 3
NO_CONTENT = 204
ORDINARY = "outage"  # the type of an outage that no custom incident has
ALIKE = 40  # characters of a description that must agree where FortiMonitor shows no marker


def create_custom_incident(bridge: Bridge, params: Dict[str, Any]) -> Result:
    """Create a custom incident on a server in FortiMonitor, and no second one whatever happens on the way.

    Parameters:
        server: id, exact name or FQDN.
        description, plugin_textkey, resource_textkey: text.
        metadata: object of scalars, sent as text; optional.
        start_time: moment in time; optional, default now.
        auto_close_duration: seconds (assumed); optional.
        correlation_id: marker that names the event, so that a re-run is safe; optional, default a fresh one.
        if_exists: Return Existing | Create Another | Fail, where the server has an incident with that marker.
        verify: read the new incident and compare it; costs one request.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, correlation_id, server_id, warning,
        request.
    Raises: InvalidInput, AlreadyExists, AuthenticationFailed, NotFound, Rejected, OutcomeUnknown and the other kinds.
    Source: FortiMonitor 21.4 "Custom incidents using API", Create a custom incident.
    """
    server_id = bridge.fortimonitor.server_id(params["server"])
    with attempting(f"create a custom incident on server {server_id}"):
        event = _Event(bridge, server_id, params)
        earlier = event.incidents() if event.is_named else []
        if earlier and params["if_exists"] == "Fail":
            raise AlreadyExists(f"there is one with correlation id {event.marker!r}: {_listed(earlier)}")
        if earlier and params["if_exists"] == "Return Existing":
            result, incident_id, warning = already_done(), earlier[0].id, _several(earlier)
        else:
            result, incident_id, warning = _create(event, params, [outage.id for outage in earlier])
    return {
        **result,
        "incident_id": incident_id,
        "incident_url": bridge.fortimonitor.outage_url(incident_id),
        "correlation_id": event.marker,
        "server_id": server_id,
        "warning": warning,
    }


def force_resolve_incident(bridge: Bridge, params: Dict[str, Any]) -> Result:
    """Force the resolution of a custom incident in FortiMonitor.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        reason: text that is appended to the incident's log; optional.
        expect_correlation_id: refuse unless the incident carries this marker; optional, costs one request.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, request.
    Raises: InvalidInput, AuthenticationFailed, NotFound, NotResolvable, Rejected, OutcomeUnknown and the other kinds.
    Source: FortiMonitor 21.4 "Custom incidents using API", Resolve an incident.
    """
    outage_id = bridge.fortimonitor.outage_id(params["incident"])
    with attempting(f"resolve incident {outage_id}"):
        is_resolved = False
        if "expect_correlation_id" in params:
            is_resolved = _expected(bridge, outage_id, params["expect_correlation_id"]).is_resolved
        result = already_done() if is_resolved else _resolve(bridge, outage_id, params.get("reason"))
    return {**result, "incident_id": outage_id, "incident_url": bridge.fortimonitor.outage_url(outage_id)}


# Creating.


class _Event:
    """What is to become an incident, and the marker by which the incident is known again.

    A marker that the analyst gives names the event: the same one twice is the same event. Without one, a fresh marker
    serves reading back alone: two equal calls stay two incidents.
    """

    def __init__(self, bridge: Bridge, server_id: int, params: Dict[str, Any]) -> None:
        self.bridge = bridge
        self.server_id = server_id
        self.is_named = "correlation_id" in params
        self.marker: str = params["correlation_id"] if self.is_named else f"fsr-{uuid.uuid4().hex}"
        self.description = with_marker(params["description"], self.marker)

    def incidents(self, status: Optional[str] = None) -> List[Outage]:
        """List the server's incidents with this marker, newest first."""
        outages = self.bridge.fortimonitor.server_outages(self.server_id, status)
        return [outage for outage in outages if outage.marker == self.marker]

    def is_of(self, outage: Outage) -> bool:
        """Tell whether an outage is this event's; without any marker in it, by server and description."""
        if outage.marker is not None:
            return outage.marker == self.marker
        return outage.server_id == self.server_id and outage.description[:ALIKE] == self.description[:ALIKE]


def _create(event: _Event, params: Dict[str, Any], earlier: List[int]) -> Tuple[Result, int, Optional[str]]:
    """Send the create once. Return its result, the incident's id, and a warning if there is one."""
    fortimonitor = event.bridge.fortimonitor
    try:
        answer = fortimonitor.create_custom_incident(event.server_id, _incident(event, params))
    except BridgeError as failure:
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
    except BridgeError as failure:
        return done(answer), incident_id, f"The new incident could not be read back: {failure.happened}."
    other = OutcomeUnknown(f"FortiMonitor's answer names incident {incident_id}, which is not this one")
    return done(answer, "read_back"), _found(event, earlier, other), None


def _is_the_new_one(event: _Event, incident_id: int, earlier: List[int]) -> bool:
    outage = event.bridge.fortimonitor.outage_if_any(incident_id)
    return outage is not None and outage.id == incident_id and outage.id not in earlier and event.is_of(outage)


def _found(event: _Event, earlier: List[int], failure: BridgeError) -> int:
    """Look for the incident that may have been created, up to three times; return its id.

    Raises OutcomeUnknown, naming the marker that makes a re-run safe. A look that fails settles nothing.
    """
    for wait in POLLS:
        if wait and not event.bridge.deadline.wait(wait):
            break
        try:
            new = [outage for outage in event.incidents("active") if outage.id not in earlier]
        except BridgeError:
            continue
        if new:
            return new[0].id
    raise OutcomeUnknown(
        f"{failure.happened}, and no incident with correlation id {event.marker!r} was found afterwards",
        f"Run the action again with Correlation ID {event.marker}: it will not create a second incident.",
    )


def _incident(event: _Event, params: Dict[str, Any]) -> Dict[str, Any]:
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


def _several(outages: List[Outage]) -> Optional[str]:
    if len(outages) == 1:
        return None
    return f"Several incidents have this correlation id; this is the newest: {_listed(outages)}."


def _listed(outages: List[Outage]) -> str:
    return ", ".join(str(outage) for outage in outages)


# Resolving.


def _expected(bridge: Bridge, outage_id: int, marker: str) -> Outage:
    """Read an incident that must carry a marker. Raises NotResolvable if it carries another one or none."""
    outage = bridge.fortimonitor.outage(outage_id)
    if outage.marker != marker:
        carried = f"correlation id {outage.marker!r}" if outage.marker else "no correlation id"
        raise NotResolvable(f"it carries {carried}, not {marker!r}", "It is another incident; check its ID.")
    return outage


def _resolve(bridge: Bridge, outage_id: int, reason: Optional[str]) -> Result:
    """Send the force resolve; repeat it only after a read has shown that it is not done."""
    attempts = 0
    earlier: List[BridgeError] = []
    while True:
        try:
            answer = bridge.fortimonitor.force_resolve(outage_id, reason)
            confirmed_by = _confirmation(bridge, outage_id, answer)
            return {**done(answer, confirmed_by), "attempts": attempts + answer.attempts}
        except BridgeError as failure:
            attempts = failure.attempts = attempts + failure.attempts
            result = _result_after(bridge, outage_id, failure, earlier)
            if result is not None:
                return result
            earlier.append(failure)
            if attempts >= MOST_RESOLVES or not bridge.deadline.wait(bridge.deadline.backoff(attempts)):
                failure.changed = changed_after(earlier)
                failure.advice = f"It was read back and is still active. {failure.advice}".rstrip()
                raise


def _confirmation(bridge: Bridge, outage_id: int, answer: Answer) -> str:
    """Return what confirms a force resolve: the answer, or a read where the answer may be somebody else's.

    FortiMonitor's schema says 204, its documentation 200; an empty 200 is also what a proxy may send. Raises
    AnswerBroken if the incident is still active.
    """
    if answer.status == NO_CONTENT:
        return "response"
    try:
        is_resolved = bridge.fortimonitor.outage(outage_id).is_resolved
    except BridgeError:
        return "response"
    if not is_resolved:
        shown = answer.request.shown(answer.status)
        raise AnswerBroken(f"FortiMonitor answered {answer.status} to {answer.request} without resolving it").after(
            answer.attempts, shown
        )
    return "read_back"


def _result_after(bridge: Bridge, outage_id: int, failure: BridgeError, earlier: List[BridgeError]) -> Optional[Result]:
    """Settle a failed force resolve by a read: return the result, None if it may be repeated, or raise.

    Parameters:
        earlier: the ambiguous failures of earlier tries, after each of which a read showed it active.
    """
    if not failure.is_ambiguous:
        failure.changed = changed_after(earlier)
    # What FortiMonitor answers for a resolved or an ordinary outage is documented nowhere: 400, 404 and 405 are likely.
    if not failure.is_ambiguous and type(failure) not in (Rejected, NotFound, MethodNotAllowed):
        raise failure
    try:
        outage = bridge.fortimonitor.outage(outage_id)
    except BridgeError:
        raise failure from None
    if outage.is_resolved:
        return read_back(failure) if failure.is_ambiguous or earlier else already_done(failure)
    if failure.is_ambiguous:
        return None
    if outage.type == ORDINARY:
        raise NotResolvable(
            f"it is an ordinary outage ({failure.happened})", "Only custom incidents can be force-resolved."
        )
    raise failure
