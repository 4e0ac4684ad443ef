"""One step's work: its condition, its loop, its repetitions, and where it waits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .definitions import ENGINE_KEYS, STARTS, Row, arguments_of, type_of
from .options import UNSET, an_object, count, seconds, shown
from .state import DONE, PASSED_OVER, TO_DO, WAITING, Frame, Pass, State
from .steps import IN_BULK, Chosen, Platform, StepFailed, Turn, Waits, is_true, perform, store_many

BATCH = 100
MOST_RETRIES = 10_000  # the appliance's own limit is not known
AT_ONCE = 8  # items of a parallel loop, if it does not say; the appliance's own number is not known
FEWEST_AT_ONCE = 2  # that a loop may ask for, as in the designer of 8.0


class Waiting(Exception):
    """The step waits; its frame says what for."""


class Work:
    """The work of one step of a run.

    ``arguments`` are those of the last time, rendered, for the log.

    Parameters:
        frame: how far the step has come; what is done there is not done again.
    """

    def __init__(self, platform: Platform, state: State, step: Row, frame: Frame) -> None:
        self._platform = platform
        self._state = state
        self._step = step
        self._frame = frame
        self._given = arguments_of(step)
        self._own = {key: value for key, value in self._given.items() if key not in ENGINE_KEYS}
        self.arguments: Any = None

    def do(self) -> Chosen | None:
        """Do the step, or go on with it; return its result, None if its condition does not hold.

        Raises: StepFailed, RenderingFailed, BadOption; Waiting.
        """
        if type_of(self._step) in STARTS:
            return self._once(self._state)
        loop = an_object(self._given.get("for_each"), "for_each")
        if loop.get("item") in (None, ""):
            return self._alone()
        if loop.get("__bulk") is True and type_of(self._step) in IN_BULK:
            chosen = Chosen(self._bulk(self._items(loop), loop))
        else:
            chosen = self._each(loop)
        if not any(each.waits_for.get("told") for each in self._frame.passes or []):
            self._tell(chosen.result)
        return chosen

    def _alone(self) -> Chosen | None:
        (only,) = self._passes(lambda: [None])
        if only.status == TO_DO and not self._applies(self._state):
            return None
        self._take(only, self._state)
        if only.status == WAITING:
            raise Waiting
        if not only.waits_for.get("told"):
            self._tell(only.result)
        return Chosen(only.result, only.leads_to)

    def _each(self, loop: Row) -> Chosen:
        """Do the step for each item; ``when`` and the loop's own condition choose among them."""
        passes = self._passes(lambda: self._items(loop))
        left = [each for each in passes if each.status in (TO_DO, WAITING)]
        (self._beside if is_true(loop.get("parallel", False)) else self._in_turn)(left, loop)
        if any(each.status == WAITING for each in passes):
            raise Waiting
        done = [each for each in passes if each.status == DONE]
        ways = [each.leads_to for each in done if each.leads_to is not None]
        # That a choice made for each item leads to all that were chosen is assumed: no source.
        return Chosen([each.result for each in done], [way for some in ways for way in some] if ways else None)

    def _in_turn(self, left: list[Pass], loop: Row) -> None:
        for number, one in enumerate(left):
            self._state.variables["item"] = one.item
            self._through(one, self._state, loop)
            if one.status == WAITING:
                return
            if one.status == DONE and self._breaks(self._state, loop):
                _pass_over(left[number + 1 :])
                return

    def _beside(self, left: list[Pass], loop: Row) -> None:
        """Work on several items at the same time; those that wait hold up none of the others."""
        states = [self._state.aside(one.item) for one in left]

        def job(one: Pass, state: State) -> Callable[[], None]:
            def work() -> None:
                if one.status == PASSED_OVER:
                    return
                self._through(one, state, loop)
                if one.status == DONE and self._breaks(state, loop):
                    _pass_over(left)

            return work

        jobs = [job(one, state) for one, state in zip(left, states, strict=True)]
        self._platform.side_by_side(self._state, jobs, self._at_once(loop))
        self._state.take_over(states)

    def _through(self, one: Pass, state: State, loop: Row) -> None:
        condition = loop.get("condition")
        applies = condition in UNSET or one.status == WAITING or is_true(self._platform.render(condition, state))
        if not applies or (one.status == TO_DO and not self._applies(state)):
            one.status = PASSED_OVER
            return
        self._take(one, state)
        if one.status == DONE:
            state.variables["result"] = one.result

    def _breaks(self, state: State, loop: Row) -> bool:
        condition = loop.get("break_loop")
        return condition not in UNSET and is_true(self._platform.render(condition, state))

    def _at_once(self, loop: Row) -> int:
        if not is_true(loop.get("concurrency", False)):
            return AT_ONCE
        return count(self._render(loop.get("concurrencyCount")), "for_each.concurrencyCount", AT_ONCE, FEWEST_AT_ONCE)

    def _bulk(self, items: list[Any], loop: Row) -> Any:
        resources = []
        for item in items:
            self._state.variables["item"] = item
            condition = loop.get("condition")
            if self._applies(self._state) and (condition in UNSET or is_true(self._render(condition))):
                resources.append(self._render(self._own.get("resource")))
        self.arguments = {**self._own, "resource": resources}
        mock = self._mock(self._state)
        if mock is not None:
            return mock
        size = count(self._render(loop.get("batch_size")), "for_each.batch_size", BATCH, 1)
        # None of the items may be left for `collection` to name.
        arguments = {"collection": self._render(self._own.get("collection"))}
        return store_many(self._turn(self._state), arguments, resources, size)

    def _passes(self, items: Callable[[], list[Any]]) -> list[Pass]:
        """Return the passes of the step; what its items are is asked once."""
        if self._frame.passes is None:
            self._frame.passes = [Pass(item) for item in items()]
        return self._frame.passes

    def _items(self, loop: Row) -> list[Any]:
        items = self._render(loop["item"])
        if not isinstance(items, list):
            raise StepFailed(f"for_each needs a list, and {str(loop['item'])[:60]} is {type(items).__name__}")
        return items

    def _applies(self, state: State) -> bool:
        condition = self._given.get("when")
        return condition in UNSET or is_true(self._platform.render(condition, state))

    def _take(self, one: Pass, state: State) -> None:
        """Take a pass as far as it goes: to its end, or until it waits."""
        try:
            chosen = self._again(one, state) if one.status == WAITING else self._once(state)
            while chosen is not None and self._is_repeated(one, chosen, state):
                one.repeated += 1
                chosen = self._once(state)
        except Waits as waits:
            one.status, one.waits_for = WAITING, waits.what
            if waits.told is not None:
                one.waits_for["told"] = True
                self._tell(waits.told)
            return
        if chosen is not None:
            one.status, one.result, one.leads_to = DONE, chosen.result, chosen.leads_to

    def _again(self, one: Pass, state: State) -> Chosen | None:
        """Return what a pass has waited for, None if it has not come."""
        return self._platform.outcome(state, one.waits_for)

    def _is_repeated(self, one: Pass, chosen: Chosen, state: State) -> bool:
        """Tell whether the step is to be done again. That the run goes on when it never holds is assumed: no source."""
        until = an_object(self._given.get("do_until"), "do_until")
        if until.get("condition") in UNSET:
            return False
        retries = count(self._platform.render(until.get("retries"), state), "do_until.retries", 0)
        if one.repeated >= min(retries, MOST_RETRIES):
            return False
        state.keep(self._step, chosen.result)  # published samples name the step itself in its condition
        if is_true(self._platform.render(until["condition"], state)):
            return False
        delay = seconds(self._platform.render(until.get("delay"), state), "do_until.delay")
        unit = 0.001 if self._platform.switches["do_until_delay_unit"] == "milliseconds" else 1
        self._platform.wait(state, delay * unit)
        return True

    def _once(self, state: State) -> Chosen:
        mock = self._mock(state)
        # A decision looks at one condition after the other, and a start at its variables alone.
        is_raw = type_of(self._step) in STARTS or type_of(self._step) == "Decision"
        self.arguments = arguments = self._own if is_raw else self._platform.render(self._own, state)
        if mock is not None:
            return Chosen(mock)
        result = perform(self._turn(state), arguments)
        return result if isinstance(result, Chosen) else Chosen(result)

    def _turn(self, state: State) -> Turn:
        return Turn(self._platform, state, self._step, self._frame.entry)

    def _mock(self, state: State) -> Any:
        given = self._given.get("mock_result")
        if not state.use_mock_output or given in (None, ""):
            return None
        mock = self._platform.render(given, state)
        try:
            return json.loads(mock) if isinstance(mock, str) else mock
        except ValueError as error:
            raise StepFailed(f"mock_result is not JSON: {error}") from error

    def _tell(self, result: Any) -> None:
        """Write the step's message on the records, as a comment; ``vars.result`` in it is the step's own."""
        given = self._given.get("message")
        if not isinstance(given, dict) or not given.get("content"):
            return
        message = self._platform.render(
            given, replace(self._state, variables=self._state.variables | {"result": result})
        )
        for iri in self._told(message.get("records")):
            parts = iri.strip("/").split("/")
            if len(parts) < 2:
                raise StepFailed(f"The step's message has no record to be written on: records is {shown(iri)}")
            body = {"content": message["content"], "type": message.get("type"), parts[-2]: [iri]}
            status, answer = self._platform.ask("POST", "/api/3/comments", body)
            if status >= 400:
                raise StepFailed(f"The step's message could not be written on {iri}: {status} {answer}")

    def _told(self, records: Any) -> list[str]:
        """Return the addresses of the records that a message is for: those that it names, else the run's own."""
        given = records or self._state.records
        found = [each.get("@id") if isinstance(each, dict) else each for each in _listed(given)]
        return [each for each in found if isinstance(each, str) and each]

    def _render(self, value: Any) -> Any:
        return self._platform.render(value, self._state)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _pass_over(passes: list[Pass]) -> None:
    for each in passes:
        if each.status == TO_DO:
            each.status = PASSED_OVER
