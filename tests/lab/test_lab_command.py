"""The lab's command line: what it prints, what it leaves behind, and how it refuses."""

from __future__ import annotations

import json
import os
import re
import resource
import select
import shlex
import signal
import socket
import ssl
import stat
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
import requests
import trustme

from lab.cli import OWN_LAB, commands, main
from lab.client import FortiSoarClient
from lab.connector import configuration_values
from lab.errors import LabError
from lab.fortimonitor.models import Base
from lab.kit.store import Store
from lab.ready_file import published
from lab.servers import listening, port_numbers
from lab.state import WAY_OUT, load_keys, state_folder, write_whole

ROOT = Path(__file__).resolve().parents[2]
READY = {
    "fortisoar": ["https", "http", "ca", "username", "password", "api_key"],
    "fortimonitor": ["url", "api_key", "read_only_api_key", "server_id", "plugin_textkey", "resource_textkey"],
    "fortisiem": ["url", "organization", "username", "password", "client_id", "client_secret", "incident_id"],
    "control": ["url", "token"],
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
    with _silent_client(ready["fortisoar"]):
        # A terminal tells the whole group, workers included; a service manager only the lab.
        lab.send_signal(number) if number == signal.SIGTERM else os.killpg(lab.pid, number)
        rest, errors = lab.communicate(timeout=60)
    assert (lab.returncode, rest) == (0, "")
    assert errors == f"FortiSOAR answers on {ready['fortisoar']['https']}. Ctrl-C stops the lab.\n"
    assert not ready_file.exists()
    assert list(temporary.iterdir()) == []
    assert all(_ended(handle) for handle in handles)


@contextmanager
def _silent_client(fortisoar: dict[str, Any]) -> Iterator[None]:
    """A client that got its answer and does not respond when the server ends the connection."""
    address = ("127.0.0.1", int(fortisoar["https"].rsplit(":", 1)[1]))
    tls = ssl.create_default_context(cafile=fortisoar["ca"])
    with tls.wrap_socket(socket.create_connection(address, timeout=10), server_hostname="127.0.0.1") as client:
        client.sendall(b"GET /api/version HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
        yield


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
    assert lab.control.ask("GET", "/")["products"] == ["fortisoar", "fortimonitor", "fortisiem"]


def test_the_certificate_is_good_for_localhost_too_and_for_nobody_without_the_ca(lab: Any) -> None:
    assert get(f"{lab.fortisoar.https.replace('127.0.0.1', 'localhost')}/api/version", lab.fortisoar.ca).ok
    with pytest.raises(requests.exceptions.SSLError):
        get(f"{lab.fortisoar.https}/api/version")


def test_a_kept_state_goes_on_with_the_same_ports_keys_authority_data_and_configurations(
    start_lab: Callable[..., Any], tmp_path: Path, archive: Path
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
    with FortiSoarClient(first.ready["fortisoar"]) as fortisoar:
        connector = fortisoar.install(archive)
        fortisoar.configure(connector, "Main", configuration_values(first.ready))
    assert first.stop() == ""

    second = start_lab("--state", str(tmp_path / "kept"))
    assert Path(second.fortisoar.ca).read_bytes() == authority
    assert second.ready == first.ready
    with FortiSoarClient(second.ready["fortisoar"]) as fortisoar:
        health = fortisoar.health(connector, "Main")
    assert health["status"] == "Available", health
    outage = get(f"{second.fortimonitor.url}/outage/{number}", second.fortisoar.ca, **access).json()
    assert outage["description"].startswith("kept")
    assert stat.S_IMODE((tmp_path / "kept" / "keys.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "kept" / "ca.key").stat().st_mode) == 0o600


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


def test_a_taken_port_of_a_kept_state_is_named_with_the_way_out(refused: Refused, tmp_path: Path) -> None:
    with listening(port_numbers(0)) as listeners:
        ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
        (tmp_path / "ports.json").write_text(json.dumps(ports))
        assert refused("serve", "--ports", "0", "--state", str(tmp_path)) == (
            f"Error: Port {ports['https']} on 127.0.0.1 is taken. What was configured in {tmp_path} names it. End what "
            "uses the port, or remove ports.json there to take free ports and configure anew."
        )
    assert json.loads((tmp_path / "ports.json").read_text()) == ports


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "Expecting property name"),
        ("[]", "it must hold exactly control, "),
        ('{"https": 1}', "it must hold exactly control, "),
        (json.dumps(dict.fromkeys(port_numbers(0), 70000)), "https must be the number of a port"),
        (json.dumps(dict.fromkeys(port_numbers(0), True)), "https must be the number of a port"),
    ],
)
def test_broken_kept_ports_are_refused(refused: Refused, tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "ports.json").write_text(content)
    line = refused("serve", "--ports", "0", "--state", str(tmp_path))
    assert line.startswith(f"Error: {tmp_path / 'ports.json'} is broken: {reason}")
    assert line.endswith(" Remove it to take free ports.")


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


def test_a_state_folder_that_is_a_file_is_named(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a regular file")
    assert refused("serve", "--ports", "0", "--state", str(tmp_path / "file")) == (
        f"Error: The state folder {tmp_path / 'file'} is no folder. Choose another with --state."
    )
    line = refused("serve", "--ports", "0", "--state", str(tmp_path / "file" / "state"))
    assert line.startswith(f"Error: The state folder {tmp_path / 'file' / 'state'} cannot be written: ")
    assert line.endswith(WAY_OUT)


def test_a_state_folder_without_permissions_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o500)
    with _without_privileges(), pytest.raises(LabError) as refusal, state_folder(folder):
        pass
    assert str(refusal.value) == f"The state folder {folder} cannot be written: Permission denied. {WAY_OUT}"


@contextmanager
def _without_privileges() -> Iterator[None]:
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("lock", "The state folder {folder} cannot be written: Is a directory. "),
        ("lab.log", "The lab's log {path} cannot be written: Is a directory. "),
        ("ports.json", "{path} is broken: [Errno 21] Is a directory"),
        ("keys.json", "{path} is broken: [Errno 21] Is a directory"),
        ("ca.pem", "The authority in {folder} (ca.pem, ca.key) is broken: "),
        ("fortisiem.sqlite", "{path} cannot be used: unable to open database file. "),
    ],
)
def test_what_is_in_the_way_in_a_state_folder_is_named(refused: Refused, tmp_path: Path, name: str, line: str) -> None:
    (tmp_path / name).mkdir()
    told = refused("serve", "--ports", "0", "--state", str(tmp_path))
    assert told.startswith("Error: " + line.format(folder=tmp_path, path=tmp_path / name))


@pytest.mark.parametrize("name", ["lock", "lab.log", "fortisoar.sqlite", "keys.json", "connectors", "connectors.log"])
def test_a_link_in_a_state_folder_is_named_and_what_it_leads_to_is_left_alone(
    refused: Refused, tmp_path: Path, name: str
) -> None:
    target, folder = tmp_path / "target", tmp_path / "state"
    target.write_text("precious")
    folder.mkdir()
    (folder / name).symlink_to(target)
    line = refused("serve", "--ports", "0", "--state", str(folder))
    assert line == (
        f"Error: {folder / name} is a symbolic link, and the lab follows none. Remove it, or choose another folder."
    )
    assert target.read_text() == "precious"


def test_a_lock_keeps_what_it_holds(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("precious")
    with state_folder(tmp_path):
        assert "is in use by another lab. Stop it" in refused("serve", "--ports", "0", "--state", str(tmp_path))
    assert (tmp_path / "lock").read_text() == "precious"


def test_what_a_lab_makes_in_anybodys_folder_is_its_owners_alone(
    start_lab: Callable[..., Any], tmp_path: Path, archive: Path
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    folder.chmod(0o755)
    lab = start_lab("--state", str(folder))
    with FortiSoarClient(lab.ready["fortisoar"]) as fortisoar:
        fortisoar.install(archive)
    lab.stop()
    made = {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in folder.iterdir()}
    assert "fortisoar.sqlite" in made
    assert not any(made.values()), made


def test_a_file_in_place_of_the_connectors_is_named(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "connectors").write_text("")
    line = refused("serve", "--ports", "0", "--state", str(tmp_path))
    assert line.startswith(f"Error: The data in {tmp_path} cannot be used: ")
    assert f"File exists: '{tmp_path / 'connectors'}'" in line
    assert line.endswith(WAY_OUT)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    path = tmp_path / "fortimonitor.sqlite"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, before[1]))
    try:
        with pytest.raises(LabError) as refusal:
            Store(path, Base)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert re.fullmatch(
        rf"{path} cannot be used: (disk I/O error|database or disk is full)\. {WAY_OUT}", str(refusal.value)
    )


def test_a_state_folder_is_for_one_lab_at_a_time(refused: Refused, tmp_path: Path) -> None:
    with state_folder(tmp_path):
        assert refused("serve", "--ports", "0", "--state", str(tmp_path)) == (
            f"Error: The state folder {tmp_path} is in use by the lab of process {os.getpid()}. Stop it, or choose "
            "another with --state."
        )
    with state_folder(tmp_path):
        pass


def test_the_ready_file_of_a_lab_that_runs_is_not_taken_from_it_and_what_a_killed_one_left_is_taken(
    refused: Refused, tmp_path: Path
) -> None:
    path = tmp_path / "lab.json"
    path.write_text("of a lab that was killed")
    with published(path, "first"):
        assert refused("serve", "--ports", "0", "--ready-file", str(path)) == (
            f"Error: {path} is the ready file of another lab that runs. Name another one with --ready-file."
        )
        assert path.read_text() == "first\n"
    assert not path.exists()


def test_a_lab_that_stops_leaves_a_ready_file_that_took_the_place_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "lab.json"
    with published(path, "first"):
        write_whole(path, "somebody else's")
    assert path.read_text() == "somebody else's"


def test_two_labs_run_side_by_side_and_what_is_done_to_one_does_not_touch_the_other(
    start_lab: Callable[..., Any], capsys: pytest.CaptureFixture[str], lab: Any, tmp_path: Path
) -> None:
    other = start_lab("--state", str(tmp_path / "state"), "--ready-file", str(tmp_path / "other.json"))
    ports = [set(re.findall(r"127\.0\.0\.1:([0-9]+)", each.line)) for each in (lab, other)]
    assert [len(each) for each in ports] == [5, 5]
    assert not ports[0] & ports[1]

    order = '{"kind": "reset", "product": "fortisiem"}'
    assert main(["faults", "--lab", str(tmp_path / "other.json"), "--arm", order]) == 0
    capsys.readouterr()
    armed = [len(each.control.ask("GET", "/faults")["faults"]) for each in (lab, other)]
    assert armed == [0, 1]

    other.stop()
    assert lab.control.ask("GET", "/clock")["now"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state"]


def test_a_command_says_that_another_lab_answers_at_the_address_of_its_ready_file(
    refused: Refused, lab: Any, tmp_path: Path
) -> None:
    file = tmp_path / "ready.json"
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    other = {
        "fortisoar": {**lab.ready["fortisoar"], "ca": str(tmp_path / "ca.pem")},
        "control": {**lab.ready["control"], "token": "of-another-lab"},
    }
    file.write_text(json.dumps({**lab.ready, **other}))
    assert refused("execute", "x", "--lab", str(file)) == (
        f"Error: What answers at {lab.fortisoar.https} is not the lab that the ready file names: its certificate is of "
        "another authority. Is the ready file that of the lab which runs now?"
    )
    assert refused("faults", "--lab", str(file)) == (
        f"Error: The lab at {lab.ready['control']['url']} refused the token. Is the ready file that of the lab which "
        "runs now?"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda keys: "{", "Expecting property name"),
        (lambda keys: "[]", "it must hold exactly control_token, fortimonitor_api_key, "),
        (lambda keys: json.dumps({**keys, "more": "x"}), "it must hold exactly control_token, fortimonitor_api_key, "),
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


@pytest.mark.parametrize("name", ["fortisoar", "fortimonitor", "fortisiem"])
def test_data_that_is_no_database_is_refused(refused: Refused, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.sqlite"
    path.write_text("not a database, and longer than its header would be" * 100)
    assert refused("serve", "--ports", "0", "--state", str(tmp_path)) == (
        f"Error: {path} is broken: file is not a database. Restore it, or start with an empty state folder."
    )


def test_a_damaged_page_of_the_data_is_refused(refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "fortimonitor.sqlite"
    Store(path, Base).close()
    content = bytearray(path.read_bytes())
    content[-4096:] = b"damaged" * 585 + b"!"
    path.write_bytes(content)
    line = refused("serve", "--ports", "0", "--state", str(tmp_path))
    assert line.startswith(f"Error: {path} is broken: ")
    assert line.endswith(" Restore it, or start with an empty state folder.")


def test_a_file_that_cannot_be_put_in_place_leaves_no_part_behind(tmp_path: Path) -> None:
    target = tmp_path / "ready.json"
    (target / "in the way").mkdir(parents=True)
    with pytest.raises(LabError, match=r"ready\.json cannot be written"):
        write_whole(target, "{}")
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["--params", '{"server": "1001", ...}'],
            "--params is not JSON: Expecting property name enclosed in double quotes at line 1, column 20, before '...}'.",
        ),
        (
            ["--params", '{"server": "1001"'],
            "--params is not JSON: Expecting ',' delimiter at line 1, column 18, where it ends.",
        ),
        (["--params", "[1]"], '--params must be a JSON object, such as {"incident_id": "1"}.'),
        (["--params", "PARAMS"], "--params must be JSON, and PARAMS is a file. Write @PARAMS to have it read."),
        (
            ["--params", "@PARAMS"],
            "PARAMS is not JSON: Expecting value at line 2, column 11, before 'yes}\\n'.",
        ),
        (["--params", "@/does/not/exist"], "/does/not/exist cannot be read: No such file or directory."),
        (["--lab", "/does/not/exist"], "/does/not/exist cannot be read: No such file or directory."),
        (["--lab", "PARAMS"], "PARAMS is not JSON: Expecting value at line 2, column 11, before 'yes}\\n'."),
        (["--lab", "EMPTY"], "EMPTY is not the ready line of a lab."),
        (
            ["--lab", "LEFT"],
            "The lab that wrote LEFT is gone, and its authority with it. Start one: python -m lab serve --ready-file LEFT",
        ),
    ],
)
def test_execute_says_what_is_wrong_with_its_arguments(
    refused: Refused, lab: Any, tmp_path: Path, arguments: list[str], line: str
) -> None:
    left = {**lab.ready, "fortisoar": {**lab.ready["fortisoar"], "ca": str(tmp_path / "gone" / "ca.pem")}}
    texts = {"PARAMS": '{"reason": "x",\n"verify": yes}\n', "EMPTY": "{}", "LEFT": json.dumps(left)}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        arguments = [each.replace(name, str(tmp_path / name)) for each in arguments]
        line = line.replace(name, str(tmp_path / name))
    assert refused("execute", "force_resolve_incident", *arguments) == f"Error: {line}"


def test_an_action_that_the_working_copy_has_not_starts_no_lab(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("lab.running.running_lab")
    assert refused("execute", "creat_custom_incident") == (
        "Error: There is no action 'creat_custom_incident'. Did you mean 'create_custom_incident'?"
    )
    line = refused("execute", "nothing")
    assert line.startswith("Error: There is no action 'nothing'. There are: acknowledge_fortimonitor_incident, ")
    assert line.endswith(", update_siem_incidents.")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["serve", "--ports", "-1"], "Invalid value for '--ports': -1 is not in the range 0<=x<=65531. See python -m lab serve --help."),
        (["execute"], "Missing argument 'ACTION'. See python -m lab execute --help."),
        (["execute", "x", "--parms", "{}"], "No such option '--parms'. Did you mean '--params'? See python -m lab execute --help."),
        (["exec"], "No such command 'exec'. Did you mean 'execute'? See python -m lab --help."),
        (["playbook", "rn"], "No such command 'rn'. Did you mean 'run'? See python -m lab playbook --help."),
    ],
)  # fmt: skip
def test_a_wrong_call_is_exit_code_2_and_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", f"Error: {line}\n")


@pytest.mark.parametrize("arguments", [[], ["playbook"]])
def test_a_call_without_a_command_shows_which_there_are(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(arguments) == 2
    assert "\nCommands:\n" in capsys.readouterr().err


def commands_of(group: click.Group, names: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield names
    for name, command in group.commands.items():
        below = (*names, name)
        yield from commands_of(command, below) if isinstance(command, click.Group) else [below]


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("names", list(commands_of(commands)), ids=" ".join)
def test_every_command_explains_itself_within_the_width_of_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main([*names, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: {' '.join(('python -m lab', *names))} ")
    assert [line for line in out.splitlines() if len(line) > columns] == []
    examples = list(calls(out.partition("Examples:")[2].partition("Options:")[0]))
    assert bool(examples) is ("Commands:" not in out)
    assert all(call[: len(names)] == list(names) for call in examples)


def calls(text: str) -> Iterator[list[str]]:
    """Yield the arguments of each example. One that the command line does not understand raises."""
    for example in text.replace("\\\n", "").split(".venv/bin/python -m lab ")[1:]:
        arguments = shlex.split(example)
        command: click.Command = commands
        context, rest = None, arguments
        while isinstance(command, click.Group):
            context = command.make_context(command.name, list(rest), parent=context)
            _, found, rest = command.resolve_command(context, list(rest))
            assert found
            command = found
        context = command.make_context(command.name, list(rest), parent=context)
        for option in ("params", "arm"):
            json.loads(context.params.get(option) or "{}")
        yield arguments


def test_what_the_readme_shows_can_be_pasted(fresh_lab: Any, tmp_path: Path) -> None:
    (tmp_path / "lab.json").write_text(fresh_lab.line)
    blocks = re.findall(
        r"^```\w*\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    # Making .venv needs the network; the tests of set-up do that.
    pasted = [block for block in blocks if ".venv/bin/python -m lab" in block and "venv .venv" not in block]
    shown = [
        subprocess.run(
            ["bash", "-euc", block.replace(".venv/bin/python", sys.executable)],  # noqa: S607
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        for block in pasted
    ]
    assert [(each.returncode, each.stderr) for each in shown] == [
        (0, f"{OWN_LAB}\n0 findings in {ROOT / 'playbooks' / 'playbooks.json'}.\n"),
        (0, ""),
    ]
    assert "The run is finished." in shown[0].stdout
    assert '"outcome": "done"' in shown[1].stdout
    assert "incident -1000001 was created" in shown[1].stdout
    assert '"incident_id": -1000001' in " ".join(shown[1].stdout.partition("The run is finished.")[0].split())


def test_a_lab_of_its_own_is_said_and_leaves_nothing_at_ctrl_c(command: Command, tmp_path: Path) -> None:
    for arguments in (["execute", "get_diagnostics"], ["playbook", "run", "Get Diagnostics"]):
        process = command(*arguments)
        assert process.stderr
        assert process.stderr.readline() == f"{OWN_LAB}\n"
        os.killpg(process.pid, signal.SIGINT)
        out, errors = process.communicate(timeout=30)
        assert (process.returncode, out, errors) == (130, "", "\nStopped.\n")
        assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 1),
        (["faults"], 1),
        (["playbook", "list"], 1),
        (["execute", "list_fortimonitor_servers", "--lab", "READY"], 1),
        (["playbook", "run", "List FortiMonitor Servers"], 1),
        (["demo", "--json", "--archive", "none.tgz"], 1),
        (["demo", "--archive", "ARCHIVE"], 0),  # it goes on, so that no incident is left behind on real systems
    ],
)
def test_a_reader_that_is_gone_ends_a_command_quietly_and_leaves_nothing(
    fresh_lab: Any, archive: Path, tmp_path: Path, arguments: list[str], code: int
) -> None:
    (tmp_path / "ready.json").write_text(fresh_lab.line)
    (tmp_path / "tmp").mkdir()
    files = {"READY": str(tmp_path / "ready.json"), "ARCHIVE": str(archive)}
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as nobody:
        ended = subprocess.run(
            [sys.executable, "-m", "lab", *(files.get(each, each) for each in arguments)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
            stdout=nobody,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=100,
        )
    assert (ended.returncode, ended.stderr.replace(f"{OWN_LAB}\n", "")) == (code, "")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_on_a_terminal_an_error_keeps_to_the_width_and_elsewhere_to_one_line(refused: Refused) -> None:
    ours, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (25, 40))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.run(
        [sys.executable, "-m", "lab", "execute", "creat_custom_incident"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal,
        check=False,
        timeout=60,
    )
    os.close(terminal)
    with os.fdopen(ours, "rb") as screen:
        lines = screen.read1().decode().splitlines()
    assert process.returncode == 1
    assert lines == [
        "Error: There is no action",
        "'creat_custom_incident'. Did you mean",
        "'create_custom_incident'?",
    ]
    assert refused("execute", "creat_custom_incident") == " ".join(lines)


# The connector in a running lab


def test_execute_prints_the_envelope_and_reads_parameters_from_a_file(
    capsys: pytest.CaptureFixture[str], refused: Refused, fresh_lab: Any, tmp_path: Path
) -> None:
    ready_file, params = tmp_path / "ready.json", tmp_path / "params.json"
    ready_file.write_text(fresh_lab.line)
    params.write_text(json.dumps({"incident_id": "1", "comments": "from a file"}))
    assert main(["execute", "update_siem_incident", "--params", f"@{params}", "--lab", str(ready_file)]) == 0
    out, errors = capsys.readouterr()
    envelope = json.loads(out)
    assert set(envelope) == {"data", "message", "operation", "status"}
    assert (envelope["status"], envelope["data"]["outcome"]) == ("Success", "done")
    assert errors == ""

    def said(action: str, *options: str) -> str:
        return refused("execute", action, "--lab", str(ready_file), *options)

    assert "-987654321" in said("force_resolve_incident", "--params", '{"incident": "-987654321"}')
    assert "There is no parameter 'reasn'; 'reason' comes close. Nothing was changed." in said(
        "force_resolve_incident", "--params", '{"incident": "-987654321", "reasn": "x"}'
    )
    incident = {"description": "x", "plugin_textkey": "fortisoar.bridge", "resource_textkey": "fortisoar.incident"}
    line = said("create_custom_incident", "--params", json.dumps({**incident, "server": "9999"}))
    assert line.startswith("Error: Could not create a custom incident on server 9999: FortiMonitor answered 404 ")
    assert said("create_incident") == (
        "Error: There is no action 'create_incident'. Did you mean 'create_custom_incident'?"
    )
    line = said("update_siem_incident", "--config-name", "Other")
    assert line == "Error: There is no configuration 'Other' of Fortinet Incident Bridge."


def test_execute_says_that_a_key_is_wrong(refused: Refused, lab: Any, tmp_path: Path) -> None:
    wrong = {**lab.ready, "fortisoar": {**lab.ready["fortisoar"], "api_key": "wrong"}}
    (tmp_path / "ready.json").write_text(json.dumps(wrong))
    assert refused("execute", "x", "--lab", str(tmp_path / "ready.json")) == (
        "Error: Invalid credentials. FortiSOAR refused the API key at "
        "GET /api/integration/connectors/?name=fortinet-incident-bridge. "
        "Is the ready file that of the lab which runs now?"
    )


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
