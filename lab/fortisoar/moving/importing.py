"""Importing what an export holds, as far as the options choose it."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from ..configurations import Configurations
from ..connectors import Connectors
from ..playbooks.asking import Ask
from ..records.modules import FILES, MODULES
from ..records.values import address
from ..refusals import Refusal
from .content import Content, Row
from .options import Existing, chosen

EVERY = 2**31 - 1  # more rows than there are
PICKLISTS, ITEMS = "/api/3/picklist_names", "/api/3/picklists"
COLLECTIONS = "/api/3/workflow_collections"
VARIABLES = "/api/wf/api/dynamic-variable/"
FROM_HERE = ("createDate", "createUser", "modifyDate", "modifyUser", "@type")  # of a record

log = logging.getLogger(__name__)


class Importer:
    """Imports the parts of an export.

    Parameters:
        ask: calls FortiSOAR's own API.
    """

    def __init__(self, ask: Ask, connectors: Connectors, configurations: Configurations) -> None:
        self._ask = ask
        self._connectors = connectors
        self._configurations = configurations

    def existing(self) -> Existing:
        """Return what is there already."""
        described = self._rows("/api/3/model_metadatas?$relationships=true")
        return Existing(
            picklists={row["uuid"] for row in self._rows(PICKLISTS)},
            modules={row["type"]: row for row in described},
            collections={row["uuid"] for row in self._rows(COLLECTIONS)},
            macros={row["name"] for row in self._macros()},
            connectors={(row["name"], row["version"]) for row in self._connectors.rows({})},
        )

    def carry_out(
        self, content: Content, options: Row, begins: Callable[[str, float], None], tell: Callable[[str], None]
    ) -> None:
        """Import the parts of an export. What is refused is told, and stops nothing else: assumed, no source.

        Parameters:
            begins: told the name of each part and the share of the parts that are done.
            tell: takes what the job's log is to say.
        """
        parts: dict[str, Callable[[Content, Row, Tally], None]] = {
            "picklistNames": self._picklists,
            "modules": self._modules,
            "connectors": self._install_connectors,
            "globalVariables": self._variables,
            "playbooks": self._collections,
            "recordSets": self._records,
        }
        for position, (name, import_part) in enumerate(parts.items()):
            begins(name, position / len(parts))
            tally = Tally(tell)
            import_part(content, options, tally)
            tally.tell_sum(name)
        if content.ignored:
            tell(f"Left out, as the local FortiSOAR has no place for it: {', '.join(sorted(content.ignored)[:20])}.")

    # Picklists and modules.

    def _picklists(self, content: Content, options: Row, tally: Tally) -> None:
        entries = chosen(options, "uuid", "picklistNames")
        there = self._rows(PICKLISTS)
        for row in content.picklists:
            if entry := entries.get(row["uuid"]):
                same = [each for each in there if each["uuid"] == row["uuid"] or each["name"] == row["name"]]
                if same and entry.get("whenExists", "keep") == "keep":
                    tally.add("left as they are")
                else:
                    self._write_picklist(row, same[0] if same else None, tally)

    def _write_picklist(self, row: Row, here: Row | None, tally: Tally) -> None:
        what = f"Picklist {row['name']}"
        body = {"uuid": row["uuid"], "name": row["name"], "system": row.get("system")}
        if here is None and not tally.done(what, "created", *self._ask("POST", PICKLISTS, body)):
            return
        iri = here["@id"] if here else f"{PICKLISTS}/{row['uuid']}"
        kept = {item["uuid"]: item for item in self._rows(f"{ITEMS}?listName={iri}")}
        for item in row["picklists"]:
            wanted = {key: item.get(key) for key in ("uuid", "itemValue", "orderIndex", "color", "icon")}
            is_here = kept.pop(item["uuid"], None) is not None
            method, path = ("PUT", f"{ITEMS}/{item['uuid']}") if is_here else ("POST", ITEMS)
            answer = self._ask(method, path, {**wanted, "listName": iri})
            tally.refused(f"{what}, item {item['itemValue']}", *answer)
        for uuid in kept:
            self._ask("DELETE", f"{ITEMS}/{uuid}", None)
        if here:
            tally.add("replaced")

    def _modules(self, content: Content, options: Row, tally: Tally) -> None:
        """Compare the modules: those of the lab cannot be changed."""
        entries = chosen(options, "type", "modules")
        for row in content.modules:
            if row["type"] in entries:
                here = MODULES.get(row["type"])
                missing = [one["name"] for one in row["attributes"] if here is None or one["name"] not in here.fields]
                tally.add("left as they are")
                if missing:
                    tally.tell(f"Module {row['type']}: the local FortiSOAR has no {', '.join(missing[:20])}.")

    # Connectors.

    def _install_connectors(self, content: Content, options: Row, tally: Tally) -> None:
        entries = chosen(options, "name", "connectors")
        for row in content.connectors:
            entry = entries.get(row["name"])
            if entry and entry.get("includeInstall"):
                self._install(row, content.installers.get(row.get("installer_path") or ""), tally)
            if entry and entry.get("includeConfigurations"):
                self._configure(row, tally)

    def _install(self, row: Row, installer: bytes | None, tally: Tally) -> None:
        what = f"Connector {row['name']} {row['version']}"
        if installer is None:
            tally.tell(f"{what} was not installed: the file does not hold its archive.")
            return
        is_there = any(each["version"] == row["version"] for each in self._connectors.rows({"name": row["name"]}))
        try:
            self._connectors.install(installer, replace=is_there)
            tally.add("installed")
        except Refusal as refused:
            tally.refused(what, refused.status, refused.body)

    def _configure(self, row: Row, tally: Tally) -> None:
        installed = self._connectors.rows({"name": row["name"]})
        number = next((each["id"] for each in installed if each["version"] == row["version"]), None)
        for configuration in row["configurations"]:
            what = f"Configuration {configuration['name']} of {row['name']} {row['version']}"
            if number is None:
                tally.tell(f"{what} was not imported: the connector is not installed.")
                continue
            try:
                left_out = self._configurations.adopt(number, configuration)
                tally.add("configurations imported")
            except Refusal as refused:
                tally.refused(what, refused.status, refused.body)
                continue
            if left_out:
                tally.tell(f"{what} came without {', '.join(left_out)}: enter these again.")

    # Global variables and playbooks.

    def _variables(self, content: Content, options: Row, tally: Tally) -> None:
        """Create or replace variables; that those which are there are replaced is assumed: no source."""
        entries = chosen(options, "name", "playbooks", "globalVariables")
        here = {row["name"]: row["id"] for row in self._macros()}
        for row in content.macros:
            if row["name"] in entries:
                number = here.get(row["name"])
                method, path = ("POST", VARIABLES) if number is None else ("PUT", f"{VARIABLES}{number}/")
                body = {key: row.get(key) for key in ("name", "value", "default_value")}
                tally.done(f"Variable {row['name']}", "imported", *self._ask(method, path, body))

    def _collections(self, content: Content, options: Row, tally: Tally) -> None:
        entries = chosen(options, "uuid", "playbooks", "collections")
        for row in content.collections:
            if entry := entries.get(row["uuid"]):
                self._import_collection(row, str(entry.get("mergeType", "merge_append")), tally)

    def _import_collection(self, row: Row, merge_type: str, tally: Tally) -> None:
        there = self._rows(f"{COLLECTIONS}?$relationships=true&$showDeleted=true")
        here = next((each for each in there if each["uuid"] == row["uuid"] or each["name"] == row["name"]), None)
        if here and merge_type == "rename":
            row = _renamed(row, {each["name"] for each in there})
        elif here and merge_type == "replace":
            self._ask("DELETE", f"{COLLECTIONS}/{here['uuid']}?$hardDelete=true", None)
        elif here and merge_type == "merge_append":
            held = here.get("workflows") or []
            known = {each["uuid"] for each in held} | {each["name"] for each in held}
            workflows = [each for each in row["workflows"] if each["uuid"] not in known and each["name"] not in known]
            row = {"uuid": here["uuid"], "name": here["name"], "workflows": workflows}
        body = {key: value for key, value in row.items() if not key.startswith("@")}
        status, answer = self._ask("POST", "/api/3/upsert/workflow_collections", body)
        if tally.done(f"Collection {row['name']}", "collections imported", status, answer):
            tally.add("playbooks imported", len(row["workflows"]))

    # Records.

    def _records(self, content: Content, options: Row, tally: Tally) -> None:
        """Import records without their relations first: they may lead to each other."""
        entries = chosen(options, "type", "recordSets")
        written: list[tuple[str, Row]] = []
        for module, rows in content.records.items():
            entry = entries.get(module)
            if entry is None:
                continue
            if module not in MODULES or module == FILES:
                tally.tell(f"{len(rows)} records of {module} were not imported: they have no place here.")
                continue
            replaces = entry.get("whenExists", "replace") == "replace"
            written += [(module, row) for row in rows if self._write_record(module, row, replaces, tally)]
        for module, row in written:
            self._relate(module, row, tally)

    def _write_record(self, module: str, row: Row, replaces: bool, tally: Tally) -> bool:
        relations = {name for name, field in MODULES[module].fields.items() if field.kind in ("one", "many")}
        body = {key: value for key, value in row.items() if key not in relations and key not in FROM_HERE}
        iri = f"/api/3/{module}/{row['uuid']}"
        here, _ = self._ask("GET", f"{iri}?$showDeleted=true", None)
        if here == 200 and not replaces:
            tally.add("left as they are")
            return False
        if here == 200:
            return tally.done(
                iri, "replaced", *self._ask("PUT", f"{iri}?$showDeleted=true", {**body, "deletedAt": None})
            )
        method = "upsert/" if replaces else ""
        return tally.done(iri, "created", *self._ask("POST", f"/api/3/{method}{module}", body))

    def _relate(self, module: str, row: Row, tally: Tally) -> None:
        """Restore the relations of a record to what is there; the others are told."""
        relations = {}
        for name, field in MODULES[module].fields.items():
            given = row.get(name)
            if field.kind not in ("one", "many") or not given or name in FROM_HERE:
                continue
            iris = given if isinstance(given, list) else [given]
            held = [iri for iri in iris if self._is_there(field.target, iri)]
            if gone := len(iris) - len(held):
                tally.tell(f"/api/3/{module}/{row['uuid']}: {name} came without {gone} that are not there.")
            if held:
                relations[name] = held if field.kind == "many" else held[0]
        if relations:
            iri = f"/api/3/{module}/{row['uuid']}"
            tally.refused(f"Relations of {iri}", *self._ask("PUT", iri, relations))

    def _is_there(self, module: str, iri: Any) -> bool:
        found = address(iri)
        if found is None or found[0] != module:
            return False
        return module not in MODULES or self._ask("GET", f"/api/3/{module}/{found[1]}", None)[0] == 200

    # Asking.

    def _macros(self) -> list[Row]:
        rows: list[Row] = self._ask("GET", f"{VARIABLES}?format=json&limit={EVERY}", None)[1]["hydra:member"]
        return rows

    def _rows(self, path: str) -> list[Row]:
        joint = "&" if "?" in path else "?"
        rows: list[Row] = self._ask("GET", f"{path}{joint}$limit=5000", None)[1]["hydra:member"]
        return rows


class Tally:
    """What an import did to one part.

    Parameters:
        tell: takes what the job's log is to say.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tell = tell
        self._counts: Counter[str] = Counter()

    def add(self, what: str, count: int = 1) -> None:
        """Count something."""
        self._counts[what] += count

    def done(self, what: str, how: str, status: int, answer: Any) -> bool:
        """Count what a request did, or tell why it was refused; return whether it was done."""
        if self.refused(what, status, answer):
            return False
        self.add(how)
        return True

    def refused(self, what: str, status: int, answer: Any) -> bool:
        """Tell that a request was refused, if it was; return whether."""
        if status < 400:
            return False
        reason = (answer.get("lab_reason") or answer.get("message")) if isinstance(answer, dict) else answer
        self.add("refused")
        self.tell(f"{what} was not imported: {reason}")
        return True

    def tell_sum(self, part: str) -> None:
        """Tell the statistics, if there are any."""
        if self._counts:
            self.tell(f"{part}: {', '.join(f'{count} {what}' for what, count in sorted(self._counts.items()))}.")


def _renamed(row: Row, taken: set[str]) -> Row:
    """Return a collection under a name that is free, with new UUIDs throughout."""
    number = next(number for number in range(1, len(taken) + 2) if f"{row['name']} ({number})" not in taken)
    text = json.dumps(row)
    children = [
        child for workflow in row["workflows"] for key in ("steps", "routes") for child in workflow.get(key) or []
    ]
    for each in (row, *row["workflows"], *children):
        text = text.replace(each["uuid"], str(uuid4()))
    return {**json.loads(text), "name": f"{row['name']} ({number})"}
