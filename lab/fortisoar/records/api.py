"""The HTTP face of the record store: ``/api/3/<module>`` and ``/api/query/<module>``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from starlette.routing import Route

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.switches import Switches
from ..caller import caller
from ..calls import Answer, Call, Row, route
from . import bulk, feeds
from .content import writer_of
from .errors import malformed, not_allowed, not_found
from .metadata import STORES, descriptions
from .modules import CONTENT, MODULES, Module, parts
from .querying import aggregate, condition, ordering, search
from .seeding import fill
from .showing import collection, legacy, selected, show, single, view
from .tables import Link, Record
from .values import address, iri
from .writing import Writer, find

PAGE_SIZE = 30
LARGEST_PAGE = 5000  # the appliance's cap, whatever $limit asks for
FEW = 1000  # records that are sorted at no cost worth speaking of

Written = TypeVar("Written")


class Listener(Protocol):
    """Who is told of what requests write."""

    def record_written(self, change: str, module: str, row: Row, before: Row, /) -> None:
        """Take note of a record.

        Parameters:
            change: create, update, delete, link, unlink, bulk insert or bulk delete.
            row: the record as it is read; of a link, with the one at the other end under ``link``.
            before: by name, what the fields that changed held before.
        """

    def records_going(self, change: str, module: str, iris: list[str], /) -> Callable[[str], None]:
        """Look at records that are about to be deleted; return what is to be called with each that is gone."""


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
        """Tell somebody of each record that a request writes or deletes.

        Bulk inserts, bulk deletes and links made at a relation's address are told apart, as they may start no playbook.
        Feeds are told where the switch says so: they start none on 8.0.
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
            route("POST", "/api/3/{module}", self.create),
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

    def create(self, call: Call) -> Answer:
        """Answer to what creates a record."""
        with self._transaction() as session:
            writer = self._writer(session, call)
            record = writer.create(call.fields)
            row = _written(session, call, record, "iris")
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
            writer.update(record, call.fields, restores=call.is_on("$showDeleted"))
            row = _written(session, call, record, _many(call))
        self._tell("update", row, writer)
        return 200, row

    def _delete(self, call: Call) -> Answer:
        gone = self._going("delete", call, [call.path["uuid"]])
        with self._transaction() as session:
            record = self._find(session, call, with_deleted=call.is_on("$hardDelete"))
            writer = self._writer(session, call)
            row = single(session, record)
            writer.delete(record, call.is_on("$hardDelete"))
        gone(record.iri)
        self._tell("delete", row, writer)
        return 204, None

    def _upsert(self, call: Call) -> Answer:
        with self._transaction() as session:
            writer = self._writer(session, call)
            record, is_new = writer.upsert(call.fields)
            row = _written(session, call, record, "iris")
        self._tell("create" if is_new else "update", row, writer)
        return 201 if is_new else 200, row

    # ---- many records

    def _insert(self, call: Call) -> Answer:
        with self._transaction() as session:
            writer, rows = self._writer(session, call), bulk.rows_of(call.body)
            writer.look_ahead(rows)
            done, failures = bulk.each(
                rows, self._in_bulk(session, call, writer, lambda one, row: one.create(row)), "POST"
            )
            session.flush()
            shown = show(session, done, "iris")
        for row in shown:
            self._tell("bulk insert", row, writer)
        if failures:
            return bulk.partial(shown, failures)
        # Both null and the type are the guide's.
        return 200, collection(call.path["module"], shown, len(shown)) | {"@id": None}

    def _upsert_many(self, call: Call) -> Answer:
        if not isinstance(call.body, list):
            raise malformed("The body must be a JSON list of records.")
        with self._transaction() as session:
            writer = self._writer(session, call)
            writer.look_ahead(call.body)
            done, failures = bulk.each(
                call.body, self._in_bulk(session, call, writer, lambda one, row: one.upsert(row)), "POST"
            )
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

            def update(one: Writer, row: Any) -> Record:
                found = address(row)
                if found is None or found[0] != call.path["module"]:
                    raise malformed("The record has no @id of this module.")
                return one.update(find(session, *found), row)

            done, failures = bulk.each(bulk.rows_of(call.body), self._in_bulk(session, call, writer, update), "PUT")
            session.flush()
            shown = show(session, done)
        for row in shown:
            self._tell("update", row, writer)
        return (207, {"data": shown, "failure": failures}) if failures else (200, {"data": shown})

    def _delete_many(self, call: Call) -> Answer:
        ids = call.fields.get("ids")
        if not isinstance(ids, list):
            raise malformed('The body must be {"ids": [...]}.')
        gone = self._going("bulk delete", call, ids)
        with self._transaction() as session:
            writer = self._writer(session, call)

            def delete(uuid: Any) -> Row:
                record = find(session, call.path["module"], str(uuid))
                row = single(session, record)
                writer.delete(record, call.is_on("$hardDelete"))
                return row

            rows, failures = bulk.each(ids, delete, "DELETE")
        for row in rows:
            gone(row["@id"])
            self._tell("bulk delete", row, writer)
        return bulk.partial([row["@id"] for row in rows], failures)

    def _delete_with_query(self, call: Call) -> Answer:
        if not call.fields.get("filters"):
            raise malformed("The body must have filters.")
        module = self._module(call)
        wanted = [Record.module == module.name, condition(module, Record, call.fields)]
        if not call.is_on("$hardDelete"):
            wanted.append(Record.deleted.is_(None))
        with self._transaction() as session:
            uuids = list(session.scalars(select(Record.uuid).where(*wanted)))
        gone = self._going("bulk delete", call, uuids)
        with self._transaction() as session:
            writer = self._writer(session, call)
            records = session.scalars(select(Record).where(*wanted)).all()
            rows = show(session, records)
            for record in records:
                writer.delete(record, call.is_on("$hardDelete"))
        for row in rows:
            gone(row["@id"])
            self._tell("bulk delete", row, writer)
        return 200, {"count": len(rows)}

    def _ingest(self, call: Call) -> Answer:
        """Store a feed. Playbooks ask for the status only; that the uuids are then left out is assumed: no source."""
        with self._transaction() as session:
            writer = self._writer(session, call)
            stored = feeds.ingest(session, writer, call.body)
            session.flush()
            told = stored if self._switches["feed_starts_playbooks"] else []
            rows = {row["uuid"]: row for row in show(session, list(dict.fromkeys(record for record, _ in told)))}
        for record, is_new in told:
            self._tell("create" if is_new else "update", rows[record.uuid], writer)
        answer: Row = {"status": "success"}
        return 200, answer if call.is_on("$statusOnly") else answer | {"uuids": [record.uuid for record, _ in stored]}

    # ---- lists and queries

    def _list(self, call: Call) -> Answer:
        module = self._module(call)
        filters = _url_filters(call)
        sort = _order(call.query.get("$orderby", ""))
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
        body = call.fields
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
            order = ordering(module, Record, sort or _order(module.order), total < FEW)
            found = select(Record).where(*conditions).order_by(*order)
            records = session.scalars(found.limit(size).offset((number - 1) * size)).all()
            rows = show(session, records, _many(call), call.is_on("$showDeleted"))
        if not call.is_on("$includeData"):
            rows = [_withheld(module, row) for row in rows]
        rows = selected(rows, fields or _fields(call), ignored)
        shown = view(call.address, call.pairs, number, size, total)
        envelope = collection(module.name, rows, None if call.is_on("$partial") else total) | {"hydra:view": shown}
        return 200, legacy(envelope, shown, size) if call.is_on("$legacy_collection_view") else envelope

    def _aggregated(
        self, call: Call, module: Module, wanted: list[ColumnElement[bool]], aggregates: list[Any]
    ) -> Answer:
        kept = [each for each in aggregates if _operator(each) not in ("fields", "select")]
        columns, groups = aggregate(module, Record, kept)
        names = {column.name: column for column in columns}
        asked = select(*columns).where(*self._visible(call, module), *wanted).group_by(*groups)
        for each in _objects(call.fields, "sort"):
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
        if term := call.query.get("$search"):
            wanted.append(search(module, Record, term))
        return wanted

    # ---- relations

    def _in_relation(self, call: Call) -> tuple[Module, list[ColumnElement[bool]]]:
        module, target = self._relation(call)
        with self._transaction() as session:
            record = self._find(session, call)
        linked = select(Link.target_uuid).where(
            Link.module == module.name, Link.uuid == record.uuid, Link.field == call.path["relation"]
        )
        return target, [Record.uuid.in_(linked)]

    def _append(self, call: Call) -> Answer:
        module, target = self._relation(call)
        name = call.path["relation"]
        _check_is_linked(module, name)
        if name == "comments":
            raise not_allowed("Comments are created at /api/3/comments.")  # met on 7.6
        with self._transaction() as session:
            record, writer = self._find(session, call), self._writer(session, call)
            found, others = address(call.fields), self.writer(session, target)
            if found is None:
                other = others.create(call.fields)
                session.flush()
            elif found[0] != target.name:
                raise malformed(f"{name} holds records of {target.name}.")
            else:
                other = find(session, *found)
            is_new = writer.link(record, name, other.module, other.uuid)
            row, linked_to = single(session, other), single(session, record)
        if found is None:
            self._tell("create", row, others)
        if is_new:
            self._tell("link", linked_to | {"link": row}, writer, {name: None})
        return 200 if found else 201, row

    def _unlink(self, call: Call) -> Answer:
        module, target = self._relation(call)
        _check_is_linked(module, call.path["relation"])
        with self._transaction() as session:
            record = self._find(session, call)
            other = find(session, target.name, call.path["other"], with_deleted=True)
            writer = self._writer(session, call)
            writer.unlink(record, call.path["relation"], other.module, other.uuid)
            row = single(session, record) | {"link": single(session, other)}
        self._tell("unlink", row, writer, {call.path["relation"]: None})
        return 204, None

    def _relation(self, call: Call) -> tuple[Module, Module]:
        module = self._module(call)
        name = call.path["relation"]
        if name not in module.many or module.fields[name].target not in MODULES:
            raise not_found(f"{module.name}/{name}")
        return module, MODULES[module.fields[name].target]

    # ---- descriptions of modules

    def _describe(self, call: Call) -> Answer:
        store = call.address.split("/")[3]
        rows = descriptions(store, call.is_on("$relationships"))
        shown = {"@id": call.address, "@type": "hydra:PartialCollectionView"}
        return 200, {
            "@context": f"/api/3/contexts/{STORES[store]}",
            "@id": call.address,
            "@type": "hydra:Collection",
            "hydra:member": rows,
            "hydra:totalItems": len(rows),
            "hydra:view": shown,
        }

    def _describe_one(self, call: Call) -> Answer:
        store = call.address.split("/")[3]
        for row in descriptions(store, True):
            if row["uuid"] == call.path["uuid"]:
                return 200, {"@context": f"/api/3/contexts/{STORES[store]}"} | row
        raise not_found(call.address)

    # ---- what all need

    def _module(self, call: Call) -> Module:
        name = call.path["module"]
        if name not in MODULES:
            raise not_found(f"/api/3/{name}")
        return MODULES[name]

    def _find(self, session: Session, call: Call, with_deleted: bool = False) -> Record:
        module = self._module(call)
        return find(session, module.name, call.path["uuid"], with_deleted or call.is_on("$showDeleted"))

    def _writer(self, session: Session, call: Call) -> Writer:
        return self.writer(session, self._module(call))

    def writer(self, session: Session, module: Module) -> Writer:
        """Return what writes the records of a module through a session."""
        revives = self._switches["upsert_of_deleted_record"] == "restore"
        return writer_of(session, module, self._now(), caller().author, revives)

    def _in_bulk(
        self, session: Session, call: Call, writer: Writer, write: Callable[[Writer, Any], Written]
    ) -> Callable[[Any], Written]:
        """Return what writes one row of many. A record with parts that fails half-way leaves nothing behind."""

        def alone(row: Any) -> Written:
            with session.begin_nested():
                return write(self._writer(session, call), row)

        return alone if parts(writer.module.name) else partial(write, writer)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._store.transaction() as session, session.no_autoflush:
            yield session

    def _tell(self, what: str, row: Row, writer: Writer, before: Row | None = None) -> None:
        for listener in self._listeners:
            listener.record_written(what, writer.module.name, row, before or writer.changed.get(row["uuid"], {}))

    def _going(self, change: str, call: Call, uuids: Iterable[Any]) -> Callable[[str], None]:
        """Have records looked at that are about to be deleted; return what is to be called with each that is gone."""
        module = call.path["module"]
        iris = [iri(module, str(uuid).lower()) for uuid in uuids]
        told = [each.records_going(change, module, iris) for each in self._listeners]

        def gone(record: str) -> None:
            for tell in told:
                tell(record)

        return gone


def _url_filters(call: Call) -> list[Row]:
    """Return the filters of an address: ``field=value`` and ``field$operator=value``, all of them to be met."""
    filters = []
    for name, value in call.pairs:
        if name.startswith(("$", "__")):
            continue
        field, _, operator = name.partition("$")
        filters.append({"field": field, "operator": operator or "eq", "value": value})
    if len({each["field"] + each["operator"] for each in filters}) < len(filters):
        raise malformed("A filter stands twice in the address; /api/query has OR.")
    return filters


def _order(text: str) -> list[Row]:
    """Return the sorting that an address asks for: ``field`` or ``-field``, more of them after commas."""
    return [
        {"field": field.lstrip("+-"), "direction": "DESC" if field.startswith("-") else "ASC"}
        for field in text.split(",")
        if field
    ]


def _fields(call: Call) -> list[str]:
    text = call.query.get("$fields") or call.query.get("__selectFields")
    return text.split(",") if text else []


def _many(call: Call) -> str:
    return "records" if call.is_on("$relationships") else ""


def _written(session: Session, call: Call, record: Record, many: str) -> Row:
    """Return what answers a write. Relations of playbooks are IRIs unless they are asked for (met on 8.0)."""
    session.flush()
    if record.module in CONTENT:
        many = _many(call) or "iris"
    return _withheld(MODULES[record.module], single(session, record, many, call.is_on("$showDeleted")))


def _withheld(module: Module, row: Row) -> Row:
    """Return a row without what is shown on demand alone, which the appliance does not send back either (8.0)."""
    return {**row, **dict.fromkeys(module.on_demand)}


def _check_is_linked(module: Module, relation: str) -> None:
    if relation in parts(module.name):
        raise not_allowed(f"{relation} are written with their {module.type}.")


def _objects(body: Row, key: str) -> list[Row]:
    found = body.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise malformed(f'"{key}" must be a list of objects.')
    return found


def _operator(each: Row) -> str:
    return str(each.get("operator"))
