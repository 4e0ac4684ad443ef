"""The workflow engine as a part of the local FortiSOAR."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.routing import Route
from starlette.types import ASGIApp

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.switches import Switches
from ..calls import Answer, Call, route
from ..refusals import refusal
from .asking import Inside
from .content.collections import Collections
from .content.ingestion import DataImports
from .content.versions import Versions
from .content.workflows import Workflows
from .definitions import Definition, Row
from .engine import AWAITING, FAILED, FINISHED_WITH_ERROR, TERMINATED, Engine
from .inputs import Inputs
from .macros import Macros
from .runs import WELL, Runs
from .schedules import Schedules
from .state import State, first_variables
from .steps import StepFailed, Waits
from .templates.rendering import Renderer, RenderingFailed
from .triggers import Triggers

AT_ONCE = 8  # runs; further ones queue
LOOK_AGAIN_AFTER = 0.02  # seconds of real time, while a step waits for the lab's clock
DEEPEST = 20  # playbooks that call each other; the appliance's own limit is not known


log = logging.getLogger(__name__)


class Stopped(BaseException):
    """The lab stops or starts anew while a run is under way. No Exception, as nothing may take it for a failed step."""


class Playbooks:
    """Playbooks of one FortiSOAR: their definitions, their runs and their HTTP interface.

    Parameters:
        folder: where connectors are unpacked.
        authorization: with which the engine calls FortiSOAR's own API; ``connect`` gives it the API.
    """

    def __init__(self, store: Store, clock: Clock, folder: Path, authorization: str, switches: Switches) -> None:
        self.switches = switches
        self._clock = clock
        self._authorization = authorization
        self._inside: Inside | None = None
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="playbook")
        self._queued: set[Future[Any]] = set()
        self.macros = Macros(store)
        self.collections = Collections(store, clock, folder, self.macros)
        self._definitions = (
            Workflows(store, self.collections),
            Versions(store, clock),
            DataImports(store, self.collections.writer),
        )
        self.runs = Runs(store, clock)
        self.schedules = Schedules(store, clock, self._fire, self.runs.is_running)
        self._inputs = Inputs(store, self._resume)
        self._triggers = Triggers(self.collections, self.ask, self.start)
        self._renderer = Renderer(self.ask, clock, self.macros.value, switches, self._go_on)
        self._engine = Engine(self)
        self.runs.terminate_left_over()

    def connect(self, app: ASGIApp) -> None:
        """Take FortiSOAR's whole application as what steps call."""
        self._inside = Inside(app, self._authorization)
        self.schedules.watch()

    def record_written(self, change: str, module: str, row: Row, changed: Row) -> None:
        """Start playbooks on a record that was created or updated, without making its writer wait."""
        if waiting := self._triggers.waiting(change, module):
            self._queue(self._triggers.written, waiting, module, row, changed)

    def routes(self) -> list[Route]:
        """Return every address of the engine. They stand before those of modules, which take any name."""
        return [
            *self._triggers.routes(),
            *self.collections.routes(),
            *(each for part in self._definitions for each in part.routes()),
            *self.macros.routes(),
            *self._inputs.routes(),
            *self.runs.routes(),
            *self.schedules.routes(),
            route("POST", "/api/wf/api/jinja-editor/", self._render_for_editor),
            route("GET", "/api/wf/api/workflows/{number:int}/retry/", self._retry),
            route("POST", "/api/wf/api/workflows/{number:int}/start/", self._queue_again),
        ]

    def reset(self) -> None:
        """Abandon every run; the caller empties the tables."""
        self._stop.set()
        self.schedules.close()
        self._pool.shutdown(cancel_futures=True)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="playbook")
        self._stop.clear()

    def stop(self) -> None:
        """Have every run end at its next step."""
        self._stop.set()

    def close(self) -> None:
        """Stop every run and thread."""
        self.stop()
        self.schedules.close()
        self._pool.shutdown(cancel_futures=True)
        self._renderer.close()
        if self._inside:
            self._inside.close()

    def start(self, definition: Definition, body: Row, records: list[Any]) -> str:
        """Queue a run; return its task id.

        Parameters:
            body: the trigger's.
            records: the records it runs on, whole.
        """
        task_id = str(uuid4())
        number, state = self._new_run(definition, body, records, task_id, None)
        self._queue(self._run, number, state)
        return task_id

    def settle(self) -> None:
        """Wait until no run is under way."""
        while self._queued:
            wait(list(self._queued))

    # What steps need.

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call FortiSOAR's own API."""
        self._go_on()
        assert self._inside is not None
        return self._inside.ask(method, path, body)

    def render(self, value: Any, state: State) -> Any:
        """Render a value with a run's variables."""
        self._go_on()
        return self._renderer.render(value, state.variables)

    def set_macro(self, name: str, value: str) -> Row | None:
        """Give an existing global variable a value."""
        if self.switches["updatemacro_creates"]:
            self.macros.add_missing([{"name": name, "value": value, "default_value": ""}])
        return self.macros.set(name, value)

    def wait(self, seconds: float) -> None:
        """Wait by the lab's clock."""
        self._go_on()
        until = self._clock.now() + timedelta(seconds=seconds)
        while self._clock.now() < until:
            if self._stop.wait(LOOK_AGAIN_AFTER):
                raise Stopped

    def call(self, state: State, workflow: str, body: Row, records: list[Any], is_async: bool) -> Any:
        """Run another playbook for a step of a run."""
        definition = self.collections.find(workflow)
        if definition is None:
            raise StepFailed(f"The playbook /api/3/workflows/{workflow} does not exist")
        depth = state.variables.get("depth", 0) + 1
        if depth > DEEPEST:
            raise StepFailed(f"More than {DEEPEST} playbooks call each other")
        # A called playbook runs under the task id of its caller.
        parent, task_id = state.variables["wf_id"], state.variables["task_id"]
        number, child = self._new_run(definition, {**body, "depth": depth}, records, task_id, parent)
        child.use_mock_output = state.use_mock_output
        if is_async:
            self._queue(self._run, number, child)
            return {"task_id": task_id}
        status = self._run(number, child)
        if status == AWAITING:
            raise Waits(None)
        if status == TERMINATED:
            raise Stopped
        if status == FAILED:
            raise StepFailed(f"{definition.name}: {child.result['Error message']}")
        if status == FINISHED_WITH_ERROR:
            state.with_errors = True
        return child.result

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise Stopped

    # Runs.

    def _queue(self, work: Callable[..., Any], *arguments: Any) -> None:
        future = self._pool.submit(work, *arguments)
        self._queued.add(future)
        future.add_done_callback(self._queued.discard)

    def _new_run(
        self, definition: Definition, body: Row, records: list[Any], task_id: str, parent: int | None
    ) -> tuple[int, State]:
        iris = [str(record["@id"]) for record in records if isinstance(record, dict) and "@id" in record]
        number = self.runs.create(definition, task_id, parent, iris)
        variables = first_variables(definition, task_id, body, records) | {"wf_id": number}
        return number, State(definition, variables, use_mock_output=body.get("useMockOutput") is True)

    def _run(self, number: int, state: State) -> str:
        """Take a run as far as it goes; return its status. A run that ends takes its waiting caller with it."""
        self.runs.change(number, status="active")
        try:
            status = self._engine.proceed(state, self.runs.log(number))
        except Stopped:
            return TERMINATED
        except Exception as error:  # a fault of the lab must show in the run, not vanish in a thread
            log.exception("Run %s of %s failed", number, state.definition.name)
            state.result = {"Error message": f"The local FortiSOAR failed: {type(error).__name__}: {error}"}
            self.runs.keep(number, FAILED, state)
            raise
        self.runs.keep(number, status, state)
        return status

    def _resume(self, number: int, result: Any, leads_to: list[str] | None) -> str:
        """Give a run that waits its answer and take it as far as it goes, and its callers after it."""
        run = self.runs.run(number)
        state = self.runs.state(number)
        self.runs.answer_step(number, result)
        self._engine.answered(state, result, leads_to)
        status = self._run(number, state)
        if run.parent is not None and status != AWAITING and self.runs.run(run.parent).status == AWAITING:
            self._resume_caller(run.parent, status, state)
        return run.task_id

    def _resume_caller(self, number: int, status: str, child: State) -> None:
        if status != FAILED:
            self._resume(number, child.result, None)
            return
        state = self.runs.state(number)
        state.result = child.result
        self.runs.answer_step(number, child.result)
        self.runs.keep(number, FAILED, state)

    def _retry(self, call: Call) -> Answer:
        """Take a failed run up again, at the step that failed."""
        run = self.runs.run(call.path["number"])
        if run.status != FAILED:
            raise refusal(400, "Only a failed workflow can be retried.")
        return 200, {"task_id": self._again(run.id), "result": "workflow retry queued"}

    def _queue_again(self, call: Call) -> Answer:
        """Take a run up again; that one which ended well has nothing left to do is assumed: no source."""
        run = self.runs.run(call.path["number"])
        if run.status in WELL:
            raise refusal(400, "The workflow has finished.")
        self._again(run.id)
        return 200, {"status": "started"}

    def _again(self, number: int) -> str:
        state = self.runs.state(number)
        task_id = str(uuid4())
        state.variables["task_id"] = task_id
        self.runs.change(number, task_id=task_id, status="incipient")
        self._queue(self._run, number, state)
        return task_id

    def _fire(self, workflow: str) -> None:
        definition = self.collections.find(workflow)
        if definition is not None:
            self.start(definition, {}, [])

    def _render_for_editor(self, call: Call) -> Answer:
        values = call.fields.get("values")
        try:
            text = str(call.fields.get("template", ""))
            return 200, {"result": self._renderer.text(text, values if isinstance(values, dict) else {})}
        except RenderingFailed as failed:
            raise refusal(400, str(failed)) from failed
        except Stopped:
            raise refusal(400, "The local FortiSOAR stops or starts anew.") from None
