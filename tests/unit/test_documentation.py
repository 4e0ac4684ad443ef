"""The pages that are generated, and those that name actions: what they say is there, and it is what is there."""

from __future__ import annotations

import ast
import json
import re
import tempfile
from pathlib import Path

import pytest

from release import action_pages, blocks, case_page, notes, pages
from release.archive import ROOT, BuildError, shipped_files
from release.examples import EXAMPLES, Example
from release.form_table import form_table
from release.troubleshooting import TROUBLES
from tests.support.package import module

FIELD_CASES = "release/field_cases.toml"
INFO = json.loads((ROOT / "info.json").read_text("ascii"))
VISIBLE = {action["operation"] for action in INFO["operations"] if action["visible"]}
WRITTEN = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def text_of(path: str) -> str:
    """Return the text of a page."""
    return (ROOT / path).read_text("utf-8")


def last_cells(page: str) -> str:
    """Return what the tables of a page have in their last column."""
    return "\n".join(line.rstrip(" |").rpartition("|")[2] for line in page.splitlines() if line.startswith("|"))


def test_the_pages_are_what_is_made_now():
    pages.check_pages()


def test_each_action_that_is_shown_has_a_page_with_its_form_and_no_other_has_one():
    assert {path.stem for path in (ROOT / action_pages.FOLDER).iterdir()} == VISIBLE
    for action in INFO["operations"]:
        if action["visible"]:
            page = text_of(f"{action_pages.FOLDER}/{action['operation']}.md")
            assert page.startswith(f"# {action['title']}\n\n{action['description']}\n")
            assert all(f"| `{field['name']}` |" in page for field in action["parameters"])


@pytest.fixture
def changed_info(monkeypatch, tmp_path):
    """Return a function that puts a changed info.json in the place of ours."""

    def change(edit):
        info = json.loads(json.dumps(INFO))
        edit(info)
        for beside in ("release_notes.md", "playbooks", "clients", "core", "tests", "release", "docs"):
            (tmp_path / beside).symlink_to(ROOT / beside)
        (tmp_path / "info.json").write_text(json.dumps(info), "ascii")
        for each in (action_pages, blocks, pages):
            monkeypatch.setattr(each, "ROOT", tmp_path)
        # A package of the same name from another folder would take the place of the one that other tests hold.
        monkeypatch.setattr(action_pages, "import_module", lambda _folder, name: module(name))
        # The other pages are made of no form.
        monkeypatch.setattr(pages, "MAKERS", (action_pages.action_pages, blocks.filled_pages))

    return change


@pytest.mark.parametrize(
    ("edit", "page"),
    [
        (lambda info: info["operations"][0].update(title="Raise It"), "docs/actions/create_custom_incident.md"),
        (
            lambda info: info["operations"][0]["parameters"][0].update(description="Another text."),
            "docs/actions/create_custom_incident.md",
        ),
        (lambda info: info["configuration"]["fields"][0].update(title="Another"), "docs/README.md"),
        (lambda info: info.update(version="1.2.3"), "docs/by-http.md"),
        (lambda info: info["operations"][0].update(visible=False), "docs/actions/create_custom_incident.md"),
    ],
    ids=["title", "description", "configuration", "version", "hidden"],
)
def test_a_changed_form_without_changed_pages_is_named(changed_info, edit, page):
    changed_info(edit)
    with pytest.raises(BuildError) as caught:
        pages.check_pages()
    assert page in str(caught.value)
    assert str(caught.value).endswith("Run make docs.")


def test_an_action_without_an_example_is_named(changed_info):
    changed_info(lambda info: info["operations"].append({**info["operations"][0], "operation": "page_the_moon"}))
    with pytest.raises(BuildError) as caught:
        pages.check_pages()
    assert str(caught.value) == "page_the_moon has no example. Add one to release/examples.py."


def test_an_example_that_was_not_executed_as_it_stands_is_named(monkeypatch):
    monkeypatch.setitem(EXAMPLES, "get_siem_incident", Example({"incident_id": "3"}))
    with pytest.raises(BuildError) as caught:
        pages.check_pages()
    assert str(caught.value) == "The example of get_siem_incident was not executed as it stands now. Run make docs."


def test_a_field_that_a_choice_brings_up_is_told_once_with_each_choice():
    child = {"title": "Server", "name": "server", "type": "text", "required": True, "description": "Its address."}
    select = {
        "title": "Sign-in",
        "name": "sign_in",
        "type": "select",
        "options": ["Off", "Key", "Token"],
        "value": "Off",
    }
    field = {**select, "description": "How.", "onchange": {"Off": [], "Key": [child], "Token": [child]}}
    assert form_table([field, {**child, "name": "hidden", "visible": False}]).splitlines()[2:] == [
        '| Sign-in | `sign_in` | select: Off, Key, Token | no | `"Off"` |  | How. |',
        "| Server | `server` | text | yes |  | *Sign-in* is *Key* or *Token* | Its address. |",
    ]


OF_THIS_MACHINE = ("127.0.0.1", "localhost", f"{Path.home()}/", f"{tempfile.gettempdir()}/", str(ROOT))


def test_no_page_shows_what_this_machine_has():
    for path in WRITTEN:
        if path.startswith(action_pages.FOLDER):
            assert not [each for each in OF_THIS_MACHINE if each in text_of(path)], path


def test_the_release_notes_have_the_form_that_fortisoar_documents_inline():
    lines = text_of("release_notes.md").splitlines()
    headings = [line for line in lines if line.startswith("#")]
    assert headings
    assert set(headings) <= {f"#### What's {kind}" for kind in ("Improved", "Fixed", "Added")}
    assert all(line.startswith("- ") for line in lines if line and line not in headings)


CHANGELOG = """# Changelog
## [Unreleased]
### Added
- Not yet.
## [2.1.0] - 2026-12-01
Words.
### Added
- A button.
### Fixed
- A hole,
  and another.
## [2.0.0]
### Changed
- All.
"""


@pytest.mark.parametrize(
    ("version", "made"),
    [
        ("2.1.0", "#### What's Added\n\n- A button.\n\n#### What's Fixed\n\n- A hole,\n  and another.\n"),
        ("2.0.0", "#### What's Improved\n\n- All.\n"),
    ],
)
def test_the_release_notes_are_the_changelogs_section_of_this_version(tmp_path, version, made):
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "info.json").write_text(json.dumps({"version": version}))
    assert notes.release_notes(tmp_path) == made


@pytest.mark.parametrize(
    ("version", "changelog", "said"),
    [
        ("2.2.0", CHANGELOG, "CHANGELOG.md has no list of what version 2.2.0 brings."),
        (
            "2.0.0",
            CHANGELOG.replace("Changed", "Altered"),
            "CHANGELOG.md has 'Altered' in version 2.0.0. Known are Added, Changed, Fixed.",
        ),
    ],
)
def test_a_version_of_which_the_changelog_has_no_list_is_named(tmp_path, version, changelog, said):
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    (tmp_path / "info.json").write_text(json.dumps({"version": version}))
    with pytest.raises(BuildError) as caught:
        notes.release_notes(tmp_path)
    assert str(caught.value) == said


# Troubleshooting.


def kinds_of(kind):
    return {each for below in kind.__subclasses__() for each in {below, *kinds_of(below)}}


def test_each_kind_of_failure_has_one_row_of_troubleshooting():
    errors = module("core.errors")
    kinds = sorted(kind.__name__ for kind in kinds_of(errors.Failure) if kind.__module__ == errors.__name__)
    assert sorted(trouble.kind for trouble in TROUBLES) == kinds


def test_what_troubleshooting_says_is_seen_stands_in_the_package():
    said = [
        node.value
        for file in shipped_files()
        if file.suffix == ".py"
        for node in ast.walk(ast.parse(file.read_text("ascii")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    seen = [piece for trouble in TROUBLES for piece in trouble.seen]
    assert [piece for piece in seen if not any(piece in text for text in said)] == []


# Links.


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings have, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", WRITTEN)
def test_its_links_lead_to_what_is_there(path):
    broken = []
    for link in LINK.findall(re.sub(r"^```.*?^```|`[^`\n]*`", "", text_of(path), flags=re.M | re.S)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = ((ROOT / path).parent / name).resolve() if name else ROOT / path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


# Pages written by hand.


def test_the_comparison_names_every_action_and_none_that_is_not_there():
    ours = set(re.findall(r"`([a-z]\w+)`", last_cells(text_of("docs/comparison.md"))))
    assert ours == VISIBLE


def test_the_readme_names_every_action():
    readme = text_of("README.md")
    assert {name for name in VISIBLE if f"`{name}`" not in readme} == set()


# Cases from the field.


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
