"""Checks of playbooks that need no run: the graph, the variables, and what connectors take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .connector_checks import check_connector_step
from .definitions import Definition, Row
from .graph_checks import check_graph
from .variable_checks import Variables


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Parameters:
        playbook: the playbook's name.
        step: the step's name; empty if it is the playbook as a whole.
        message: what is wrong, in a sentence.
    """

    playbook: str
    step: str
    message: str

    def __str__(self) -> str:
        place = f"{self.playbook} / {self.step}" if self.step else self.playbook
        return f"{place}: {self.message}"


def lint(exported: Row, manifests: list[Row]) -> list[Finding]:
    """Check an export of collections (``playbooks.json``).

    Parameters:
        manifests: the ``info.json`` of the connectors whose steps are checked against them.
    Returns: what is wrong, in the order of the file.
    """
    if exported.get("type") != "workflow_collections":
        return [Finding("", "", 'type is not "workflow_collections"')]
    found: list[Finding] = []
    for collection in exported.get("data") or []:
        definitions = [Definition(workflow) for workflow in collection.get("workflows") or []]
        for definition in definitions:
            found += _checked(definition, collection, definitions, manifests)
    return found


def _checked(
    definition: Definition, collection: Row, definitions: list[Definition], manifests: list[Row]
) -> Iterator[Finding]:
    known = {other.uuid for other in definitions}
    for step, message in check_graph(definition, str(collection.get("uuid")), known):
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
