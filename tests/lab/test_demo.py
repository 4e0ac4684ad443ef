"""The tour: that it holds, that it notices when something does not, and what it says about it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lab.cli import main
from lab.connector import configuration_values
from lab.demo.report import Report
from lab.errors import LabError
from release.archive import ROOT, SHIPPED
from release.libraries import LOCK

Command = Callable[..., subprocess.Popen[str]]
Refused = Callable[..., str]
BEFORE = [
    "Start the lab",
    "Install it in FortiSOAR over TLS",
    "Create the configuration",
    "Check its health",
    "State before, from the products' own APIs",
]
FORTIMONITOR = ["Create a custom incident in FortiMonitor", "Force resolve it"]
FORTISIEM = ["Update the incident in FortiSIEM"]
WRONG_KEY = ["A wrong FortiMonitor key"]
AFTER = ["State after, from the products' own APIs"]
STORIES = [
    "Switch the two playbooks on",
    "Create an alert of a FortiSIEM incident",
    "The three systems before",
    "Press the playbook's button on the alert, and follow its run",
    "The three systems after",
    "The three systems before",
    "Close the alert, and follow the run that this starts",
    "The three systems after",
]
END = ["Uninstall the connector", "Stop the lab"]


def finished(demo: subprocess.Popen[str], code: int = 0) -> dict[str, Any]:
    out, errors = demo.communicate(timeout=100)
    assert demo.returncode == code, out + errors
    report: dict[str, Any] = json.loads(out)
    return report


def titles(report: dict[str, Any]) -> list[str]:
    return [step["title"] for step in report["steps"]]


def the_stories_show_the_three_systems_before_and_after(steps: list[dict[str, Any]]) -> None:
    first = titles({"steps": steps}).index(STORIES[0])
    _, _, open_before, escalate, escalated, closing_before, close, closed = (
        step["facts"] for step in steps[first : first + len(STORIES)]
    )
    title = "SNMP service down on sw-core-02.example.com"
    # The tour itself has created the outage before this one.
    outage = "-1000002"
    assert open_before == [
        f"FortiSOAR alert: Open. {title}",
        "FortiMonitor: 2 active outages.",
        f"FortiSIEM incident 2: Active. {title}",
        "  no external ticket",
    ]
    assert escalate == [
        "Start                 finished",
        "Configuration         finished",
        "Incident              finished",
        "Is It From FortiSIEM  finished",
        "Escalate              finished, outcome done",
        "Is It Escalated       finished",
        "Note Escalation       finished",
    ]
    (url,) = re.findall(r"https://127\.0\.0\.1:\d+/v2/outage/-1000002", escalated[1])
    noted = f"Escalated to FortiMonitor (done): incident {outage}, {url}. FortiSIEM incident 2: external ticket done"
    assert escalated == [
        f"FortiSOAR alert: Open. {title}",
        f"  comment: {noted}",
        "FortiMonitor: 3 active outages.",
        f"FortiMonitor outage {outage}: active.",
        f"FortiSIEM incident 2: Active. {title}",
        f"  ticket {outage} (New)",
        f"  comments: Escalated to FortiMonitor: {url}",
    ]
    assert closing_before == escalated
    assert close[-2:] == [
        "Close Both Incidents         finished, outcome done",
        "Note Both Sides              finished",
    ]
    assert closed == [
        f"FortiSOAR alert: Closed. {title}",
        f"  comment: {noted}",
        f"  comment: FortiMonitor incident {outage}: done. FortiSIEM incident 2: done",
        "FortiMonitor: 2 active outages.",
        f"FortiMonitor outage {outage}: resolved.",
        f"FortiSIEM incident 2: Manually Cleared. {title}",
        f"  ticket {outage} (Closed)",
        f"  comments: Escalated to FortiMonitor: {url}\nClosed in FortiSOAR: Incident Bridge demo: the switch answers again",
    ]


def test_the_tour_holds_tells_both_stories_and_leaves_nothing(command: Command, archive: Path, tmp_path: Path) -> None:
    report = finished(command("demo", "--json", "--archive", str(archive)))
    assert (report["ok"], report["error"]) == (True, None)
    failures = [
        *WRONG_KEY,
        "An incident that does not exist",
        "An outage that is no custom incident",
        "The same incident resolved twice",
    ]
    assert titles(report) == BEFORE + FORTIMONITOR + FORTISIEM + AFTER + failures + STORIES + END
    assert report["remarks"] == []
    assert all(step["ok"] for step in report["steps"])
    assert 0 < report["lab_ready_seconds"] < report["seconds"]
    answers = [step["documents"][1]["value"] for step in report["steps"] if len(step["documents"]) == 2]
    assert [answer["status"] for answer in answers] == ["Success"] * 4
    assert list((tmp_path / "tmp").iterdir()) == []
    the_stories_show_the_three_systems_before_and_after(report["steps"])


def test_the_tour_builds_the_archive_and_writes_nothing_into_the_working_copy(
    command: Command, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # Python does without where it may not
    copied = tmp_path / "copied"
    copied.mkdir()
    for name in {file.split("/")[0] for file in ("lab/", "release/", "vendor/", *SHIPPED)}:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copied / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copied / name)
    locks = Path(LOCK).parent  # of which the bills of materials are made
    shutil.copytree(ROOT / locks, copied / locks)
    before = sorted(copied.rglob("*"))
    report = finished(command("demo", "--json", root=copied))
    assert (report["ok"], report["error"]) == (True, None)
    assert titles(report)[0] == "Build the archive"
    assert report["steps"][0]["facts"][0].startswith(f"{archive.name}, ")
    assert sorted(copied.rglob("*")) == before
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_tour_keeps_to_the_width_of_the_terminal(
    command: Command, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = 60
    monkeypatch.setenv("COLUMNS", str(columns))
    demo = command("demo", "--archive", str(archive))
    out, errors = demo.communicate(timeout=100)
    assert (demo.returncode, errors) == (0, "")
    lines = out.splitlines()
    assert "\x1b" not in out
    assert lines[1].startswith(" 1. Start the lab  ok  ")
    assert " Everything held. 23 steps in " in " ".join(lines)
    assert not [line for line in lines if line != line.rstrip()]
    assert not [line for line in lines if len(line) > columns]
    assert '"description": "Incident Bridge demo: checkout answers 502, no action needed"' in " ".join(out.split())


def test_an_archive_that_fortisoar_refuses_ends_the_tour_with_its_words(command: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.tgz").write_text("not an archive")
    report = finished(command("demo", "--json", "--archive", str(tmp_path / "broken.tgz")), code=1)
    assert report["ok"] is False
    assert titles(report) == BEFORE[:2]
    assert [step["ok"] for step in report["steps"]] == [True, False]
    assert report["steps"][1]["facts"] == [report["error"]]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_an_archive_that_is_not_there_is_said_before_anything_starts(command: Command, tmp_path: Path) -> None:
    report = finished(command("demo", "--json", "--archive", str(tmp_path / "none.tgz")), code=1)
    assert (report["error"], report["steps"]) == (f"There is no archive {tmp_path / 'none.tgz'}.", [])
    shown, _ = command("demo", "--archive", "none.tgz").communicate(timeout=100)
    assert "    There is no archive none.tgz.\n\nStopped at a surprise. 0 steps in " in shown


def test_the_tour_stopped_half_way_is_exit_code_130_and_leaves_nothing(
    command: Command, archive: Path, tmp_path: Path
) -> None:
    demo = command("demo", "--archive", str(archive))
    assert demo.stdout
    while "Install it in FortiSOAR" not in (line := demo.stdout.readline()):
        assert line
    os.killpg(demo.pid, signal.SIGINT)
    _, errors = demo.communicate(timeout=30)
    assert (demo.returncode, errors.strip()) == (130, "Stopped.")
    assert list((tmp_path / "tmp").iterdir()) == []


# Real systems


@pytest.fixture
def real(fresh_products: Any) -> dict[str, Any]:
    """The other lab's products, which for the tour are somebody's real systems."""
    return configuration_values(fresh_products.ready) | {
        "server": "Web frontend",
        "plugin_textkey": fresh_products.fortimonitor.plugin_textkey,
        "resource_textkey": fresh_products.fortimonitor.resource_textkey,
        "siem_incident_id": 2,
    }


def written(tmp_path: Path, values: object) -> str:
    (tmp_path / "real.json").write_text(json.dumps(values))
    return str(tmp_path / "real.json")


def test_real_systems_are_toured_with_the_failure_that_touches_nothing(
    command: Command, archive: Path, tmp_path: Path, real: dict[str, Any], lab: Any
) -> None:
    options = ["--json", "--archive", str(archive), "--config", written(tmp_path, real), "--yes"]
    report = finished(command("demo", *options))
    assert titles(report) == BEFORE + FORTIMONITOR + FORTISIEM + AFTER + WRONG_KEY + END
    assert report["remarks"] == [
        "Left out: the stories create and close incidents of their own, in the lab's products only."
    ]
    # With the wrong key, the create ends at the look-up of the server's name.
    writes = [entry for entry in lab.control.journal("fortimonitor") if entry["method"] != "GET"]
    assert [(entry["method"], entry["status"]) for entry in writes] == [("POST", 201), ("PUT", 204)]


def test_ctrl_c_on_real_systems_says_which_outage_may_be_left_behind(
    command: Command, archive: Path, tmp_path: Path, real: dict[str, Any], lab: Any
) -> None:
    lab.control.ask("POST", "/faults", {"kind": "hang", "product": "fortimonitor", "method": "PUT", "when": "before"})
    demo = command("demo", "--archive", str(archive), "--config", written(tmp_path, real), "--yes")
    deadline = time.monotonic() + 60
    while not any(request["method"] == "PUT" for request in lab.control.ask("GET", "/wire/fortimonitor")["requests"]):
        assert demo.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(demo.pid, signal.SIGINT)
    _, errors = demo.communicate(timeout=60)
    lab.control.ask("DELETE", "/faults")
    assert demo.returncode == 130
    assert errors.endswith("\nOutage -1000001 may still be active in FortiMonitor.\n\nStopped.\n")


def test_fortisiem_alone_can_be_toured_and_its_api_token_is_left_to_the_connector(
    command: Command, archive: Path, tmp_path: Path, real: dict[str, Any], lab: Any
) -> None:
    only = {key: value for key, value in real.items() if not key.startswith("fortimonitor")} | {
        "fortimonitor_sign_in": "Off",
        "fortisiem_sign_in": "API Token",
        "fortisiem_client_id": lab.fortisiem.client_id,
        "fortisiem_client_secret": lab.fortisiem.client_secret,
    }
    lab.control.switch("fortisiem", token_rate_limit=False)
    options = ["--json", "--archive", str(archive), "--config", written(tmp_path, only), "--yes"]
    report = finished(command("demo", *options))
    assert titles(report) == BEFORE + FORTISIEM + AFTER + END
    assert report["steps"][4]["facts"] == ["FortiSIEM: not read, its API token is left to the connector."]
    paths = [entry["path"] for entry in lab.control.journal("fortisiem")]
    assert "/phoenix/rest/pub/security/oauth/token" in paths
    read, write = "/phoenix/rest/pub/incident", "/phoenix/rest/incident/external"
    # The connector's own: it knows its comment again by what was there before.
    assert [path for path in paths if path in (read, write)] == [read, write, read]
    assert lab.control.journal("fortimonitor") == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"resource_textkey": ""}, "{file} does not say resource_textkey."),
        ({"siem_incident_id": None, "server": ""}, "{file} does not say server, siem_incident_id."),
        ({"fortisiem_password": ""}, "{file} does not say fortisiem_password."),
        (
            {"fortisiem_sign_in": "API Token"},
            "{file} does not say fortisiem_client_id, fortisiem_client_secret.",
        ),
        ({"siem_incident_id": "INC-7"}, "{file}: siem_incident_id must be a whole number."),
        (
            {"fortimonitor_sign_in": "Off", "fortisiem_sign_in": "Off"},
            "{file} switches both FortiMonitor and FortiSIEM off.",
        ),
    ],
)
def test_a_file_that_does_not_say_enough_is_refused(
    refused: Refused, tmp_path: Path, real: dict[str, Any], change: dict[str, Any], complaint: str
) -> None:
    file = written(tmp_path, real | change)
    assert refused("demo", "--config", file, "--yes") == "Error: " + complaint.format(file=file)


def test_a_file_that_is_no_json_object_is_refused(refused: Refused, tmp_path: Path) -> None:
    file = written(tmp_path, [1])
    assert refused("demo", "--config", file) == f"Error: {file} must hold a JSON object."
    Path(file).write_text("{")
    assert refused("demo", "--config", file) == (
        f"Error: {file} is not JSON: Expecting property name enclosed in double quotes at line 1, column 2, where it ends."
    )
    assert refused("demo", "--config", f"{file}.none") == (
        f"Error: {file}.none cannot be read: No such file or directory."
    )


def test_a_yes_without_real_systems_is_refused(refused: Refused) -> None:
    assert refused("demo", "--yes") == "Error: --yes needs --config FILE: without it, no real systems are touched."


@pytest.mark.usefixtures("refused")  # gives the signal handlers back
def test_real_systems_are_not_touched_without_a_yes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, real: dict[str, Any], lab: Any
) -> None:
    lab.control.clear_journal("fortimonitor")
    assert main(["demo", "--config", written(tmp_path, real)]) == 1
    out, errors = capsys.readouterr()
    assert out == ""
    assert "Real people may be paged." in errors
    assert errors.endswith("Error: Nothing was done. Add --yes to go on.\n")
    assert lab.control.journal("fortimonitor") == []


# The report


def test_a_failed_step_is_shown_with_its_message_as_it_is_and_kept() -> None:
    screen = StringIO()
    report = Report(Console(file=screen, width=80, highlight=False))

    def check() -> None:
        with report.step("Check [it]") as step:
            step.document("Answer", {"a": 1})
            raise LabError("It is [bold] wrong.")

    with pytest.raises(LabError):
        check()
    report.failed("It is [bold] wrong.")
    report.show_end()
    shown = screen.getvalue()
    assert " 1. Check [it]  FAILED  " in shown
    assert '    Answer\n      {\n        "a": 1\n      }\n    It is [bold] wrong.\n' in shown
    assert "Stopped at a surprise. 1 steps in " in shown
    assert report.as_json()["steps"][0]["ok"] is False
