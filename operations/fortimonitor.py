"""Actions on FortiMonitor's incidents, servers, users and textkeys."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import Any, Callable, Dict, List, Optional

from ..clients.context import Context
from ..clients.fortimonitor.client import FortiMonitor
from ..clients.fortimonitor.models import Outage, Textkeys, User, with_marker
from ..core.errors import AlreadyExists, Failure, NotResolvable, OutcomeUnknown, attempting
from ..core.http.answers import Answer
from ..core.times import iso
from . import results
from .creation import Creation
from .results import Result
from .writes import ALREADY_DONE, LOOKS, Accepted, Evidence, Once, StateChange, Write, carry_out

Shows = Callable[[Outage], bool]
ORDINARY = "outage"  # the type of an outage that no custom incident has


def create_custom_incident(context: Context, params: Dict[str, Any]) -> Result:
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
    server_id = context.fortimonitor.server_id(params["server"])
    with attempting(f"create a custom incident on server {server_id}"):
        creation = Creation(context, server_id, params)
        earlier = creation.earlier
        if earlier and params["if_exists"] == "Fail":
            raise AlreadyExists(f"there is one with correlation id {creation.marker!r}: {_listed(earlier)}")
        if earlier and params["if_exists"] == "Return Existing":
            evidence, creation.warning = ALREADY_DONE, _several(earlier)
        else:
            evidence = carry_out(creation, context.deadline)
    return {
        **_result(context, creation.incident_id, evidence),
        "correlation_id": creation.marker,
        "server_id": server_id,
        "warning": creation.warning,
    }


def force_resolve_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Force the resolution of a custom incident in FortiMonitor.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        reason: text that is appended to the incident's log; optional.
        expect_correlation_id: refuse unless the incident carries this marker; optional, costs one request.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, request.
    Raises: InvalidInput, AuthenticationFailed, NotFound, NotResolvable, Rejected, OutcomeUnknown and the other kinds.
    Source: FortiMonitor 21.4 "Custom incidents using API", Resolve an incident.
    """
    outage_id = context.fortimonitor.outage_id(params["incident"])
    with attempting(f"resolve incident {outage_id}"):
        expected = params.get("expect_correlation_id")
        if expected and _expected(context, outage_id, expected).is_resolved:
            return _result(context, outage_id, ALREADY_DONE)
        resolve = StateChange(
            send=lambda: context.fortimonitor.force_resolve(outage_id, params.get("reason")),
            read=lambda: context.fortimonitor.outage(outage_id),
            shows=lambda outage: outage.is_resolved,
            undone="active",
            explain=_ordinary,
        )
        return _result(context, outage_id, carry_out(resolve, context.deadline))


def get_fortimonitor_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Read an incident of FortiMonitor: a custom incident, an outage or an anomaly.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
    Returns: the incident (``results.outage``).
    """
    return results.outage(context, context.fortimonitor.outage(context.fortimonitor.outage_id(params["incident"])))


def list_fortimonitor_incidents(context: Context, params: Dict[str, Any]) -> Result:
    """List incidents of FortiMonitor, newest first.

    Parameters:
        server: id, exact name or FQDN; optional, default all.
        status: Active | Resolved; severity: Critical | Warning; optional.
        started_after, started_before: moments in time; optional.
        text: what the description must contain, in any case; optional.
        max_results: 1 to 25000.
    Returns: incidents, count, is_complete (whether there are no more than these).
    """
    server_id = context.fortimonitor.server_id(params["server"]) if "server" in params else None
    found = context.fortimonitor.outages(
        server_id,
        status=params["status"].lower() if "status" in params else None,
        severity=params["severity"].lower() if "severity" in params else None,
        since=params.get("started_after"),
        until=params.get("started_before"),
    )
    text = params.get("text", "").lower()
    matching = (outage for outage in found if text in outage.description.lower())
    listed = [results.outage(context, outage) for outage in islice(matching, params["max_results"])]
    return {"incidents": listed, "count": len(listed), "is_complete": next(matching, None) is None}


def get_fortimonitor_incident_log(context: Context, params: Dict[str, Any]) -> Result:
    """Read the log of an incident of FortiMonitor.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        since: moment in time; optional.
    Returns: incident_id, entries (created, entry, public, user), count.
    """
    outage_id = context.fortimonitor.outage_id(params["incident"])
    entries = [
        {"created": iso(entry.created), "entry": entry.entry, "public": entry.public, "user": entry.user}
        for entry in context.fortimonitor.log(outage_id, params.get("since"))
    ]
    return {"incident_id": outage_id, "entries": entries, "count": len(entries)}


def add_fortimonitor_incident_note(context: Context, params: Dict[str, Any]) -> Result:
    """Add a note to the log of an incident of FortiMonitor, once.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        note: text.
        public: whether it shows on public pages.
        user: user name, id or URL; optional.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, request.
    """
    outage_id = context.fortimonitor.outage_id(params["incident"])
    user = context.fortimonitor.user(params["user"]) if "user" in params else None
    with attempting(f"add a note to incident {outage_id}"):
        note = _Note(context.fortimonitor, outage_id, params, user)
        return _result(context, outage_id, carry_out(note, context.deadline))


def acknowledge_fortimonitor_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Acknowledge an outage of FortiMonitor, unless it is acknowledged already.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        who: user name, id or URL.
        message, should_broadcast, delay_in_seconds: as FortiMonitor's own; optional.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, acknowledged_by, request.
    Raises: Rejected for an anomaly, besides the other kinds.
    """
    outage_id = context.fortimonitor.outage_id(params["incident"])
    with attempting(f"acknowledge incident {outage_id}"):
        earlier = context.fortimonitor.outage(outage_id).acknowledged_by
        if earlier is not None:
            return {**_result(context, outage_id, ALREADY_DONE), "acknowledged_by": str(earlier)}
        who = context.fortimonitor.user(params["who"])
        names = ("message", "should_broadcast", "delay_in_seconds")
        body = {"who": who.url, **{name: params[name] for name in names if name in params}}
        acknowledge = StateChange(
            send=lambda: context.fortimonitor.act(outage_id, "acknowledge", body),
            read=lambda: context.fortimonitor.outage(outage_id),
            shows=lambda outage: outage.acknowledged_by is not None,
            undone="not acknowledged",
            may_repeat=not params["should_broadcast"],  # it pages people
        )
        result = _result(context, outage_id, carry_out(acknowledge, context.deadline))
        # Somebody else may have been quicker.
        shown = acknowledge.last_read.acknowledged_by if acknowledge.last_read else None
        return {**result, "acknowledged_by": str(shown or who)}


def update_fortimonitor_incident_description(context: Context, params: Dict[str, Any]) -> Result:
    """Replace the description of a custom incident of FortiMonitor; its correlation marker stays in it.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        description: text.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, request.
    """
    outage_id = context.fortimonitor.outage_id(params["incident"])
    with attempting(f"update the description of incident {outage_id}"):
        earlier = context.fortimonitor.outage(outage_id)
        description = with_marker(params["description"], earlier.marker) if earlier.marker else params["description"]

        def is_done(outage: Outage) -> bool:
            # FortiMonitor may add the metadata to what it shows, in lines of its own (assumed: no source).
            return f"{outage.description}\n".startswith(f"{description}\n")

        # Without a marker at its end, a longer description may begin like this one.
        if is_done(earlier) and (earlier.marker or earlier.description == description):
            return _result(context, outage_id, ALREADY_DONE)
        return _change(context, outage_id, "description", {"description": description}, is_done)


def set_fortimonitor_incident_summary(context: Context, params: Dict[str, Any]) -> Result:
    """Set the summary of an incident of FortiMonitor.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        summary: text.
        who: user name, id or URL.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, request.
    """
    outage_id = context.fortimonitor.outage_id(params["incident"])
    with attempting(f"set the summary of incident {outage_id}"):
        summary = params["summary"]
        body = {"summary": summary, "who": context.fortimonitor.user(params["who"]).url}
        return _set(context, outage_id, "summary", body, lambda outage: outage.summary == summary)


def set_fortimonitor_incident_tags(context: Context, params: Dict[str, Any]) -> Result:
    """Set the tags of an incident of FortiMonitor, in place of those it has.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        tags: text with commas.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, request.
    """
    outage_id = context.fortimonitor.outage_id(params["incident"])
    with attempting(f"set the tags of incident {outage_id}"):
        tags = list(dict.fromkeys(tag.strip() for tag in params["tags"].split(",") if tag.strip()))
        return _set(context, outage_id, "tags", {"tags": tags}, lambda outage: sorted(outage.tags) == sorted(tags))


def set_fortimonitor_incident_lead(context: Context, params: Dict[str, Any]) -> Result:
    """Make a user the lead of an incident of FortiMonitor. No read shows the lead, so it is sent once.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        who: user name, id or URL.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, request.
    """
    return _once(context, params, "set the lead of incident {id}", partial(_act, context, "lead"))


def escalate_fortimonitor_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Send the next scheduled alert of an incident of FortiMonitor now. It pages people, so it is sent once.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        who: user name, id or URL.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, request.
    """
    return _once(context, params, "escalate incident {id}", partial(_act, context, "escalate"))


def broadcast_fortimonitor_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Send a message to everybody who was alerted of an incident of FortiMonitor. It is sent once.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        message: text.
        who: user name, id or URL.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, request.
    """
    send = partial(_act, context, "broadcast", message=params["message"])
    return _once(context, params, "broadcast a message on incident {id}", send)


def delay_fortimonitor_incident_alerts(context: Context, params: Dict[str, Any]) -> Result:
    """Hold back further alerts of an incident of FortiMonitor. No read shows it, so it is sent once.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        delay_in_seconds: whole number; 0 cancels them for good.
        who: user name, id or URL.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, request.
    """
    seconds = params["delay_in_seconds"]
    return _once(
        context,
        params,
        "delay the alerts of incident {id}",
        lambda outage_id, who: context.fortimonitor.delay_alerts(outage_id, seconds, who),
    )


def list_fortimonitor_servers(context: Context, params: Dict[str, Any]) -> List[Result]:
    """List servers of FortiMonitor. The forms' Server fields show them as choices: ``title`` for ``value``.

    Parameters:
        text: what name or FQDN must contain, in any case; optional.
        tags: text with commas, of which a server must have one; optional.
        max_results: 1 to 25000.
    Returns: a list of title, value (the id as text), server_id, name, fqdn, status, tags.
    """
    filters = {"tags": params["tags"]} if "tags" in params else {}
    text = params.get("text", "").lower()
    matching = (
        server
        for server in context.fortimonitor.servers(**filters)
        if text in server.name.lower() or text in server.fqdn.lower()
    )
    with attempting("list servers"):
        return [results.server(server) for server in islice(matching, params["max_results"])]


def list_fortimonitor_users(context: Context, params: Dict[str, Any]) -> List[Result]:
    """List users of FortiMonitor. The forms' Who and User fields show them as choices.

    Parameters:
        username: what the user name must contain; optional.
    Returns: a list of title, value (the user name), user_id, username, display_name, user_url.
    """
    with attempting("list users"):
        return [results.user(user) for user in context.fortimonitor.users(params.get("username"))]


def list_incident_textkeys(context: Context, params: Dict[str, Any]) -> List[Result]:
    """List the textkeys that FortiMonitor shows. The forms' Plugin Textkey fields show them as choices.

    Parameters:
        server: id, exact name or FQDN; optional, default the types of all resources.
    Returns: a list of title, value (the plugin textkey), plugin_textkey, resource_textkey, label, category.
    """
    return [results.textkeys(pair, pair.plugin_textkey) for pair in _textkeys(context, params)]


def list_resource_textkeys(context: Context, params: Dict[str, Any]) -> List[Result]:
    """List the same textkeys for the forms' Resource Textkey fields.

    Parameters:
        server: id, exact name or FQDN; optional, default the types of all resources.
    Returns: a list of title, value (the resource textkey), plugin_textkey, resource_textkey, label, category.
    """
    return [results.textkeys(pair, pair.resource_textkey) for pair in _textkeys(context, params)]


def make_fortimonitor_api_request(context: Context, params: Dict[str, Any]) -> Result:
    """Send a request to any endpoint of FortiMonitor, once.

    Parameters:
        method: GET | POST | PUT | DELETE.
        endpoint: path below the base URL, or a URL of the configured origin, without a query.
        query: object of scalars; optional.
        body: object; optional.
    Returns: status, body (the answer's JSON, else null), text (else), location (of a new object), attempts, request.
    Raises: InvalidInput for another origin, and for a GET that would act; the other kinds for other statuses than 2xx.
    """
    with attempting("make the API request"):
        answer = context.fortimonitor.request(
            params["method"], params["endpoint"], params.get("query", {}), params.get("body")
        )
        return results.answer(context, answer)


def _expected(context: Context, outage_id: int, marker: str) -> Outage:
    """Read an incident that must carry a marker. Raises NotResolvable if it carries another one or none."""
    outage = context.fortimonitor.outage(outage_id)
    if outage.marker != marker:
        carried = f"correlation id {outage.marker!r}" if outage.marker else "no correlation id"
        raise NotResolvable(f"it carries {carried}, not {marker!r}", "It is another incident; check its ID.")
    return outage


def _ordinary(outage: Outage, failure: Failure) -> Optional[Failure]:
    if outage.type != ORDINARY:
        return None
    return NotResolvable(
        f"it is an ordinary outage ({failure.happened})", "Only custom incidents can be force-resolved."
    )


def _set(context: Context, outage_id: int, action: str, body: Dict[str, Any], is_done: Shows) -> Result:
    """Set what a read shows, unless it is set already."""
    if is_done(context.fortimonitor.outage(outage_id)):
        return _result(context, outage_id, ALREADY_DONE)
    return _change(context, outage_id, action, body, is_done)


def _change(context: Context, outage_id: int, action: str, body: Dict[str, Any], shows: Shows) -> Result:
    change = StateChange(
        send=lambda: context.fortimonitor.act(outage_id, action, body),
        read=lambda: context.fortimonitor.outage(outage_id),
        shows=shows,
    )
    return _result(context, outage_id, carry_out(change, context.deadline))


def _once(context: Context, params: Dict[str, Any], goal: str, send: Callable[[int, User], Answer]) -> Result:
    """Do what no read shows, in a user's name: send it once, whatever comes."""
    outage_id = context.fortimonitor.outage_id(params["incident"])
    with attempting(goal.format(id=outage_id)):
        who = context.fortimonitor.user(params["who"])
        return _result(context, outage_id, carry_out(Once(lambda: send(outage_id, who)), context.deadline))


def _act(context: Context, action: str, outage_id: int, who: User, **more: str) -> Answer:
    return context.fortimonitor.act(outage_id, action, {"who": who.url, **more})


def _result(context: Context, outage_id: int, evidence: Evidence) -> Result:
    return evidence.result(incident_id=outage_id, incident_url=context.fortimonitor.outage_url(outage_id))


class _Note(Write):
    """A note for an outage's log. It has no marker, so the equal ones are counted: one more afterwards is ours."""

    waits = LOOKS

    def __init__(
        self, fortimonitor: FortiMonitor, outage_id: int, params: Dict[str, Any], user: Optional[User]
    ) -> None:
        self._fortimonitor, self._outage_id, self._user = fortimonitor, outage_id, user
        self._note, self._public = params["note"], params["public"]
        self._before = self._count()

    def send(self) -> Accepted:
        return Accepted(self._fortimonitor.add_log_entry(self._outage_id, self._note, self._public, self._user))

    def look(self) -> bool:
        return self._count() > self._before

    def failure(self, evidence: Evidence) -> Failure:
        failure = evidence.failures[-1]
        if not failure.is_ambiguous:
            return failure
        return OutcomeUnknown(
            f"{failure.happened}, and the log did not show the note afterwards",
            "Look into the incident's log before running the action again.",
            attempts=evidence.attempts,
            request=evidence.request,
        )

    def _count(self) -> int:
        return sum(entry.entry.strip() == self._note.strip() for entry in self._fortimonitor.log(self._outage_id))


def _textkeys(context: Context, params: Dict[str, Any]) -> List[Textkeys]:
    server_id = context.fortimonitor.server_id(params["server"]) if "server" in params else None
    return context.fortimonitor.textkeys(server_id)


def _several(outages: List[Outage]) -> Optional[str]:
    if len(outages) == 1:
        return None
    return f"Several incidents have this correlation id; this is the newest: {_listed(outages)}."


def _listed(outages: List[Outage]) -> str:
    return ", ".join(str(outage) for outage in outages)
