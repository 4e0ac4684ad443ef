"""The tables of the record store: records of every module, what makes them unique, and their links."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ColumnElement, Index, func, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from ..models import Base

# Fields of the document with an index of their own: what playbooks look records up by.
INDEXED = ("name", "severity", "sourceId", "status")


class Record(Base):
    """One record. ``document`` holds its fields that are not null; relations to one record as IRIs."""

    __tablename__ = "record"

    module: Mapped[str] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[float]
    modified: Mapped[float]
    deleted: Mapped[float | None]

    @property
    def iri(self) -> str:
        """Return the record's address without the host."""
        return f"/api/3/{self.module}/{self.uuid}"


Index("record_by_number", Record.module, Record.number, unique=True)
Index("record_by_creation", Record.module, Record.created)
Index("record_by_change", Record.module, Record.modified)
for _name in INDEXED:
    _path: ColumnElement[str] = literal_column(f"'$.{_name}'")
    Index(f"record_by_{_name}", Record.module, func.json_extract(Record.document, _path))
_path = literal_column("'$.sourceId'")
Index("record_by_folded_sourceId", Record.module, func.lower(func.json_extract(Record.document, _path)))


class UniqueKey(Base):
    """What no other record of the module may have in the fields ``columns``; ``value`` is a JSON list."""

    __tablename__ = "record_key"

    module: Mapped[str] = mapped_column(primary_key=True)
    columns: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    uuid: Mapped[str]


class Link(Base):
    """One record in a relation of another. A link that both ends show is two rows."""

    __tablename__ = "record_link"

    module: Mapped[str] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    target_module: Mapped[str] = mapped_column(primary_key=True)
    target_uuid: Mapped[str] = mapped_column(primary_key=True)


Index("record_link_by_target", Link.target_module, Link.target_uuid)


class Counter(Base):
    """The last integer id given out in a module."""

    __tablename__ = "record_counter"

    module: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]
