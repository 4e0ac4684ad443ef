"""What a run carries from step to step, in a form that a database can keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..shapes import SELF_AGENT
from .definitions import Definition, Row, uuid_of, variable_name

USER = f"/api/3/people/{SELF_AGENT}"  # the one person of the local FortiSOAR


class StepsCircle(Exception):
    """The routes lead back to a step that they come from; the text names the steps that wait for each other."""


_NOTHING = object()
# How far a pass through a step has come.
TO_DO, WAITING, DONE, PASSED_OVER = "to do", "waiting", "done", "passed over"


@dataclass
class Pass:
    """One time through a step: that for one item of its loop, or the only one.

    Parameters:
        item: the loop's.
        repeated: how often ``do_until`` has had it done again.
        waits_for: the ``run`` or the ``question`` whose end it waits for, by number.
        result: what it came to; ``leads_to`` are the steps that it chose, None if it chose none.
    """

    item: Any = None
    status: str = TO_DO
    repeated: int = 0
    waits_for: Row = field(default_factory=dict)
    result: Any = None
    leads_to: list[str] | None = None


@dataclass
class Frame:
    """How far a step has come; kept while it waits, it is the place at which the run goes on.

    Parameters:
        entry: the number of the step in the log.
        passes: those through the step, None before its items are known.
    """

    entry: int
    passes: list[Pass] | None = None

    @classmethod
    def of(cls, document: Row) -> Frame:
        """Return the frame that was kept as JSON."""
        passes = document["passes"]
        return cls(document["entry"], None if passes is None else [Pass(**each) for each in passes])


@dataclass
class State:
    """The variables of a run and how far it has come.

    Parameters:
        definition: the playbook as it was when the run began.
        variables: what templates see as ``vars``.
        task_id: by which whoever triggered the run finds it.
        run: the run's number.
        caller: the run that waits for this one, if any does.
        depth: how many playbooks have called each other to come here.
        use_mock_output: whether steps give their ``mock_result`` in place of doing anything.
        taken: for each route that is decided, whether it was taken.
        settled: the steps that have run or were passed over.
        frames: of the steps that wait, by their UUIDs.
        with_errors: whether a step failed and its errors were ignored.
        result: that of the last step.
    """

    definition: Definition
    variables: Row
    task_id: str = ""
    run: int = 0
    caller: int | None = None
    depth: int = 0
    use_mock_output: bool = False
    taken: dict[str, bool] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    frames: dict[str, Frame] = field(default_factory=dict)
    with_errors: bool = False
    result: Any = None

    @property
    def records(self) -> list[Any]:
        """Return the records that the playbook was run on."""
        records = _object(self.variables.get("input")).get("records")
        return records if isinstance(records, list) else []

    def next_step(self) -> Row | None:
        """Return a step whose turn it is, None if there is none. Steps that no taken route leads to are passed over.

        What follows a step that waits has no turn yet; the other branches go on.

        Raises: StepsCircle.
        """
        blocked = []
        for uuid, step in self.definition.steps.items():
            if uuid in self.settled or uuid in self.frames:
                continue
            if step is self.definition.start:
                return step
            ways = [self.taken.get(route["uuid"]) for route in self.definition.into(uuid)]
            if ways and None not in ways:
                if any(ways):
                    return step
                self.settle(uuid, [])
                return self.next_step()
            if any(ways):
                blocked.append(step["name"])
        if blocked and not self.frames:
            raise StepsCircle(f"The steps wait for each other in a circle: {', '.join(blocked)}")
        return None

    def keep(self, step: Row, result: Any) -> None:
        """Make a step's result known to the steps that follow."""
        self.result = result
        # A step may have set `steps` itself.
        steps = _object(self.variables.get("steps")) | {variable_name(step["name"]): result}
        self.variables |= {"result": result, "steps": steps}

    def settle(self, step: str, leads_to: list[str] | None = None) -> None:
        """Mark a step as done.

        Parameters:
            leads_to: the steps that it goes on to; None for all that its routes lead to.
        """
        self.settled.append(step)
        for route in self.definition.out_of(step):
            self.taken[route["uuid"]] = leads_to is None or uuid_of(route.get("targetStep")) in leads_to

    def as_json(self) -> Row:
        """Return the state in a form that JSON can carry."""
        frames = {uuid: asdict(frame) for uuid, frame in self.frames.items()}
        return {**self.__dict__, "definition": self.definition.document, "frames": frames}

    @classmethod
    def of(cls, document: Row) -> State:
        """Return the state that ``as_json`` gave."""
        frames = {uuid: Frame.of(frame) for uuid, frame in document["frames"].items()}
        return cls(**{**document, "definition": Definition(document["definition"]), "frames": frames})

    def aside(self, item: Any) -> State:
        """Return a state for an item that is worked on beside others: what it sets, they do not see."""
        return replace(self, variables={**self.variables, "item": item}, with_errors=False)

    def take_over(self, others: Sequence[State]) -> None:
        """Take over what was set aside, in the order of the items."""
        before = dict(self.variables)
        for other in others:
            changed = {key for key in other.variables if other.variables[key] is not before.get(key, _NOTHING)}
            self.variables.update({key: other.variables[key] for key in changed - {"item", "result", "steps"}})
            self.with_errors |= other.with_errors


def first_variables(definition: Definition, task_id: str, given: Row, records: list[Any]) -> Row:
    """Return what a run begins with.

    Parameters:
        given: the body of the trigger; its keys become variables.
        records: the records that the playbook was run on.
    """
    asked = _object(given.get("input"))
    return {
        **given,
        "input": {
            **asked,
            # PHP writes an empty object as an empty list; anything else is handed on as it came.
            "params": asked.get("params") or {},
            "records": records or asked.get("records") or [],
        },
        "request": given.get("request") or {"data": given},
        "steps": {},
        "result": None,
        "task_id": task_id,
        "currentUser": USER,
        "audit_info": {"cyops_playbook_iri": definition.iri, "cyops_playbook_name": definition.name},
    }


def _object(value: Any) -> Row:
    return value if isinstance(value, dict) else {}
