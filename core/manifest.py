"""info.json, read and compiled once: the contract that configuration and parameters are checked against."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple

NEEDED = {"name", "title", "type", "required"}  # of every field
_handed_over: List[Dict[str, Any]] = []


class Field(NamedTuple):
    """A field of a form, as far as a call needs it. ``children`` are those that appear with each of its values."""

    name: str
    title: str
    type: str
    required: bool
    default: Any
    options: Tuple[str, ...]
    least: Optional[int]
    most: Optional[int]
    children: Mapping[Any, Tuple[Field, ...]]


class Form(NamedTuple):
    """The fields of the configuration or of an operation, and the titles of all of them by their names."""

    fields: Tuple[Field, ...]
    titles: Mapping[str, str]


def prefer(info: Any, operations: Iterable[str]) -> None:
    """Let what FortiSOAR itself read of info.json be the manifest, if it is whole; else the file is.

    Once for each process, before the manifest is asked for the first time.

    Parameters:
        info: what the connector was made with.
        operations: those that a whole manifest has.
    """
    if not manifest.cache_info().currsize and _is_whole(info, operations):
        _handed_over.append(info)
    manifest()


def _is_whole(info: Any, operations: Iterable[str]) -> bool:
    try:
        declared = {entry["operation"]: entry["parameters"] for entry in info["operations"]}
        forms = [info["configuration"]["fields"], *declared.values()]
        fields = [field.keys() for form in forms for field in _all(form)]
        names = isinstance(info["name"], str) and isinstance(info["version"], str)
    except (AttributeError, KeyError, TypeError):
        return False
    return names and bool(forms[0]) and set(operations) <= declared.keys() and all(keys >= NEEDED for keys in fields)


@lru_cache(maxsize=1)
def manifest() -> Dict[str, Any]:
    """Return the manifest: as it was handed over, else as it stands in info.json beside connector.py."""
    if _handed_over:
        return _handed_over[0]
    # As bytes, so that JSON's own rules tell its encoding, with or without a byte order mark.
    read: Dict[str, Any] = json.loads((Path(__file__).parent.parent / "info.json").read_bytes())
    return read


@lru_cache(maxsize=1)
def configuration_form() -> Form:
    """Return the configuration's form."""
    return _form(manifest()["configuration"]["fields"])


@lru_cache(maxsize=1)
def operation_forms() -> Dict[str, Form]:
    """Return the form of each operation, in the order in which they are declared."""
    return {entry["operation"]: _form(entry["parameters"]) for entry in manifest()["operations"]}


@lru_cache(maxsize=1)
def choice_operations() -> FrozenSet[str]:
    """Return the operations that fill the choices of a field in some form."""
    fields = (field for entry in manifest()["operations"] for field in _all(entry["parameters"]))
    return frozenset(field["apiOperation"] for field in fields if "apiOperation" in field)


@lru_cache(maxsize=1)
def secret_names() -> Tuple[str, ...]:
    """Return the names of the configuration's password fields."""
    return tuple(field["name"] for field in _all(manifest()["configuration"]["fields"]) if field["type"] == "password")


def _form(declared: Iterable[Dict[str, Any]]) -> Form:
    return Form(tuple(map(_field, declared)), {field["name"]: field["title"] for field in _all(declared)})


def _field(declared: Dict[str, Any]) -> Field:
    limits = declared.get("validation", {})
    return Field(
        name=declared["name"],
        title=declared["title"],
        type=declared["type"],
        required=declared["required"],
        default=declared.get("value"),
        options=tuple(declared.get("options", ())),
        least=limits.get("minlength"),  # FortiSOAR's word for the least value of an integer
        most=limits.get("maxlength"),
        children={
            json.loads(choice) if declared["type"] == "checkbox" else choice: tuple(map(_field, children))
            for choice, children in declared.get("onchange", {}).items()
        },
    )


def _all(declared: Iterable[Dict[str, Any]]) -> Iterator[Dict[str, Any]]:
    """Yield fields and, at any depth, those that appear when one of them changes."""
    for field in declared:
        yield field
        for children in field.get("onchange", {}).values():
            yield from _all(children)
