"""What the importer accepts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..kit.shallow_json import TooDeep, read_json
from .fields import every_field
from .unpacking import BadArchive, Member, read_members, unpack

LARGEST_MANIFEST = 2 * 2**20
LONGEST_FOLDER_NAME = 200  # leaves room within the 255 bytes of a file system
SHOWN = 5  # names in a refusal
RESERVED_FIELDS = {"name", "default"}


@dataclass(frozen=True)
class Archive:
    """A connector's archive that keeps the importer's rules."""

    members: list[Member]
    info: dict[str, Any]

    @property
    def name(self) -> str:
        """Return the connector's name, which is also the archive's top folder."""
        return str(self.info["name"])

    @property
    def version(self) -> str:
        """Return the connector's version."""
        return str(self.info["version"])

    def has(self, path: str) -> bool:
        """Tell whether a file is in the archive, by its path below the top folder."""
        return any(member.name == f"{self.name}/{path}" and member.content is not None for member in self.members)

    def unpack(self, folder: Path) -> Path:
        """Unpack into an empty folder and return the connector's own folder in it."""
        unpack(self.members, folder)
        return folder / self.name


def read_archive(content: bytes) -> Archive:
    """Check an uploaded archive by the rules that were probed on 8.0.0.

    Raises: BadArchive.
    """
    members = read_members(content)
    files = {member.name: member.content for member in members if member.content is not None}
    manifest = _the_one(files, "info.json")
    _the_one(files, "connector.py")
    info = _parsed(files[manifest])
    _check_manifest(info)
    _check_folders(members, info["name"], manifest)
    _check_playbooks(files.get(f"{info['name']}/playbooks/playbooks.json"))
    return Archive(members, info)


def _the_one(files: Iterable[str], name: str) -> str:
    found = [path for path in files if path.endswith(f"/{name}")]
    if len(found) != 1:
        raise BadArchive(f"There must be exactly one {name} in the archive; found {found[:SHOWN] or 'none'}.")
    return found[0]


def _parsed(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST_MANIFEST:
        raise BadArchive(f"info.json is larger than {LARGEST_MANIFEST} bytes.")
    try:
        info = read_json(content)
    except ValueError as error:
        raise BadArchive(f"info.json is not valid JSON: {error}") from error
    if not isinstance(info, dict):
        raise BadArchive("info.json must be an object.")
    return info


def _check_folders(members: list[Member], name: str, manifest: str) -> None:
    tops = sorted({member.name.split("/")[0] for member in members})
    if tops != [name] or manifest != f"{name}/info.json":
        raise BadArchive(
            f"The only top folder must be {name!r}, the connector's name, with info.json in it; found {tops[:SHOWN]}."
        )


def _check_playbooks(content: bytes | None) -> None:
    """Refuse playbooks that the lab could not store; others that cannot be read are left out when they are imported."""
    try:
        read_json(content or b"{}")
    except TooDeep as error:
        raise BadArchive(f"playbooks/playbooks.json cannot be stored: {error}.") from error
    except ValueError:
        pass


def _check_manifest(info: dict[str, Any]) -> None:
    _check(
        _matches(r"[A-Za-z_][\w-]*", info.get("name")), "name must begin with a letter or _, then letters, digits, _, -"
    )
    _check(_matches(r"\d+\.\d+\.\d+(_dev)?", info.get("version")), "version must be a text such as 1.0.0")
    folder_name = f"{info['name']}_{info['version']}"
    _check(len(folder_name) <= LONGEST_FOLDER_NAME, f"name and version have more than {LONGEST_FOLDER_NAME} characters")
    _check(bool(info.get("label")) and isinstance(info["label"], str), "label must not be empty")
    _check(isinstance(info.get("operations"), list), "operations must be a list")
    _check(isinstance(info.get("configuration", {}), dict), "configuration must not be null")
    _check_operations(info["operations"])
    fields = info.get("configuration", {}).get("fields") or []
    _check_fields(fields, "configuration.fields")
    taken = sorted({field["name"] for field in every_field(fields)} & RESERVED_FIELDS)
    _check(not taken, f"no configuration field may be called {' or '.join(taken)}")


def _check_operations(operations: list[Any]) -> None:
    _check(all(isinstance(operation, dict) for operation in operations), "each operation must be an object")
    for key in ("operation", "title"):
        values = [operation.get(key) for operation in operations]
        _check(all(_is_text(value) for value in values), f"each operation needs its {key}")
        twice = [value for value, count in Counter(values).items() if count > 1]
        _check(not twice, f"two operations have the same {key}: {twice}")
    categories: dict[Any, Any] = {}
    for operation in operations:
        _check_fields(operation.get("parameters") or [], f"parameters of {operation['operation']}")
        if annotation := operation.get("annotation"):
            _check(isinstance(annotation, str), f"annotation of {operation['operation']} must be a text")
            category = categories.setdefault(annotation, operation.get("category"))
            _check(category == operation.get("category"), f"annotation {annotation!r} stands in two categories")


def _check_fields(fields: Any, where: str) -> None:
    """Check what the lab needs of fields: names, and children by the value that shows them."""
    usable = isinstance(fields, list) and all(
        isinstance(field, dict) and _is_text(field.get("name")) for field in fields
    )
    _check(usable, f"{where} must be a list of objects with a name")
    for field in fields:
        children = field.get("onchange") or {}
        inside = f"{where}: onchange of {field['name']}"
        _check(isinstance(children, dict), f"{inside} must be an object")
        for shown in children.values():
            _check_fields(shown, inside)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _matches(pattern: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def _check(kept: bool, rule: str) -> None:
    if not kept:
        raise BadArchive(f"info.json: {rule}.")
