"""The fields of a form as a table: those of the configuration, and those of an action."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .markdown import table

HEADS = ("Title", "Name", "Type", "Required", "Default", "Description")
CONDITION = "Shown when"
Choice = tuple[str, str]  # the title of a field, and what is chosen there
Choices = tuple[Choice, ...]


@dataclass
class _Row:
    """A field. One that several choices bring up is told once.

    Parameters:
        form: its definition.
        choices: those that bring it up, by the title of their field; none for one that is always there.
    """

    form: dict[str, Any]
    choices: dict[str, list[str]] = field(default_factory=dict)

    @property
    def condition(self) -> str:
        return " or ".join(f"*{title}* is {' or '.join(choices)}" for title, choices in self.choices.items())


def form_table(fields: Sequence[dict[str, Any]]) -> str:
    """Return the table of a form, with the fields that a choice in it brings up."""
    rows: dict[str, _Row] = {}
    for form, brought_up_by in _shown(fields):
        row = rows.setdefault(json.dumps(form, sort_keys=True), _Row(form))
        for title, choice in brought_up_by:
            row.choices.setdefault(title, []).append(choice)
    is_conditional = any(row.choices for row in rows.values())
    heads = (*HEADS[:-1], CONDITION, HEADS[-1]) if is_conditional else HEADS
    return table(heads, (list(_cells(row, is_conditional)) for row in rows.values()))


def _shown(fields: Sequence[dict[str, Any]], *brought_up_by: Choice) -> Iterator[tuple[dict[str, Any], Choices]]:
    for form in fields:
        if not form.get("visible", True):
            continue
        own = {name: value for name, value in form.items() if name != "onchange"}
        yield own, brought_up_by
        for choice, children in form.get("onchange", {}).items():
            yield from _shown(children, (form["title"], _shown_choice(choice)))


def _shown_choice(choice: str) -> str:
    return {"true": "on", "false": "off"}.get(choice, f"*{choice}*")


def _cells(row: _Row, is_conditional: bool) -> Iterator[str]:
    form = row.form
    yield form["title"]
    yield f"`{form['name']}`"
    yield _type(form)
    yield "yes" if form.get("required") else "no"
    yield f"`{json.dumps(form['value'])}`" if form.get("value") not in (None, "") else ""
    if is_conditional:
        yield row.condition
    yield form["description"]


def _type(form: dict[str, Any]) -> str:
    if "options" in form:
        return f"{form['type']}: {', '.join(form['options'])}"
    if "apiOperation" in form:
        return f"{form['type']}, filled by `{form['apiOperation']}`; or any text"
    return str(form["type"])
