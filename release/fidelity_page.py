"""The page ``docs/development/lab-fidelity.md``: the local FortiSOAR beside each part of the vendor's API guide.

The guide is not in the repository. ``guide_contents.txt`` names its parts and the lines that each one takes, so that no
line is without one; ``guide_rows.toml`` has a row for each part.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import tomllib

from .archive import ROOT, BuildError
from .markdown import table

PAGE = "docs/development/lab-fidelity.md"
CONTENTS, ROWS = "release/guide_contents.txt", "release/guide_rows.toml"
TESTS = "tests/lab"
LINES = 1323  # of the guide; what its file has behind them is the same text once more
PART = re.compile(r"(\d+)-(\d+) (.+)")
INTRODUCTION = """\
# The local FortiSOAR and the vendor's API guide

Each part of the vendor's API guide (of 7.2, with what 7.6 is known to do otherwise): what it says in a few words, what
that rests on, the tests of the lab that hold it, and what the lab does otherwise or assumes. A *switch* is a behaviour
that sources leave open; the control API puts it into any of its positions.

- *guide*: the guide alone says so. *captured on 7.6*: an answer of an appliance was seen, too. *met by clients*:
  authors of clients saw it.
- The numbers are lines of the guide's text. It is the vendor's and stands nowhere in this project.

This page is made by `make docs` from `release/guide_contents.txt` and `release/guide_rows.toml`. A line of the guide
without a row, or a row whose test is not there, fails the build.
"""


@dataclass(frozen=True)
class Part:
    """A part of the guide: its first and last line, its name, and the chapter that it is in."""

    first: int
    last: int
    name: str
    chapter: str


@dataclass(frozen=True)
class Row:
    """What the lab does about a part; see the head of ``guide_rows.toml``."""

    says: str
    evidence: str
    routes: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    differs: str = ""


def fidelity_page(root: Path = ROOT) -> str:
    """Return the page's text.

    Raises: BuildError naming every line without a part, every part without a row, and every test that is not there.
    """
    parts, rows = parts_of(root), rows_of(root)
    if problems := [*_gaps(parts), *_unmatched(parts, rows), *_unheld(rows, root)]:
        raise BuildError(" ".join(problems))
    chapters = dict.fromkeys(part.chapter for part in parts)
    return "\n".join([INTRODUCTION, *(_chapter(chapter, parts, rows) for chapter in chapters)])


def parts_of(root: Path = ROOT) -> list[Part]:
    """Return the parts of the guide."""
    parts, chapter = [], ""
    for line in (root / CONTENTS).read_text("utf-8").splitlines():
        if line.startswith("["):
            chapter = line.strip("[]")
        elif found := PART.fullmatch(line):
            parts.append(Part(int(found[1]), int(found[2]), found[3], chapter))
    return parts


def rows_of(root: Path = ROOT) -> dict[str, Row]:
    """Return the rows by the names of their parts."""
    return {name: Row(**row) for name, row in tomllib.loads((root / ROWS).read_text("utf-8")).items()}


def _gaps(parts: list[Part]) -> Iterator[str]:
    expected = 1
    for part in parts:
        if part.first != expected or part.last < part.first:
            yield f"Line {expected} of the guide is not where {part.name} begins: {part.first}-{part.last}."
        expected = part.last + 1
    if expected != LINES + 1:
        yield f"The parts of the guide end at line {expected - 1}, not at {LINES}."


def _unmatched(parts: list[Part], rows: dict[str, Row]) -> Iterator[str]:
    names = [part.name for part in parts]
    yield from (f"Two parts are called {name}." for name in dict.fromkeys(names) if names.count(name) > 1)
    yield from (f"{name} has no row." for name in names if name not in rows)
    yield from (f"The row {name} is of no part of the guide." for name in rows if name not in names)


def _unheld(rows: dict[str, Row], root: Path) -> Iterator[str]:
    for name, row in rows.items():
        if not row.tests and not row.differs:
            yield f"{name} has neither a test nor a reason why it has none."
        for test in row.tests:
            file, _, function = test.partition("::")
            if function not in _tests_in(root / TESTS / file):
                yield f"{name} is held by {test}, which is not there."


@cache
def _tests_in(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    body = ast.parse(path.read_text("utf-8")).body
    return {each.name for each in body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")}


def _chapter(chapter: str, parts: list[Part], rows: dict[str, Row]) -> str:
    lines = [_line(part, rows[part.name]) for part in parts if part.chapter == chapter]
    heads = ("lines", "part", "the guide, in short", "rests on", "held by", "other in the lab, or assumed")
    return f"## {chapter}\n\n{table(heads, lines)}"


def _line(part: Part, row: Row) -> list[str]:
    tests = "\n".join(f"`{test}`" for test in row.tests)
    return [f"{part.first}-{part.last}", _as_code(part.name), row.says, row.evidence, tests, row.differs]


def _as_code(name: str) -> str:
    """Return a part's name with its address as code."""
    address, _, topic = name.partition(": ")
    return f"`{address}`: {topic}" if "/" in address else name
