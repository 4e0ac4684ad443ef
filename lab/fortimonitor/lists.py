"""Paging: the ``meta`` and the page of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from sqlalchemy import Select, func, select
from starlette.responses import Response

from . import forms
from .answers import listing
from .calls import Call

T = TypeVar("T")


@dataclass(frozen=True)
class Window:
    """The part of a list that was asked for. ``limit`` 0 stands for everything."""

    limit: int
    offset: int

    @classmethod
    def asked(cls, call: Call, default: int, cap: int | None = None) -> Window:
        """Read limit and offset, with the limit silently lowered to the cap."""
        limit = call.whole_number("limit", default)
        return cls(limit if cap is None else min(limit, cap), call.whole_number("offset", 0))

    def meta(self, call: Call, total: int) -> dict[str, Any]:
        """Return what a list says of itself."""
        following, preceding = self.offset + self.limit, max(0, self.offset - self.limit)
        return {
            "limit": self.limit,
            "offset": self.offset,
            "next": self._url(call, following) if self.limit and following < total else None,
            "previous": self._url(call, preceding) if self.limit and self.offset else None,
            "total_count": total,
        }

    def _url(self, call: Call, offset: int) -> str:
        kept = {name: value for name, value in call.query.items() if name not in ("limit", "offset", "api_key")}
        return f"{call.base_url}{call.route}?{urlencode({**kept, 'limit': self.limit, 'offset': offset})}"


def page(
    call: Call,
    resource: str,
    statement: Select[T],
    shown: Callable[[Call, T], dict[str, Any]],
    window: Window | None = None,
    order: dict[str, str] | None = None,
    sent: Callable[[list[dict[str, Any]]], list[Any]] = list,
) -> Response:
    """Answer one page of what is stored.

    Parameters:
        resource: the objects' name; the list is called ``<resource>_list``.
        statement: selects all of them, in order.
        shown: makes one of them what the API shows.
        window: the part to answer, at most 50 objects unless it is given or asked for.
        order: what ``meta`` says of the order.
        sent: what becomes of the rows on their way.
    """
    window = window or Window.asked(call, default=50)
    total = call.session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0
    # SQLite takes a negative limit for none.
    found = call.session.scalars(statement.limit(window.limit or -1).offset(window.offset))
    meta = {**window.meta(call, total), **(order or {})}
    return _answer(call, meta, resource, sent([shown(call, item) for item in found]))


def page_of(call: Call, resource: str, items: Sequence[dict[str, Any]]) -> Response:
    """Answer one page of objects that are at hand."""
    window = Window.asked(call, default=50)
    end = window.offset + window.limit if window.limit else None
    return _answer(call, window.meta(call, len(items)), resource, items[window.offset : end])


def _answer(call: Call, meta: dict[str, Any], resource: str, items: Iterable[Any]) -> Response:
    return listing({"meta": forms.meta(call.switches, meta), f"{resource}_list": list(items)})
