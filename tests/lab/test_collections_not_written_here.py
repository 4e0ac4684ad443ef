"""Collections of playbooks that others published: they are imported and checked, and every finding is a true one.

They come with fsr-playbooks as sources in its own language, with a catalogue of the connectors they use; its compiler
makes of them what FortiSOAR exports. Nothing of them is kept here. Sources that the catalogue holds only in part, and
those that the compiler refuses, are left out.
"""

from __future__ import annotations

import copy
import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from fsr_playbooks._db import PACKAGED_SLIM_DB
from fsr_playbooks.compiler import compile_yaml

from lab.fortisoar.playbooks.checks.lint import lint
from tests.support.playbooks import Soar

Row = dict[str, Any]

LONGEST_SOURCE = 6000  # characters; the catalogue cuts a source here
TEMPLATE = re.compile(r"""^(['"]).*\1(?=:| names )""", re.DOTALL)
UTILITIES = "cyops_utilities"
NO_DEFAULT = "it has no default, so that the run ends here when no condition holds"
# What is wrong with them, each looked at: {file: the findings}.
FINDINGS = {
    # Parts of larger sets: what they call is in another file.
    "parent-calls-child-workflow-reference.yaml": [
        "Call Specific playbook: it calls /api/3/workflows/98088c22-2006-43c1-bf73-ef1c151c1cd6, which is not in this file"
    ],
    "proxy_api_trigger.yaml": [
        "run device script: it calls /api/3/workflows/ddbf04fc-df33-54ba-8c85-6d2134c40e2c, which is not in this file",
        "step post_run: it calls /api/3/workflows/9e61ba1a-4371-4d35-825d-9cea8f79feff, which is not in this file",
        "step trigger pre_run: it calls /api/3/workflows/1c59904d-0333-48f4-a608-d73a85117e81, which is not in this file",
    ],
    "real_loop_check_sla_violations.yaml": [
        "Update SLA Status: it calls /api/3/workflows/3b2b6e73-950f-47be-a112-2a2497a640a2, which is not in this file"
    ],
    "refresh_device_playbooks.yaml": [
        "synch dvmdb: it calls /api/3/workflows/379c3a43-af7e-4a27-bdbf-1207d2697378, which is not in this file",
        "step trigger pre_run: it calls /api/3/workflows/1c59904d-0333-48f4-a608-d73a85117e81, which is not in this file",
        "step post_run: it calls /api/3/workflows/9e61ba1a-4371-4d35-825d-9cea8f79feff, which is not in this file",
    ],
    "scenario_orchestrator.yaml": [
        "Call Alert Generator: it calls /api/3/workflows/3cab56f1-c28a-4952-bc70-2fdd7bfcbeb1, which is not in this file"
    ],
    # Placeholders, and names that FortiSOAR has not: its templates know "vars" and "globalVars".
    "async-fanout-collect-child-runs.yaml": [
        "Launch Child per Indicator: it calls child_playbook_uuid, which is not in this file",
        "Launch Child per Indicator: ... names item, which is not there",
        "Launch Child per Indicator: vars.indicator is not set by a step before",
        "Collect Child Results: ... names run, which is not there",
    ],
    "audit-run-stamp-wrapper.yaml": [
        "Create Audit Record: ... names state, which is not there",
        "Create Audit Record: ... names now, which is not there",
    ],
    "loop-over-records-max-parallel.yaml": [
        "Launch Child per Record: it calls child_playbook_uuid, which is not in this file",
        "Launch Child per Record: ... names item, which is not there",
        "Launch Child per Record: vars.record is not set by a step before",
    ],
    "severity-scoring-from-enrichment.yaml": ["Set severity variable: ... names output, which is not there"],
    # Branches that nobody handles.
    "demo_alert_action.yaml": [f"Branch on severity: {NO_DEFAULT}"],
    "demo_pure_logic.yaml": [f"Branch on severity: {NO_DEFAULT}"],
    "demo_virustotal_ip.yaml": [f"Branch on verdict: {NO_DEFAULT}"],
    "heist_intake.yaml": [
        "Final Go Call: the option 'Go' leads to no step",
        "Final Go Call: the option 'Abort' leads to no step",
    ],
    "sla-escalation-timer.yaml": ["Notify Stakeholders: the option 'Acknowledge' leads to no step"],
    # What the connector calls otherwise.
    "host-containment-isolate.yaml": [
        "Disable AD Account: operationTitle is 'Disable AD Account', and the title is 'Disable User Account'"
    ],
    # What the local FortiSOAR cannot do.
    "enrich-indicator-extract-artifacts-rollup.yaml": [
        "Extract Artifacts from Indicator: ...: No filter named 'extract_artifacts' in the local FortiSOAR",
        "Lookup Artifacts: ... names item, which is not there",
        "Lookup Artifacts: ... names item, which is not there",
    ],
    "multi-stage-approval-audit-trail.yaml": [
        "First Approval Request: the local FortiSOAR has no step type 6832e556-b9c7-497a-babe-feda3bd27dcg",
        "Second Approval Request: the local FortiSOAR has no step type 6832e556-b9c7-497a-babe-feda3bd27dcg",
    ],
}


@pytest.fixture(scope="module")
def catalogue() -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(f"file:{PACKAGED_SLIM_DB}?mode=ro", uri=True)
    yield database
    database.close()


@pytest.fixture(scope="module")
def published(catalogue: sqlite3.Connection) -> dict[str, Row]:
    """Return the exports that the sources compile to, by the sources' file names."""
    sources = catalogue.execute(
        "SELECT source_playbook, yaml_template FROM recipes WHERE kind = 'example' AND length(yaml_template) < ?",
        (LONGEST_SOURCE,),
    )
    exports = {file: compiled(text) for file, text in sources}
    return {file: export for file, export in exports.items() if export}


def compiled(text: str) -> Row | None:
    """Return the export of a source; None if the compiler refuses it."""
    try:
        export: Row | None = compile_yaml(text, PACKAGED_SLIM_DB).fsr_json
    except TypeError:  # it stumbles over one of its own sources
        return None
    return export


@pytest.fixture(scope="module")
def manifests(catalogue: sqlite3.Connection) -> list[Row]:
    """Return what the connectors' info.json says, but for FortiSOAR's own utilities, which have no fixed version."""
    connectors = catalogue.execute("SELECT name, version, label FROM connectors WHERE name != ?", (UTILITIES,))
    return [
        {
            "name": name,
            "version": version,
            "label": label,
            "configuration": {},
            "operations": [
                {"operation": operation, "title": title, "parameters": parameters(catalogue, name, operation)}
                for operation, title in catalogue.execute(
                    "SELECT op_name, title FROM operations WHERE connector_name = ?", (name,)
                )
            ],
        }
        for name, version, label in connectors.fetchall()
    ]


def parameters(catalogue: sqlite3.Connection, connector: str, operation: str) -> list[Row]:
    """Return an operation's parameters, with those that hang on the values of others below them."""
    rows = catalogue.execute(
        "SELECT parent_param_name, condition_value, param_name, type, required, default_value, options_json"
        " FROM operation_params WHERE connector_name = ? AND op_name = ? ORDER BY ord",
        (connector, operation),
    ).fetchall()

    def below(parent: str | None, value: str | None) -> list[Row]:
        return [
            {
                "name": name,
                "type": kind,
                "required": bool(required),
                "value": default,
                "options": json.loads(options or "[]"),
                "onchange": {row[1]: below(name, row[1]) for row in rows if row[0] == name},
            }
            for of, at, name, kind, required, default, options in rows
            if (of, at) == (parent, value)
        ]

    return below(None, None)


def findings(export: Row, manifests: list[Row]) -> list[str]:
    """Return what is found, with templates shortened to three dots."""
    return [f"{one.step}: {TEMPLATE.sub('...', one.message)}" for one in lint(export, manifests)]


def connectors(export: Row) -> set[str]:
    return {
        step["arguments"]["connector"]
        for collection in export["data"]
        for workflow in collection["workflows"]
        for step in workflow["steps"]
        if isinstance(step["arguments"], dict) and "connector" in step["arguments"]
    }


def test_they_use_many_connectors(published: dict[str, Row]) -> None:
    assert len(published) >= 40
    assert set().union(*map(connectors, published.values())) >= {
        "activedirectory",
        "code-snippet",
        "file-content-extraction",
        "fortigate-firewall",
        "fortinet-fortisiem",
        "openai",
        "smtp",
        "ssh",
        "virustotal",
    }


def test_what_is_found_in_them_is_so(published: dict[str, Row], manifests: list[Row]) -> None:
    found = {file: findings(export, manifests) for file, export in published.items()}

    assert {file: messages for file, messages in found.items() if messages} == FINDINGS


@pytest.mark.parametrize(
    "file", ["demo_virustotal_ip.yaml", "close-fortisiem-incident.yaml", "ai-enrichment-openai.yaml"]
)
def test_what_is_broken_in_one_is_found(file: str, published: dict[str, Row], manifests: list[Row]) -> None:
    broken = copy.deepcopy(published[file])
    (workflow,) = broken["data"][0]["workflows"]
    actions = [one for one in workflow["steps"] if one["arguments"].get("connector") not in (None, UTILITIES)]
    action = actions[0]
    action["arguments"]["operation"] = "no_such_operation"
    workflow["routes"] = [one for one in workflow["routes"] if not one["targetStep"].endswith(action["uuid"])]

    found = findings(broken, manifests)

    assert f"{action['name']}: there is no operation 'no_such_operation'" in found
    assert f"{action['name']}: no route leads here from the start" in found


def test_they_are_imported_as_they_are(published: dict[str, Row], soar: Soar) -> None:
    for export in published.values():
        soar.ask("POST", "/api/3/workflow_collections", export, 201)
        for workflow in export["data"][0]["workflows"]:
            stored = soar.ask("GET", f"/api/3/workflows/{workflow['uuid']}?$relationships=true")
            for part in ("steps", "routes"):
                assert [one["uuid"] for one in stored[part]] == [one["uuid"] for one in workflow[part]]
