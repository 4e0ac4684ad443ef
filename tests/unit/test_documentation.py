"""The pages about actions: made from info.json, or naming only what is there."""

from __future__ import annotations

import json
import re

from release.action_page import PAGE, action_page
from release.archive import ROOT

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
