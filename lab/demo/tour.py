"""The steps of the tour, in their order."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..client import FortiSoarError, execution
from ..connector import NAME, built_archive
from ..errors import LabError
from ..running import RunningLab, running_lab
from ..terminal import aside
from .fortisoar import Playbooks
from .products import Products, siem_sentences
from .report import Report, Step
from .stories import Stories
from .surprise import Surprise, expect
from .target import Target, lab_target

CONFIGURATION = "Demo"
WRONG_KEY = "Wrong key"
DESCRIPTION = "Incident Bridge demo: checkout answers 502, no action needed"
REASON = "Incident Bridge demo: the gateway was restarted"
ENVELOPE = {"data", "message", "operation", "status"}
UNKNOWN_OUTAGE = -987654321
ORDINARY_OUTAGE = 2002  # seeded: an active outage that FortiMonitor found by itself


class Tour:
    """One run of the tour.

    Parameters:
        archive: the connector's archive; None builds it.
        real: somebody's real systems; None uses the lab's own products.
    """

    def __init__(self, report: Report, archive: Path | None, real: Target | None) -> None:
        self._report = report
        self._archive = archive
        self._real = real

    def run(self) -> None:
        """Take every step.

        Raises: LabError at the first step that did not hold.
        """
        with ExitStack() as running:
            archive = self._built(running)
            lab = self._started(running)
            fortisoar = Playbooks(lab.ready["fortisoar"])
            with fortisoar:
                target = self._real or lab_target(lab.ready)
                _Visit(self._report, fortisoar, target, lab.folder).run(archive)
            self._stopped(running, lab)

    def _built(self, running: ExitStack) -> Path:
        if self._archive:
            if not self._archive.is_file():
                raise LabError(f"There is no archive {self._archive}.")
            return self._archive
        with self._report.step("Build the archive") as step:
            archive = running.enter_context(built_archive())
            step.found(f"{archive.name}, {archive.stat().st_size / 1024:.0f} KiB: the file that would be installed.")
            return archive

    def _started(self, running: ExitStack) -> RunningLab:
        with self._report.step("Start the lab") as step:
            began = time.monotonic()
            lab = running.enter_context(running_lab(base_port=0))
            self._report.lab_ready_seconds = round(time.monotonic() - began, 3)
            step.found(f"FortiSOAR    {lab.ready['fortisoar']['https']}")
            for name, title in ("fortimonitor", "FortiMonitor"), ("fortisiem", "FortiSIEM"):
                if not self._real:
                    step.found(f"{title:12} {lab.ready[name]['url']}")
            return lab

    def _stopped(self, running: ExitStack, lab: RunningLab) -> None:
        with self._report.step("Stop the lab") as step:
            running.close()
            expect(not _answers(lab.ready["fortisoar"]["https"]), "FortiSOAR still listens.")
            expect(not lab.folder.exists(), f"{lab.folder} is still there.")
            step.found("Nothing listens any more, and the temporary folder is gone.")


class _Visit:
    """The part of the tour that needs a running lab."""

    def __init__(self, report: Report, fortisoar: Playbooks, target: Target, folder: Path) -> None:
        self._report = report
        self._fortisoar = fortisoar
        self._target = target
        self._products = Products(target.configuration, folder)
        self._connector: dict[str, Any] = {}
        self._configuration: dict[str, Any] = {}

    def run(self, archive: Path) -> None:
        try:
            self._install(archive)
            self._configure()
            self._check_health()
            self._look("State before")
            outage_id = self._create_and_resolve() if self._target.server else None
            if self._target.siem_incident_id:
                self._update(self._target.siem_incident_id, outage_id)
            self._look("State after", outage_id)
            self._failures(outage_id)
            self._stories()
            self._report.section("Clean up")
            self._uninstall()
        finally:
            self._products.close()

    def _install(self, archive: Path) -> None:
        with self._report.step("Install it in FortiSOAR over TLS") as step:
            self._connector = self._fortisoar.install(archive)
            expect(self._connector.get("name") == NAME, f"FortiSOAR installed {self._connector.get('name')!r}.")
            actions = self._fortisoar.actions(self._connector)
            step.found(f"{self._connector['label']} {self._connector['version']} with {len(actions)} actions.")

    def _configure(self) -> None:
        with self._report.step("Create the configuration") as step:
            row = self._fortisoar.configure(self._connector, CONFIGURATION, self._target.configuration)
            self._configuration = row
            shown = [
                key
                for key in ("fortimonitor_api_key", "fortisiem_password", "fortisiem_client_secret")
                if row["config"].get(key) not in (None, "NULL")
            ]
            expect(not shown, f"FortiSOAR shows the secret fields {', '.join(shown)}.")
            step.found(f"Configuration {row['name']!r}; secrets are stored encrypted and not shown again.")

    def _check_health(self) -> None:
        with self._report.step("Check its health") as step:
            health = self._fortisoar.health(self._connector, CONFIGURATION)
            expect(health["status"] == "Available", f"Health is {health['status']}: {health.get('message')}")
            step.found(f"{health['status']}: {health.get('message')}")

    def _look(self, title: str, outage_id: int | None = None) -> None:
        with self._report.step(f"{title}, from the products' own APIs") as step:
            if self._target.server:
                self._look_at_fortimonitor(step, outage_id)
            if self._target.siem_incident_id and self._target.siem_readable:
                for sentence in siem_sentences(self._products.siem_incident(self._target.siem_incident_id)):
                    step.found(sentence)
            elif self._target.siem_incident_id:
                step.found("FortiSIEM: not read, its API token is left to the connector.")

    def _look_at_fortimonitor(self, step: Step, outage_id: int | None) -> None:
        step.found(f"FortiMonitor: {self._products.active_outages()} active outages.")
        if outage_id is not None:
            outage = self._products.outage(outage_id)
            status = outage.get("status")
            expect(status == "resolved", f"Outage {outage_id} is {status}, not resolved.")
            step.found(f"FortiMonitor outage {outage_id}: {status}. {outage.get('description')}")

    def _create_and_resolve(self) -> int:
        with self._report.step("Create a custom incident in FortiMonitor") as step:
            outage_id = self._execute(step, "create_custom_incident", self._new_incident()).get("incident_id")
            if not isinstance(outage_id, int):
                raise Surprise(
                    "The answer does not carry the new incident's id. It may still be active in FortiMonitor."
                )
            with self._left_active(outage_id):
                outage = self._products.outage(outage_id)
                expect(outage.get("status") == "active", f"It is {outage.get('status')}, not active.")
                text = str(outage.get("description"))
                expect(DESCRIPTION in text, f"Its description is {text!r}.")
            step.found(f"FortiMonitor agrees: outage {outage_id} is active.")
        with self._report.step("Force resolve it") as step, self._left_active(outage_id):
            data = self._execute(step, "force_resolve_incident", {"incident": str(outage_id), "reason": REASON})
            expect(data.get("changed") is True, "Nothing was changed.")
            status = self._products.outage(outage_id).get("status")
            expect(status == "resolved", f"It is {status}, not resolved.")
            step.found(f"FortiMonitor agrees: outage {outage_id} is resolved.")
        return outage_id

    def _update(self, incident_id: str, outage_id: int | None) -> None:
        ticket = str(outage_id) if outage_id is not None else "DEMO-1"
        wanted = {
            "incident_id": incident_id,
            "status": "Manually Cleared",
            "comments": "Incident Bridge demo: resolved in FortiMonitor",
            "external_ticket_type": "Medium",
            "external_ticket_id": ticket,
            "external_ticket_state": "Closed",
            "external_assigned_user": "demo",
        }
        with self._report.step("Update the incident in FortiSIEM") as step:
            self._execute(step, "update_siem_incident", wanted)
            if self._target.siem_readable:
                self._check_siem_incident(step, incident_id, ticket)

    def _check_siem_incident(self, step: Step, incident_id: str, ticket: str) -> None:
        incident = self._products.siem_incident(incident_id)
        expect(incident.get("incidentStatus") == 2, f"Its status is {incident.get('incidentStatus')}, not 2.")
        found = incident.get("incidentExtTicketId")
        expect(str(found) == ticket, f"Its ticket is {found!r}, not {ticket!r}.")
        step.found(f"FortiSIEM agrees: incident {incident_id} is manually cleared.")

    def _failures(self, outage_id: int | None) -> None:
        if outage_id is None:
            return
        self._report.section("What an analyst sees when something is wrong")
        self._wrong_key()
        if not self._target.real:
            self._unknown_incident()
            self._ordinary_outage()
            self._resolved_twice(outage_id)

    def _wrong_key(self) -> None:
        with self._report.step("A wrong FortiMonitor key") as step:
            values = {**self._target.configuration, "fortimonitor_api_key": f"wrong-{secrets.token_hex(8)}"}
            self._fortisoar.configure(self._connector, WRONG_KEY, values)
            health = self._fortisoar.health(self._connector, WRONG_KEY)
            expect(health["status"] == "Disconnected", f"Health is {health['status']}.")
            step.found(f"Health: {health['status']}: {health.get('message')}")
            before = self._products.active_outages()
            self._must_fail(step, "create_custom_incident", self._new_incident(), WRONG_KEY)
            if not self._target.real:
                expect(self._products.active_outages() == before, "An outage was created all the same.")

    def _unknown_incident(self) -> None:
        with self._report.step("An incident that does not exist") as step:
            message = self._must_fail(step, "force_resolve_incident", {"incident": str(UNKNOWN_OUTAGE)}, CONFIGURATION)
            expect(str(UNKNOWN_OUTAGE) in message, "The message does not name the incident.")

    def _ordinary_outage(self) -> None:
        with self._report.step("An outage that is no custom incident") as step:
            message = self._must_fail(step, "force_resolve_incident", {"incident": str(ORDINARY_OUTAGE)}, CONFIGURATION)
            expect("ordinary outage" in message, "The message does not say what is wrong with it.")
            expect(self._products.outage(ORDINARY_OUTAGE).get("status") == "active", "It is active no more.")

    def _resolved_twice(self, outage_id: int) -> None:
        with self._report.step("The same incident resolved twice") as step:
            again = {"incident": str(outage_id), "reason": REASON}
            data = self._execute(step, "force_resolve_incident", again)
            expect(data.get("outcome") == "already_done", f"Its outcome is {data.get('outcome')}.")
            expect(data.get("changed") is False, "It says that something was changed.")
            step.found("A success that says the truth: it was resolved already, so nothing was changed.")

    def _stories(self) -> None:
        if self._target.real:
            self._report.section("Playbooks")
            self._report.remark(
                "Left out: the stories create and close incidents of their own, in the lab's products only."
            )
            return
        Stories(self._report, self._fortisoar, self._products, self._target, self._configuration).run()

    @contextmanager
    def _left_active(self, outage_id: int) -> Iterator[None]:
        """Say at any end which outage may have been left behind: on real systems somebody must look after it."""
        left = f"Outage {outage_id} may still be active in FortiMonitor."
        try:
            yield
        except LabError as error:
            raise Surprise(f"{left} {error}") from error
        except KeyboardInterrupt:
            if self._target.real:
                aside(left)
            raise

    def _uninstall(self) -> None:
        with self._report.step("Uninstall the connector") as step:
            self._fortisoar.uninstall(self._connector)
            expect(self._fortisoar.find_connector(NAME) is None, "FortiSOAR still lists it.")
            step.found("FortiSOAR lists it no more.")

    def _new_incident(self) -> dict[str, Any]:
        return {
            "server": self._target.server,
            "description": DESCRIPTION,
            "plugin_textkey": self._target.plugin_textkey,
            "resource_textkey": self._target.resource_textkey,
            "metadata": {"raised_by": "python -m lab demo"},
        }

    def _execute(self, step: Step, action: str, params: dict[str, Any]) -> dict[str, Any]:
        request = execution(self._connector, CONFIGURATION, action, params)
        step.document("POST /api/integration/execute/", request)
        envelope = self._fortisoar.execute(request)
        step.document("Answer", envelope)
        expect(envelope.keys() == ENVELOPE, f"The envelope has the keys {', '.join(envelope)}.")
        data = envelope["data"]
        if not isinstance(data, dict):
            raise Surprise("The answer's data is not an object.")
        return data

    def _must_fail(self, step: Step, action: str, params: dict[str, Any], configuration: str) -> str:
        try:
            self._fortisoar.execute(execution(self._connector, configuration, action, params))
        except FortiSoarError as error:
            step.found(f"{action}: {error}")
            return str(error)
        raise Surprise(f"{action} should have failed and did not.")


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname or "", parts.port or 0)) == 0
