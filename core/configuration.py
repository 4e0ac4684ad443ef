"""The configuration: what it must mean, and each content validated once."""

from __future__ import annotations

import re
from typing import Any, Dict, Tuple

from .certificates import certificates_in
from .errors import InvalidInput
from .manifest import configuration_form, secret_names
from .process_state import STATE
from .redaction import fingerprint
from .urls import base_url, check_proxy
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


def _is_filled_in(secret: str) -> bool:
    """Tell whether a secret may be one: not NULL, a vault's expression, or the stars that stand for it in a form."""
    return not EXPRESSION.search(secret) and secret.strip() not in ("NULL", "null", "None") and bool(secret.strip("*"))


# The value is not repeated: an address that is wrong may hold a password.
EXPRESSION = re.compile(r"\{\{.*\}\}", re.DOTALL)
UNFILLED = "{0} is what an expression without a value renders to, or one itself: enter the value."
ADDRESS = "{0} is not a usable address: {fault}."
RULES: Tuple[Rule, ...] = (
    (
        lambda fortimonitor, fortisiem: fortimonitor or fortisiem,
        "{0} or {1} must be on.",
        ("fortimonitor_enabled", "fortisiem_enabled"),
    ),
    *((_is_filled_in, UNFILLED, (name,)) for name in secret_names()),
    (base_url, ADDRESS, ("fortimonitor_url",)),
    (base_url, ADDRESS, ("fortisiem_server",)),
    (check_proxy, ADDRESS, ("proxy",)),
    (
        lambda key: key.isascii() and key.isprintable(),
        "{0} has characters that cannot stand in a header.",
        ("fortimonitor_api_key",),
    ),
    (certificates_in, "{0} is not PEM text with at least one certificate.", ("ca_certificate",)),
)
