"""Runs and their steps as the appliance shows them: what happened from the run, where it stands from the playbook."""

from __future__ import annotations

from datetime import datetime

from .definitions import STARTS, Definition, Row, arguments_of, type_of
from .engine import FAILED, SKIPPED, TERMINATED
from .models import Run, RunStep
from .steps import is_true

NODE = "soar"
# The engine's function behind a type of step, where it is known; no_op else.
FUNCTIONS = {
    "Connectors": "connector",
    "CyopsUtilites": "connector",
    "CodeSnippet": "connector",
    "SendMail": "connector",
    **dict.fromkeys(STARTS, "set_multiple"),
    "SetVariable": "set_multiple",
    "SetAPIKeys": "set_multiple",
    "Decision": "cond",
    "WorkflowReference": "call",
    "InsertData": "insert_data",
    "UpdateRecord": "update_data",
    "FindRecords": "find_data",
    "ManualInput": "manual_input",
    "ApprovalManualInput": "manual_input",
    "ManualTask": "wait",
    "Delay": "delay",
}
# What the designer calls a type of step and draws it with, as far as it was captured.
DRAWN = {
    "Connectors": ("Connector", "#ff7600", "icon icon-connectors"),
    "CyopsUtilites": ("Utilities", "#ff7600", "icon icon-utilities"),
    "SetVariable": ("Set Variable", "#f7ac20", "icon icon-set-variables"),
    "Decision": ("Decision", "#52b200", "icon icon-decision"),
    "IngestBulkFeed": ("Ingest Bulk Feed", "#f7ac20", None),
    "WorkflowReference": ("Reference a Playbook", None, None),
    "InsertData": ("Create Record", None, None),
    "UpdateRecord": ("Update Record", None, None),
    "FindRecords": ("Find Records", None, None),
    "Delay": ("Wait", None, None),
    "SendMail": ("Send Email", None, None),
    "ManualInput": ("Manual Input", None, None),
    "ApprovalManualInput": ("Approval", None, None),
    "ManualTask": ("Manual Task", None, None),
    "RunScript": ("Run Utility Functions", None, None),
    "SetAPIKeys": ("Set API Keys", None, None),
    "cybersponse.action": ("Manual", None, None),
    "cybersponse.abstract_trigger": ("Referenced", None, None),
    "cybersponse.post_create": ("On Create", None, None),
    "cybersponse.post_update": ("On Update", None, None),
    "cybersponse.post_delete": ("On Delete", None, None),
    "cybersponse.api_call": ("Custom API Endpoint", None, None),
}


def run_row(run: Run) -> Row:
    """Return a run as lists show it; ``task_id`` and ``template_iri`` beside the captured keys: clients read them."""
    return {
        "@id": f"/wf/api/workflows/{run.id}/",
        "@type": "Workflow",
        "created": time_of(run.created),
        "debug": run.debug,
        "modified": time_of(run.modified),
        "name": run.name,
        "node_name": NODE,
        "parent_wf": f"/wf/api/workflows/{run.parent}/" if run.parent else None,
        "status": run.status,
        "tags": ",".join(run.tags),
        "task_id": run.task_id,
        "template_iri": f"/api/3/workflows/{run.workflow}",
    }


def logged_row(run: Run) -> Row:
    """Return a run as queries of the logs show it."""
    return run_row(run) | {
        "@id": f"/wf/api/query/{run.id}/",
        "env": {},
        "metadata": {},
        "parent_wf_id": run.parent,
        "peer_details": None,
        "result": run.result,
        "user": "",
    }


def detail(run: Run, entries: list[RunStep], definition: Definition | None) -> Row:
    """Return a run with its steps.

    Parameters:
        definition: the playbook as it is now, None if it is gone: layout and routes are its.
    """
    steps = definition.steps if definition else {}
    return run_row(run) | {
        "env": _env(run, entries) if tells(run) else {},
        "metadata": _metadata(run, definition) if definition else {},
        "peer_details": {},
        "result": run.result,
        "steps": [_step(run, entry, steps.get(entry.uuid, {})) for entry in entries],
        "user": "",
    }


def tells(run: Run) -> bool:
    """Tell whether what a run's steps were given and gave is kept: for failed runs and verbose playbooks alone."""
    return run.debug or run.status in (FAILED, TERMINATED)


def type_of_step(name: str) -> str:
    """Return the engine's function behind a type of step."""
    return FUNCTIONS.get(name, "no_op")


def time_of(moment: datetime) -> str:
    """Return a time as the engine writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _env(run: Run, entries: list[RunStep]) -> Row:
    """Return the run's variables between the keys that the engine itself keeps there."""
    variables = run.state.get("variables", {})
    return {
        "auth_info": {"auth_method": "CS HMAC"},
        "child_step_id": None,
        "debug": run.debug,
        "globalMock": False,
        "last_run_at": None,
        "mockPlaybookId": None,
        "resources": {},
        "step_id": entries[-1].id if entries else None,
        **variables,
        "wf_id": run.id,
    }


def _metadata(run: Run, definition: Definition) -> Row:
    document = definition.document
    changed = document.get("modifyDate")
    return {
        "id": run.id,
        "template_iri": definition.iri,
        "wf_modified": changed if isinstance(changed, str | int | float) else time_of(run.created),
        "metadata": {
            "groups": document.get("groups") or [],
            "trigger_step_type": (definition.start or {}).get("stepType"),
            "routes": [
                {"@id": f"/api/3/workflow_routes/{uuid}", "group": None, "isExecuted": False, "label": None, **route}
                for uuid, route in definition.routes.items()
            ],
        },
    }


def _step(run: Run, entry: RunStep, step: Row) -> Row:
    row = {
        "@id": f"/wf/api/steps/{entry.id}/",
        "@type": "Step",
        "completed": time_of(entry.completed) if entry.completed else None,
        "func": type_of_step(entry.type),
        "metadata": {
            "id": entry.id,
            "metadata": _layout(entry, step),
            "template_iri": f"/api/3/workflow_steps/{entry.uuid}",
            "wf_metadata": run.id,
        },
        "template_iri": f"/api/3/workflow_steps/{entry.uuid}",
        "name": entry.name,
        "started": time_of(entry.started),
        "status": entry.status,
    }
    return row | ({"input": entry.arguments, "result": entry.result} if tells(run) else {})


def _layout(entry: RunStep, step: Row) -> Row:
    """Return where a step stands in the designer and what it looks like; of one that was skipped nothing more."""
    place = {name: step.get(name) for name in ("group", "left", "top")}
    layout = {**place, "stepType": _drawn(entry.type, step), "uuid": entry.uuid}
    if entry.status == SKIPPED:
        return layout
    arguments = arguments_of(step)
    is_mocked = arguments.get("useMockOutput") is True
    ignores = is_true(arguments.get("ignore_errors", False))
    return {
        **layout, "globalMockUsed": False, "ignore_errors": ignores, "mockOutputUsed": is_mocked, "when": True,
    }  # fmt: skip


def _drawn(kind: str, step: Row) -> Row:
    name, background, icon = DRAWN.get(kind, (kind, None, None))
    drawn: Row = {"background": background, "displayName": name, "icon": icon}
    arguments = arguments_of(step)
    if type_of(step) == "Connectors":
        drawn |= {"connectorName": arguments.get("name"), "connectorVersion": arguments.get("version")}
    return drawn
