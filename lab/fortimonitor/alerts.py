"""GET forms that act: they acknowledge, escalate, broadcast or delay, and so change state and page people."""

from __future__ import annotations

from sqlalchemy import select
from starlette.responses import Response

from .answers import REQUIRED, Refused, invalid, listing
from .calls import Call
from .models import LogEntry, Outage, User


def acknowledge(call: Call) -> Response:
    """GET /outage/{outage_id}/acknowledge: for outages, not for anomalies."""
    outage, who = call.outage(), _who(call)
    if outage.type == "anomaly":
        raise Refused(400, "Only outages can be acknowledged, not anomalies")
    outage.acknowledged_by = who
    return _logged(call, outage, who, call.query.get("message") or "Acknowledged")


def escalate(call: Call) -> Response:
    """GET /outage/{outage_id}/escalate."""
    return _logged(call, call.outage(), _who(call), "Escalated")


def broadcast(call: Call) -> Response:
    """GET /outage/{outage_id}/broadcast."""
    outage, who = call.outage(), _who(call)
    if not (message := call.query.get("message")):
        raise Refused(400, fields={"message": REQUIRED})
    return _logged(call, outage, who, message)


def delay(call: Call) -> Response:
    """GET /outage/{outage_id}/delay/{delay_in_seconds}."""
    return _logged(call, call.outage(), _who(call), f"Alerts delayed by {call.path['delay_in_seconds']} seconds")


def _who(call: Call) -> User:
    """Return the user whose URL ``who`` is, or refuse with 400 (assumed: no source for the refusal)."""
    if not (who := call.query.get("who")):
        raise Refused(400, fields={"who": REQUIRED})
    for user in call.session.scalars(select(User)):
        if call.url("user", user.id) == who:
            return user
    raise Refused(400, fields={"who": invalid("who", "a valid user or contact URL")})


def _logged(call: Call, outage: Outage, who: User, entry: str) -> Response:
    outage.log.append(LogEntry(entry=entry, user_id=who.id, created=call.now))
    return listing({})
