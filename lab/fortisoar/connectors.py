"""Connectors: install from an archive, show, activate, uninstall, and their Python requirements."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kit.clock import Clock
from ..kit.store import Store
from .archive import Archive, read_archive
from .bytecode import write_byte_code
from .fields import configuration_fields, known_only, missing_titles
from .handover import Handover
from .hooks import HookFailed, Hooks
from .interrupted import REPLACED, UNPACKING, undo_interrupted
from .lookup import connectors_named, the_connector, the_connector_by_id
from .models import InstalledConnector
from .playbooks.content.collections import Collections
from .playbooks.content.exported import read_export
from .refusals import Refusal
from .requirements import Requirements
from .secrets_at_rest import Vault
from .shapes import SELF_AGENT, Row, connector_details, connector_row, installation
from .unpacking import BadArchive

# 8.0 answers nearly every broken archive with this one text, whatever is wrong with it.
MISLEADING = "Connector with same name is already active."

log = logging.getLogger(__name__)


class Connectors:
    """The installed connectors.

    Parameters:
        folder: takes one unpacked folder ``<name>_<v_v_v>`` per connector; it is there.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        clock: Clock,
        vault: Vault,
        handover: Handover,
        hooks: Hooks,
        requirements: Requirements,
        collections: Collections,
    ) -> None:
        self._store = store
        self._folder = folder
        self._clock = clock
        self._vault = vault
        self._handover = handover
        self._hooks = hooks
        self._requirements = requirements
        self._collections = collections
        self._installing = threading.Lock()
        self._background = ThreadPoolExecutor(1, thread_name_prefix="pip")
        undo_interrupted(store, folder)

    def rows(self, wanted: dict[str, str]) -> list[Row]:
        """Return the list rows that match ``name``, ``active``, ``configured``, ``ingestion_supported``, ``search``."""
        return self._matching(wanted, connector_row)

    def all_details(self, wanted: dict[str, str]) -> list[Row]:
        """Return the details of the connectors that match; ``exclude=operation`` leaves their operations out."""
        rows = self._matching(wanted, lambda connector: connector_details(connector, self._vault))
        if wanted.get("exclude") == "operation":
            for row in rows:
                del row["operations"]
        return rows

    def details(self, number: int) -> Row:
        """Return the details of the connector with an integer id."""
        with self._store.transaction() as session:
            return connector_details(the_connector_by_id(session, number), self._vault)

    def details_by_name(self, name: str, version: str) -> Row:
        """Return the details of a version of a connector, or of its latest one if that version is not installed."""
        with self._store.transaction() as session:
            return connector_details(the_connector(session, name, version), self._vault)

    def install(self, content: bytes, replace: bool) -> Row:
        """Install an uploaded archive.

        Parameters:
            replace: take the place of the same version, else of the latest one; its configurations are carried over.
        Raises: Refusal 400 with the importer's one text for everything, and the true reason as ``lab_reason``.
        """
        try:
            with self._installing:
                archive = read_archive(content)
                return self._install(archive, self._replaced(archive, replace))
        except BadArchive as bad:
            raise Refusal(400, {"message": MISLEADING, "lab_reason": str(bad)}) from bad

    def set_active(self, number: int, active: bool) -> Row:
        """Activate or deactivate a connector and run its hook."""
        with self._store.transaction() as session:
            connector = the_connector_by_id(session, number)
            connector.active = active
            connector.modified = self._now()
            row = connector_row(connector)
        self._call_for_each_configuration(connector, "on_activate" if active else "on_deactivate")
        return row

    def uninstall(self, number: int) -> None:
        """Remove a connector with its configurations, after its ``teardown`` hook."""
        with self._installing:
            with self._store.transaction() as session:
                connector = the_connector_by_id(session, number)
            self._call_for_each_configuration(connector, "teardown")
            with self._store.transaction() as session:
                stored = the_connector_by_id(session, number)
                self._collections.take_away(session, stored)
                session.delete(stored)
            shutil.rmtree(self._folder / connector.folder_name, ignore_errors=True)

    def uninstall_all(self) -> None:
        """Remove every unpacked folder; the caller empties the tables."""
        with self._installing:
            for folder in self._folder.iterdir():
                shutil.rmtree(folder, ignore_errors=True)

    def dependencies(self, name: str, version: str) -> Row:
        """Tell whether a connector's Python requirements are there."""
        missing = self._requirements.missing(self._home(name, version))
        return _dependencies(f"Not installed: {', '.join(missing)}." if missing else None)

    def install_dependencies(self, name: str, version: str) -> Row:
        """Bring what is missing of a connector's Python requirements with pip."""
        with self._store.transaction() as session:
            connector = the_connector(session, name, version)
        return _dependencies(self._settle_requirements(connector))

    def output_schema(self, name: str, version: str, operation: str) -> Row:
        """Return the output schema that the manifest declares for an action, ``{}`` for an unknown one."""
        with self._store.transaction() as session:
            operations = the_connector(session, name, version).info["operations"]
        found = [o.get("output_schema", {}) for o in operations if o["operation"] == operation]
        return {"output_schema": found[0] if found else {}}

    def close(self) -> None:
        """Stop what runs in the background."""
        self._background.shutdown(wait=False, cancel_futures=True)
        self._requirements.close()

    def _matching(self, wanted: dict[str, str], shape: Callable[[InstalledConnector], Row]) -> list[Row]:
        with self._store.transaction() as session:
            found = session.scalars(select(InstalledConnector).order_by(InstalledConnector.id))
            return [shape(connector) for connector in found if _matches(connector, wanted)]

    def _replaced(self, archive: Archive, replace: bool) -> InstalledConnector | None:
        """Return the connector that an archive takes the place of.

        Raises: BadArchive if that needs ``$replace=true`` and it was not given.
        """
        with self._store.transaction() as session:
            installed = connectors_named(session, archive.name)
        same = next((c for c in installed if c.version == archive.version), None)
        if replace:
            return same or next(iter(installed), None)
        if same:
            raise BadArchive(f"{archive.name} {archive.version} is installed already; $replace=true takes its place.")
        return None

    def _install(self, archive: Archive, replaced: InstalledConnector | None) -> Row:
        with TemporaryDirectory(dir=self._folder, prefix=UNPACKING) as temporary:
            unpacked = archive.unpack(Path(temporary))
            write_byte_code(unpacked)
            exported = read_export(unpacked)
            if replaced:
                self._call_for_each_configuration(replaced, "teardown")
            with ExitStack() as undo, self._store.transaction() as session:
                connector = self._row_for(session, archive, replaced)
                session.flush()
                self._collections.bring(session, connector, exported["data"])
                # Undone even if the commit fails: the row and the code always belong together.
                old = (replaced or connector).folder_name
                undo.enter_context(self._exchanged(old, connector.folder_name, unpacked))
                row = installation(connector)
        self._collections.macros.add_missing(exported["macros"])
        self._background.submit(self._settle_requirements, connector)
        return row

    @contextmanager
    def _exchanged(self, old: str, new: str, unpacked: Path) -> Iterator[None]:
        """Put an unpacked connector in place of the old one; bring the old one back if the block fails."""
        old_place, new_place, aside = self._folder / old, self._folder / new, unpacked.with_name(REPLACED)
        if old_place.exists():
            old_place.rename(aside)
        try:
            shutil.rmtree(new_place, ignore_errors=True)  # what a lab that was killed left of an earlier installation
            unpacked.rename(new_place)
            yield
        except BaseException:
            shutil.rmtree(new_place, ignore_errors=True)
            if aside.exists():
                aside.rename(old_place)
            raise

    def _row_for(self, session: Session, archive: Archive, replaced: InstalledConnector | None) -> InstalledConnector:
        """Return the row of an archive: a new one, or the replaced connector's with its configurations."""
        now = self._now()
        if replaced:
            connector = the_connector_by_id(session, replaced.id)
            self._carry_over(connector, archive)
        else:
            connector = InstalledConnector(
                agent=SELF_AGENT, active=True, created=now, configurations=[], collections=[]
            )
            session.add(connector)
        connector.uuid = str(uuid4())
        connector.serial = str(uuid4())
        connector.name = archive.name
        connector.version = archive.version
        connector.info = archive.info
        connector.requirements = "In-Progress"
        connector.modified = now
        return connector

    def _carry_over(self, connector: InstalledConnector, archive: Archive) -> None:
        """Fit the configurations to the new schema; one that lacks a required value becomes status 0."""
        before, after = configuration_fields(connector.info), configuration_fields(archive.info)
        for configuration in connector.configurations:
            values = known_only(after, self._vault.open(before, configuration.values))
            configuration.values = self._vault.seal(after, values)
            configuration.status = 0 if missing_titles(after, values) else 1

    def _call_for_each_configuration(self, connector: InstalledConnector, method: str) -> None:
        """Run a hook once per configuration, or once with ``{}``; that a failing one stops nothing is assumed."""
        configs = [self._handover.config(connector, c) for c in connector.configurations] or [{}]
        for config in configs:
            try:
                self._hooks.call(connector, method, config)
            except HookFailed as failed:
                log.warning("%s of %s failed: %s", method, connector.name, failed)

    def _settle_requirements(self, connector: InstalledConnector) -> str | None:
        problem = self._requirements.install(self._folder / connector.folder_name)
        with self._store.transaction() as session:
            stored = session.get(InstalledConnector, connector.id)
            # By now another installation may stand in its place.
            if stored and stored.serial == connector.serial:
                stored.requirements = "Failed" if problem else "Completed"
        return problem

    def _home(self, name: str, version: str) -> Path:
        with self._store.transaction() as session:
            return self._folder / the_connector(session, name, version).folder_name

    def _now(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _dependencies(problem: str | None) -> Row:
    return {"dependencies_installed": problem is None, "message": problem}


def _matches(connector: InstalledConnector, wanted: dict[str, str]) -> bool:
    facts = {
        "name": connector.name,
        "active": _flag(connector.active),
        "configured": _flag(bool(connector.configurations)),
        "ingestion_supported": _flag(bool(connector.info.get("ingestion_supported", False))),
    }
    text = f"{connector.name} {connector.info['label']} {connector.info.get('description') or ''}".lower()
    flags_match = all(fact == wanted[key].lower() for key, fact in facts.items() if key in wanted and key != "name")
    return (
        flags_match
        and wanted.get("name", connector.name) == connector.name
        and wanted.get("search", "").lower() in text
    )


def _flag(value: bool) -> str:
    return "true" if value else "false"
