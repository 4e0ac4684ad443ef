"""The options of an import: what is offered, what a client may make of it, and what it chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..refusals import refusal
from .content import Content, Row

RECORDS_WHEN_EXIST = ("replace", "append")
PICKLISTS_WHEN_EXIST = ("keep", "overwrite")
MERGE_TYPES = ("merge_append", "merge_replace", "replace", "rename")
WORDS = {"recordSets": ("whenExists", RECORDS_WHEN_EXIST), "picklistNames": ("whenExists", PICKLISTS_WHEN_EXIST)}


@dataclass(frozen=True)
class Existing:
    """What is there already: uuids of picklists and collections; names of modules, variables and connectors."""

    picklists: set[str]
    modules: dict[str, Row]
    collections: set[str]
    macros: set[str]
    connectors: set[tuple[str, str]]


def offered(content: Content, existing: Existing) -> Row:
    """Return the options that an import begins with; parts that are not there are left out."""
    sections: dict[str, list[Row]] = {
        "picklistNames": [
            _entry(row["name"], row["uuid"] in existing.picklists, uuid=row["uuid"], whenExists="keep")
            for row in content.picklists
        ],
        "modules": [_module(row, existing.modules.get(row["type"])) for row in content.modules],
        "connectors": [
            _entry(
                row["name"],
                is_there := (row["name"], row["version"]) in existing.connectors,
                version=row["version"],
                includeInstall=not is_there and row.get("installer_path") in content.installers,
                includeConfigurations=bool(row["configurations"]),
            )
            for row in content.connectors
        ],
        "recordSets": [
            _entry(module, False, type=module, whenExists="replace", moduleNotExists=module not in existing.modules)
            for module in content.records
        ],
    }
    nested: dict[str, list[Row]] = {
        "collections": [
            _entry(
                row["name"],
                row["uuid"] in existing.collections,
                uuid=row["uuid"],
                mergeType="merge_append",
                includeSchedules=False,
            )
            for row in content.collections
        ],
        "globalVariables": [_entry(row["name"], row["name"] in existing.macros) for row in content.macros],
    }
    options: Row = {name: _section(values) for name, values in sections.items() if values}
    if any(nested.values()):
        values = {name: _section(values) for name, values in nested.items() if values}
        options["playbooks"] = {"include": True, "values": values}
    return options


def check_options(options: Any) -> Row:
    """Return options that a client sent; raise Refusal 400 for what could not be read later."""
    for name, section in _object("options", options).items():
        values = _object(name, section).get("values", [])
        for part, rows in values.items() if isinstance(values, dict) else ((name, values),):
            rows = _object(part, rows).get("values", []) if isinstance(values, dict) else rows
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise refusal(400, f"options: values of {part} must be a list of objects.")
            for row in rows:
                _check_words(part, row)
    checked: Row = options
    return checked


def chosen(options: Row, key: str, section: str, part: str = "") -> dict[str, Row]:
    """Return the included entries of a section, or of a part of it, by one of their keys."""
    held = options.get(section) or {}
    if part:
        held = (held.get("values") or {}).get(part) or {} if _is_included(held) else {}
    if not _is_included(held):
        return {}
    rows = held.get("values")
    return {str(row.get(key)): row for row in rows or [] if _is_included(row)} if isinstance(rows, list) else {}


def _is_included(row: Row) -> bool:
    return bool(row.get("include", True))


def _section(values: list[Row]) -> Row:
    return {"include": True, "values": values}


def _entry(name: str, exists: bool, **more: Any) -> Row:
    return {"name": name, "include": True, "exists": exists, **more}


def _module(row: Row, here: Row | None) -> Row:
    attributes = {each["name"]: each for each in (here or {}).get("attributes") or []}
    return _entry(
        row["type"],
        here is not None,
        type=row["type"],
        _schema=True,
        changes=[],
        attributes=[
            {
                "name": each["name"],
                "title": each["name"],
                "include": True,
                "_include": "yes",
                "exists": each["name"] in attributes,
                "inUniqueConstraint": False,
                "changes": {},
            }
            for each in row["attributes"]
        ],
    )


def _object(name: str, value: Any) -> Row:
    if not isinstance(value, dict):
        raise refusal(400, f"options: {name} must be an object.")
    return value


def _check_words(part: str, row: Row) -> None:
    key, words = WORDS.get(part, ("mergeType", MERGE_TYPES))
    if key in row and row[key] not in words:
        raise refusal(400, f"options: {key} of {part} must be one of {', '.join(words)}.")
