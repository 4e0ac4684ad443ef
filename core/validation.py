"""Configuration and parameters against info.json: every problem at once, by the titles that the form shows.

FortiSOAR checks top-level required fields alone, and may hand over ``"443"`` or ``443``, ``"true"`` or ``True``,
``""`` or nothing. Values are first read into their type, then checked by a JSON schema made from the fields.
"""

from __future__ import annotations

import difflib
import json
import re
from functools import lru_cache
from typing import Any, Callable, Dict, List

from . import times
from .errors import InvalidInput, UnknownOperation
from .manifest import Field, all_fields, configuration_fields, manifest, parameters
from .paths import base_url

SHOWN = 60  # characters of an offending value in a message
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
MARKERS = ("correlation_id", "expect_correlation_id")
MARKER = re.compile(r"[^\[\]\x00-\x1f\x7f\u2028\u2029]{0,200}")
BOOLEANS = {"true": True, "false": False}
WHAT_A_TYPE_WANTS = {
    "integer": "a whole number",
    "checkbox": "true or false",
    "json": "a JSON object",
    "datetime": "ISO 8601 with offset, epoch seconds, or 'YYYY-MM-DD HH:MM:SS' in UTC",
}


def valid_configuration(config: Dict[str, Any]) -> Dict[str, Any]:
    """Return the configuration with every value in its type.

    Keys that no field has (``config_id``, ``name``, ...) are FortiSOAR's own and left out.
    Raises InvalidInput with every problem.
    """
    if not isinstance(config, dict):
        raise InvalidInput("The configuration is not valid", ["It must be an object of names and values."])
    fields = configuration_fields()
    names = {field["name"] for field in all_fields(fields)}
    problems: List[str] = []
    values = _read(fields, {key: value for key, value in config.items() if key in names}, problems)
    problems += _meaning_of_configuration(values)
    _refuse("The configuration is not valid", problems)
    return values


def valid_parameters(operation: str, params: Dict[str, Any]) -> Dict[str, Any]:
    """Return the parameters of an operation with every value in its type; blank optional ones are left out.

    Raises UnknownOperation, or InvalidInput with every problem.
    """
    if params is not None and not isinstance(params, dict):
        raise InvalidInput("The parameters are not valid", ["They must be an object of names and values."])
    try:
        fields = parameters(operation)
    except KeyError:
        known = ", ".join(entry["operation"] for entry in manifest()["operations"])
        raise UnknownOperation(
            f"This connector has no operation {_shown(operation)}", f"Its operations are: {known}."
        ) from None
    problems = _unknown_names(fields, params or {})
    values = _read(fields, params or {}, problems)
    problems += _meaning_of_parameters(fields, values) + _marker_problems(fields, values)
    _refuse("The parameters are not valid", problems)
    return values


def _refuse(subject: str, problems: List[str]) -> None:
    if problems:
        raise InvalidInput(subject, problems)


def _unknown_names(fields: List[Field], params: Dict[str, Any]) -> List[str]:
    names = [field["name"] for field in all_fields(fields)]
    problems = []
    for key in params:
        if key not in names:
            close = difflib.get_close_matches(str(key), names, 1, 0.75)
            hint = f"'{close[0]}' comes close." if close else f"the parameters are: {', '.join(names)}."
            problems.append(f"There is no parameter {_shown(key)}; {hint}")
    return problems


# Reading: from what FortiSOAR may hand over to the field's type.


def _read(fields: List[Field], given: Dict[str, Any], problems: List[str]) -> Dict[str, Any]:
    """Read the fields that the given values make visible; add what is wrong to the problems."""
    values: Dict[str, Any] = {}
    for field in fields:
        value = _typed(field, given.get(field["name"]))
        if value is None:
            value = field.get("value")
        if value is None:
            if field["required"]:
                problems.append(f"{field['title']} is required.")
            continue
        fault = _fault(field, value)
        if fault:
            problems.append(f"{_offending(field, value)} {fault}.")
            continue
        values[field["name"]] = value
        values.update(_read(_children(field, value), given, problems))
    return values


def _typed(field: Field, value: Any) -> Any:
    """Return a value in the field's type where it can be read so, else as it came; None if it is blank."""
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        return None
    return TYPES.get(field["type"], _text)(value)


def _text(value: Any) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if is_number else value


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value) else value


def _boolean(value: Any) -> Any:
    return BOOLEANS.get(value.lower(), value) if isinstance(value, str) else value


def _object(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


TYPES: Dict[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "checkbox": _boolean,
    "json": _object,
    "datetime": lambda value: value,
}


def _children(field: Field, value: Any) -> List[Field]:
    option = str(value).lower() if field["type"] == "checkbox" else str(value)
    children: List[Field] = field.get("onchange", {}).get(option, [])
    return children


# Checking: the schema that a field amounts to, and the words for what breaks it.


def _fault(field: Field, value: Any) -> str:
    """Return what is wrong with a value, as the end of a sentence, or nothing."""
    error = next(iter(_validator(_schema(field)).iter_errors(value)), None)
    if error is None:
        return ""
    if error.validator == "enum":
        return f"is not one of: {', '.join(field['options'])}"
    if error.validator in ("minimum", "maximum"):
        return f"is not {_range(field)}"
    return f"is not {WHAT_A_TYPE_WANTS.get(field['type'], 'text')}"


def _schema(field: Field) -> str:
    limits = field.get("validation", {})
    schemas: Dict[str, Dict[str, Any]] = {
        "integer": {"type": "integer"},
        "checkbox": {"type": "boolean"},
        "json": {"type": "object"},
        "datetime": {"type": ["string", "number"]},
        "select": {"enum": field.get("options", [])},
    }
    schema = schemas.get(field["type"], {"type": "string"})
    if "minlength" in limits:  # FortiSOAR's word for the least value of an integer
        schema["minimum"] = limits["minlength"]
    if "maxlength" in limits:
        schema["maximum"] = limits["maxlength"]
    return json.dumps(schema, sort_keys=True)


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    # At first use: importing it takes as long as the rest of the connector. Draft 4 is the last in which 5.0 is no
    # integer, and an id such as 5.0 must not go out as "5.0".
    from jsonschema import Draft4Validator

    return Draft4Validator(json.loads(schema))


def _range(field: Field) -> str:
    limits = field["validation"]
    if "maxlength" not in limits:
        return f"{limits['minlength']} or more"
    return f"between {limits['minlength']} and {limits['maxlength']}"


# Meaning: what a schema cannot say.


def _meaning_of_configuration(values: Dict[str, Any]) -> List[str]:
    problems = []
    if not values.get("fortimonitor_enabled") and not values.get("fortisiem_enabled"):
        problems.append("Use FortiMonitor or Use FortiSIEM must be on.")
    for name in ("fortimonitor_url", "fortisiem_server", "proxy"):
        if name in values:
            problems += _address_problem(name, values[name])
    key = values.get("fortimonitor_api_key", "")
    if not (key.isascii() and key.isprintable()):
        problems.append("FortiMonitor API Key has characters that cannot stand in a header.")
    if "ca_certificate" in values and not _is_pem(values["ca_certificate"]):
        problems.append("CA Certificate is not PEM text with at least one certificate.")
    return problems


def _address_problem(name: str, text: str) -> List[str]:
    title = next(field["title"] for field in all_fields(configuration_fields()) if field["name"] == name)
    try:
        if name == "proxy":
            _check_proxy(text)
        else:
            base_url(text)
    except ValueError as error:
        # The value is not repeated: an address that is wrong may hold a password.
        return [f"{title} is not a usable address: {error}."]
    return []


def _check_proxy(text: str) -> None:
    from urllib.parse import urlsplit

    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it must look like http://proxy.example.com:3128")
    if parts.port == 0:
        raise ValueError("its port must be a number from 1 to 65535")


def _is_pem(text: str) -> bool:
    import ssl

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError, TypeError):
        return False
    return bool(context.cert_store_stats()["x509"])


def _meaning_of_parameters(fields: List[Field], values: Dict[str, Any]) -> List[str]:
    problems = []
    for field in fields:
        name, title = field["name"], field["title"]
        if name not in values:
            continue
        if field["type"] == "datetime":
            try:
                values[name] = times.utc(values[name])
            except (ValueError, OverflowError, OSError):
                problems.append(f"{title} {_shown(values[name])} is not {WHAT_A_TYPE_WANTS['datetime']}.")
        if field["type"] == "json":
            problems += [
                f"{title} has a value that is not text, a number, true, false or null: {_shown(key)}."
                for key, value in values[name].items()
                if isinstance(value, (dict, list))
            ]
    return problems


def _marker_problems(fields: List[Field], values: Dict[str, Any]) -> List[str]:
    """Find what would make a correlation marker ambiguous: it is read back from metadata and description."""
    problems = []
    for field in fields:
        name, title = field["name"], field["title"]
        text = values.get(name, "")
        if name in MARKERS and not MARKER.fullmatch(text):
            problems.append(f"{title} {_shown(text)} is not one line of at most 200 characters without brackets.")
        if name == "description" and "[correlation_id:" in text:
            problems.append(f"{title} must not contain '[correlation_id:'; use Correlation ID.")
        if name == "metadata" and "correlation_id" in (text or {}):
            problems.append(f"{title} must not have the key 'correlation_id'; use Correlation ID.")
    return problems


def _offending(field: Field, value: Any) -> str:
    return field["title"] if field["type"] == "password" else f"{field['title']} {_shown(value)}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")
