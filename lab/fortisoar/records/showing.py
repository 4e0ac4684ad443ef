"""Records and collections as the appliance writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from .modules import CONTENT, FILES, LISTS, MODULES, parts
from .tables import Link, Record
from .values import address

Row = dict[str, Any]


def show(session: Session, records: Sequence[Record], with_many: str = "", with_deleted: bool = False) -> list[Row]:
    """Return records of one module with their picklist items and single related records expanded.

    Parameters:
        with_many: how relations to many are shown: ``iris`` as after a create, ``records``, or not at all.
        with_deleted: whether ``deletedAt`` is shown.
    """
    if not records:
        return []
    rows = [_plain(record) for record in records]
    _expand(session, records[0].module, rows)
    if with_deleted:
        for record, row in zip(records, rows, strict=True):
            row["deletedAt"] = record.deleted
    if with_many:
        held = _add_many(session, records[0].module, rows, with_many, with_deleted)
        for name, module in parts(records[0].module).items() if with_many == "records" else ():
            if not parts(module.name):
                _expand(session, module.name, held[name])
    return rows


def whole(session: Session, records: Sequence[Record]) -> list[Row]:
    """Return records of one module with all that they are made of, as exports write them."""
    rows = [_plain(record) for record in records]
    if records:
        _add_many(session, records[0].module, rows, "records")
    return rows


def single(session: Session, record: Record, with_many: str = "", with_deleted: bool = False) -> Row:
    """Return one record as the whole of an answer."""
    context = {"@context": f"/api/3/contexts/{MODULES[record.module].type}"}
    return context | show(session, [record], with_many, with_deleted)[0]


def selected(rows: list[Row], fields: Any, ignored: Any = None) -> list[Row]:
    """Return rows with some of their fields only, or without some; ``@id`` and ``@type`` always stay."""
    if isinstance(fields, list) and fields:
        wanted = {"@id", "@type", *map(str, fields)}
        return [{name: value for name, value in row.items() if name in wanted} for row in rows]
    if isinstance(ignored, list) and ignored:
        return [{name: value for name, value in row.items() if name not in ignored} for row in rows]
    return rows


def collection(module: str, members: list[Row], total: int | None) -> Row:
    """Return the Hydra envelope around records; without a count if ``total`` is None."""
    envelope: Row = {
        "@context": f"/api/3/contexts/{MODULES[module].type}",
        "@id": f"/api/3/{module}",
        "@type": "hydra:Collection",
        "hydra:member": members,
    }
    return envelope if total is None else envelope | {"hydra:totalItems": total}


def view(path: str, query: Sequence[tuple[str, str]], page: int, size: int, total: int) -> Row:
    """Return ``hydra:view``: the page's address, and its neighbours where there is more than one page."""
    last = max(1, -(-total // size))
    others = [(name, value) for name, value in query if name != "$page"]

    def address_of(number: int) -> str:
        return _url(path, [*others, ("$page", str(number))])

    shown: Row = {"@id": _url(path, others), "@type": "hydra:PartialCollectionView"}
    if last == 1:
        return shown
    shown |= {"@id": address_of(page), "hydra:first": address_of(1), "hydra:last": address_of(last)}
    if page > 1:
        shown["hydra:previous"] = address_of(page - 1)
    if page < last:
        shown["hydra:next"] = address_of(page + 1)
    return shown


def legacy(envelope: Row, shown: Row, size: int) -> Row:
    """Return a collection with the keys that it had before 7.0, beside the new ones."""
    pages = {
        "hydra:itemsPerPage": size,
        "hydra:firstPage": shown.get("hydra:first", shown["@id"]),
        "hydra:lastPage": shown.get("hydra:last", shown["@id"]),
    }
    if "hydra:next" in shown:
        pages["hydra:nextPage"] = shown["hydra:next"]
    return envelope | {"@type": "hydra:PagedCollection"} | pages


def _plain(record: Record) -> Row:
    module = MODULES[record.module]
    row: Row = {"@id": record.iri, "@type": module.type}
    if module.name == FILES:
        return row | _file(record)
    row |= dict.fromkeys(module.plain)
    row |= record.document
    if module.name in LISTS:
        for name in ("createUser", "modifyUser", "recordTags"):
            del row[name]
        return row | {"importedBy": [], "id": record.number, "uuid": record.uuid}
    row["recordTags"] = row["recordTags"] or []
    if module.name in CONTENT:
        row["deletedAt"] = record.deleted
    dates = {"createDate": record.created, "modifyDate": record.modified}
    return row | dates | {"id": record.number, "uuid": record.uuid}


def _file(record: Record) -> Row:
    """Return what a capture shows of a file: its id is its uuid."""
    row: Row = {name: record.document.get(name) for name in ("filename", "mimeType", "size")}
    row |= {"assignee": "", "metadata": [], "thumbnail": None}
    return row | {"uploadDate": record.created, "id": record.uuid, "uuid": record.uuid}


def _expand(session: Session, module: str, rows: Sequence[Row]) -> None:
    """Put related records in place of their IRIs, where the module shows them so."""
    places = [(row, name) for row in rows for name in MODULES[module].expanded if row.get(name)]
    expanded = _by_iri(session, {row[name] for row, name in places})
    for row, name in places:
        row[name] = expanded.get(row[name], row[name])


def _by_iri(session: Session, iris: Iterable[str]) -> dict[str, Row]:
    """Return the records behind some IRIs as they are shown inside others, read with one query per module."""
    uuids: dict[str, list[str]] = {}
    for each in iris:
        if found := address(each):
            uuids.setdefault(found[0], []).append(found[1])
    return {
        record.iri: _plain(record)
        for module, wanted in uuids.items()
        for record in session.scalars(select(Record).where(Record.module == module, Record.uuid.in_(wanted)))
    }


def _add_many(
    session: Session, module: str, rows: Sequence[Row], with_many: str, with_deleted: bool = False
) -> dict[str, list[Row]]:
    """Add the relations to many to rows of a module, and theirs to what these are made of; return what was added."""
    links = (
        select(Link.uuid, Link.field, Record)
        .join(Record, (Record.module == Link.target_module) & (Record.uuid == Link.target_uuid))
        .where(Link.module == module, Link.uuid.in_([row["uuid"] for row in rows]))
        .order_by(Record.number)
    )
    held: dict[tuple[str, str], list[Any]] = {}
    added: dict[str, list[Row]] = {name: [] for name in MODULES[module].many}
    is_shown: ColumnElement[bool] = Record.deleted.is_(None)
    if with_deleted:  # what went into the recycle bin together is seen there together
        is_shown |= Link.field.in_(parts(module))
    for uuid, field, record in session.execute(links.where(is_shown)):
        if with_many == "iris":
            held.setdefault((uuid, field), []).append(record.iri)
            continue
        added[field].append(shown := _plain(record))
        held.setdefault((uuid, field), []).append(shown)
    for row in rows:
        row |= {name: held.get((row["uuid"], name), []) for name in added}
    for name, part in parts(module).items():
        if parts(part.name) and added[name]:
            _add_many(session, part.name, added[name], with_many, with_deleted)
    return added


def _url(path: str, query: Sequence[tuple[str, str]]) -> str:
    pairs = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query]
    return f"{path}?{'&'.join(pairs)}" if pairs else path
