"""What a connector may ask of the platform about itself."""

from __future__ import annotations

from typing import Any, Dict, Optional

from .base_connector import ConnectorError

# A stored configuration's columns that a PUT carries; it replaces the whole record.
KEPT = ("name", "connector", "default", "status", "teams", "agent")
# The platform adds these to what it hands a connector; they are no fields of the configuration.
ADDED = ("config_id", "name")


def update_connnector_config(
    connector_name: Optional[str] = None,
    version: Optional[str] = None,
    updated_config: Optional[Dict[str, Any]] = None,
    configId: Optional[str] = None,
    agent: Optional[str] = None,
) -> Dict[str, Any]:
    """Replace the stored values of one configuration; the three n's are the appliance's.

    Differs from the appliance's: it goes through the HTTP API, and the configuration's id is required.
    Raises: ConnectorError if no configuration has that id; what ``make_request`` raises.
    """
    from integrations.crudhub import make_request

    if not configId:
        raise ConnectorError("update_connnector_config needs the configId of the configuration to replace.")
    iri = f"/api/integration/configuration/{configId}/"
    stored = make_request(iri, "GET")
    # An unknown id is answered with 200 and a record of nulls (8.0.0).
    if not stored.get("config_id"):
        raise ConnectorError(f"There is no configuration {configId}.")
    record = {key: stored[key] for key in KEPT if key in stored}
    record["config"] = {key: value for key, value in (updated_config or {}).items() if key not in ADDED}
    named = {"connector_name": connector_name, "connector_version": version, "agent": agent}
    record.update({key: value for key, value in named.items() if value})
    answer: Dict[str, Any] = make_request(iri, "PUT", record)
    return answer
