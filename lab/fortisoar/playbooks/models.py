"""The tables of the workflow engine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, deferred, mapped_column

from ..models import Base


class Macro(Base):
    """A global variable."""

    __tablename__ = "macro"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    value: Mapped[str]
    default_value: Mapped[str]


class Run(Base):
    """One run of a playbook.

    ``parent`` is the run that called this one; ``caller`` is the same while that one waits for it, so none for an
    asynchronous call. ``state`` holds what is needed to go on: variables, which routes were taken, which steps wait,
    the playbook as it was at the start.
    """

    __tablename__ = "run"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(index=True)
    parent: Mapped[int | None] = mapped_column(index=True)
    caller: Mapped[int | None] = mapped_column(index=True)
    workflow: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    status: Mapped[str]
    created: Mapped[datetime]
    modified: Mapped[datetime]
    debug: Mapped[bool]
    tags: Mapped[list[str]] = mapped_column(JSON)
    records: Mapped[list[str]] = mapped_column(JSON)
    result: Mapped[Any] = deferred(mapped_column(JSON))
    state: Mapped[dict[str, Any]] = deferred(mapped_column(JSON))


class RunStep(Base):
    """One step of a run, as often as it was reached."""

    __tablename__ = "run_step"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    uuid: Mapped[str]
    name: Mapped[str]
    type: Mapped[str]
    status: Mapped[str]
    started: Mapped[datetime]
    completed: Mapped[datetime | None]
    arguments: Mapped[Any] = mapped_column(JSON)
    result: Mapped[Any] = mapped_column(JSON)


class Question(Base):
    """What a run waits for: a manual input, or a record that somebody works on.

    ``record`` is the address of that record. After ``due`` nobody needs to answer any more. ``answer`` is what came,
    until the run takes it.
    """

    __tablename__ = "manual_input"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    step: Mapped[int]
    created: Mapped[datetime]
    due: Mapped[datetime | None] = mapped_column(index=True)
    record: Mapped[str | None] = mapped_column(index=True)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class Schedule(Base):
    """A periodic task. ``looked`` is the lab's time up to which it was fired."""

    __tablename__ = "schedule"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    looked: Mapped[datetime]
    fired: Mapped[datetime | None]
    count: Mapped[int] = mapped_column(default=0)


class DataImport(Base):
    """The ingestion of one configuration: its schedule and its sample data, which clients alone read."""

    __tablename__ = "data_import"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    configuration: Mapped[str] = mapped_column(unique=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
