"""What a playbook needs of whoever runs it, read from its definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .definitions import Definition, Row, arguments_of, type_of

# Starts by themselves, and when.
ON_RECORDS = {
    "cybersponse.post_create": "created",
    "cybersponse.post_update": "updated",
    "cybersponse.post_delete": "deleted",
}
BUTTON = "cybersponse.action"


@dataclass(frozen=True)
class Needs:
    """What a playbook needs.

    Parameters:
        modules: of which it takes a record; empty if it takes none.
        starts: when it starts by itself, if it does.
        params: the parameters that it cannot do without, and others that it takes.
    """

    modules: list[str]
    starts: str
    params: list[str]
    optional: list[str]

    def sentences(self) -> Iterator[str]:
        """Tell it in words."""
        wanted = [f"a record of {' or '.join(self.modules)}"] if self.modules else []
        wanted += [f"params {', '.join(self.params)}"] if self.params else []
        yield f"needs {'; '.join(wanted) or 'nothing'}"
        if self.optional:
            yield f"takes params {', '.join(self.optional)}"
        if self.starts:
            yield f"starts by itself when one is {self.starts}"


def needs_of(definition: Definition, operations: Mapping[str, Row]) -> Needs:
    """Return what a playbook needs.

    Parameters:
        operations: the connector's, by name: they tell which parameters of a sample may be left out.
    """
    start = definition.start or {}
    kind, arguments = type_of(start), arguments_of(start)
    takes_record = kind in ON_RECORDS or (kind == BUTTON and not arguments.get("noRecordExecution"))
    params = _params_of(definition, arguments, operations)
    return Needs(
        modules=[str(module) for module in arguments.get("resources") or []] if takes_record else [],
        starts=ON_RECORDS.get(kind, ""),
        params=[name for name, is_needed in params.items() if is_needed],
        optional=[name for name, is_needed in params.items() if not is_needed],
    )


def _params_of(definition: Definition, arguments: Row, operations: Mapping[str, Row]) -> dict[str, bool]:
    """Return the parameters of a playbook, and of each whether it is needed."""
    params = {str(name): True for name in definition.document.get("parameters") or []}
    params |= dict.fromkeys(_left_out(definition, operations) & params.keys(), False)
    return params | {
        str(asked.get("name")): bool(asked.get("required")) for asked in arguments.get("inputVariables") or []
    }


def told(collections: Mapping[str, list[Row]], operations: Mapping[str, Row]) -> Iterator[str]:
    """Tell of every playbook its name, whether it is active, and what it needs, line by line.

    Parameters:
        collections: the playbooks by the names of their collections.
    """
    for collection, rows in collections.items():
        yield collection
        for row in rows:
            yield f"  {row.get('name')} ({'active' if row.get('isActive') else 'inactive'})"
            yield from (f"      {sentence}" for sentence in needs_of(Definition(row), operations).sentences())


def _left_out(definition: Definition, operations: Mapping[str, Row]) -> set[str]:
    """Return the parameters of a connector's action that a step hands on and that may be left out."""
    return {
        name
        for step in definition.steps.values()
        for name, is_required, text in _handed_on(arguments_of(step), operations)
        if not is_required and f"vars.input.params.{name}" in text
    }


def _handed_on(arguments: Row, operations: Mapping[str, Row]) -> Iterator[tuple[str, bool, str]]:
    operation, given = operations.get(str(arguments.get("operation"))), arguments.get("params")
    if operation and isinstance(given, dict):
        required = {parameter["name"] for parameter in operation["parameters"] if parameter.get("required")}
        for name, text in given.items():
            yield name, name in required, str(text)
