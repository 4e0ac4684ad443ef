"""``python -m lab playbook list`` and ``run``: what playbooks need, and one of them in a lab, with its trace."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.cli import main
from lab.client import FortiSoarClient
from lab.connector import NAME, PLAYBOOKS
from lab.state import Keys, load_keys
from tests.support.playbooks import exported, playbook, set_variables, start, step, workflow_uuid

Refused = Callable[..., str]
WORKFLOWS = "/api/3/workflows"


def test_a_sample_runs_and_its_steps_are_shown_within_the_width_of_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert main(["playbook", "run", "List FortiMonitor Servers"]) == 0

    lines = capsys.readouterr().out.splitlines()
    told = [line for line in lines if re.match(r"\d\d:\d\d:\d\d\.\d{3}  ", line)]
    durations = re.compile(r" in \d+\.\d\d s$")
    assert all(durations.search(line) for line in told)
    assert [durations.sub("", line[14:]) for line in told] == ["Start: finished", "List FortiMonitor Servers: finished"]
    assert f'    connector = "{NAME}"' in lines
    assert any(line.startswith('    -> {"data": [{"title": "Web frontend') for line in lines)
    assert [line for line in lines if len(line) > 60] == []
    assert lines[-1] == "The run is finished."


def test_a_playbook_runs_on_the_record_of_a_file_and_the_labs_secrets_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def known_keys(folder: Path) -> Keys:
        return replace(load_keys(folder), fortimonitor_api_key="sEcReT")

    monkeypatch.setattr("lab.running.load_keys", known_keys)
    file = tmp_path / "alert.json"
    file.write_text(json.dumps({"name": "Elsewhere", "source": "Other", "sourceId": "my sEcReT"}))

    assert main(["playbook", "run", "FortiSIEM Incident Escalated to FortiMonitor", "--record", str(file)]) == 0

    out = capsys.readouterr().out
    assert '    source_id = "my ***"' in out
    assert "sEcReT" not in out
    # A record has what is set alone, and picklists by their items.
    assert '"source": "Other", "sourceId": "my ***", "state": "New"' in out
    assert "null" not in out
    assert "Is It From FortiSIEM: finished" in out
    assert "  Escalate: " not in out


def test_a_playbook_that_is_not_there_starts_no_lab_and_the_one_that_was_meant_is_named(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("lab.running.running_lab")
    assert refused("playbook", "run", "list fortimonitor server") == (
        "Error: There is no playbook 'list fortimonitor server'. Did you mean 'List FortiMonitor Servers'?"
    )
    line = refused("playbook", "run", "Nothing")
    assert re.fullmatch(
        r"Error: There is no playbook 'Nothing'\. There are: \d+, shown by python -m lab playbook list", line
    )
    assert refused("playbook", "run") == (
        "Error: Name a playbook, or give --file FILE. All there are: python -m lab playbook list"
    )


def test_a_record_that_is_no_object_is_refused(tmp_path: Path, refused: Refused) -> None:
    file = tmp_path / "alert.json"
    file.write_text("[]")

    assert refused("playbook", "run", "P", "--record", str(file)) == (
        f"Error: {file} must hold a JSON object, the fields of a record."
    )


# What there is


def listed(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    assert main(["playbook", "list", *options]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    return out.splitlines()


def test_the_connectors_playbooks_are_listed_with_what_they_need(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = listed(capsys)
    assert [line for line in lines if len(line) > 60] == []
    assert lines[:8] == [
        "Sample - Fortinet Incident Bridge - 1.0.0",
        "  Create FortiMonitor Custom Incident (inactive)",
        "      needs params server, description, plugin_textkey,",
        "        resource_textkey",
        "      takes params metadata, start_time,",
        "        auto_close_duration, correlation_id, if_exists,",
        "        search_days, verify, text_format",
        "  Force Resolve FortiMonitor Incident (inactive)",
    ]
    closed = lines.index("  FortiSOAR Record Closed - Close Everywhere (inactive)")
    assert lines[closed + 1 : closed + 8] == [
        "      needs a record of alerts",
        "      starts by itself when one is updated",
        "  FortiSOAR Record - Close Everywhere by Hand (inactive)",
        "      needs a record of alerts",
        "  FortiSIEM Incident Escalated to FortiMonitor (inactive)",
        "      needs a record of alerts; params server,",
        "        plugin_textkey, resource_textkey",
    ]
    diagnostics = lines.index("  Get Diagnostics (inactive)")
    assert lines[diagnostics + 1] == "      needs nothing"


def test_of_an_export_its_playbooks_are_listed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    button = start("cybersponse.action", route="r", resources=["alerts", "incidents"])
    file = written(tmp_path, exported(playbook("One", button, isActive=True), playbook("Two", start())))
    assert listed(capsys, "--file", file) == [
        "Tests",
        "  One (active)",
        "      needs a record of alerts or incidents",
        "  Two (inactive)",
        "      needs nothing",
    ]


# In a running lab


@pytest.fixture
def ready_file(fresh_lab: Any, tmp_path: Path) -> str:
    file = tmp_path / "lab.json"
    file.write_text(fresh_lab.line)
    return str(file)


def test_a_running_lab_takes_a_playbook_and_is_left_as_it_was(
    capsys: pytest.CaptureFixture[str], refused: Refused, fresh_lab: Any, ready_file: str
) -> None:
    assert main(["playbook", "list", "--lab", ready_file]) == 0
    assert capsys.readouterr() == (
        "",
        "There are no playbooks yet: `execute` and `playbook run` install the connector with its own.\n",
    )

    assert (
        main(["playbook", "run", "Get FortiSIEM Incident", "--params", '{"incident_id": "1"}', "--lab", ready_file])
        == 0
    )
    out, errors = capsys.readouterr()
    assert '    params = {"incident_id": "1", "fields": ""}\n' in out
    assert (out.splitlines()[-1], errors) == ("The run is finished.", "")

    with FortiSoarClient(fresh_lab.ready["fortisoar"]) as fortisoar:
        (row,) = fortisoar.ask("GET", WORKFLOWS, params={"name": "Get FortiSIEM Incident"})["hydra:member"]
        assert (row["debug"], row["isActive"]) == (False, False)
        fortisoar.ask("PUT", row["@id"], json={"isActive": True})
    assert "  Get FortiSIEM Incident (active)" in listed(capsys, "--lab", ready_file)

    assert refused("playbook", "run", "Get FortiSIEM Incidents", "--lab", ready_file) == (
        "Error: There is no playbook 'Get FortiSIEM Incidents'. Did you mean 'Get FortiSIEM Incident'?"
    )
    name = "FortiSIEM Incident Escalated to FortiMonitor"
    assert refused("playbook", "run", name, "--lab", ready_file) == (
        f"Error: {name!r} runs on a record of alerts. Give one: --record FILE."
    )


def test_a_playbook_of_ones_own_is_brought_inactive_and_run_and_so_it_is_again(
    capsys: pytest.CaptureFixture[str], fresh_lab: Any, ready_file: str, tmp_path: Path
) -> None:
    def run(text: str, *options: str) -> str:
        mine = playbook("Mine", start(), set_variables("Say", said=text), isActive=True, debug=False)
        macros = [{"name": "greeting", "value": "", "default_value": ""}]
        file = written(tmp_path, exported(mine, playbook("Other", start()), macros=macros))
        assert main(["playbook", "run", "--file", file, "--lab", ready_file, *options, "Mine"]) == 0
        return capsys.readouterr().out

    assert '    said = "hello"\n' in run("hello")
    assert '    said = "here"\n' in run("{{vars.input.params.place}}", "--params", '{"place": "here"}')
    assert listed(capsys, "--lab", ready_file)[-5:] == [
        "Tests",
        "  Mine (inactive)",
        "      needs nothing",
        "  Other (inactive)",
        "      needs nothing",
    ]
    with FortiSoarClient(fresh_lab.ready["fortisoar"]) as fortisoar:
        rows = fortisoar.ask("GET", "/api/wf/api/dynamic-variable/")["hydra:member"]
    assert [row["name"] for row in rows] == ["greeting"]


def test_a_playbook_that_waits_for_a_task_is_told_so(
    capsys: pytest.CaptureFixture[str], ready_file: str, tmp_path: Path
) -> None:
    task = step("Task", "ManualTask", collection="tasks", resource={"name": "T"})
    file = written(tmp_path, exported(playbook("Mine", start(), task)))

    assert main(["playbook", "run", "--file", file, "--lab", ready_file, "Mine"]) == 1

    shown = capsys.readouterr().out.splitlines()
    assert shown[-2:] == ["It waits until somebody has completed its task.", "The run is awaiting."]


def test_a_changed_copy_of_the_connectors_own_export_is_what_runs(
    capsys: pytest.CaptureFixture[str], ready_file: str, tmp_path: Path
) -> None:
    changed = PLAYBOOKS.read_text(encoding="utf-8").replace('"name": "Get Diagnostics"', '"name": "Look"')
    (tmp_path / "mine.json").write_text(changed, encoding="utf-8")
    assert main(["playbook", "run", "Look", "--file", str(tmp_path / "mine.json"), "--lab", ready_file]) == 0
    assert "  Look: finished in " in capsys.readouterr().out


def test_findings_that_do_not_prevent_a_run_are_counted(
    capsys: pytest.CaptureFixture[str], ready_file: str, tmp_path: Path
) -> None:
    only = playbook("Only", start(), set_variables("Reached", a=1), set_variables("Lost", a=1), routes=[])
    file = written(tmp_path, exported(only))
    assert main(["playbook", "run", "--file", file, "--lab", ready_file]) == 0
    out, errors = capsys.readouterr()
    assert out.splitlines()[-1] == "The run is finished."
    assert errors == f"2 findings in {file}, shown by: python -m lab playbook lint {file}\n"


@pytest.mark.parametrize(
    ("content", "name", "line"),
    [
        ("{", [], "FILE is not JSON: Expecting property name enclosed in double quotes at line 1, column 2, where it ends."),
        ([1], [], "FILE must hold a JSON object, an export of playbooks from FortiSOAR."),
        (
            {"type": "workflows", "data": []},
            [],
            'FILE is no export of playbook collections: its "type" must be "workflow_collections". '
            "In FortiSOAR, export the collection that the playbook is in.",
        ),
        (
            {"type": "workflow_collections", "data": [{"workflows": 1}]},
            [],
            "FILE cannot be run: data must be a list of collections with lists of workflows.",
        ),
        (exported(), [], "FILE holds no playbook."),
        (
            exported(playbook("A", start()), playbook("B", start())),
            [],
            "FILE holds several playbooks. Name one of: A, B.",
        ),
        (
            exported(playbook("Mend", start()), playbook("Break", start())),
            ["Brake it"],
            "There is no playbook 'Brake it'. There are: Mend, Break.",
        ),
        (
            exported(playbook("Mend", start()), playbook("Break", start())),
            ["Brea"],
            "There is no playbook 'Brea'. Did you mean 'Break'?",
        ),
        (
            exported(playbook("A", start()), {**playbook("B", start()), "name": "A"}),
            ["A"],
            f"2 playbooks are called 'A'. Give a UUID in place of the name: {workflow_uuid('A')}, {workflow_uuid('B')}.",
        ),
        (
            exported({**playbook("A", start()), "steps": [{"name": "S", "uuid": "1"}]}),
            [],
            "FILE cannot be run: A: the step 'S' has no stepType.",
        ),
        (
            exported({**playbook("A", start()), "triggerStep": None}),
            [],
            "FILE cannot be run: A: its triggerStep is none of its steps.",
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_run_gets_one_line_and_no_lab(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: Any, name: list[str], line: str
) -> None:
    monkeypatch.delattr("lab.running.running_lab")
    file = written(tmp_path, content)
    assert refused("playbook", "run", "--file", file, *name) == f"Error: {line.replace('FILE', file)}"
    assert refused("playbook", "run", "--file", f"{file}.none", *name) == (
        f"Error: {file}.none cannot be read: No such file or directory."
    )


def written(tmp_path: Path, content: Any) -> str:
    file = tmp_path / "mine.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(file)
