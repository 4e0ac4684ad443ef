"""What the importer accepts, and how an archive is unpacked."""

from __future__ import annotations

import io
import json
import re
import tarfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .fields import every_field

LARGEST = 50 * 2**20  # bytes unpacked; the appliance's own limit is not known
MOST_FILES = 5000
RESERVED_FIELDS = {"name", "default"}


class BadArchive(Exception):
    """The importer would refuse this archive; the text says why."""


@dataclass(frozen=True)
class Archive:
    """A connector's archive that keeps the importer's rules."""

    content: bytes
    info: dict[str, Any]
    files: frozenset[str]

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
        return f"{self.name}/{path}" in self.files

    def unpack(self, folder: Path) -> Path:
        """Unpack into an empty folder and return the connector's own folder in it."""
        with tarfile.open(fileobj=io.BytesIO(self.content), mode="r:gz") as tar:
            tar.extractall(folder, filter="data")
        return folder / self.name


def read_archive(content: bytes) -> Archive:
    """Check an uploaded archive by the rules that were probed on 8.0.0.

    Raises: BadArchive.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
            members = _members(tar)
            files = [member.name for member in members if member.isfile()]
            manifest = _the_one(files, "info.json")
            _the_one(files, "connector.py")
            info = _parsed(_read(tar, manifest))
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise BadArchive(f"The file is not a complete gzip-compressed tar archive: {error}") from error
    _check_manifest(info)
    _check_folders(members, info["name"], manifest)
    return Archive(content, info, frozenset(files))


def _members(tar: tarfile.TarFile) -> list[tarfile.TarInfo]:
    """Read the table of contents, stopping before anything that is too large is read."""
    members: list[tarfile.TarInfo] = []
    size = 0
    for member in tar:
        members.append(member)
        size += member.size
        if size > LARGEST or len(members) > MOST_FILES:
            raise BadArchive(f"The archive unpacks to more than {LARGEST} bytes or {MOST_FILES} files.")
        if not (member.isfile() or member.isdir()):
            raise BadArchive(f"{member.name!r} is neither a file nor a folder.")
        if member.name.startswith("/") or {"..", ".", ""} & set(member.name.split("/")):
            raise BadArchive(f"{member.name!r} does not start with the connector's folder, or leaves it.")
    return members


def _the_one(files: list[str], name: str) -> str:
    found = [path for path in files if path.endswith(f"/{name}")]
    if len(found) != 1:
        raise BadArchive(f"There must be exactly one {name} in the archive; found {found or 'none'}.")
    return found[0]


def _read(tar: tarfile.TarFile, path: str) -> bytes:
    file = tar.extractfile(path)
    return file.read() if file else b""


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        info = json.loads(text.decode("utf-8"))
    except ValueError as error:
        raise BadArchive(f"info.json is not valid JSON: {error}") from error
    if not isinstance(info, dict):
        raise BadArchive("info.json must be an object.")
    return info


def _check_folders(members: list[tarfile.TarInfo], name: str, manifest: str) -> None:
    tops = sorted({member.name.split("/")[0] for member in members})
    if tops != [name] or manifest != f"{name}/info.json":
        raise BadArchive(
            f"The only top folder must be {name!r}, the connector's name, with info.json in it; found {tops}."
        )


def _check_manifest(info: dict[str, Any]) -> None:
    _check(
        _matches(r"[A-Za-z_][\w-]*", info.get("name")), "name must begin with a letter or _, then letters, digits, _, -"
    )
    _check(_matches(r"\d+\.\d+\.\d+(_dev)?", info.get("version")), "version must be a text such as 1.0.0")
    _check(bool(info.get("label")) and isinstance(info["label"], str), "label must not be empty")
    _check(isinstance(info.get("operations"), list), "operations must be a list")
    _check(isinstance(info.get("configuration", {}), dict), "configuration must not be null")
    _check_operations(info["operations"])
    _check_fields(info.get("configuration", {}).get("fields") or [])


def _check_operations(operations: list[Any]) -> None:
    _check(all(isinstance(operation, dict) for operation in operations), "each operation must be an object")
    for key in ("operation", "title"):
        values = [operation.get(key) for operation in operations]
        _check(all(isinstance(value, str) and value for value in values), f"each operation needs its {key}")
        twice = [value for value, count in Counter(values).items() if count > 1]
        _check(not twice, f"two operations have the same {key}: {twice}")
    categories: dict[Any, Any] = {}
    for operation in operations:
        if annotation := operation.get("annotation"):
            category = categories.setdefault(annotation, operation.get("category"))
            _check(category == operation.get("category"), f"annotation {annotation!r} stands in two categories")


def _check_fields(fields: Any) -> None:
    usable = isinstance(fields, list) and all(isinstance(field, dict) and field.get("name") for field in fields)
    _check(usable, "configuration.fields must be a list of objects with a name")
    taken = sorted({str(field.get("name")) for field in every_field(fields)} & RESERVED_FIELDS)
    _check(not taken, f"no configuration field may be called {' or '.join(taken)}")


def _matches(pattern: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def _check(kept: bool, rule: str) -> None:
    if not kept:
        raise BadArchive(f"info.json: {rule}.")
