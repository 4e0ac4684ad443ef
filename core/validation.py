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

from .errors import InvalidInput, UnknownOperation, shown
from .manifest import Field, all_fields, configuration_fields, feeds_choices, manifest, parameters
from .meaning import A_TIME, problems_of_configuration, problems_of_parameters

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
CONFIGURATION = "The configuration is not valid"
BOOLEANS = {"true": True, "false": False}
TEXT = {"type": "string"}
LISTS = ("items",)  # JSON fields that are a list, not an object
MOST_ITEMS = 1000
WHAT_A_TYPE_WANTS = {
    "integer": "a whole number",
    "checkbox": "true or false",
    "multiselect": "a list of choices",
    "json": "a JSON object",
    "datetime": A_TIME,
}


def valid_configuration(config: Dict[str, Any]) -> Dict[str, Any]:
    """Return the configuration with every value in its type.

    Keys that no field has (``config_id``, ``name``, ...) are FortiSOAR's own and left out.
    Raises InvalidInput with every problem.
    """
    if not isinstance(config, dict):
        raise InvalidInput("It must be an object of names and values.", subject=CONFIGURATION)
    fields = configuration_fields()
    names = {field["name"] for field in all_fields(fields)}
    problems: List[str] = []
    values = _read(fields, {key: value for key, value in config.items() if key in names}, problems)
    problems += problems_of_configuration(values)
    _refuse(problems, subject=CONFIGURATION)
    return values


def valid_parameters(operation: str, params: Dict[str, Any]) -> Dict[str, Any]:
    """Return the parameters of an operation with every value in its type; blank optional ones are left out.

    Raises UnknownOperation, or InvalidInput with every problem.
    """
    if params is not None and not isinstance(params, dict):
        raise InvalidInput("They must be an object of names and values.")
    try:
        fields = parameters(operation)
    except KeyError:
        known = ", ".join(entry["operation"] for entry in manifest()["operations"])
        raise UnknownOperation(
            f"This connector has no operation {shown(operation)}", f"Its operations are: {known}."
        ) from None
    # An operation that fills the choices of a form's field is handed the values of that form's other fields too.
    problems = [] if feeds_choices(operation) else _unknown_names(fields, params or {})
    values = _read(fields, params or {}, problems)
    problems += problems_of_parameters(fields, values)
    _refuse(problems)
    return values


def _refuse(problems: List[str], **subject: str) -> None:
    if problems:
        raise InvalidInput(*problems, **subject)


def _unknown_names(fields: List[Field], params: Dict[str, Any]) -> List[str]:
    names = [field["name"] for field in all_fields(fields)]
    problems = []
    for key in params:
        if key not in names:
            close = difflib.get_close_matches(str(key), names, 1, 0.75)
            others = f"the parameters are: {', '.join(names)}." if names else "this action has none."
            hint = f"'{close[0]}' comes close." if close else others
            problems.append(f"There is no parameter {shown(key)}; {hint}")
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


def _json(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _choices(value: Any) -> Any:
    """Read several choices: a list, its JSON text, or text with commas; none is blank."""
    read = _json(value)
    if isinstance(read, str):
        read = [part.strip() for part in read.split(",") if part.strip()]
    return None if read == [] else read


TYPES: Dict[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "checkbox": _boolean,
    "json": _json,
    "multiselect": _choices,
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
    if field["name"] in LISTS:
        return f"is not a JSON list of 1 to {MOST_ITEMS} items"
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
        "select": {"enum": field["options"]} if "options" in field else TEXT,
        "multiselect": {"type": "array", "items": {"enum": field.get("options", [])}},
    }
    schema = dict(schemas.get(field["type"], TEXT))
    if field["name"] in LISTS:
        schema = {"type": "array", "minItems": 1, "maxItems": MOST_ITEMS}
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


def _offending(field: Field, value: Any) -> str:
    return field["title"] if field["type"] == "password" else f"{field['title']} {shown(value)}"
