"""A run: which step is next, how often it is done, and what its failure means."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, Protocol

from .definitions import ENGINE_KEYS, STARTS, Row, arguments_of, type_of
from .state import State, StepsCircle
from .steps import IN_BULK, Chosen, Platform, StepFailed, Turn, Waits, is_true, perform, store_many
from .templates.rendering import RenderingFailed

FINISHED = "finished"
FINISHED_WITH_ERROR = "finished with error"
FAILED = "failed"
TERMINATED = "terminated"
AWAITING = "awaiting"
# What runs and steps of the appliance are called differ here; both as captured.
STEP_FINISHED_WITH_ERROR = "finished_with_error"
SKIPPED = "skipped"
BATCH = 100
MOST_RETRIES = 10_000  # the appliance's own limit is not known

lab_log = logging.getLogger(__name__)


class Log(Protocol):
    """Where the steps of a run are written down."""

    def begin(self, step: Row) -> int: ...

    def end(self, number: int, status: str, arguments: Any, result: Any) -> None: ...

    def question(self, number: int, arguments: Row) -> None: ...


class Engine:
    """Takes a run as far as it goes.

    Parameters:
        platform: what steps need.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def proceed(self, state: State, log: Log) -> str:
        """Do steps until the run ends, fails or waits; return its status.

        A failed run's ``state`` stands before the failed step, so that the run can be taken up again.
        """
        try:
            while step := state.next_step():
                if not self._settle(state, step, log):
                    return AWAITING
        except StepsCircle as circle:
            state.result = _error(str(circle))
            return FAILED
        except StepFailed:
            return FAILED
        return FINISHED_WITH_ERROR if state.with_errors else FINISHED

    def answered(self, state: State, result: Any, leads_to: list[str] | None) -> None:
        """Give the step that waits its result, and go on from it."""
        step = state.definition.steps[str(state.waiting)]
        state.waiting = None
        self._done(state, step, result, leads_to)

    def _settle(self, state: State, step: Row, log: Log) -> bool:
        """Do one step; return False if it waits."""
        number = log.begin(step)
        work = _Work(self._platform, state, step)
        try:
            result = work.do()
            if result is NOT_DONE:
                log.end(number, SKIPPED, None, None)
                state.settle(step["uuid"])
                return True
            chosen = result if isinstance(result, Chosen) else Chosen(result, [])
            leads_to = chosen.leads_to if isinstance(result, Chosen) else None
            self._done(state, step, chosen.result, leads_to)
        except Waits as waits:
            state.waiting = step["uuid"]
            log.end(number, AWAITING, work.arguments, None)
            if waits.question is not None:
                log.question(number, waits.question)
            return False
        except (StepFailed, RenderingFailed) as failed:
            return self._failed(state, step, log, number, work.arguments, failed)
        except Exception as error:  # noqa: BLE001 - what a step was given may be anything, and fails that step
            lab_log.warning("The step %s failed", step["name"], exc_info=True)
            failure = StepFailed(f"The step cannot be done with what it was given: {type(error).__name__}: {error}")
            return self._failed(state, step, log, number, work.arguments, failure)
        log.end(number, FINISHED, work.arguments, chosen.result)
        return True

    def _done(self, state: State, step: Row, result: Any, leads_to: list[str] | None) -> None:
        state.keep(step, result)
        if type_of(step) not in STARTS:  # a start reads its variables itself
            more = self._platform.render(arguments_of(step).get("step_variables") or {}, state)
            state.variables.update(more if isinstance(more, dict) else {})
        state.settle(step["uuid"], leads_to)

    def _failed(self, state: State, step: Row, log: Log, number: int, arguments: Any, failed: Exception) -> bool:
        error = _error(str(failed))
        if is_true(arguments_of(step).get("ignore_errors", False)):
            log.end(number, STEP_FINISHED_WITH_ERROR, arguments, error)
            state.with_errors = True
            state.keep(step, error)
            state.settle(step["uuid"])
            return True
        log.end(number, FAILED, arguments, error)
        state.result = error
        raise StepFailed(str(failed)) from failed


NOT_DONE = object()


class _Work:
    """One step's work: its condition, its loop, its repetitions.

    ``arguments`` are those of the last time, rendered, for the log.
    """

    def __init__(self, platform: Platform, state: State, step: Row) -> None:
        self._platform = platform
        self._state = state
        self._step = step
        self._given = arguments_of(step)
        self._own = {key: value for key, value in self._given.items() if key not in ENGINE_KEYS}
        self._turn = Turn(platform, state, step)
        self.arguments: Any = None

    def do(self) -> Any:
        """Do the step; return its result, or NOT_DONE if its condition does not hold."""
        if type_of(self._step) in STARTS:
            return self._once()
        loop = self._given.get("for_each")
        if isinstance(loop, dict) and loop.get("item") not in (None, ""):
            result = self._each(loop)
        elif self._applies():
            result = self._until(self._once)
        else:
            return NOT_DONE
        self._tell()
        return result

    def _applies(self) -> bool:
        condition = self._given.get("when")
        return condition in (None, "") or is_true(self._render(condition))

    def _each(self, loop: Row) -> Any:
        """Do the step for each item; ``when`` and the loop's own condition choose among them."""
        items = self._render(loop["item"])
        if not isinstance(items, list):
            raise StepFailed(f"for_each needs a list, and {loop['item']} is {type(items).__name__}")
        if loop.get("__bulk") is True and type_of(self._step) in IN_BULK:
            return self._bulk(items, loop)
        results = []
        for _ in self._chosen(items, loop):
            results.append(self._until(self._once))
            self._state.variables["result"] = results[-1]
            if loop.get("break_loop") and is_true(self._render(loop["break_loop"])):
                break
        return results

    def _bulk(self, items: list[Any], loop: Row) -> Any:
        resources = [self._render(self._own.get("resource")) for _ in self._chosen(items, loop)]
        self.arguments = {**self._own, "resource": resources}
        if self._mock() is not None:
            return self._mock()
        # None of the items may be left for `collection` to name.
        arguments = {"collection": self._render(self._own.get("collection"))}
        return store_many(self._turn, arguments, resources, int(loop.get("batch_size") or BATCH))

    def _chosen(self, items: list[Any], loop: Row) -> Any:
        for item in items:
            self._state.variables["item"] = item
            condition = loop.get("condition")
            if self._applies() and (condition in (None, "") or is_true(self._render(condition))):
                yield item

    def _until(self, once: Callable[[], Any]) -> Any:
        """Repeat until the condition holds. That the run goes on when it never does is assumed: no source."""
        result = once()
        until = self._given.get("do_until")
        if not (isinstance(until, dict) and until.get("condition")):
            return result
        for _ in range(min(int(until.get("retries") or 0), MOST_RETRIES)):
            self._state.keep(self._step, result)  # published samples name the step itself in its condition
            if is_true(self._render(until["condition"])):
                break
            self._platform.wait(float(until.get("delay") or 0))
            result = once()
        return result

    def _once(self) -> Any:
        mock = self._mock()
        # A decision looks at one condition after the other, and a start at its variables alone.
        is_raw = type_of(self._step) in STARTS or type_of(self._step) == "Decision"
        self.arguments = self._own if is_raw else self._render(self._own)
        return perform(self._turn, self.arguments) if mock is None else mock

    def _mock(self) -> Any:
        given = self._given.get("mock_result")
        if not self._state.use_mock_output or given in (None, ""):
            return None
        mock = self._render(given)
        try:
            return json.loads(mock) if isinstance(mock, str) else mock
        except ValueError as error:
            raise StepFailed(f"mock_result is not JSON: {error}") from error

    def _tell(self) -> None:
        """Write the step's message on the records, as a comment."""
        message = self._given.get("message")
        if not isinstance(message, dict) or not message.get("content"):
            return
        told = self._render(message)
        records = told.get("records") or [record["@id"] for record in self._state.variables["input"]["records"]]
        for iri in [records] if isinstance(records, str) else records:
            module = str(iri).split("/")[-2]
            body = {"content": told["content"], "type": told.get("type"), module: [iri]}
            status, answer = self._platform.ask("POST", "/api/3/comments", body)
            if status >= 400:
                raise StepFailed(f"The step's message could not be written on {iri}: {status} {answer}")

    def _render(self, value: Any) -> Any:
        return self._platform.render(value, self._state)


def _error(message: str) -> Row:
    return {"Error message": message}
