"""A lab whose playbooks are run as FortiSOAR runs them: over the trigger API, on its records, by its schedules."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.fortimonitor import FortiMonitor
from lab.fortisiem import FortiSiem
from lab.fortisoar import FortiSoar
from lab.fortisoar.playbooks.switches import PLAYBOOK_SWITCHES
from lab.running import running_lab
from tests.conftest import Control
from tests.support.every_action import InsideLab
from tests.support.installed import VERSION

COLLECTION = f"Sample - Fortinet Incident Bridge - {VERSION}"
ESCALATE = "FortiSIEM Incident Escalated to FortiMonitor"
CLOSE = "FortiSOAR Record Closed - Close Everywhere"
CLOSE_BY_HAND = "FortiSOAR Record - Close Everywhere by Hand"
MIRROR_MONITOR, MIRROR_SIEM = (
    "FortiMonitor Cleared - Mirror into FortiSOAR",
    "FortiSIEM Cleared - Mirror into FortiSOAR",
)
UNKNOWN = "Unknown Outcome - Ask, Then Re-run Safely"
FETCH, CREATE = "> Fortinet Incident Bridge > Fetch", "> Fortinet Incident Bridge > Create"
INGEST = "Fortinet Incident Bridge > Ingest"

Row = dict[str, Any]

WF = "/api/wf/api"
MACROS = f"{WF}/dynamic-variable/"
INPUTS = f"{WF}/manual-wf-input/"
SIEM_1 = (
    "fortisiem:127.0.0.1:1"  # without the port, as analysts write it; what is ingested has ``PlaybookLab.source_id``
)
EVERY_MINUTE = {
    **dict.fromkeys(("minute", "hour", "day_of_week", "day_of_month", "month_of_year"), "*"),
    "timezone": "UTC",
}
# Every position of what is not settled about how FortiSOAR runs playbooks.
POSITIONS = [
    pytest.param(switch.name, position, id=f"{switch.name}={position}")
    for switch in PLAYBOOK_SWITCHES
    for position in switch.positions
]


class Run:
    """One run that has come to rest.

    Parameters:
        detail: as ``/api/wf/api/workflows/<number>/`` shows it; the playbook must be in debug.
    """

    def __init__(self, detail: Row) -> None:
        self.number = int(detail["@id"].split("/")[-2])
        self.name, self.status, self.result = detail["name"], detail["status"], detail["result"]
        self.env: Row = detail["env"]
        self.way = [step["name"] for step in detail["steps"] if step["status"] != "skipped"]
        self.steps: dict[str, Row] = {step["name"]: step for step in detail["steps"]}


class PlaybookLab(InsideLab):
    """A lab in this process whose connector has a default configuration, so that the shipped playbooks can be run.

    ``soar`` is its FortiSOAR.
    """

    soar: FortiSoar
    _wizard: Row | None = None
    _workflows: dict[str, Row] | None = None
    _last_run = 0

    def begin(self, *active: str, **configured: Any) -> None:
        """Put the products back to their seeds, and FortiSOAR to no alert and no watermark.

        Parameters:
            active: the playbooks that are switched on.
            configured: changes of the default configuration.
        """
        self.calm()
        self.control.ask("POST", "/clock", {"reset": True})
        self.fresh()
        self.configure_default(**configured)
        self._clear()
        self.answer_wizard()
        self.switch_on(*active)

    def configure_default(self, **changes: Any) -> None:
        """Change the default configuration; nothing of an earlier change stays."""
        query = {"connector": self.connector["id"], "name": "Default"}
        found = self.ask("GET", "/api/integration/configuration/", params=query).json()["data"]
        row = found[0] if found else self.configure("Default", **changes)
        body = {**row, "default": True, "config": self.values(**changes)}
        self.api("PUT", f"/api/integration/configuration/{row['config_id']}/", body)

    def answer_wizard(self, **answers: Any) -> None:
        """Give the ingestion the values that its wizard asks for, the defaults where none are given."""
        self._wizard = self._wizard or self._set_values(FETCH, {})
        self._set_values(FETCH, {**self._wizard, **answers})

    @contextmanager
    def with_values(self, name: str, **values: Any) -> Iterator[None]:
        """Change values in the step Configuration of a playbook until the end of the block."""
        held = self._set_values(name, values)
        try:
            yield
        finally:
            self._set_values(name, held)

    def _set_values(self, name: str, values: Row) -> Row:
        """Change values in the step Configuration of a playbook; return all that it held."""
        workflow = self.workflows()[name]
        (step,) = [step for step in workflow["steps"] if step["name"] == "Configuration"]
        held = step["arguments"]
        if not values.items() <= held.items():
            step["arguments"] = {**held, **values}
            self.api("PUT", f"/api/3/workflows/{workflow['uuid']}", {"steps": workflow["steps"]})
        return dict(held)

    def strike(self, kind: str, product: str, **order: Any) -> None:
        """Let a fault strike every request to a product that fits."""
        self.control.ask("POST", "/faults", {"kind": kind, "product": product, "times": 0, **order})

    def calm(self) -> None:
        """Let no fault strike any more."""
        self.control.ask("DELETE", "/faults")

    def api(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Ask FortiSOAR; fail unless it answers with this status."""
        answer = self.ask(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def workflows(self) -> dict[str, Row]:
        """Return the playbooks of the shipped collection by name, with their steps, as they were last changed."""
        if self._workflows is None:
            listed = self.api("GET", "/api/3/workflow_collections?$relationships=true")["hydra:member"]
            (collection,) = [each for each in listed if each["name"] == COLLECTION]
            self._workflows = {each["name"]: each for each in collection["workflows"]}
        return self._workflows

    def install(self) -> Row:
        """Install the archive, which puts its playbooks back to what ships."""
        self._workflows = None
        return super().install()

    def switch_on(self, *active: str) -> None:
        """Switch these playbooks on and the others off; all keep what their steps gave. An install undoes it."""
        workflows = self.workflows()
        assert set(active) <= set(workflows)
        for name, workflow in workflows.items():
            if not workflow["debug"] or workflow["isActive"] != (name in active):
                workflow |= {"isActive": name in active, "debug": True}
                self.api("PUT", f"/api/3/workflows/{workflow['uuid']}", {"isActive": name in active, "debug": True})

    # Running.

    def trigger(self, name: str, **params: Any) -> Run:
        """Run a playbook that others call or a schedule starts, with parameters."""
        return self.trigger_with(name, {"input": {"params": params}})

    def trigger_with(self, name: str, body: Row) -> Run:
        """Run a playbook without a record by this body."""
        answer = self.api("POST", f"/api/triggers/1/notrigger/{self.workflows()[name]['uuid']}", body)
        return self.settled(answer["task_id"])

    def press(self, name: str, *records: str, **answers: Any) -> Run:
        """Run a playbook by its button, on records, with the answers to what it asks for."""
        starts = [step["arguments"] for step in self.workflows()[name]["steps"] if step["name"] == "Start"]
        body = {"records": list(records), "__resource": "alerts", **answers}
        (task,) = self.api("POST", f"/api/triggers/1/action/{starts[0]['route']}", body)["task_ids"]
        return self.settled(task)

    def settled(self, task_id: str) -> Run:
        """Return the run of a task once it has come to rest, without those that it called."""
        self.soar.playbooks.settle()
        rows = self.api("POST", f"{WF}/workflows/log_list/?format=json&task_id={task_id}&parent_wf__isnull=True", {})
        (row,) = rows["hydra:member"]
        return self.run(row["@id"])

    def run(self, address: str) -> Run:
        """Return a run by its address."""
        return Run(self.api("GET", f"/api{address}"))

    def runs(self, name: str) -> list[Run]:
        """Return the runs of a playbook since the test began, the oldest first."""
        self.soar.playbooks.settle()
        workflow = f"/api/3/workflows/{self.workflows()[name]['uuid']}"
        rows = self.api(
            "POST", f"{WF}/workflows/log_list/?format=json&ordering=id&limit=1000&template_iri={workflow}", {}
        )
        return [self.run(row["@id"]) for row in rows["hydra:member"] if int(row["@id"].split("/")[-2]) > self._last_run]

    def question(self, run: Run) -> Row:
        """Return what a run asks."""
        (question,) = self.api("GET", f"{INPUTS}?format=json&workflow={run.number}")["hydra:member"]
        return dict(question)

    def choose(self, run: Run, option: str) -> Run:
        """Answer a run that asks by choosing an option; return the run as it stands then."""
        question = self.question(run)
        (chosen,) = [each for each in question["response_mapping"]["options"] if each["option"] == option]
        body = {"manual_input_id": question["id"], "input": {}, "step_iri": chosen["step_iri"], "user": "csadmin"}
        answer = self.api("POST", f"{WF}/workflows/{run.number}/wfinput_resume/", body)
        return self.settled(answer["task_id"])

    def schedule(self, name: str) -> None:
        """Let a playbook run every minute of the lab's clock."""
        workflow = f"/api/3/workflows/{self.workflows()[name]['uuid']}"
        body = {"name": name, "crontab": EVERY_MINUTE, "kwargs": {"wf_iri": workflow, "exit_if_running": True}}
        self.api("POST", f"{WF}/scheduled/?format=json", body, 201)

    def pass_a_minute(self) -> None:
        """Move the clock on, and wait until what is due has run."""
        self.control.advance(60)
        self.soar.playbooks.schedules.look()
        self.soar.playbooks.settle()

    # Records.

    def item(self, picklist: str, value: str) -> str:
        """Return the address of a picklist's item."""
        filters = {"listName.name": picklist, "itemValue": value}
        query = {"logic": "AND", "filters": [{"field": k, "operator": "eq", "value": v} for k, v in filters.items()]}
        (row,) = self.api("POST", "/api/query/picklists", query)["hydra:member"]
        return str(row["@id"])

    def alert(self, source_id: str | None, status: str = "Open", **fields: Any) -> str:
        """Create an alert; return its address."""
        body = {"name": f"Alert of {source_id}", "sourceId": source_id, "status": self.item("AlertStatus", status)}
        return str(self.api("POST", "/api/3/alerts", {**body, **fields}, 201)["@id"])

    def close_alert(self, alert: str, **fields: Any) -> list[Run]:
        """Close an alert as an analyst does; return the runs that this starts."""
        before = len(self.runs(CLOSE))
        self.api("PUT", alert, {"status": self.item("AlertStatus", "Closed"), **fields})
        return self.runs(CLOSE)[before:]

    def alerts(self) -> dict[str, Row]:
        """Return every alert by its Source ID, picklists by their values; fail if two have the same."""
        found = self.api("GET", "/api/3/alerts?$limit=5000")["hydra:member"]
        rows = {
            row["sourceId"]: {
                name: value["itemValue"] if isinstance(value, dict) and "itemValue" in value else value
                for name, value in row.items()
            }
            for row in found
        }
        assert len(rows) == len(found)
        return rows

    def notes(self, alert: str) -> list[str]:
        """Return the comments on an alert, oldest first, as text: paragraphs apart by ``/``."""
        rows = self.api("GET", f"{alert}/comments?$limit=100")["hydra:member"]
        return [_plain(row["content"]) for row in sorted(rows, key=lambda row: row["id"])]

    # Watermarks.

    def watermarks(self) -> dict[str, str]:
        """Return the watermarks of the ingestion by product."""
        found = self.api("GET", f"{MACROS}?format=json&limit=100")["hydra:member"]
        return {
            name[1]: row["value"] for row in found if (name := re.match(r"IncidentBridge(.*)LastPull_", row["name"]))
        }

    def _clear(self) -> None:
        for question in self.api("GET", f"{INPUTS}?format=json&limit=100")["hydra:member"]:
            self.api("DELETE", f"{INPUTS}{question['id']}/", status=204)
        for schedule in self.api("GET", f"{WF}/scheduled/?format=json")["hydra:member"]:
            self.api("DELETE", f"{WF}/scheduled/{schedule['id']}/", status=204)
        for macro in self.api("GET", f"{MACROS}?format=json&limit=100")["hydra:member"]:
            self.api("DELETE", f"{MACROS}{macro['id']}/", status=204)
        self.soar.playbooks.settle()
        everything = {"logic": "AND", "filters": [{"field": "id", "operator": "gt", "value": 0}]}
        for module in ("alerts", "comments"):
            self.api("DELETE", f"/api/3/delete-with-query/{module}?$hardDelete=true", everything)
        rows = self.api("POST", f"{WF}/workflows/log_list/?format=json&ordering=-id&limit=1", {})["hydra:member"]
        self._last_run = int(rows[0]["@id"].split("/")[-2]) if rows else 0


def _plain(markup: str) -> str:
    return html.unescape(" / ".join(re.sub("</?p>", " ", markup.replace("</p><p>", "\n")).strip().splitlines()))


@contextmanager
def playbook_lab(archive: Path, state: Path | None = None) -> Iterator[PlaybookLab]:
    """Run a lab in this process until the end of the block, with the connector installed and configured as default.

    Parameters:
        state: a folder to keep; None for a temporary one.
    """
    with running_lab(state, base_port=0) as running:
        control = Control(running.ready["control"])
        lab = PlaybookLab(SimpleNamespace(ready=running.ready, control=control), archive)
        monitor, siem, soar = (running.products[name] for name in ("fortimonitor", "fortisiem", "fortisoar"))
        assert isinstance(monitor, FortiMonitor)
        assert isinstance(siem, FortiSiem)
        assert isinstance(soar, FortiSoar)
        lab.monitor, lab.siem, lab.soar = monitor, siem, soar
        try:
            yield lab
        finally:
            lab.close()
            control.close()


@contextmanager
def switched(lab: PlaybookLab, **positions: Any) -> Iterator[None]:
    """Put switches of FortiSOAR into positions until the end of the block."""
    lab.control.switch("fortisoar", **positions)
    try:
        yield
    finally:
        defaults = {switch.name: switch.positions[0] for switch in PLAYBOOK_SWITCHES}
        lab.control.switch("fortisoar", **defaults)
