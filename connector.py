"""What FortiSOAR calls. Dispatch and the translation of failures; the work is done in operations/."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional

from connectors.core.connector import Connector, ConnectorError, get_logger

from .clients.context import Context
from .core.configuration import valid_configuration
from .core.faults import told
from .core.manifest import prefer, secret_names
from .core.process_state import STATE
from .core.redaction import Redactor
from .operations import OPERATIONS
from .operations.health import check_health
from .operations.parameters import valid_parameters
from .operations.results import with_ignored

logger = get_logger("fortinet-incident-bridge")


class FortinetIncidentBridge(Connector):
    """The connector. FortiSOAR makes a new object for every call, so nothing is kept on it.

    ``make_context`` makes what a call works with; tests put one there that goes by their own clock.
    """

    make_context = Context

    def execute(self, config: Dict[str, Any], operation: str, params: Dict[str, Any], **kwargs: Any) -> Any:
        """Run an action. Raises ConnectorError, whose text is what the analyst reads."""
        self._offer_manifest()
        with translated_failures(config, operation) as redact:
            ignored: List[str] = []
            context = self.make_context(valid_configuration(config or {}), redact, logger)
            context.configuration_id = (config or {}).get("config_id")
            values = valid_parameters(operation, params, ignored, context)
            return with_ignored(ignored, logger, redact, lambda: OPERATIONS[operation](context, values))

    def check_health(self, config: Optional[Dict[str, Any]] = None, *args: Any, **kwargs: Any) -> bool:
        """Check every configured product. FortiSOAR ignores what this returns; only raising means Disconnected."""
        self._offer_manifest()
        with translated_failures(config, "check_health") as redact:
            check_health(self.make_context(valid_configuration(config or {}), redact, logger))
            return True

    def _offer_manifest(self) -> None:
        prefer(getattr(self, "_info_json", None), OPERATIONS)

    # Never raise in a hook: FortiSOAR would answer 500 with the configuration saved all the same.

    def on_add_config(self, config: Dict[str, Any], active: bool) -> None:
        """Tell the log."""
        logger.info("A configuration was added.")

    def on_update_config(self, old_config: Dict[str, Any], new_config: Dict[str, Any], active: bool) -> None:
        """Let go of everything that is kept for the configuration as it was, and for all others."""
        _let_go("A configuration was changed.")

    def on_delete_config(self, config: Dict[str, Any]) -> None:
        """Let go of everything that is kept."""
        _let_go("A configuration was deleted.")

    def on_activate(self, config: Dict[str, Any]) -> None:
        """Tell the log."""
        logger.info("The connector was activated.")

    def on_deactivate(self, config: Dict[str, Any]) -> None:
        """Let go of everything that is kept."""
        _let_go("The connector was deactivated.")

    def teardown(self, config: Dict[str, Any]) -> None:
        """Let go of everything that is kept."""
        _let_go("The connector was removed.")


def _let_go(occasion: str) -> None:
    STATE.let_go()
    logger.info("%s Connections are closed; tokens, and what was learnt about servers, are forgotten.", occasion)


@contextmanager
def translated_failures(config: Optional[Dict[str, Any]], operation: str) -> Iterator[Redactor]:
    """Turn every failure inside the block into a ConnectorError and a line in the log, without secrets."""
    redact = Redactor()
    try:
        for name in secret_names():
            redact.add(config.get(name) if isinstance(config, dict) else None)
        yield redact
    except Exception as error:  # noqa: BLE001 - the last line before FortiSOAR, which would show the bare text
        message, logged = told(error, redact)
        logger.error("%s failed: %s", operation, logged)
        raise ConnectorError(message) from None
