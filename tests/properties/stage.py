"""Where a program is played: a lab in this process, and two worker processes with the built archive."""

from __future__ import annotations

import base64
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, quote_plus

import requests
from sqlalchemy import select

from lab.connector import configuration_values
from lab.fortimonitor import FortiMonitor
from lab.fortimonitor.models import AgentResource, Outage, ResourceType
from lab.fortisiem import FortiSiem
from lab.running import RunningLab, running_lab
from tests.support.worker import Worker

PRODUCTS = ("fortimonitor", "fortisiem")
SETTLED_WITHIN = 60.0  # seconds
SILENT = ("hang", "delay")
STRANGER, UNMARKED = -1_000_001, -1_000_002
FIRST_IDS = {"stranger": STRANGER, "unmarked": UNMARKED, "anomaly": -3001, "ordinary": 2002, "ended": 2001}
STRANGERS_MARKER = "event-of-somebody-else"


@dataclass(frozen=True)
class Request:
    """One request that came over the wire.

    ``status`` is the product's own; None if it was not asked, or not in order. ``closed_behind`` is whether the proxy
    closed the connection behind a whole answer without a word: a request that leaves at that very moment is lost on its
    way, and no client can know whether it was.
    """

    method: str
    path: str
    fault: str | None
    status: int | None
    closed_behind: bool

    @property
    def is_write(self) -> bool:
        """Whether it may change anything."""
        if self.method == "PUT" or self.path.endswith(("/custom_incident", "/external")) or "/update/" in self.path:
            return True
        return self.method == "POST" and self.path.endswith("/outage_log")


@dataclass(frozen=True)
class Stored:
    """What both products store: every outage and every incident, by id."""

    outages: dict[int, dict[str, Any]]
    incidents: dict[int, dict[str, Any]]

    def with_marker(self, marker: str) -> list[int]:
        """Return the ids of the custom incidents that bear a marker."""
        return [number for number, outage in self.outages.items() if outage["marker"] == marker]


class Stage:
    """The lab and the workers, put back before every program."""

    def __init__(self, lab: RunningLab, workers: list[Worker]) -> None:
        self.lab = lab
        self.workers = workers
        ready = lab.ready
        self._control = requests.Session()
        self._control.trust_env = False
        self._control.headers["Authorization"] = f"Bearer {ready['control']['token']}"
        client = {name: ready["fortisiem"][name.removeprefix("fortisiem_")] for name in _CLIENT}
        self._values = {**configuration_values(ready), **client, "total_timeout": 20}
        self.by_token = False
        self._is_silent = False

    @property
    def server_id(self) -> int:
        """The server on which custom incidents are defined."""
        number: int = self.lab.ready["fortimonitor"]["server_id"]
        return number

    def secrets(self) -> dict[str, list[str]]:
        """Return for each product the secrets that it is sent, as they are and as they go over the wire."""
        siem = self.lab.ready["fortisiem"]
        account = f"{siem['organization']}/{siem['username']}:{siem['password']}"
        basic = base64.b64encode(account.encode()).decode()
        by_password = [siem["password"], quote(siem["password"], safe=""), basic]
        return {
            "fortimonitor": [self.lab.ready["fortimonitor"]["api_key"]],
            "fortisiem": [siem["client_secret"]] if self.by_token else by_password,
        }

    def forms_of_secrets(self) -> set[str]:
        """Return every form in which a secret must not show."""
        forms = {secret for secrets in self.secrets().values() for secret in secrets}
        for value in list(forms):
            encoded = base64.b64encode(value.encode()).decode()
            forms |= {quote_plus(value), value.encode().hex(), encoded, encoded.rstrip("=")}
            forms.add(base64.urlsafe_b64encode(value.encode()).decode())
        return forms

    def put_back(self, world: str, switches: tuple[tuple[str, str, Any], ...], by_token: bool) -> None:
        """Seed both products anew, put their switches as in a world but for some, and let the workers forget."""
        for product in PRODUCTS:
            self._ask("POST", "/reset", {"product": product})
        self._is_silent = False
        for worker in self.workers:
            worker.forget()
        self._ask("PUT", "/world", {"world": world})
        self.lab.products["fortimonitor"].switches.set("rate_limit", False)
        for product, name, position in switches:
            self.lab.products[product].switches.set(name, position)
        self.by_token = by_token
        self._add_strangers()

    def arm(self, order: dict[str, Any]) -> None:
        """Arm a fault."""
        self._ask("POST", "/faults", order)
        self._is_silent = self._is_silent or order["kind"] in SILENT

    def disarm(self) -> None:
        """Clear every fault."""
        self._ask("DELETE", "/faults")
        self._is_silent = False

    def let_pass(self, seconds: float) -> None:
        """Move the lab's time on, so that its limits on requests are over."""
        self._fortisiem.clock.advance(seconds)

    def call(self, worker: int, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Let a worker run an action; return what came out, once the products are done with what it sent.

        ``was_slow`` is whether it took so long that an answer may have come too late that no fault held back.
        """
        method = "API Token" if self.by_token else "Username and Password"
        self._ask("DELETE", "/wire/fortimonitor")
        self._ask("DELETE", "/wire/fortisiem")
        for product in PRODUCTS:
            self.lab.products[product].journal.clear()
        # The shortest there is where a product is to be silent. A product that is merely slow, since the machine has other
        # work, is waited for.
        read_timeout = 1 if self._is_silent else 30
        config = {**self._values, "fortisiem_sign_in": method, "read_timeout": read_timeout}
        began = time.monotonic()
        answer = self.workers[worker].call("execute", config, operation, params)
        taken = time.monotonic() - began
        answer["requests"] = [request for product in PRODUCTS for request in self._settled(product)]
        held_back = sum(request.fault in SILENT for request in answer["requests"])
        answer["was_slow"] = taken >= (held_back + 1) * read_timeout
        return answer

    def stored(self) -> Stored:
        """Return what both products store."""
        with self.lab.products["fortimonitor"].store.transaction() as session:
            outages = {outage.id: _plain(outage) for outage in session.scalars(select(Outage))}
        return Stored(outages, {row["incidentId"]: row for row in self._fortisiem.incidents()})

    @property
    def _fortimonitor(self) -> FortiMonitor:
        return cast(FortiMonitor, self.lab.products["fortimonitor"])

    @property
    def _fortisiem(self) -> FortiSiem:
        return cast(FortiSiem, self.lab.products["fortisiem"])

    def _settled(self, product: str) -> list[Request]:
        """Wait until the product has done all that was forwarded or will be; return what came over its wire."""
        journal = self.lab.products[product].journal
        until = time.monotonic() + SETTLED_WITHIN
        while True:
            seen = self._ask("GET", f"/wire/{product}")["requests"]
            statuses = iter([entry.status for entry in journal.entries()])
            is_late = any(each["fault"] == "delay" and not each["forwarded"] for each in seen)
            if not is_late and len(journal.entries()) == sum(each["forwarded"] for each in seen):
                # Requests that were delayed may have come to the product in another order.
                in_order = all(each["fault"] != "delay" for each in seen)
                return [
                    Request(
                        each["method"],
                        each["path"],
                        each["fault"],
                        next(statuses) if in_order and each["forwarded"] else None,
                        each["closed_behind"],
                    )
                    for each in seen
                ]
            assert time.monotonic() < until, f"{product} is not done with {seen}"
            threading.Event().wait(0.005)

    def _add_strangers(self) -> None:
        """Let FortiMonitor have two custom incidents that another client created, one of them without a marker."""
        product = self._fortimonitor
        now = product.now()
        with product.store.transaction() as session:
            definition = session.scalars(
                select(AgentResource)
                .join(ResourceType)
                .where(ResourceType.custom, AgentResource.server_id == self.server_id)
            ).one()
            for number, marker in ((STRANGER, STRANGERS_MARKER), (UNMARKED, None)):
                session.add(
                    Outage(
                        id=number,
                        type="anomaly",
                        custom=True,
                        server_id=self.server_id,
                        resource=definition,
                        description="Disk full" + (f"\n[correlation_id: {marker}]" if marker else ""),
                        incident_metadata={"correlation_id": marker} if marker else {},
                        severity="critical",
                        start_time=now,
                    )
                )

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._control.request(method, self.lab.ready["control"]["url"] + path, json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def close(self) -> None:
        """End the workers and close what is open."""
        for worker in self.workers:
            worker.close()
        self._control.close()


_CLIENT = ("fortisiem_client_id", "fortisiem_client_secret")


@contextmanager
def stage(archive: Path, folder: Path) -> Iterator[Stage]:
    """Set the stage: the archive is unpacked into an empty folder."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    with running_lab(base_port=0) as lab:
        made = Stage(lab, [Worker(unpacked) for _ in range(2)])
        try:
            yield made
        finally:
            made.close()


def _plain(outage: Outage) -> dict[str, Any]:
    return {
        "status": outage.status,
        "end_time": outage.end_time,
        "server_id": outage.server_id,
        "description": outage.description,
        "marker": outage.incident_metadata.get("correlation_id"),
        "acknowledged_by": outage.acknowledged_by_id,
        "log": [entry.entry for entry in outage.log],
    }
