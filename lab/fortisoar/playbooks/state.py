"""What a run carries from step to step, in a form that a database can keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..shapes import SELF_AGENT
from .definitions import Definition, Row, uuid_of, variable_name

USER = f"/api/3/people/{SELF_AGENT}"  # the one person of the local FortiSOAR


class StepsCircle(Exception):
    """The routes lead back to a step that they come from; the text names the steps that wait for each other."""


@dataclass
class State:
    """The variables of a run and how far it has come.

    Parameters:
        definition: the playbook as it was when the run began.
        variables: what templates see as ``vars``.
        use_mock_output: whether steps give their ``mock_result`` in place of doing anything.
        taken: for each route that is decided, whether it was taken.
        settled: the steps that have run or were passed over.
        waiting: the step that waits for an answer.
        with_errors: whether a step failed and its errors were ignored.
        result: that of the last step.
    """

    definition: Definition
    variables: Row
    use_mock_output: bool = False
    taken: dict[str, bool] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    waiting: str | None = None
    with_errors: bool = False
    result: Any = None

    def next_step(self) -> Row | None:
        """Return a step whose turn it is, None at the end. Steps that no taken route leads to are passed over.

        Raises: StepsCircle.
        """
        blocked = []
        for uuid, step in self.definition.steps.items():
            if uuid in self.settled:
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
        if blocked:
            raise StepsCircle(f"The steps wait for each other in a circle: {', '.join(blocked)}")
        return None

    def keep(self, step: Row, result: Any) -> None:
        """Make a step's result known to the steps that follow."""
        self.result = result
        self.variables["result"] = result
        self.variables["steps"][variable_name(step["name"])] = result

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
        return {**self.__dict__, "definition": self.definition.document}

    @classmethod
    def of(cls, document: Row) -> State:
        """Return the state that ``as_json`` gave."""
        return cls(**{**document, "definition": Definition(document["definition"])})


def first_variables(definition: Definition, task_id: str, given: Row, records: list[Any]) -> Row:
    """Return what a run begins with.

    Parameters:
        given: the body of the trigger; its keys become variables.
        records: the records that the playbook was run on.
    """
    # PHP writes an empty object as an empty list.
    asked = _object(given.get("input"))
    params = _object(asked.get("params"))
    return {
        **given,
        "input": {**asked, "params": params, "records": records or asked.get("records") or []},
        "request": given.get("request") or {"data": given},
        "steps": {},
        "result": None,
        "task_id": task_id,
        "currentUser": USER,
        "audit_info": {"cyops_playbook_iri": definition.iri, "cyops_playbook_name": definition.name},
    }


def _object(value: Any) -> Row:
    return value if isinstance(value, dict) else {}
