"""What connectors import most: the base class, its errors, the logger and a simple reachability check."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Dict, Optional

from .base_connector import Connector, ConnectorError, CustomConnectorException
from .constants import (
    CONNECTION_TIMEOUT,
    INVALID_URL_OR_CREDENTIALS,
    REQUEST_READ_TIMEOUT,
    SSL_VALIDATION_ERROR,
    UNAUTHORIZED,
)
from .result import Result

if TYPE_CHECKING:
    import requests

__all__ = ["Connector", "ConnectorError", "CustomConnectorException", "Result", "api_health_check", "get_logger"]

TIMEOUT = 30


def get_logger(name: Optional[str] = None) -> logging.Logger:
    """Return the logger ``connectors.<name>``, or ``connectors``. The appliance's writes to a file of its own."""
    return logging.getLogger(f"connectors.{name}" if name else "connectors")


def api_health_check(
    url: str,
    method: str = "GET",
    params: Optional[Dict[str, Any]] = None,
    body: Any = "",
    headers: Optional[Dict[str, str]] = None,
    verify: Any = True,
    username: str = "",
    password: str = "",
    auth_config: Any = None,
    *args: Any,
    **kwargs: Any,
) -> requests.Response:
    """Send one request; return its response, or raise ConnectorError with the platform's text for what went wrong.

    Differs from the appliance's: ``auth_config`` is what requests takes as ``auth``, a time limit of 30 seconds holds,
    and any further argument is ignored (all three assumed: no source).
    """
    import requests

    failures = (
        (requests.exceptions.SSLError, SSL_VALIDATION_ERROR),
        (requests.exceptions.ConnectTimeout, CONNECTION_TIMEOUT),
        (requests.exceptions.ReadTimeout, REQUEST_READ_TIMEOUT),
        (requests.exceptions.ConnectionError, INVALID_URL_OR_CREDENTIALS),
    )
    auth = (username, password) if username else auth_config
    try:
        response = requests.request(
            method, url, params=params, data=body, headers=headers, verify=verify, auth=auth, timeout=TIMEOUT
        )
    except requests.exceptions.RequestException as error:
        text = next((text for kind, text in failures if isinstance(error, kind)), str(error))
        raise ConnectorError(text) from error
    if not response.ok:
        refusals = {401: INVALID_URL_OR_CREDENTIALS, 403: UNAUTHORIZED}
        raise ConnectorError(refusals.get(response.status_code, f"{response.status_code} {response.reason}"))
    return response
