"""The class every connector derives from, and the errors it raises."""

# ruff: noqa: B027 - the hooks are optional: doing nothing is their contract
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict, Optional

from .constants import STATE_AVAILABLE, STATE_DEACTIVATED, STATE_DISCONNECTED
from .result import Result


class ConnectorError(Exception):
    """A failure whose text FortiSOAR shows to the analyst."""


class CustomConnectorException(Exception):
    """A failure of a connector's own kind. That it is no ``ConnectorError`` is assumed: no source."""


class Connector(ABC):
    """What FortiSOAR calls: one operation, the health check, and the hooks of a connector's life.

    Parameters:
        info_json: the manifest, as a keyword.

    Differs from the appliance's: ``init``, ``clean_up`` and ``handle_exception`` can be overridden but are never
    called, because no source says when the appliance calls them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._info_json: Dict[str, Any] = kwargs.get("info_json", {})
        self._result = Result()

    @abstractmethod
    def execute(self, config: Dict[str, Any], operation: str, params: Dict[str, Any], **kwargs: Any) -> Any:
        """Run one operation and return its data; fail by raising."""

    def check_health(self, config: Optional[Dict[str, Any]] = None) -> Any:
        """Raise if the connector cannot work with this configuration. What it returns is ignored."""

    def init(self, *args: Any, **kwargs: Any) -> None:
        """Prepare the connector."""

    def clean_up(self, *args: Any, **kwargs: Any) -> None:
        """Tidy up after the connector."""

    def handle_exception(self, exception: BaseException) -> None:
        """Deal with an exception."""

    def on_app_start(self, config: Dict[str, Any], active: bool) -> None:
        """Hear that the service has started; ``config`` holds every configuration by its ``config_id``."""

    def on_add_config(self, config: Dict[str, Any], active: bool) -> None:
        """Hear that a configuration was created."""

    def on_update_config(self, old_config: Dict[str, Any], new_config: Dict[str, Any], active: bool) -> None:
        """Hear that a configuration was edited."""

    def on_delete_config(self, config: Dict[str, Any]) -> None:
        """Hear that a configuration was deleted."""

    def on_activate(self, config: Dict[str, Any]) -> None:
        """Hear that the connector was activated."""

    def on_deactivate(self, config: Dict[str, Any]) -> None:
        """Hear that the connector was deactivated."""

    def teardown(self, config: Dict[str, Any]) -> None:
        """Hear that the connector is being deleted."""

    def verify_health(self, config: Dict[str, Any], active: bool = False) -> Dict[str, str]:
        """Return state and message: available, disconnected (the health check raised) or deactivated."""
        if not active:
            return {
                "message": "Connector is available but not active. Please activate the connector to check the health.",
                "status": STATE_DEACTIVATED,
            }
        try:
            self.check_health(config)
        except Exception as error:  # noqa: BLE001 - whatever the check raises is the answer
            return {"message": str(error), "status": STATE_DISCONNECTED}
        return {"message": "Connector is available", "status": STATE_AVAILABLE}

    def _handle_operation(self, inputs: Dict[str, Any], **kwargs: Any) -> Dict[str, Any]:
        """Run the operation in ``inputs`` (``config``, ``operation``, ``params``) and return its envelope.

        Every tuple is read as ``(data, is_binary)``, as on the appliance. That the envelope's ``env`` is the one the
        call came with is assumed: no source.
        """
        result = Result()
        result.set_env(kwargs.get("env", {}))
        returned = self.execute(
            inputs.get("config", {}), inputs.get("operation", ""), inputs.get("params", {}), **kwargs
        )
        if isinstance(returned, Result):
            result.merge(returned)
        elif isinstance(returned, tuple):
            result.set_data(returned[0], returned[1])
        else:
            result.set_data(returned)
        self._result = result
        return result.get_result()
