"""The page ``docs/development/faults.md``: the table of faults and outcomes, as it is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from lab.faults.catalogue import CATALOGUE, KINDS

from .fault_table import ACTIONS, DONE, NOTHING, ROWS, UNKNOWN, Action, LeftOut, Outcome, Row
from .markdown import table

PAGE = "docs/development/faults.md"
GROUPS = {
    "wire": "On the wire: the answer to the write is lost, broken or late",
    "connection": "In the connection",
    "product": "In the product: an answer of another kind",
}
SAYS = {DONE: "done", NOTHING: "error: nothing was changed", UNKNOWN: "**error: unknown**"}
INTRODUCTION = """\
# Faults and outcomes

What each write says when something goes wrong, and what is so. Each line is a test: it lets the fault strike the
action's write in the [lab](../../README.md#the-lab), and compares what the connector says with what the product has
stored. [Outcomes you can trust](../outcomes.md) says why the connector does what it does.

- **when**: *before*: the product never saw the request. *after*: it had done everything. From outside the two may look
  alike. A fault of the connection strikes the next connection that is made.
- **sent**: how many writes reached the proxy in front of the product. **received**: how many reached the product.
- A fault strikes once; with `times=0` it strikes every time.
- The configuration is as by default, with **Verify** on. Where a product stays silent, Read Timeout is 1 s.
- A create that ends as *done* or as *unknown* names a Correlation ID. Running it again with that one leaves exactly one
  incident: this is tested for each line, too.

This page is made by `make docs` from the table that the tests run.
"""


def fault_page() -> str:
    """Return the page's text."""
    parts = [INTRODUCTION, *_faults(), *_left_out_everywhere()]
    for action in ACTIONS:
        parts += _action(action)
    return "\n".join(parts)


def _faults() -> Iterator[str]:
    yield "## The faults\n"
    for group, title in GROUPS.items():
        lines = [(f"`{kind.name}`", kind.about) for kind in KINDS if kind.group == group]
        yield f"{title}.\n"
        yield table(("fault", "what the client sees"), lines)


def _left_out_everywhere() -> Iterator[str]:
    rows = [row for row in ROWS if all(isinstance(cell, LeftOut) for cell in row.cells)]
    yield "## Left out\n"
    yield _reasons((cell.reason, row) for row in rows for cell in row.cells[:1] if isinstance(cell, LeftOut))


def _action(action: Action) -> Iterator[str]:
    yield f"## {action.title}\n"
    yield f"`{action.operation}`; its write is `{action.method} {action.path}`.\n"
    for group, title in GROUPS.items():
        rows = [row for row in ROWS if CATALOGUE[row.kind].group == group]
        titles = ("fault", "when", "outcome", "confirmed by", "sent", "received", action.made, "message or remark")
        yield f"### {title}\n"
        yield table(titles, [_line(row, action, cell) for row in rows if isinstance(cell := row.cell(action), Outcome)])
        partly = [row for row in rows if any(isinstance(cell, Outcome) for cell in row.cells)]
        left_out = [(cell.reason, row) for row in partly if isinstance(cell := row.cell(action), LeftOut)]
        if left_out:
            yield f"Left out here:\n\n{_reasons(left_out)}"


def _line(row: Row, action: Action, cell: Outcome) -> list[str]:
    confirmed = "" if cell.says != DONE else str(cell.confirmed_by or "nothing")
    remark = "" if cell.says == DONE else f"{row.message_of(action, 'its address')} ..."
    numbers = [str(cell.sent), str(cell.received), str(cell.made)]
    return [_fault(row), row.when or "", SAYS[cell.says], confirmed, *numbers, remark]


def _fault(row: Row) -> str:
    given = (f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in row.given.items())
    return " ".join([f"`{row.kind}`", *(f"`{each}`" for each in given)])


def _reasons(left_out: Iterable[tuple[str, Row]]) -> str:
    by_reason: dict[str, list[str]] = {}
    for reason, row in left_out:
        by_reason.setdefault(reason, []).append(f"{_fault(row)} {row.when or ''}".rstrip())
    return "\n".join(f"- {', '.join(rows)}: {reason}" for reason, rows in by_reason.items()) + "\n"
