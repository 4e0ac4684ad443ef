"""Values against a form: each is read into its type, and every problem is told at once, by the titles that it shows.

FortiSOAR checks top-level required fields alone, and may hand over ``"443"`` or ``443``, ``"true"`` or ``True``,
``""`` or nothing.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Callable, Dict, Iterable, List, Mapping, Tuple

from . import times
from .errors import shown
from .manifest import Field, Form

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
BOOLEANS = {"true": True, "false": False}
A_TIME = "ISO 8601 with offset, epoch seconds, or 'YYYY-MM-DD HH:MM:SS' in UTC"


# What fields must mean beyond their types: from their titles, then their values, to sentences that say what is wrong;
# and the fields. It is asked where all of them have a value.
Rule = Tuple[Callable[..., Iterable[str]], Tuple[str, ...]]
Shape = Tuple[str, str]  # what a JSON field must hold, in words and as the text of a JSON schema
AN_OBJECT: Shape = ("a JSON object", '{"type": "object"}')


class _Unfit(Exception):
    """A value, as far as it was read, and what is wrong with it."""


def read_form(
    form: Form, given: Mapping[str, Any], rules: Iterable[Rule], shapes: Mapping[str, Shape]
) -> Tuple[Dict[str, Any], List[str]]:
    """Return the values in their types, blank optional ones left out, and every problem.

    Parameters:
        shapes: what JSON fields must hold, by their names; default an object.
    """
    values: Dict[str, Any] = {}
    problems: List[str] = []
    late: List[str] = []  # a moment that is none is told with what has no meaning
    waiting = list(reversed(form.fields))
    while waiting:
        field = waiting.pop()
        try:
            value = _read(field, given.get(field.name), shapes)
        except _Unfit as unfit:
            offending, fault = unfit.args
            subject = field.title if field.type == "password" else f"{field.title} {shown(offending)}"
            (late if field.type == "datetime" else problems).append(f"{subject} is not {fault}.")
            continue
        if value is not None:
            values[field.name] = value
            waiting += reversed(field.children.get(value, ())) if field.children else ()
        elif field.required:
            problems.append(f"{field.title} is required.")
    problems += late
    for problems_of, names in rules:
        if all(name in values for name in names):
            problems += problems_of(*(form.titles[name] for name in names), *(values[name] for name in names))
    return values, problems


def _read(field: Field, value: Any, shapes: Mapping[str, Shape]) -> Any:
    """Return a value in its field's type, or the default, None where there is neither. Raises _Unfit."""
    if isinstance(value, str):
        value = value.strip()
    if value is not None and value != "":
        value = TYPES.get(field.type, _text)(field, value)
        if field.type == "json" and value is not None:
            words, schema = shapes.get(field.name, AN_OBJECT)
            _of(_fits(schema)(value), value, words)
    return field.default if value is None or value == "" else value


def _of(is_fit: bool, value: Any, words: str) -> Any:
    if not is_fit:
        raise _Unfit(value, words)
    return value


def _text(field: Field, value: Any) -> Any:
    text = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    if field.options:
        return _of(text in field.options, text, f"one of: {', '.join(field.options)}")
    return _of(isinstance(text, str), text, "text")


def _multiselect(field: Field, value: Any) -> Any:
    """Read several choices: a list, its JSON text, or text with commas; none is blank."""
    chosen = _json(field, value)
    if isinstance(chosen, str):
        chosen = [part.strip() for part in chosen.split(",") if part.strip()]
    if chosen is None or chosen == []:
        return None
    _of(isinstance(chosen, list), chosen, "a list of choices")
    return _of(all(each in field.options for each in chosen), chosen, f"one of: {', '.join(field.options)}")


def _integer(field: Field, value: Any) -> Any:
    number = int(value) if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value) else value
    if isinstance(number, (int, float)) and not isinstance(number, bool):
        least, most = field.least, field.most
        is_out = (least is not None and number < least) or (most is not None and number > most)
        _of(not is_out, number, f"{least} or more" if most is None else f"between {least} and {most}")
    # 5.0 is none: an id must not go out as "5.0".
    return _of(isinstance(number, int) and not isinstance(number, bool), number, "a whole number")


def _checkbox(_field: Field, value: Any) -> Any:
    ticked = BOOLEANS.get(value.lower(), value) if isinstance(value, str) else value
    return _of(isinstance(ticked, bool), ticked, "true or false")


def _datetime(_field: Field, value: Any) -> Any:
    try:
        return times.utc(value)
    except (ValueError, OverflowError, OSError):
        raise _Unfit(value, A_TIME) from None


def _json(_field: Field, value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


TYPES: Dict[str, Callable[[Field, Any], Any]] = {
    "integer": _integer,
    "checkbox": _checkbox,
    "multiselect": _multiselect,
    "datetime": _datetime,
    "json": _json,
}


@cache
def _fits(schema: str) -> Callable[[Any], bool]:
    # At first use: importing it takes as long as half the connector.
    from jsonschema import Draft7Validator

    is_valid: Callable[[Any], bool] = Draft7Validator(json.loads(schema)).is_valid
    return is_valid
