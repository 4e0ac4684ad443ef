"""What the page on the vendor's API guide promises: rows for every line, of tests, routes and switches that are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from release.archive import BuildError
from release.fidelity_page import CONTENTS, LINES, ROWS, fidelity_page, parts_of, rows_of
from tests.support.playbooks import Soar

PARAMETER = re.compile(r"\{[^}]*\}")
SWITCH = re.compile(r"[Ss]witch(?:es)? ((?:`\w+`(?:, )?)+)")
GUIDE = f"[A]\n1-10 GET /a: one\n11-{LINES} two\n"
HELD = """
["GET /a: one"]
says = "One."
evidence = "guide"
routes = ["GET /a"]
tests = ["test_x.py::test_one"]

[two]
says = "Two."
evidence = "guide"
differs = "Not in the lab."
"""


def page_of(folder: Path, contents: str = GUIDE, rows: str = HELD, tests: str = "def test_one(): ...\n") -> str:
    for name, text in ((CONTENTS, contents), (ROWS, rows), ("tests/lab/test_x.py", tests)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return fidelity_page(folder)


def test_each_part_of_the_guide_is_one_line_of_the_page(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert "\n## A\n" in page
    assert "\n| 1-10 | `GET /a`: one | One. | guide | `test_x.py::test_one` |  |\n" in page
    assert f"\n| 11-{LINES} | two | Two. | guide |  | Not in the lab. |\n" in page


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"contents": GUIDE.replace("1-10", "1-9")}, "Line 10 of the guide is not where two begins"),
        ({"contents": GUIDE.replace(str(LINES), "1000")}, f"The parts of the guide end at line 1000, not at {LINES}."),
        ({"contents": f"{GUIDE.replace(f'11-{LINES} two', '11-20 two')}21-{LINES} three\n"}, "three has no row."),
        ({"contents": GUIDE.replace("two", "GET /a: one")}, "Two parts are called GET /a: one."),
        ({"rows": HELD.replace("[two]", "[three]")}, "The row three is of no part of the guide."),
        ({"rows": HELD.replace('differs = "Not in the lab."', "")}, "two has neither a test nor a reason"),
        ({"tests": "def one(): ...\n"}, "GET /a: one is held by test_x.py::test_one, which is not there."),
        ({"rows": HELD.replace("test_x.py", "test_y.py")}, "is held by test_y.py::test_one, which is not there."),
    ],
)
def test_a_line_without_a_row_or_a_row_without_its_test_fails_the_build(
    tmp_path: Path, changed: dict[str, str], problem: str
) -> None:
    with pytest.raises(BuildError) as caught:
        page_of(tmp_path, **changed)
    assert problem in str(caught.value)


def test_every_route_that_a_row_names_is_one_of_the_lab(soar: Soar) -> None:
    app: Any = soar.product.app
    while not hasattr(app, "routes"):
        app = app.app if hasattr(app, "app") else app._app
    there = {f"{method} {PARAMETER.sub('{}', each.path)}" for each in app.routes for method in each.methods}
    named = {(part, route) for part, row in rows_of().items() for route in row.routes}
    assert len(named) > 100
    assert {each for each in named if PARAMETER.sub("{}", each[1]) not in there} == set()


def test_every_switch_that_a_row_names_is_one_of_the_lab(soar: Soar) -> None:
    there = {switch["name"] for switch in soar.product.switches.describe()}
    named = {
        name.strip("`")
        for row in rows_of().values()
        for found in SWITCH.findall(row.differs)
        for name in found.replace(",", "").split()
    }
    assert len(named) > 20
    assert named - there == set()


def test_every_address_that_the_guide_names_has_a_route(soar: Soar) -> None:
    without = {part.name for part in parts_of() if re.match(r"(GET|POST|PUT|DELETE) /", part.name)}
    without -= {name for name, row in rows_of().items() if row.routes}
    assert without == {"DELETE /api/{version}/{collection}/{uuid}: caution"}
