"""What each type of step does: one function per type.

A function gets the step's turn and its rendered arguments, and returns the result that later steps see.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ...kit.switches import Switches
from .definitions import OTHER_STEP_TYPES, STARTS, Row, arguments_of, type_of, uuid_of
from .options import an_object, objects, shown, span
from .state import Frame, State
from .utilities import UTILITIES

UTILITIES_CONNECTOR = "cyops_utilities"


class StepFailed(Exception):
    """A step that could not do what it is there for; the text is what the run shows."""


class Waits(Exception):
    """The step waits for a person, or for a playbook that does.

    Parameters:
        what: the number of the ``question`` or of the ``run``.
        told: what the step's message tells of at once, None if it has to wait for the result.
    """

    def __init__(self, told: Any = None, **what: int) -> None:
        super().__init__()
        self.what: Row = what
        self.told = told


@dataclass(frozen=True)
class Chosen:
    """A result, and the steps that the run goes on to; None for all that follow."""

    result: Any
    leads_to: list[str] | None = None


class Platform(Protocol):
    """What steps need from the engine."""

    switches: Switches

    def ask(self, method: str, path: str, body: Any = None, /) -> tuple[int, Any]: ...

    def render(self, value: Any, state: State) -> Any: ...

    def call(self, state: State, workflow: str, body: Row, records: list[Any], is_async: bool) -> Any:
        """Run another playbook; return its result, or ``{"task_id"}`` at once if it is asynchronous."""

    def wait(self, state: State, seconds: float) -> None:
        """Wait by the lab's clock."""

    def go_on(self, state: State) -> None:
        """Raise what ends a run, if it has to end."""

    def side_by_side(self, state: State, jobs: list[Callable[[], None]], most: int) -> None:
        """Do all jobs, some at the same time."""

    def ask_a_person(self, state: State, entry: int, arguments: Row) -> int:
        """Ask somebody; return the question's number."""

    def wait_for_record(self, state: State, entry: int, record: str, arguments: Row) -> int:
        """Wait until somebody is done with a record; return the question's number."""

    def outcome(self, state: State, what: Row) -> Chosen | None:
        """Return what a step has waited for, None if it has not come."""

    def abandon(self, state: State, frame: Frame) -> None:
        """Let go of all that a step waits for."""

    def set_macro(self, name: str, value: str) -> Row | None:
        """Give an existing global variable a value; return its row, None if there is none of that name."""


@dataclass(frozen=True)
class Turn:
    """One execution of one step. ``entry`` is its number in the log."""

    platform: Platform
    state: State
    step: Row
    entry: int


Step = Callable[[Turn, Row], Any]


def perform(turn: Turn, arguments: Row) -> Any:
    """Do what the step's type does.

    Raises: StepFailed, Waits.
    """
    kind = type_of(turn.step)
    if kind in OTHER_STEP_TYPES.values():
        raise StepFailed(f"The local FortiSOAR does not run steps of the type {kind}")
    if kind not in STEPS:
        raise StepFailed(f"The local FortiSOAR has no step type {kind}")
    return STEPS[kind](turn, arguments)


def store_many(turn: Turn, arguments: Row, resources: list[Row], size: int) -> list[Any]:
    """Store many records, some at a time; return what the server gave back, as one list."""
    store = IN_BULK[type_of(turn.step)]
    done: list[Any] = []
    for start in range(0, len(resources), size):
        rows = [_fields(resource) for resource in resources[start : start + size]]
        done += store(turn, str(arguments.get("collection")), rows)
    return done


def _insert_rows(turn: Turn, collection: str, rows: list[Row]) -> list[Any]:
    """Create or upsert records."""
    path, body = _bulk(collection, rows)
    answer = _object("The answer", _asked(turn, "POST", path, body))
    failures = answer.get("failure")
    if failures and turn.platform.switches["refused_record_in_bulk"] == "fails":
        raise StepFailed(f"CS-WF-6: {len(failures)} of {len(rows)} records were refused: {failures[0]}")
    return answer.get("success") or answer.get("hydra:member") or []


def _ingest_rows(turn: Turn, collection: str, rows: list[Row]) -> list[Any]:
    """Store records as a feed, at the appliance's address; that its answer is the result is assumed: no source."""
    return [_asked(turn, "POST", f"{collection}?$statusOnly=true", {"data": rows})]


IN_BULK: dict[str, Callable[[Turn, str, list[Row]], list[Any]]] = {
    "InsertData": _insert_rows,
    "IngestBulkFeed": _ingest_rows,
}


def _bulk(collection: str, rows: list[Row]) -> tuple[str, Any]:
    *_, before, module = ["", "", *collection.rstrip("/").split("/")]
    if before == "upsert":
        return f"/api/3/bulkupsert/{module}", rows
    return f"/api/3/insert/{module}", {"data": rows}


def _start(turn: Turn, arguments: Row) -> Any:
    """Take the input as the step's variables shape it. That a lone record becomes a list of one is assumed."""
    state = turn.state
    own = arguments_of(turn.step)
    rendered = turn.platform.render(own.get("step_variables"), state)
    shaped = dict(rendered) if isinstance(rendered, dict) else {}
    given = shaped.pop("input", None)
    given = given if isinstance(given, dict) else {}
    before = state.variables.get("input")
    before = before if isinstance(before, dict) else {}
    records = given.get("records") or before.get("records")
    state.variables["input"] = {
        **before,
        "params": _params(before.get("params"), _answers(own, state.variables), given.get("params")),
        "records": [record for record in (records if isinstance(records, list) else [records]) if record],
    }
    state.variables.update(shaped)
    return {"input": state.variables["input"], **shaped}


def _answers(own: Row, variables: Row) -> Row:
    """Return the answers to a start's form: they come as keys of the trigger's body, and are read as parameters."""
    names = [str(asked.get("name")) for asked in objects(own.get("inputVariables"), "inputVariables")]
    return {name: variables[name] for name in names if name in variables}


def _params(given: Any, answers: Row, shaped: Any) -> Any:
    """Return the parameters; what is no object is handed on as it came, where nothing is to be added to it."""
    if shaped and not isinstance(shaped, dict):
        return shaped
    if given and not isinstance(given, dict):
        if answers or shaped:
            raise StepFailed(f"input.params must be an object, and is {shown(given)}")
        return given
    return {**(given or {}), **answers, **(shaped or {})}


def _set_variables(turn: Turn, arguments: Row) -> Any:
    if turn.platform.switches["digits_in_set_variable"] == "number":
        arguments = {name: _number(value) for name, value in arguments.items()}
    turn.state.variables.update(arguments)
    return arguments


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and re.fullmatch("-?[0-9]+", value) else value


def _connector(turn: Turn, arguments: Row) -> Any:
    if arguments.get("connector") == UTILITIES_CONNECTOR:
        return _utility(turn, arguments)
    body = {
        "connector": arguments.get("connector"),
        "version": arguments.get("version"),
        "operation": arguments.get("operation"),
        # Generators write the default configuration as a text of two quotes.
        "config": str(arguments.get("config") or "").strip("'"),
        "params": arguments.get("params") or {},
    }
    status, answer = turn.platform.ask("POST", "/api/integration/execute/", body)
    if status != 200:
        raise StepFailed(_message(answer))
    return answer


def _step_of(connector: str) -> Step:
    """Make the step of a connector that has a step type of its own; it fails where that one is not installed."""
    return lambda turn, arguments: _connector(turn, {"connector": connector, **arguments})


def _utility(turn: Turn, arguments: Row) -> Any:
    operation = str(arguments.get("operation"))
    if operation not in UTILITIES:
        raise StepFailed(f"The local FortiSOAR has no operation {operation} of {UTILITIES_CONNECTOR}")
    params = arguments.get("params")
    try:
        data = UTILITIES[operation](turn.platform, params if isinstance(params, dict) else {})
    except ValueError as error:
        raise StepFailed(
            f"CS-INTEGRATION-5: Error occurred while executing the connector action ERROR :: {error}"
        ) from error
    return {"data": data, "message": "", "operation": None, "status": "Success"}


def _decide(turn: Turn, arguments: Row) -> Chosen:
    """Choose the first option whose condition holds, else the default, else none."""
    options = objects(arguments.get("conditions"), "conditions")
    default = next((option for option in options if option.get("default")), None)
    chosen = default
    for option in options:
        if not option.get("default") and is_true(turn.platform.render(option.get("condition"), turn.state)):
            chosen = option
            break
    if chosen is None:
        return Chosen({"step_name": None}, [])
    result = {"step_name": chosen.get("step_name"), "option": chosen.get("option")}
    return Chosen(result, [uuid_of(chosen.get("step_iri"))])


def _call(turn: Turn, arguments: Row) -> Any:
    given = arguments.get("arguments")
    inherited = dict(turn.state.variables) if arguments.get("pass_parent_env") is True else {}
    for own in ("steps", "result", "task_id", "audit_info", "input"):
        inherited.pop(own, None)
    records = turn.state.records if arguments.get("pass_input_record") is True else []
    body = {
        **inherited,
        "input": {"params": given if isinstance(given, dict) else {}},
        "request": turn.state.variables.get("request"),
    }
    is_async = arguments.get("apply_async") is True
    return turn.platform.call(turn.state, uuid_of(arguments.get("workflowReference")), body, records, is_async)


def _insert(turn: Turn, arguments: Row) -> Any:
    collection = str(arguments.get("collection"))
    return _asked(turn, "POST", collection, _fields(arguments.get("resource")))


def _ingest(turn: Turn, arguments: Row) -> Any:
    (answer,) = _ingest_rows(turn, str(arguments.get("collection")), [_fields(arguments.get("resource"))])
    return answer


def _update(turn: Turn, arguments: Row) -> Any:
    iri = arguments.get("collection")
    if not iri:
        raise StepFailed("CS-WF-35: Record IRI is empty")
    return _asked(turn, "PUT", str(uuid_path(iri)), _fields(arguments.get("resource")))


def uuid_path(iri: Any) -> Any:
    """Return the IRI of a record that may be given as a whole."""
    return iri.get("@id") if isinstance(iri, dict) else iri


def _find(turn: Turn, arguments: Row) -> Any:
    answer = _asked(turn, "POST", f"/api/query/{arguments.get('module')}", arguments.get("query") or {})
    return _object("The answer", answer).get("hydra:member")


def _delay(turn: Turn, arguments: Row) -> Any:
    if arguments.get("type", "TimeBased") != "TimeBased":
        raise StepFailed(f"The local FortiSOAR has no delay of type {arguments.get('type')}")
    turn.platform.wait(turn.state, span(arguments.get("delay"), "delay"))
    return {}


def _ask_a_person(turn: Turn, arguments: Row) -> Any:
    raise Waits(question=turn.platform.ask_a_person(turn.state, turn.entry, arguments))


def _task(turn: Turn, arguments: Row) -> Any:
    """Create a task and wait until it is done. Which states that are is assumed: no source."""
    module = str(arguments.get("collection") or "tasks").rstrip("/").split("/")[-1]
    task = _object("The answer", _asked(turn, "POST", f"/api/3/{module}", _fields(arguments.get("resource"))))
    if not turn.platform.switches["manual_task_waits"]:
        return task
    raise Waits(task, question=turn.platform.wait_for_record(turn.state, turn.entry, str(task["@id"]), arguments))


def _run_script(turn: Turn, arguments: Row) -> Any:
    """Run a task of the engine by its address, as the step types do."""
    script = str(arguments.get("script"))
    name = script.removeprefix("/wf/workflow/tasks/")
    if name not in SCRIPTS:
        raise StepFailed(f"The local FortiSOAR does not run the script {shown(script)}")
    return SCRIPTS[name](turn, an_object(arguments.get("arguments"), "arguments"))


def _crud(turn: Turn, arguments: Row) -> Any:
    method = str(arguments.get("method") or "GET").upper()
    return _asked(turn, method, str(arguments.get("collection")), arguments.get("resource") or None)


SCRIPTS: dict[str, Step] = {
    "no_op": lambda turn, arguments: {},
    "connector": _connector,
    "crudhub_crud": _crud,
    "set_multiple": _set_variables,
    "manual_input": _ask_a_person,
    "delay": _delay,
}
STEPS: dict[str, Step] = {
    **dict.fromkeys(STARTS, _start),
    "SetVariable": _set_variables,
    "SetAPIKeys": _set_variables,
    "Connectors": _connector,
    "CyopsUtilites": _connector,
    "CodeSnippet": _step_of("code-snippet"),
    "SendMail": _step_of("smtp"),
    "Decision": _decide,
    "WorkflowReference": _call,
    "InsertData": _insert,
    "IngestBulkFeed": _ingest,
    "UpdateRecord": _update,
    "FindRecords": _find,
    "Delay": _delay,
    "ManualInput": _ask_a_person,
    "ApprovalManualInput": _ask_a_person,
    "ManualTask": _task,
    "RunScript": _run_script,
}


def is_true(value: Any) -> bool:
    """Tell whether a rendered condition holds; which texts count as false is assumed: no source."""
    if isinstance(value, str):
        return value.strip().lower() not in ("", "false", "none", "null", "no", "0")
    return bool(value)


def _fields(resource: Any) -> Row:
    """Return a record's fields without the editor's marks, such as ``__replace``; links are no marks.

    Published playbooks end an expression with ``{% else %}None{% endif %}`` where there is nothing to set. That a text
    ``None`` is null, in every field, is assumed: no source.
    """
    if isinstance(resource, str):
        try:
            resource = json.loads(resource)
        except ValueError as error:
            raise StepFailed(f"The record is not JSON: {error}") from error
    if not isinstance(resource, dict):
        raise StepFailed("The record is not an object")
    links = ("__link", "__unlink")
    return {
        name: None if value == "None" else value
        for name, value in resource.items()
        if not str(name).startswith("__") or name in links
    }


def _object(what: str, value: Any) -> Row:
    if not isinstance(value, dict):
        raise StepFailed(f"{what} is no object: {shown(value)}")
    return value


def _asked(turn: Turn, method: str, path: str, body: Any) -> Any:
    status, answer = turn.platform.ask(method, path, body)
    if status >= 400:
        raise StepFailed(f"CS-WF-6: {method} {path} was answered with {status}: {_message(answer)}")
    return answer


def _message(answer: Any) -> str:
    if isinstance(answer, dict):
        for key in ("message", "hydra:description", "detail", "title"):
            if answer.get(key):
                return str(answer[key])
    return json.dumps(answer)
