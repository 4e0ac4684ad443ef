"""How lists of ``/api/3`` are ordered, paged and written, and what bulk requests bring."""

from __future__ import annotations

from typing import Any

from ....kit.whole_numbers import whole_number
from ...calls import Call, objects_of
from ...records.errors import malformed
from ..definitions import Row
from .matching import held

PAGE = 30


def is_shown(row: Row, call: Call) -> bool:
    """Tell whether a row is to be seen: what lies in the recycle bin only with ``$showDeleted``."""
    return row.get("deletedAt") is None or call.query.get("$showDeleted") == "true"


def searched(rows: list[Row], call: Call) -> list[Row]:
    """Return the rows whose name or description holds ``$search``."""
    term = call.query.get("$search", "").lower()
    return [row for row in rows if term in f"{row.get('name')} {row.get('description')}".lower()]


def ordered(rows: list[Row], sort: Any) -> list[Row]:
    """Return rows in the order of ``[{"field", "direction"}]``; what has no value comes first."""
    for each in reversed(objects_of({"sort": sort}, "sort")):
        path = str(each.get("field")).split(".")
        falls = str(each.get("direction", "ASC")).upper() == "DESC"
        rows = sorted(rows, key=lambda row: [_sortable(one) for one in held(row, path)], reverse=falls)
    return rows


def address_order(call: Call) -> list[Row]:
    """Return what ``$orderby`` asks for: ``field`` or ``-field``, more of them after commas."""
    return [
        {"field": name.lstrip("+-"), "direction": "DESC" if name.startswith("-") else "ASC"}
        for name in call.query.get("$orderby", "").split(",")
        if name
    ]


def hydra(rows: list[Row], call: Call, type: str, base: str, fields: Any = None) -> Row:
    """Return one page of rows as ``/api/3`` lists write it.

    Parameters:
        fields: those to be shown, if not all; an address may name them too.
    """
    size, number = _positive(call.query.get("$limit"), PAGE), _positive(call.query.get("$page"), 1)
    named = call.query.get("$fields") or call.query.get("__selectFields")
    wanted = fields or (named.split(",") if named else None)
    return {
        "@context": f"/api/3/contexts/{type}",
        "@id": base,
        "@type": "hydra:Collection",
        "hydra:member": [_selected(row, wanted) for row in rows[(number - 1) * size : number * size]],
        "hydra:totalItems": len(rows),
    }


def rows_of(call: Call) -> list[Row]:
    """Return the rows of a bulk request; raise Refusal 400 unless its body is a list of objects."""
    if not isinstance(call.body, list) or not all(isinstance(row, dict) for row in call.body):
        raise malformed("The body must be a JSON list of objects.")
    return call.body


def _selected(row: Row, wanted: list[str] | None) -> Row:
    return row if wanted is None else {name: row[name] for name in ("@id", "@type", *wanted) if name in row}


def _positive(text: str | None, default: int) -> int:
    return whole_number(text) or default


def _sortable(value: Any) -> tuple[bool, Any]:
    """Return what numbers and anything else can be put in order by: numbers come first."""
    return (False, value) if isinstance(value, int | float) else (True, str(value))
