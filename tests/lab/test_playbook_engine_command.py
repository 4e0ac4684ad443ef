"""``python -m lab playbook run``: one of the connector's playbooks in a lab of its own, with its trace."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lab.cli import main
from lab.connector import NAME
from lab.state import Keys, load_keys


def test_a_sample_runs_and_its_steps_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["playbook", "run", "List FortiMonitor Servers"]) == 0

    lines = capsys.readouterr().out.splitlines()
    told = [line for line in lines if re.match(r"\d\d:\d\d:\d\d\.\d{3}  ", line)]
    durations = re.compile(r" in \d+\.\d\d s$")
    assert all(durations.search(line) for line in told)
    assert [durations.sub("", line[14:]) for line in told] == ["Start: finished", "List FortiMonitor Servers: finished"]
    assert f'    connector = "{NAME}"' in lines
    assert any(line.startswith('    -> {"data": [{"title": "Web frontend') for line in lines)
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


def test_a_playbook_that_is_not_there_is_named(refused: Callable[..., str]) -> None:
    assert "There is no playbook 'Nothing'. There are: " in refused("playbook", "run", "Nothing")


def test_a_record_that_is_no_object_is_refused(tmp_path: Path, refused: Callable[..., str]) -> None:
    file = tmp_path / "alert.json"
    file.write_text("[]")

    assert refused("playbook", "run", "P", "--record", str(file)) == (
        f"Error: {file} must hold a JSON object, the fields of a record."
    )
