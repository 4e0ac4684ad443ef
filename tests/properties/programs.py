"""Programs for the outcomes machine: how both products behave, and a list of small named steps.

A program that fails is printed as it stands, so that it can be read, and copied into an ``@example``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

from hypothesis import strategies as st

from lab.faults import CATALOGUE
from lab.fortimonitor.switches import DECLARED as FORTIMONITOR_SWITCHES
from lab.fortisiem.switches import SWITCHES as FORTISIEM_SWITCHES

WRITES = {
    "creates": ("fortimonitor", {"path": "*/custom_incident"}),
    "resolves": ("fortimonitor", {"path": "*/force_resolve"}),
    "updates": ("fortisiem", {"path": "*/incident/external"}),
    "notes": ("fortimonitor", {"method": "POST", "path": "*/outage_log"}),
    "descriptions": ("fortimonitor", {"path": "*/description"}),
    "updates at the twin": ("fortisiem", {"path": "*/incident/update/*"}),
}
READS = {
    "reads": ("fortimonitor", {"method": "GET"}),
    "SIEM reads": ("fortisiem", {"path": "*/pub/incident"}),
    "tokens": ("fortisiem", {"path": "*/oauth/token"}),
}
ALL: dict[str, tuple[str, dict[str, str]]] = {"all": ("fortimonitor", {}), "SIEM all": ("fortisiem", {})}
TARGETS = WRITES | READS | ALL

# What products change of a text on its way, and more of it than some keep.
TEXTS = (
    "Disk full",
    'Disk <full> & R&D\'s\n  box "down"',
    "Disk fu\N{COMBINING DIAERESIS}ll \N{FIRE}\r\n?",
    f"Disk {'full ' * 80}",
)
EVENTS = ("event-a", "event-b", None)  # a Correlation ID, or a fresh marker
INCIDENTS = ("event-a", "event-b", "fresh", "stranger", "unmarked", "anomaly", "ordinary", "ended", "nothing")
LATE = 1.2  # seconds: just longer than the Read Timeout
REFUSALS = (400, 401, 403, 404, 405, 409, 410, 422)
FAILURES = (500, 502, 503)
BODIES = ("", "null", "[]", '"OK"x', '{"message": "Injected"}', "Injected", "<p>Injected</p>", "{")


@dataclass(frozen=True)
class Arm:
    """Arm a fault. ``values`` are the order's, without product, method and path."""

    kind: str
    on: str
    values: tuple[tuple[str, Any], ...] = ()

    def order(self) -> dict[str, Any]:
        """Return it as the control API takes it."""
        product, address = TARGETS[self.on]
        where = {} if CATALOGUE[self.kind].at_accept else address
        return {"kind": self.kind, "product": product, **where, **dict(self.values)}


@dataclass(frozen=True)
class Disarm:
    """Clear every fault."""


@dataclass(frozen=True)
class Create:
    """Create an incident of an event; of an event that was created, that is a re-run."""

    worker: int
    event: str | None
    if_exists: str = "Return Existing"
    verify: bool = True


@dataclass(frozen=True)
class Rerun:
    """Create again what last ended as unknown, with the marker that the message named, while no fault is armed."""

    worker: int


@dataclass(frozen=True)
class Resolve:
    """Resolve an incident, expecting its own marker, another one, or none."""

    worker: int
    incident: str
    expect: str | None = None


@dataclass(frozen=True)
class Note:
    """Add a note to an incident; its text is another one in every call."""

    worker: int
    incident: str


@dataclass(frozen=True)
class Describe:
    """Give an incident another description, which is another one in every call."""

    worker: int
    incident: str


@dataclass(frozen=True)
class Update:
    """Update an incident in FortiSIEM. A comment, if there is one, has a text of its own in every call."""

    worker: int
    incident: int
    fields: tuple[tuple[str, str], ...]
    verify: bool = True


@dataclass(frozen=True)
class UpdateAgain:
    """Send the last update once more, as whoever re-runs a playbook; a comment has a new text."""

    worker: int


Step = Union[Arm, Disarm, Create, Rerun, Resolve, Note, Describe, Update, UpdateAgain]


@dataclass(frozen=True)
class Program:
    """A scenario: a world, switches that stand otherwise in it, how FortiSIEM is signed in to, and the steps."""

    switches: tuple[tuple[str, str, Any], ...]
    by_token: bool
    steps: tuple[Step, ...]
    world: str = "clean"


WHEN = st.sampled_from(["before", "after"])
BEFORE = st.just("before")
# What the stage puts the product's secrets into: a product, or something on the way, that repeats what it was sent.
ECHOES = ("Sent: {secrets}", '{{"message": "{secrets}"}}')

_AT = st.fixed_dictionaries({"at": st.integers(0, 300)})
_RESUME = st.fixed_dictionaries({"seconds": st.sampled_from([0, 1, 100]), "when": BEFORE})
# With "after", a canned refusal (3xx, 4xx, FortiSIEM's error 255) would tell a lie that no client can see through, so
# these come "before" alone.
_ERROR = st.fixed_dictionaries({"status": st.sampled_from(REFUSALS), "when": BEFORE}) | st.fixed_dictionaries(
    {"status": st.sampled_from(FAILURES), "when": WHEN}
)
_CONTENT = {"body": st.sampled_from(BODIES)}
# No canned 204: it is the very answer that FortiMonitor promises of a force resolve, and is taken at its word.
_ANSWER = st.one_of(
    st.fixed_dictionaries({"status": st.sampled_from(REFUSALS), "when": BEFORE, **_CONTENT}),
    st.fixed_dictionaries({"status": st.sampled_from([200, 201, *FAILURES]), "when": WHEN, **_CONTENT}),
    st.fixed_dictionaries({"status": st.just(400), "when": BEFORE, "body": st.sampled_from(ECHOES)}),
)
_REDIRECT = st.fixed_dictionaries(
    {
        "status": st.sampled_from([301, 302, 303, 307, 308]),
        "location": st.sampled_from(["https://login.example/", "/v2/outage/2002", "//x", ""]),
        "when": BEFORE,
    }
)
_WRONG_LOCATION = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["2002", "-3001", "-1000001", "-28", "", "../x"]),
        "origin": st.sampled_from([None, "https://login.example"]),
    }
)
# Of each kind that takes more than the defaults, or less than both commit points.
OWN_VALUES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "cut": _AT,
    "cut_headers": _AT,
    "cut_body": _AT,
    "dribble": st.fixed_dictionaries({"bytes": st.just(100), "seconds": st.just(0), "when": WHEN}),
    "delay": st.fixed_dictionaries({"seconds": st.just(0.005), "when": WHEN}),
    "answer": _ANSWER,
    "429_bare": st.fixed_dictionaries({"when": BEFORE}),
    "xml_255": st.fixed_dictionaries({"when": BEFORE}),
    **dict.fromkeys(("429_seconds", "429_date", "429_epoch"), _RESUME),
    **dict.fromkeys(("error_message", "error_error", "error_field_map", "error_text", "error_html"), _ERROR),
    "redirect": _REDIRECT,
    "wrong_content_type": st.fixed_dictionaries(
        {"content_type": st.sampled_from(["text/html", "text/plain", "application/json", ""])}
    ),
    "wrong_location": _WRONG_LOCATION,
}


def _values_of(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return a kind's own values, or else both commit points where it has them."""
    has_both = len(CATALOGUE[kind].whens) == 2
    return OWN_VALUES.get(kind, st.fixed_dictionaries({"when": WHEN} if has_both else {}))


def _counting(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    times = st.just(1) if kind == "hang" else st.sampled_from([1, 2, 3, 0])
    return st.fixed_dictionaries({"skip": st.sampled_from([0, 0, 1, 2]), "times": times})


@st.composite
def _arm(draw: st.DrawFn, on: str) -> Arm:
    """Draw a fault of any kind; the slow ones strike once."""
    kind = draw(st.sampled_from(list(CATALOGUE)))
    if kind == "hang" and draw(st.booleans()):
        return Arm("delay", on, (("seconds", LATE), ("when", "before")))
    values = draw(_values_of(kind))
    return Arm(kind, on, tuple((values | draw(_counting(kind))).items()))


WORKERS = st.integers(0, 1)
FIELDS = {
    "status": st.sampled_from(["Active", "Auto Cleared", "Manually Cleared", "System Cleared"]),
    "comments": st.just("*"),
    "severity": st.sampled_from(["Low", "Medium", "High"]),
    "resolution": st.sampled_from(["True Positive", "False Positive"]),
    "external_ticket_type": st.sampled_from(["Low", "Medium", "High"]),
    "external_ticket_id": st.sampled_from(["T-1", "T-2"]),
    "external_ticket_state": st.sampled_from(["New", "Assigned", "In Progress", "Closed"]),
    "external_assigned_user": st.sampled_from(["ada", "bob"]),
}


@st.composite
def _update(draw: st.DrawFn) -> Update:
    names = draw(st.lists(st.sampled_from(list(FIELDS)), min_size=1, max_size=4, unique=True))
    fields = tuple((name, draw(FIELDS[name])) for name in names)
    return Update(draw(WORKERS), draw(st.sampled_from([1, 2, 3, 4, 5, 6, 999])), fields, draw(st.booleans()))


_CREATE = st.builds(
    Create, WORKERS, st.sampled_from(EVENTS), st.sampled_from(["Return Existing", "Fail"]), st.booleans()
)
_RESOLVE = st.builds(Resolve, WORKERS, st.sampled_from(INCIDENTS), st.sampled_from([None, "right", "wrong"]))


@st.composite
def _scene(draw: st.DrawFn) -> list[Step]:
    """Draw some faults, and the call that is to meet them; a Disarm first leaves nothing of the ones before."""
    call, places = draw(st.sampled_from(_CALLS))
    fresh: list[Step] = [Disarm()] if draw(st.booleans()) else []
    return [*fresh, *draw(st.lists(st.sampled_from(places).flatmap(_arm), max_size=3)), draw(call)]


_OF_UPDATES = ["updates", "updates", "updates at the twin", "SIEM reads", "tokens", "SIEM all"]
_CALLS: list[tuple[st.SearchStrategy[Any], list[str]]] = [
    *[(_CREATE, ["creates", "creates", "reads", "all"])] * 3,
    *[(_RESOLVE, ["resolves", "resolves", "reads", "all"])] * 3,
    *[(_update(), _OF_UPDATES)] * 3,
    (st.builds(Note, WORKERS, st.sampled_from(INCIDENTS)), ["notes", "notes", "reads", "all"]),
    (st.builds(Describe, WORKERS, st.sampled_from(INCIDENTS)), ["descriptions", "descriptions", "reads", "all"]),
    (st.builds(UpdateAgain, WORKERS), _OF_UPDATES),
    (st.builds(Rerun, WORKERS), ["creates"]),
]


@st.composite
def _positions(draw: st.DrawFn) -> tuple[tuple[str, str, Any], ...]:
    switches = draw(st.lists(st.sampled_from(SWITCHES), max_size=6, unique_by=lambda each: each[:2]))
    return tuple((product, name, draw(st.sampled_from(positions))) for product, name, positions in switches)


SWITCHES = [
    (product, switch.name, switch.positions)
    for product, switches in (("fortimonitor", FORTIMONITOR_SWITCHES), ("fortisiem", FORTISIEM_SWITCHES))
    for switch in switches
]


def _scenes(least: int, most: int) -> st.SearchStrategy[tuple[Step, ...]]:
    scenes = st.lists(_scene(), min_size=least, max_size=most)
    return scenes.map(lambda several: tuple(step for scene in several for step in scene))


# Left to itself, Hypothesis draws mostly one or two scenes; what is drawn long shrinks into the short ones.
PROGRAMS = st.builds(
    Program,
    _positions(),
    st.sampled_from([False, False, True]),
    st.one_of(_scenes(1, 3), *[_scenes(4, 6)] * 3),
    st.sampled_from(["clean", "captured", "messy", "messy"]),
)
