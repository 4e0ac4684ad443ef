"""Random programs of creates, resolves and updates against faulty products: every outcome must be the truth.

The oracle is what the products store, looked at after each step.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings

from lab.faults.armed import Fault
from lab.faults.breaking import BREAKING
from lab.faults.connection import Connection
from tests.properties.examples import examples
from tests.properties.programs import (
    ECHOES,
    LATE,
    PROGRAMS,
    TEXTS,
    Arm,
    Create,
    Describe,
    Disarm,
    Note,
    Program,
    Rerun,
    Resolve,
    Step,
    Update,
)
from tests.properties.stage import FIRST_IDS, Request, Stage, Stored, stage

NOTHING, MADE, UNKNOWN = (
    "Nothing was changed.",
    "The change was made.",
    "Whether anything was changed is unknown.",
)
NAMED_MARKER = re.compile(r"[Rr]un the action again with Correlation ID (\S+): it will not create a second incident\.")
COLUMNS = {
    "status": "incidentStatus",
    "severity": "eventSeverityCat",
    "resolution": "incidentReso",
    "external_ticket_type": "incidentExtTicketType",
    "external_ticket_id": "incidentExtTicketId",
    "external_ticket_state": "incidentExtTicketState",
    "external_assigned_user": "incidentExtUser",
}
NUMBERS = {
    "Active": "0",
    "Auto Cleared": "1",
    "Manually Cleared": "2",
    "System Cleared": "3",
    "True Positive": "2",
    "False Positive": "3",
}
TAG = re.compile(r"\[fsr\w+\] ")
OWN_ANSWERS = (None, "stale_keep_alive", "wrong_content_type", "no_location", "wrong_location")
LIES = ("answer", "empty_200", "xml_255", "wrong_location")
GAVE_UP = (408, 502, 503, 504)
NO_SUCH_ID = -999


class Play:
    """One program on its way.

    ``unknown`` are the markers of creates that ended as unknown and were not settled since.
    """

    def __init__(self, stage: Stage, program: Program, told: Callable[[str], None] = print) -> None:
        self.told = told
        self.stage = stage
        self.program = program
        self.armed: list[Arm] = []
        self.unknown: list[str] = []
        self.fresh: list[str] = []
        self.last_update: Update | None = None
        self.comments: list[str] = []
        self.said: Counter[str] = Counter()
        self.notes: list[str] = []
        self.described = 0
        stage.put_back(program.world, program.switches, program.by_token)
        self.now = stage.stored()

    def run(self) -> None:
        """Take every step; at the end, create again whatever is still unknown."""
        for step in self.program.steps:
            self.take(step)
        while self.unknown:
            self.rerun(Rerun(0))

    def take(self, step: Step) -> None:
        """Take one step and judge it."""
        self.stage.let_pass(6)
        if isinstance(step, Arm):
            self.armed.append(step)
            self.stage.arm(self.with_secrets(step.order()))
        elif isinstance(step, Disarm):
            self.disarm()
        elif isinstance(step, Create):
            self.create(step)
        elif isinstance(step, Rerun):
            self.rerun(step)
        elif isinstance(step, Resolve):
            self.resolve(step)
        elif isinstance(step, Note):
            self.note(step)
        elif isinstance(step, Describe):
            self.describe(step)
        elif isinstance(step, Update):
            self.update(step)
        elif self.last_update is not None:
            last = self.last_update
            self.update(Update(step.worker, last.incident, last.fields, last.verify))

    def with_secrets(self, order: dict[str, Any]) -> dict[str, Any]:
        """Return an order whose body, if it is to, repeats what the product was sent."""
        if order.get("body") not in ECHOES:
            return order
        sent = "; ".join(self.stage.secrets()[order["product"]])
        return {**order, "body": order["body"].format(secrets=sent)}

    def disarm(self) -> None:
        self.armed.clear()
        self.stage.disarm()

    # Creating.

    def create(self, step: Create) -> None:
        ready = self.stage.lab.ready["fortimonitor"]
        params = {
            "server": str(ready["server_id"]),
            "description": TEXTS[len(self.now.outages) % len(TEXTS)],
            "plugin_textkey": ready["plugin_textkey"],
            "resource_textkey": ready["resource_textkey"],
            "if_exists": step.if_exists,
            "verify": step.verify,
            **({"correlation_id": step.event} if step.event else {}),
        }
        answer, before = self.called(step, "create_custom_incident", params)
        after = self.now
        assert after.incidents == before.incidents
        if answer["failed"]:
            named = NAMED_MARKER.search(answer["message"])
            if UNKNOWN in answer["message"]:
                assert named, f"An unknown create names no marker: {answer['message']}"
                self.unknown.append(named[1])
                assert step.event in (None, named[1])
                new = after.with_marker(named[1]) if not before.with_marker(named[1]) else []
                assert _without(after.outages, new) == before.outages
            return
        data = answer["data"]
        marker = data["correlation_id"]
        assert marker == (step.event or marker)
        if not step.event:
            self.fresh.append(marker)
        borne = after.with_marker(marker)
        assert len(borne) == 1, f"{data['outcome']}, and {len(borne)} incidents bear {marker}"
        if step.verify and not (data["warning"] and self.is_taken_at_its_word(answer)):
            assert data["incident_id"] == borne[0]
        is_new = not before.with_marker(marker)
        assert (data["outcome"], data["changed"]) == (("done", True) if is_new else ("already_done", False))
        assert _without(after.outages, borne if is_new else []) == before.outages
        self.unknown = [each for each in self.unknown if each != marker]

    def rerun(self, step: Rerun) -> None:
        """Create again with the marker that a message named, while nothing is wrong: there must be exactly one."""
        if not self.unknown:
            return
        marker = self.unknown[-1]
        self.disarm()
        self.stage.let_pass(61)
        self.create(Create(step.worker, marker))
        if self.switched("custom_incidents"):
            assert marker not in self.unknown
            assert len(self.now.with_marker(marker)) == 1
        else:
            self.unknown = [each for each in self.unknown if each != marker]

    # Resolving.

    def resolve(self, step: Resolve) -> None:
        number = self.id_of(step.incident)
        marker = self.now.outages.get(number, {}).get("marker")
        expected = {None: None, "right": marker or "no-such-event", "wrong": "another-event"}[step.expect]
        params = {"incident": str(number), "reason": "Done."}
        answer, before = self.called(
            step, "force_resolve_incident", params | ({"expect_correlation_id": expected} if expected else {})
        )
        after = self.now
        assert after.incidents == before.incidents
        assert _without(after.outages, [number]) == _without(before.outages, [number])
        was, is_now = before.outages.get(number), after.outages.get(number)
        if expected and expected != marker:
            assert answer["failed"]
            assert is_now == was
        if not answer["failed"]:
            assert answer["data"]["incident_id"] == number
            if not self.is_taken_at_its_word(answer):
                assert is_now, "An incident that does not exist was resolved"
                assert is_now["status"] == "resolved"
            if not answer["data"]["changed"]:
                assert is_now == was

    def id_of(self, incident: str) -> int:
        """Return the id of an incident by its name in a program; one that is not there has no such id."""
        if incident in FIRST_IDS:
            return FIRST_IDS[incident]
        marker = (self.fresh or ["-"])[-1] if incident == "fresh" else incident
        return (self.now.with_marker(marker) or [NO_SUCH_ID])[0]

    # Notes and descriptions.

    def note(self, step: Note) -> None:
        number = self.id_of(step.incident)
        text = f"Note no. {len(self.notes)}. {TEXTS[len(self.notes) % len(TEXTS)]}"
        self.notes.append(text)
        params = {"incident": str(number), "note": text, "user": "502"}
        answer, before = self.called(step, "add_fortimonitor_incident_note", params)
        self.only_changes(number, before, "log")
        if not answer["failed"] and not self.is_taken_at_its_word(answer):
            assert self.now.outages[number]["log"].count(text) == 1, "The note is not there"

    def describe(self, step: Describe) -> None:
        number = self.id_of(step.incident)
        self.described += 1
        text = f"{TEXTS[self.described % len(TEXTS)]} {self.described}"
        params = {"incident": str(number), "description": text}
        answer, before = self.called(step, "update_fortimonitor_incident_description", params)
        self.only_changes(number, before, "description")
        tag = TAG.match(before.outages.get(number, {}).get("description", ""))  # of another client's there may be none
        if not answer["failed"] and not answer["data"]["warning"] and not self.is_taken_at_its_word(answer):
            stored = self.now.outages[number]["description"]
            assert text in stored, "The description is not there"
            assert not tag or stored.startswith(tag[0]), "The marker is lost"

    def only_changes(self, number: int, before: Stored, name: str) -> None:
        """Judge that nothing is other than before but an attribute of an outage."""
        now = self.now.outages
        assert self.now.incidents == before.incidents
        assert _without(now, [number]) == _without(before.outages, [number])
        if number in now:
            assert now[number] == before.outages[number] | {name: now[number][name]}

    # Updating.

    def update(self, step: Update) -> None:
        self.last_update = step
        fields = dict(step.fields)
        if "comments" in fields:
            number = len(self.comments)
            fields["comments"] = f"Comment no. {number}. {TEXTS[number % len(TEXTS)]}"
            self.comments.append(fields["comments"])
        params = {"incident_id": step.incident, **fields, "verify": step.verify}
        answer, before = self.called(step, "update_siem_incident", params)
        after = self.now
        assert after.outages == before.outages
        assert _without(after.incidents, [step.incident]) == _without(before.incidents, [step.incident])
        if answer["failed"]:
            return
        data = answer["data"]
        assert data["outcome"] == "done"
        applied = {name for name, reading in data["verified"].items() if reading == "applied"}
        if data["confirmed_by"] == "read_back":
            applied = set(fields)
        for name in applied:
            assert _is_stored(name, fields[name], after.incidents[step.incident]), f"{name} is not applied"

    # What holds for every call.

    def called(self, step: Any, operation: str, params: dict[str, Any]) -> tuple[dict[str, Any], Stored]:
        """Call, look at what is stored, and judge what holds for every call; return the answer and what was stored."""
        answer = self.stage.call(step.worker, operation, params)
        before, self.now = self.now, self.stage.stored()
        requests = answer["requests"]
        said = answer["message"] or json.dumps(
            {"outcome": answer["data"]["outcome"], "by": answer["data"]["confirmed_by"]}
        )
        self.told(f"{operation} {params} -> {said}")
        for request in requests:
            self.told(f"    {request.method} {request.path} {request.status} {request.fault or ''}")
        self.said[outcome_of(answer)] += 1
        self.judge_secrets(answer)
        markers = [outage["marker"] for outage in self.now.outages.values() if outage["marker"]]
        assert len(markers) == len(set(markers)), f"A marker is borne twice: {markers}"
        shown = "\n".join(incident["incidentComments"] for incident in self.now.incidents.values())
        assert all(shown.count(comment) <= 1 for comment in self.comments), f"A comment is stored twice: {shown}"
        noted = [entry for outage in self.now.outages.values() for entry in outage["log"]]
        assert all(noted.count(text) <= 1 for text in self.notes), f"A note is stored twice: {noted}"
        if answer["failed"]:
            self.judge_failure(answer, before)
        return answer, before

    def judge_failure(self, answer: dict[str, Any], before: Stored) -> None:
        message = answer["message"]
        assert answer["failed"] == "ConnectorError", f"{answer['failed']}: {message}"
        assert "Unexpected" not in message, message
        assert message.endswith("."), message
        said = [sentence for sentence in (NOTHING, MADE, UNKNOWN) if sentence in message]
        assert len(said) == 1, f"It must say once whether anything was changed: {message}"
        if said == [NOTHING]:
            assert self.now == before, "Something was changed"
        writes = [request for request in answer["requests"] if request.is_write]
        none_was_lost = not any(request.closed_behind for request in answer["requests"])
        if none_was_lost and not answer["was_slow"] and all(self.is_clean_refusal(request) for request in writes):
            assert said == [NOTHING], f"It could be known that nothing was changed: {message}"
        if any(self.may_still_come(request) for request in writes):
            assert said != [NOTHING], f"It may still be carried out: {message}"

    def judge_secrets(self, answer: dict[str, Any]) -> None:
        said = "\n".join([answer["message"], json.dumps(answer["data"]), *answer["log"]])
        found = [form for form in self.stage.forms_of_secrets() if form in said]
        assert not found, f"A secret shows: {said}"

    def is_clean_refusal(self, request: Request) -> bool:
        """Tell whether a write was answered, wholly and by a status of refusal."""
        return all(400 <= status < 500 for status in self.statuses(request))

    def may_still_come(self, request: Request) -> bool:
        """Tell whether a write was answered by somebody on the way who only gave up on it, or sent it elsewhere."""
        statuses = self.statuses(request)
        return bool(statuses) and all(300 <= status < 400 or status in GAVE_UP for status in statuses)

    def statuses(self, request: Request) -> list[int]:
        """Return the statuses that a request may have been answered with; 0 stands for no whole answer."""
        if request.fault in OWN_ANSWERS:
            return [request.status or 0]
        fault = request.fault or ""
        armed = [dict(arm.values) for arm in self.armed if arm.kind == fault]
        default = {"redirect": 302, "503": 503}.get(fault, 429 if fault.startswith("429_") else 0)
        return [values.get("status", default) for values in armed]

    def is_taken_at_its_word(self, answer: dict[str, Any]) -> bool:
        """Tell whether a write got an answer that lies, and no read could show it: no client can see through that."""
        places = [place for place, request in enumerate(answer["requests"]) if request.is_write]
        if not places:
            return False
        write, reads = answer["requests"][places[-1]], answer["requests"][places[-1] + 1 :]
        return write.fault in LIES and bool(reads) and all(read.fault or read.status != 200 for read in reads)

    def switched(self, name: str) -> Any:
        """Return where a switch of FortiMonitor stands."""
        return self.stage.lab.products["fortimonitor"].switches[name]


def outcome_of(answer: dict[str, Any]) -> str:
    """Return what an answer says has become of its call."""
    if not answer["failed"]:
        return str(answer["data"]["outcome"])
    return "unknown" if UNKNOWN in answer["message"] else "not done"


def _without(rows: dict[int, Any], ids: list[int]) -> dict[int, Any]:
    return {number: row for number, row in rows.items() if number not in ids}


def _is_stored(name: str, value: str, incident: dict[str, Any]) -> bool:
    if name == "comments":
        return value in incident["incidentComments"]
    return str(incident[COLUMNS[name]]).lower() == NUMBERS.get(value, value).lower()


@pytest.fixture(scope="module")
def the_stage(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(archive, tmp_path_factory.mktemp("unpacked")) as made:
        yield made


@pytest.fixture
def counted(figure: Callable[[str], None]) -> Iterator[Counter[str]]:
    """Counts of what was played and of what was said, which the run shows at its end."""
    counts: Counter[str] = Counter()
    yield counts
    told = ", ".join(f"{number:,} {what}" for what, number in sorted(counts.items()))
    figure(f"Programs whose every outcome was the truth: {told}")


def _arm(kind: str, on: str, **values: Any) -> Arm:
    return Arm(kind, on, tuple(values.items()))


Change = Callable[[dict[str, Any]], dict[str, Any]]
EXTERNAL = "/phoenix/rest/incident/external"
_COMMENT = Update(0, 1, (("comments", "*"),))
# Not verified, so that no read comes between the token and the comment.
COMMENT_BEHIND_A_TOKEN = (_arm("cut_body", "tokens", at=300), replace(_COMMENT, verify=False))
_LATE = {"seconds": LATE, "when": "before"}
_CLEAR = ("status", "Manually Cleared")
# Programs, as they were shrunk, of which an earlier connector did not tell the truth.
FOUND = {
    "an empty 200 resolves nothing": (
        _arm("empty_200", "resolves", when="before"),
        Resolve(0, "stranger"),
    ),
    "a resolve that is refused after a late one": (
        _arm("delay", "resolves", **_LATE),
        _arm("error_message", "resolves", when="before", status=401),
        Resolve(0, "stranger"),
    ),
    "the last of three resolves comes late": (
        _arm("reset", "resolves", when="before", times=2),
        _arm("delay", "resolves", **_LATE),
        Resolve(0, "stranger"),
    ),
    "the last of three updates comes late": (
        _arm("reset", "updates", when="before", times=2),
        _arm("delay", "updates", **_LATE),
        Update(0, 1, (_CLEAR,)),
    ),
    "a comment comes late": (
        _arm("delay", "updates", **_LATE),
        Update(0, 1, (("comments", "*"),)),
    ),
    "half of an update is done, the rest is refused": (
        _arm("reset", "updates", when="after"),
        _arm("error_message", "updates", when="before"),
        Update(0, 1, (_CLEAR, ("severity", "Low"))),
    ),
    "half of an update is done, the twin does not take the rest": (
        _arm("reset", "updates at the twin", when="after"),
        Update(0, 1, (_CLEAR, ("resolution", "True Positive"))),
    ),
    "a TLS record of the answer is broken": (
        _arm("tls_bad_record", "updates", when="before"),
        Update(0, 1, (_CLEAR,)),
    ),
    "the Location is wrong, and the new incident cannot be read": (
        _arm("wrong_location", "creates"),
        _arm("reset", "reads", when="before", skip=1, times=0),
        Create(0, "event-a"),
    ),
}
FOUND_UNDER = {
    "half of an update is done, the rest is refused": (("fortisiem", "version", "6.4"),),
    "half of an update is done, the twin does not take the rest": (("fortisiem", "external_endpoint", "retired"),),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_once_stays_true(the_stage: Stage, name: str) -> None:
    Play(the_stage, Program(FOUND_UNDER.get(name, ()), False, FOUND[name])).run()


# The judge itself.


async def _whole_and_then_reset(connection: Connection, answer: bytes, fault: Fault) -> bytes:
    """Send the whole answer, and reset the connection once the next request is on its way."""
    await connection.send(answer)
    await connection.receive()
    connection.reset()
    return answer


def test_a_request_that_was_lost_behind_a_whole_answer_may_be_unknown(
    the_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BREAKING, "cut_body", _whole_and_then_reset)
    told: list[str] = []
    play = Play(the_stage, Program((), True, COMMENT_BEHIND_A_TOKEN), told.append)
    before = play.now
    play.run()
    assert f"POST {EXTERNAL}. {UNKNOWN}" in told[0]
    assert not any(EXTERNAL in line for line in told[1:])
    assert play.now == before


def _said(this: str, instead_of: str) -> Change:
    return lambda answer: answer | {"message": answer["message"].replace(instead_of, this)}


def _never_closed_behind(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"requests": [replace(request, closed_behind=False) for request in answer["requests"]]}


def _done(answer: dict[str, Any]) -> dict[str, Any]:
    data = {"outcome": "done", "changed": True, "confirmed_by": "response", "incident_id": FIRST_IDS["stranger"]}
    return answer | {"failed": None, "message": "", "data": data}


# What a connector may say wrongly, where, and what the judge finds.
UNTRUE: dict[str, tuple[tuple[Step, ...], Change, str]] = {
    "unknown, and the token's answer was cut within": (
        (_arm("cut_body", "tokens", at=10, times=0), _COMMENT),
        _said(UNKNOWN, instead_of=NOTHING),
        "It could be known that nothing was changed",
    ),
    "unknown, and the update was refused": (
        (_arm("error_message", "updates", when="before", status=403), _COMMENT),
        _said(UNKNOWN, instead_of=NOTHING),
        "It could be known that nothing was changed",
    ),
    "unknown, and a read was not answered in time": (
        (_arm("hang", "SIEM reads"), _arm("error_message", "updates", when="before", status=403), _COMMENT),
        _said(UNKNOWN, instead_of=NOTHING),
        "It could be known that nothing was changed",
    ),
    "unknown, and certificates were bad": (
        (_arm("tls_expired", "SIEM all", times=0), _COMMENT),
        _said(UNKNOWN, instead_of=NOTHING),
        "It could be known that nothing was changed",
    ),
    "nothing was changed, and it was": (
        (_arm("reset", "updates", when="after"), _arm("reset", "SIEM reads", times=0), _COMMENT),
        _said(NOTHING, instead_of=UNKNOWN),
        "Something was changed",
    ),
    "done, and it was refused": (
        (_arm("error_message", "resolves", when="before", status=403), Resolve(0, "stranger")),
        _done,
        "resolved",
    ),
}


def test_an_answer_that_comes_late_on_a_slow_machine_may_be_unknown(
    the_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, change, _ = UNTRUE["unknown, and a read was not answered in time"]

    def slowly(answer: dict[str, Any]) -> dict[str, Any]:
        Event().wait(1)
        return answer

    worker = the_stage.workers[0]
    monkeypatch.setattr(worker, "call", _changed(worker.call, slowly))
    monkeypatch.setattr(the_stage, "call", _changed(the_stage.call, change))
    Play(the_stage, Program((), True, steps)).run()


@pytest.mark.parametrize("name", UNTRUE)
def test_the_judge_finds_what_is_not_true(the_stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    steps, change, found = UNTRUE[name]
    program = Program((), True, steps)
    Play(the_stage, program).run()
    monkeypatch.setattr(the_stage, "call", _changed(the_stage.call, change))
    with pytest.raises(AssertionError, match=found):
        Play(the_stage, program).run()


def test_the_judge_believes_no_loss_where_no_connection_was_closed_behind_an_answer(
    the_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BREAKING, "cut_body", _whole_and_then_reset)
    monkeypatch.setattr(the_stage, "call", _changed(the_stage.call, _never_closed_behind))
    with pytest.raises(AssertionError, match="It could be known that nothing was changed"):
        Play(the_stage, Program((), True, COMMENT_BEHIND_A_TOKEN)).run()


def _changed(call: Callable[..., dict[str, Any]], change: Change) -> Callable[..., dict[str, Any]]:
    return lambda *arguments: change(call(*arguments))


@pytest.mark.timeout(3600)  # make prove takes its time
@settings(examples(30, in_prove=2000), suppress_health_check=list(HealthCheck), phases=set(Phase) - {Phase.explain})
@given(program=PROGRAMS)
def test_every_outcome_is_the_truth(the_stage: Stage, counted: Counter[str], program: Program) -> None:
    play = Play(the_stage, program, note)
    play.run()
    counted.update({"programs": 1, f"programs in the {program.world} world": 1, **play.said})
