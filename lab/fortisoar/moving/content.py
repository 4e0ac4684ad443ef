"""What an export holds, and the checks that it can be imported."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..archive import read_archive
from ..playbooks.checks.shape import check_shape
from ..unpacking import BadArchive

Row = dict[str, Any]

UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MODULE = re.compile("[a-z][a-z0-9_]*")


@dataclass
class Content:
    """The parts of an export.

    Parameters:
        picklists: lists with their items under ``picklists``.
        modules: descriptions of modules.
        records: by module.
        collections: with their playbooks under ``workflows``.
        macros: global variables.
        connectors: with their configurations.
        installers: the archives of connectors, by the name that a connector gives as ``installer_path``.
        ignored: what else there is, which the lab has no use for.
    """

    picklists: list[Row] = field(default_factory=list)
    modules: list[Row] = field(default_factory=list)
    records: dict[str, list[Row]] = field(default_factory=dict)
    collections: list[Row] = field(default_factory=list)
    macros: list[Row] = field(default_factory=list)
    connectors: list[Row] = field(default_factory=list)
    installers: dict[str, bytes] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)


def check(content: Content) -> None:
    """Check everything that an import would take for granted.

    Raises: BadArchive with what is wrong where.
    """
    _check_each("picklists", content.picklists, _check_picklist)
    _check_each("modules", content.modules, _check_module)
    for module, rows in content.records.items():
        _check(MODULE.fullmatch(module) is not None, f"records: {module!r} is no name of a module")
        _check_each(f"records of {module}", rows, _check_uuid)
    _check_each("collections of playbooks", content.collections, _check_collection)
    _check_each("global variables", content.macros, _check_macro)
    _check_each("connectors", content.connectors, _check_connector)
    for row in content.connectors:
        if path := row.get("installer_path"):
            _check_installer(row, content.installers.get(path))
    _check_once("playbook", (workflow["uuid"] for row in content.collections for workflow in row["workflows"]))
    for module, rows in content.records.items():
        _check_once(f"record of {module}", (row["uuid"] for row in rows))
    _check_once("picklist", (row["uuid"] for row in content.picklists))
    _check_once("collection", (row["uuid"] for row in content.collections))


def _check_picklist(row: Row) -> None:
    _check_texts(row, "name")
    _check_uuid(row)
    for item in _objects(row, "picklists"):
        _check_texts(item, "itemValue")
        _check_uuid(item)
        _check(isinstance(item.get("orderIndex"), int | None), "orderIndex must be a number")


def _check_module(row: Row) -> None:
    _check_texts(row, "type")
    for attribute in _objects(row, "attributes"):
        _check_texts(attribute, "name")


def _check_collection(row: Row) -> None:
    _check_texts(row, "name")
    _check_uuid(row)
    for workflow in _objects(row, "workflows"):
        for problem in check_shape(workflow):
            raise BadArchive(f"{workflow.get('name')!r}: {problem}.")
        _check_texts(workflow, "name")
        _check_uuid(workflow)
        _check(isinstance(workflow.get("recordTags") or [], list), "recordTags must be a list")
        for step in workflow.get("steps") or []:
            _check_texts(step, "name")
            _check_uuid(step)
            _check(isinstance(step.get("arguments") or {}, dict), f"arguments of {step['name']!r} must be an object")
        for route in workflow.get("routes") or []:
            _check_uuid(route)


def _check_macro(row: Row) -> None:
    _check_texts(row, "name")
    for key in ("value", "default_value"):
        _check(isinstance(row.get(key), str | int | float | None), f"{key} must be a text")


def _check_connector(row: Row) -> None:
    _check_texts(row, "name", "version")
    _check(isinstance(row.get("installer_path"), str | None), "installer_path must be a text")
    for configuration in _objects(row, "configurations"):
        _check_texts(configuration, "name")
        _check_uuid(configuration, "config_id")
        _check(isinstance(configuration.get("config"), dict), "config must be an object")
        _check(isinstance(configuration.get("default", False), bool), "default must be true or false")
        _check(isinstance(configuration.get("teams") or [], list), "teams must be a list")


def _check_installer(row: Row, content: bytes | None) -> None:
    """Check that a connector's archive is there and is what it is said to be; one of an RPM is not in the file."""
    if row.get("install_mode") != "tgz":
        return
    _check(content is not None, f"connectors: {row['installer_path']!r} of {row['name']!r} is not in the file")
    try:
        archive = read_archive(content or b"")
    except BadArchive as bad:
        raise BadArchive(f"connectors: {row['installer_path']!r} cannot be installed: {bad}") from bad
    held, said = (archive.name, archive.version), (row["name"], row["version"])
    _check(held == said, f"connectors: {row['installer_path']!r} holds {' '.join(held)}, not {' '.join(said)}")


def _check_each(what: str, rows: Any, check_row: Any) -> None:
    _check(isinstance(rows, list) and all(isinstance(row, dict) for row in rows), f"{what}: must be a list of objects")
    for row in rows:
        try:
            check_row(row)
        except BadArchive as bad:
            raise BadArchive(f"{what}: {_name(row)}{bad}") from bad


def _name(row: Row) -> str:
    name = row.get("name")
    return f"{name[:80]!r}: " if isinstance(name, str) else ""


def _check_texts(row: Row, *keys: str) -> None:
    for key in keys:
        _check(isinstance(row.get(key), str) and row[key].strip() != "", f"{key} must be a text that is not empty")


def _check_uuid(row: Row, key: str = "uuid") -> None:
    value = row.get(key)
    _check(isinstance(value, str) and UUID.fullmatch(value) is not None, f"{key} must be a UUID")


def _check_once(what: str, uuids: Iterable[str]) -> None:
    seen = set()
    for uuid in uuids:
        _check(uuid.lower() not in seen, f"The {what} {uuid} is in the file twice")
        seen.add(uuid.lower())


def _objects(row: Row, key: str) -> list[Row]:
    found = row.get(key)
    _check(
        isinstance(found, list) and all(isinstance(each, dict) for each in found), f"{key} must be a list of objects"
    )
    return found or []


def _check(kept: bool, rule: str) -> None:
    if not kept:
        raise BadArchive(f"{rule}.")
