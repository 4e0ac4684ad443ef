"""A product's database: SQLite, one transaction at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, event, inspect
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from ..errors import LabError
from ..state import WAY_OUT


class Store:
    """The tables of one product in one SQLite file.

    Parameters:
        path: the file; made with its tables if absent.
        base: the declarative base whose tables it holds.
    """

    def __init__(self, path: Path, base: type[DeclarativeBase]) -> None:
        self._base = base
        self._lock = threading.RLock()
        self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False})
        event.listen(self._engine, "connect", _prepare)
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)
        try:
            self._open(path)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a session that commits at its end and rolls back on an exception.

        SQLite has one writer. A lock in front of it turns "database is locked" into a short wait.
        """
        with self._lock, self._sessions.begin() as session:
            yield session

    def clear(self) -> None:
        """Empty every table, and let numbers begin anew."""
        with self._lock, self._engine.begin() as connection:
            for table in reversed(self._base.metadata.sorted_tables):
                connection.execute(table.delete())
            if connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").first():
                connection.exec_driver_sql("DELETE FROM sqlite_sequence")

    def compact(self) -> None:
        """Give the space of rows that were deleted back to the file system."""
        with self._lock, self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection, so that the file can be removed."""
        self._engine.dispose()

    def _open(self, path: Path) -> None:
        """Make the tables that are not there, and check what is.

        Raises: LabError with the file and the way out.
        """
        try:
            self._check_pages()
            self._base.metadata.create_all(self._engine)
            self._check_columns(path)
        except OperationalError as error:
            raise LabError(f"{path} cannot be used: {error.orig}. {WAY_OUT}") from error
        except DatabaseError as error:
            raise LabError(
                f"{path} is broken: {error.orig}. Restore it, or start with an empty state folder."
            ) from error

    def _check_pages(self) -> None:
        """Raise DatabaseError if the file is damaged: SQLite itself looks at no page before it needs it."""
        with self._engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if found != "ok":
            raise DatabaseError(None, None, sqlite3.DatabaseError(found.splitlines()[-1]))

    def _check_columns(self, path: Path) -> None:
        """Raise LabError if a table lacks a column: then another version of the lab made it."""
        found = inspect(self._engine)
        for table in self._base.metadata.sorted_tables:
            missing = set(table.columns.keys()) - {column["name"] for column in found.get_columns(table.name)}
            if missing:
                raise LabError(
                    f"The data in {path.parent} was made by another version of the lab: {path.name} has no "
                    f"{table.name}.{min(missing)}. Remove the folder, or name another one."
                )


def _prepare(connection, _record) -> None:  # type: ignore[no-untyped-def]
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
