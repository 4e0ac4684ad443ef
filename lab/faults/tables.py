"""The catalogue and the armed faults as tables on a console."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .catalogue import CATALOGUE, COUNTING, KINDS, MATCHING, PRODUCTS

ADDRESS = {parameter.name for parameter in (*MATCHING, *COUNTING)}


def show_catalogue(console: Console) -> None:
    """Show every kind of fault with its parameters and defaults."""
    for group in dict.fromkeys(kind.group for kind in KINDS):
        table = _table(f"{group} faults", "when", "what the client sees", "parameters")
        for kind in (each for each in KINDS if each.group == group):
            own = {parameter.name: parameter.default for parameter in kind.parameters}
            cells = Text(", ".join(kind.whens) or "-"), Text(kind.about), Text(_assigned(own))
            table.add_row(Text(kind.name, "bold"), *cells)
        console.print(table)
        console.print()
    console.print(Text(f"Every fault takes product ({' or '.join(PRODUCTS)}), and:"))
    for parameter in COUNTING:
        console.print(Text(f"  {parameter.name}={json.dumps(parameter.default)}  {parameter.about}"))
    console.print(Text("Those that strike a request also take:"))
    for parameter in MATCHING:
        console.print(Text(f"  {parameter.name}={json.dumps(parameter.default)}  {parameter.about}"))
    when = CATALOGUE["reset"].takes["when"]
    console.print(Text(f"  when, of which the first in the table is the default. {when.about}"))


def show_faults(console: Console, faults: Iterable[Mapping[str, Any]]) -> None:
    """Show what is armed or used up, as the control API lists it."""
    table = _table("no.", "fault", "strikes", "parameters", "hits")
    for fault in faults:
        strikes = " ".join(filter(None, (fault["product"], fault.get("method"), fault.get("path"))))
        own = {name: value for name, value in fault.items() if name not in ADDRESS | _SHOWN}
        hits = f"{fault['hits']} of {fault['times'] or 'any'}" + ("" if fault["armed"] else ", used up")
        cells = (str(fault["number"]), fault["kind"], strikes, _assigned(own), hits)
        table.add_row(*map(Text, cells), style="" if fault["armed"] else "dim")
    console.print(table if table.row_count else "No fault is armed.")


_SHOWN = {"number", "kind", "product", "hits", "armed"}


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        table.add_column(title, overflow="fold")
    table.columns[0].width = max(map(len, CATALOGUE))
    return table


def _assigned(values: Mapping[str, Any]) -> str:
    return "\n".join(
        f"{name}={value}" if isinstance(value, str) else f"{name}={json.dumps(value)}" for name, value in values.items()
    )
