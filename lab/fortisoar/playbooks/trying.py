"""One playbook, run in a lab through FortiSOAR's API, with a trace that people can read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...client import MOST, FortiSoarClient
from ...errors import LabError
from ...execution import configure, installed
from ...names import unknown
from .definitions import ENGINE_KEYS, Definition, Row, arguments_of, uuid_of
from .engine import AWAITING, FINISHED, FINISHED_WITH_ERROR, SKIPPED
from .export_file import named
from .needs import needs_of

LONGEST_VALUE = 1500  # characters of one value in the trace
LOOK_AGAIN_AFTER = 0.05
MODULES = "/api/3/"
COLLECTIONS = "/api/3/workflow_collections"
WORKFLOWS = "/api/3/workflows"
RUNS = "/api/wf/api/workflows/log_list/"
TRIGGER = "/api/triggers/1/notrigger"
SHOWN_BY = "python -m lab playbook list --lab FILE"
# What says nothing about what a step does.
DULL = ENGINE_KEYS | {
    "pickFromTenant",
    "operationTitle",
    "_showJson",
    "__recommend",
    "displayConditions",
    "checkboxFields",
    "conditions",  # the result says which one held
    "fieldOperation",
    # How the button and its form look.
    "route",
    "resources",
    "inputVariables",
    "executeButtonText",
    "noRecordExecution",
    "singleRecordExecution",
}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Trial:
    """What to run, and on what.

    Parameters:
        playbook: its name or UUID.
        exported: an export that is brought into FortiSOAR first; None runs what is there.
        module: that of the record; None for the playbook's own, or alerts if it has none.
        record: created first; the playbook then runs on it.
        answers: the options to choose at its manual inputs, in their order.
    """

    playbook: str
    exported: Row | None
    module: str | None
    record: Row | None
    params: Row
    answers: list[str]


def run_playbook(ready: Row, trial: Trial, say: Say) -> bool:
    """Install the connector in a lab unless it is there, run a playbook and tell each step.

    Parameters:
        ready: the lab's ready line.
    Returns: whether the run finished; one that waits for an answer has not.
    Raises: LabError if there is no such playbook, or the record is refused.
    """
    with FortiSoarClient(ready["fortisoar"]) as fortisoar:
        configure(fortisoar, installed(fortisoar), ready)
        if trial.exported is not None:
            _bring(fortisoar, trial.exported)
        return _Run(fortisoar, _secrets(ready), say).of(trial)


def listed(ready: Row) -> dict[str, list[Row]]:
    """Return the playbooks of a lab with their steps, by the names of their collections."""
    with FortiSoarClient(ready["fortisoar"]) as fortisoar:
        names = {row["@id"]: row["name"] for row in _members(fortisoar, COLLECTIONS)}
        found: dict[str, list[Row]] = {}
        for row in _workflows(fortisoar):
            found.setdefault(names.get(row.get("collection"), "Without a collection"), []).append(row)
        return found


def _bring(fortisoar: FortiSoarClient, exported: Row) -> None:
    """Import an export. Its playbooks are inactive, so that nothing but the trial runs them."""
    # The lab takes a whole export here. Collections are not sent this way: it would undo changes to a connector's own.
    fortisoar.ask("POST", COLLECTIONS, json={**exported, "data": []})
    for collection in exported["data"]:
        workflows = [{**workflow, "isActive": False} for workflow in collection.get("workflows") or []]
        fortisoar.ask("POST", "/api/3/upsert/workflow_collections", json={**collection, "workflows": workflows})


def _workflows(fortisoar: FortiSoarClient) -> list[Row]:
    return _members(fortisoar, WORKFLOWS, {"$relationships": "true"})


def _members(fortisoar: FortiSoarClient, path: str, query: Row | None = None) -> list[Row]:
    rows: list[Row] = fortisoar.ask("GET", path, params={"$limit": MOST, **(query or {})})["hydra:member"]
    return rows


@contextmanager
def _verbose(fortisoar: FortiSoarClient, playbooks: list[Row]) -> Iterator[None]:
    """Let playbooks keep their steps' arguments and results, which only verbose ones do, until the end of the block."""
    terse = [f"{WORKFLOWS}/{row['uuid']}" for row in playbooks if row.get("debug") is not True]
    for address in terse:
        fortisoar.ask("PUT", address, json={"debug": True})
    try:
        yield
    finally:
        for address in terse:
            fortisoar.ask("PUT", address, json={"debug": False})


def _with_called(playbook: Row, rows: list[Row]) -> list[Row]:
    """Return a playbook and those that it calls, and so on."""
    by_uuid = {row["uuid"]: row for row in rows}
    found, waiting = {playbook["uuid"]: playbook}, [playbook]
    while waiting:
        for step in Definition(waiting.pop()).steps.values():
            called = uuid_of(arguments_of(step).get("workflowReference"))
            if called in by_uuid and called not in found:
                found[called] = by_uuid[called]
                waiting.append(by_uuid[called])
    return list(found.values())


class _Run:
    """One run of a playbook, told step by step.

    Parameters:
        secrets: what is not to be shown.
    """

    def __init__(self, fortisoar: FortiSoarClient, secrets: list[str], say: Say) -> None:
        self._fortisoar = fortisoar
        self._secrets = secrets
        self._say = say
        self._told: set[str] = set()

    def of(self, trial: Trial) -> bool:
        rows = _workflows(self._fortisoar)
        playbook = named(rows, trial.playbook, SHOWN_BY)
        modules = needs_of(Definition(playbook), {}).modules
        if modules and trial.record is None:
            raise LabError(f"{playbook['name']!r} runs on a record of {' or '.join(modules)}. Give one: --record FILE.")
        with _verbose(self._fortisoar, _with_called(playbook, rows)):
            module = trial.module or next(iter(modules), "alerts")
            records = [self._created(module, trial.record)] if trial.record is not None else []
            return self._followed(self._started(playbook, records, trial.params), list(trial.answers))

    def _started(self, playbook: Row, records: list[Row], params: Row) -> str:
        body = {**params, "input": {"params": params, "records": records}}
        return str(self._fortisoar.ask("POST", f"{TRIGGER}/{playbook['uuid']}", json=body)["task_id"])

    def _followed(self, task_id: str, answers: list[str]) -> bool:
        while True:
            status = self._ended(task_id)
            self._tell_steps(task_id)
            if status != AWAITING or not self._answered(task_id, answers):
                break
        self._say(f"The run is {status}.")
        return status in (FINISHED, FINISHED_WITH_ERROR)

    def _created(self, module: str, record: Row) -> Row:
        row = self._fortisoar.ask("POST", f"{MODULES}{module}", json=record)
        return self._fortisoar.ask("GET", row["@id"], params={"$relationships": "true"})

    def _ended(self, task_id: str) -> str:
        while (status := self._runs(task_id)[0]["status"]) in ("incipient", "active"):
            time.sleep(LOOK_AGAIN_AFTER)
        return str(status)

    def _runs(self, task_id: str) -> list[Row]:
        query = {"limit": MOST, "ordering": "id", "task_id": task_id}
        rows: list[Row] = self._fortisoar.ask("POST", RUNS, params=query, json={})["hydra:member"]
        return rows

    def _tell_steps(self, task_id: str) -> None:
        steps = [
            (step["started"], run, step)
            for run in self._runs(task_id)
            for step in self._fortisoar.ask("GET", f"/api{run['@id']}")["steps"]
            if step["status"] != "active" and f"{step['@id']} {step['status']}" not in self._told
        ]
        for _, run, step in sorted(steps, key=lambda one: one[0]):
            self._told.add(f"{step['@id']} {step['status']}")
            self._tell(run, step)

    def _tell(self, run: Row, step: Row) -> None:
        place = f"{run['name']} / {step['name']}" if run["parent_wf"] else step["name"]
        self._say(f"{step['started'][11:23]}  {place}: {step['status']}{_duration(step)}")
        arguments = step.get("input")
        for key, value in (arguments if isinstance(arguments, dict) else {}).items():
            if key not in DULL:
                self._say(f"    {key} = {self._shown(value)}")
        if step["status"] != AWAITING:
            self._say(f"    -> {self._shown(step.get('result'))}")

    def _answered(self, task_id: str, answers: list[str]) -> bool:
        """Answer the manual input that the run waits with; return False if no answer is left."""
        numbers = {run["@id"].rstrip("/").split("/")[-1] for run in self._runs(task_id)}
        rows = self._fortisoar.ask("GET", "/api/wf/api/manual-wf-input/", params={"limit": MOST})["hydra:member"]
        question = next((row for row in rows if str(row["workflow"]) in numbers), None)
        if question is None:
            self._say("It waits until somebody has completed its task.")
            return False
        options = {option["option"]: option for option in question["response_mapping"].get("options") or []}
        if not answers:
            self._say(f"It asks: {question['title']} Answer with --answer: {', '.join(options)}.")
            return False
        answer = answers.pop(0)
        if answer not in options:
            raise LabError(unknown(f"answer to {question['title']!r}:", answer, options))
        self._say(f"Answered: {answer}")
        body = {
            "input": {},
            "step_iri": options[answer].get("step_iri"),
            "step_id": question["step_id"],
            "manual_input_id": question["id"],
        }
        self._fortisoar.ask("POST", f"/api/wf/api/workflows/{question['workflow']}/wfinput_resume/", json=body)
        return True

    def _shown(self, value: Any) -> str:
        text = json.dumps(_readable(value), ensure_ascii=True)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}... ({len(text)} characters)"


def _duration(step: Row) -> str:
    if not step["completed"] or step["status"] == SKIPPED:
        return ""
    started, completed = (datetime.fromisoformat(step[name]) for name in ("started", "completed"))
    return f" in {(completed - started).total_seconds():.2f} s"


def _readable(value: Any) -> Any:
    """Return a value whose records have only what is set, and of related records what people call them by."""
    if isinstance(value, dict) and "@id" in value:
        return {key: _named(item) for key, item in value.items() if item not in (None, [])}
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, list) else value


def _named(value: Any) -> Any:
    if isinstance(value, dict) and "@id" in value:
        return value.get("itemValue") or value.get("name") or value["@id"]
    return [_named(item) for item in value] if isinstance(value, list) else value


def _secrets(ready: Row) -> list[str]:
    """Return every password, key and client secret of a lab."""
    return sorted(_values(ready), key=len, reverse=True)


def _values(part: Row) -> Iterator[str]:
    for key, value in part.items():
        if isinstance(value, dict):
            yield from _values(value)
        elif isinstance(value, str) and any(word in key for word in ("password", "api_key", "secret")):
            yield value
