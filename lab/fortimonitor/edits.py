"""Changing what an outage says of itself. None of these leaves a log entry (assumed: no source)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from .answers import Refused, empty
from .calls import Call
from .fields import REQUIRED_TEXT, Field, checked, text
from .people import WHO, who_if_required


def put_lead(call: Call) -> Response:
    """PUT /outage/{outage_id}/lead. The outage does not show its lead: no such field was captured."""
    outage = call.outage()
    outage.lead = checked(call, call.json_object(), {"who": WHO})["who"]
    return _done(call)


def put_summary(call: Call) -> Response:
    """PUT /outage/{outage_id}/summary. An empty one takes it away (assumed: no source)."""
    outage = call.outage()
    given = checked(call, call.json_object(), {"summary": SUMMARY, "who": who_if_required(call, WHO)})
    outage.summary = given["summary"]
    return _done(call)


def put_tags(call: Call) -> Response:
    """PUT /outage/{outage_id}/tags: instead of those there were (assumed: no source)."""
    outage = call.outage()
    outage.tags = checked(call, call.json_object(), {"tags": TAGS})["tags"]
    return _done(call)


def put_description(call: Call) -> Response:
    """PUT /outage/{outage_id}/description, for custom incidents only."""
    outage = call.outage()
    given = checked(call, call.json_object(), {"description": REQUIRED_TEXT})
    if not outage.custom:
        # assumed: no source for how it is refused.
        raise Refused(400, "Only the description of a custom incident can be updated")
    outage.description = given["description"]
    outage.metadata_rendered = outage.metadata_rendered and call.switches["description_keeps_metadata"]
    return _done(call)


def _done(call: Call) -> Response:
    return empty(call.switches["put_status"])


def _tags(call: Call, value: Any) -> list[str]:
    """Read a list of tags, or their names with commas between them: the schema does not say which it takes."""
    tags = value.split(",") if isinstance(value, str) else value
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ValueError
    return [tag.strip() for tag in tags if tag.strip()]


SUMMARY = Field("a valid string", text, required=True, blank=True)
TAGS = Field("a valid list of tags", _tags, required=True, blank=True)
