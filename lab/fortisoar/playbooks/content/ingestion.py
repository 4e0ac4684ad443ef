"""What a Data Ingestion Wizard remembers of a configuration: ``/api/integration/data-import/``."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import Route

from ....kit.store import Store
from ...calls import Answer, Call, route
from ...records.modules import MODULES
from ...records.writing import remove
from ...refusals import refusal
from ...shapes import PAGE_SIZE, page
from ..definitions import Row
from ..models import DataImport

BASE = "/api/integration/data-import/"
GIVEN = ("name", "description", "connector", "metadata", "owners", "sample_data", "created_by", "modified_by")


class DataImports:
    """The records that link a configuration to its ingestion."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Return the addresses of the records."""
        return [
            route("GET", BASE, self._list),
            route("POST", BASE, self._save),
            route("GET", f"{BASE}{{number:int}}/", lambda call: self._change(call, {})),
            route("PUT", f"{BASE}{{number:int}}/", lambda call: self._change(call, call.fields)),
            route("DELETE", f"{BASE}{{number:int}}/", self._delete),
        ]

    def _list(self, call: Call) -> Answer:
        wanted = select(DataImport).order_by(DataImport.id)
        if configuration := call.query.get("configuration"):
            wanted = wanted.where(DataImport.configuration == configuration)
        with self._store.transaction() as session:
            rows = [_row(each) for each in session.scalars(wanted)]
        return 200, page(rows, 1, max(PAGE_SIZE, len(rows)))

    def _save(self, call: Call) -> Answer:
        """Store a configuration's record. A second one changes the first, whose sample data stays: assumed, no source.

        The wizard writes twice: the sample data first, and the schedule once there is one.
        """
        configuration = call.fields.get("configuration")
        if not isinstance(configuration, str) or not configuration:
            raise refusal(400, "configuration: This field is required.")
        with self._store.transaction() as session:
            stored = session.scalar(select(DataImport).where(DataImport.configuration == configuration))
            is_new = stored is None
            if stored is None:
                stored = DataImport(configuration=configuration, document=dict.fromkeys(GIVEN))
                session.add(stored)
            _merge(stored, call.fields)
            session.flush()
            return 201 if is_new else 200, _row(stored)

    def _change(self, call: Call, fields: Row) -> Answer:
        with self._store.transaction() as session:
            stored = _stored(session, call)
            _merge(stored, fields)
            return 200, _row(stored)

    def _delete(self, call: Call) -> Answer:
        """Remove a record, and the configuration's own playbooks with it, as met on 8.0."""
        with self._store.transaction() as session:
            stored = _stored(session, call)
            remove(session, MODULES["workflow_collections"], [stored.configuration])
            session.delete(stored)
        return 204, None


def _stored(session: Session, call: Call) -> DataImport:
    found = session.get(DataImport, call.path["number"])
    if found is None:
        raise refusal(404, "Not found.")
    return found


def _merge(stored: DataImport, fields: Row) -> None:
    stored.document = {**stored.document, **{key: fields[key] for key in GIVEN if key in fields}}


def _row(stored: DataImport) -> Row:
    return {**stored.document, "id": stored.id, "configuration": stored.configuration}
