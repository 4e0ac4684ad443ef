"""The search over the records of several modules: ``POST /api/search``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from starlette.routing import Route

from ...kit.store import Store
from ..calls import Answer, Call, Row, route
from .errors import malformed
from .modules import CONTENT, LISTS, MODULES
from .querying import search
from .showing import show
from .tables import Record

SHORTEST = 3  # characters, as on the appliance
PAGE_SIZE = 30
SEARCHED = MODULES.keys() - {*LISTS, *CONTENT}


class Search:
    """The search, which stands in for the appliance's Elasticsearch: every word is somewhere in a record's texts.

    That words are joined by "and", match inside longer words, and that the newest change comes first: assumed, no
    source. ``searchType`` is not read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Return the address."""
        return [route("POST", "/api/search", self._search)]

    def _search(self, call: Call) -> Answer:
        body = call.fields
        term, index = body.get("q"), body.get("index")
        if not isinstance(term, str) or len(term.strip()) < SHORTEST:
            raise malformed(f'"q" must be a text of at least {SHORTEST} characters.')
        if not isinstance(index, list) or not index:
            raise malformed('"index" must be a list of modules.')
        if unknown := [name for name in index if not isinstance(name, str) or name not in SEARCHED]:
            raise malformed(f"There is nothing to search in {unknown[0]}.")
        wanted = [Record.deleted.is_(None), or_(*(_in_module(name, term) for name in index)), *_changed(body)]
        newest = select(Record).where(*wanted).order_by(Record.modified.desc(), Record.module, Record.number.desc())
        page = newest.offset(_number(body, "offset", 0)).limit(_number(body, "size", PAGE_SIZE))
        with self._store.transaction() as session:
            total = session.scalar(select(func.count()).select_from(Record).where(*wanted))
            hits = [_hit(show(session, [record])[0], record.module) for record in session.scalars(page).all()]
        return 200, {"hits": {"total": total, "hits": hits}}


def _in_module(name: str, term: str) -> ColumnElement[bool]:
    return and_(Record.module == name, search(MODULES[name], Record, term))


def _changed(body: Row) -> list[ColumnElement[bool]]:
    """Return the bounds of the last change, which are milliseconds here, unlike in records."""
    bounds = []
    if "modifyDateGte" in body:
        bounds.append(Record.modified * 1000 >= _number(body, "modifyDateGte", 0))
    if "modifyDateLte" in body:
        bounds.append(Record.modified * 1000 <= _number(body, "modifyDateLte", 0))
    return bounds


def _hit(row: Row, module: str) -> Row:
    """Return a record as the search keeps it: related records and picklist items by what people read (8.0)."""
    source = {name: _read(value) for name, value in row.items() if not name.startswith("@")}
    return {"_index": module, "_id": row["uuid"], "_source": source}


def _read(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return value.get("itemValue") or value.get("name") or value.get("@id")


def _number(body: Row, name: str, default: int) -> int:
    given = body.get(name, default)
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise malformed(f'"{name}" must be a whole number.')
    return given
