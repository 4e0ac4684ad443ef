"""Actions on FortiMonitor's incidents, servers, users and textkeys."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import Any, Callable, Dict, List, Optional, Sequence

from ..clients.context import Context
from ..clients.fortimonitor.client import listed
from ..clients.fortimonitor.markers import marker_in, remarked
from ..clients.fortimonitor.models import Outage, Textkeys, User, tags_in
from ..core.errors import AlreadyExists, AnswerBroken, Failure, NotResolvable, OutcomeUnknown, attempting, shown
from ..core.http.answers import Answer
from ..core.texts import may_be_cut, same_text, survivors
from ..core.times import iso
from . import results
from .creation import Creation, alone
from .results import Result
from .summaries import with_summary
from .writes import ALREADY_DONE, LOOKS, Accepted, Evidence, Once, StateChange, Write, carry_out

ORDINARY = "outage"  # the type of an outage that no custom incident has


def create_custom_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Create a custom incident on a server in FortiMonitor, and no second one whatever happens on the way.

    Raises: InvalidInput, AlreadyExists, AuthenticationFailed, NotFound, Rejected, OutcomeUnknown and the other kinds.
    Source: FortiMonitor 21.4 "Custom incidents using API", Create a custom incident.
    """
    server_id = context.fortimonitor.server_id(params["server"])
    with attempting(f"create a custom incident on server {server_id}"):
        return create(context, server_id, params, params["if_exists"])


def create(
    context: Context, server_id: int, params: Dict[str, Any], if_exists: str, counts_resolved: bool = True
) -> Result:
    """Create an incident, unless there is one of the event and that is not wanted.

    Parameters:
        counts_resolved: whether a resolved incident of the event counts as one that there is already.
    """
    with alone(context, server_id, params.get("correlation_id")):
        return _created(context, Creation(context, server_id, params, counts_resolved), if_exists)


def _created(context: Context, creation: Creation, if_exists: str) -> Result:
    earlier = creation.earlier
    if earlier and if_exists == "Fail":
        raise AlreadyExists(f"there is one with correlation id {creation.correlation_id!r}: {listed(earlier)}")
    if earlier and if_exists == "Return Existing":
        evidence, creation.warnings = ALREADY_DONE, _several(earlier)
    else:
        evidence = carry_out(creation, context.deadline)
    return {
        **_result(context, creation.incident_id, evidence, f"created on server {creation.server_id}"),
        "correlation_id": creation.correlation_id,
        "server_id": creation.server_id,
        "warning": creation.warning,
    }


def force_resolve_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Force the resolution of a custom incident in FortiMonitor.

    Raises: InvalidInput, AuthenticationFailed, NotFound, NotResolvable, Rejected, OutcomeUnknown and the other kinds.
    Source: FortiMonitor 21.4 "Custom incidents using API", Resolve an incident.
    """
    outage_id = context.fortimonitor.outage_id(params["incident"])
    expected = params.get("expect_correlation_id")
    return resolve(context, outage_id, params.get("reason"), [expected] if expected else [])


def resolve(context: Context, outage_id: int, reason: Optional[str], expected: Sequence[str]) -> Result:
    """Force the resolution of an incident, where it carries one of the expected correlation IDs or none is expected."""
    with attempting(f"resolve incident {outage_id}"):
        if expected and _expected(context, outage_id, expected).is_resolved:
            return _result(context, outage_id, ALREADY_DONE, "resolved")
        change = StateChange(
            send=lambda: context.fortimonitor.force_resolve(outage_id, reason),
            read=lambda: context.fortimonitor.outage(outage_id),
            shows=lambda outage: outage.is_resolved,
            undone="active",
            explain=_ordinary,
        )
        return _result(context, outage_id, carry_out(change, context.deadline), "resolved")


def get_fortimonitor_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Read an incident of FortiMonitor: a custom incident, an outage or an anomaly."""
    return results.aged_outage(context, context.fortimonitor.outage(context.fortimonitor.outage_id(params["incident"])))


def list_fortimonitor_incidents(context: Context, params: Dict[str, Any]) -> Result:
    """List incidents of FortiMonitor, newest first."""
    server_id = context.fortimonitor.server_id(params["server"]) if "server" in params else None
    listing = context.fortimonitor.outages(
        server_id,
        status=params["status"].lower() if "status" in params else None,
        severity=params["severity"].lower() if "severity" in params else None,
        since=params.get("started_after"),
        until=params.get("started_before"),
    )
    text = params.get("text", "").lower()
    matching = (outage for outage in listing if text in outage.description.lower())
    listed = [results.aged_outage(context, outage) for outage in islice(matching, params["max_results"])]
    is_complete = next(matching, None) is None and listing.is_complete and not listing.skipped
    return {"incidents": listed, "count": len(listed), "is_complete": is_complete, "skipped": listing.skipped}


def get_fortimonitor_incident_log(context: Context, params: Dict[str, Any]) -> Result:
    """Read the log of an incident of FortiMonitor."""
    outage_id = context.fortimonitor.outage_id(params["incident"])
    entries = [
        {"created": iso(entry.created), "entry": entry.entry, "public": entry.public, "user": entry.user}
        for entry in context.fortimonitor.log(outage_id, params.get("since"))
    ]
    page_url = context.page_url("fortimonitor", outage_id)
    return {"incident_id": outage_id, "page_url": page_url, "entries": entries, "count": len(entries)}


def add_fortimonitor_incident_note(context: Context, params: Dict[str, Any]) -> Result:
    """Add a note to the log of an incident of FortiMonitor, once."""
    outage_id = context.fortimonitor.outage_id(params["incident"])
    user = context.fortimonitor.user(params["user"]) if "user" in params else None
    with attempting(f"add a note to incident {outage_id}"):
        note = _Note(context, outage_id, params, user)
        evidence = carry_out(note, context.deadline)
        return _result(context, outage_id, evidence, "given the note", warning=note.warning)


def acknowledge_fortimonitor_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Acknowledge an outage of FortiMonitor, unless it is acknowledged already.

    Raises: Rejected for an anomaly, besides the other kinds.
    """
    outage_id = context.fortimonitor.outage_id(params["incident"])
    with attempting(f"acknowledge incident {outage_id}"):
        earlier = context.fortimonitor.outage(outage_id).acknowledged_by
        if earlier is not None:
            return _acknowledged(context, outage_id, ALREADY_DONE, earlier)
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
        evidence = carry_out(acknowledge, context.deadline)
        shown = acknowledge.last_read.acknowledged_by if acknowledge.last_read else None
        if shown is not None and shown.is_another_than(who):  # who was quicker
            return _acknowledged(context, outage_id, evidence, shown, outcome="already_done", changed=False)
        return _acknowledged(context, outage_id, evidence, shown or who)


def update_fortimonitor_incident_description(context: Context, params: Dict[str, Any]) -> Result:
    """Replace the description of a custom incident of FortiMonitor; its correlation marker stays in it."""
    outage_id = context.fortimonitor.outage_id(params["incident"])
    with attempting(f"update the description of incident {outage_id}"):
        earlier = context.fortimonitor.outage(outage_id)
        description = remarked(params["description"], earlier.marker)
        body = {"description": description}
        return _set(context, outage_id, "description", body, earlier, lambda outage: outage.description, _begins_with)


def set_fortimonitor_incident_summary(context: Context, params: Dict[str, Any]) -> Result:
    """Set the summary of an incident of FortiMonitor."""
    outage_id = context.fortimonitor.outage_id(params["incident"])
    with attempting(f"set the summary of incident {outage_id}"):
        body = {"summary": params["summary"], "who": context.fortimonitor.user(params["who"]).url}
        earlier = context.fortimonitor.outage(outage_id)
        return _set(context, outage_id, "summary", body, earlier, lambda outage: outage.summary, same_text)


def set_fortimonitor_incident_tags(context: Context, params: Dict[str, Any]) -> Result:
    """Set the tags of an incident of FortiMonitor, in place of those it has."""
    outage_id = context.fortimonitor.outage_id(params["incident"])
    with attempting(f"set the tags of incident {outage_id}"):
        body = {"tags": list(dict.fromkeys(tags_in(params["tags"])))}
        earlier = context.fortimonitor.outage(outage_id)
        return _set(context, outage_id, "tags", body, earlier, lambda outage: outage.tags, _same_tags)


def set_fortimonitor_incident_lead(context: Context, params: Dict[str, Any]) -> Result:
    """Make a user the lead of an incident of FortiMonitor. No read shows the lead, so it is sent once."""
    send = partial(_act, context, "lead")
    return _once(context, params, "set the lead of incident {id}", "given the lead {who}", send)


def escalate_fortimonitor_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Send the next scheduled alert of an incident of FortiMonitor now. It pages people, so it is sent once."""
    send = partial(_act, context, "escalate")
    return _once(context, params, "escalate incident {id}", "escalated to its next scheduled alert", send)


def broadcast_fortimonitor_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Send a message to everybody who was alerted of an incident of FortiMonitor. It is sent once."""
    send = partial(_act, context, "broadcast", message=params["message"])
    deed = "broadcast to everybody who was alerted of it"
    return _once(context, params, "broadcast a message on incident {id}", deed, send)


def delay_fortimonitor_incident_alerts(context: Context, params: Dict[str, Any]) -> Result:
    """Hold back further alerts of an incident of FortiMonitor. No read shows it, so it is sent once."""
    seconds = params["delay_in_seconds"]
    return _once(
        context,
        params,
        "delay the alerts of incident {id}",
        f"kept from further alerts for {seconds} s",
        lambda outage_id, who: context.fortimonitor.delay_alerts(outage_id, seconds, who),
    )


def list_fortimonitor_servers(context: Context, params: Dict[str, Any]) -> List[Result]:
    """List servers of FortiMonitor."""
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
    """List users of FortiMonitor."""
    with attempting("list users"):
        return [results.user(user) for user in context.fortimonitor.users(params.get("username"))]


def list_incident_textkeys(context: Context, params: Dict[str, Any]) -> List[Result]:
    """List the textkeys that FortiMonitor shows."""
    return [results.textkeys(pair, pair.plugin_textkey) for pair in textkeys_of(context, params)]


def make_fortimonitor_api_request(context: Context, params: Dict[str, Any]) -> Result:
    """Send a request to any endpoint of FortiMonitor, once.

    Raises: InvalidInput for another origin, and for a GET that would act; the other kinds for other statuses than 2xx.
    """
    with attempting("make the API request"):
        answer = context.fortimonitor.request(
            params["method"], params["endpoint"], params.get("query", {}), params.get("body")
        )
        return results.answer(context, "FortiMonitor", answer)


def _expected(context: Context, outage_id: int, expected: Sequence[str]) -> Outage:
    """Read an incident that must carry one of some correlation IDs. Raises NotResolvable if it carries none of them."""
    outage = context.fortimonitor.outage(outage_id)
    if not any(outage.marker.is_of(correlation_id) for correlation_id in expected):
        raise NotResolvable(f"it carries {outage.marker}, not {expected[0]!r}", "It is another incident; check its ID.")
    return outage


def _acknowledged(context: Context, outage_id: int, evidence: Evidence, by: User, **own: Any) -> Result:
    return _result(context, outage_id, evidence, f"acknowledged by {by}", acknowledged_by=str(by), **own)


def _ordinary(outage: Outage, failure: Failure) -> Optional[Failure]:
    if outage.type != ORDINARY:
        return None
    return NotResolvable(
        f"it is an ordinary outage ({failure.happened})", "Only custom incidents can be force-resolved."
    )


def _set(
    context: Context,
    outage_id: int,
    name: str,
    body: Dict[str, Any],
    earlier: Outage,
    attribute: Callable[[Outage], Any],
    same: Callable[[Any, Any], bool],
) -> Result:
    """Set an attribute that a read shows, unless it is set already.

    Parameters:
        name: of the action, and of the attribute in its body.
        attribute: of an outage as it is read.
        same: whether what was sent is what is shown, as far as that survives.
    """
    deed = f"given its new {name}"
    if same(body[name], attribute(earlier)):
        return _result(context, outage_id, ALREADY_DONE, deed)

    def shows(outage: Outage) -> Optional[bool]:
        now = attribute(outage)
        if same(body[name], now):
            return True
        # What is neither as it was nor as it was sent may have been cut or rewritten: that proves nothing. Nor does
        # what is as it was, if the new text begins like the old one and both may be cut.
        is_cut = isinstance(now, str) and may_be_cut(body[name], now)
        return False if now == attribute(earlier) and not is_cut else None

    change = StateChange(
        send=lambda: context.fortimonitor.act(outage_id, name, body),
        read=lambda: context.fortimonitor.outage(outage_id),
        shows=shows,
    )
    evidence = carry_out(change, context.deadline)
    warning = None
    if change.last_read is not None and change.shown is None:
        warning = f"FortiMonitor shows {shown(attribute(change.last_read))} instead."
    return _result(context, outage_id, evidence, deed, warning=warning)


def _begins_with(sent: str, shown_now: str) -> bool:
    """Compare descriptions: FortiMonitor may add the metadata to a marked one, in lines of its own (assumed)."""
    if same_text(sent, shown_now):
        return True
    return bool(marker_in({}, sent)) and f"{survivors(shown_now)}\n".startswith(f"{survivors(sent)}\n")


def _same_tags(sent: List[str], shown_now: List[str]) -> bool:
    """Compare tags, whose order and letter case FortiMonitor may change (seen)."""
    return {tag.casefold() for tag in sent} == {tag.casefold() for tag in shown_now}


def _once(
    context: Context, params: Dict[str, Any], goal: str, deed: str, send: Callable[[int, User], Answer]
) -> Result:
    """Do what no read shows, in a user's name: send it once, whatever comes."""
    outage_id = context.fortimonitor.outage_id(params["incident"])
    with attempting(goal.format(id=outage_id)):
        who = context.fortimonitor.user(params["who"])
        evidence = carry_out(Once(lambda: send(outage_id, who)), context.deadline)
        return _result(context, outage_id, evidence, deed.format(who=who))


def _act(context: Context, action: str, outage_id: int, who: User, **more: str) -> Answer:
    return context.fortimonitor.act(outage_id, action, {"who": who.url, **more})


def _result(context: Context, outage_id: int, evidence: Evidence, deed: str, **own: Any) -> Result:
    addresses = {
        "incident_url": context.fortimonitor.outage_url(outage_id),
        "page_url": context.page_url("fortimonitor", outage_id),
    }
    return with_summary(evidence.result(incident_id=outage_id, **addresses, **own), "fortimonitor", deed)


class _Note(Write):
    """A note for an outage's log. It has no marker, so the log is read before: an equal entry more is ours.

    ``warning`` says where the log does not show it.
    """

    waits = LOOKS

    def __init__(self, context: Context, outage_id: int, params: Dict[str, Any], user: Optional[User]) -> None:
        self._fortimonitor, self._outage_id, self._user = context.fortimonitor, outage_id, user
        self._note, self._public = params["note"], params["public"]
        self._before = self._entries()
        self.warning: Optional[str] = None

    def send(self) -> Accepted:
        answer = self._fortimonitor.add_log_entry(self._outage_id, self._note, self._public, self._user)
        try:
            is_shown = self.look()
        except Failure as failure:
            self.warning = f"The log could not be read back: {failure.happened}."
            return Accepted(answer)
        if is_shown is False and "Location" not in answer.headers:  # FortiMonitor's own has one (its schema)
            told = f"FortiMonitor answered {answer.status} to {answer.request} without the new note's address"
            raise answer.failure(AnswerBroken, told)
        if not is_shown:
            self.warning = "FortiMonitor accepted the note; its log does not show it as it was sent, or not yet."
        return Accepted(answer, "read_back" if is_shown else "response")

    def look(self) -> Optional[bool]:
        """Read the log: another new entry may be somebody else's, or this one rewritten, and proves nothing."""
        now = self._entries()
        if self._count(now) > self._count(self._before):
            return True
        return None if len(now) > len(self._before) else False

    def failure(self, evidence: Evidence) -> Failure:
        failure = evidence.failures[-1]
        if not failure.is_ambiguous:
            return failure
        return OutcomeUnknown(
            f"{failure.happened}, and the log did not show the note afterwards",
            "Look into the incident's log before running the action again.",
            attempts=evidence.attempts,
            request=evidence.request,
        ).but(may_still_come=failure.may_still_come)

    def _entries(self) -> List[str]:
        return [entry.entry for entry in self._fortimonitor.log(self._outage_id)]

    def _count(self, entries: List[str]) -> int:
        return sum(same_text(self._note, entry) for entry in entries)


def textkeys_of(context: Context, params: Dict[str, Any]) -> List[Textkeys]:
    """Return the textkeys of a server's resources, without a server those of all types."""
    server_id = context.fortimonitor.server_id(params["server"]) if "server" in params else None
    return context.fortimonitor.textkeys(server_id)


def _several(outages: List[Outage]) -> List[str]:
    if len(outages) == 1:
        return []
    return [f"Several incidents have this correlation id; this is the newest: {listed(outages)}."]
