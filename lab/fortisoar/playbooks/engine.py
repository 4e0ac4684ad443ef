"""A run: which step is next, and what its end, its failure or its waiting means."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from .definitions import STARTS, Row, arguments_of, type_of
from .options import BadOption
from .state import Frame, State, StepsCircle
from .steps import Chosen, Platform, StepFailed, is_true
from .templates.rendering import RenderingFailed
from .work import Waiting, Work

INCIPIENT = "incipient"
ACTIVE = "active"
FINISHED = "finished"
FINISHED_WITH_ERROR = "finished with error"
FAILED = "failed"
TERMINATED = "terminated"
AWAITING = "awaiting"
# What runs and steps of the appliance are called differ here; both as captured.
STEP_FINISHED_WITH_ERROR = "finished_with_error"
SKIPPED = "skipped"

lab_log = logging.getLogger(__name__)


class Log(Protocol):
    """Where the steps of a run are written down."""

    def begin(self, step: Row) -> int: ...

    def end(self, number: int, status: str, arguments: Any, result: Any) -> None: ...


class Engine:
    """Takes a run as far as it goes.

    Parameters:
        platform: what steps need.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def proceed(self, state: State, log: Log) -> str:
        """Go on with the steps that wait, then do steps until the run ends, fails or waits; return its status.

        A failed run's ``state`` stands before the failed step, so that the run can be taken up again.
        """
        try:
            for uuid, frame in list(state.frames.items()):
                self._settle(state, state.definition.steps[uuid], log, frame)
            while step := state.next_step():
                self._settle(state, step, log, Frame(log.begin(step)))
        except StepsCircle as circle:
            state.result = _error(str(circle))
            return FAILED
        except StepFailed:
            self._let_go(state, log)
            return FAILED
        if state.frames:
            return AWAITING
        return FINISHED_WITH_ERROR if state.with_errors else FINISHED

    def _let_go(self, state: State, log: Log) -> None:
        """Wait for nothing any more: a failed run that is taken up again does these steps anew."""
        for frame in state.frames.values():
            self._platform.abandon(state, frame)
            log.end(frame.entry, TERMINATED, None, None)
        state.frames.clear()

    def _settle(self, state: State, step: Row, log: Log, frame: Frame) -> None:
        """Do one step, or go on with it; a step that waits leaves its frame in the state."""
        state.frames.pop(step["uuid"], None)
        work = Work(self._platform, state, step, frame)
        try:
            self._platform.go_on(state)
            chosen = work.do()
            if chosen is None:
                log.end(frame.entry, SKIPPED, None, None)
                state.settle(step["uuid"])
                return
            self._done(state, step, chosen)
        except Waiting:
            state.frames[step["uuid"]] = frame
            log.end(frame.entry, AWAITING, work.arguments, None)
        except (StepFailed, RenderingFailed, BadOption) as failed:
            self._failed(state, step, log, frame, work.arguments, failed)
        except Exception as error:  # noqa: BLE001 - what a step was given may be anything, and fails that step
            lab_log.warning("The step %s failed", step["name"], exc_info=True)
            failure = StepFailed(f"The step cannot be done with what it was given: {type(error).__name__}: {error}")
            self._failed(state, step, log, frame, work.arguments, failure)
        else:
            log.end(frame.entry, FINISHED, work.arguments, chosen.result)

    def _done(self, state: State, step: Row, chosen: Chosen) -> None:
        state.keep(step, chosen.result)
        if type_of(step) not in STARTS:  # a start reads its variables itself
            more = self._platform.render(arguments_of(step).get("step_variables") or {}, state)
            state.variables.update(more if isinstance(more, dict) else {})
        state.settle(step["uuid"], chosen.leads_to)

    def _failed(self, state: State, step: Row, log: Log, frame: Frame, arguments: Any, failed: Exception) -> None:
        error = _error(str(failed))
        # Other items of its loop may still wait for somebody.
        self._platform.abandon(state, frame)
        if is_true(arguments_of(step).get("ignore_errors", False)):
            log.end(frame.entry, STEP_FINISHED_WITH_ERROR, arguments, error)
            state.with_errors = True
            state.keep(step, error)
            state.settle(step["uuid"])
            return
        log.end(frame.entry, FAILED, arguments, error)
        state.result = error
        raise StepFailed(str(failed)) from failed


def _error(message: str) -> Row:
    return {"Error message": message}
