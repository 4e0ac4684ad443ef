"""The fields of a request's body: which there are, and what each may hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .answers import REQUIRED, Refused, invalid
from .calls import Call

Read = Callable[[Call, Any], Any]


@dataclass(frozen=True)
class Field:
    """What one field may hold. Null stands for a field that is not there.

    Parameters:
        expected: what a right value is, in the words of a refusal.
        read: turns a right value into what is stored, raises ValueError for a wrong one.
        required: whether it must be there.
        blank: whether an empty text is enough where it must be there.
    """

    expected: str
    read: Read
    required: bool = False
    blank: bool = False

    def is_missing(self, value: Any) -> bool:
        """Return whether a value is none."""
        return value is None or (value == "" and self.required and not self.blank)


def checked(call: Call, payload: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the value of each field, None for one that is not there.

    Raises: Refused with 400 that names every field that is wrong (assumed: no source), or that is
    unknown if the switch ``strict_fields`` says so.
    """
    values: dict[str, Any] = dict.fromkeys(fields)
    problems: dict[str, str] = {}
    for name, field in fields.items():
        if not field.is_missing(payload.get(name)):
            try:
                values[name] = field.read(call, payload[name])
            except ValueError:
                problems[name] = invalid(name, field.expected)
        elif field.required:
            problems[name] = REQUIRED
    if call.switches["strict_fields"]:
        problems |= {name: "This field is not allowed" for name in payload if name not in fields}
    if problems:
        raise Refused(400, fields=problems)
    return values


def text(call: Call, value: Any) -> str:
    """Read a text."""
    if not isinstance(value, str):
        raise ValueError
    return value


def flag(call: Call, value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise ValueError
    return value


TEXT = Field("a valid string", text)
REQUIRED_TEXT = Field("a valid string", text, required=True)
FLAG = Field("a valid boolean", flag)
