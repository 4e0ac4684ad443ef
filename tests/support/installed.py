"""The connector as an analyst has it: the built archive, installed in a lab's FortiSOAR, asked over HTTPS."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests

from lab.connector import NAME, configuration_values

INFO = json.loads((Path(__file__).resolve().parents[2] / "info.json").read_text(encoding="ascii"))
VERSION = INFO["version"]
TAG = f" Connector :: {NAME}V{VERSION}"  # FortiSOAR puts it behind what a connector says
BY_TOKEN = {"fortisiem_sign_in": "API Token"}
ACTING_BY_GET = re.compile(r"/(acknowledge|escalate|broadcast|delay/[^/]+)$")
ALL_SIEM_INCIDENTS = list(range(1, 8))
SIEM_FIELDS = [
    "incidentId",
    "eventSeverityCat",
    "incidentStatus",
    "incidentReso",
    "incidentClearedTime",
    "incidentClearedUser",
    "incidentClearedReason",
    "incidentComments",
    "incidentExtUser",
    "incidentExtTicketId",
    "incidentExtTicketState",
    "incidentExtTicketType",
]


class InstalledBridge:
    """The connector in a lab. It is installed, and given a configuration, only where the lab has none yet.

    Parameters:
        lab: a running lab: its ready line as ``ready``, its control API as ``control``.
        archive: the connector's archive.
    """

    def __init__(self, lab: Any, archive: Path) -> None:
        self.lab = lab
        self.control = lab.control
        self.ready: dict[str, Any] = lab.ready
        self._archive = archive
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.verify = self.ready["fortisoar"]["ca"]
        self._configured: set[str] = set()
        self.connector = self._found() or self.install()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    # FortiSOAR.

    def ask(self, method: str, path: str, **parts: Any) -> requests.Response:
        """Send one request to FortiSOAR's integration API with its API key."""
        headers = {"Authorization": f"API-KEY {self.ready['fortisoar']['api_key']}"}
        url = f"{self.ready['fortisoar']['https']}{path}"
        return self._session.request(method, url, headers=headers, timeout=100, **parts)

    def install(self) -> dict[str, Any]:
        """Install the archive, in place of what is there. FortiSOAR's workers then import the code afresh."""
        self._configured.clear()
        with self._archive.open("rb") as file:
            answer = self.ask(
                "POST",
                "/api/3/solutionpacks/install",
                params={"$type": "connector", "$replace": "true"},
                files={"file": (self._archive.name, file, "application/gzip")},
            )
        assert answer.status_code == 200, answer.text
        installed: dict[str, Any] = answer.json()
        return installed

    def values(self, **changes: Any) -> dict[str, Any]:
        """Return the configuration that points at the lab's products, with changes."""
        values = configuration_values(self.ready)
        if changes.items() >= BY_TOKEN.items():
            del values["fortisiem_username"], values["fortisiem_password"]
            for name in ("client_id", "client_secret"):
                values[f"fortisiem_{name}"] = self.ready["fortisiem"][name]
        return {**values, **changes}

    def configure(self, name: str, **changes: Any) -> dict[str, Any]:
        """Create a configuration; return its row."""
        body = {
            "connector": self.connector["id"],
            "connector_name": NAME,
            "connector_version": VERSION,
            "name": name,
            "default": False,
            "config": self.values(**changes),
            "status": 1,
            "teams": [],
        }
        answer = self.ask("POST", "/api/integration/configuration/", json=body)
        assert answer.status_code == 201, answer.text
        row: dict[str, Any] = answer.json()
        return row

    def configuration(self, **changes: Any) -> str:
        """Return the name of a configuration with these changes; it is created once for each lab."""
        name = hashlib.sha256(json.dumps(changes, sort_keys=True).encode()).hexdigest() if changes else "Lab"
        if name not in self._configured:
            query = {"connector": self.connector["id"], "name": name}
            if not self.ask("GET", "/api/integration/configuration/", params=query).json()["data"]:
                self.configure(name, **changes)
            self._configured.add(name)
        return name

    def answer(self, action: str, params: dict[str, Any], configuration: str) -> requests.Response:
        """Execute an action; return FortiSOAR's answer whatever it is."""
        body = {
            "connector": NAME,
            "version": VERSION,
            "config": configuration,
            "operation": action,
            "params": params,
        }
        return self.ask("POST", "/api/integration/execute/", json=body)

    def execute(self, action: str, params: dict[str, Any], configuration: str | None = None) -> dict[str, Any]:
        """Execute an action that must succeed; return its data."""
        answer = self.answer(action, params, configuration or self.configuration())
        envelope = answer.json()
        assert (answer.status_code, envelope.get("status")) == (200, "Success"), envelope
        assert set(envelope) == {"data", "message", "operation", "status"}
        data: dict[str, Any] = envelope["data"]
        assert_keys(action, data)
        return data

    def failure(self, action: str, params: dict[str, Any], configuration: str | None = None) -> str:
        """Execute an action that must fail with 400; return FortiSOAR's whole message."""
        answer = self.answer(action, params, configuration or self.configuration())
        body = answer.json()
        assert answer.status_code == 400, body
        assert {"message", "status", "_status"} <= set(body) <= {"message", "status", "_status", "stack_trace", "env"}
        assert (body["status"], body["_status"]) == ("failed", False)
        self.assert_no_secret(answer.text)
        message: str = body["message"]
        return message

    def health(self, configuration: str) -> tuple[int, dict[str, Any]]:
        """Check a configuration's health; return the status code and the body."""
        path = f"/api/integration/connectors/healthcheck/{NAME}/{VERSION}/"
        answer = self.ask("GET", path, params={"config": configuration})
        return answer.status_code, answer.json()

    # The products, past the connector.

    def create_parameters(self, **more: Any) -> dict[str, Any]:
        """Return the least that a create needs, with more."""
        fortimonitor = self.ready["fortimonitor"]
        return {
            "server": str(fortimonitor["server_id"]),
            "description": "Disk full",
            "plugin_textkey": fortimonitor["plugin_textkey"],
            "resource_textkey": fortimonitor["resource_textkey"],
            **more,
        }

    def fortimonitor(self, path: str, **query: Any) -> dict[str, Any]:
        """Read from FortiMonitor."""
        headers = {"Authorization": f"ApiKey {self.ready['fortimonitor']['api_key']}"}
        url = f"{self.ready['fortimonitor']['url']}{path}"
        answer = self._session.get(url, headers=headers, params=query, timeout=30)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = json.loads(answer.content)  # in whichever form of UTF it comes
        return body

    def create_past_the_connector(self, incident: dict[str, Any]) -> None:
        """Create a custom incident on the lab's server."""
        headers = {"Authorization": f"ApiKey {self.ready['fortimonitor']['api_key']}"}
        url = f"{self.ready['fortimonitor']['url']}/server/{self.ready['fortimonitor']['server_id']}/custom_incident"
        answer = self._session.post(url, headers=headers, json=incident, timeout=30)
        assert answer.status_code == 201, answer.text

    def outages(self) -> dict[int, dict[str, Any]]:
        """Return every outage that FortiMonitor stores, by id."""
        rows: list[dict[str, Any]] = []
        while True:
            listed = self.fortimonitor("/outage", limit=50, offset=len(rows))
            rows += listed["outage_list"]
            if listed["meta"]["next"] is None:
                return {int(row["url"].rpartition("/")[2]): row for row in rows}

    def log(self, outage_id: int) -> list[str]:
        """Return the entries of an outage's log."""
        return [entry["entry"] for entry in self.fortimonitor(f"/outage/{outage_id}/outage_log")["outage_log_list"]]

    def siem_incidents(self) -> dict[int, dict[str, Any]]:
        """Return what FortiSIEM stores of each incident, by id."""
        fortisiem = self.ready["fortisiem"]
        answer = self._session.post(
            f"{fortisiem['url']}/phoenix/rest/pub/incident",
            auth=(f"{fortisiem['organization']}/{fortisiem['username']}", fortisiem["password"]),
            json={"filters": {"incidentId": ALL_SIEM_INCIDENTS}, "fields": SIEM_FIELDS},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return {row["incidentId"]: row for row in answer.json()["data"]}

    def state(self) -> tuple[dict[int, dict[str, Any]], dict[int, dict[str, Any]]]:
        """Return what both products store."""
        return self.outages(), self.siem_incidents()

    # What was sent, and what must not get out.

    def forget_requests(self) -> None:
        """Forget the requests so far."""
        for product in ("fortimonitor", "fortisiem"):
            self.control.clear_journal(product)

    def requests(self) -> list[tuple[str, str, dict[str, str], Any]]:
        """Return the method, path, query and body of each request to the products; fail if a GET among them acts."""
        entries = [entry for product in ("fortimonitor", "fortisiem") for entry in self.control.journal(product)]
        for entry in entries:
            assert entry["method"] != "GET" or not ACTING_BY_GET.search(entry["path"]), entry
            assert "api_key" not in entry["query"], entry
        return [(entry["method"], entry["path"], entry["query"], entry["body"]) for entry in entries]

    def sent(self) -> list[str]:
        """Return the method and path of each request to the products."""
        return [f"{method} {path}" for method, path, _, _ in self.requests()]

    def secrets(self) -> list[str]:
        """Return every secret of the lab that the connector is given, and the Basic credentials that it sends."""
        fortimonitor, fortisiem = self.ready["fortimonitor"], self.ready["fortisiem"]
        login = f"{fortisiem['organization']}/{fortisiem['username']}:{fortisiem['password']}"
        return [
            fortimonitor["api_key"],
            fortimonitor["read_only_api_key"],
            fortisiem["password"],
            fortisiem["client_secret"],
            base64.b64encode(login.encode()).decode(),
        ]

    def connectors_log(self) -> str:
        """Return what connectors logged in this lab; nothing before its first worker process has come up."""
        log = Path(self.ready["fortisoar"]["ca"]).parent / "connectors.log"
        return log.read_text(encoding="utf-8") if log.exists() else ""

    def assert_no_secret(self, text: str, *more: str) -> None:
        """Fail if a text holds a secret of the lab, or one of those given."""
        for secret in (*self.secrets(), *more):
            assert secret not in text

    def _found(self) -> dict[str, Any] | None:
        found = self.ask("GET", "/api/integration/connectors/", params={"name": NAME}).json()["data"]
        return found[0] if found else None


def output_schema(action: str) -> dict[str, Any]:
    """Return the output schema that the manifest promises for an action."""
    schema: dict[str, Any] = next(o for o in INFO["operations"] if o["operation"] == action)["output_schema"]
    return schema


def assert_keys(action: str, data: dict[str, Any]) -> None:
    """Fail unless a result has the keys of its output schema.

    ``request`` is empty where nothing was sent; ``fields`` and ``verified`` hold what was asked for alone.
    """
    schema = output_schema(action)
    assert set(data) == set(schema)
    assert data["request"] == {} or set(data["request"]) == set(schema["request"])
    for part in {"fields", "verified"} & set(schema):
        assert set(data[part]) <= set(schema[part])
