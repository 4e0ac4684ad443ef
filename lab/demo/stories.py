"""The stories of the shipped playbooks: an alert is escalated, then closed, and all three systems follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .fortisoar import Playbooks, Row
from .products import Products, siem_sentences
from .report import Report, Step
from .surprise import expect
from .target import Target

ESCALATE = "FortiSIEM Incident Escalated to FortiMonitor"
CLOSE = "FortiSOAR Record Closed - Close Everywhere"
SIEM_INCIDENT = "2"  # seeded: active, and without an external ticket
MANUALLY_CLEARED = 2
REASON = "Incident Bridge demo: the switch answers again"
BEFORE, AFTER = "The three systems before", "The three systems after"


@dataclass(frozen=True)
class Seen:
    """How the three systems are; ``outage`` is the one that FortiSIEM's ticket names, if it has one."""

    alert: Row
    comments: list[str]
    incident: Row
    outage: Row | None


class Stories:
    """One visit of both stories, in a lab with the connector installed.

    Parameters:
        target: the lab's own products.
        configuration: the row of the configuration that the playbooks are to use.
    """

    def __init__(
        self, report: Report, fortisoar: Playbooks, products: Products, target: Target, configuration: Row
    ) -> None:
        self._report = report
        self._fortisoar = fortisoar
        self._products = products
        self._target = target
        self._configuration = configuration

    def run(self) -> None:
        """Take every step.

        Raises: LabError at the first step that did not hold.
        """
        self._report.section(f"Playbook: {ESCALATE}")
        escalate, close = self._switch_on()
        alert = self._create_alert()
        self._look(alert, BEFORE)
        self._press(escalate, alert)
        self._check_escalated(alert)
        self._report.section(f"Playbook: {CLOSE}")
        self._look(alert, BEFORE)
        self._close(close, alert)
        self._check_closed(alert)

    def _switch_on(self) -> tuple[Row, Row]:
        with self._report.step("Switch the two playbooks on") as step:
            self._fortisoar.make_default(self._configuration)
            playbooks = self._fortisoar.switch_on(ESCALATE), self._fortisoar.switch_on(CLOSE)
            step.found(f"They use the default configuration, which is now {self._configuration['name']!r}.")
            return playbooks

    def _create_alert(self) -> str:
        with self._report.step("Create an alert of a FortiSIEM incident") as step:
            server = urlsplit(self._target.configuration["fortisiem_server"]).netloc  # with its port, as ingested
            fields = {
                "name": self._products.siem_incident(SIEM_INCIDENT)["incidentTitle"],
                "source": "FortiSIEM",
                "sourceId": f"fortisiem:{server}:{SIEM_INCIDENT}",
                "severity": self._fortisoar.picklist_item("Severity", "High"),
                "status": self._fortisoar.picklist_item("AlertStatus", "Open"),
            }
            step.document("POST /api/3/alerts", fields)
            return str(self._fortisoar.create("alerts", fields)["@id"])

    def _press(self, playbook: Row, alert: str) -> None:
        with self._report.step("Press the playbook's button on the alert, and follow its run") as step:
            answers = {
                "server": self._target.server,
                "plugin_textkey": self._target.plugin_textkey,
                "resource_textkey": self._target.resource_textkey,
            }
            task_id = self._fortisoar.trigger(playbook, alert, answers)
            _tell_run(step, self._fortisoar.ended(task_id=task_id))

    def _close(self, playbook: Row, alert: str) -> None:
        with self._report.step("Close the alert, and follow the run that this starts") as step:
            fields = {"status": self._fortisoar.picklist_item("AlertStatus", "Closed"), "closureNotes": REASON}
            step.document(f"PUT {alert}", fields)
            self._fortisoar.update(alert, fields)
            _tell_run(step, self._fortisoar.ended(template_iri=str(playbook["@id"])))

    def _look(self, alert: str, title: str) -> None:
        with self._report.step(title) as step:
            _tell(step, self._see(alert), self._products.active_outages())

    def _check_escalated(self, alert: str) -> None:
        with self._report.step(AFTER) as step:
            seen = self._see(alert)
            _tell(step, seen, self._products.active_outages())
            expect(seen.outage is not None, "The FortiSIEM incident has no FortiMonitor incident as its ticket.")
            _expect_outage(seen, "active")
            expect(len(seen.comments) == 1, f"The alert has {len(seen.comments)} comments, not 1.")
            named = str(seen.incident["incidentExtTicketId"])
            expect(named in seen.comments[0], f"The alert's comment does not name FortiMonitor incident {named}.")

    def _check_closed(self, alert: str) -> None:
        with self._report.step(AFTER) as step:
            seen = self._see(alert)
            _tell(step, seen, self._products.active_outages())
            _expect_outage(seen, "resolved")
            status = seen.incident.get("incidentStatus")
            expect(status == MANUALLY_CLEARED, f"The FortiSIEM incident's status is {status}, not {MANUALLY_CLEARED}.")
            expect(len(seen.comments) == 2, f"The alert has {len(seen.comments)} comments, not 2.")

    def _see(self, alert: str) -> Seen:
        incident = self._products.siem_incident(SIEM_INCIDENT)
        ticket = str(incident.get("incidentExtTicketId") or "")
        return Seen(
            self._fortisoar.read(alert),
            self._fortisoar.comments(alert),
            incident,
            self._products.outage(int(ticket)) if ticket.lstrip("-").isdecimal() else None,
        )


def _tell(step: Step, seen: Seen, active_outages: int) -> None:
    step.found(f"FortiSOAR alert: {seen.alert['status']['itemValue']}. {seen.alert['name']}")
    for comment in seen.comments:
        step.found(f"  comment: {comment}")
    step.found(f"FortiMonitor: {active_outages} active outages.")
    if seen.outage:
        step.found(f"FortiMonitor outage {seen.incident['incidentExtTicketId']}: {seen.outage.get('status')}.")
    for sentence in siem_sentences(seen.incident):
        step.found(sentence)


def _tell_run(step: Step, run: Row) -> None:
    """Tell a run's steps, a line each.

    Raises: Surprise if the run did not go well.
    """
    width = max(len(one["name"]) for one in run["steps"])
    for one in run["steps"]:
        step.found(f"{one['name']:{width}}  {one['status']}{_outcome(one.get('result'))}")
    expect(run["status"] == "finished", f"The run is {run['status']}.")


def _outcome(result: Any) -> str:
    """Return what a step says of itself, if it is an action of the connector."""
    data = result.get("data") if isinstance(result, dict) else None
    return f", outcome {data['outcome']}" if isinstance(data, dict) and "outcome" in data else ""


def _expect_outage(seen: Seen, wanted: str) -> None:
    status = (seen.outage or {}).get("status")
    expect(status == wanted, f"The FortiMonitor incident is {status}, not {wanted}.")
