"""What a connector is given: its configuration and an action's parameters."""

from __future__ import annotations

from typing import Any

from ..kit.switches import Switches
from .fields import Field, coerced, configuration_fields
from .models import Configuration, InstalledConnector
from .secrets_at_rest import Vault


class Handover:
    """Prepares values for connector code, in the types that the switch ``coercion`` asks for."""

    def __init__(self, vault: Vault, switches: Switches) -> None:
        self._vault = vault
        self._switches = switches

    def config(self, connector: InstalledConnector, configuration: Configuration) -> dict[str, Any]:
        """Return a flat dictionary: the stored values, decrypted, with ``config_id``, ``name`` and ``status``."""
        fields = configuration_fields(connector.info)
        values = self._typed(fields, self._vault.open(fields, configuration.values))
        about = {"config_id": configuration.config_id, "name": configuration.name, "status": configuration.status}
        return values | about

    def params(self, operation: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        """Return an action's parameters."""
        return self._typed(operation.get("parameters") or [], params)

    def _typed(self, fields: list[Field], values: dict[str, Any]) -> dict[str, Any]:
        return coerced(fields, values) if self._switches["coercion"] else values
