"""The HTTP face of the record store: ``/api/3/<module>`` and ``/api/query/<module>``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from starlette.routing import Route

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.switches import Switches
from ..caller import caller
from . import bulk, feeds
from .errors import malformed, not_allowed, not_found
from .metadata import STORES, descriptions
from .modules import MODULES, Module
from .querying import aggregate, condition, ordering, search
from .seeding import fill
from .serving import Answer, Call, Row, route
from .showing import collection, legacy, selected, show, single, view
from .tables import Link, Record
from .values import address
from .writing import Writer, find

PAGE_SIZE = 30
LARGEST_PAGE = 5000  # the appliance's cap, whatever $limit asks for
FEW = 1000  # records that are sorted at no cost worth speaking of

# Told after each write: create, update, delete, link, unlink, bulk insert or bulk delete; the module; the record as it
# is read, and of a link under ``link`` the one at the other end; by name what the fields that changed held before.
Listener = Callable[[str, str, Row, Row], None]


class Records:
    """The records of the local FortiSOAR.

    Parameters:
        store: the database.
        clock: the lab's time.
    """

    def __init__(self, store: Store, clock: Clock, switches: Switches) -> None:
        self._store = store
        self._clock = clock
        self._switches = switches
        self._listeners: list[Listener] = []
        self.seed()

    def seed(self) -> None:
        """Make the standard records, unless they are there."""
        with self._transaction() as session:
            fill(session, self._now())

    def subscribe(self, listener: Listener) -> None:
        """Have a function called after each record that a request wrote.

        Bulk inserts start no playbook, as on 7.6, so they are told apart; so are bulk deletes and links made at a
        relation's address: assumed. Feeds tell nobody, as on 8.0.
        """
        self._listeners.append(listener)

    def routes(self) -> list[Route]:
        """Return the routes. They take any module's name, so they belong behind all others under ``/api/3``."""
        return [
            *(route("GET", f"/api/3/{store}", self._describe) for store in STORES),
            *(route("GET", f"/api/3/{store}/{{uuid}}", self._describe_one) for store in STORES),
            route("POST", "/api/3/insert/{module}", self._insert),
            route("PUT", "/api/3/update/{module}", self._update_many),
            route("DELETE", "/api/3/delete/{module}", self._delete_many),
            route("DELETE", "/api/3/delete-with-query/{module}", self._delete_with_query),
            route("POST", "/api/3/upsert/{module}", self._upsert),
            route("POST", "/api/3/bulkupsert/{module}", self._upsert_many),
            route("GET", "/api/3/{module}", self._list),
            route("POST", "/api/3/{module}", self._create),
            route("GET", "/api/3/{module}/{uuid}", self._read),
            route("PUT", "/api/3/{module}/{uuid}", self._update),
            route("DELETE", "/api/3/{module}/{uuid}", self._delete),
            route("GET", "/api/3/{module}/{uuid}/{relation}", self._related),
            route("POST", "/api/3/{module}/{uuid}/{relation}", self._append),
            route("DELETE", "/api/3/{module}/{uuid}/{relation}/{other}", self._unlink),
            route("POST", "/api/ingest-feeds/{module}", self._ingest),
            route("POST", "/api/query/{module}", self._query),
            route("POST", "/api/query/{module}/{uuid}/{relation}", self._query_related),
        ]

    # ---- one record

    def _create(self, call: Call) -> Answer:
        with self._transaction() as session:
            writer = self._writer(session, call)
            record = writer.create(call.object)
            session.flush()
            row = single(session, record, "iris")
        self._tell("create", row, writer)
        return 201, row

    def _read(self, call: Call) -> Answer:
        with self._transaction() as session:
            record = self._find(session, call)
            row = single(session, record, _many(call), call.is_on("$showDeleted"))
        return 200, selected([row], _fields(call))[0]

    def _update(self, call: Call) -> Answer:
        with self._transaction() as session:
            record = self._find(session, call)
            writer = self._writer(session, call)
            writer.update(record, call.object, restores=call.is_on("$showDeleted"))
            session.flush()
            row = single(session, record, _many(call), call.is_on("$showDeleted"))
        self._tell("update", row, writer)
        return 200, row

    def _delete(self, call: Call) -> Answer:
        with self._transaction() as session:
            record = self._find(session, call, with_deleted=call.is_on("$hardDelete"))
            writer, row = self._writer(session, call), single(session, record)
            writer.delete(record, call.is_on("$hardDelete"))
        self._tell("delete", row, writer)
        return 204, None

    def _upsert(self, call: Call) -> Answer:
        with self._transaction() as session:
            writer = self._writer(session, call)
            record, is_new = writer.upsert(call.object)
            session.flush()
            row = single(session, record, "iris")
        self._tell("create" if is_new else "update", row, writer)
        return 201 if is_new else 200, row

    # ---- many records

    def _insert(self, call: Call) -> Answer:
        with self._transaction() as session:
            writer, rows = self._writer(session, call), bulk.rows_of(call.body)
            writer.look_ahead(rows)
            done, failures = bulk.each(rows, writer.create, "POST")
            session.flush()
            shown = show(session, done, "iris")
        for row in shown:
            self._tell("bulk insert", row, writer)
        if failures:
            return bulk.partial(shown, failures)
        # Both null and the type are the guide's.
        return 200, collection(call.parts["module"], shown, len(shown)) | {"@id": None}

    def _upsert_many(self, call: Call) -> Answer:
        if not isinstance(call.body, list):
            raise malformed("The body must be a JSON list of records.")
        with self._transaction() as session:
            writer = self._writer(session, call)
            writer.look_ahead(call.body)
            done, failures = bulk.each(call.body, writer.upsert, "POST")
            session.flush()
            # Two rows with the same unique value are one record.
            records = list(dict.fromkeys(record for record, _ in done))
            rows = {row["uuid"]: row for row in show(session, records, "iris")}
        for record, is_new in done:
            self._tell("create" if is_new else "update", rows[record.uuid], writer)
        return bulk.partial([rows[record.uuid] for record, _ in done], failures)

    def _update_many(self, call: Call) -> Answer:
        with self._transaction() as session:
            writer = self._writer(session, call)

            def update(row: Any) -> Record:
                found = address(row)
                if found is None or found[0] != call.parts["module"]:
                    raise malformed("The record has no @id of this module.")
                return writer.update(find(session, *found), row)

            done, failures = bulk.each(bulk.rows_of(call.body), update, "PUT")
            session.flush()
            shown = show(session, done)
        for row in shown:
            self._tell("update", row, writer)
        return (207, {"data": shown, "failure": failures}) if failures else (200, {"data": shown})

    def _delete_many(self, call: Call) -> Answer:
        ids = call.object.get("ids")
        if not isinstance(ids, list):
            raise malformed('The body must be {"ids": [...]}.')
        with self._transaction() as session:
            writer = self._writer(session, call)

            def delete(uuid: Any) -> Row:
                record = find(session, call.parts["module"], str(uuid))
                row = single(session, record)
                writer.delete(record, call.is_on("$hardDelete"))
                return row

            rows, failures = bulk.each(ids, delete, "DELETE")
        for row in rows:
            self._tell("bulk delete", row, writer)
        return bulk.partial([row["@id"] for row in rows], failures)

    def _delete_with_query(self, call: Call) -> Answer:
        if not call.object.get("filters"):
            raise malformed("The body must have filters.")
        module = self._module(call)
        with self._transaction() as session:
            writer = self._writer(session, call)
            wanted = [Record.module == module.name, condition(module, Record, call.object)]
            if not call.is_on("$hardDelete"):
                wanted.append(Record.deleted.is_(None))
            records = session.scalars(select(Record).where(*wanted)).all()
            rows = show(session, records)
            for record in records:
                writer.delete(record, call.is_on("$hardDelete"))
        for row in rows:
            self._tell("bulk delete", row, writer)
        return 200, {"count": len(rows)}

    def _ingest(self, call: Call) -> Answer:
        """Store a feed. Playbooks ask for the status only; that the uuids are then left out is assumed: no source."""
        with self._transaction() as session:
            uuids = feeds.ingest(session, self._writer(session, call), call.body)
        answer: Row = {"status": "success"}
        return 200, answer if call.is_on("$statusOnly") else answer | {"uuids": uuids}

    # ---- lists and queries

    def _list(self, call: Call) -> Answer:
        module = self._module(call)
        filters = _url_filters(call)
        sort = [
            {"field": field.lstrip("-"), "direction": "DESC" if field.startswith("-") else "ASC"}
            for field in call.option("$orderby").split(",")
            if field
        ]
        return self._page(call, module, [condition(module, Record, {"filters": filters})], sort)

    def _query(self, call: Call) -> Answer:
        module = self._module(call)
        return self._queried(call, module, [])

    def _query_related(self, call: Call) -> Answer:
        module, wanted = self._in_relation(call)
        return self._queried(call, module, wanted)

    def _related(self, call: Call) -> Answer:
        module, wanted = self._in_relation(call)
        return self._page(call, module, wanted, [])

    def _queried(self, call: Call, module: Module, wanted: list[ColumnElement[bool]]) -> Answer:
        body = call.object
        wanted = [
            *wanted,
            condition(module, Record, {"logic": body.get("logic", "AND"), "filters": body.get("filters")}),
        ]
        aggregates = _objects(body, "aggregates")
        if any(_operator(each) not in ("fields", "select") for each in aggregates):
            return self._aggregated(call, module, wanted, aggregates)
        fields = body.get("__selectFields") or [each.get("field") for each in aggregates]
        return self._page(call, module, wanted, body.get("sort") or [], fields, body.get("__ignoreFields"))

    def _page(
        self,
        call: Call,
        module: Module,
        wanted: list[ColumnElement[bool]],
        sort: Any,
        fields: Any = None,
        ignored: Any = None,
    ) -> Answer:
        number, size = call.number("$page", 1), min(call.number("$limit", PAGE_SIZE), LARGEST_PAGE)
        conditions = [*self._visible(call, module), *wanted]
        with self._transaction() as session:
            total = session.scalar(select(func.count()).select_from(Record).where(*conditions)) or 0
            found = select(Record).where(*conditions).order_by(*ordering(module, Record, sort, total < FEW))
            records = session.scalars(found.limit(size).offset((number - 1) * size)).all()
            rows = show(session, records, _many(call), call.is_on("$showDeleted"))
        rows = selected(rows, fields or _fields(call), ignored)
        shown = view(call.path, call.query, number, size, total)
        envelope = collection(module.name, rows, None if call.is_on("$partial") else total) | {"hydra:view": shown}
        return 200, legacy(envelope, shown, size) if call.is_on("$legacy_collection_view") else envelope

    def _aggregated(
        self, call: Call, module: Module, wanted: list[ColumnElement[bool]], aggregates: list[Any]
    ) -> Answer:
        kept = [each for each in aggregates if _operator(each) not in ("fields", "select")]
        columns, groups = aggregate(module, Record, kept)
        names = {column.name: column for column in columns}
        asked = select(*columns).where(*self._visible(call, module), *wanted).group_by(*groups)
        for each in _objects(call.object, "sort"):
            if (column := names.get(str(each.get("field")))) is not None:
                asked = asked.order_by(column.desc() if str(each.get("direction")).upper() == "DESC" else column.asc())
        size = min(call.number("$limit", LARGEST_PAGE), LARGEST_PAGE)
        with self._transaction() as session:
            rows = [dict(row) for row in session.execute(asked.order_by(*groups).limit(size)).mappings()]
        return 200, collection(module.name, rows, len(rows))

    def _visible(self, call: Call, module: Module) -> list[ColumnElement[bool]]:
        wanted = [Record.module == module.name]
        shows_deleted = isinstance(call.body, dict) and call.body.get("showDeleted") is True
        if not shows_deleted and not call.is_on("$showDeleted"):
            wanted.append(Record.deleted.is_(None))
        if term := call.option("$search"):
            wanted.append(search(module, Record, term))
        return wanted

    # ---- relations

    def _in_relation(self, call: Call) -> tuple[Module, list[ColumnElement[bool]]]:
        module, target = self._relation(call)
        with self._transaction() as session:
            record = self._find(session, call)
        linked = select(Link.target_uuid).where(
            Link.module == module.name, Link.uuid == record.uuid, Link.field == call.parts["relation"]
        )
        return target, [Record.uuid.in_(linked)]

    def _append(self, call: Call) -> Answer:
        _, target = self._relation(call)
        name = call.parts["relation"]
        if name == "comments":
            raise not_allowed("Comments are created at /api/3/comments.")  # met on 7.6
        with self._transaction() as session:
            record, writer = self._find(session, call), self._writer(session, call)
            found = address(call.object)
            if found is None:
                other = Writer(session, target, self._now(), caller().author).create(call.object)
                session.flush()
            elif found[0] != target.name:
                raise malformed(f"{name} holds records of {target.name}.")
            else:
                other = find(session, *found)
            is_new = writer.link(record, name, other.module, other.uuid)
            row = single(session, other)
            owner = single(session, record)
        if is_new:
            self._tell("link", owner | {"link": row}, writer)
        return 200 if found else 201, row

    def _unlink(self, call: Call) -> Answer:
        _, target = self._relation(call)
        with self._transaction() as session:
            record = self._find(session, call)
            other = find(session, target.name, call.parts["other"], with_deleted=True)
            writer = self._writer(session, call)
            writer.unlink(record, call.parts["relation"], other.module, other.uuid)
            owner = single(session, record) | {"link": single(session, other)}
        self._tell("unlink", owner, writer)
        return 204, None

    def _relation(self, call: Call) -> tuple[Module, Module]:
        module = self._module(call)
        name = call.parts["relation"]
        if name not in module.many or module.fields[name].target not in MODULES:
            raise not_found(f"{module.name}/{name}")
        return module, MODULES[module.fields[name].target]

    # ---- descriptions of modules

    def _describe(self, call: Call) -> Answer:
        store = call.path.split("/")[3]
        rows = descriptions(store, call.is_on("$relationships"))
        shown = {"@id": call.path, "@type": "hydra:PartialCollectionView"}
        return 200, {
            "@context": f"/api/3/contexts/{STORES[store]}",
            "@id": call.path,
            "@type": "hydra:Collection",
            "hydra:member": rows,
            "hydra:totalItems": len(rows),
            "hydra:view": shown,
        }

    def _describe_one(self, call: Call) -> Answer:
        store = call.path.split("/")[3]
        for row in descriptions(store, True):
            if row["uuid"] == call.parts["uuid"]:
                return 200, {"@context": f"/api/3/contexts/{STORES[store]}"} | row
        raise not_found(call.path)

    # ---- what all need

    def _module(self, call: Call) -> Module:
        name = call.parts["module"]
        if name not in MODULES:
            raise not_found(f"/api/3/{name}")
        return MODULES[name]

    def _find(self, session: Session, call: Call, with_deleted: bool = False) -> Record:
        module = self._module(call)
        return find(session, module.name, call.parts["uuid"], with_deleted or call.is_on("$showDeleted"))

    def _writer(self, session: Session, call: Call) -> Writer:
        revives = self._switches["upsert_of_deleted_record"] == "restore"
        return Writer(session, self._module(call), self._now(), caller().author, revives)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._store.transaction() as session, session.no_autoflush:
            yield session

    def _tell(self, what: str, row: Row, writer: Writer) -> None:
        for listener in self._listeners:
            listener(what, writer.module.name, row, writer.changed.get(row["uuid"], {}))


def _url_filters(call: Call) -> list[Row]:
    """Return the filters of an address: ``field=value`` and ``field$operator=value``, all of them to be met."""
    filters = []
    for name, value in call.query:
        if name.startswith("$"):
            continue
        field, _, operator = name.partition("$")
        filters.append({"field": field, "operator": operator or "eq", "value": value})
    if len({each["field"] + each["operator"] for each in filters}) < len(filters):
        raise malformed("A filter stands twice in the address; /api/query has OR.")
    return filters


def _fields(call: Call) -> list[str]:
    text = call.option("$fields") or call.option("__selectFields")
    return text.split(",") if text else []


def _many(call: Call) -> str:
    return "records" if call.is_on("$relationships") else ""


def _objects(body: Row, key: str) -> list[Row]:
    found = body.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise malformed(f'"{key}" must be a list of objects.')
    return found


def _operator(each: Row) -> str:
    return str(each.get("operator"))
