"""What becomes of each action under each fault of the lab: the one table that is tested and published.

``tests/lab/test_fault_table.py`` runs every cell against the lab; ``docs/development/faults.md`` shows every cell. The
table stands here, not in the lab, because it is a promise about the connector; the lab knows nothing of its clients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.faults.catalogue import AFTER, BEFORE

DONE = "done"
NOTHING = "Nothing was changed."
UNKNOWN = "Whether anything was changed is unknown."


@dataclass(frozen=True)
class Action:
    """One action as the table runs it.

    Parameters:
        title: as the page says it.
        operation: the connector's name of it.
        product: where it writes.
        method, path: its write in the lab, which the faults strike.
        made: what ``Outcome.made`` counts.
    """

    title: str
    operation: str
    product: str
    method: str
    path: str
    made: str


_CREATE = ("create_custom_incident", "fortimonitor", "POST", "/v2/server/1001/custom_incident", "incidents made")
CREATE = Action("Create a custom incident without a Correlation ID", *_CREATE)
CREATE_NAMED = Action("Create a custom incident with a Correlation ID", *_CREATE)
RESOLVE = Action(
    "Force-resolve an incident",
    "force_resolve_incident",
    "fortimonitor",
    "PUT",
    "/v2/outage/-1000001/force_resolve",
    "times resolved",
)
UPDATE = Action(
    "Update a FortiSIEM incident with a comment and a status",
    "update_siem_incident",
    "fortisiem",
    "POST",
    "/phoenix/rest/incident/external",
    "times the comment stands there",
)
ACTIONS = (CREATE, CREATE_NAMED, RESOLVE, UPDATE)


@dataclass(frozen=True)
class Outcome:
    """What an action says, and what is so.

    Parameters:
        says: the result's ``outcome``, or the error's sentence on what was changed.
        confirmed_by: as the result says it.
        sent: writes that reached the proxy in front of the product.
        received: writes that reached the product.
        made: how often the product has now done what was asked.
    """

    says: str
    confirmed_by: str | None
    sent: int
    received: int
    made: int

    @property
    def is_so(self) -> bool:
        """Whether what it says is true."""
        return {DONE: self.made == 1, NOTHING: self.received == 0, UNKNOWN: True}[self.says]


@dataclass(frozen=True)
class LeftOut:
    """A fault that makes no sense for an action, with the reason as a sentence."""

    reason: str


Cell = Outcome | LeftOut
Cells = tuple[Cell, Cell, Cell, Cell]


@dataclass(frozen=True)
class Row:
    """One fault, and for each of ACTIONS what becomes of it.

    Parameters:
        kind: a kind of the lab's catalogue.
        when: its commit point; None where it strikes the connection.
        cells: in the order of ACTIONS.
        message: the core of an error's message, by product where they differ; ``{product}``, ``{origin}`` and
            ``{request}`` stand for the action's.
        given: the fault's parameters where they differ from their defaults.
    """

    kind: str
    when: str | None
    cells: Cells
    message: str | Mapping[str, str] = ""
    given: Mapping[str, Any] = field(default_factory=dict)

    def cell(self, action: Action) -> Cell:
        """Return what becomes of an action."""
        return self.cells[ACTIONS.index(action)]

    def message_of(self, action: Action, origin: str) -> str:
        """Return the core of the message that an action's error has at a product's address."""
        names = {"fortimonitor": "FortiMonitor", "fortisiem": "FortiSIEM"}
        request = f"{action.method} {action.path}"
        message = self.message if isinstance(self.message, str) else self.message[action.product]
        return message.format(product=names[action.product], origin=origin, request=request)


def rows_of(kind: str, when: str | None) -> list[Row]:
    """Return the rows of one kind and commit point, none if there are none."""
    return [row for row in ROWS if (row.kind, row.when) == (kind, when)]


def outcomes() -> Iterator[tuple[Row, Action, Outcome]]:
    """Yield every cell that is not left out."""
    for row in ROWS:
        for action in ACTIONS:
            cell = row.cell(action)
            if isinstance(cell, Outcome):
                yield row, action, cell


# One action under one fault.

ANSWERED = Outcome(DONE, "response", sent=1, received=1, made=1)
READ_BACK = Outcome(DONE, "read_back", sent=1, received=1, made=1)
ANSWERED_AT_LAST = Outcome(DONE, "response", sent=2, received=1, made=1)
READ_BACK_AT_LAST = Outcome(DONE, "read_back", sent=2, received=1, made=1)
LOST = Outcome(UNKNOWN, None, sent=1, received=0, made=0)
REFUSED = Outcome(NOTHING, None, sent=1, received=0, made=0)
REFUSED_THRICE = Outcome(NOTHING, None, sent=3, received=0, made=0)
NEVER_SENT = Outcome(NOTHING, None, sent=0, received=0, made=0)

# All actions under one fault. Verify is on, so that a create and an update are read even after a clean answer.

CLEAN: Cells = (READ_BACK, READ_BACK, ANSWERED, READ_BACK)
AGAIN: Cells = (READ_BACK_AT_LAST, READ_BACK_AT_LAST, ANSWERED_AT_LAST, READ_BACK_AT_LAST)
FOUND: Cells = (READ_BACK, READ_BACK, READ_BACK, READ_BACK)
MISSING: Cells = (LOST, LOST, ANSWERED_AT_LAST, LOST)
MISSING_FOR_GOOD: Cells = (LOST, LOST, REFUSED_THRICE, LOST)
ALL_REFUSED: Cells = (REFUSED, REFUSED, REFUSED, REFUSED)
ALL_REFUSED_THRICE: Cells = (REFUSED_THRICE, REFUSED_THRICE, REFUSED_THRICE, REFUSED_THRICE)
NONE_SENT: Cells = (NEVER_SENT, NEVER_SENT, NEVER_SENT, NEVER_SENT)


def _left_out(reason: str) -> Cells:
    return LeftOut(reason), LeftOut(reason), LeftOut(reason), LeftOut(reason)


AT_ITS_WORD = _left_out(
    "A refusal is taken at its word: no client can see through a product that does what was asked and says that it "
    "refused."
)
NO_BODY = LeftOut("FortiMonitor's answer has no body that could be cut.")
NO_TYPE = LeftOut("FortiMonitor's answer has no content type.")
NO_LOCATION = LeftOut("Only the answer to a create has a Location.")
NO_XML = LeftOut("It is FortiSIEM's own.")
NO_ERROR_HEADERS = LeftOut("The headers are FortiMonitor's own.")

RESOLVED_LATE = Outcome(DONE, "response", sent=2, received=2, made=1)
LATE = Outcome(UNKNOWN, None, sent=1, received=1, made=1)

# What the messages say.

TIMED_OUT = "{product} did not answer in time to {request}"
BROKEN = "{product} broke the connection before its answer was whole to {request}"
PAGE = "{product} answered 200 to {request} with a web page instead of an API answer"
NO_INCIDENT_NAMED = "FortiMonitor accepted it, but its answer does not name an incident of its own"
NOTHING_APPLIED = "FortiSIEM accepted the update, but reading it back shows no change"
LIMITED = "{product} answered 429 to {request}, too many requests"
UNREACHABLE = "{product} at {origin} cannot be reached: no connection could be made"
UNTRUSTED = "{product} at {origin} shows a certificate that is not trusted: "
NO_TLS = "{product} at {origin} does not speak TLS there"
OLD_TLS = "speaks TLS, but not in a version that is allowed (1.2 or newer)"


def _answered(status: int, text: str = "") -> str:
    return "{product} answered " + str(status) + " to {request}" + (f": {text}" if text else "")


ROWS = (
    # On the wire.
    Row("hang", BEFORE, MISSING, TIMED_OUT),
    Row("hang", AFTER, FOUND),
    Row("reset", BEFORE, MISSING, BROKEN),
    Row("reset", BEFORE, MISSING_FOR_GOOD, BROKEN, {"times": 0}),
    Row("reset", AFTER, FOUND),
    Row("close", BEFORE, MISSING, BROKEN),
    Row("close", AFTER, FOUND),
    Row("cut_headers", BEFORE, MISSING, BROKEN),
    Row("cut_headers", AFTER, FOUND),
    Row("cut_body", BEFORE, MISSING, BROKEN),
    Row("cut_body", AFTER, (NO_BODY, NO_BODY, NO_BODY, READ_BACK)),
    Row("cut", BEFORE, MISSING, BROKEN),
    Row("cut", AFTER, FOUND),
    Row("dribble", BEFORE, MISSING, _answered(503), {"bytes": 20, "seconds": 0.001}),
    Row("dribble", AFTER, CLEAN, given={"bytes": 20, "seconds": 0.001}),
    Row("garbage", BEFORE, MISSING, BROKEN),
    Row("garbage", AFTER, FOUND),
    Row("html_200", BEFORE, MISSING, PAGE),
    Row("html_200", AFTER, FOUND),
    Row("delay", BEFORE, CLEAN, given={"seconds": 0.01}),
    Row("delay", BEFORE, (LATE, LATE, RESOLVED_LATE, LATE), TIMED_OUT, {"seconds": 2}),
    Row("delay", AFTER, CLEAN, given={"seconds": 0.01}),
    Row("delay", AFTER, FOUND, given={"seconds": 2}),
    Row("stale_keep_alive", AFTER, CLEAN),
    # In the connection.
    Row("refuse", None, CLEAN),
    Row("refuse", None, NONE_SENT, UNREACHABLE, {"times": 0}),
    Row("tls_expired", None, NONE_SENT, UNTRUSTED + "certificate has expired"),
    Row("tls_wrong_host", None, NONE_SENT, UNTRUSTED + "IP address mismatch"),
    Row("tls_self_signed", None, NONE_SENT, UNTRUSTED + "self-signed certificate"),
    Row("tls_old_version", None, NONE_SENT, OLD_TLS),
    Row("plain_http", None, NONE_SENT, NO_TLS),
    Row("tls_bad_record", BEFORE, MISSING, BROKEN),
    Row("tls_bad_record", AFTER, FOUND),
    # In the product.
    Row(
        "answer",
        BEFORE,
        (LOST, LOST, ANSWERED_AT_LAST, LOST),
        {"fortimonitor": NO_INCIDENT_NAMED, "fortisiem": _answered(200, "status: ok")},
        {"body": '{"status": "ok"}'},
    ),
    Row("answer", AFTER, FOUND, given={"body": '{"status": "ok"}'}),
    Row("429_seconds", BEFORE, AGAIN),
    Row("429_seconds", BEFORE, ALL_REFUSED_THRICE, LIMITED, {"times": 0}),
    Row("429_seconds", BEFORE, ALL_REFUSED, LIMITED, {"seconds": 600}),
    Row("429_seconds", AFTER, AT_ITS_WORD),
    Row("429_date", BEFORE, AGAIN),
    Row("429_date", AFTER, AT_ITS_WORD),
    Row("429_epoch", BEFORE, AGAIN),
    Row("429_epoch", AFTER, AT_ITS_WORD),
    Row("429_bare", BEFORE, AGAIN),
    Row("429_bare", AFTER, AT_ITS_WORD),
    Row("500", BEFORE, MISSING, _answered(500)),
    Row("500", BEFORE, MISSING_FOR_GOOD, _answered(500), {"times": 0}),
    Row("500", AFTER, FOUND),
    Row("503", BEFORE, MISSING, _answered(503)),
    Row("503", AFTER, FOUND),
    Row(
        "500_error_headers",
        BEFORE,
        (LOST, LOST, ANSWERED_AT_LAST, NO_ERROR_HEADERS),
        _answered(500, "Injected error (ErrorCode 500)"),
    ),
    Row("500_error_headers", AFTER, (READ_BACK, READ_BACK, READ_BACK, NO_ERROR_HEADERS)),
    Row("error_message", BEFORE, ALL_REFUSED, _answered(400, "Injected error")),
    Row("error_message", BEFORE, ALL_REFUSED, _answered(401, "Injected error"), {"status": 401}),
    Row("error_message", BEFORE, ALL_REFUSED, _answered(403, "Injected error"), {"status": 403}),
    # FortiSIEM has a second address for updates, which is tried where the first is gone.
    Row(
        "error_message",
        BEFORE,
        (REFUSED, REFUSED, REFUSED, READ_BACK_AT_LAST),
        _answered(404, "Injected error"),
        {"status": 404},
    ),
    Row(
        "error_message",
        BEFORE,
        (REFUSED, REFUSED, REFUSED, READ_BACK_AT_LAST),
        _answered(405, "Injected error"),
        {"status": 405},
    ),
    Row("error_message", AFTER, AT_ITS_WORD),
    Row("error_error", BEFORE, ALL_REFUSED, _answered(400, "Injected error")),
    Row("error_error", AFTER, AT_ITS_WORD),
    Row("error_field_map", BEFORE, ALL_REFUSED, _answered(400, "description: Injected error")),
    Row("error_field_map", AFTER, AT_ITS_WORD),
    Row("error_text", BEFORE, ALL_REFUSED, _answered(400, "Injected error")),
    Row("error_text", AFTER, AT_ITS_WORD),
    Row("error_html", BEFORE, ALL_REFUSED, _answered(400)),
    Row("error_html", AFTER, AT_ITS_WORD),
    Row("xml_255", BEFORE, (NO_XML, NO_XML, NO_XML, REFUSED), _answered(200, "Injected error")),
    Row("xml_255", AFTER, AT_ITS_WORD),
    Row(
        "empty_200",
        BEFORE,
        (LOST, LOST, ANSWERED_AT_LAST, REFUSED),
        {"fortimonitor": NO_INCIDENT_NAMED, "fortisiem": NOTHING_APPLIED},
    ),
    Row("empty_200", AFTER, FOUND),
    Row("wrong_content_type", AFTER, (READ_BACK, READ_BACK, NO_TYPE, READ_BACK)),
    Row("redirect", BEFORE, MISSING, _answered(302) + ", a redirect to https://login.example, which is not followed"),
    Row("redirect", AFTER, FOUND),
    Row("no_location", AFTER, (READ_BACK, READ_BACK, NO_LOCATION, NO_LOCATION)),
    Row("wrong_location", AFTER, (READ_BACK, READ_BACK, NO_LOCATION, NO_LOCATION)),
    Row(
        "wrong_location",
        AFTER,
        (READ_BACK, READ_BACK, NO_LOCATION, NO_LOCATION),
        given={"origin": "https://elsewhere.example"},
    ),
)
