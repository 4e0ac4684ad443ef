"""Lists of templates and jobs as ``/api/3`` writes them."""

from __future__ import annotations

from ...kit.whole_numbers import whole_number
from ..calls import Call
from .content import Row

PAGE = 30


def page_of(rows: list[Row], call: Call, type: str) -> Row:
    """Return the page of rows that ``$limit`` and ``$page`` ask for."""
    size, number = (whole_number(call.query.get(name)) or default for name, default in (("$limit", PAGE), ("$page", 1)))
    return {
        "@context": f"/api/3/contexts/{type}",
        "@id": call.address,
        "@type": "hydra:Collection",
        "hydra:member": rows[(number - 1) * size : number * size],
        "hydra:totalItems": len(rows),
    }


def selected(row: Row, call: Call) -> Row:
    """Return a row with the fields of ``__selectFields`` alone, if there is one."""
    named = call.query.get("__selectFields")
    wanted = ["@context", "@id", "@type", *named.split(",")] if named else list(row)
    return {name: row[name] for name in wanted if name in row}
