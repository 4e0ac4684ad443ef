"""The lab's command line: what it prints, what it leaves behind, and how it refuses."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from lab.cli import main
from lab.errors import LabError
from lab.servers import listening, port_numbers
from lab.state import load_keys, state_folder, write_whole

ROOT = Path(__file__).resolve().parents[2]
READY = {
    "fortisoar": ["https", "http", "ca", "username", "password", "api_key"],
    "fortimonitor": ["url", "api_key", "read_only_api_key", "server_id", "plugin_textkey", "resource_textkey"],
    "fortisiem": ["url", "organization", "username", "password", "client_id", "client_secret", "incident_id"],
    "control": ["url"],
}


Command = Callable[..., subprocess.Popen[str]]
Refused = Callable[..., str]


def get(url: str, ca: str | None = None, **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers=headers, verify=ca, timeout=10)


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)  # noqa: S607
    pairs = (map(int, line.split()) for line in listed.stdout.splitlines())
    return [child for child, parent in pairs if parent == pid]


# Running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_lab_prints_one_line_and_leaves_nothing_when_it_is_stopped(
    command: Command, tmp_path: Path, number: signal.Signals
) -> None:
    ready_file, temporary = tmp_path / "ready.json", tmp_path / "tmp"
    lab = command("serve", "--ports", "0", "--ready-file", str(ready_file))
    assert lab.stdout
    line = lab.stdout.readline()
    ready = json.loads(line)
    assert {name: list(part) for name, part in ready.items()} == READY
    assert ready_file.read_text() == line
    assert stat.S_IMODE(ready_file.stat().st_mode) == 0o600
    assert Path(ready["fortisoar"]["ca"]).is_relative_to(temporary)
    handles = [os.pidfd_open(child) for child in children(lab.pid)]
    # A terminal tells the whole group, workers included; a service manager only the lab.
    lab.send_signal(number) if number == signal.SIGTERM else os.killpg(lab.pid, number)
    rest, errors = lab.communicate(timeout=60)
    assert (lab.returncode, rest) == (0, "")
    assert errors == f"FortiSOAR answers on {ready['fortisoar']['https']}. Ctrl-C stops the lab.\n"
    assert not ready_file.exists()
    assert list(temporary.iterdir()) == []
    assert all(_ended(handle) for handle in handles)


def _ended(handle: int) -> bool:
    try:
        return bool(select.select([handle], [], [], 60)[0])
    finally:
        os.close(handle)


def test_every_server_of_the_ready_line_answers_in_its_own_name(lab: Any) -> None:
    ca = lab.fortisoar.ca
    assert list(get(f"{lab.fortisoar.https}/api/version", ca).json()) == ["version"]
    assert get(f"{lab.fortisoar.http}/api/version").json() == get(f"{lab.fortisoar.https}/api/version", ca).json()
    monitor = get(f"{lab.fortimonitor.url}/outage", ca, Authorization=f"ApiKey {lab.fortimonitor.api_key}")
    assert set(monitor.json()) == {"meta", "outage_list"}
    assert get(f"{lab.fortisiem.url}/phoenix/rest/system/health/summary", ca).status_code == 401
    assert get(lab.ready["control"]["url"]).json()["products"] == ["fortisoar", "fortimonitor", "fortisiem"]


def test_the_certificate_is_good_for_localhost_too_and_for_nobody_without_the_ca(lab: Any) -> None:
    assert get(f"{lab.fortisoar.https.replace('127.0.0.1', 'localhost')}/api/version", lab.fortisoar.ca).ok
    with pytest.raises(requests.exceptions.SSLError):
        get(f"{lab.fortisoar.https}/api/version")


def test_a_kept_state_goes_on_with_the_same_keys_authority_and_data(
    start_lab: Callable[..., Any], tmp_path: Path
) -> None:
    first = start_lab("--state", str(tmp_path / "kept"))
    incident = {
        "description": "kept",
        "plugin_textkey": first.fortimonitor.plugin_textkey,
        "resource_textkey": first.fortimonitor.resource_textkey,
    }
    access = {"Authorization": f"ApiKey {first.fortimonitor.api_key}"}
    created = requests.post(
        f"{first.fortimonitor.url}/server/1001/custom_incident",
        json=incident,
        headers=access,
        verify=first.fortisoar.ca,
        timeout=10,
    )
    number = created.headers["Location"].rstrip("/").rsplit("/", 1)[1]
    authority = Path(first.fortisoar.ca).read_bytes()
    assert first.stop() == ""

    second = start_lab("--state", str(tmp_path / "kept"))
    assert Path(second.fortisoar.ca).read_bytes() == authority
    assert _secrets(second.ready) == _secrets(first.ready)
    outage = get(f"{second.fortimonitor.url}/outage/{number}", second.fortisoar.ca, **access).json()
    assert outage["description"].startswith("kept")
    assert stat.S_IMODE((tmp_path / "kept" / "keys.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "kept" / "ca.key").stat().st_mode) == 0o600


def _secrets(ready: dict[str, Any]) -> list[str]:
    return [value for part in ready.values() for key, value in part.items() if key not in ("https", "http", "url")]


def test_two_labs_share_no_secret(tmp_path: Path) -> None:
    first, second = (load_keys(_made(tmp_path / name)) for name in "ab")
    names = {"fortisoar_username", "fortisiem_organization", "fortisiem_username"}
    for name, value in vars(first).items():
        assert (getattr(second, name) == value) is (name in names)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_without_ports_the_documented_ones_are_used_and_with_a_base_a_row() -> None:
    assert port_numbers(None) == {
        "https": 9443,
        "http": 9080,
        "fortimonitor": 9444,
        "fortisiem": 9445,
        "control": 9446,
    }
    assert port_numbers(7000) == {
        "https": 7000,
        "fortimonitor": 7001,
        "fortisiem": 7002,
        "control": 7003,
        "http": 7004,
    }
    assert set(port_numbers(0).values()) == {0}


def test_only_loopback_is_listened_on() -> None:
    with listening({"one": 0, "two": 0}) as listeners:
        assert {listener.getsockname()[0] for listener in listeners.values()} == {"127.0.0.1"}


# Refusing


def test_a_taken_port_is_named_with_the_way_out(refused: Refused) -> None:
    with listening({"taken": 0}) as listeners:
        port = listeners["taken"].getsockname()[1]
        assert refused("serve", "--ports", str(port)) == (
            f"Error: Port {port} on 127.0.0.1 is taken. "
            "Choose other ports with --ports BASE, or free ones with --ports 0."
        )


def test_when_one_port_is_taken_none_is_kept() -> None:
    with listening({"taken": 0}) as taken:
        port = taken["taken"].getsockname()[1]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
        with pytest.raises(LabError, match=f"Port {port} "), listening({"free": free, "taken": port}):
            pass
        with listening({"free": free}):
            pass


@pytest.mark.parametrize("below", ["file", "file/state"])
def test_a_state_folder_that_cannot_be_made_is_named(refused: Refused, tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("a regular file")
    line = refused("serve", "--ports", "0", "--state", str(tmp_path / below))
    assert line.startswith(f"Error: The state folder {tmp_path / below} cannot be written: ")


def test_a_state_folder_is_for_one_lab_at_a_time(refused: Refused, tmp_path: Path) -> None:
    with state_folder(tmp_path):
        assert refused("serve", "--ports", "0", "--state", str(tmp_path)) == (
            f"Error: The state folder {tmp_path} is in use by another lab. Choose another with --state."
        )
    with state_folder(tmp_path):
        pass


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda keys: "{", "Expecting property name"),
        (lambda keys: "[]", "it must hold exactly fortimonitor_api_key, "),
        (lambda keys: json.dumps({**keys, "more": "x"}), "it must hold exactly fortimonitor_api_key, "),
        (lambda keys: json.dumps({**keys, "fortisoar_password": ""}), "fortisoar_password must be a text"),
        (lambda keys: json.dumps({**keys, "fortisiem_password": 5}), "fortisiem_password must be a text"),
        (lambda keys: json.dumps({**keys, "fortisoar_encryption_key": "short"}), "Fernet key must be"),
    ],
)
def test_a_broken_key_file_is_refused_and_left_as_it_is(
    refused: Refused, tmp_path: Path, change: Callable[[dict[str, str]], str], reason: str
) -> None:
    keys = vars(load_keys(tmp_path))
    path = tmp_path / "keys.json"
    path.write_text(change(keys))
    broken = path.read_bytes()
    line = refused("serve", "--ports", "0", "--state", str(tmp_path))
    assert line.startswith(f"Error: {path} is broken: {reason}")
    assert line.endswith("Restore it, or start with an empty state folder.")
    assert not any(value in line for name, value in keys.items() if name.endswith(("password", "secret", "key")))
    assert path.read_bytes() == broken


def test_a_broken_authority_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    (tmp_path / "ca.key").write_text("not a key")
    line = refused("serve", "--ports", "0", "--state", str(tmp_path))
    assert line.startswith(f"Error: The authority in {tmp_path} (ca.pem, ca.key) is broken: ")
    assert line.endswith(" Remove both files to make a new one.")


def test_broken_data_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "fortimonitor.sqlite").write_text("not a database, and longer than its header would be" * 100)
    line = refused("serve", "--ports", "0", "--state", str(tmp_path))
    assert line.startswith(f"Error: The data in {tmp_path} cannot be used: ")


def test_data_of_another_version_is_refused(refused: Refused, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "fortisoar.sqlite")) as database:
        database.execute(
            "CREATE TABLE workflow (uuid VARCHAR PRIMARY KEY, name VARCHAR, active BOOLEAN, document JSON)"
        )
    assert refused("serve", "--ports", "0", "--state", str(tmp_path)) == (
        f"Error: The data in {tmp_path} was made by another version of the lab: fortisoar.sqlite has no "
        "workflow.collection. Remove the folder, or name another one."
    )


def test_a_file_that_cannot_be_put_in_place_leaves_no_part_behind(tmp_path: Path) -> None:
    target = tmp_path / "ready.json"
    (target / "in the way").mkdir(parents=True)
    with pytest.raises(LabError, match=r"ready\.json cannot be written"):
        write_whole(target, "{}")
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--params", "{"], "--params is not JSON: "),
        (["--params", "[1]"], "--params must be a JSON object"),
        (["--params", "@/does/not/exist"], "/does/not/exist cannot be read: No such file or directory."),
        (["--lab", "/does/not/exist"], "/does/not/exist cannot be read: No such file or directory."),
    ],
)
def test_execute_says_what_is_wrong_with_its_arguments(refused: Refused, arguments: list[str], line: str) -> None:
    assert refused("execute", "force_resolve_incident", *arguments).startswith(f"Error: {line}")


def test_execute_refuses_a_file_that_no_lab_wrote(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "ready.json").write_text("{}")
    line = refused("execute", "x", "--lab", str(tmp_path / "ready.json"))
    assert line == f"Error: {tmp_path / 'ready.json'} is not the ready line of a lab."


def test_a_wrong_call_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--ports", "-1"]) == 2
    assert main(["execute"]) == 2
    assert main(["nothing"]) == 2
    assert "Usage: python -m lab" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["execute", "--help"], ["demo", "--help"]])
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("Usage: python -m lab ")


# The connector in a running lab


def test_execute_prints_the_envelope_and_reads_parameters_from_a_file(
    capsys: pytest.CaptureFixture[str], refused: Refused, fresh_lab: Any, tmp_path: Path
) -> None:
    ready_file, params = tmp_path / "ready.json", tmp_path / "params.json"
    ready_file.write_text(fresh_lab.line)
    params.write_text(json.dumps({"incident_id": "1", "comments": "from a file"}))
    assert main(["execute", "update_siem_incident", "--params", f"@{params}", "--lab", str(ready_file)]) == 0
    envelope = json.loads(capsys.readouterr().out)
    assert set(envelope) == {"data", "message", "operation", "status"}
    assert (envelope["status"], envelope["data"]["outcome"]) == ("Success", "done")

    unknown = ["--params", '{"incident": "-987654321"}', "--lab", str(ready_file)]
    assert "-987654321" in refused("execute", "force_resolve_incident", *unknown)
    line = refused("execute", "create_incident", "--lab", str(ready_file))
    assert line.startswith("Error: There is no action 'create_incident'. There are: ")
    line = refused("execute", "update_siem_incident", "--lab", str(ready_file), "--config-name", "Other")
    assert line == "Error: There is no configuration 'Other' of Fortinet Incident Bridge."


def test_execute_says_that_the_lab_is_gone(refused: Refused, lab: Any, tmp_path: Path) -> None:
    with listening({"gone": 0}) as listeners:
        port = listeners["gone"].getsockname()[1]
    gone = {**lab.ready, "fortisoar": {**lab.ready["fortisoar"], "https": f"https://127.0.0.1:{port}"}}
    (tmp_path / "ready.json").write_text(json.dumps(gone))
    line = refused("execute", "x", "--lab", str(tmp_path / "ready.json"))
    assert line.startswith(
        f"Error: FortiSOAR at https://127.0.0.1:{port} did not answer GET /api/integration/connectors/"
    )
    assert line.endswith("Is the lab running?")
