"""The quality scale: that what quality.yaml says is there is there, and the rules that nothing else holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import tomllib
import yaml
from click.testing import CliRunner

from release.__main__ import main
from release.archive import ROOT, BuildError
from release.quality import DONE, EXEMPT, FILE, TIERS, TODO, Kept, quality, quality_page, reached

INFO: dict[str, Any] = json.loads((ROOT / "info.json").read_text("ascii"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def test_every_rule_of_the_scale_is_stated_once_and_what_holds_it_is_there() -> None:
    kept = quality()
    names = re.findall(r"^([a-z-]+):$", (ROOT / FILE).read_text("utf-8"), re.MULTILINE)
    assert len(kept) == 54
    assert sorted(names) == sorted(kept)


@pytest.mark.parametrize(
    ("name", "stated", "said"),
    [
        ("brands", None, "quality.yaml lacks brands."),
        (
            "colours",
            {"status": EXEMPT, "here": "None."},
            "quality.yaml has colours, which the scale does not have.",
        ),
        ("brands", {"status": "fine", "here": "Icons."}, "brands is neither done, todo nor exempt."),
        ("brands", {"status": DONE, "here": "Icons."}, "brands is done and nothing holds it."),
        (
            "brands",
            {"status": EXEMPT, "here": "Icons.", "held_by": ["FSR205"]},
            "brands is exempt and names what holds it.",
        ),
        (
            "brands",
            {"status": DONE, "here": "Icons.", "held_by": ["FSR999", "tests/tools/test_quality.py::test_gone"]},
            "brands is held by FSR999, which is not there. "
            "brands is held by tests/tools/test_quality.py::test_gone, which is not there.",
        ),
        (
            "brands",
            {"status": DONE, "here": "Icons.", "held_by": ["tests/gone.py::test_it", "release/quality.py::quality"]},
            "brands is held by tests/gone.py::test_it, which is not there. "
            "brands is held by release/quality.py::quality, which is not there.",
        ),
    ],
)
def test_what_does_not_hold_together_is_named(tmp_path: Path, name: str, stated: Any, said: str) -> None:
    rules = yaml.safe_load((ROOT / FILE).read_text("utf-8"))
    rules.pop(name, None)
    if stated:
        rules[name] = stated
    (tmp_path / FILE).write_text(yaml.safe_dump(rules))
    for beside in ("tests", "release"):
        (tmp_path / beside).symlink_to(ROOT / beside)
    with pytest.raises(BuildError) as caught:
        quality(tmp_path)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("left", "tier"),
    [
        ("brands", None),
        ("test-coverage", "bronze"),
        ("diagnostics", "silver"),
        ("strict-typing", "gold"),
        ("", "platinum"),
    ],
)
def test_a_tier_is_reached_where_nothing_of_it_or_below_is_left_to_do(left: str, tier: str | None) -> None:
    names = [name for rules in TIERS.values() for name in rules]
    kept = {name: Kept(TODO if name == left else EXEMPT, "", []) for name in names}
    assert reached(kept) == tier


def test_the_command_and_the_page_tell_the_same_tier() -> None:
    result = CliRunner().invoke(main, ["quality"])
    *tiers, highest = result.output.splitlines()
    assert (result.exit_code, len(tiers)) == (0, 4)
    assert highest == f"Reached: {reached(quality())}."
    assert f"**{highest}**" in quality_page()


# The rules that nothing else holds.


def test_what_reads_and_proves_a_configuration_has_to_be_covered_in_whole() -> None:
    covered = re.search(r"^WHOLE := (.+)$", MAKEFILE, re.MULTILINE)
    assert covered
    assert covered[1].split(",") == ["core/configuration.py", "core/validation.py", "operations/health.py"]
    assert all((ROOT / each).is_file() for each in covered[1].split(","))
    assert "-m coverage report --include=$(WHOLE) --fail-under=100 &&" in recipe("test")


def test_the_tests_have_to_reach_what_the_scale_asks_for() -> None:
    coverage = PROJECT["tool"]["coverage"]
    assert coverage["run"]["branch"] is True
    assert coverage["report"]["fail_under"] >= 95
    assert set(coverage["run"]["omit"]) == {"lab/*", "release/*", "tests/*", "vendor/*"}  # none of what ships
    assert "--cov" in recipe("test")


def test_types_are_checked_strictly() -> None:
    assert PROJECT["tool"]["mypy"]["strict"] is True
    relaxed = [each for override in PROJECT["tool"]["mypy"]["overrides"] for each in override["module"]]
    assert sorted(relaxed) == ["fsr_playbooks.*", "tests.*"]
    assert {"@$(PYTHON) -m mypy lab release tests", "@$(PYTHON) -m release types"} <= {
        line.strip().partition(" vendor/")[0] for line in recipe("check").splitlines()
    }
    assert "make check" in (ROOT / ".ci/run").read_text("utf-8")


def recipe(target: str) -> str:
    """Return what a target of the Makefile runs."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("page", "heading", "words"),
    [
        ("README.md", "About the connector", ("FortiMonitor", "FortiSIEM", "](https://docs.fortinet.com/product/")),
        ("README.md", "Version information", ("| FortiSOAR |", "| FortiMonitor |", "| FortiSIEM |", "| Python |")),
        ("README.md", "Installing the connector", ("1. ", "Import", ".tgz")),
        ("README.md", "Prerequisites", ("API key", "Minimum permissions", "Ports and proxy")),
        ("README.md", "Removing", ("Delete the connector", "stay as they are")),
        ("README.md", "Included playbooks", ("Close Everywhere", "Escalated to FortiMonitor")),
        ("playbooks.md", "Ingestion", ("watermark", "Source ID", "What is promised")),
        ("outcomes.md", "Limits of what can be known", ("Fetch Incidents", "429")),
    ],
)
def test_the_documentation_has_what_the_scale_asks_for(page: str, heading: str, words: tuple[str, ...]) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert section
    assert [each for each in words if each not in section[1]] == []


def test_each_playbook_that_people_start_is_documented_with_what_starts_it() -> None:
    collection = json.loads((ROOT / "playbooks/playbooks.json").read_text("ascii"))["data"][0]
    samples = {action["title"] for action in INFO["operations"]}
    names = {each["name"] for each in collection["workflows"]} - samples
    started = {name for name in names if not name.startswith(">") and "Ingest" not in name}  # the wizard starts that
    told = {}
    for line in (ROOT / "docs/playbooks.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        told.update({name: cells[2] for name in started if len(cells) > 2 and name in cells[1]})
    assert told.keys() == started
    assert [name for name, starts in told.items() if not re.match("by its button|by a schedule|when ", starts)] == []


def test_actions_that_only_fill_choices_are_not_shown() -> None:
    hidden = {action["operation"] for action in INFO["operations"] if not action["visible"]}
    fields = json.dumps(INFO["operations"])
    assert hidden
    assert hidden == set(re.findall(r'"apiOperation": "(\w+)"', fields))


# What each names something by, other than an incident.
OTHER_IDS = {
    "list_fortimonitor_servers": "server_id",
    "list_fortimonitor_users": "user_id",
    "get_siem_incident_events": "event_id",
}
WITHOUT_ID = {
    "list_incident_textkeys",
    "get_diagnostics",
    "make_fortimonitor_api_request",
    "make_fortisiem_api_request",
}


@pytest.mark.parametrize(
    "action", [each for each in INFO["operations"] if each["visible"]], ids=lambda each: each["operation"]
)
def test_each_result_says_by_id_what_it_is_about(action: dict[str, Any]) -> None:
    keys = set(re.findall(r'"(\w+)": ', json.dumps(action["output_schema"])))
    by = OTHER_IDS.get(action["operation"], "incident_id")
    assert (by in keys) == (action["operation"] not in WITHOUT_ID)
