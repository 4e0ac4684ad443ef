"""The configuration: what it must mean, and each content validated once."""

from __future__ import annotations

import ssl
import threading
from typing import Any, Dict, Iterator, Tuple
from urllib.parse import urlsplit

from .errors import InvalidInput
from .manifest import configuration_form
from .redaction import fingerprint
from .urls import base_url
from .validation import Rule, read_form

MOST_KEPT = 16
NOT_VALID = "The configuration is not valid"

_valid: Dict[str, Dict[str, Any]] = {}  # by a fingerprint of what FortiSOAR handed over
_lock = threading.Lock()


def valid_configuration(config: Dict[str, Any]) -> Dict[str, Any]:
    """Return the configuration with every value in its type.

    Keys that no field has (``config_id``, ``name``, ...) are FortiSOAR's own and left out.
    Raises InvalidInput with every problem.
    """
    if not isinstance(config, dict):
        raise InvalidInput("It must be an object of names and values.", subject=NOT_VALID)
    key = fingerprint(repr(config))  # True, 1 and "1" differ in it, as they do for a field
    values = _valid.get(key)
    if values is None:
        values, problems = read_form(configuration_form(), config, RULES, {})
        if problems:
            raise InvalidInput(*problems, subject=NOT_VALID)
        with _lock:
            if len(_valid) >= MOST_KEPT:
                del _valid[next(iter(_valid))]
            _valid[key] = values
    return dict(values)  # whose values are texts, numbers, true and false


def forget_configurations() -> None:
    """Drop what is kept, secrets included."""
    with _lock:
        _valid.clear()


def _is_on(_first: str, _second: str, fortimonitor: bool, fortisiem: bool) -> Iterator[str]:
    if not (fortimonitor or fortisiem):
        yield "Use FortiMonitor or Use FortiSIEM must be on."


def _is_address(title: str, text: str) -> Iterator[str]:
    try:
        base_url(text)
    except ValueError as error:
        # The value is not repeated: an address that is wrong may hold a password.
        yield f"{title} is not a usable address: {error}."


def _is_proxy(title: str, text: str) -> Iterator[str]:
    try:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it must look like http://proxy.example.com:3128")
        if parts.port == 0:
            raise ValueError("its port must be a number from 1 to 65535")
    except ValueError as error:
        yield f"{title} is not a usable address: {error}."


def _is_header(title: str, text: str) -> Iterator[str]:
    if not (text.isascii() and text.isprintable()):
        yield f"{title} has characters that cannot stand in a header."


def _is_pem(title: str, text: str) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=text)
        is_pem = context.cert_store_stats()["x509"] > 0
    except (ssl.SSLError, ValueError, TypeError):
        is_pem = False
    if not is_pem:
        yield f"{title} is not PEM text with at least one certificate."


RULES: Tuple[Rule, ...] = (
    (_is_on, ("fortimonitor_enabled", "fortisiem_enabled")),
    (_is_address, ("fortimonitor_url",)),
    (_is_address, ("fortisiem_server",)),
    (_is_proxy, ("proxy",)),
    (_is_header, ("fortimonitor_api_key",)),
    (_is_pem, ("ca_certificate",)),
)
