"""State folders of older labs are brought forward when a lab opens them; one of a newer lab is refused.

``VERSION`` is the state that this lab keeps. The folder has it in its file ``version``, each database as its
``user_version``. What is only new needs no step here: a missing table is made, and a missing column is added with what
the model gives it by default. For anything else, raise ``VERSION`` and write a step that leads to it. A step meets
whatever an older lab left: one that was killed on the way forward does a folder's steps again.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnDefault, Connection, Table, inspect, literal, select
from sqlalchemy.schema import CreateIndex, MetaData

from .errors import LabError
from .state import write_whole

VERSION = 1
FILE = "version"


def bring_folder_forward(folder: Path) -> None:
    """Bring the files of a state folder forward.

    Raises: LabError if a newer lab made it, or its version cannot be read.
    """
    found = _version_of(folder)
    _check(found, folder)
    if found == VERSION:
        return
    for step in _steps(FOLDER_STEPS, found):
        step(folder)
    write_whole(folder / FILE, f"{VERSION}\n")


def bring_database_forward(connection: Connection, path: Path, tables: MetaData) -> None:
    """Make the tables of a database, or bring those of an older lab forward, all of it or nothing.

    Raises: LabError if a newer lab made it, or a column can't be filled.
    """
    # Python's sqlite3 begins no transaction of itself before what changes tables.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    _check(found, path.parent)
    if inspect(connection).get_table_names():
        for step in _steps(DATABASE_STEPS.get(path.stem, {}), found):
            step(connection)
    tables.create_all(connection)
    for table in tables.sorted_tables:
        _fit(connection, table, path)
    connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")


def _with_control_token(folder: Path) -> None:
    """The control API took no token before; everything else that is secret stays as it is."""
    path = folder / "keys.json"
    try:
        keys = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return  # there are none yet, or who reads them says what is wrong with them
    if isinstance(keys, dict) and "control_token" not in keys:
        write_whole(path, json.dumps({**keys, "control_token": secrets.token_urlsafe(24)}, indent=2) + "\n")


def _users_are_persons(connection: Connection) -> None:
    """FortiMonitor's contacts came into the table of its users."""
    if inspect(connection).has_table("user"):
        connection.exec_driver_sql("ALTER TABLE user RENAME TO person")


def _playbooks_are_records(connection: Connection) -> None:
    """FortiSOAR's playbooks became records, which FortiSOAR does with what is left here; runs keep another place."""
    tables = inspect(connection)
    if tables.has_table("connector") and tables.has_table("workflow_collection"):
        connection.exec_driver_sql("ALTER TABLE connector RENAME COLUMN collection TO collections")
        connection.exec_driver_sql(
            "UPDATE connector SET collections ="
            " (SELECT json_group_array(uuid) FROM workflow_collection WHERE serial = connector.serial)"
        )
    if tables.has_table("run"):  # what waited cannot find back to where it was
        connection.exec_driver_sql("UPDATE run SET status = 'terminated' WHERE status = 'awaiting'")
        connection.exec_driver_sql("DELETE FROM manual_input")


# What leads to a version: of the folder, and of its databases by their names.
FOLDER_STEPS: Mapping[int, Callable[[Path], None]] = {1: _with_control_token}
DATABASE_STEPS: Mapping[str, Mapping[int, Callable[[Connection], None]]] = {
    "fortimonitor": {1: _users_are_persons},
    "fortisoar": {1: _playbooks_are_records},
}


def _steps(steps: Mapping[int, Any], found: int) -> list[Any]:
    return [step for version, step in sorted(steps.items()) if version > found]


def _version_of(folder: Path) -> int:
    """Return the version of a folder, 0 for that of a lab that wrote none down yet."""
    path = folder / FILE
    try:
        return int(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0
    except (OSError, ValueError) as error:
        raise LabError(f"{path} is broken: {error}. Restore it, or start with an empty state folder.") from error


def _check(found: int, folder: Path) -> None:
    if found > VERSION:
        raise _newer(folder, f"it is in version {found}, and this lab knows none beyond {VERSION}")


def _newer(folder: Path, evidence: str) -> LabError:
    return LabError(
        f"The data in {folder} was made by a newer lab: {evidence}. Start the newer one, or name another folder."
    )


def _fit(connection: Connection, table: Table, path: Path) -> None:
    """Give a table the columns and indexes that the model has by now."""
    found = {column["name"] for column in inspect(connection).get_columns(table.name)}
    if unknown := sorted(found - set(table.columns.keys())):
        raise _newer(path.parent, f"{path.name} has {table.name}.{unknown[0]}, which this lab does not know")
    for column in table.columns:
        if column.name not in found:
            _add(connection, column, path)
    for index in table.indexes:
        connection.execute(CreateIndex(index, if_not_exists=True))


def _add(connection: Connection, column: Column[Any], path: Path) -> None:
    table, default = column.table, column.default
    if not column.nullable and default is None and connection.execute(select(literal(1)).select_from(table)).first():
        raise LabError(
            f"The data in {path.parent} was made by an older lab, and cannot be brought forward: {path.name} has no "
            f"{table.name}.{column.name}. Remove the folder, or name another one."
        )
    connection.exec_driver_sql(
        f"ALTER TABLE {table.name} ADD COLUMN {column.name} {column.type.compile(connection.dialect)}"
    )
    if isinstance(default, ColumnDefault):
        value = default.arg(None) if callable(default.arg) else default.arg
        connection.execute(table.update().values({column: value}))
