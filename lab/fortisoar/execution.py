"""Actions and health checks: the right connector, the right configuration, the platform's own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..kit.store import Store
from ..kit.switches import Switches
from .fields import configuration_fields, missing_titles
from .handover import Handover
from .lookup import chosen_configuration, connector_name, default_configuration, find_connector, the_connector
from .models import Configuration, InstalledConnector
from .refusals import Refusal
from .shapes import Row
from .worker import Job, Outcome
from .workers import WorkerFailed, Workers


class Execution:
    """Runs connectors' code for the API."""

    def __init__(self, store: Store, handover: Handover, workers: Workers, folder: Path, switches: Switches) -> None:
        self._store = store
        self._handover = handover
        self._workers = workers
        self._folder = folder
        self._switches = switches

    def execute(self, body: Row) -> Row:
        """Run one action and return its envelope.

        Raises: Refusal 400, whatever goes wrong; the code is in the message.
        """
        # The guide's template gives an id and "version", its example a name and "connector_version".
        version = body.get("version") or body.get("connector_version")
        with self._store.transaction() as session:
            name = connector_name(session, body.get("connector"))
            connector = find_connector(session, name, version)
            if connector is None:
                raise self._action_failed(f"Connector {name} does not exists")
            job = self._action(connector, body)
        outcome = self._run(job)
        if outcome.connector_error:
            raise self._failed(f"{outcome.failure} {connector.tag}", outcome.stack_trace)
        if outcome.failure is not None:
            raise self._action_failed(outcome.failure, outcome.stack_trace)
        envelope: Row = dict(sorted(json.loads(outcome.answer).items()))  # the order of the capture
        if self._switches["operation_in_envelope"] == "name":
            envelope["operation"] = body["operation"]
        return envelope

    def check_health(self, name: str, version: str, given: str | None) -> tuple[int, Row]:
        """Check a configuration, by UUID or name; an unknown one, or none, means the default configuration.

        Returns: the HTTP status and the body.
        Raises: Refusal.
        """
        with self._store.transaction() as session:
            connector = the_connector(session, name, version)
            configuration = chosen_configuration(connector, given) or default_configuration(connector)
            if configuration is None and configuration_fields(connector.info):
                raise self._unconfigured(given)
            config = self._handover.config(connector, configuration) if configuration else {}
        outcome = self._run(self._job(connector, "verify_health", config, connector.active))
        if outcome.failure is not None:
            raise self._failed(outcome.failure, outcome.stack_trace)
        health = json.loads(outcome.answer)
        if configuration:
            self._remember(configuration, health)
        status = self._switches["disconnected_http_status"] if health["status"] == "Disconnected" else 200
        return status, {
            "_status": True,
            "config_id": configuration.config_id if configuration else None,
            "message": health["message"],
            "name": connector.name,
            "request_id": None,
            "status": health["status"],
            "version": connector.version,
        }

    def _action(self, connector: InstalledConnector, body: Row) -> Job:
        operation = next((o for o in connector.info["operations"] if o["operation"] == body.get("operation")), None)
        if not connector.active:
            raise self._action_failed(f"Connector {connector.name} is not active")
        if operation is None:
            raise self._action_failed(f"Operation {body.get('operation')} not found")
        params = body.get("params", {})  # an empty list is handed over as it came: steps of official playbooks have it
        if params and not isinstance(params, dict):
            raise self._failed(f"Invalid params provided :: params must be an object {connector.tag}")
        config = self._config(connector, operation, body.get("config"))
        if missing := missing_titles(operation.get("parameters") or [], params or {}):
            blank = f"Parameters {', '.join(missing)} have either blank value or not provided"
            raise self._failed(f"Invalid params provided :: {blank} {connector.tag}")
        inputs = {
            "config": config,
            "operation": operation["operation"],
            "params": self._handover.params(operation, params) if params else params,
        }
        return self._job(connector, "_handle_operation", inputs, env=body.get("env") or {})

    def _config(self, connector: InstalledConnector, operation: Row, given: Any) -> Row:
        configuration = chosen_configuration(connector, given)
        if configuration:
            return self._handover.config(connector, configuration)
        if configuration_fields(connector.info) and operation.get("is_config_required", True):
            raise self._failed(
                "INTEGRATION-12: Could not find a connector configuration matching the given configuration id or name "
                f"{given or ''} {connector.tag}"
            )
        return {}

    def _job(self, connector: InstalledConnector, method: str, *args: Any, **kwargs: Any) -> Job:
        return Job(str(self._folder / connector.folder_name), connector.serial, method, args, kwargs)

    def _run(self, job: Job) -> Outcome:
        try:
            return self._workers.call(job)
        except WorkerFailed as failed:
            raise self._action_failed(str(failed)) from failed

    def _remember(self, configuration: Configuration, health: Row) -> None:
        with self._store.transaction() as session:
            if stored := session.get(Configuration, configuration.id):
                stored.health_status = {"message": health["message"], "status": health["status"]}

    def _unconfigured(self, given: str | None) -> Refusal:
        return self._failed(
            f"Could not find a configuration matching the id {given or 'get_default_config'} "
            "or the default configuration",
            status=self._switches["unconfigured_health_status"],
        )

    def _action_failed(self, reason: str, stack_trace: str = "") -> Refusal:
        return self._failed(
            f"CS-INTEGRATION-5: Error occurred while executing the connector action ERROR :: {reason}", stack_trace
        )

    def _failed(self, message: str, stack_trace: str = "", status: int = 400) -> Refusal:
        body: Row = {"message": message, "status": "failed", "_status": False}
        if self._switches["error_with_stack_trace"]:
            body |= {"stack_trace": stack_trace, "env": {}}
        return Refusal(status, body)
