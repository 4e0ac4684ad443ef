"""Configurations: create, read, list, update, delete."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kit.store import Store
from ..kit.switches import Switches
from .fields import configuration_fields, known_only, missing_titles
from .handover import Handover
from .hooks import HookFailed, Hooks
from .lookup import find_configuration, find_connector, is_uuid, the_configuration, the_connector_by_id
from .models import Configuration, InstalledConnector
from .refusals import refusal
from .secrets_at_rest import Vault
from .shapes import SELF_AGENT, Row, configuration_row, unknown_configuration


class Configurations:
    """The stored configurations of all connectors."""

    def __init__(self, store: Store, vault: Vault, handover: Handover, hooks: Hooks, switches: Switches) -> None:
        self._store = store
        self._vault = vault
        self._handover = handover
        self._hooks = hooks
        self._switches = switches

    def rows(self, wanted: dict[str, str]) -> list[Row]:
        """Return the configurations that match ``name``, ``connector``, ``config_id``, ``agent`` and ``active``.

        Other filters are ignored. A connector that is not an integer is an error, as on the appliance.
        """
        if "connector" in wanted and not wanted["connector"].isdecimal():
            raise refusal(400, "Unknown error occurred")
        with self._store.transaction() as session:
            found = session.scalars(select(Configuration).order_by(Configuration.id))
            return [configuration_row(c, self._masked(c)) for c in found if _matches(c, wanted)]

    def read(self, key: str) -> Row:
        """Return one configuration with its secrets encrypted; an unknown one is an empty record, not an error."""
        with self._store.transaction() as session:
            found = find_configuration(session, key)
            return configuration_row(found, found.values) if found else unknown_configuration()

    def create(self, body: Row) -> Row:
        """Store a new configuration and run ``on_add_config``.

        Raises: Refusal. A hook that raises makes it 500, with the configuration stored all the same.
        """
        config_id = body.get("config_id") or str(uuid4())
        with self._store.transaction() as session:
            exists = find_configuration(session, config_id) is not None if is_uuid(config_id) else None
        if exists is None:
            raise refusal(400, "config_id must be a valid UUID.")
        if exists and self._switches["existing_config_id"] == "update":
            return self.update(config_id, body)
        if exists:
            raise refusal(400, "configuration with this config id already exists.")
        with self._store.transaction() as session:
            connector = self._connector_for(session, body)
            made = Configuration(
                config_id=config_id, connector=connector, agent=SELF_AGENT, teams=[], values={}, health_status={}
            )
            self._fill(made, body)
            session.add(made)
            session.flush()
            row = configuration_row(made, self._masked(made))
            config = self._handover.config(connector, made)
        self._run_hook(connector, "on_add_config", config, connector.active)
        return row | {
            "connector_name": connector.name,
            "connector_version": connector.version,
            # The typing error is the appliance's.
            "status": _finished(
                f"Connector {connector.name} version {connector.version} as been configured successfully"
            ),
        }

    def update(self, key: str, body: Row) -> Row:
        """Replace a configuration and run ``on_update_config``. A secret sent as ``"NULL"`` stays as it is."""
        with self._store.transaction() as session:
            stored = the_configuration(session, key)
            connector = stored.connector
            old = self._handover.config(connector, stored)
            self._fill(stored, body)
            session.flush()
            row = configuration_row(stored, self._masked(stored))
            new = self._handover.config(connector, stored)
        self._run_hook(connector, "on_update_config", old, new, connector.active)
        if self._switches["update_reply_status"] == "integer":
            return row
        return row | {"status": _finished(f"Configuration {row['name']} has been updated successfully")}

    def delete(self, key: str) -> None:
        """Delete a configuration by its UUID and run ``on_delete_config``."""
        if key.isdecimal() and not self._switches["delete_configuration_by_integer"]:
            raise refusal(500, "Unknown error occurred")
        with self._store.transaction() as session:
            stored = the_configuration(session, key)
            connector = stored.connector
            config = self._handover.config(connector, stored)
            connector.configurations.remove(stored)
        self._run_hook(connector, "on_delete_config", config)

    def adopt(self, number: int, exported: Row) -> list[str]:
        """Take in a configuration of an export, in place of the one with its ``config_id``.

        Parameters:
            number: the integer id of its connector.
        Returns: the titles of required values that the export could not bring, such as passwords under another key.
        """
        with self._store.transaction() as session:
            stored = session.scalar(select(Configuration).where(Configuration.config_id == exported["config_id"]))
            if stored is None:
                connector = the_connector_by_id(session, number)
                stored = Configuration(
                    config_id=exported["config_id"],
                    connector=connector,
                    agent=SELF_AGENT,
                    teams=[],
                    values={},
                    health_status={},
                )
                session.add(stored)
            if stored.connector_id not in (None, number):
                raise refusal(400, "configuration with this config id already exists for another connector.")
            fields = configuration_fields(stored.connector.info)
            values = self._vault.readable(fields, exported["config"])
            self._fill(stored, {**exported, "config": values}, whole=False)
            missing = missing_titles(fields, stored.values)
            stored.status = 0 if missing else 1
        return missing

    def _connector_for(self, session: Session, body: Row) -> InstalledConnector:
        number = body.get("connector")
        if isinstance(number, int) and not isinstance(number, bool):
            found = session.get(InstalledConnector, number)
        elif self._switches["connector_name_suffices"]:
            found = find_connector(session, str(body.get("connector_name") or number), body.get("connector_version"))
        else:
            raise refusal(500, "Unknown error occurred")
        if found is None:
            raise refusal(400, f'Invalid pk "{number}" - object does not exist.')
        return found

    def _fill(self, configuration: Configuration, body: Row, whole: bool = True) -> None:
        """Write a request's values into a configuration; refuse what the appliance refuses.

        Parameters:
            whole: whether no required value may be missing.
        """
        connector = configuration.connector
        fields = configuration_fields(connector.info)
        given = body.get("config")
        if not isinstance(given, dict):
            raise refusal(400, "config must be an object.")
        if body.get("agent") not in (None, "", SELF_AGENT):
            raise refusal(400, "The local FortiSOAR has no remote agents.")
        values = self._vault.seal(fields, known_only(fields, given), configuration.values)
        if whole and (missing := missing_titles(fields, values)):
            blank = f"Parameters {', '.join(missing)} have either blank value or not provided"
            status = self._switches["incomplete_configuration_status"]
            raise refusal(status, f"Invalid configuration provided :: {blank}")
        name = _name_of(body)
        if any(c is not configuration and c.name == name for c in connector.configurations):
            raise refusal(400, "The fields name, connector, agent must make a unique set.")
        configuration.name = name
        configuration.values = values
        configuration.status = 1
        configuration.teams = body.get("teams", configuration.teams) or []
        configuration.default = bool(body.get("default", False))
        if configuration.default:
            for sibling in connector.configurations:
                sibling.default = sibling is configuration

    def _masked(self, configuration: Configuration) -> Row:
        return self._vault.masked(configuration_fields(configuration.connector.info), configuration.values)

    def _run_hook(self, connector: InstalledConnector, method: str, *args: Any) -> None:
        try:
            self._hooks.call(connector, method, *args)
        except HookFailed as failed:
            raise refusal(500, str(failed)) from failed


def _matches(configuration: Configuration, wanted: dict[str, str]) -> bool:
    facts = {
        "name": configuration.name,
        "connector": str(configuration.connector_id),
        "config_id": configuration.config_id,
        "agent": configuration.agent,
        "active": str(configuration.connector.active).lower(),
    }
    return all(
        value == wanted[key] or (key == "active" and value == wanted[key].lower())
        for key, value in facts.items()
        if key in wanted
    )


def _name_of(body: Row) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not name.strip():
        raise refusal(400, "name may not be blank.")
    return name


def _finished(message: str) -> Row:
    return {"message": message, "status": "finished"}
