"""The shipped collection before a judge that was not written here: fsr-playbooks, with a catalogue made of info.json."""

from __future__ import annotations

import copy
import json
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from fsr_playbooks._db import PACKAGED_SLIM_DB
from fsr_playbooks.compiler import rulesets
from fsr_playbooks.compiler.decompiler import decompile_to_yaml
from fsr_playbooks.compiler.grounded_shapes import GroundedShapeStore
from fsr_playbooks.compiler.roundtrip import roundtrip
from fsr_playbooks.mcp_server import tools_verify

from release.archive import ROOT
from release.playbooks import COLLECTION

Row = dict[str, Any]

INFO = json.loads((ROOT / "info.json").read_text("ascii"))
DOCUMENT = json.loads((ROOT / COLLECTION).read_text("ascii"))
WORKFLOWS: list[Row] = DOCUMENT["data"][0]["workflows"]
SAMPLES = [workflow for workflow in WORKFLOWS if len(workflow["steps"]) == 2]
STORIES = [workflow for workflow in WORKFLOWS if len(workflow["steps"]) > 2]
# What FortiSOAR's own API answers when it is asked for a global variable.
MACROS = {"hydra:member": [{"id": 0, "name": "", "value": "", "default_value": ""}], "hydra:totalItems": 0}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a catalogue that knows this connector, as one read from an appliance would."""
    path = tmp_path_factory.mktemp("judge") / "catalogue.db"
    shutil.copyfile(PACKAGED_SLIM_DB, path)
    database = sqlite3.connect(path)
    with database:
        database.execute(
            "INSERT INTO connectors (name, version, label, source) VALUES (?, ?, ?, 'info.json')",
            (INFO["name"], INFO["version"], INFO["label"]),
        )
        database.executemany(
            "INSERT INTO operations (connector_name, op_name, title, category, description, output_schema_json)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    INFO["name"],
                    a["operation"],
                    a["title"],
                    a["category"],
                    a["description"],
                    json.dumps(a["output_schema"]),
                )
                for a in INFO["operations"]
            ],
        )
        database.executemany(
            "INSERT INTO operation_params (connector_name, op_name, param_name, title, type, required, default_value,"
            " options_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    INFO["name"],
                    a["operation"],
                    p["name"],
                    p["title"],
                    p["type"],
                    p["required"],
                    p.get("value"),
                    options(p),
                )
                for a in INFO["operations"]
                for p in a["parameters"]
            ],
        )
        # The manifest says which actions only look.
        database.executemany(
            "INSERT INTO op_safety (connector_name, op_name, safety, updated_at) VALUES (?, ?, ?, '2026-11-22')",
            [
                (INFO["name"], a["operation"], "safe" if a["category"] == "investigation" else "unsafe")
                for a in INFO["operations"]
            ],
        )
    database.close()
    return path


def options(parameter: Row) -> str | None:
    """Return the choices of a parameter as the catalogue holds them."""
    return json.dumps(parameter["options"]) if "options" in parameter else None


@pytest.fixture(autouse=True)
def _judge(catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the judge know what the actions give, and let it write nowhere but into the test's folder."""
    shapes = GroundedShapeStore()
    shapes.observe("cyops_utilities", "make_cyops_request", {"data": MACROS, "status": "", "message": ""})
    for action in INFO["operations"]:
        envelope = {"data": action["output_schema"], "status": "", "message": "", "operation": None}
        shapes.observe(INFO["name"], action["operation"], envelope)
        # A step that failed, and whose errors are ignored.
        shapes.observe(INFO["name"], action["operation"], {**envelope, "Error message": ""})
    monkeypatch.setenv("FSRPB_DB", str(catalogue))
    monkeypatch.setattr(tools_verify, "_GROUNDED_STORE", shapes)
    monkeypatch.setattr(tools_verify, "REPO_ROOT", tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(yaml, "SafeLoader", yaml.CSafeLoader)  # it reads all stories eight times for each of them


def with_workflows(workflows: list[Row]) -> Row:
    """Return a copy of the collection with some of its playbooks only. Decompiling changes what it is given."""
    return copy.deepcopy({**DOCUMENT, "data": [{**DOCUMENT["data"][0], "workflows": workflows}]})


def complaints(workflows: list[Row], playbook: str, catalogue: Path) -> list[str]:
    """Return everything that the judge has against a playbook."""
    text = decompile_to_yaml(with_workflows(workflows), catalogue)
    told = tools_verify.verify_playbook(text, playbook=playbook, db_path=str(catalogue))
    reports = told["required_fixes"] + told["warnings"]
    return [f"{report['code']}: {report['message']}" for report in reports]


def test_its_rules_for_ingestion_find_only_that_a_known_alert_keeps_its_severity_and_status() -> None:
    # Its other rule set is for threat feeds, which the step Ingest Bulk Feed stores; it detects which one applies.
    assert rulesets.detect_rulesets(DOCUMENT) == ["data-ingest"]
    issues = rulesets.validate(DOCUMENT, ["data-ingest"])
    # It takes every upsert for the first one; from then on both are the analysts'.
    assert [(issue.rule_id, issue.path.partition("(")[2]) for issue in issues] == [
        ("data_ingest.severity_status_unset", "'Refresh Known Alerts')")
    ]


def test_the_collection_survives_its_round_trip(catalogue: Path) -> None:
    assert roundtrip(with_workflows(WORKFLOWS), catalogue) == (True, [])


@pytest.mark.parametrize("playbook", [workflow["name"] for workflow in WORKFLOWS])
def test_it_verifies_a_playbook_without_a_complaint(playbook: str, catalogue: Path) -> None:
    samples = [workflow for workflow in SAMPLES if workflow["name"] == playbook]
    assert complaints(samples or STORIES, playbook, catalogue) == []  # stories call each other


@pytest.mark.parametrize(
    ("find", "put", "complaint"),
    [
        ("incident_id", "incident_no", "incident_no"),
        ("vars.steps.Escalate.data.fortimonitor.incident_url", "vars.steps.Escalate.data.url", "url"),
        ("escalate_siem_incident", "escalate_incident", "escalate_incident"),
    ],
)
def test_the_judge_sees_what_is_wrong(find: str, put: str, complaint: str, catalogue: Path) -> None:
    text = json.dumps(next(w for w in STORIES if w["name"].startswith("FortiSIEM Incident Escalated")))
    wrong = json.loads(text.replace(find, put))
    assert any(complaint in message for message in complaints([wrong], wrong["name"], catalogue))
