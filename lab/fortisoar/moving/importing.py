"""Importing what an export holds, as far as the options choose it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from ..configurations import Configurations
from ..connectors import Connectors
from ..playbooks.asking import Ask
from ..records.modules import FILES, MODULES, inverse
from ..records.values import address
from ..refusals import Refusal
from .content import Content, Row
from .options import Existing, chosen

EVERY = 2**31 - 1  # more rows than there are
PICKLISTS, ITEMS = "/api/3/picklist_names", "/api/3/picklists"
COLLECTIONS = "/api/3/workflow_collections"
VARIABLES = "/api/wf/api/dynamic-variable/"
AT_ONCE = 100  # records of one request
FAILURE = re.compile(r"index #(\d+) .*?error: (.*)", re.DOTALL)  # of a bulk request
FROM_HERE = ("createDate", "createUser", "modifyDate", "modifyUser", "@type")  # of a record


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
        written: list[tuple[str, list[Row]]] = []
        for module, rows in content.records.items():
            entry = entries.get(module)
            if entry is None:
                continue
            if module not in MODULES or module == FILES:
                tally.tell(f"{len(rows)} records of {module} were not imported: they have no place here.")
                continue
            replaces = entry.get("whenExists", "replace") == "replace"
            written.append((module, self._write_records(module, rows, replaces, tally)))
        linked: set[tuple[str, ...]] = set()
        for module, rows in written:
            self._relate(module, rows, linked, tally)

    def _write_records(self, module: str, rows: list[Row], replaces: bool, tally: Tally) -> list[Row]:
        """Write records; return those that were not refused."""
        here = self._there(module, [row["uuid"] for row in rows])
        new = [row for row in rows if row["uuid"].lower() not in here]
        old = [row for row in rows if row["uuid"].lower() in here] if replaces else []
        tally.add("left as they are", len(rows) - len(new) - len(old))
        for uuid in (row["uuid"].lower() for row in old):
            if here[uuid].get("deletedAt") is not None:
                self._ask("PUT", f"/api/3/{module}/{uuid}?$showDeleted=true", {"deletedAt": None})
        related = {name for name, field in MODULES[module].fields.items() if field.kind in ("one", "many")}
        bodies = {id(row): _without(row, *related, *FROM_HERE) for row in (*new, *old)}

        def create(part: list[Row]) -> tuple[int, Any]:
            # One with the same unique values may be there under another uuid; only a replacement changes it.
            given = [bodies[id(row)] for row in part]
            if replaces:
                return self._ask("POST", f"/api/3/bulkupsert/{module}", given)
            return self._ask("POST", f"/api/3/insert/{module}", {"data": given})

        created = self._in_bulk(new, create, lambda row: f"/api/3/{module}/{row['uuid']}", tally)
        replaced = self._changed(module, [(row, bodies[id(row)]) for row in old], tally)
        tally.add("created", len(created))
        tally.add("replaced", len(replaced))
        return [*created, *replaced]

    def _changed(self, module: str, changes: list[tuple[Row, Row]], tally: Tally) -> list[Row]:
        """Change records; return those that were not refused."""
        bodies = {id(row): {"@id": f"/api/3/{module}/{row['uuid'].lower()}", **body} for row, body in changes}
        return self._in_bulk(
            [row for row, _ in changes],
            lambda part: self._ask("PUT", f"/api/3/update/{module}", {"data": [bodies[id(row)] for row in part]}),
            lambda row: f"/api/3/{module}/{row['uuid']}",
            tally,
        )

    def _in_bulk(
        self,
        rows: list[Row],
        write: Callable[[list[Row]], tuple[int, Any]],
        name: Callable[[Row], str],
        tally: Tally,
    ) -> list[Row]:
        """Write rows, some at once; tell those that were refused, and return the others."""
        done: list[Row] = []
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            status, answer = write(part)
            failures = answer.get("failure") if isinstance(answer, dict) else None
            if failures is None and tally.refused(f"{len(part)} records", status, answer):
                continue
            refused = {int(found[1]): found[2] for found in map(FAILURE.search, failures or []) if found}
            for position, row in enumerate(part):
                if position in refused:
                    tally.refused(name(row), 400, _reason(refused[position]))
                else:
                    done.append(row)
        return done

    def _relate(self, module: str, rows: list[Row], linked: set[tuple[str, ...]], tally: Tally) -> None:
        """Restore the relations of records to what is there; the others are told.

        Parameters:
            linked: the links that were made from their other end.
        """
        fields = {
            name: field
            for name, field in MODULES[module].fields.items()
            if field.kind in ("one", "many") and name not in FROM_HERE
        }
        asked = [found for row in rows for name in fields for iri in _list(row.get(name)) if (found := address(iri))]
        there = {
            held: self._there(held, [uuid for of, uuid in asked if of == held]).keys()
            for held in {of for of, _ in asked}
        }
        changes: list[tuple[Row, Row]] = []
        for row in rows:
            single: Row = {}
            several: dict[str, list[str]] = {}
            for name, field in fields.items():
                given = [address(iri) for iri in _list(row.get(name))]
                held = [one[1] for one in given if one and one[0] == field.target and one[1] in there[field.target]]
                if gone := len(given) - len(held):
                    tally.tell(f"/api/3/{module}/{row['uuid']}: {name} came without {gone} that are not there.")
                if field.kind == "one" and held:
                    single[name] = f"/api/3/{field.target}/{held[0]}"
                if field.kind == "many":
                    new = [uuid for uuid in held if self._is_new(linked, module, row["uuid"].lower(), name, uuid)]
                    several |= {name: [f"/api/3/{field.target}/{uuid}" for uuid in new]} if new else {}
            if single or several:
                changes.append((row, {**single, "__link": several}))
        self._changed(module, changes, tally)

    @staticmethod
    def _is_new(linked: set[tuple[str, ...]], module: str, uuid: str, name: str, other: str) -> bool:
        """Tell whether a link was not made from its other end, and remember it."""
        if (module, uuid, name, other) in linked:
            return False
        if back := inverse(module, name):
            linked.add((MODULES[module].fields[name].target, other, back, uuid))
        return True

    def _there(self, module: str, uuids: list[str]) -> dict[str, Row]:
        """Return which of some records there are, be it in the recycle bin, by uuid."""
        found: dict[str, Row] = {}
        for start in range(0, len(uuids) if module in MODULES else 0, AT_ONCE):
            leaf = {"field": "uuid", "operator": "in", "value": uuids[start : start + AT_ONCE]}
            path = f"/api/query/{module}?$limit={AT_ONCE}&$showDeleted=true"
            _, answer = self._ask("POST", path, {"filters": [leaf]})
            found |= {row["uuid"]: row for row in answer["hydra:member"]}
        return found

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
        if count:
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


def _without(row: Row, *names: str) -> Row:
    return {key: value for key, value in row.items() if key not in names}


def _list(value: Any) -> list[Any]:
    """Return what a relation holds as a list."""
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _reason(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


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
