"""One playbook, run in a lab of its own, with a trace that people can read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, cast

from ...client import FortiSoarClient
from ...connector import built_archive, configuration_values
from ...errors import LabError
from ...running import RunningLab, running_lab
from ..product import FortiSoar
from .definitions import ENGINE_KEYS, Definition, Row
from .engine import AWAITING, FINISHED, FINISHED_WITH_ERROR, SKIPPED
from .service import Playbooks

LONGEST_VALUE = 1500  # characters of one value in the trace
LOOK_AGAIN_AFTER = 0.05
MODULES = "/api/3/"
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


def run_playbook(name: str, module: str, record: Row | None, params: Row, answers: list[str], say: Say) -> bool:
    """Start a lab, install the connector, run one of its playbooks and tell each step.

    Parameters:
        record: created in the module first; the playbook then runs on it.
        params: the playbook's parameters.
        answers: the options to choose at its manual inputs, in their order.
    Returns: whether the run finished; one that waits for an answer has not.
    Raises: LabError if there is no such playbook, or the record is refused.
    """
    with running_lab(base_port=0) as lab:
        fortisoar = cast(FortiSoar, lab.products["fortisoar"])
        trial = _Trial(fortisoar.playbooks, _secrets(lab.ready), say)
        _install(lab, fortisoar.playbooks)
        return trial.run(name, module, record, params, answers)


class _Trial:
    def __init__(self, playbooks: Playbooks, secrets: list[str], say: Say) -> None:
        self._playbooks = playbooks
        self._secrets = secrets
        self._say = say
        self._told: set[str] = set()

    def run(self, name: str, module: str, record: Row | None, params: Row, answers: list[str]) -> bool:
        definition = self._playbook(name)
        records = [self._created(module, record)] if record is not None else []
        task_id = self._playbooks.start(definition, {**params, "input": {"params": params}}, records)
        waiting = list(answers)
        while True:
            status = self._ended(task_id)
            self._tell_steps(task_id)
            if status != AWAITING or not self._answered(task_id, waiting):
                break
        self._say(f"The run is {status}.")
        return status in (FINISHED, FINISHED_WITH_ERROR)

    def _playbook(self, name: str) -> Definition:
        rows = self._asked("GET", "/api/3/workflows?$limit=1000", None)["hydra:member"]
        for row in rows:
            # Steps' arguments and results are kept for verbose playbooks alone.
            self._asked("PUT", f"/api/3/workflows/{row['uuid']}", {"debug": True})
        found = self._playbooks.collections.find(name)
        if found is None:
            raise LabError(f"There is no playbook {name!r}. There are: {', '.join(row['name'] for row in rows)}.")
        return found

    def _created(self, module: str, record: Row) -> Row:
        row: Row = self._asked("POST", f"{MODULES}{module}", record)
        return cast(Row, self._asked("GET", f"{row['@id']}?$relationships=true", None))

    def _ended(self, task_id: str) -> str:
        while (status := self._runs(task_id)[0]["status"]) in ("incipient", "active"):
            time.sleep(LOOK_AGAIN_AFTER)
        return str(status)

    def _runs(self, task_id: str) -> list[Row]:
        path = f"/api/wf/api/workflows/log_list/?limit=1000&ordering=id&task_id={task_id}"
        return cast("list[Row]", self._asked("POST", path, {})["hydra:member"])

    def _tell_steps(self, task_id: str) -> None:
        steps = [
            (step["started"], run, step)
            for run in self._runs(task_id)
            for step in self._asked("GET", f"/api{run['@id']}", None)["steps"]
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
        rows = self._asked("GET", "/api/wf/api/manual-wf-input/", None)["hydra:member"]
        question = next(row for row in rows if str(row["workflow"]) in numbers)
        options = {option["option"]: option for option in question["response_mapping"].get("options") or []}
        if not answers:
            self._say(f"It asks: {question['title']} Answer with --answer: {', '.join(options)}.")
            return False
        answer = answers.pop(0)
        if answer not in options:
            raise LabError(f"{answer!r} is no answer to {question['title']!r}. There are: {', '.join(options)}.")
        self._say(f"Answered: {answer}")
        body = {
            "input": {},
            "step_iri": options[answer].get("step_iri"),
            "step_id": question["step_id"],
            "manual_input_id": question["id"],
        }
        self._asked("POST", f"/api/wf/api/workflows/{question['workflow']}/wfinput_resume/", body)
        return True

    def _asked(self, method: str, path: str, body: Any) -> Any:
        status, answer = self._playbooks.ask(method, path, body)
        if status >= 400:
            raise LabError(f"FortiSOAR answered {status} to {method} {path}: {json.dumps(answer)}")
        return answer

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


def _install(lab: RunningLab, playbooks: Playbooks) -> None:
    with FortiSoarClient(lab.ready["fortisoar"]) as client, built_archive() as archive:
        connector = client.install(archive)
    body = {
        "connector": connector["id"],
        "name": "Lab",
        "default": True,  # what sample playbooks use
        "config": configuration_values(lab.ready),
    }
    status, answer = playbooks.ask("POST", "/api/integration/configuration/", body)
    if status >= 400:
        raise LabError(f"The connector could not be configured: {json.dumps(answer)}")


def _secrets(ready: Row) -> list[str]:
    """Return every password, key and client secret of a lab."""
    return sorted(_values(ready), key=len, reverse=True)


def _values(part: Row) -> Iterator[str]:
    for key, value in part.items():
        if isinstance(value, dict):
            yield from _values(value)
        elif isinstance(value, str) and any(word in key for word in ("password", "api_key", "secret")):
            yield value
