"""What an older lab kept otherwise: its playbooks, in tables of their own."""

from __future__ import annotations

import json

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from ...records import Records
from ...records.content import Collections as Writer
from ...records.modules import MODULES
from ...records.seeding import LOGIN_OF_ADMINISTRATOR
from ...records.tables import Record
from ...shapes import SELF_AGENT, Row

TABLES = ("workflow_version", "workflow", "workflow_collection")


def bring_older(session: Session, records: Records, collections: Writer) -> None:
    """Make records of the playbooks of an older lab, if there are any. What lay in its recycle bin stays behind."""
    if not inspect(session.connection()).has_table("workflow_collection"):
        return
    _give_the_administrator_a_login(session)
    for row in _documents(session, "workflow_collection"):
        playbooks = [each for each in _documents(session, "workflow") if each.get("collection") == row["@id"]]
        collections.replace({**row, "workflows": playbooks})
    session.flush()
    versions = records.writer(session, MODULES["workflow_versions"])
    for uuid, playbook, note, autosave, content in session.execute(
        text("SELECT uuid, workflow, note, autosave, content FROM workflow_version ORDER BY id")
    ):
        if session.get(Record, ("workflows", playbook)):
            version = {"uuid": uuid, "workflow": f"/api/3/workflows/{playbook}", "note": note, "json": content}
            versions.create({**version, "autosave": bool(autosave)})
    for table in TABLES:
        session.execute(text(f"DROP TABLE {table}"))


def _documents(session: Session, table: str) -> list[Row]:
    documents = session.scalars(text(f"SELECT document FROM {table}"))  # noqa: S608 - a name of ours
    return [row for row in map(json.loads, documents) if row.get("deletedAt") is None]


def _give_the_administrator_a_login(session: Session) -> None:
    person = session.get(Record, ("people", SELF_AGENT))
    if person:
        person.document = {**person.document, "userId": LOGIN_OF_ADMINISTRATOR}
