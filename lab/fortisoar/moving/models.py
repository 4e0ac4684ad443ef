"""The tables of export and import."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from ..models import Base


class ExportTemplate(Base):
    """What an export is to hold. ``document`` is as the client sent it."""

    __tablename__ = "export_template"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(unique=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[float]
    modified: Mapped[float]


class ExportJob(Base):
    """An export. ``options`` are the template's when it began; ``under_way`` tells what a restart takes up again."""

    __tablename__ = "export_job"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(unique=True)
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    file_name: Mapped[str]
    type: Mapped[str]
    status: Mapped[str] = mapped_column(default="")
    progress: Mapped[int] = mapped_column(default=0)
    currently: Mapped[str | None]
    error: Mapped[str | None]
    file: Mapped[str | None]
    under_way: Mapped[bool]


class ImportJob(Base):
    """An import. ``under_way`` names the stage that a restart takes up again: ``options`` or ``import``."""

    __tablename__ = "import_job"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(unique=True)
    file: Mapped[str]
    type: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    status: Mapped[str]
    progress: Mapped[int] = mapped_column(default=0)
    currently: Mapped[str | None]
    error: Mapped[str | None]
    log: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    under_way: Mapped[str | None]
