"""Creating, changing and deleting records in one transaction."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, delete, func, literal_column, select
from sqlalchemy.orm import Session

from ..refusals import refusal
from .errors import conflict, malformed, not_found, unexpected_value
from .modules import LISTS, MODULES, Module, inverse, parts
from .picklists import picklist_uuid
from .tables import Counter, Link, Record, UniqueKey
from .values import Cleaner, address, iri

Row = dict[str, Any]
Key = tuple[str, str]  # the columns and their value
LinkEdit = tuple[str, str, str, bool]  # relation, module and uuid at the other end, whether it is made or undone

UUID = re.compile("[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
# What an answer carries but a request cannot set. Clients send whole records back.
KEPT = {"id", "uuid", "createDate", "modifyDate", "createUser", "modifyUser", "deletedAt", "tenant"}

# Records in a relation from which on a link that is there already counts as a change (the guide, on 7.0).
TOO_MANY_TO_COMPARE = 99


@dataclass
class Draft:
    """What a request asks of one record, with every value checked."""

    values: Row
    links: list[LinkEdit]
    replaced: list[str]  # relations that lose what they held


class Writer:
    """Writes records of one module through one session.

    Parameters:
        session: the open transaction. Its autoflush must be off: a bulk is written in one go at its end.
        module: whose records.
        now: the lab's time, in seconds since 1970.
        author: the IRI of the person who writes.
        revives: whether an upsert takes a record out of the recycle bin.
    """

    def __init__(self, session: Session, module: Module, now: float, author: str, revives: bool = False) -> None:
        self._session = session
        self.module = module
        self._now = now
        self._author = author
        self._revives = revives
        self.changed: dict[str, Row] = {}  # by uuid: the fields that got another value, with the one they had
        self._family: dict[str, Writer] = {module.name: self}  # what writes the parts of the same records
        self._holders: dict[Key, str | None] = {}
        self._fresh: dict[str, Record] = {}
        self._read: Sequence[Record] = ()  # keeps them in the session, which holds its records weakly
        self._existing: dict[tuple[str, str], bool] = {}
        self._picklists: dict[str, str | None] = {}
        self._cleaner = Cleaner(self._picklist_of, self._exists)
        self._counter = session.get(Counter, module.name) or Counter(module=module.name, last=0)
        session.add(self._counter)

    def look_ahead(self, bodies: Iterable[Any]) -> None:
        """Read at once who holds the unique values of many records, and their uuids, instead of one by one."""
        rows = [body for body in bodies if isinstance(body, dict)]
        keys = [key for body in rows for key in self._keys(self._raw_values(body))]
        self._holders |= dict.fromkeys(keys)
        held = select(UniqueKey).where(
            UniqueKey.module == self.module.name, UniqueKey.value.in_([value for _, value in keys])
        )
        self._holders |= {(key.columns, key.value): key.uuid for key in self._session.scalars(held)}
        self.look_for({str(body["uuid"]).lower() for body in rows if body.get("uuid")})
        uuids = [uuid for uuid in self._holders.values() if uuid]
        self._read = self._session.scalars(select(Record).where(self._is_one_of(uuids))).all()

    def look_for(self, uuids: Collection[str]) -> None:
        """Read at once which of many records are there, instead of one by one."""
        unknown = {uuid for uuid in uuids if (self.module.name, uuid) not in self._existing}
        found = set(self._session.scalars(select(Record.uuid).where(self._is_one_of(unknown)))) if unknown else set()
        self._existing |= {(self.module.name, uuid): uuid in found for uuid in unknown}

    def get(self, uuid: str) -> Record | None:
        """Return a record, None if there is none."""
        return self._session.get(Record, (self.module.name, uuid)) if self._exists(self.module.name, uuid) else None

    def create(self, body: Any) -> Record:
        """Make a record; raise Refusal 400 for a wrong value, 409 for a unique one that is taken."""
        draft = self._draft(self._with_defaults(body))
        uuid = self._new_uuid(body.get("uuid"))
        self._check_free(self._keys(draft.values), uuid)
        self._counter.last += 1
        values = draft.values
        if self.module.name not in LISTS:
            values |= {"createUser": self._author, "modifyUser": self._author}
        record = Record(
            module=self.module.name,
            uuid=uuid,
            number=self._counter.last,
            document={},
            created=self._now,
            modified=self._now,
        )
        self._session.add(record)
        self._fresh[uuid] = record
        self._existing[(record.module, uuid)] = True
        self._store(record, values)
        self._link(record, draft)
        return record

    def update(self, record: Record, body: Any, restores: bool = False) -> Record:
        """Merge fields into a record; raise Refusal as ``create``.

        Parameters:
            restores: whether ``deletedAt: null`` takes it out of the recycle bin.
        """
        draft = self._draft(body)
        values = {**record.document, **draft.values}
        self._check_free(self._keys(values), record.uuid)
        if self.module.name not in LISTS:
            values["modifyUser"] = self._author
        record.modified = self._now
        if restores and "deletedAt" in body and body["deletedAt"] is None:
            self.restore(record)
        self._store(record, values)
        self._link(record, draft)
        return record

    def upsert(self, body: Any) -> tuple[Record, bool]:
        """Update the record that has the same unique values, else create; return it and whether it is new.

        A record in the recycle bin keeps its unique values reserved (met on 8.0). That it is a conflict for an upsert
        too is assumed, with a switch: no source.
        """
        if not isinstance(body, dict):
            raise malformed("A record must be a JSON object.")
        for columns, value in self._keys(self._raw_values(body)):
            if uuid := self._holder((columns, value)):
                record = self._fresh.get(uuid) or find(self._session, self.module.name, uuid, with_deleted=True)
                if record.deleted is not None and not self._revives:
                    raise conflict(self.module.name, columns, value)
                self.restore(record)
                return self.update(record, body), False
        return self.create(body), True

    def delete(self, record: Record, hard: bool) -> None:
        """Put a record into the recycle bin, or remove it with its links; the lists' records know no bin."""
        if not hard and record.module not in LISTS:
            record.deleted = self._now
            return
        remove(self._session, self.module, [record.uuid])

    def restore(self, record: Record) -> None:
        """Take a record out of the recycle bin."""
        record.deleted = None

    def attach(self, record: Record, owner: Record) -> None:
        """Make a record a part of another one."""
        self._store(record, {**record.document, self.module.owner: owner.iri})

    def _is_one_of(self, uuids: Iterable[str]) -> ColumnElement[bool]:
        return and_(Record.module == self.module.name, Record.uuid.in_(uuids))

    def _new_uuid(self, given: Any) -> str:
        if not given:
            return str(uuid4())
        uuid = str(given).lower()
        if not UUID.fullmatch(uuid):
            raise unexpected_value('The "uuid" field expects a uuid.')
        if self._exists(self.module.name, uuid):
            raise conflict(self.module.name, "uuid", uuid)
        return uuid

    def _draft(self, body: Any) -> Draft:
        if not isinstance(body, dict):
            raise malformed("A record must be a JSON object.")
        draft = Draft(self._clean_values(body), [], [])
        for name in self.module.many:
            if name in body and name not in parts(self.module.name):
                draft.replaced.append(name)
                draft.links += self._edits(name, body[name], True)
        for word, makes in (("__link", True), ("__unlink", False)):
            for name, given in _object(word, body.get(word)).items():
                if name not in self.module.many:
                    raise unexpected_value(f'{self.module.name} has no relation "{name}".')
                draft.links += self._edits(name, given, makes)
        return draft

    def _clean_values(self, body: Row) -> Row:
        """Return the given fields as they are stored; what the module does not have is ignored, as far as known."""
        fields = self.module.fields
        return {
            name: self._cleaner.clean(name, fields[name], value)
            for name, value in body.items()
            if name in fields and name not in KEPT and fields[name].kind != "many"
        }

    def _raw_values(self, body: Row) -> Row:
        """Return what makes a record unique, as far as it can be read."""
        columns = {column for group in self.module.unique for column in group}
        fields = self.module.fields
        values = {}
        for column in columns:
            given = body.get(column)
            if given is not None and fields[column].kind == "picklist":
                found = address(given)
                values[column] = iri(*found) if found else None
            elif given is not None:
                values[column] = self._cleaner.clean(column, fields[column], given)
        return values

    def _edits(self, name: str, given: Any, makes: bool) -> list[LinkEdit]:
        field = self.module.fields[name]
        edits = []
        for value in given if isinstance(given, list) else [given]:
            if value is None or value == "":
                continue
            found = address(self._cleaner.related(name, field, value))
            assert found is not None
            edits.append((name, *found, makes))
        return edits

    def _with_defaults(self, body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        items = {
            name: iri("picklists", picklist_uuid(f"{self.module.fields[name].target}/{item}"))
            for name, item in self.module.defaults.items()
        }
        return items | body

    def _keys(self, values: Row) -> list[Key]:
        """Return the unique values of a record; like a database, a null makes none."""
        keys = []
        for group in self.module.unique:
            held = [values.get(column) for column in group]
            if None not in held:
                keys.append((", ".join(group), json.dumps(held)))
        return keys

    def _check_free(self, keys: list[Key], uuid: str) -> None:
        for key in keys:
            if self._holder(key) not in (None, uuid):
                raise conflict(self.module.name, *key)

    def _holder(self, key: Key) -> str | None:
        if key not in self._holders:
            found = self._session.get(UniqueKey, (self.module.name, *key))
            self._holders[key] = found.uuid if found else None
        return self._holders[key]

    def _store(self, record: Record, values: Row) -> None:
        for name in self.module.required:
            if not values.get(name):
                raise refusal(400, f"{name}: This value should not be blank.")
        before, after = set(self._keys(record.document)), set(self._keys(values))
        if before - after:
            self._session.flush()
        for key in before - after:
            if held := self._session.get(UniqueKey, (record.module, *key)):
                self._session.delete(held)
            self._holders[key] = None
        for key in after - before:
            self._session.add(UniqueKey(module=record.module, columns=key[0], value=key[1], uuid=record.uuid))
            self._holders[key] = record.uuid
        document = {name: value for name, value in values.items() if value is not None}
        names = {*document, *record.document} - {"createUser", "modifyUser"}
        differing = {name for name in names if document.get(name) != record.document.get(name)}
        changed = self.changed.setdefault(record.uuid, {})
        changed |= {name: record.document.get(name) for name in differing - changed.keys()}
        if self.module.owner in differing:
            self._move(record, document.get(self.module.owner))
        record.document = document

    def _move(self, record: Record, owner: Any) -> None:
        """Show a record in the relation of its owner, if that has one."""
        at = {"target_module": record.module, "target_uuid": record.uuid}
        owners = self.module.fields[self.module.owner].module
        for name in [name for name, part in parts(owners).items() if part is self.module]:
            if record.document.get(self.module.owner):
                self._session.flush()
                self._session.execute(delete(Link).filter_by(module=owners, field=name, **at))
            if found := address(owner):
                self._session.add(Link(module=owners, uuid=found[1], field=name, **at))

    def _link(self, record: Record, draft: Draft) -> None:
        if not draft.replaced and not draft.links:
            return
        self._session.flush()
        before = {
            name: _targets(self._session, record, name) for name in {*draft.replaced, *(e[0] for e in draft.links)}
        }
        for name in draft.replaced:
            for link in linked(self._session, record, name):
                self.unlink(record, name, link.target_module, link.target_uuid)
        for name, module, uuid, makes in draft.links:
            (self.link if makes else self.unlink)(record, name, module, uuid)
        self.changed[record.uuid] |= {
            name: held
            for name, held in before.items()
            if len(held) >= TOO_MANY_TO_COMPARE or held != _targets(self._session, record, name)
        }

    def link(self, record: Record, name: str, module: str, uuid: str) -> bool:
        """Put a record into a relation, seen from both ends.

        Returns: whether it counts as a change: not if it is there already, unless the relation is too long to look.
        """
        held = _targets(self._session, record, name)
        for end in _ends(record, name, module, uuid):
            self._session.merge(Link(**end))
        self._session.flush()
        return iri(module, uuid) not in held or len(held) >= TOO_MANY_TO_COMPARE

    def unlink(self, record: Record, name: str, module: str, uuid: str) -> None:
        """Take a record out of a relation, seen from both ends."""
        for end in _ends(record, name, module, uuid):
            self._session.execute(delete(Link).filter_by(**end))

    def _exists(self, module: str, uuid: str) -> bool:
        if (module, uuid) not in self._existing:
            self._existing[(module, uuid)] = self._session.get(Record, (module, uuid)) is not None
        return self._existing[(module, uuid)]

    def _picklist_of(self, uuid: str) -> str | None:
        if uuid not in self._picklists:
            item = self._session.get(Record, ("picklists", uuid))
            held = address(item.document.get("listName")) if item else None
            owner = self._session.get(Record, held) if held else None
            self._picklists[uuid] = owner.document.get("name") if owner else None
        return self._picklists[uuid]


def find(session: Session, module: str, uuid: str, with_deleted: bool = False) -> Record:
    """Return a record; raise Refusal 404 if there is none, or it lies in the recycle bin."""
    record = session.get(Record, (module, uuid.lower()))
    if record is None or (record.deleted is not None and not with_deleted):
        raise not_found(iri(module, uuid))
    return record


def linked(session: Session, record: Record, name: str) -> list[Link]:
    """Return what a relation of a record holds."""
    found = select(Link).where(Link.module == record.module, Link.uuid == record.uuid, Link.field == name)
    return list(session.scalars(found))


def _targets(session: Session, record: Record, name: str) -> list[str]:
    return sorted(iri(link.target_module, link.target_uuid) for link in linked(session, record, name))


def remove(session: Session, module: Module, uuids: Collection[str]) -> None:
    """Remove records for good, with what they reserved, their links and their parts."""
    session.flush()
    session.execute(delete(UniqueKey).where(UniqueKey.module == module.name, UniqueKey.uuid.in_(uuids)))
    session.execute(delete(Link).where(Link.module == module.name, Link.uuid.in_(uuids)))
    session.execute(delete(Link).where(Link.target_module == module.name, Link.target_uuid.in_(uuids)))
    for part in MODULES.values():
        if part.owner and part.fields[part.owner].module == module.name:
            held = func.json_extract(Record.document, literal_column(f"'$.{part.owner}'"))
            owners = [iri(module.name, uuid) for uuid in uuids]
            wanted = select(Record.uuid).where(Record.module == part.name, held.in_(owners))
            if found := session.scalars(wanted).all():
                remove(session, part, found)
    session.execute(delete(Record).where(Record.module == module.name, Record.uuid.in_(uuids)))


def _ends(record: Record, name: str, module: str, uuid: str) -> list[Row]:
    here = {"module": record.module, "uuid": record.uuid}
    there = {"module": module, "uuid": uuid}
    ends = [_end(here, name, there)]
    if module in MODULES and (back := inverse(record.module, name)):
        ends.append(_end(there, back, here))
    return ends


def _end(here: Row, name: str, there: Row) -> Row:
    return {**here, "field": name, "target_module": there["module"], "target_uuid": there["uuid"]}


def _object(word: str, given: Any) -> Row:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise malformed(f'"{word}" must be an object of relations.')
    return given
