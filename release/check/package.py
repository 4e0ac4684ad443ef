"""A connector to be judged: the files of a folder or an archive, and what is read from them once."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from lab.fortisoar.unpacking import BadArchive, read_members

Row = dict[str, Any]
Node = TypeVar("Node", bound=ast.AST)

MOST_BYTES = 200 * 1024 * 1024
MOST_FILES = 20_000
LEFT_OUT = {".git", ".venv", "node_modules"}  # of a folder: nobody packs these by hand


class Unreadable(Exception):
    """There is no connector to judge; the text says what is there instead."""


class Package:
    """The files of one connector.

    Parameters:
        folder: the name of its folder.
        files: what each file holds, by its path within that folder.
        odd: members of the archive that lie beside that folder.
    """

    def __init__(self, folder: str, files: dict[str, bytes], odd: list[str] | None = None) -> None:
        self.folder = folder
        self.files = files
        self.odd = odd or []

    def text(self, path: str) -> str:
        """Return a file as text, with a mark for each byte that UTF-8 does not have; empty if there is no such file."""
        return self.files.get(path, b"").decode("utf-8", "replace")

    @cached_property
    def info(self) -> Row:
        """What info.json says; empty where it is no JSON object."""
        return _json_object(self.text("info.json"))

    @property
    def version(self) -> str:
        """The version, of three numbers at least.

        Raises: Unreadable.
        """
        version = said(self.info, "version")
        if not re.match(r"\d+\.\d+\.\d+(\D|$)", version):
            raise Unreadable(f"{self.folder} has no version of three numbers: {version!r}.")
        return ".".join(re.findall(r"\d+", version)[:3])

    @cached_property
    def playbooks(self) -> Row:
        """What playbooks/playbooks.json says; empty where it is no JSON object."""
        return _json_object(self.text("playbooks/playbooks.json"))

    @property
    def operations(self) -> list[Row]:
        """The actions that info.json declares."""
        return rows(self.info.get("operations"))

    @property
    def configuration(self) -> list[Row]:
        """The fields of the configuration, without those that depend on a choice."""
        configuration = self.info.get("configuration")
        return rows(configuration.get("fields")) if isinstance(configuration, dict) else []

    @cached_property
    def collections(self) -> list[Row]:
        """The collections of playbooks."""
        return rows(self.playbooks.get("data"))

    @cached_property
    def workflows(self) -> list[Row]:
        """The playbooks of all collections."""
        return [workflow for collection in self.collections for workflow in rows(collection.get("workflows"))]

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        """The syntax tree of each Python file that has one."""
        trees = {path: _tree(data) for path, data in sorted(self.files.items()) if path.endswith(".py")}
        return {path: tree for path, tree in trees.items() if tree}

    def forms(self) -> Iterator[tuple[str, list[Row]]]:
        """Return the configuration's form and each action's, with a name to point at it by."""
        yield "configuration", self.configuration
        for operation in self.operations:
            yield f"action {operation.get('operation')}", rows(operation.get("parameters"))

    def fields(self) -> Iterator[tuple[str, Row]]:
        """Return each field of each form, those that depend on a choice too, with a name to point at it by."""
        for form, fields in self.forms():
            yield from below(form, fields)

    def steps(self) -> Iterator[tuple[str, Row, Row]]:
        """Return each step of each playbook: where it is, the step, and its arguments."""
        for workflow in self.workflows:
            for step in rows(workflow.get("steps")):
                arguments = step.get("arguments")
                where = f"playbook {workflow.get('name')}, step {step.get('name')}"
                yield where, step, arguments if isinstance(arguments, dict) else {}

    def own_steps(self) -> Iterator[tuple[str, Row]]:
        """Return where the playbooks run an action of this connector, and with which arguments."""
        for where, _, arguments in self.steps():
            if arguments.get("connector") == self.info.get("name"):
                yield where, arguments

    def nodes(self, kind: type[Node]) -> Iterator[tuple[str, Node]]:
        """Return the nodes of one kind in the code, with file and line."""
        for path, tree in self.trees.items():
            for node in _by_kind(tree).get(kind, ()):
                yield f"{path}:{getattr(node, 'lineno', 1)}", node

    @cached_property
    def words(self) -> set[str]:
        """Every name and every text of the code, and the words of longer texts."""
        return set().union(*map(_words, self.trees.values()))

    def names(self, name: str) -> bool:
        """Return whether the code names something, if only as the beginning of a text made of parts."""
        return name in self.words or any(map(name.startswith, self._beginnings))

    @cached_property
    def _beginnings(self) -> set[str]:
        return set().union(*map(_beginnings, self.trees.values()))


def said(row: Row, key: str) -> str:
    """Return what a row says under a key; empty where that is no text."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def below(form: str, fields: list[Row]) -> Iterator[tuple[str, Row]]:
    """Return fields and what depends on them, at every depth."""
    for field in fields:
        where = f"{form}, field {field.get('name')}"
        yield where, field
        for _, children in choices(field):
            yield from below(where, children)


def options_of(field: Row) -> list[Any]:
    """Return the values that a field offers, which may be written with titles."""
    options = field.get("options")
    each = options if isinstance(options, list) else []
    return [option.get("value", option.get("title")) if isinstance(option, dict) else option for option in each]


def choices(field: Row) -> Iterator[tuple[str, list[Row]]]:
    """Return each option of a field, with the fields that it shows."""
    shown = field.get("onchange")
    if isinstance(shown, dict):
        for option, children in shown.items():
            yield option, rows(children)


def read(path: Path) -> Package:
    """Read a connector from a folder or an archive.

    Raises: Unreadable.
    """
    if path.is_dir():
        return _of_folder(path)
    if path.is_file():
        return _of_archive(path)
    raise Unreadable(f"{path} does not exist.")


def _of_folder(root: Path) -> Package:
    found: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not LEFT_OUT & set(inside.parts):
            found[inside.as_posix()] = path.read_bytes()
            _limited(found, root)
    if "info.json" not in found:
        raise Unreadable(f"{root} holds no info.json. Name the folder of the connector itself, or its archive.")
    return Package(root.resolve().name, found)


def _of_archive(path: Path) -> Package:
    try:
        members = read_members(path.read_bytes())
    except BadArchive as error:
        raise Unreadable(f"{path.name} cannot be judged: {error}") from error
    found = {member.name: member.content for member in members if member.content is not None}
    folders = sorted({name.partition("/")[0] for name in found if name.endswith("/info.json") and name.count("/") == 1})
    if not folders:
        raise Unreadable(f"{path.name} holds no folder with an info.json at its top.")
    top = folders[0]
    odd = [name for name in found if not name.startswith(f"{top}/")]
    files = {name.partition("/")[2]: data for name, data in found.items() if name.startswith(f"{top}/")}
    return Package(top, files, odd)


def _limited(found: dict[str, bytes], path: Path) -> None:
    if len(found) > MOST_FILES or sum(map(len, found.values())) > MOST_BYTES:
        raise Unreadable(f"{path.name} holds more than {MOST_FILES} files or {MOST_BYTES} bytes.")


@lru_cache(maxsize=1000)  # each file is looked at by many rules
def _tree(data: bytes) -> ast.Module | None:
    try:
        return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError):
        return None


@lru_cache(maxsize=1000)
def _nodes(tree: ast.Module) -> list[ast.AST]:
    return list(ast.walk(tree))


@lru_cache(maxsize=1000)
def _by_kind(tree: ast.Module) -> dict[type, list[Any]]:
    found: dict[type, list[Any]] = {}
    for node in _nodes(tree):
        found.setdefault(type(node), []).append(node)
    return found


@lru_cache(maxsize=1000)
def _beginnings(tree: ast.Module) -> set[str]:
    texts = (node.values for node in _nodes(tree) if isinstance(node, ast.JoinedStr))
    pairs = ((first, then) for values in texts for first, then in pairwise(values))
    found = (
        first.value for first, then in pairs if isinstance(first, ast.Constant) and isinstance(then, ast.FormattedValue)
    )
    return {each for each in found if isinstance(each, str) and re.fullmatch(r"[a-z]\w{3,}", each)}


@lru_cache(maxsize=1000)
def _words(tree: ast.Module) -> set[str]:
    words: set[str] = set()
    for node in _nodes(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.update(re.findall(r"[A-Za-z_][\w.-]*", node.value))
            words.add(node.value)
        for name in ("id", "attr", "arg", "name"):
            if isinstance(found := getattr(node, name, None), str):
                words.add(found)
    return words


def _json_object(text: str) -> Row:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def rows(value: Any) -> list[Row]:
    """Return the objects of a list; none where it is no list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
