"""Actions on one incident in both products. Each may be run again: what is done is left alone, the rest is finished."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from ..clients.context import Context
from ..clients.fortimonitor.models import ACTIVE, Outage
from ..clients.fortisiem.attributes import is_cleared, status
from ..core.errors import (
    SHOWN,
    AlreadyClosed,
    AlreadyExists,
    Failure,
    HalfDone,
    InvalidInput,
    NotFound,
    NotResolvable,
    attempting,
    cut,
    shown,
)
from ..core.times import iso
from ..core.urls import signed_id
from ..core.values import moment, text
from . import results
from .creation import SEARCH_DAYS
from .fortimonitor import create, resolve
from .fortisiem import existing_row
from .results import Result
from .siem_update import already_cleared, not_applied, unchanged, update
from .summaries import PRODUCTS, of_pair, of_state, with_summary
from .writes import ALREADY_DONE

Row = Dict[str, Any]
FIRST_SIDE = 0.6  # of the time that is left; the rest is for the other side
TEXTKEYS = ("plugin_textkey", "resource_textkey")


def escalate_siem_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Create a custom incident in FortiMonitor for an incident of FortiSIEM, and note it there as external ticket.

    Raises: AlreadyClosed for a cleared incident; AlreadyExists where it has a ticket of something else; HalfDone with
        what is done; the kinds of both actions.
    """
    incident_id = params["incident_id"]
    with attempting(f"escalate FortiSIEM incident {incident_id}"):
        _require_both(context)
        markers = _markers(context, params)
        server_id = context.fortimonitor.server_id(params["server"])
        row = existing_row(context, incident_id)
        earlier = _escalated(context, row, markers)
        is_over = earlier is not None and earlier.is_resolved and params["if_resolved"] == "Create Another"
        if (earlier is None or is_over) and is_cleared(row):
            raise AlreadyClosed(
                f"it is {cut(status(row) or 'cleared', SHOWN)} already", "Only an active incident is escalated."
            )
        if earlier is not None and not is_over:
            created = _found(context, earlier, server_id)
        else:
            created = _created(context.with_a_share(FIRST_SIDE), params, server_id, row, markers[0])
        return _both(lambda: created, lambda _: _ticketed(context, params, row, created))


def close_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Force-resolve an incident in FortiMonitor and clear the one in FortiSIEM that belong together.

    Raises: NotResolvable, with nothing changed in FortiSIEM either, where FortiMonitor's is not of the pair; HalfDone
        with what is done; the kinds of both actions.
    """
    incident_id = params["incident_id"]
    with attempting(f"close FortiSIEM incident {incident_id} and its incident in FortiMonitor"):
        _require_both(context)
        markers = _markers(context, params)
        row = existing_row(context, incident_id)
        outage_id = _named(context, params, row)
        if outage_id is None and _ticket(row):
            raise _id_required(f"the external ticket {shown(_ticket(row))}")
        if outage_id is None:
            outage_id = _unticketed(context, markers[0])
        if outage_id is None:
            return _pair({"fortimonitor": _not_raised(params), "fortisiem": _cleared(context, params, row, None)})
        resolved_id = outage_id
        return _both(
            lambda: _resolved(context.with_a_share(FIRST_SIDE), params, resolved_id, markers),
            # A ticket is closed once it is known to be of the pair, and done.
            lambda is_resolved: _cleared(context, params, row, resolved_id if is_resolved else None),
        )


def get_incident_state(context: Context, params: Dict[str, Any]) -> Result:
    """Compare an incident of FortiMonitor with the one of FortiSIEM that belong together.

    That there is none in FortiMonitor is an answer too.
    """
    _require_both(context)
    incident_id = params["incident_id"]
    with attempting(f"compare FortiSIEM incident {incident_id} with its incident in FortiMonitor"):
        markers = _markers(context, params)
        row = existing_row(context, incident_id)
        outage_id = _named(context, params, row)
        if outage_id is None:
            outage_id = _unticketed(context, markers[0])
        outage = None if outage_id is None else context.fortimonitor.outage(outage_id)
    differences = [] if outage is None else [*_status_difference(row, outage), *_link_differences(row, outage, markers)]
    return {
        "summary": of_state(incident_id, outage, [each["what"] for each in differences]),
        "state": "not_raised" if outage is None else "out_of_step" if differences else "in_step",
        "agree": None if outage is None else not differences,
        "differences": differences,
        "fortimonitor": None if outage is None else results.aged_outage(context, outage),
        "fortisiem": results.aged_siem_incident(context, row),
    }


def _require_both(context: Context) -> None:
    """Raise ProductNotConfigured before the first request, where one of the products is switched off."""
    _ = context.fortimonitor, context.fortisiem


# The pair.


def _markers(context: Context, params: Dict[str, Any]) -> List[str]:
    """Return the correlation IDs by which the pair is known: the one that is given, else the one that is made.

    That is the same for every account that sees the incident. Two servers may share a host (NAT), so its port belongs
    to it; without it, as it was made before, it is good only for what the external ticket names.
    """
    if "correlation_id" in params:
        return [params["correlation_id"]]
    siem, incident_id = context.fortisiem, params["incident_id"]
    made = [f"fortisiem:{server}:{incident_id}" for server in (siem.authority, siem.host)]
    return list(dict.fromkeys(made))


def _ticket(row: Row) -> str:
    return text(row.get("incidentExtTicketId") or "").strip()


def _named(context: Context, params: Dict[str, Any], row: Row) -> Optional[int]:
    """Return FortiMonitor's id: as given, else the external ticket, None where that is none."""
    if "incident" in params:
        return context.fortimonitor.outage_id(params["incident"])
    return signed_id(_ticket(row))


def _unticketed(context: Context, marker: str) -> Optional[int]:
    """Return the id of the active incident of the pair that no ticket names, as after half an escalation.

    None where there is none: it was not raised, or what was raised is over. Raises InvalidInput where not all active
    ones could be read.
    """
    active = context.fortimonitor.outages(status=ACTIVE)
    for outage in active:
        if outage.marker.is_of(marker):
            return outage.id
    if active.skipped or not active.is_complete:
        raise _id_required("no external ticket, and FortiMonitor's list of incidents could not be read in whole")
    return None


def _id_required(reason: str) -> InvalidInput:
    return InvalidInput(f"FortiMonitor Incident is required: the FortiSIEM incident has {reason}.")


def _escalated(context: Context, row: Row, markers: List[str]) -> Optional[Outage]:
    """Return the incident that the external ticket names, None without a ticket.

    Raises AlreadyExists where the ticket is something else's: it would be overwritten.
    """
    ticket = _ticket(row)
    number = signed_id(ticket)
    outage = context.fortimonitor.whatever_is_at(number) if number is not None else None
    if ticket and (outage is None or not any(outage.marker.is_of(marker) for marker in markers)):
        raise AlreadyExists(
            f"it has the external ticket {shown(ticket)} already, which is not its incident in FortiMonitor",
            "Empty the ticket in FortiSIEM, or give the Correlation ID of its incident in FortiMonitor.",
        )
    return outage


# The sides.


def _created(context: Context, params: Dict[str, Any], server_id: int, row: Row, marker: str) -> Result:
    incident = {
        "description": params.get("description") or _description(context, row),
        **{name: params[name] for name in TEXTKEYS},
        "correlation_id": marker,
        "search_days": SEARCH_DAYS,
        "verify": True,
    }
    with attempting(f"create a custom incident on server {server_id}"):
        counts_resolved = params["if_resolved"] == "Return Existing"
        return create(context, server_id, incident, "Return Existing", counts_resolved)


def _found(context: Context, outage: Outage, server_id: int) -> Result:
    found = ALREADY_DONE.result(
        incident_id=outage.id,
        incident_url=context.fortimonitor.outage_url(outage.id),
        page_url=context.page_url("fortimonitor", outage.id),
        correlation_id=outage.marker.correlation_id,
        server_id=outage.server_id or server_id,
        warning="It is resolved." if outage.is_resolved else None,
    )
    return with_summary(found, "fortimonitor", f"created on server {found['server_id']}")


def _not_raised(params: Dict[str, Any]) -> Result:
    """Return FortiMonitor's side where there is nothing to resolve."""
    nothing = ALREADY_DONE.result(outcome="not_raised", incident_id=None, incident_url=None, page_url=None)
    return {"summary": of_state(params["incident_id"], None), **nothing}


def _resolved(context: Context, params: Dict[str, Any], outage_id: int, markers: List[str]) -> Result:
    """Resolve the FortiMonitor incident. Raises NotResolvable where the ticket is another system's."""
    is_named = "incident" in params
    expected = [] if is_named and "correlation_id" not in params else markers
    try:
        return resolve(context, outage_id, params["reason"], expected)
    except NotFound as failure:
        if is_named:  # the FortiSIEM incident would be cleared, and no re-run could ever finish the rest
            raise NotResolvable(failure.happened, failure.advice).but(goal=failure.goal) from None
        raise NotResolvable(
            f"its external ticket '{outage_id}' names no incident in FortiMonitor",
            "It may be another system's ticket. Clear the FortiSIEM incident alone, or give FortiMonitor Incident.",
        ) from None


def _description(context: Context, row: Row) -> str:
    incident = results.siem_incident(context, row)
    lines = [
        f"{incident['title']} (FortiSIEM incident {incident['incident_id']}, severity {incident['severity']})",
        *(
            f"{name.title()}: {incident[name]['text'].rstrip(', ')}"
            for name in ("source", "target")
            if incident[name]["text"]
        ),
    ]
    return "\n".join(lines)


def _ticketed(context: Context, params: Dict[str, Any], row: Row, created: Result) -> Result:
    """Write the FortiMonitor incident into FortiSIEM as external ticket, unless it stands there."""
    comment = params.get("comments") or f"Escalated to FortiMonitor: {created['incident_url']}"
    fields = {"external_ticket_id": str(created["incident_id"]), "external_ticket_state": "New", "comments": comment}
    if _ticket(row) == fields["external_ticket_id"]:
        deed = f"linked to FortiMonitor incident {created['incident_id']}"
        return unchanged(context, params["incident_id"], fields, deed)
    return update(context, params["incident_id"], fields, verify=True, before=row)


def _cleared(context: Context, params: Dict[str, Any], row: Row, resolved: Optional[int]) -> Result:
    """Clear the FortiSIEM incident, and close its ticket if that is the incident that was resolved."""
    fields = {"status": "Manually Cleared", "comments": params["reason"]}
    if "resolution" in params:
        fields["resolution"] = params["resolution"]
    if resolved is not None and signed_id(_ticket(row)) == resolved:  # the ticket of another system is none of ours
        fields["external_ticket_state"] = "Closed"
    missing, warning = fields, None
    if is_cleared(row):
        warning = already_cleared(status(row) or "cleared")
        missing = {name: value for name, value in fields.items() if name == "external_ticket_state"}
    missing = {name: value for name, value in missing.items() if name == "comments" or not_applied(row, {name: value})}
    if not missing:
        return unchanged(context, params["incident_id"], fields, "cleared", warning)
    result = update(context, params["incident_id"], missing, verify=True, before=row)
    return {**result, "warning": " ".join(filter(None, (warning, result["warning"]))) or None}


def _both(fortimonitor: Callable[[], Result], fortisiem: Callable[[bool], Result]) -> Result:
    """Do both sides, the second even if the first fails. Raises HalfDone with what failed.

    Parameters:
        fortimonitor: does the first side.
        fortisiem: does the second, and is told whether the first is done.

    Where FortiMonitor's incident must not be resolved, the pair is wrong: then FortiSIEM's is left alone too.
    """
    done: Dict[str, Result] = {}
    failures: Dict[str, Failure] = {}
    for side in PRODUCTS:
        try:
            done[side] = fortimonitor() if side == "fortimonitor" else fortisiem("fortimonitor" in done)
        except NotResolvable:
            raise
        except Failure as failure:
            failures[side] = failure
    if failures:
        raise _failure(done, failures)
    return _pair(done)


def _pair(sides: Dict[str, Result]) -> Result:
    changed = any(result["changed"] for result in sides.values())
    outcome = "done" if changed else "already_done"
    return {"summary": of_pair(sides), "outcome": outcome, "changed": changed, **sides}


def _failure(done: Dict[str, Result], failures: Dict[str, Failure]) -> Failure:
    happened = [f"{PRODUCTS[side]} is done (incident {result['incident_id']})" for side, result in done.items()]
    happened += [f"{PRODUCTS[side]} is not: {failure.sentence.rstrip('.')}" for side, failure in failures.items()]
    unsure = [PRODUCTS[side] for side, failure in failures.items() if failure.is_ambiguous]
    is_changed = any(result["changed"] for result in done.values())
    advice = " ".join(dict.fromkeys(failure.advice for failure in failures.values() if failure.advice))
    if len(unsure) == 1:  # of both, the message says it anyway
        advice = f"Whether anything was changed in {unsure[0]} is unknown. {advice}".rstrip()
    changed = "partly" if is_changed else "unknown" if unsure else "no"
    return HalfDone("; ".join(happened), advice, changed)


# The comparison.


def _status_difference(row: Row, outage: Outage) -> List[Row]:
    if outage.is_resolved == is_cleared(row):
        return []
    # The side that is closed has changed last.
    since = outage.end if outage.is_resolved else moment(row.get("incidentClearedTime"))
    return [{"what": "status", "fortimonitor": outage.status, "fortisiem": status(row), "since": iso(since)}]


def _link_differences(row: Row, outage: Outage, markers: List[str]) -> List[Row]:
    differences: List[Row] = []
    if _ticket(row) != str(outage.id):
        ticket = _ticket(row) or None
        differences.append({"what": "external ticket", "fortimonitor": outage.id, "fortisiem": ticket, "since": None})
    if not any(outage.marker.is_of(marker) for marker in markers):
        carried = outage.marker.correlation_id
        differences.append(
            {"what": "correlation id", "fortimonitor": carried, "fortisiem": markers[0], "since": iso(outage.start)}
        )
    return differences
