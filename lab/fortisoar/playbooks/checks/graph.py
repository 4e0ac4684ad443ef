"""Checks of a playbook's graph: every step is reached, every branch leads on, every address has its object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..definitions import STARTS, STEP_TYPES, Definition, Row, arguments_of, type_of, uuid_of

Problem = tuple[str, str]  # the step's name, what is wrong


def check_graph(definition: Definition, collection: str | None, workflows: set[str]) -> Iterator[Problem]:
    """Check one playbook.

    Parameters:
        collection: the UUID of the collection it is in, if that has one.
        workflows: the UUIDs of the playbooks that it can call.
    """
    if collection and uuid_of(definition.document.get("collection")) != collection:
        yield "", f"collection is {definition.document.get('collection')}, not the collection it is in"
    yield from _start(definition)
    yield from _routes(definition)
    yield from _names(definition)
    for step in definition.steps.values():
        name = str(step.get("name"))
        if type_of(step) not in STEP_TYPES.values():
            yield name, f"the local FortiSOAR has no step type {uuid_of(step.get('stepType'))}"
        for message in _branches(definition, step):
            yield name, message
        called = arguments_of(step).get("workflowReference")
        if type_of(step) == "WorkflowReference" and "{{" not in str(called) and uuid_of(called) not in workflows:
            yield name, f"it calls {called}, which is not in this file"
    reached = reachable(definition)
    for uuid in [uuid for uuid in definition.steps if uuid not in reached]:
        yield str(definition.steps[uuid].get("name")), "no route leads here from the start"
    for name in _circles(definition):
        yield name, "its routes lead back to it"


def reachable(definition: Definition) -> set[str]:
    """Return the steps that the start leads to, itself included."""
    start = definition.start
    return after(definition, start["uuid"]) | {start["uuid"]} if start else set()


def after(definition: Definition, step: str) -> set[str]:
    """Return the steps that routes lead to from a step; itself only if it is in a circle."""
    found: set[str] = set()
    waiting = [step]
    while waiting:
        for route in definition.out_of(waiting.pop()):
            target = uuid_of(route.get("targetStep"))
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _start(definition: Definition) -> Iterator[Problem]:
    start = definition.start
    if start is None:
        yield "", f"triggerStep is {definition.document.get('triggerStep')}, which is none of its steps"
        return
    if type_of(start) not in STARTS:
        yield str(start.get("name")), "it is the first step and no start"
    for step in definition.steps.values():
        if step is not start and type_of(step) in STARTS:
            yield str(step.get("name")), "it is a second start"


def _routes(definition: Definition) -> Iterator[Problem]:
    for route in definition.routes.values():
        for end in ("sourceStep", "targetStep"):
            if uuid_of(route.get(end)) not in definition.steps:
                yield "", f"the route {route.get('name')!r} has the {end} {route.get(end)}, which is none of its steps"


def _names(definition: Definition) -> Iterator[Problem]:
    names = [str(step.get("name")) for step in definition.steps.values()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield name, "more than one step has this name, so that vars.steps holds one of them only"


def _branches(definition: Definition, step: Row) -> Iterator[str]:
    arguments = arguments_of(step)
    if type_of(step) == "Decision":
        options = _options(arguments.get("conditions"))
        yield from _conditions(options)
    elif type_of(step) == "ManualInput":
        mapping = arguments.get("response_mapping")
        options = _options(mapping.get("options") if isinstance(mapping, dict) else None)
        if not options:
            yield "it has no option to answer with"
    else:
        return
    yield from _ways(definition, step, options)


def _conditions(options: list[Row]) -> Iterator[str]:
    if not any(option.get("default") for option in options):
        yield "it has no default, so that the run ends here when no condition holds"
    for option in options:
        if not option.get("default") and not option.get("condition"):
            yield f"the option {option.get('option')!r} has no condition"


def _ways(definition: Definition, step: Row, options: list[Row]) -> Iterator[str]:
    targets = {uuid_of(route.get("targetStep")): route for route in definition.out_of(step["uuid"])}
    for option in options:
        target = uuid_of(option.get("step_iri"))
        if not target:
            yield f"the option {option.get('option')!r} leads to no step"
        elif target not in targets:
            yield f"the option {option.get('option')!r} leads to {option.get('step_iri')}, and no route goes there"
    chosen = {uuid_of(option.get("step_iri")) for option in options}
    for target, route in targets.items():
        if target not in chosen:
            yield f"no option leads along the route {route.get('name')!r}"


def _options(value: Any) -> list[Row]:
    return [option for option in value or [] if isinstance(option, dict)]


def _circles(definition: Definition) -> list[str]:
    return [str(step.get("name")) for uuid, step in definition.steps.items() if uuid in after(definition, uuid)]
