"""Feeds: many records stored at once, of which no playbook is told.

As met on 8.0, ``POST /api/ingest-feeds/<module>`` takes ``{"data": [...]}`` for any module. A record with the same
unique values or the same uuid is updated in the fields that are given; one bad row refuses all of them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from .bulk import rows_of
from .modules import Field, Module
from .tables import Record
from .values import iri
from .writing import UUID, Writer

Row = dict[str, Any]


def ingest(session: Session, writer: Writer, body: Any) -> list[tuple[Record, bool]]:
    """Create or update the records of ``{"data": [...]}``; return them in the order of the rows, and which are new.

    That the first bad row's refusal is the answer is assumed: no source.
    """
    rows = [_given(writer.module, row) for row in rows_of(body)]
    writer.look_ahead(rows)
    return [_stored(session, writer, row) for row in rows]


def _stored(session: Session, writer: Writer, row: Any) -> tuple[Record, bool]:
    uuid = str(row.get("uuid") or "").lower() if isinstance(row, dict) else ""
    known = session.get(Record, (writer.module.name, uuid)) if uuid else None
    return (writer.update(known, row), False) if known else writer.upsert(row)


def _given(module: Module, row: Any) -> Any:
    """Return what a row gives.

    Published playbooks leave an empty text where they have no date, number or item, and name several items of a
    picklist by bare uuids. That the first says nothing is assumed: no source.
    """
    if not isinstance(row, dict):
        return row
    text = Field("text")
    fields = {name: module.fields.get(name, text) for name in row}
    return {
        name: _addresses(fields[name], value)
        for name, value in row.items()
        if value != "" or fields[name].kind == "text"
    }


def _addresses(field: Field, value: Any) -> Any:
    if field.kind != "many" or field.module != "picklists" or not isinstance(value, list):
        return value
    return [iri("picklists", one) if isinstance(one, str) and UUID.fullmatch(one.lower()) else one for one in value]
