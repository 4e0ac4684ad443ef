"""Values against a form: each is read into its type, and every problem is told at once, by the titles that it shows.

FortiSOAR checks top-level required fields alone, and may hand over ``"443"`` or ``443``, ``"true"`` or ``True``,
``""`` or nothing.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Callable, Dict, Iterable, List, Mapping, Tuple

from . import times
from .errors import shown, written
from .manifest import Field, Form
from .texts import HALF_A_CHARACTER, pasted, pasted_password
from .values import flag, whole_number

MADE_UP = ("fortisiem_password", "proxy_password")  # by persons; the other secrets are made by the products
A_TIME = "ISO 8601 with offset, epoch seconds, or 'YYYY-MM-DD HH:MM:SS' in UTC"


# What fields must mean beyond their types, where all of them have a value: a check of the values, which is False or
# raises ValueError; the sentence for that, with the titles, the value as {shown} and the error as {fault}; the names.
Rule = Tuple[Callable[..., Any], str, Tuple[str, ...]]
Shape = Tuple[str, str]  # what a JSON field must hold, in words and as the text of a JSON schema


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
            is_secret = field.type == "password" or "://" in written(offending)  # an address may hold a password
            subject = field.title if is_secret else f"{field.title} {shown(offending)}"
            (late if field.type == "datetime" else problems).append(f"{subject} is not {fault}.")
            continue
        if value is not None:
            values[field.name] = value
            waiting += reversed(field.children.get(value, ())) if field.children else ()
        elif field.required:
            problems.append(f"{field.title} is required.")
    problems += late
    for check, sentence, names in rules:
        if all(map(values.__contains__, names)):
            checked, fault = [values[name] for name in names], ""
            try:
                if check(*checked) is not False:
                    continue
            except ValueError as error:
                fault = str(error)
            titles = [form.titles[name] for name in names]
            problems.append(sentence.format(*titles, shown=shown(checked[0]), fault=fault))
    return values, problems


def _read(field: Field, value: Any, shapes: Mapping[str, Shape]) -> Any:
    """Return a value in its field's type, or the default, None where there is neither. Raises _Unfit."""
    if isinstance(value, str):
        value = pasted_password(value) if field.name in MADE_UP else pasted(value)
    if value is not None and value != "":
        value = _reader(field)(field, value)
    if value is None or value == "":
        return field.default
    if field.name in shapes:
        words, schema = shapes[field.name]
        try:
            fits = _fits(schema)(value)
        except RecursionError:
            fits = False
        if not fits:
            raise _Unfit(value, words)
    elif field.type == "json" and value == []:
        return field.default  # FortiSOAR keeps an object without members so
    elif field.type == "json" and not isinstance(value, dict):
        raise _Unfit(value, "a JSON object")
    return value


def _text(field: Field, value: Any) -> Any:
    text = value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        whole = None if field.type == "password" else whole_number(value)  # an ID may come as 1001.0
        text = str(value if whole is None else whole)
    if field.options and text not in field.options:
        raise _Unfit(text, f"one of: {', '.join(field.options)}")
    if not isinstance(text, str):
        raise _Unfit(text, "text")
    if HALF_A_CHARACTER.search(text):
        raise _Unfit(text, "text that can be sent: it has half of a surrogate pair, which is no character")
    return text


def _multiselect(field: Field, value: Any) -> Any:
    """Read several choices; none is blank."""
    chosen = _parts(field, value, "a list of choices")
    if not all(each in field.options for each in chosen):
        raise _Unfit(chosen, f"one of: {', '.join(field.options)}")
    return chosen or None


def _tags(field: Field, value: Any) -> Any:
    """Read tags, as text with commas."""
    if isinstance(value, str) and not value.startswith("["):
        return _text(field, value)
    parts = [_text(field, part) for part in _parts(field, value, "a list of texts")]
    if any("," in part for part in parts):
        raise _Unfit(value, "a list of tags: one of them has a comma, which separates tags")
    return ",".join(parts)


def _parts(field: Field, value: Any, wanted: str) -> List[Any]:
    """Read a list: as it is, as JSON or Python writes it, or as text with commas."""
    parts = _json(field, value)
    if isinstance(parts, str):
        bare = parts[1:-1] if parts.startswith("[") and parts.endswith("]") else parts
        parts = [part.strip().strip("'\"") for part in bare.split(",") if part.strip()]
    if parts is not None and not isinstance(parts, list):
        raise _Unfit(value, wanted)
    return parts or []


def _integer(field: Field, value: Any) -> int:
    number = whole_number(value)
    if number is None:
        raise _Unfit(value, "a whole number")
    least, most = field.least, field.most
    if (least is not None and number < least) or (most is not None and number > most):
        raise _Unfit(value, f"{least} or more" if most is None else f"between {least} and {most}")
    return number


def _checkbox(_field: Field, value: Any) -> bool:
    ticked = flag(value)
    if ticked is None:
        raise _Unfit(value, "true or false")
    return ticked


def _datetime(_field: Field, value: Any) -> Any:
    try:
        return times.utc(value)
    except (ValueError, OverflowError, OSError):
        raise _Unfit(value, A_TIME) from None


def _json(_field: Field, value: Any) -> Any:
    """Read JSON from a text, also as Python writes it, which is what an expression makes of an object or a list."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        pass
    if not value.startswith(("{", "[")):
        return value
    from ast import literal_eval  # at first use: few values need it

    try:
        return json.loads(json.dumps(literal_eval(value)))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return value


def _reader(field: Field) -> Callable[[Field, Any], Any]:
    return _tags if field.name == "tags" else TYPES.get(field.type, _text)


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
