"""A product's database: SQLite, one transaction at a time.

What a product has acknowledged outlives the lab's process, however that ends: handlers answer after their transaction
has ended, and a commit is in the hands of the system then, which writes it to the disk though the process is gone.
That is all that is promised: ``synchronous=OFF`` doesn't wait for the disk, which would cost each write most of its
time, so what the power cut takes with it is lost, and may leave a damaged file. At its start, the lab says so.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from ..errors import LabError
from ..state import WAY_OUT
from ..upgrades import bring_database_forward


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
        """Check what is there, and make it what this lab keeps.

        Raises: LabError with the file and the way out.
        """
        try:
            self._check_pages()
            with self._engine.begin() as connection:
                bring_database_forward(connection, path, self._base.metadata)
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


def _prepare(connection, _record) -> None:  # type: ignore[no-untyped-def]
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # a transaction that was under way is not in it: nothing is half done
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
