"""Actions on FortiSIEM's incidents."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..clients.context import Context
from ..clients.fortisiem.attributes import (
    ATTRIBUTES,
    CATEGORIES,
    LEVELS,
    READ_FIELDS,
    STATUSES,
    is_cleared,
    organizations,
    status,
    word,
)
from ..clients.fortisiem.lists import PAGE_SIZE, Wanted
from ..core.errors import InvalidInput, NotFound, attempting
from ..core.times import epoch_milliseconds
from ..core.values import Skipped, read_rows, text
from . import results
from .results import Result
from .siem_update import already_cleared, unchanged, update

DAY = timedelta(hours=24)
SEARCHED = ("incidentTitle", "incidentSrc", "incidentTarget", "incidentDetail", "incidentRptIp", "incidentRptDevName")


def update_siem_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Update attributes of an incident in FortiSIEM; those that are not given stay as they are.

    Raises: InvalidInput, AuthenticationFailed, NotFound, Rejected, OutcomeUnknown and the other kinds.
    Source: FortiSIEM Integration API Guide, Update Incident Attributes (since 5.2.5).
    """
    fields = {name: params[name] for name in ATTRIBUTES if name in params}
    if not fields:
        raise InvalidInput("At least one attribute to update must be given.")
    with attempting(f"update FortiSIEM incident {params['incident_id']}"):
        return update(context, params["incident_id"], fields, params["verify"])


def clear_siem_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Clear an incident in FortiSIEM by hand, unless it is cleared already."""
    incident_id = params["incident_id"]
    fields = {"status": "Manually Cleared", "comments": params["reason"]}
    if "resolution" in params:
        fields["resolution"] = params["resolution"]
    with attempting(f"clear FortiSIEM incident {incident_id}"):
        row = row_if_readable(context, incident_id)
        if row and is_cleared(row):
            return unchanged(context, incident_id, fields, "cleared", already_cleared(status(row) or "cleared"))
        return update(context, incident_id, fields, params["verify"], before=row)


def comment_siem_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Add a comment to an incident in FortiSIEM. It is never sent twice, since it may append."""
    with attempting(f"comment FortiSIEM incident {params['incident_id']}"):
        return update(context, params["incident_id"], {"comments": params["comment"]}, params["verify"])


def get_siem_incident(context: Context, params: Dict[str, Any]) -> Result:
    """Read an incident of FortiSIEM.

    Raises: NotFound where there is no such one, besides the other kinds.
    """
    further = _names(params.get("fields"))
    return results.aged_siem_incident(context, existing_row(context, params["incident_id"], further), further)


def list_siem_incidents(context: Context, params: Dict[str, Any]) -> Result:
    """List incidents of FortiSIEM that occurred within a time, newest first.

    One request is enough where a page holds them all, or the newest ones do. Else all pages are read by ascending
    id, without the filter on the status: an incident that is cleared meanwhile would leave the list, and another one
    would slip past.
    """
    wanted, further = _wanted(params), _names(params.get("fields"))
    most: int = params["max_results"]
    matches = _Filter(params)
    with attempting("list FortiSIEM incidents"):
        filters = {**wanted.filters, **matches.on_status}
        first = context.fortisiem.incident_list(wanted._replace(filters=filters)).newest(matches.page_size(most))
        found, is_complete, skipped = [row for row in first.rows if matches(row)], first.is_whole, first.skipped
        if not is_complete and len(found) < most:
            every = context.fortisiem.incident_list(wanted)
            found = list(reversed(deque((row for row in every.all() if matches(row)), maxlen=most + 1)))
            is_complete, skipped = every.is_complete and not every.skipped, every.skipped
    listed = [results.aged_siem_incident(context, row, further) for row in found[:most]]
    return {
        "incidents": listed,
        "count": len(listed),
        "is_complete": is_complete and len(found) <= most,
        "skipped": skipped,
    }


def get_siem_incident_events(context: Context, params: Dict[str, Any]) -> Result:
    """Read the events that triggered an incident of FortiSIEM."""
    time_from, time_to = params.get("time_from"), params.get("time_to")
    if time_from and time_to and time_to - time_from > DAY:
        raise InvalidInput("Time From and Time To must be within 24 hours.")
    if time_from is None and time_to is not None:
        time_from = time_to - DAY
    if time_to is None and time_from is not None:
        time_to = time_from + DAY
    bounds = [epoch_milliseconds(moment) if moment else None for moment in (time_from, time_to)]
    events, skipped = events_of(context, params["incident_id"], params["max_results"], *bounds)
    page_url = context.page_url("fortisiem", params["incident_id"])
    return {
        "incident_id": params["incident_id"],
        "page_url": page_url,
        "events": events,
        "count": len(events),
        "skipped": skipped,
    }


def make_fortisiem_api_request(context: Context, params: Dict[str, Any]) -> Result:
    """Send a request to any endpoint of FortiSIEM, once.

    Raises: InvalidInput for another origin; the other kinds for other statuses than 2xx.
    """
    with attempting("make the API request"):
        answer = context.fortisiem.request(
            params["method"], params["endpoint"], params.get("query", {}), params.get("body")
        )
        return results.answer(context, "FortiSIEM", answer)


def events_of(
    context: Context, incident_id: int, most: int, time_from: Optional[int] = None, time_to: Optional[int] = None
) -> Tuple[List[Result], Skipped]:
    """Read the events that triggered an incident, and which could not be read.

    Parameters:
        time_from, time_to: epoch milliseconds.
    """
    return read_rows(context.fortisiem.events(incident_id, time_from, time_to, most)[:most], results.event, "nid")


def existing_row(context: Context, incident_id: int, further: Sequence[str] = ()) -> Dict[str, Any]:
    """Read an incident that must exist. Raises NotFound where FortiSIEM shows no such one."""
    row = context.fortisiem.incident(incident_id, [*READ_FIELDS, *further])
    if row is None:
        raise context.fortisiem.unseen(incident_id)
    return row


def row_if_readable(context: Context, incident_id: int) -> Optional[Dict[str, Any]]:
    """Read an incident; None on a server that has no address for reading them (before 6.3).

    Raises NotFound where the server has one, and shows no such incident.
    """
    try:
        return existing_row(context, incident_id)
    except NotFound as failure:
        if failure.request.get("status") == 404:
            return None
        raise


class _Filter:
    """What is asked of the incidents of a list. FortiSIEM's own filters were seen not to work, so all is checked here.

    Calling it with a row tells whether that is one.
    """

    def __init__(self, params: Dict[str, Any]) -> None:
        self.choices = {
            read: (words, set(params[name]))
            for name, read, words in (
                ("status", "incidentStatus", STATUSES),
                ("severity", "eventSeverityCat", LEVELS),
                ("category", "phIncidentCategory", CATEGORIES),
            )
            if name in params
        }
        if "event_type" in params:
            self.choices["eventType"] = ({}, set(_names(params["event_type"])))
        self.organization = params.get("organization", "").lower()
        self.text = params.get("text", "").lower()

    def __call__(self, row: Dict[str, Any]) -> bool:
        return (
            all(word(words, row.get(read)) in chosen for read, (words, chosen) in self.choices.items())
            and (not self.organization or self.organization in map(str.lower, organizations(row.get("customer"))))
            and (not self.text or any(self.text in text(row.get(name)).lower() for name in SEARCHED))
        )

    @property
    def on_status(self) -> Dict[str, List[int]]:
        """FortiSIEM's own filter on the status. The clients call it ``status``; OpenAPI 7.5.1 ``incidentStatus``."""
        _, chosen = self.choices.get("incidentStatus", ({}, ()))
        return {"status": sorted(int(STATUSES[choice]) for choice in chosen)} if chosen else {}

    def page_size(self, most: int) -> int:
        """Return how many of the newest incidents to ask for: one more than wanted if FortiSIEM filters by itself.

        That one shows that there are more, whatever FortiSIEM counts.
        """
        filtered_here = set(self.choices) - {"incidentStatus", "phIncidentCategory"} or self.organization or self.text
        return PAGE_SIZE if filtered_here else min(PAGE_SIZE, most + 1)


def _wanted(params: Dict[str, Any]) -> Wanted:
    now = datetime.now(timezone.utc)
    # Without Time To nothing is too late: the clocks differ, and an incident that recurs while the list is read would
    # leave it. With one in the past, incidents can only leave, which the falling total shows.
    time_to = params.get("time_to") or now + DAY
    time_from = params.get("time_from") or (params.get("time_to") or now) - DAY
    if time_from > time_to:
        raise InvalidInput("Time From must not lie in the future.")
    filters = {}
    if "category" in params:  # a category never changes, so that no incident leaves the list by it
        filters["phIncidentCategory"] = sorted(int(CATEGORIES[choice]) for choice in params["category"])
    fields = list(dict.fromkeys([*READ_FIELDS, *_names(params.get("fields"))]))
    return Wanted(filters, epoch_milliseconds(time_from), epoch_milliseconds(time_to), fields)


def _names(text: Optional[str]) -> List[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]
