"""What a new version of a connector means for those who use the old one, and which number it needs.

A change is *major* where something that works stops working or does something else: a saved configuration, a call with
its parameters, a playbook that reads a key of a result. It is *minor* where something is added, and a *patch* where
only words or code change.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from .check.package import Package, Row, choices, options_of, rows, said

Fields = dict[str, "Field"]


class Level(IntEnum):
    """Which part of the version has to go up."""

    PATCH = 1
    MINOR = 2
    MAJOR = 3


class Change(NamedTuple):
    """One difference.

    Parameters:
        level: which part of the version it needs.
        where: the form, the action or the playbook.
        what: a sentence without its subject, such as "has no parameter server any more".
    """

    level: Level
    where: str
    what: str


class Field(NamedTuple):
    """A field, and the choices that bring it up: all of them empty for one that is always shown."""

    row: Row
    below: frozenset[tuple[str, str]]

    @property
    def must_be_given(self) -> bool:
        """Whether a call without it is refused."""
        return bool(self.row.get("required")) and self.row.get("value") in (None, "", [])


def changes(old: Package, new: Package) -> list[Change]:
    """Return how two versions differ, what breaks first."""
    found = list(_of_connector(old, new))
    return sorted(found, key=lambda change: (-change.level, change.where, change.what))


def needed(version: str, found: list[Change]) -> str:
    """Return the lowest version that a new one with these changes may have."""
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    level = max((change.level for change in found), default=None)
    if level is Level.MAJOR:
        return f"{major + 1}.0.0"
    if level is Level.MINOR:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}" if level else version


def is_enough(version: str, least: str) -> bool:
    """Return whether a version is at least another one."""
    return _numbers(version) >= _numbers(least)


def broken_steps(old: Package, new: Package) -> Iterator[str]:
    """Return the steps of the old playbooks, and so of their clones, that name what is gone."""
    forms = {said(action, "operation"): _fields(action.get("parameters")) for action in new.operations}
    for where, arguments in old.own_steps():
        operation = said(arguments, "operation")
        if operation not in forms:
            yield f"{where}: there is no action {operation} any more"
            continue
        given = arguments.get("params")
        for name in given if isinstance(given, dict) else ():
            if name not in forms[operation]:
                yield f"{where}: {operation} has no parameter {name} any more"


def _of_connector(old: Package, new: Package) -> Iterator[Change]:
    for key, level in (("name", Level.MAJOR), ("label", Level.PATCH), ("description", Level.PATCH)):
        if old.info.get(key) != new.info.get(key):
            yield Change(level, "connector", f"has another {key}: {new.info.get(key)}")
    yield from _of_form("configuration", _fields(old.configuration), _fields(new.configuration))
    before, after = _by_name(old.operations, "operation"), _by_name(new.operations, "operation")
    for name in before.keys() - after.keys():
        yield Change(Level.MAJOR, f"action {name}", f"is gone{_perhaps(before[name], after, before)}")
    for name in after.keys() - before.keys():
        yield Change(Level.MINOR, f"action {name}", "is new")
    for name in before.keys() & after.keys():
        yield from _of_action(f"action {name}", before[name], after[name])
    playbooks, now = ({said(each, "name") for each in package.workflows} for package in (old, new))
    for name in playbooks - now:
        yield Change(Level.MINOR, f"playbook {name}", "is gone")
    for name in now - playbooks:
        yield Change(Level.MINOR, f"playbook {name}", "is new")
    changed = sorted(path for path in old.files.keys() | new.files.keys() if old.files.get(path) != new.files.get(path))
    if code := [path for path in changed if path not in {"info.json", "playbooks/playbooks.json"}]:
        yield Change(Level.PATCH, "package", f"has {len(code)} other files, such as {code[0]}")


def _of_action(where: str, old: Row, new: Row) -> Iterator[Change]:
    if old.get("visible", True) and not new.get("visible", True):
        yield Change(Level.MAJOR, where, "is hidden")
    for key in ("title", "description", "category"):
        if old.get(key) != new.get(key):
            yield Change(Level.PATCH, where, f"has another {key}")
    yield from _of_form(where, _fields(old.get("parameters")), _fields(new.get("parameters")))
    yield from _of_output(where, old.get("output_schema"), new.get("output_schema"), "")


def _of_form(where: str, old: Fields, new: Fields) -> Iterator[Change]:
    for name in old.keys() - new.keys():
        yield Change(
            Level.MAJOR, where, f"has no field {name} any more{_perhaps(old[name].row, _rows(new), _rows(old))}"
        )
    for name in new.keys() - old.keys():
        needs = new[name].must_be_given and not new[name].below
        yield Change(
            Level.MAJOR if needs else Level.MINOR, where, f"has a new{' required' if needs else ''} field {name}"
        )
    for name in old.keys() & new.keys():
        yield from _of_field(f"{where}, field {name}", old[name], new[name])


def _of_field(where: str, before: Field, after: Field) -> Iterator[Change]:
    old, new = before.row, after.row
    if after.must_be_given and not after.below and not before.must_be_given:
        yield Change(Level.MAJOR, where, "must be given now")
    if before.below - after.below and after.below:
        yield Change(Level.MAJOR, where, "is not shown with the same choices any more")
    if old.get("type") != new.get("type"):
        yield Change(Level.MAJOR, where, f"is of type {new.get('type')}, and was of {old.get('type')}")
    if old.get("value", "") != new.get("value", ""):
        yield Change(Level.MAJOR, where, f"has the default {new.get('value')!r}, and had {old.get('value')!r}")
    yield from _of_options(where, [*map(str, options_of(old))], [*map(str, options_of(new))])
    yield from _of_limits(where, old, new)
    if any(old.get(key) != new.get(key) for key in ("title", "description", "tooltip", "placeholder")):
        yield Change(Level.PATCH, where, "has other words")


def _of_options(where: str, old: list[str], new: list[str]) -> Iterator[Change]:
    for option in old:
        if new and option not in new:
            yield Change(Level.MAJOR, where, f"has no option {option} any more")
    for option in new:
        if option not in old:
            yield Change(Level.MINOR if old else Level.MAJOR, where, f"has a new option {option}")


def _of_limits(where: str, old: Row, new: Row) -> Iterator[Change]:
    was, now = ((row["validation"] if isinstance(row.get("validation"), dict) else {}) for row in (old, new))
    narrower = (
        _number(now.get("minlength"), float("-inf")) > _number(was.get("minlength"), float("-inf"))
        or _number(now.get("maxlength"), float("inf")) < _number(was.get("maxlength"), float("inf"))
        or (now.get("pattern") or "") not in {"", was.get("pattern")}
    )
    if was != now:
        yield Change(
            Level.MAJOR if narrower else Level.MINOR, where, f"takes {'less' if narrower else 'more'} than before"
        )


def _of_output(where: str, old: Any, new: Any, path: str) -> Iterator[Change]:
    """Compare output schemas: sample objects with empty texts, and one element for a list."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() - new.keys():
            yield Change(Level.MAJOR, where, f"returns no {path}{key} any more")
        for key in new.keys() - old.keys():
            yield Change(Level.MINOR, where, f"returns {path}{key}, too")
        for key in old.keys() & new.keys():
            yield from _of_output(where, old[key], new[key], f"{path}{key}.")
    elif isinstance(old, list) and isinstance(new, list):
        if old and new:
            yield from _of_output(where, old[0], new[0], path)
    elif old == "" and new:  # an empty text may stand for anything
        yield Change(Level.MINOR, where, f"says what {path.rstrip('.') or 'its result'} holds")
    elif type(old) is not type(new):
        yield Change(Level.MAJOR, where, f"returns {path.rstrip('.') or 'its result'} in another form")


def _fields(given: Any, below: frozenset[tuple[str, str]] = frozenset()) -> Fields:
    """Return the fields of a form by name, those that depend on a choice too; one name under several choices once."""
    found: Fields = {}

    def add(name: str, row: Row, shown_by: frozenset[tuple[str, str]]) -> None:
        found[name] = Field(row, shown_by | (found[name].below if name in found else frozenset()))

    for row in rows(given):
        add(said(row, "name"), row, below)
        for option, children in choices(row):
            for child, field in _fields(children, below | {(said(row, "name"), option)}).items():
                add(child, field.row, field.below)
    return found


def _by_name(actions: list[Row], key: str) -> dict[str, Row]:
    return {said(action, key): action for action in actions}


def _rows(fields: Fields) -> dict[str, Row]:
    return {name: field.row for name, field in fields.items()}


def _perhaps(gone: Row, now: dict[str, Row], before: dict[str, Row]) -> str:
    """Return which new one may be the old one under another name: it has its title, or nearly its name."""
    fresh = [name for name in now if name not in before]
    name = said(gone, "operation") or said(gone, "name")
    same = [each for each in fresh if said(now[each], "title") == said(gone, "title")]
    near = same or difflib.get_close_matches(name, fresh, 1, 0.75)
    return f"; it may be called {near[0]} now" if near else ""


def _number(value: Any, otherwise: float) -> float:
    return value if isinstance(value, (int, float)) else otherwise


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3])
