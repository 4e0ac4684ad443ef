"""Rows as the appliance writes them: the key sets are those of live captures (7.6.5, and 8.0 where noted).

What is not confirmed is listed in this folder's README.
"""

from __future__ import annotations

from typing import Any

from .fields import configuration_fields
from .models import Configuration, InstalledConnector
from .secrets_at_rest import Vault

# The appliance itself is an agent; this is the local one's id.
SELF_AGENT = "5c8e7f0a4d1b43a29b6f2c7d90e1a3b4"
PAGE_SIZE = 30

Row = dict[str, Any]


def page(rows: list[Row], number: int, size: int) -> Row:
    """Wrap one page of rows in the envelope of ``/api/integration/`` lists; neighbours are page numbers."""
    start = (number - 1) * size
    return {
        "data": rows[start : start + size],
        "itemsPerPage": size,
        "nextPage": number + 1 if start + size < len(rows) else None,
        "previousPage": number - 1 if number > 1 else None,
        "status": "Success",
        "totalItems": len(rows),
    }


def connector_row(connector: InstalledConnector) -> Row:
    """Return a connector as lists show it, its configurations by name only."""
    info = connector.info
    return {
        "active": connector.active,
        "agent": connector.agent,
        "category": _as_list(info.get("category")),
        "config_count": len(connector.configurations),
        "configuration": [
            {"config_id": c.config_id, "default": c.default, "id": c.id, "name": c.name}
            for c in connector.configurations
        ],
        "contributor": info.get("contributor"),
        "created": connector.created,
        "description": info.get("description"),
        "development": False,
        "help_online": info.get("help_online") or None,
        "icon_large": "",
        "icon_small": "",
        "id": connector.id,
        "ingestion_supported": bool(info.get("ingestion_supported", False)),
        "install_result": {"message": "Success", "output": ""},
        "label": info["label"],
        "modified": connector.modified,
        "name": connector.name,
        "publisher": info.get("publisher"),
        "remote_status": {"message": "Success", "output": "", "status": "finished"},
        "rpm_full_name": None,
        "rpm_installed": None,
        "status": "Completed",
        "system": False,
        "tags": _as_list(info.get("tags")),
        "version": connector.version,
    }


def connector_details(connector: InstalledConnector, vault: Vault) -> Row:
    """Return a connector with its configuration schema, its operations and its full configurations."""
    info = connector.info
    fields = configuration_fields(info)
    return connector_row(connector) | {
        "config_schema": {"fields": fields},
        "configuration": [configuration_row(c, vault.masked(fields, c.values)) for c in connector.configurations],
        "cs_approved": bool(info.get("cs_approved", False)),
        "cs_compatible": bool(info.get("cs_compatible", True)),
        "help_file": None,
        "help_online": info.get("help_online") or "",
        "icon_large_name": info.get("icon_large_name"),
        "icon_small_name": info.get("icon_small_name"),
        "installed": True,
        "operations": [_operation_row(connector.id, n, o) for n, o in enumerate(info["operations"], start=1)],
        "playbook_collections": _collections(connector),
        "requirements_installed": connector.requirements,
        "vendor_version": info.get("vendor_version"),
    }


def installation(connector: InstalledConnector) -> Row:
    """Return a connector as the answer to its upload: no schema, no small icon, an empty object per operation."""
    info = connector.info
    row = connector_row(connector) | {
        "cs_approved": bool(info.get("cs_approved", False)),
        "cs_compatible": bool(info.get("cs_compatible", True)),
        "help_file": None,
        "help_online": info.get("help_online") or "",
        "icon_large_name": info.get("icon_large_name"),
        "icon_small_name": info.get("icon_small_name"),
        "installed": True,
        "operations": [{} for _ in info["operations"]],
        "playbook_collections": _collections(connector),
        # Pip runs behind the answer, whatever it will find.
        "requirements_installed": "In-Progress",
        "uuid": connector.uuid,
        "vendor_version": info.get("vendor_version"),
        "workspace_connector": False,
    }
    del row["icon_small"]
    return row


def configuration_row(configuration: Configuration, values: Row) -> Row:
    """Return a configuration with these values, which the caller has masked or not."""
    return {
        "agent": configuration.agent,
        "config": values,
        "config_id": configuration.config_id,
        "connector": configuration.connector_id,
        "default": configuration.default,
        "health_status": configuration.health_status,
        "id": configuration.id,
        "name": configuration.name,
        "remote_status": {},
        "status": configuration.status,
        "teams": configuration.teams,
    }


def unknown_configuration() -> Row:
    """Return what a configuration that does not exist looks like: 200 and an empty record (8.0.0)."""
    return {
        "agent": None,
        "config": {},
        "config_id": None,
        "connector": None,
        "default": False,
        "health_status": None,
        "name": "",
        "remote_status": None,
    }


def _operation_row(connector_id: int, number: int, operation: Row) -> Row:
    """Add the platform's keys to an operation, which keeps whatever keys the manifest gave it."""
    given: Row = {
        "annotation": None,
        "enabled": True,
        "output_schema": {},
        "parameters": [],
        "visible": True,
    } | operation
    return given | {"connector": connector_id, "id": connector_id * 1000 + number, "roles": []}


def _collections(connector: InstalledConnector) -> list[Row]:
    label = connector.info["label"]
    return [
        {
            "@id": f"/api/3/workflow_collections/{uuid}",
            # The appliance's own sentence, which clients may look for.
            "description": f'Sample playbooks for "{label}" connector. If you are planning to use any of the sample '
            "playbooks in your environment, ensure that you clone those playbooks and move them to a different "
            "collection, since the sample playbook collection gets deleted during connector upgrade and delete.",
            "image": None,
            "name": f"Sample - {label} - {connector.version}",
        }
        for uuid in connector.collections
    ]


def _as_list(value: Any) -> list[Any]:
    if value in (None, ""):
        return []
    return value if isinstance(value, list) else [value]
