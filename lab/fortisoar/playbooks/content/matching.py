"""Which playbooks and collections a filter selects.

Filters come as ``{"logic", "filters"}`` in a query's body, or as ``field=value`` and ``field$operator=value`` in an
address. A path goes through steps, through the first step and through step types; a tag is its own ``uuid``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ...calls import Call, objects_of
from ...refusals import refusal
from ..definitions import Row, type_of, uuid_of


def matches(row: Row, group: Any) -> bool:
    """Tell whether a row passes a filter or a group of them; raise Refusal 400 for what is neither."""
    if not isinstance(group, dict):
        raise refusal(400, "A filter must be an object.")
    if "filters" not in group:
        return _passes(row, group)
    results = [matches(row, each) for each in objects_of(group, "filters")]
    return not results or (any(results) if str(group.get("logic", "AND")).upper() == "OR" else all(results))


def address_filters(call: Call) -> Row:
    """Return the filters of an address, all of them to be met."""
    filters = []
    for name, value in call.query.items():
        if not name.startswith(("$", "__")):
            field, _, operator = name.partition("$")
            filters.append({"field": field, "operator": operator or "eq", "value": value})
    return {"logic": "AND", "filters": filters}


def searchable(workflow: Row) -> Row:
    """Return a playbook with its first step and its steps' types in place of their IRIs, as paths go through them."""
    workflow = with_step_types(workflow)
    first = {step["uuid"]: step for step in workflow["steps"]}.get(uuid_of(workflow.get("triggerStep")))
    return {**workflow, "triggerStep": first or workflow.get("triggerStep")}


def held(row: Row, path: list[str]) -> list[Any]:
    """Return every value that a path leads to, without nulls."""
    found: list[Any] = [row]
    for name in path:
        found = [each for one in found for each in _into(one, name)]
    return found


def with_step_types(workflow: Row) -> Row:
    """Return a playbook with its steps' types in place of their IRIs, as a read with relationships shows it (8.0)."""
    return {**workflow, "steps": [{**step, "stepType": _step_type(step)} for step in workflow.get("steps") or []]}


def _step_type(step: Row) -> Row:
    uuid = uuid_of(step.get("stepType"))
    iri = f"/api/3/workflow_step_types/{uuid}"
    return {"@id": iri, "@type": "WorkflowStepType", "uuid": uuid, "name": type_of(step)}


def _passes(row: Row, leaf: Row) -> bool:
    operator = str(leaf.get("operator", "eq"))
    if operator not in OPERATORS:
        raise refusal(400, f"Operator {operator!r} is not supported.")
    path = str(leaf.get("field")).replace("__", ".").split(".")
    return OPERATORS[operator](held(row, path), leaf.get("value"))


def _into(value: Any, name: str) -> list[Any]:
    if isinstance(value, dict):
        inner = value.get(name)
    elif name == "uuid" and isinstance(value, str):
        # A related record that is stored as its IRI; a tag has no other uuid than its text.
        inner = uuid_of(value) if value.startswith("/api/") else value
    else:
        inner = value if name == "@id" else None
    if inner is None:
        return []
    return inner if isinstance(inner, list) else [inner]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _same(value: Any, given: Any) -> bool:
    if isinstance(value, bool) or isinstance(given, bool):
        return str(value).lower() == str(given).lower()
    if isinstance(value, str) and value.startswith("/api/"):
        return uuid_of(value) == uuid_of(given)
    return bool(value == given or str(value) == str(given))


def _equal(held: list[Any], given: Any) -> bool:
    return not held if given is None else any(_same(value, given) for value in held)


def _among(held: list[Any], given: Any) -> bool:
    wanted = given.split("|") if isinstance(given, str) else given if isinstance(given, list) else [given]
    return any(_same(_folded(value), _folded(each)) for value in held for each in wanted)


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _like(held: list[Any], given: Any) -> bool:
    """Match a pattern with ``%`` and ``_``, whatever the case; text without ``%`` matches anywhere."""
    pattern = _text(given)
    pattern = pattern if "%" in pattern else f"%{pattern}%"
    compiled = re.compile(
        "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in pattern), re.IGNORECASE | re.DOTALL
    )
    return any(compiled.fullmatch(_text(value)) for value in held)


def _contains(held: list[Any], given: Any) -> bool:
    if isinstance(given, dict):
        return any(_holds(value, given) for value in held)
    return _equal(held, given) or _like(held, given)


def _holds(value: Any, wanted: Any) -> bool:
    """Tell whether JSON contains JSON, as PostgreSQL's ``@>`` does."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(key in value and _holds(value[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(value, list) and all(any(_holds(one, each) for one in value) for each in wanted)
    return bool(value == wanted)


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[list[Any], Any], bool]:
    def passes(held: list[Any], given: Any) -> bool:
        try:
            return any(compare(float(value), float(given)) for value in held)
        except (TypeError, ValueError) as error:
            raise refusal(400, f"{given!r} cannot be compared.") from error

    return passes


def _is_true(given: Any) -> bool:
    return str(given).lower() not in ("false", "0")


OPERATORS: dict[str, Callable[[list[Any], Any], bool]] = {
    "eq": _equal,
    "neq": lambda held, given: not _equal(held, given),
    "in": _among,
    "nin": lambda held, given: not _among(held, given),
    "like": _like,
    "notlike": lambda held, given: not _like(held, given),
    "contains": _contains,
    "exists": lambda held, given: bool(held) == _is_true(given),
    "isnull": lambda held, given: bool(held) != _is_true(given),
    "lt": _compared(lambda value, given: value < given),
    "lte": _compared(lambda value, given: value <= given),
    "gt": _compared(lambda value, given: value > given),
    "gte": _compared(lambda value, given: value >= given),
}
