"""JSON of a sensible depth, which whoever works on it later can walk through."""

from __future__ import annotations

import json
import math
from typing import Any

DEEPEST = 100


def read_json(text: str | bytes, allow_nan: bool = False, allow_surrogates: bool = False) -> Any:
    """Return the value of a JSON text.

    Parameters:
        text: as bytes in UTF-8.
        allow_nan: whether it may hold NaN and the infinities, which are no JSON.
        allow_surrogates: whether a text may hold half of a surrogate pair, which no database takes.
    Raises: ValueError if it is no JSON; TooDeep, which is one, if it nests too deep.
    """
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(
            text, parse_constant=None if allow_nan else _no_constant, parse_float=None if allow_nan else _finite
        )
    except RecursionError:
        raise TooDeep from None
    if _is_deeper(value, DEEPEST):
        raise TooDeep
    if not allow_surrogates:
        _check_texts(value)
    return value


class TooDeep(ValueError):
    """A JSON text nests too deep."""

    def __init__(self) -> None:
        super().__init__(f"it nests more than {DEEPEST} levels deep")


def _is_deeper(value: Any, levels: int) -> bool:
    level = [value]
    for _ in range(levels + 1):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_texts(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half of a surrogate pair, which is no character") from None


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:20]} is larger than any number")
    return number


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
