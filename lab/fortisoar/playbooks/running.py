"""Runs at work: taken up, taken as far as they go, woken when what they wait for has come, and ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol
from uuid import uuid4

from ...kit.clock import Clock
from ...kit.switches import Switches
from .definitions import Definition, Row
from .engine import AWAITING, FAILED, FINISHED_WITH_ERROR, INCIPIENT, TERMINATED, Engine
from .questions import Questions
from .runs import ENDED, Runs
from .side_by_side import do_side_by_side
from .state import WAITING, Frame, State, first_variables
from .steps import Chosen, StepFailed, Waits
from .watch import Watch

AT_ONCE = 8  # runs; further ones queue
HELPERS = 16  # threads that parallel loops share, beside the runs' own
LOOK_AGAIN_AFTER = 0.02  # seconds of real time, while a step waits for the lab's clock
DEEPEST = 20  # playbooks that call each other; the appliance's own limit is not known

log = logging.getLogger(__name__)


class Stopped(BaseException):
    """The run or the whole lab ends while it is under way. No Exception, as nothing may take it for a failed step."""


class Tools(Protocol):
    """What running playbooks needs of the rest of FortiSOAR."""

    switches: Switches

    def ask(self, method: str, path: str, body: Any = None, /) -> tuple[int, Any]: ...

    def render(self, value: Any, variables: Row, /) -> Any: ...

    def set_macro(self, name: str, value: str, /) -> Row | None: ...

    def find(self, workflow: str, /) -> Definition | None: ...


class Running:
    """The runs at work. It is also what their steps need of the engine.

    A run that waits is only a row: no thread is kept for it. What it waits for, a question or a run that it called,
    keeps its own outcome; whoever brings that about wakes the run, which then takes it.
    """

    def __init__(self, runs: Runs, questions: Questions, clock: Clock, tools: Tools) -> None:
        self.switches = tools.switches
        self.ask = tools.ask
        self.set_macro = tools.set_macro
        self._tools = tools
        self._runs = runs
        self._questions = questions
        self._clock = clock
        self._engine = Engine(self)
        self._stop = threading.Event()
        self._ending: set[int] = set()
        self._pool, self._helpers = _pools()
        self._queued: set[Future[Any]] = set()
        self._watch = Watch("questions", self.look)

    def take_up_left_over(self) -> None:
        """End the runs that an earlier process of the lab left unfinished, and wake those that waited for them."""
        self._questions.drop(self._runs.terminate_left_over())
        for state in self._runs.awaiting():
            if self._is_ready(state):
                self.queue(self.wake, state.run)
        self._watch_time()

    def reset(self) -> None:
        """Abandon every run; the caller empties the tables."""
        self.close()
        self._pool, self._helpers = _pools()
        self._ending.clear()
        self._stop.clear()

    def stop(self) -> None:
        """Have every run end at its next step."""
        self._stop.set()

    def close(self) -> None:
        """Stop every run and thread."""
        self.stop()
        self._pool.shutdown(cancel_futures=True)
        self._helpers.shutdown(cancel_futures=True)
        self._watch.stop()  # a run that came to wait may just have started it

    def settle(self) -> None:
        """Wait until no run is under way."""
        while self._queued:
            wait(list(self._queued))

    def queue(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Do something in a thread of the runs, unless the lab stops: what is left then is looked at when it starts."""
        if self._stop.is_set():
            return
        future = self._pool.submit(work, *arguments)
        self._queued.add(future)
        future.add_done_callback(self._queued.discard)

    # Runs.

    def start(self, definition: Definition, body: Row, records: list[Any]) -> str:
        """Queue a run; return its task id.

        Parameters:
            body: the trigger's.
            records: the records it runs on, whole.
        """
        state = self._new_run(definition, body, records, str(uuid4()))
        self.queue(self._begin, state)
        return state.task_id

    def start_again(self, number: int) -> str:
        """Queue a run that did not end well once more, from where it stands; return its new task id."""
        state = self._runs.state(number)
        state.frames.clear()  # what it waited for ended with it
        state.task_id = state.variables["task_id"] = str(uuid4())
        self._ending.discard(number)
        self._runs.change(number, task_id=state.task_id, status=INCIPIENT)
        self.queue(self._begin, state)
        return state.task_id

    def wake(self, number: int) -> None:
        """Go on with a run that waits, as far as what it waits for has come; and then with the one that waits for it.

        A run that is under way is left alone: before it waits, it looks itself.
        """
        if self._runs.claim(number, AWAITING):
            self._take_up(self._runs.state(number))

    def terminate(self, number: int) -> None:
        """End a run, and those that it waits for."""
        caller = self._runs.run(number).caller
        self._end(number)
        if caller is not None:
            self.queue(self.wake, caller)

    def look(self) -> None:
        """Go on with the runs whose questions were not answered in time."""
        for number in self._questions.pass_over_due():
            self.queue(self.wake, number)

    def _new_run(
        self,
        definition: Definition,
        body: Row,
        records: list[Any],
        task_id: str,
        parent: int | None = None,
        **more: Any,
    ) -> State:
        iris = [str(record["@id"]) for record in records if isinstance(record, dict) and "@id" in record]
        variables = first_variables(definition, task_id, body, records)
        use_mock_output = body.get("useMockOutput") is True
        state = State(definition, variables, task_id=task_id, **{"use_mock_output": use_mock_output, **more})
        self._runs.create(state, parent, iris)
        return state

    def _begin(self, state: State) -> None:
        if self._runs.claim(state.run, INCIPIENT):
            self._take_up(state)

    def _take_up(self, state: State) -> None:
        with suppress(Stopped):
            if self._run(state) in ENDED and state.caller is not None:
                self.wake(state.caller)

    def _run(self, state: State) -> str:
        """Take a run as far as it goes; return its status."""
        while True:
            status = self._proceed(state)
            # What it waits for may have come before it could be woken.
            if status != AWAITING or not self._is_ready(state) or not self._runs.claim(state.run, AWAITING):
                return status

    def _proceed(self, state: State) -> str:
        try:
            status = self._engine.proceed(state, self._runs.log(state.run))
        except Stopped:
            if state.run not in self._ending:
                raise
            self._ending.discard(state.run)
            return TERMINATED
        except Exception as error:  # a fault of the lab must show in the run, not vanish in a thread
            log.exception("Run %s of %s failed", state.run, state.definition.name)
            status = FAILED
            state.result = {"Error message": f"The local FortiSOAR failed: {type(error).__name__}: {error}"}
        self._runs.keep(status, state)
        if status == AWAITING:
            self._watch_time()
        return status

    def _end(self, number: int) -> None:
        ended = self._runs.terminate([number])
        self._ending.update(one for one, was_active in ended.items() if was_active)
        self._questions.drop(ended)

    def _is_ready(self, state: State) -> bool:
        """Tell whether something of what a run waits for has come."""
        waited_for = [
            one.waits_for for frame in state.frames.values() for one in frame.passes or [] if one.status == WAITING
        ]
        return any(
            self._questions.is_answered(what["question"]) if "question" in what else self._has_ended(what["run"])
            for what in waited_for
        )

    def _has_ended(self, number: int) -> bool:
        run = self._runs.find(number)
        return run is None or run.status in ENDED

    def _watch_time(self) -> None:
        if self._questions.any_due():
            self._watch.start()

    # What steps need.

    def go_on(self, state: State | None = None) -> None:
        """Raise what ends a run, if it has to end.

        Raises: Stopped.
        """
        if self._stop.is_set() or (state is not None and state.run in self._ending):
            raise Stopped

    def render(self, value: Any, state: State) -> Any:
        """Render a value with a run's variables."""
        self.go_on(state)
        return self._tools.render(value, state.variables)

    def wait(self, state: State, seconds: float) -> None:
        """Wait by the lab's clock."""
        self.go_on(state)
        until = self._clock.now() + timedelta(seconds=seconds)
        while self._clock.now() < until:
            self._stop.wait(LOOK_AGAIN_AFTER)
            self.go_on(state)

    def side_by_side(self, state: State, jobs: Iterable[Callable[[], None]], most: int) -> None:
        """Do all jobs, some at the same time."""
        try:
            do_side_by_side(self._helpers, jobs, most)
        except RuntimeError:  # the threads were taken away
            self.go_on(state)
            raise

    def ask_a_person(self, state: State, entry: int, arguments: Row) -> int:
        """Ask somebody; return the question's number."""
        return self._questions.ask(state.run, entry, arguments)

    def wait_for_record(self, state: State, entry: int, record: str, arguments: Row) -> int:
        """Wait until somebody is done with a record; return the question's number."""
        return self._questions.about(state.run, entry, record, arguments)

    def outcome(self, state: State, what: Row) -> Chosen | None:
        """Return what a step has waited for, None if it has not come.

        Raises: StepFailed.
        """
        if "question" in what:
            return self._questions.outcome(what["question"])
        run = self._runs.find(what["run"])
        if run is None:
            raise StepFailed("The run of the called playbook was deleted")
        return Chosen(_result(state, run.name, run.status, run.result)) if run.status in ENDED else None

    def abandon(self, state: State, frame: Frame) -> None:
        """Let go of all that a step waits for."""
        for one in frame.passes or []:
            if one.status == WAITING and "run" in one.waits_for:
                self._end(one.waits_for["run"])
            elif one.status == WAITING:
                self._questions.drop([state.run], one.waits_for["question"])

    def call(self, state: State, workflow: str, body: Row, records: list[Any], is_async: bool) -> Any:
        """Run another playbook for a step of a run."""
        definition = self._tools.find(workflow)
        if definition is None:
            raise StepFailed(f"The playbook /api/3/workflows/{workflow} does not exist")
        depth = state.depth + 1
        if depth > DEEPEST:
            raise StepFailed(f"More than {DEEPEST} playbooks call each other")
        self.go_on(state)
        given = {"depth": depth, "use_mock_output": state.use_mock_output, "caller": None if is_async else state.run}
        # A called playbook runs under the task id of its caller.
        child = self._new_run(definition, body, records, state.task_id, state.run, **given)
        if is_async:
            self.queue(self._begin, child)
            return {"task_id": child.task_id}
        status = self._run(child) if self._runs.claim(child.run, INCIPIENT) else TERMINATED
        self.go_on(state)
        if status not in ENDED:
            raise Waits(run=child.run)
        return _result(state, definition.name, status, child.result)


def _result(state: State, name: str, status: str, result: Any) -> Any:
    """Return what a called playbook came to.

    Raises: StepFailed.
    """
    if status == FAILED:
        raise StepFailed(f"{name}: {result['Error message']}")
    if status == TERMINATED:
        raise StepFailed(f"{name}: The run was terminated")
    state.with_errors |= status == FINISHED_WITH_ERROR
    return result


def _pools() -> tuple[ThreadPoolExecutor, ThreadPoolExecutor]:
    return ThreadPoolExecutor(AT_ONCE, "playbook"), ThreadPoolExecutor(HELPERS, "loop")
