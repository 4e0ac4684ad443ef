"""A lab whose products are struck by a fault while the connector writes to them, and what has become of it."""

from __future__ import annotations

import gc
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.running import RunningLab
from release.fault_table import CREATE, CREATE_NAMED, NOTHING, RESOLVE, UNKNOWN, UPDATE, Action, Outcome, Row
from tests.conftest import Control
from tests.support.package import ConnectorError, configuration, execute, let_go

REASON = "Resolved by the bridge"
COMMENT = "Seen by the bridge"
EVENT = "/api/3/alerts/42"
INCIDENT = {
    "server": "1001",
    "description": "Checkout answers 502",
    "plugin_textkey": "fortisoar.bridge",
    "resource_textkey": "fortisoar.incident",
}
PARAMS: dict[Action, dict[str, Any]] = {
    CREATE: INCIDENT,
    CREATE_NAMED: {**INCIDENT, "correlation_id": EVENT},
    RESOLVE: {"incident": "-1000001", "reason": REASON},
    UPDATE: {"incident_id": 1, "comments": COMMENT, "status": "Manually Cleared"},
}
# FortiSIEM has two addresses for updates.
WRITES = {action: [action.path] for action in PARAMS} | {UPDATE: [UPDATE.path, "/phoenix/rest/pub/incident/update/1"]}
SILENT = ("hang", "delay")
SETTLED_WITHIN = 60


class FaultLab:
    """A lab in this process, and the connector configured for it.

    Parameters:
        lab: a running one.

    The configuration is as by default. Only where a product stays silent is the read timeout 1 s, the shortest there is.
    """

    def __init__(self, lab: RunningLab) -> None:
        self.ready = lab.ready
        self._products: Any = lab.products
        self._control = Control(lab.ready["control"])
        fortimonitor, fortisiem = lab.ready["fortimonitor"], lab.ready["fortisiem"]
        self._config = configuration(
            fortimonitor_url=fortimonitor["url"],
            fortimonitor_api_key=fortimonitor["api_key"],
            fortisiem_server=fortisiem["url"],
            fortisiem_organization=fortisiem["organization"],
            fortisiem_username=fortisiem["username"],
            fortisiem_password=fortisiem["password"],
            ca_certificate=Path(lab.ready["fortisoar"]["ca"]).read_text(),
        )

    def close(self) -> None:
        """Let go of every connection."""
        let_go()
        self._control.close()

    def origin(self, action: Action) -> str:
        """Return the address of the product that an action writes to."""
        return str(self.ready[action.product]["url"]).removesuffix("/v2")

    def prepare(self, action: Action) -> None:
        """Put the product of an action back to its seed, with the incident that the action needs."""
        let_go()
        self._control.reset(action.product)
        if action is RESOLVE:
            self.execute(CREATE, verify=False)
            let_go()
            self._control.ask("DELETE", f"/wire/{action.product}")
            self._products[action.product].journal.clear()

    def arm(self, row: Row, action: Action) -> None:
        """Let the fault of a row strike the write of an action, or the next connection."""
        order = {"kind": row.kind, "product": action.product, **row.given}
        if row.when:
            order |= {"when": row.when, "method": action.method, "path": action.path}
        self._control.ask("POST", "/faults", order)

    def disarm(self) -> None:
        """Let nothing strike any more."""
        self._control.ask("DELETE", "/faults")

    def execute(self, action: Action, read_timeout: int = 30, **changes: Any) -> dict[str, Any]:
        """Run an action, with some parameters changed, and return its result."""
        config = {**self._config, "read_timeout": read_timeout}
        result: dict[str, Any] = execute(action.operation, {**PARAMS[action], **changes}, config)
        return result

    def outcome(self, row: Row, action: Action) -> tuple[Outcome, dict[str, Any] | str]:
        """Run an action under the fault of a row; return what has become of it, and its result or its message."""
        self.prepare(action)
        self.arm(row, action)
        said: dict[str, Any] | str
        with leaks_collected(row):
            try:
                said = self.execute(action, 1 if row.kind in SILENT else 30)
                says, confirmed_by = said["outcome"], said["confirmed_by"]
            except ConnectorError as error:
                said = str(error)
                says, confirmed_by = next((each for each in (NOTHING, UNKNOWN) if each in said), said), None
        if row.kind == "delay":
            # Such a request arrives even if the client has left by then.
            until(lambda: self._received(action) == len(self._sent(action)))
        sent = self._sent(action)
        return Outcome(says, confirmed_by, len(sent), sum(each["forwarded"] for each in sent), self.made(action)), said

    def made(self, action: Action) -> int:
        """Return how often a product has done what was asked, as it stands in its database."""
        if action is UPDATE:
            incident = self._products["fortisiem"].incidents()[0]
            times: int = incident["incidentComments"].count(COMMENT)
            assert incident["incidentStatus"] == (2 if times else 0)
            return times
        incidents = self._products["fortimonitor"].incidents()
        if action is not RESOLVE:
            return len(incidents)
        [incident] = incidents
        times = incident["log"].count(REASON)
        assert incident["status"] == ("resolved" if times else "active")
        return times

    def markers(self) -> list[str]:
        """Return the correlation marker of every custom incident that FortiMonitor has."""
        return [incident["metadata"]["correlation_id"] for incident in self._products["fortimonitor"].incidents()]

    def _sent(self, action: Action) -> list[dict[str, Any]]:
        requests = self._control.ask("GET", f"/wire/{action.product}")["requests"]
        return [each for each in requests if _is_write(action, each["method"], each["path"])]

    def _received(self, action: Action) -> int:
        entries = self._products[action.product].journal.entries()
        return sum(_is_write(action, entry.method, entry.path) for entry in entries)


def _is_write(action: Action, method: str, path: str) -> bool:
    return method == action.method and path in WRITES[action]


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; fail if it does not come about."""
    end = time.monotonic() + SETTLED_WITHIN
    while not is_so():
        assert time.monotonic() < end, f"It did not come about within {SETTLED_WITHIN} s."
        time.sleep(0.005)


@contextmanager
def leaks_collected(row: Row) -> Iterator[None]:
    """Collect the sockets that Python itself does not close when a connection is reset before its handshake.

    Seen in 3.11: ``SSLSocket`` raises while it is being made, and nobody has it then to close it.
    """
    with warnings.catch_warnings():
        if row.kind == "refuse":
            warnings.simplefilter("ignore", ResourceWarning)
        yield
        if row.kind == "refuse":
            gc.collect()
