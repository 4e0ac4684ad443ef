"""The archive in the Pythons and with the libraries that appliances have, and nothing else, against the running lab."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from lab.connector import configuration_values
from lab.demo.products import Products
from release.lock import requirements
from tests.conftest import LabProcess
from tests.package.pythons import REQUIREMENTS, ROOT, Environment, environment, interpreter
from tests.support.every_action import BEGAN_EARLIER, CALLS, assert_holds

INFO: dict[str, Any] = json.loads((ROOT / "info.json").read_text("ascii"))
ACTIONS = {action["operation"]: action for action in INFO["operations"]}
SCRIPT = Path(__file__).with_name("exercise.py")
LOADER = ROOT / "vendor" / "connectors_sdk_shim" / "loader.py"
DESCRIPTION = "Checkout is slow"
MARKER = "soar-4711"
FIRST_ID, UNKNOWN_ID = -1_000_001, -9_999_999  # custom incidents are numbered downwards in a fresh FortiMonitor
WRONG_KEY = "a-key-that-is-wrong"
RAW = {"make_fortimonitor_api_request", "make_fortisiem_api_request"}  # send whatever they are told to
RESOLVE, UPDATE = "force_resolve_incident", "update_siem_incident"


LEGS = [
    ("3.9", "oldest"),
    ("3.9", "fortisoar-7.6"),
    ("3.12", "fortisoar-7.6"),
    ("3.9", "newest-3.9"),
    ("3.12", "newest-3.12"),
]
# Each write and two lists on the standard objects of the lab, in an order in which each finds something to do.
CALLED: dict[str, dict[str, Any]] = {
    "list from FortiSIEM": {},
    "create": {},
    "tags": {},
    "list": {},
    "note": {},
    "acknowledge": {},
    "describe": {},
    "summary": {},
    "lead": {},
    "escalate in FortiMonitor": {},
    "broadcast": {},
    "delay": {},
    "resolve": {},
    "comment": {},
    "escalate": {},
    "resolves": {"items": [FIRST_ID - 1]},
    "close": {},
    "update": {"incident_id": 2},
    "clear": {"incident_id": 6},
    "updates": {"items": [{"incident_id": number, "external_ticket_id": "INC42"} for number in (5, 7)]},
}


@pytest.fixture(scope="module", params=LEGS, ids=" with ".join)
def python(request: pytest.FixtureRequest) -> Environment:
    return environment(*request.param)


def test_a_set_is_what_is_installed_and_holds_the_requirements_and_what_they_need(python: Environment) -> None:
    required = [each.name for each in requirements(REQUIREMENTS, {})]
    assert python.installed() == python.pinned()
    assert python.installed().keys() == python.needed(*required)


@pytest.fixture
def pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """A function that puts a command with a shell line in it into a machine that has no Python yet."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))

    def put(place: str, line: str) -> Path:
        command = tmp_path / place
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text(f"#!/bin/sh\n{line}\n")
        command.chmod(0o755)
        return command

    return put


def test_a_python_that_refuses_or_is_another_one_is_passed_over(pythons: Callable[[str, str], Path]) -> None:
    pythons("bin/python3.9", "exit 127")
    pythons("pyenv/versions/3.9.1/bin/python", "echo 3.91")
    right = pythons("pyenv/versions/3.9.2/bin/python", "echo 3.9")
    assert interpreter("3.9") == right
    first = pythons("bin/python3.9", "echo 3.9")
    assert interpreter("3.9") == first
    assert interpreter("3.12") is None


@pytest.mark.usefixtures("pythons")
@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_python_is_reported_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"Python 3\.9 is neither on the PATH nor installed by pyenv"):
        environment("3.9", "oldest")


def test_the_archive_does_its_work(
    python: Environment, fresh_products: LabProcess, archive: Path, tmp_path: Path
) -> None:
    lab = fresh_products
    configuration = configuration_values(lab.ready)
    creates = list(new_incidents(lab.ready))
    marked = next(number for number, params in enumerate(creates) if params.get("correlation_id") == MARKER)
    update = {"incident_id": str(lab.ready["fortisiem"]["incident_id"]), **samples(UPDATE), "verify": "true"}
    calls = [
        *(call(configuration, "create_custom_incident", params) for params in creates),
        call(configuration, RESOLVE, {"incident": str(FIRST_ID), "reason": "Gone"}),
        call(configuration, RESOLVE, {"incident": f"#{FIRST_ID - marked}", "expect_correlation_id": MARKER}),
        call(configuration, UPDATE, update),
        call(configuration, RESOLVE, {"incident": str(UNKNOWN_ID)}),
        call({**configuration, "fortimonitor_api_key": WRONG_KEY}, RESOLVE, {"incident": str(FIRST_ID - 1)}),
        call({**configuration, "ca_certificate": ""}, UPDATE, update),
        call(configuration, UPDATE, {"incident_id": "x", "status": "Gone"}),
        call(configuration, "force_resolve_incidents", {"items": []}),  # what needs jsonschema
    ]

    report = exercised(python, archive, tmp_path, configuration, calls)

    assert_is(report, python)
    assert {"requests", "urllib3"} <= set(report["imported_first"])
    assert {"jsonschema", "lab", "release", "tests", "vendor"}.isdisjoint(report["imported_first"])
    assert "jsonschema" in report["imported_in_the_end"]
    assert report["health"] == {"message": "Connector is available", "status": "Available"}
    results = iter(report["results"])
    for number, params in enumerate(creates):
        data = succeeded(next(results), "create_custom_incident")
        warning = BEGAN_EARLIER if "start_time" in params else None
        assert (data["outcome"], data["changed"], data["warning"]) == ("done", True, warning)
        assert (data["incident_id"], data["server_id"]) == (FIRST_ID - number, lab.fortimonitor.server_id)
        assert data["incident_url"] == f"{lab.fortimonitor.url}/outage/{FIRST_ID - number}"
        assert data["correlation_id"] == params.get("correlation_id", data["correlation_id"])
    for incident_id in (FIRST_ID, FIRST_ID - marked):
        data = succeeded(next(results), RESOLVE)
        assert (data["outcome"], data["changed"], data["incident_id"]) == ("done", True, incident_id)
    data = succeeded(next(results), UPDATE)
    assert (data["outcome"], data["changed"], data["incident_id"]) == ("done", True, lab.fortisiem.incident_id)
    assert (data["confirmed_by"], set(data["verified"].values())) == ("read_back", {"applied"})
    assert data["fields"] == {
        name: value for name, value in samples(UPDATE).items() if name not in {"verify", "text_format"}
    }
    failures = [failed(result) for result in results]
    beginnings = (
        f"Could not resolve incident {UNKNOWN_ID}: FortiMonitor answered 404 to PUT /v2/outage/{UNKNOWN_ID}/force_res",
        f"Could not resolve incident {FIRST_ID - 1}: FortiMonitor answered 401 to PUT /v2/outage/{FIRST_ID - 1}/forc",
        f"Could not read FortiSIEM incident {lab.fortisiem.incident_id}: FortiSIEM at {lab.fortisiem.url} shows a cer",
        "The parameters are not valid: Status 'Gone' is not one of: Active, Auto Cleared, Manually Cleared, System Cleared. "
        "FortiSIEM Incident ID 'x' is not an ID such as 42, or a Source ID such as fortisiem:siem.example.com:42. ",
        "The parameters are not valid: Items '[]' is not a JSON list of 1 to 1000 items. ",
    )
    for message, beginning in zip(failures, beginnings, strict=True):
        assert message.startswith(beginning)
        assert "Nothing was changed." in message
    assert [line.partition(" ")[0] for line in report["log"]] == ["ERROR"] * len(failures)

    assert report["left_open"] == 0
    check_fortimonitor(lab, tmp_path, creates, resolved=[FIRST_ID, FIRST_ID - marked])
    check_fortisiem(lab, tmp_path)


def assert_is(report: dict[str, Any], python: Environment) -> None:
    """Fail unless what ran was that Python with that set."""
    assert ".".join(map(str, report["python"])) == python.version
    versions = {canonicalize_name(name): version for name, version in report["versions"].items()}
    assert {"requests", "urllib3", "idna", "jsonschema"} <= versions.keys()
    assert versions.items() <= python.pinned().items()


def test_every_write_and_the_lists_work(
    python: Environment, fresh_products: LabProcess, archive: Path, tmp_path: Path
) -> None:
    configuration = configuration_values(fresh_products.ready)
    written = {CALLS[name].operation for name in CALLED if CALLS[name].writes}
    assert written == {each.operation for each in CALLS.values() if each.writes} - RAW
    calls = [
        call(configuration, CALLS[name].operation, {**CALLS[name].params, **other}) for name, other in CALLED.items()
    ]

    report = exercised(python, archive, tmp_path, configuration, calls)

    assert_is(report, python)
    for name, result in zip(CALLED, report["results"], strict=True):
        data = succeeded(result, CALLS[name].operation)
        if CALLS[name].writes:
            assert (name, data["outcome"], data["changed"]) == (name, "done", True)
        else:
            assert_holds(data, CALLS[name].data, name)
    assert (report["log"], report["left_open"]) == ([], 0)


def call(config: dict[str, Any], operation: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"config": config, "operation": operation, "params": params}


def new_incidents(ready: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parameters of one incident without any option, then of one with each."""
    named = {name: ready["fortimonitor"][name] for name in ("plugin_textkey", "resource_textkey")}
    required = {"server": str(ready["fortimonitor"]["server_id"]), **named}
    yield {**required, "description": DESCRIPTION}
    for name, value in samples("create_custom_incident").items():
        yield {**required, "description": f"{DESCRIPTION}, with {name}", name: value}


def samples(operation: str) -> dict[str, Any]:
    """Return a value for each optional parameter of an action, by its type."""
    by_type: dict[str, Any] = {
        "text": MARKER,
        "textarea": "Seen by the night shift",
        "integer": "3600",
        "json": '{"ticket": "INC-1", "tries": 2}',
        "datetime": "2026-11-20T09:00:00+01:00",
        "checkbox": "false",
    }
    optional = [field for field in ACTIONS[operation]["parameters"] if not field["required"]]
    return {field["name"]: field.get("options", [by_type.get(field["type"])])[-1] for field in optional}


def exercised(
    python: Environment, archive: Path, folder: Path, health: dict[str, Any], calls: list[dict[str, Any]]
) -> dict[str, Any]:
    """Run the exercise in a Python with every warning an error; return its report."""
    into, plan = folder / "unpacked", folder / "plan.json"
    into.mkdir()
    plan.write_text(
        json.dumps(
            {"archive": str(archive), "into": str(into), "loader": str(LOADER), "health": health, "calls": calls}
        ),
        "utf-8",
    )
    command = [str(python.python), "-I", "-X", "dev", "-W", "error", str(SCRIPT), str(plan)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=90)
    assert (done.returncode, done.stderr) == (0, "")
    for secret in ("fortimonitor_api_key", "fortisiem_password"):
        assert health[secret] not in done.stdout
    assert WRONG_KEY not in done.stdout
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def succeeded(result: dict[str, Any], operation: str) -> dict[str, Any]:
    """Return the data of a call that succeeded, with just the keys that its output schema promises."""
    envelope = result.get("envelope")
    assert envelope, result
    assert {**envelope, "data": None} == {
        "operation": None,
        "status": "Success",
        "message": "",
        "data": None,
        "env": {},
    }
    assert envelope["data"].keys() == ACTIONS[operation]["output_schema"].keys()
    data: dict[str, Any] = envelope["data"]
    return data


def failed(result: dict[str, Any]) -> str:
    assert result.get("failed") == "ConnectorError", result
    return str(result["message"])


def check_fortimonitor(lab: LabProcess, folder: Path, creates: list[dict[str, Any]], resolved: list[int]) -> None:
    """Check what FortiMonitor received and what it holds now."""
    journal = lab.control.journal("fortimonitor")
    assert {entry["headers"]["user-agent"] for entry in journal} == {INFO["name"]}
    posts = [entry for entry in journal if entry["method"] == "POST"]
    assert [(post["path"], post["status"]) for post in posts] == [
        (f"/v2/server/{lab.fortimonitor.server_id}/custom_incident", 201) for _ in creates
    ]
    bodies = {name: post["body"] for post, params in zip(posts, creates, strict=True) for name in params}
    assert bodies["auto_close_duration"]["auto_close_duration"] == 3600
    assert bodies["start_time"]["start_time"] == "2026-11-20 08:00:00"
    assert bodies["metadata"]["metadata"].items() >= {"ticket": "INC-1", "tries": "2"}.items()
    puts = [(entry["path"], entry["status"], entry["body"]) for entry in journal if entry["method"] == "PUT"]
    assert puts == [
        (f"/v2/outage/{resolved[0]}/force_resolve", 204, {"reason": "Gone"}),
        (f"/v2/outage/{resolved[1]}/force_resolve", 204, {}),
        (f"/v2/outage/{UNKNOWN_ID}/force_resolve", 404, {}),
        (f"/v2/outage/{FIRST_ID - 1}/force_resolve", 401, ""),  # refused before its body is read
    ]
    assert {entry["method"] for entry in journal} == {"GET", "POST", "PUT"}
    products = Products(configuration_values(lab.ready), folder)
    try:
        for number, params in enumerate(creates):
            outage = products.outage(FIRST_ID - number)
            assert re.match(rf"\[fsr[a-z2-7]{{16}}\] {re.escape(params['description'])}\n", outage["description"])
            assert outage["status"] == ("resolved" if FIRST_ID - number in resolved else "active")
    finally:
        products.close()


def check_fortisiem(lab: LabProcess, folder: Path) -> None:
    """Check what FortiSIEM received and what it holds now."""
    journal = lab.control.journal("fortisiem")
    (update,) = [entry for entry in journal if entry["path"] == "/phoenix/rest/incident/external"]
    assert (update["method"], update["status"], update["body"]["incidentId"]) == ("POST", 200, "1")
    sent = samples(UPDATE)
    products = Products(configuration_values(lab.ready), folder)
    try:
        incident = products.siem_incident(str(lab.fortisiem.incident_id))
    finally:
        products.close()
    assert incident["incidentStatus"] == 3
    assert incident["incidentComments"] == sent["comments"]
    assert incident["incidentExtTicketId"] == sent["external_ticket_id"]
    assert incident["incidentExtTicketState"].upper() == sent["external_ticket_state"].upper()
    assert incident["incidentExtTicketType"].upper() == sent["external_ticket_type"].upper()
    assert incident["incidentExtUser"] == sent["external_assigned_user"]
