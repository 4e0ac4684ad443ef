"""What the modules of playbooks do beyond storing: they are written with their parts, and versions are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..models import InstalledConnector
from ..refusals import Refusal, refusal
from .errors import conflict, malformed, not_found
from .modules import Module, parts
from .tables import Record
from .values import address, iri
from .writing import Row, Writer, find, linked, remove

MOST_VERSIONS = 20  # of one playbook, as on the appliance


class Whole(Writer):
    """Writes records with the parts that are nested in them.

    One that is written anew has new parts. With one that is changed, parts become those given: kept ones as IRIs or
    with ``@id``, as a row without its address is a new one to the appliance (met on 8.0).
    """

    is_lenient = False  # whether parts are told apart by their uuids alone, as in exports
    takes_over = False  # whether parts may be there already, wherever they are
    drops = True  # whether a change removes the parts that it does not give

    def create(self, body: Any) -> Record:
        """Make a record with its parts.

        Raises: Refusal 409 if a part's uuid is taken; 404 for a part that claims by its address to be there and is
            not, as met on 8.0.
        """
        record = super().create(body)
        self._write_parts(record, body, is_new=True)
        return record

    def update(self, record: Record, body: Any, restores: bool = False) -> Record:
        """Merge fields into a record, and write those of its parts that are given."""
        super().update(record, body, restores)
        self._write_parts(record, body, is_new=False)
        return record

    def _write_parts(self, record: Record, body: Row, is_new: bool) -> None:
        for relation, module in parts(self.module.name).items():
            if relation in body:
                rows = body[relation] or []
                if not isinstance(rows, list):
                    raise refusal(400, f"{relation}: This value should be a list.")
                self._write_relation(record, relation, self.of_part(module), rows, is_new)

    def _write_relation(self, record: Record, relation: str, writer: Writer, rows: list[Any], is_new: bool) -> None:
        held = set() if is_new else {link.target_uuid for link in linked(self._session, record, relation)}
        writer.look_for({uuid for row in rows if (uuid := _uuid_of(row))})
        given = [self._part(record, writer, row, held, is_new) for row in rows]
        if self.drops and (gone := held - {part.uuid for part in given}):
            remove(self._session, writer.module, gone)

    def _part(self, owner: Record, writer: Writer, row: Any, held: set[str], is_new: bool) -> Record:
        claimed, uuid = address(row), _uuid_of(row)
        found = writer.get(uuid) if uuid else None
        if isinstance(row, str):
            # What is attached to nothing may be taken.
            if found is None or (uuid not in held and writer.module.owner in found.document):
                raise _not_there(row)
            part = found
        elif not isinstance(row, dict):
            raise malformed("A record must be a JSON object.")
        elif found is not None and (self.takes_over or (uuid in held and (claimed or self.is_lenient))):
            writer.restore(found)
            part = writer.update(found, _without_owner(writer.module, row))
        elif found is not None:
            raise conflict(writer.module.name, "uuid", uuid)
        elif claimed and is_new and not self.is_lenient:
            raise _not_there(iri(*claimed))
        else:
            part = writer.create({**_without_owner(writer.module, row), "uuid": uuid})
        writer.attach(part, owner)
        return part

    def of_part(self, module: Module) -> Writer:
        """Return what writes the parts of a module."""
        if module.name not in self._family:
            made = self._family[module.name] = writer_of(self._session, module, self._now, self._author)
            made._family = self._family
        return self._family[module.name]


class Playbooks(Whole):
    """Writes playbooks with their steps and routes."""

    def upsert(self, body: Any) -> tuple[Record, bool]:
        """Create a playbook; in spite of the address, one that is there is a conflict (met on 8.0)."""
        return self.create(body), True

    def _with_defaults(self, body: Any) -> Any:
        return {"isActive": False, **body} if isinstance(body, dict) else body

    def _clean_values(self, body: Row) -> Row:
        collection = address(body.get("collection"))
        if collection and not self._exists(*collection):
            # The type is met on 8.0; the status is assumed: no source.
            message = f"There is no {iri(*collection)}"
            raise Refusal(400, {"type": "ForeignKeyConstraintViolationException", "message": message})
        return super()._clean_values(body)


class PlaybookParts(Writer):
    """Writes steps and routes. They are attached to playbooks by these alone, as met on 8.0."""

    def _clean_values(self, body: Row) -> Row:
        return super()._clean_values(_without_owner(self.module, body))

    def update(self, record: Record, body: Any, restores: bool = False) -> Record:
        """Merge fields into a record, which clients send back with its playbook as they read it."""
        before = record.modified
        super().update(record, body, restores)
        if not self.changed[record.uuid]:
            record.modified = before
        return record


class Collections(Whole):
    """Writes collections with their playbooks, which may be there already unless the collection is a new one.

    That other playbooks of a changed collection stay is assumed: no source.
    """

    is_lenient = True
    drops = False

    def update(self, record: Record, body: Any, restores: bool = False) -> Record:
        """Merge fields into a collection, and put the playbooks among them in place of those with their uuids."""
        self.takes_over = True
        return super().update(record, body, restores)

    def replace(self, body: Any) -> Record:
        """Store a collection with its playbooks, in place of the one with its uuid and of theirs."""
        self.takes_over = True
        if uuid := _uuid_of(body):
            remove(self._session, self.module, [uuid])
        return self.create(body)

    def upsert(self, body: Any) -> tuple[Record, bool]:
        """Create a collection, or restore and change the one with its uuid or name."""
        self._revives = True
        uuid = _uuid_of(body)
        found = self.get(uuid) if uuid else None
        if found is None:
            return super().upsert(body)
        self.restore(found)
        return self.update(found, body), False

    def delete(self, record: Record, hard: bool) -> None:
        """Put a collection into the recycle bin, or remove it; that its playbooks go with it is assumed: no source."""
        if hard:
            for connector in self._session.scalars(select(InstalledConnector)):
                connector.collections = [uuid for uuid in connector.collections if uuid != record.uuid]
        else:
            for playbook in self._playbooks(record, None):
                playbook.deleted = self._now
        super().delete(record, hard)

    def restore(self, record: Record) -> None:
        """Take a collection out of the recycle bin, with the playbooks that went there with it."""
        if record.deleted is not None:
            for playbook in self._playbooks(record, record.deleted):
                playbook.deleted = None
        super().restore(record)

    def of_part(self, module: Module) -> Writer:
        """Return what writes the playbooks: as of an export, by their uuids."""
        writer = super().of_part(module)
        assert isinstance(writer, Whole)
        writer.is_lenient = True
        return writer

    def _playbooks(self, record: Record, deleted: float | None) -> Sequence[Record]:
        uuids = [link.target_uuid for link in linked(self._session, record, "workflows")]
        wanted = select(Record).where(Record.module == "workflows", Record.uuid.in_(uuids), Record.deleted == deleted)
        return self._session.scalars(wanted).all()


class Versions(Writer):
    """Writes versions of playbooks: snapshots that a client takes, and writes back over the playbook to restore it."""

    def create(self, body: Any) -> Record:
        """Keep a version.

        Raises: Refusal 400 without content, or if there are too many; 404 without a playbook.
        """
        playbook = address(body.get("workflow")) if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(body.get("json"), str):
            raise refusal(400, "json: This value should not be blank.")
        if playbook is None:
            raise not_found("The playbook")
        find(self._session, "workflows", playbook[1])
        held = func.json_extract(Record.document, "$.workflow")
        counted = select(func.count()).where(Record.module == self.module.name, held == iri(*playbook))
        if (self._session.scalar(counted.where(Record.deleted.is_(None))) or 0) >= MOST_VERSIONS:
            # That there is a limit, and which, was met on 8.0; status and wording are assumed: no source.
            raise refusal(400, f"A playbook has at most {MOST_VERSIONS} versions.")
        return super().create({"autosave": False, "note": "", **body})


WRITERS: dict[str, type[Writer]] = {
    "workflow_collections": Collections,
    "workflows": Playbooks,
    "workflow_steps": PlaybookParts,
    "workflow_routes": PlaybookParts,
    "workflow_versions": Versions,
}


def writer_of(session: Session, module: Module, now: float, author: str, revives: bool = False) -> Writer:
    """Return what writes the records of a module."""
    return WRITERS.get(module.name, Writer)(session, module, now, author, revives)


def _uuid_of(row: Any) -> str:
    """Return the uuid that a row has by its address or by itself, an empty text for neither."""
    if claimed := address(row):
        return claimed[1]
    return str(row.get("uuid") or "").lower() if isinstance(row, dict) else ""


def _without_owner(module: Module, row: Row) -> Row:
    return {name: value for name, value in row.items() if name != module.owner}


def _not_there(address: str) -> Refusal:
    # The type is met on 8.0; the status is assumed: no source.
    return Refusal(404, {"type": "EntityNotFoundException", "message": f"{address} was not found."})
