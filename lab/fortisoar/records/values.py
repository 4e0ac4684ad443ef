"""What a field keeps of the value it is given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from .errors import not_in_picklist, not_storable, unexpected_value
from .modules import MODULES, Field

# PostgreSQL keeps text in UTF-8, which has no half of a surrogate pair, and ends it at NUL.
UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")

# Answers the name of the picklist that an item belongs to, or None.
PicklistOf = Callable[[str], str | None]
Exists = Callable[[str, str], bool]


def address(value: Any) -> tuple[str, str] | None:
    """Return the module and the uuid that an IRI, or an object with ``@id``, names."""
    if isinstance(value, dict):
        value = value.get("@id")
    if not isinstance(value, str):
        return None
    parts = value.split("/")
    if len(parts) != 5 or parts[:3] != ["", "api", "3"] or not all(parts[3:]):
        return None
    return parts[3], parts[4].lower()


def iri(module: str, uuid: str) -> str:
    """Return the address of a record without the host."""
    return f"/api/3/{module}/{uuid}"


class Cleaner:
    """Turns given values into stored ones.

    Parameters:
        picklist_of: names the picklist of an item's uuid.
        exists: whether there is such a record.
    """

    def __init__(self, picklist_of: PicklistOf, exists: Exists) -> None:
        self._picklist_of = picklist_of
        self._exists = exists

    def clean(self, name: str, field: Field, value: Any) -> Any:
        """Return what the field ``name`` stores; raise Refusal 400 for what it cannot."""
        if value is None:
            return None
        if field.kind == "text":
            return text(value)
        if field.kind == "integer":
            return _integer(name, value)
        if field.kind == "date":
            return epoch(name, value)
        if field.kind == "boolean":
            return _boolean(name, value)
        if field.kind == "tags":
            return [text(tag) for tag in (value if isinstance(value, list) else [value])] or None
        if field.kind == "json":
            return _json(value)
        if field.kind == "picklist":
            return self._item(name, field.target, value)
        return self.related(name, field, value)

    def related(self, name: str, field: Field, value: Any) -> str:
        """Return the IRI of the record that a relation is given; raise Refusal 400 unless it is one it may hold."""
        found = address(value)
        if field.is_loose:
            return iri(*found) if found else text(value)
        if found is None:
            raise unexpected_value(f'The "{name}" field expects an IRI, such as {iri(field.module, "<uuid>")}.')
        module, uuid = found
        if module != field.module or (module in MODULES and not self._exists(module, uuid)):
            raise unexpected_value(f'Item not found for "{iri(module, uuid)}".')
        return iri(module, uuid)

    def _item(self, name: str, picklist: str, value: Any) -> str:
        found = address(value)
        if found is None or found[0] != "picklists" or self._picklist_of(found[1]) != picklist:
            raise not_in_picklist(name, picklist)
        return iri(*found)


def text(value: Any) -> str:
    """Return what a text field makes of a value; raise Refusal 500 for what PostgreSQL does not take.

    An object or list becomes the word Array: PHP's conversion, which playbooks meet that forget ``toJSON``.
    """
    if isinstance(value, (dict, list)):
        return "Array"
    if isinstance(value, bool):
        return "1" if value else ""
    kept = str(value)
    if found := UNSTORABLE.search(kept):
        raise not_storable(found.group())
    return kept


def _json(value: Any) -> Any:
    """Return a value as it came; raise Refusal 500 for what PostgreSQL does not take."""
    if "\\u0000" in (written := json.dumps(value, ensure_ascii=False)):
        raise not_storable("\0")
    text(written)
    return value


def epoch(name: str, value: Any) -> float:
    """Return a date as seconds since 1970; takes such seconds or ISO 8601, in UTC where it names no zone."""
    number = _number(value)
    if number is not None:
        return number
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None:
            return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    raise unexpected_value(f'The "{name}" field expects a date: seconds since 1970, or ISO 8601.')


def _integer(name: str, value: Any) -> int:
    number = _number(value)
    if number is None or number != int(number):
        raise unexpected_value(f'The "{name}" field expects an integer.')
    return int(number)


def _boolean(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    if known is None:
        raise unexpected_value(f'The "{name}" field expects true or false.')
    return known


def _number(value: Any) -> float | None:
    """Return a finite number that a value is or spells; a whole one as an integer, as far as SQLite has them."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if number - number != 0:  # infinite or not a number
        return None
    return int(number) if number == int(number) and abs(number) < 2**53 else number
