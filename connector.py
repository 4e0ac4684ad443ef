"""What FortiSOAR calls. Dispatch and the translation of failures; the work is done in operations/."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional

from connectors.core.connector import Connector, ConnectorError, get_logger

from .clients.context import Context
from .clients.fortisiem.tokens import forget_all
from .core.configuration import forget_configurations, valid_configuration
from .core.errors import Failure
from .core.http.sessions import close_all
from .core.manifest import secret_names
from .core.redaction import Redactor
from .operations import OPERATIONS
from .operations.health import check_health
from .operations.parameters import valid_parameters

logger = get_logger("fortinet-incident-bridge")


class FortinetIncidentBridge(Connector):
    """The connector. FortiSOAR makes a new object for every call, so nothing is kept on it."""

    def execute(self, config: Dict[str, Any], operation: str, params: Dict[str, Any], **kwargs: Any) -> Any:
        """Run an action. Raises ConnectorError, whose text is what the analyst reads."""
        with translated_failures(config, operation) as redact:
            values = valid_parameters(operation, params)
            return OPERATIONS[operation](Context(valid_configuration(config or {}), redact, logger), values)

    def check_health(self, config: Optional[Dict[str, Any]] = None, *args: Any, **kwargs: Any) -> bool:
        """Check every configured product. FortiSOAR ignores what this returns; only raising means Disconnected."""
        with translated_failures(config, "check_health") as redact:
            check_health(Context(valid_configuration(config or {}), redact, logger))
            return True

    def on_add_config(self, config: Dict[str, Any], active: bool) -> None:
        """Note it. Never raise in a hook: FortiSOAR would answer 500 with the configuration saved all the same."""
        logger.info("A configuration was added.")

    def on_update_config(self, old_config: Dict[str, Any], new_config: Dict[str, Any], active: bool) -> None:
        """Let go of connections and tokens of the configuration as it was."""
        self._let_go("A configuration was changed.")

    def on_delete_config(self, config: Dict[str, Any]) -> None:
        """Let go of connections and tokens of the configuration."""
        self._let_go("A configuration was deleted.")

    def on_activate(self, config: Dict[str, Any]) -> None:
        """Note it."""
        logger.info("The connector was activated.")

    def on_deactivate(self, config: Dict[str, Any]) -> None:
        """Let go of everything that is kept."""
        self._let_go("The connector was deactivated.")

    def teardown(self, config: Dict[str, Any]) -> None:
        """Let go of everything that is kept."""
        self._let_go("The connector was removed.")

    def _let_go(self, occasion: str) -> None:
        close_all()
        forget_all()
        forget_configurations()
        logger.info("%s Connections are closed and tokens forgotten.", occasion)


@contextmanager
def translated_failures(config: Optional[Dict[str, Any]], operation: str) -> Iterator[Redactor]:
    """Turn every failure inside the block into a ConnectorError and a line in the log, without secrets."""
    redact = Redactor(config.get(name) for name in secret_names()) if isinstance(config, dict) else Redactor()
    try:
        yield redact
    except Failure as error:
        message = redact(str(error))
        logger.error("%s failed: %s", operation, message)
        raise ConnectorError(message) from None
    except Exception as error:  # noqa: BLE001 - the last line before FortiSOAR, which would show the bare text
        # A fault of ours. Its text and traceback may hold a secret, so only its kind and place are told.
        place = _innermost_line()
        logger.error("%s failed: unexpected %s at %s", operation, type(error).__name__, place)
        raise ConnectorError(
            f"Unexpected {type(error).__name__} in the connector at {place}. "
            "Whether anything was changed is unknown. Please report it with this line."
        ) from None


def _innermost_line() -> str:
    trace = sys.exc_info()[2]
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "unknown"
