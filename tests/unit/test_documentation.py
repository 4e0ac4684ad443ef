"""The pages that are generated, and those that name actions: what they say is there, and it is what is there."""

from __future__ import annotations

import json
import re

import pytest

from release import case_page
from release.action_page import PAGE, action_page
from release.archive import ROOT, BuildError

FIELD_CASES = "release/field_cases.toml"
VISIBLE = {
    action["operation"]
    for action in json.loads((ROOT / "info.json").read_text("ascii"))["operations"]
    if action["visible"]
}


def last_cells(page: str) -> str:
    """Return what the tables of a page have in their last column."""
    return "\n".join(line.rstrip(" |").rpartition("|")[2] for line in page.splitlines() if line.startswith("|"))


def test_the_page_of_actions_is_what_the_manifest_makes():
    assert (ROOT / PAGE).read_text("utf-8") == action_page(), "run python -m release docs"


def test_the_page_of_actions_has_each_action_once():
    for name in VISIBLE:
        assert action_page().count(f"\n`{name}`. ") == 1


def test_the_comparison_names_every_action_and_none_that_is_not_there():
    ours = set(re.findall(r"`([a-z]\w+)`", last_cells((ROOT / "docs" / "comparison.md").read_text("utf-8"))))
    assert ours == VISIBLE


def test_the_readme_names_every_action():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert {name for name in VISIBLE if f"`{name}`" not in readme} == set()


# Cases from the field.


def test_the_page_of_cases_is_what_the_tests_make():
    assert (ROOT / case_page.PAGE).read_text("utf-8") == case_page.case_page(), "run python -m release docs"


@pytest.fixture
def page_of(tmp_path):
    """Return a maker of the page for a folder with two kinds and one file of tests."""

    def make(source: str) -> str:
        for name, text in (
            (FIELD_CASES, '[a]\ntitle = "A"\nF1 = "One."\nF2 = "Two."\n'),
            ("tests/unit/test_x.py", source),
        ):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, "utf-8")
        return case_page.case_page(tmp_path)

    return make


HELD = """
TABLE = {"a": 1, "b": 2}

@pytest.mark.field_case("F1", "F2")
@pytest.mark.parametrize("x", TABLE)
@pytest.mark.parametrize(("y", "z"), [(1, 2), (3, 4)])
def test_a(x, y, z): ...

@pytest.mark.field_case("F2")
def test_b(): ...
"""


def test_a_kind_is_shown_with_its_tests_and_the_number_of_their_instances(page_of):
    page = page_of(HELD)
    assert "\n| F1 | One. | 4 | `tests/unit/test_x.py::test_a` |\n" in page
    assert "\n| F2 | Two. | 5 | `tests/unit/test_x.py::test_a`<br>`tests/unit/test_x.py::test_b` |\n" in page


@pytest.mark.parametrize(
    "drawn", ["@given(st.text())", "@pytest.mark.parametrize('x', [*MANY])", "@pytest.mark.parametrize('x', made())"]
)
def test_instances_that_are_drawn_or_made_are_not_counted(page_of, drawn):
    page = page_of(HELD + f"\n@pytest.mark.field_case('F1')\n{drawn}\ndef test_c(x): ...\n")
    assert "| F1 | One. | any |" in page


@pytest.mark.parametrize(
    ("was", "is_now", "problem"),
    [
        ('("F1", "F2")', '("F2")', "No test holds F1."),
        ('"F1", "F2"', '"F1", "F2", "F3"', "tests/unit/test_x.py::test_a is marked with F3, which is in no table."),
        ("def test_b", "def b", "tests/unit/test_x.py::b is marked with F2 and is no test."),
        (', "b": 2', "", "F1 has fewer than 4 instances."),
    ],
)
def test_a_kind_that_is_not_held_fails_the_build(page_of, was, is_now, problem):
    with pytest.raises(BuildError) as caught:
        page_of(HELD.replace(was, is_now))
    assert problem in str(caught.value)
