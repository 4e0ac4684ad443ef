"""Tables and blocks of code, as pages show them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

WIDEST = 100  # characters of a line of JSON, unless a text in it is longer


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; what would end a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


def code(text: str, language: str = "") -> str:
    """Return a block of code."""
    return f"```{language}\n{text}\n```\n"


def as_json(value: Any) -> str:
    """Return a JSON value as it is read best: what has no further parts stands on one line, if it fits there."""
    return _written(value, indent="", taken=0)


def _written(value: Any, indent: str, taken: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    parts = list(value.values() if isinstance(value, dict) else value) if isinstance(value, (dict, list)) else []
    is_shallow = not any(isinstance(part, (dict, list)) and part for part in parts)
    if not parts or (is_shallow and taken + len(flat) <= WIDEST):
        return flat
    names = [f"{json.dumps(name)}: " for name in value] if isinstance(value, dict) else [""] * len(parts)
    inner = indent + "  "
    lines = (
        f"{inner}{name}{_written(part, inner, len(inner + name) + 1)}" for name, part in zip(names, parts, strict=True)
    )
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(lines) + f"\n{indent}{closing}"
