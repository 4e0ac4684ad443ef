"""The configuration: what it must mean, and each content validated once."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Dict, List, Tuple

from .certificates import certificates_in
from .errors import InvalidInput
from .manifest import Field, configuration_form, secret_names
from .process_state import STATE
from .redaction import fingerprint
from .texts import pasted
from .urls import base_url, check_proxy, check_web_url
from .validation import Rule, read_form
from .values import flag

NOT_VALID = "The configuration is not valid"
OFF = "Off"


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
        values, problems = _read(config)
        if problems:
            raise InvalidInput(*problems, subject=NOT_VALID)
        STATE.configurations.put(key, values)
    return dict(values)  # whose values are texts, numbers, true and false


def _read(given: Dict[str, Any]) -> Tuple[Dict[str, Any], List[str]]:
    values, problems = read_form(configuration_form(), _in_fields_of_today(given), _rules(), {})
    return {**_timeouts(), **values}, problems


@lru_cache(maxsize=1)
def _advanced() -> Tuple[Field, ...]:
    """Return the fields that appear with Advanced."""
    return next(field.children[True] for field in configuration_form().fields if field.name == "advanced")


@lru_cache(maxsize=1)
def _timeouts() -> Dict[str, int]:
    """Return the timeouts that hold where nobody was asked for them, since Advanced is not ticked."""
    return {field.name: field.default for field in _advanced() if field.default is not None}


def _in_fields_of_today(given: Dict[str, Any]) -> Dict[str, Any]:
    """Return a configuration that an earlier build saved in the fields that took the place of its own.

    2026-11-28: until then check boxes switched the products on, FortiSIEM's way to sign in had a field of its own below
    one, and the proxy and the timeouts were always shown. FortiSOAR hands over what was saved until it is saved anew.
    """
    own_proxy = None if _is_blank(given.get("proxy")) else "Own Proxy"
    advanced = True if any(not _is_blank(given.get(field.name)) for field in _advanced()) else None
    renewed = {
        "fortimonitor_sign_in": _sign_in(given.get("fortimonitor_enabled"), "API Key"),
        "fortisiem_sign_in": _sign_in(
            given.get("fortisiem_enabled"), given.get("fortisiem_auth_method") or "Username and Password"
        ),
        "proxy_mode": own_proxy,
        "advanced": advanced,
    }
    return {**given, **{name: value for name, value in renewed.items() if _is_blank(given.get(name))}}


def _sign_in(enabled: Any, way: Any) -> Any:
    """Return the way to sign in that a check box of old stands for; what is no tick stays, to be refused by name."""
    if _is_blank(enabled):
        return None
    ticked = flag(pasted(enabled) if isinstance(enabled, str) else enabled)
    return enabled if ticked is None else way if ticked else OFF


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not pasted(value))


def _is_filled_in(text: str) -> bool:
    """Tell whether a text may be a secret or a user: not NULL, a vault's expression, or the stars of a form."""
    return not EXPRESSION.search(text) and text.strip() not in ("NULL", "null", "None") and bool(text.strip("*"))


USERS = ("fortisiem_username", "fortisiem_client_id", "proxy_username")  # a vault holds them beside the secrets
# The value is not repeated: an address that is wrong may hold a password.
EXPRESSION = re.compile(r"\{\{.*\}\}", re.DOTALL)
UNFILLED = "{0} is what an expression without a value renders to, or one itself: enter the value."
ADDRESS = "{0} is not a usable address: {fault}."


@lru_cache(maxsize=1)
def _rules() -> Tuple[Rule, ...]:
    """Return what the fields must mean; made at the first call, since importing comes before the manifest."""
    return (
        (
            lambda fortimonitor, fortisiem: not fortimonitor == fortisiem == OFF,
            "{0} and {1} are both Off: choose a way to sign in for at least one of them.",
            ("fortimonitor_sign_in", "fortisiem_sign_in"),
        ),
        *((_is_filled_in, UNFILLED, (name,)) for name in (*secret_names(), *USERS)),
        (base_url, ADDRESS, ("fortimonitor_url",)),
        (base_url, ADDRESS, ("fortisiem_server",)),
        (check_proxy, ADDRESS, ("proxy",)),
        (check_web_url, ADDRESS, ("fortimonitor_web_url",)),
        (check_web_url, ADDRESS, ("fortisiem_web_url",)),
        (
            lambda key: key.isascii() and key.isprintable(),
            "{0} has characters that cannot stand in a header.",
            ("fortimonitor_api_key",),
        ),
        (certificates_in, "{0} is not PEM text with at least one certificate.", ("ca_certificate",)),
    )
