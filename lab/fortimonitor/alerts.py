"""What pages people or keeps them from being paged: each as a PUT, and as a GET that acts just the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from .answers import Refused, empty, invalid, listing
from .calls import WHOLE_NUMBER, Call
from .fields import FLAG, REQUIRED_TEXT, TEXT, Field, checked
from .models import LogEntry, Notification, Outage, Person
from .people import WHO

Given = Mapping[str, Any]

FOREVER = datetime.max.replace(microsecond=0)
DELAY = "a valid number of seconds"


@dataclass(frozen=True)
class Action:
    """Something that can be done to an outage in two ways.

    Parameters:
        fields: what it is told, in the body or in the query.
        act: does it.
    """

    fields: Mapping[str, Field]
    act: Callable[[Call, Outage, Given], None]

    def put(self, call: Call) -> Response:
        """Do what the body of a PUT says."""
        outage = call.outage()
        self.act(call, outage, checked(call, call.json_object(), self.fields))
        return empty(call.switches["put_status"])

    def get(self, call: Call) -> Response:
        """Do what the query of a GET says."""
        outage = call.outage()
        query = {name: _from_text(name, call.query[name]) for name in self.fields if name in call.query}
        self.act(call, outage, checked(call, query, self.fields))
        return listing({})


def _from_text(name: str, text: str) -> Any:
    """Turn a query's text into what a body would hold; a text that cannot be turned is refused as in a body."""
    if name == "should_broadcast":
        return {"true": True, "false": False}.get(text, text)
    if name == "delay_in_seconds" and WHOLE_NUMBER.fullmatch(text):
        return int(text)
    return text


def _acknowledge(call: Call, outage: Outage, given: Given) -> None:
    """Take an outage on. What else is asked for is done as by its own call (assumed: no source)."""
    if outage.type == "anomaly" and call.switches["acknowledge_anomaly"] != 204:
        raise Refused(400, "Only outages can be acknowledged, not anomalies")
    who, message = given["who"], given["message"] or "Acknowledged"
    outage.acknowledged_by = who
    _log(call, outage, who, message)
    if given["should_broadcast"]:
        _send_broadcast(call, outage, who, message)
    if given["delay_in_seconds"] is not None:
        _delay_alerts(call, outage, who, given["delay_in_seconds"])


def _escalate(call: Call, outage: Outage, given: Given) -> None:
    outage.notifications.append(Notification(kind="escalation", who=given["who"], message=None, created=call.now))
    _log(call, outage, given["who"], "Escalated")


def _broadcast(call: Call, outage: Outage, given: Given) -> None:
    _send_broadcast(call, outage, given["who"], given["message"])


def _delay(call: Call, outage: Outage, given: Given) -> None:
    _delay_alerts(call, outage, given["who"], call.path["delay_in_seconds"])


def _send_broadcast(call: Call, outage: Outage, who: Person, message: str) -> None:
    outage.notifications.append(Notification(kind="broadcast", who=who, message=message, created=call.now))
    _log(call, outage, who, message)


def _delay_alerts(call: Call, outage: Outage, who: Person, seconds: int) -> None:
    outage.alerts_delayed_until = _until(call, seconds)
    _log(call, outage, who, f"Alerts delayed by {seconds} seconds" if seconds else "Alerts delayed permanently")


def _until(call: Call, seconds: int) -> datetime:
    """Return when alerts go on: 0 seconds stand for never."""
    if seconds == 0:
        return FOREVER
    try:
        return call.now + timedelta(seconds=seconds)
    except OverflowError:
        raise Refused(400, fields={"delay_in_seconds": invalid("delay_in_seconds", DELAY)}) from None


def _log(call: Call, outage: Outage, who: Person, entry: str) -> None:
    outage.log.append(LogEntry(entry=entry, user=who, created=call.now))


def _seconds(call: Call, value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


ACKNOWLEDGE = Action(
    {"who": WHO, "message": TEXT, "should_broadcast": FLAG, "delay_in_seconds": Field(DELAY, _seconds)}, _acknowledge
)
ESCALATE = Action({"who": WHO}, _escalate)
BROADCAST = Action({"who": WHO, "message": REQUIRED_TEXT}, _broadcast)
DELAY_ALERTS = Action({"who": WHO}, _delay)
