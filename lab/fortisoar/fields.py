"""The fields that a connector's manifest declares for its configuration and for an action's parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Field = dict[str, Any]
BLANK = (None, "")


def configuration_fields(info: dict[str, Any]) -> list[Field]:
    """Return the top-level configuration fields of a manifest."""
    return (info.get("configuration") or {}).get("fields") or []


def every_field(fields: list[Field]) -> Iterator[Field]:
    """Yield all fields with their ``onchange`` children, at any depth."""
    for field in fields:
        yield field
        for children in (field.get("onchange") or {}).values():
            yield from every_field(children)


def shown_fields(fields: list[Field], values: dict[str, Any]) -> Iterator[Field]:
    """Yield the top-level fields and those children that the values bring up."""
    for field in fields:
        yield field
        chosen = values.get(field["name"])
        for option, children in (field.get("onchange") or {}).items():
            if option in _options(chosen):
                yield from shown_fields(children, values)


def missing_titles(fields: list[Field], values: dict[str, Any]) -> list[str]:
    """Return the titles of required top-level fields without a value.

    FortiSOAR does not look at ``onchange`` children: those are the connector's own duty.
    """
    return [str(f.get("title", f["name"])) for f in fields if f.get("required") and values.get(f["name"]) in BLANK]


def secret_names(fields: list[Field]) -> set[str]:
    """Return the names of all fields of type ``password``, nested ones included."""
    return {field["name"] for field in every_field(fields) if field.get("type") == "password"}


def known_only(fields: list[Field], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that some field declares; FortiSOAR drops the others without a word."""
    names = {field["name"] for field in every_field(fields)}
    return {name: value for name, value in values.items() if name in names}


def coerced(fields: list[Field], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values as the less careful builds hand them over: see the switch ``coercion``."""
    absent = {
        field["name"]: "" if field.get("type") in ("text", "password", "textarea") else None
        for field in shown_fields(fields, values)
        if field["name"] not in values and not field.get("required")
    }
    return absent | {name: _as_string(value) for name, value in values.items()}


def _options(chosen: Any) -> list[str]:
    """Spell a value as ``onchange`` spells it: a checkbox as "true" or "false", a multiselect as its items."""
    if isinstance(chosen, list):
        return [str(item) for item in chosen]
    return [str(_as_string(chosen))]


def _as_string(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value
