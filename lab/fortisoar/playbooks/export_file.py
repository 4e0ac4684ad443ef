"""A file with an export of playbooks: what is in it, and whether it can be run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...errors import LabError
from ...given import json_object_file
from ...names import all_of, unknown
from .checks.shape import check_shape
from .definitions import Definition, Row

EXPORT = "workflow_collections"


def read_export_file(path: Path) -> Row:
    """Return an export of collections of playbooks.

    Raises: LabError if the file holds none, or playbooks that are not whole.
    """
    exported = json_object_file(path, "an export of playbooks from FortiSOAR")
    if exported.get("type") != EXPORT:
        raise LabError(
            f'{path} is no export of playbook collections: its "type" must be "{EXPORT}". '
            "In FortiSOAR, export the collection that the playbook is in."
        )
    collections = exported.get("data")
    if not isinstance(collections, list) or not all(map(_is_collection, collections)):
        raise LabError(f"{path} cannot be run: data must be a list of collections with lists of workflows.")
    for workflow in workflows_of(exported):
        for problem in check_shape(workflow):
            name = workflow.get("name") if isinstance(workflow, dict) else None
            raise LabError(f"{path} cannot be run: {name or 'a playbook'}: {problem}.")
    return exported


def by_collection(exported: Row) -> dict[str, list[Row]]:
    """Return the playbooks of an export by the names of their collections."""
    return {str(collection.get("name")): collection.get("workflows") or [] for collection in exported["data"]}


def workflows_of(exported: Row) -> list[Row]:
    """Return the playbooks of an export, collection after collection."""
    return [workflow for collection in exported["data"] for workflow in collection.get("workflows") or []]


def chosen(path: Path, exported: Row, name: str | None) -> Row:
    """Return the playbook of an export that a name chooses; without one, the only one.

    Raises: LabError if that is not one playbook, or one that cannot start.
    """
    rows, listed = workflows_of(exported), f"python -m lab playbook list --file {path}"
    if not rows:
        raise LabError(f"{path} holds no playbook.")
    if name is None and len(rows) > 1:
        raise LabError(f"{path} holds several playbooks. Name one of: {all_of([_name(row) for row in rows], listed)}")
    row = rows[0] if name is None else named(rows, name, listed)
    if Definition(row).start is None:
        raise LabError(f"{path} cannot be run: {_name(row)}: its triggerStep is none of its steps.")
    return row


def named(rows: Iterable[Row], name: str, shown_by: str) -> Row:
    """Return the playbook of a name or UUID.

    Parameters:
        shown_by: the command that lists the playbooks.
    Raises: LabError if there is none, or more than one.
    """
    rows = list(rows)
    found = [row for row in rows if name in (row["uuid"], _name(row))]
    if not found:
        raise LabError(unknown("playbook", name, [_name(row) for row in rows], shown_by))
    if len(found) > 1:
        uuids = ", ".join(row["uuid"] for row in found)
        raise LabError(f"{len(found)} playbooks are called {name!r}. Give a UUID in place of the name: {uuids}.")
    return found[0]


def _is_collection(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("workflows") or [], list)


def _name(row: Row) -> str:
    return str(row.get("name"))
