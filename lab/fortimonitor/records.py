"""An outage's log and metadata: reading them and adding to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from . import forms
from .answers import JSON, Refused, listing, not_found
from .calls import ID, Call, shown_time
from .fields import FLAG, REQUIRED_TEXT, Field, checked
from .lists import page, page_of
from .models import LogEntry, Outage
from .people import USER, person_url, who_if_required


def get_log(call: Call) -> Response:
    """GET /outage/{outage_id}/outage_log, oldest first (assumed: no source for the order)."""
    statement = select(LogEntry).where(LogEntry.outage_sequence == call.outage().sequence).order_by(LogEntry.id)
    if (since := call.time("log_start_timestamp")) is not None:
        statement = statement.where(LogEntry.created >= since)
    return page(call, "outage_log", statement, _shown_entry)


def get_entry(call: Call) -> Response:
    """GET /outage/{outage_id}/outage_log/{entry_id} (assumed: the schema has no such path, a create names it)."""
    outage, text = call.outage(), call.path["entry_id"]
    entry = call.session.get(LogEntry, int(text)) if ID.fullmatch(text) else None
    if entry is None or entry.outage is not outage:
        raise not_found()
    return listing(_shown_entry(call, entry))


def post_entry(call: Call) -> Response:
    """POST /outage/{outage_id}/outage_log, "for an ongoing outage". The same request twice makes two entries."""
    outage = call.outage()
    fields = {"entry": REQUIRED_TEXT, "public": FLAG, "user": who_if_required(call, USER)}
    given = checked(call, call.json_object(), fields)
    if outage.status == "resolved" and call.switches["log_on_resolved"] != 201:
        raise Refused(400, "Log entries can only be added to an ongoing outage")
    entry = LogEntry(entry=given["entry"], public=bool(given["public"]), user=given["user"], created=call.now)
    outage.log.append(entry)
    call.session.flush()
    return _created(call, outage, "outage_log", entry.id)


def get_metadata(call: Call) -> Response:
    """GET /outage/{outage_id}/outage_metadata. Its items carry what the POST form takes (assumed: no source)."""
    outage = call.outage()
    items = [
        {
            "outage_metadata_type": item["name"],
            "value": item["value"],
            "url": call.url("outage", outage.id, "outage_metadata", number),
        }
        for number, item in enumerate(shown_metadata(call, outage), start=1)
    ]
    return page_of(call, "outage_metadata", items)


def post_metadata(call: Call) -> Response:
    """POST /outage/{outage_id}/outage_metadata. It is not rendered into the description (assumed: no source)."""
    outage = call.outage()
    given = checked(call, call.json_object(), {"outage_metadata_type": REQUIRED_TEXT, "value": VALUE})
    added = {"name": given["outage_metadata_type"], "value": given["value"]}
    outage.added_metadata = [*outage.added_metadata, added]
    return _created(call, outage, "outage_metadata", len(_metadata(outage)))


def shown_metadata(call: Call, outage: Outage) -> list[dict[str, Any]]:
    """Return the items of an outage's metadata, unless the switch ``metadata_shown`` hides them."""
    return _metadata(outage) if call.switches["metadata_shown"] else []


def _metadata(outage: Outage) -> list[dict[str, Any]]:
    # assumed: no source for the items of this list; only the empty list was captured.
    first = [{"name": name, "value": value} for name, value in outage.incident_metadata.items()]
    return [*first, *outage.added_metadata]


def _shown_entry(call: Call, entry: LogEntry) -> dict[str, Any]:
    # The fields of the POST form, and the url that every object has (assumed: no source for what a read shows).
    return {
        "created": shown_time(entry.created),
        "entry": forms.note(call.switches, entry.entry, entry.user.display_name if entry.user else "FortiMonitor"),
        "public": entry.public,
        "url": call.url("outage", entry.outage.id, "outage_log", entry.id),
        "user": None if entry.user is None else person_url(call, entry.user),
    }


def _created(call: Call, outage: Outage, collection: str, number: int) -> Response:
    headers = {"Location": call.url("outage", outage.id, collection, number), "id": str(number)}
    return Response("", call.switches["create_status"], headers, JSON)


def _value(call: Call, value: Any) -> Any:
    if call.switches["metadata_values"] == "text" and not isinstance(value, str):
        raise ValueError
    return value


VALUE = Field("a valid string", _value, required=True)
