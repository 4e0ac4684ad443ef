"""Collecting what an export's template asks for."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from ...kit.store import Store
from ...kit.switches import Switches
from ..fields import configuration_fields
from ..models import Configuration, InstalledConnector
from ..playbooks.asking import Ask
from ..playbooks.definitions import uuid_of
from ..records.modules import FILES, LISTS, MODULES
from ..records.values import address
from ..secrets_at_rest import Vault
from .content import Content, Row

EVERY = 2**31 - 1  # more rows than there are
PAGE = 5000
AT_ONCE = 200  # uuids of one query
UNASKED = (FILES, *LISTS, "people", "teams")  # linked records that an export with correlations leaves alone
CONNECTOR = re.compile(r"cyops-connector-(?P<name>.+)-(?P<version>\d+\.\d+\.\d+\w*)")
VARIABLE = re.compile(r"globalVars\.(\w+)")
SHOWN_ONLY = ("@context", "@id", "id", "deletedAt")  # of a record


class CannotExport(Exception):
    """The template asks for what no export can be made of; the text says why."""


class Collector:
    """Collects the parts of an export.

    Parameters:
        ask: calls FortiSOAR's own API.
        folder: where connectors are unpacked.
    """

    def __init__(self, ask: Ask, store: Store, vault: Vault, folder: Path, switches: Switches) -> None:
        self._ask = ask
        self._store = store
        self._vault = vault
        self._folder = folder
        self._switches = switches

    def collect(self, options: Row, begins: Callable[[str, float], None]) -> Content:
        """Return what the options of a template choose; what is not there any more is left out: assumed, no source.

        Parameters:
            begins: told the name of each part and the share of the parts that are done.
        Raises: CannotExport.
        """
        content = Content()
        parts = {
            "picklistNames": self._add_picklists,
            "modules": self._add_modules,
            "recordSets": self._add_records,
            "playbooks": self._add_playbooks,
            "connectors": self._add_connectors,
        }
        for position, (name, add) in enumerate(parts.items()):
            if name in options:
                begins(name, position / len(parts))
                add(content, options[name])
        return content

    # Picklists and modules.

    def _add_picklists(self, content: Content, chosen: Any) -> None:
        for uuid in dict.fromkeys(uuid_of(_value(each)) for each in _list("picklistNames", chosen)):
            row = self._found(f"/api/3/picklist_names/{quote(uuid, safe='')}")
            if row:
                items = self._rows(f"/api/3/picklists?listName={row['@id']}&$orderby=orderIndex")
                content.picklists.append({**row, "picklists": items})

    def _add_modules(self, content: Content, chosen: Any) -> None:
        described = {row["type"]: row for row in self._rows("/api/3/staging_model_metadatas?$relationships=true")}
        for each in _list("modules", chosen):
            if row := described.get(str(_value(each))):
                wanted = each.get("includedAttributes") if isinstance(each, dict) else None
                attributes = row.get("attributes") or []
                kept = [one for one in attributes if wanted is None or one["name"] in wanted]
                content.modules.append({**row, "attributes": kept})

    # Records.

    def _add_records(self, content: Content, chosen: Any) -> None:
        found: dict[str, dict[str, Row]] = {}  # by module and uuid
        linked: dict[str, set[str]] = {}
        for each in _list("recordSets", chosen):
            if not isinstance(each, dict) or not isinstance(each.get("query"), dict):
                raise CannotExport("recordSets: each must be an object with a type and a query.")
            module, with_links = str(each.get("type")), each.get("includeCorrelations") is True
            for row in self._queried(module, each["query"]):
                found.setdefault(module, {})[row["uuid"]] = _as_exported(module, row, with_links)
                for name in MODULES[module].many if with_links else ():
                    for held, uuid in filter(None, map(address, row.get(name) or [])):
                        linked.setdefault(held, set()).add(uuid)
        for module in linked.keys() - set(UNASKED):
            missing = sorted(linked[module] - found.get(module, {}).keys())
            for start in range(0, len(missing), AT_ONCE):
                uuids = missing[start : start + AT_ONCE]
                query = {"filters": [{"field": "uuid", "operator": "in", "value": uuids}], "limit": AT_ONCE}
                for row in self._queried(module, query):
                    found.setdefault(module, {})[row["uuid"]] = _as_exported(module, row, True)
        content.records = {module: list(rows.values()) for module, rows in found.items()}

    def _queried(self, module: str, query: Row) -> list[Row]:
        """Return the records that a query finds; one without a limit finds none, as on the appliance (met on 8.0)."""
        limit = query.get("limit")
        if limit is None:
            return []
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            raise CannotExport(f"recordSets: the limit of {module} must be a whole number.")
        rows: list[Row] = []
        asked = {key: query[key] for key in ("logic", "filters", "sort") if query.get(key)}
        for page in range(1, -(-limit // PAGE) + 1):
            path = f"/api/query/{quote(module, safe='')}?$limit={PAGE}&$page={page}&$relationships=true"
            status, answer = self._ask("POST", path, {"sort": [{"field": "id"}], **asked})
            if status >= 400:
                raise CannotExport(f"recordSets: {module} cannot be exported: {_reason(answer)}")
            rows += answer["hydra:member"]
            if len(answer["hydra:member"]) < PAGE:
                break
        return rows[:limit]

    # Playbooks and global variables.

    def _add_playbooks(self, content: Content, chosen: Any) -> None:
        if not isinstance(chosen, dict):
            raise CannotExport("playbooks must be an object with collections and globalVariables.")
        names = {str(name) for name in _list("globalVariables", chosen.get("globalVariables") or [])}
        for each in _list("collections", chosen.get("collections") or []):
            uuid = quote(uuid_of(_value(each)), safe="")
            row = self._found(f"/api/3/workflow_collections/{uuid}?$relationships=true")
            if row:
                workflows = [_by_authors_iris(workflow) for workflow in row.get("workflows") or []]
                content.collections.append({**_by_authors_iris(row), "workflows": workflows})
                if isinstance(each, dict) and each.get("includeGlobalVariables"):
                    names |= set(VARIABLE.findall(json.dumps(row)))
        rows = self._rows(f"/api/wf/api/dynamic-variable/?format=json&limit={EVERY}")
        content.macros += [row for row in rows if row["name"] in names]

    # Connectors.

    def _add_connectors(self, content: Content, chosen: Any) -> None:
        for each in _list("connectors", chosen):
            named = CONNECTOR.fullmatch(str(_value(each)))
            if named and (connector := self._installed(named["name"], named["version"])):
                path = f"{connector.name}-{connector.version}.tgz"
                with_configurations = not isinstance(each, dict) or each.get("configurations", True)
                content.installers[path] = self._packed(connector)
                content.connectors.append(
                    {
                        "name": connector.name,
                        "label": connector.info["label"],
                        "category": connector.info.get("category"),
                        "description": connector.info.get("description"),
                        "publisher": connector.info.get("publisher"),
                        "version": connector.version,
                        "operation_roles": {operation["operation"]: [] for operation in connector.info["operations"]},
                        "configurations": [
                            self._configuration(connector, one)
                            for one in connector.configurations
                            if with_configurations
                        ],
                        "dataImports": [],
                        "rpm_name": f"cyops-connector-{connector.name}-{connector.version}",
                        "install_mode": "tgz",
                        "installer_path": path,
                    }
                )

    def _installed(self, name: str, version: str) -> InstalledConnector | None:
        wanted = select(InstalledConnector).where(
            InstalledConnector.name == name, InstalledConnector.version == version
        )
        with self._store.transaction() as session:
            return session.scalars(wanted).first()

    def _configuration(self, connector: InstalledConnector, configuration: Configuration) -> Row:
        values = configuration.values  # holds secrets encrypted only
        if self._switches["exported_secrets"] == "left_out":
            values = self._vault.masked(configuration_fields(connector.info), values)
        return {
            "config_id": configuration.config_id,
            "name": configuration.name,
            "default": configuration.default,
            "config": values,
            "status": configuration.status,
            "teams": configuration.teams,
        }

    def _packed(self, connector: InstalledConnector) -> bytes:
        """Return a connector's folder as the archive that it can be installed from."""
        folder, packed = self._folder / connector.folder_name, io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    member = tarfile.TarInfo(f"{connector.name}/{path.relative_to(folder).as_posix()}")
                    member.size, member.mode = path.stat().st_size, path.stat().st_mode & 0o777
                    with path.open("rb") as file:
                        tar.addfile(member, file)
        return gzip.compress(packed.getvalue(), mtime=0)

    # Asking.

    def _found(self, path: str) -> Row | None:
        status, answer = self._ask("GET", path, None)
        return answer if status == 200 else None

    def _rows(self, path: str) -> list[Row]:
        joint = "&" if "?" in path else "?"
        _, answer = self._ask("GET", f"{path}{joint}$limit={PAGE}", None)
        rows: list[Row] = answer["hydra:member"]
        return rows


def _as_exported(module: str, row: Row, with_links: bool) -> Row:
    """Return a record with related ones as IRIs; those of relations to many only if they are asked for."""
    left_out = {*SHOWN_ONLY, *(() if with_links else MODULES[module].many)}
    return {key: _as_iri(value) for key, value in row.items() if key not in left_out}


def _by_authors_iris(row: Row) -> Row:
    """Return a collection or playbook with its authors as IRIs, if they are shown as a whole."""
    return {key: _as_iri(value) if key in ("createUser", "modifyUser") else value for key, value in row.items()}


def _reason(answer: Any) -> str:
    return str(answer.get("message")) if isinstance(answer, dict) else str(answer)


def _list(name: str, chosen: Any) -> list[Any]:
    if not isinstance(chosen, list):
        raise CannotExport(f"{name} must be a list.")
    return [each for each in chosen if not isinstance(each, dict) or each.get("include", True)]


def _value(each: Any) -> Any:
    """Return what an entry of a template names: it stands there alone, or as ``value`` or ``@id`` of an object."""
    return each.get("value") or each.get("@id") or each.get("uuid") if isinstance(each, dict) else each


def _as_iri(value: Any) -> Any:
    """Return a related record, or each of several, as its IRI."""
    if isinstance(value, list):
        return [_as_iri(each) for each in value]
    return value["@id"] if isinstance(value, dict) and "@id" in value else value
