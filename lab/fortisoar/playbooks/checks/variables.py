"""Checks of what templates name: variables, steps, parameters, filters and globals."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from jinja2 import Environment, TemplateError, meta, nodes

from ....kit.clock import Clock
from ..definitions import ENGINE_KEYS, STARTS, Definition, Row, arguments_of, type_of, variable_name
from ..templates.patterns import Patterns
from ..templates.rendering import environment, is_template
from .graph import Problem, after

# What every run has, and what single steps have while they are done.
ALWAYS = {
    "input",
    "request",
    "steps",
    "result",
    "item",
    "task_id",
    "wf_id",
    "currentUser",
    "audit_info",
    "request_data",
}
OPTIONAL = {"default", "d", "defined", "undefined"}  # filters and tests for what may not be there
# What of a step is rendered when its own result is there already.
WITH_RESULT = {"step_variables", "do_until", "message"}


class Variables:
    """The variables of one playbook.

    Parameters:
        callers: the arguments of the steps that call it.
    """

    def __init__(self, definition: Definition, callers: list[Row]) -> None:
        self._definition = definition
        self._inherits = any(caller.get("pass_parent_env") is True for caller in callers)
        self._params = _parameters(definition)

    def check(self) -> Iterator[Problem]:
        """Check every template of the playbook."""
        for uuid, step in self._definition.steps.items():
            before = [other for name, other in self._definition.steps.items() if uuid in after(self._definition, name)]
            for key, argument in arguments_of(step).items():
                done = [*before, step] if key in WITH_RESULT else before
                for text in _texts(argument):
                    for message in self._problems(text, step, done):
                        yield str(step.get("name")), message

    def _problems(self, text: str, step: Row, done: list[Row]) -> Iterator[str]:
        jinja = _jinja()
        try:
            tree = jinja.parse(text)
        except TemplateError as error:
            yield f"{text!r}: {error.message}"
            return
        if unknown := list(_unknown(tree, jinja)):
            yield from (f"{text!r}: No {kind} named {name!r} in the local FortiSOAR" for kind, name in unknown)
            return  # Jinja does not look at the names of such a template
        # Jinja counts a name that is set in one branch only as one that comes from outside.
        named = meta.find_undeclared_variables(tree) - _set_here(tree)
        for name in sorted(named - {"vars", "globalVars"} - set(jinja.globals)):
            yield f"{text!r} names {name}, which is not there"
        known = ALWAYS | _defined(step) | {name for other in done for name in _defined(other)}
        steps = {variable_name(str(other.get("name"))) for other in done}
        for path in _paths(tree):
            # What a start reads comes with the trigger, which may bring any variable.
            if type_of(step) in STARTS and path[:1] != ["steps"]:
                continue
            yield from self._path(path, known, steps)

    def _path(self, path: list[str], known: set[str], steps: set[str]) -> Iterator[str]:
        if not path or self._inherits:
            return
        if path[0] not in known:
            yield f"vars.{path[0]} is not set by a step before"
        elif path[0] == "steps" and len(path) > 1 and path[1] not in steps:
            yield f"vars.steps.{path[1]} is no step before"
        elif path[:2] == ["input", "params"] and len(path) > 2 and path[2] not in self._params:
            yield f"vars.input.params.{path[2]} is no parameter of the playbook"


@cache
def _jinja() -> Environment:
    return environment(_nothing, Clock(), Patterns())


def _nothing(method: str, path: str, body: Any) -> tuple[int, Any]:
    """Answer for FortiSOAR, which is never asked: templates are only read here."""
    return 404, None


def _parameters(definition: Definition) -> set[str]:
    start = arguments_of(definition.start or {})
    shaped = start.get("step_variables")
    given = shaped.get("input") if isinstance(shaped, dict) else None
    params = given.get("params") if isinstance(given, dict) else None
    asked = {str(one.get("name")) for one in start.get("inputVariables") or [] if isinstance(one, dict)}
    declared = {str(name) for name in definition.document.get("parameters") or []}
    return declared | asked | (set(params) if isinstance(params, dict) else set())


def _defined(step: Row) -> set[str]:
    """Return the variables that a step sets."""
    arguments = arguments_of(step)
    shaped = arguments.get("step_variables")
    names = set(shaped) if isinstance(shaped, dict) else set()
    if type_of(step) == "SetVariable":
        names |= arguments.keys() - ENGINE_KEYS
    if type_of(step) in STARTS:
        names |= {str(one.get("name")) for one in arguments.get("inputVariables") or [] if isinstance(one, dict)}
    return names


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str) and is_template(value):
        yield value


def _unknown(tree: nodes.Template, jinja: Environment) -> Iterator[tuple[str, str]]:
    """Return the filters and tests that there are not. Jinja itself is silent about those inside of a condition."""
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        kind, known = ("filter", jinja.filters) if isinstance(node, nodes.Filter) else ("test", jinja.tests)
        if node.name not in known:
            yield kind, node.name


def _set_here(tree: nodes.Template) -> set[str]:
    return {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}


def _paths(tree: nodes.Template) -> Iterator[list[str]]:
    """Return what follows ``vars`` in each place that needs it to be there."""
    spared = {id(node) for node in _optional(tree)}
    chains: list[nodes.Getattr | nodes.Getitem] = [*tree.find_all(nodes.Getattr), *tree.find_all(nodes.Getitem)]
    inner = {id(node.node) for node in chains}
    for node in chains:
        if id(node) not in inner and id(node) not in spared and (path := _path_of(node)) is not None:
            yield path


def _optional(tree: nodes.Template) -> Iterator[nodes.Node]:
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        if node.node is not None and node.name in OPTIONAL:
            yield node.node


def _path_of(node: nodes.Node) -> list[str] | None:
    """Return the constant names behind ``vars``; None if the chain begins with anything else."""
    names: list[str] = []
    while isinstance(node, (nodes.Getattr, nodes.Getitem)):
        if isinstance(node, nodes.Getattr):
            names.insert(0, node.attr)
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            names.insert(0, node.arg.value)
        else:
            names.clear()
        node = node.node
    return names if isinstance(node, nodes.Name) and node.name == "vars" else None
