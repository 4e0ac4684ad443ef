"""Checks of playbooks that need no run: the graph, the variables, and what connectors take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..definitions import Definition, Row
from .connectors import check_connector_step
from .graph import check_graph
from .shape import check_shape
from .variables import Variables


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Parameters:
        playbook: the playbook's name; empty if it is the file as a whole.
        step: the step's name; empty if it is the playbook as a whole.
        message: what is wrong, in a sentence.
    """

    playbook: str
    step: str
    message: str

    def __str__(self) -> str:
        place = " / ".join(name for name in (self.playbook, self.step) if name)
        return f"{place}: {self.message}" if place else self.message


def lint(exported: Row, manifests: list[Row]) -> list[Finding]:
    """Check an export of collections (``playbooks.json``).

    Parameters:
        manifests: the ``info.json`` of the connectors whose steps are checked against them.
    Returns: what is wrong, in the order of the file.
    """
    if exported.get("type") != "workflow_collections":
        return [Finding("", "", 'type is not "workflow_collections"')]
    collections = exported.get("data")
    if not isinstance(collections, list) or not all(isinstance(collection, dict) for collection in collections):
        return [Finding("", "", "data must be a list of collections")]
    return [finding for collection in collections for finding in _findings(collection, manifests)]


def _findings(collection: Row, manifests: list[Row]) -> Iterator[Finding]:
    if not collection.get("uuid"):
        yield Finding("", "", f"the collection {collection.get('name')!r} has no uuid")
    workflows = collection.get("workflows") or []
    if not isinstance(workflows, list):
        yield Finding("", "", "workflows must be a list")
        return
    definitions = []
    for workflow in workflows:
        if problems := list(check_shape(workflow)):
            name = str(workflow.get("name")) if isinstance(workflow, dict) else ""
            yield from (Finding(name, "", problem) for problem in problems)
        else:
            definitions.append(Definition(workflow))
    for definition in definitions:
        yield from _checked(definition, collection, definitions, manifests)


def _checked(
    definition: Definition, collection: Row, definitions: list[Definition], manifests: list[Row]
) -> Iterator[Finding]:
    known = {other.uuid for other in definitions}
    for step, message in check_graph(definition, collection.get("uuid"), known):
        yield Finding(definition.name, step, message)
    variables = Variables(definition, _callers(definition, definitions))
    for step, message in variables.check():
        yield Finding(definition.name, step, message)
    by_name: dict[Any, Row] = {manifest["name"]: manifest for manifest in manifests}
    for row in definition.steps.values():
        for message in check_connector_step(row, by_name):
            yield Finding(definition.name, str(row.get("name")), message)


def _callers(definition: Definition, definitions: list[Definition]) -> list[Row]:
    """Return the arguments of the steps that call a playbook."""
    return [
        step["arguments"]
        for other in definitions
        for step in other.steps.values()
        if isinstance(step.get("arguments"), dict)
        and step["arguments"].get("workflowReference") == f"/api/3/workflows/{definition.uuid}"
    ]
