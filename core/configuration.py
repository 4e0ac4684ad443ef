"""The configuration: what it must mean, and each content validated once."""

from __future__ import annotations

import ssl
from typing import Any, Dict, Tuple
from urllib.parse import urlsplit

from .errors import InvalidInput
from .manifest import configuration_form
from .process_state import STATE
from .redaction import fingerprint
from .urls import base_url
from .validation import Rule, read_form

NOT_VALID = "The configuration is not valid"


def valid_configuration(config: Dict[str, Any]) -> Dict[str, Any]:
    """Return the configuration with every value in its type.

    Keys that no field has (``config_id``, ``name``, ...) are FortiSOAR's own and left out.
    Raises InvalidInput with every problem.
    """
    if not isinstance(config, dict):
        raise InvalidInput("It must be an object of names and values.", subject=NOT_VALID)
    key = fingerprint(repr(config))  # True, 1 and "1" differ in it, as they do for a field
    values = STATE.configurations.get(key)
    if values is None:
        values, problems = read_form(configuration_form(), config, RULES, {})
        if problems:
            raise InvalidInput(*problems, subject=NOT_VALID)
        STATE.configurations.put(key, values)
    return dict(values)  # whose values are texts, numbers, true and false


def _check_proxy(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it must look like http://proxy.example.com:3128")
    if parts.port == 0:
        raise ValueError("its port must be a number from 1 to 65535")


def _is_pem(text: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError, TypeError):
        return False
    return context.cert_store_stats()["x509"] > 0


# The value is not repeated: an address that is wrong may hold a password.
ADDRESS = "{0} is not a usable address: {fault}."
RULES: Tuple[Rule, ...] = (
    (
        lambda fortimonitor, fortisiem: fortimonitor or fortisiem,
        "{0} or {1} must be on.",
        ("fortimonitor_enabled", "fortisiem_enabled"),
    ),
    (base_url, ADDRESS, ("fortimonitor_url",)),
    (base_url, ADDRESS, ("fortisiem_server",)),
    (_check_proxy, ADDRESS, ("proxy",)),
    (
        lambda key: key.isascii() and key.isprintable(),
        "{0} has characters that cannot stand in a header.",
        ("fortimonitor_api_key",),
    ),
    (_is_pem, "{0} is not PEM text with at least one certificate.", ("ca_certificate",)),
)
