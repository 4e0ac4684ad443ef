"""The products' own APIs, read past the connector: what the tour checks the connector's words against."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from ..errors import LabError

STATUSES = {0: "Active", 1: "Auto Cleared", 2: "Manually Cleared", 3: "System Cleared"}
OWN_PROXY = "Own Proxy"
SIEM_FIELDS = [
    "incidentId",
    "incidentTitle",
    "eventName",
    "incidentStatus",
    "incidentComments",
    "incidentExtTicketId",
    "incidentExtTicketState",
    "incidentExtTicketType",
    "incidentExtUser",
]


class Products:
    """FortiMonitor and FortiSIEM, read only.

    Parameters:
        configuration: the connector's configuration values.
        folder: where an own CA from the configuration can be put for the TLS library.
    """

    def __init__(self, configuration: Mapping[str, Any], folder: Path) -> None:
        self._configuration = configuration
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = _verification(configuration, folder)
        if configuration.get("proxy_mode") == OWN_PROXY:
            self._session.proxies = dict.fromkeys(("http", "https"), _proxy(configuration))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def active_outages(self) -> int:
        """Return how many outages are active in FortiMonitor."""
        meta = self._fortimonitor("/outage/active", limit=1).get("meta")
        if not isinstance(meta, dict) or not isinstance(meta.get("total_count"), int):
            raise LabError("FortiMonitor's list of active outages does not say how many there are.")
        count: int = meta["total_count"]
        return count

    def outage(self, outage_id: int) -> dict[str, Any]:
        """Return one FortiMonitor outage."""
        return self._fortimonitor(f"/outage/{outage_id}")

    def siem_incident(self, incident_id: str) -> dict[str, Any]:
        """Return one FortiSIEM incident with its comments and its ticket."""
        body = {"filters": {"incidentId": [int(incident_id)]}, "fields": SIEM_FIELDS}
        given = self._configuration
        user = f"{given.get('fortisiem_organization') or 'super'}/{given['fortisiem_username']}"
        access = (user, given["fortisiem_password"])
        answer = self._ask("POST", f"{self._fortisiem()}/pub/incident", json=body, auth=access)
        rows: list[dict[str, Any]] = answer.get("data") or []
        if len(rows) != 1:
            raise LabError(f"FortiSIEM lists {len(rows)} incidents with id {incident_id}, not 1.")
        return rows[0]

    def _fortimonitor(self, path: str, **query: object) -> dict[str, Any]:
        base = str(self._configuration.get("fortimonitor_url", "https://api2.panopta.com/v2")).rstrip("/")
        key = self._configuration["fortimonitor_api_key"]
        return self._ask("GET", base + path, params=query, headers={"Authorization": f"ApiKey {key}"})

    def _fortisiem(self) -> str:
        server = str(self._configuration["fortisiem_server"]).rstrip("/")
        return f"{server if '://' in server else f'https://{server}'}/phoenix/rest"

    def _ask(self, method: str, url: str, **parts: Any) -> dict[str, Any]:
        try:
            answer = self._session.request(method, url, timeout=(5, 30), allow_redirects=False, **parts)
            body = answer.json()
        except requests.RequestException as error:
            raise LabError(f"{method} {url} did not give JSON ({type(error).__name__}).") from error
        if answer.status_code != requests.codes.ok or not isinstance(body, dict):
            raise LabError(f"{method} {url} answered {answer.status_code}.")
        return body


def siem_sentences(incident: Mapping[str, Any]) -> list[str]:
    """Return how a FortiSIEM incident is: its status, its ticket and its comments."""
    status = STATUSES.get(incident.get("incidentStatus", -1), "unknown status")
    title = f"FortiSIEM incident {incident['incidentId']}: {status}. {incident.get('incidentTitle') or ''}".rstrip()
    if not (ticket := incident.get("incidentExtTicketId")):
        return [title, "  no external ticket"]
    about = [incident.get("incidentExtTicketType"), incident.get("incidentExtTicketState")]
    shown = f"  ticket {ticket} ({', '.join(str(one) for one in about if one)})"
    if user := incident.get("incidentExtUser"):
        shown += f", assigned to {user}"
    return [title, shown, f"  comments: {incident.get('incidentComments')}"]


def _proxy(configuration: Mapping[str, Any]) -> str:
    """Return the proxy's URL with what signs in there."""
    scheme, mark, place = configuration["proxy"].partition("://")
    parts = (configuration.get(f"proxy_{part}") for part in ("username", "password"))
    credentials = ":".join(quote(each, safe="") for each in parts if each)
    return f"{scheme}{mark}{credentials}@{place}" if credentials else f"{scheme}{mark}{place}"


def _verification(configuration: Mapping[str, Any], folder: Path) -> bool | str:
    if not configuration.get("verify_ssl", True):
        return False
    if not (own := configuration.get("ca_certificate")):
        return True
    path = folder / "products-ca.pem"
    path.write_text(own, encoding="ascii")
    return str(path)
