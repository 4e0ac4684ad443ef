"""Global variables, which the API calls dynamic variables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.routing import Route

from ...kit.store import Store
from ..calls import Answer, Call, hydra_page, route
from ..refusals import refusal
from .definitions import Row
from .models import Macro

BASE = "/api/wf/api/dynamic-variable/"


class Macros:
    """The global variables and their HTTP interface."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def value(self, name: str) -> str | None:
        """Return the value of a variable, its default if it has none, None if there is no such variable."""
        with self._store.transaction() as session:
            macro = session.scalar(select(Macro).where(Macro.name == name))
            return None if macro is None else macro.value or macro.default_value

    def set(self, name: str, value: str) -> Row | None:
        """Give an existing variable a value; return its row, None if there is none."""
        with self._store.transaction() as session:
            macro = session.scalar(select(Macro).where(Macro.name == name))
            if macro is None:
                return None
            macro.value = value
            return _row(macro)

    def add_missing(self, rows: list[Row]) -> None:
        """Create the variables of an imported collection that are not there yet."""
        for row in rows:
            if row.get("name") and self.value(str(row["name"])) is None:
                self._create(row)

    def routes(self) -> list[Route]:
        """Return the addresses of the variables."""
        return [
            route("GET", BASE, self._list),
            route("POST", BASE, lambda call: (201, self._create(call.fields))),
            route("GET", f"{BASE}{{number:int}}/", lambda call: (200, self._change(call, {}))),
            route("PUT", f"{BASE}{{number:int}}/", lambda call: (200, self._change(call, call.fields))),
            route("DELETE", f"{BASE}{{number:int}}/", self._delete),
        ]

    def _list(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            wanted = select(Macro).order_by(Macro.id)
            if name := call.query.get("name"):
                wanted = wanted.where(Macro.name == name)
            rows = [_row(macro) for macro in session.scalars(wanted)]
        return 200, hydra_page(rows, call, "/wf/api/dynamic-variable/context/")

    def _create(self, fields: Row) -> Row:
        if not fields.get("name"):
            raise refusal(400, "name: This field is required.")
        macro = Macro(
            name=str(fields["name"]),
            value=_text(fields.get("value")),
            default_value=_text(fields.get("default_value")),
        )
        with self._naming() as session:
            session.add(macro)
            session.flush()
            return _row(macro)

    @contextmanager
    def _naming(self) -> Iterator[Session]:
        """Open a transaction that may give a variable a name which is taken."""
        try:
            with self._store.transaction() as session:
                yield session
        except IntegrityError as error:
            # That a repeated name is refused was met; status and wording are assumed: no source.
            raise refusal(400, "Dynamic variable with this name already exists.") from error

    def _change(self, call: Call, fields: Row) -> Row:
        with self._naming() as session:
            macro = session.get(Macro, call.path["number"])
            if macro is None:
                raise refusal(404, "Not found.")
            for name in fields.keys() & {"name", "value", "default_value"}:
                setattr(macro, name, _text(fields[name]))
            return _row(macro)

    def _delete(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            macro = session.get(Macro, call.path["number"])
            if macro is None:
                raise refusal(404, "Not found.")
            session.delete(macro)
        return 204, None


def _row(macro: Macro) -> Row:
    return {"default_value": macro.default_value, "id": macro.id, "name": macro.name, "value": macro.value}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
