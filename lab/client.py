"""A small client of FortiSOAR's API, for the lab's own tools."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from .errors import LabError

# Longer than the lab's limit for one action (180 s), so that the lab's own words arrive.
ANSWER_WITHIN = 200
MOST = 1000  # rows of a list: more than anybody makes by hand


class FortiSoarError(LabError):
    """FortiSOAR refused a request, or an action failed; the text is FortiSOAR's own."""


class FortiSoarClient:
    """FortiSOAR over HTTPS with an API key.

    Parameters:
        ready: the ``fortisoar`` part of the lab's ready line.
    """

    def __init__(self, ready: dict[str, Any]) -> None:
        self._origin: str = ready["https"]
        self._session = requests.Session()
        self._session.trust_env = False  # else REQUESTS_CA_BUNDLE takes the place of `verify`
        self._session.verify = ready["ca"]
        self._session.headers["Authorization"] = f"API-KEY {ready['api_key']}"

    def __enter__(self) -> FortiSoarClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def install(self, archive: Path) -> dict[str, Any]:
        """Install a connector's archive, in place of the same version if there is one; return its record."""
        with archive.open("rb") as file:
            return self.ask(
                "POST",
                "/api/3/solutionpacks/install",
                params={"$type": "connector", "$replace": "true"},
                files={"file": (archive.name, file, "application/gzip")},
            )

    def find_connector(self, name: str) -> dict[str, Any] | None:
        """Return the record of an installed connector, None if it is not there."""
        found = self.ask("GET", "/api/integration/connectors/", params={"name": name})["data"]
        return found[0] if found else None

    def actions(self, connector: dict[str, Any]) -> list[str]:
        """Return the names of an installed connector's actions that its users see."""
        details = self.ask("POST", f"/api/integration/connectors/{connector['name']}/{connector['version']}/", json={})
        return [operation["operation"] for operation in details["operations"] if operation.get("visible", True)]

    def configurations(self, connector: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the rows of a connector's configurations."""
        query = {"connector": connector["id"], "page_size": MOST}
        found: list[dict[str, Any]] = self.ask("GET", "/api/integration/configuration/", params=query)["data"]
        return found

    def configure(
        self, connector: dict[str, Any], name: str, values: dict[str, Any], is_default: bool = False
    ) -> dict[str, Any]:
        """Create a configuration; return its row."""
        body = {
            "connector": connector["id"],
            "connector_name": connector["name"],
            "connector_version": connector["version"],
            "name": name,
            "default": is_default,
            "config": values,
            "status": 1,
            "teams": [],
        }
        return self.ask("POST", "/api/integration/configuration/", json=body)

    def health(self, connector: dict[str, Any], configuration: str) -> dict[str, Any]:
        """Check a configuration's health; return ``status`` and ``message`` whatever they say."""
        path = f"/api/integration/connectors/healthcheck/{connector['name']}/{connector['version']}/"
        answer = self._send("GET", path, params={"config": configuration})
        body = _object(answer)
        if "status" not in body:
            raise FortiSoarError(_refusal(answer))
        return body

    def execute(self, request: dict[str, Any]) -> dict[str, Any]:
        """Execute an action; return the whole envelope.

        Parameters:
            request: see ``execution``.
        Raises: FortiSoarError with the message of an action that failed.
        """
        envelope = self.ask("POST", "/api/integration/execute/", json=request)
        if envelope.get("status") != "Success":
            raise FortiSoarError(str(envelope.get("message") or envelope))
        return envelope

    def uninstall(self, connector: dict[str, Any]) -> None:
        """Remove a connector with its configurations."""
        self.ask("DELETE", f"/api/integration/connectors/{connector['id']}/")

    def ask(self, method: str, path: str, **parts: Any) -> dict[str, Any]:
        """Send one request; return the JSON object of its answer, an empty one if there is none.

        Parameters:
            parts: what ``requests`` takes, such as ``params`` and ``json``.
        Raises: FortiSoarError with FortiSOAR's words if it refuses.
        """
        answer = self._send(method, path, **parts)
        if not answer.ok:
            raise FortiSoarError(_refusal(answer))
        return _object(answer)

    def _send(self, method: str, path: str, **parts: Any) -> requests.Response:
        try:
            return self._session.request(method, self._origin + path, timeout=(5, ANSWER_WITHIN), **parts)
        except requests.exceptions.SSLError as error:
            raise LabError(
                f"What answers at {self._origin} is not the lab that the ready file names: its certificate is of "
                "another authority. Is the ready file that of the lab which runs now?"
            ) from error
        except requests.RequestException as error:
            kind = type(error).__name__
            raise LabError(
                f"FortiSOAR at {self._origin} did not answer {method} {path} ({kind}). Is the lab running?"
            ) from error


def execution(connector: dict[str, Any], configuration: str, action: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return the body of ``POST /api/integration/execute/`` for one action."""
    return {
        "connector": connector["name"],
        "version": connector["version"],
        "config": configuration,
        "operation": action,
        "params": params,
    }


def _object(answer: requests.Response) -> dict[str, Any]:
    """Return the JSON object of an answer; an empty one if there is none."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(answer: requests.Response) -> str:
    said = _object(answer)
    words = [str(said[key]) for key in ("message", "detail", "hydra:description", "lab_reason") if said.get(key)]
    asked = f"{answer.request.method} {answer.request.path_url}"
    if answer.status_code == requests.codes.unauthorized:
        words.append(f"FortiSOAR refused the API key at {asked}. Is the ready file that of the lab which runs now?")
    return " ".join(words) or f"FortiSOAR answered {answer.status_code} to {asked}."
