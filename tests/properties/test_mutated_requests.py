"""Whatever a request is like, the lab answers it, and not with a fault of its own."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.control import control_app
from lab.faults import Faults, Wire
from lab.fortimonitor import FortiMonitor
from lab.fortisiem import Account, ApiClient, FortiSiem
from lab.kit.clock import Clock
from tests.conftest import FIGURE
from tests.properties.examples import IS_PROOF
from tests.support.mutations import Findings, Sent, Shape, archive_of, mutated, odd, send_all, upload
from tests.support.playbooks import KEY, running_soar
from tests.support.shapes import ADMINISTRATION, CONTROL, FORTISOAR, INFO, shapes_of

REQUESTS = 25_000 if IS_PROOF else 1000  # for each product
UPLOADS = 1500 if IS_PROOF else 40
OF_CONNECTORS = ("/api/integration/con", "/api/integration/exec", "/api/3/workflow_coll")
BASIC = base64.b64encode(b"super/admin:pa55word").decode()


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """The same requests in every run; `make prove` takes others each time, and says by which seed."""
    seed = time.time_ns() if IS_PROOF else 0
    request.node.user_properties.append((FIGURE, f"Mutated requests of seed {seed}"))
    return random.Random(seed)  # noqa: S311 - chance, not a secret


def of(shapes: list[Shape], chance: random.Random, count: int, **headers: str) -> Iterator[Sent]:
    for _ in range(count):
        yield mutated(chance.choice(shapes), headers, chance)


def test_fortisoar_answers_whatever_it_is_asked(
    tmp_path: Path, chance: random.Random, figure: Callable[[str], None]
) -> None:
    findings, authorization = Findings(), f"API-KEY {KEY}"
    with running_soar(tmp_path) as soar:
        soar.product.start_workers()
        soar.product.switches.set("bulk_with_api_key", "works")
        send_all(soar.product.app, iter([upload(archive_of(INFO), {"authorization": authorization})]), findings)
        shapes = shapes_of("fortisoar", soar.product.app) + FORTISOAR
        send_all(soar.product.app, of(shapes, chance, REQUESTS, authorization=authorization), findings)
    figure(f"FortiSOAR: {findings.requests} mutated requests, answered with {dict(findings.statuses)}")
    assert not findings.faults, f"\n{findings}"


def test_the_administration_of_fortisoar_answers_whatever_it_is_asked(
    tmp_path: Path, chance: random.Random, figure: Callable[[str], None]
) -> None:
    findings = Findings()
    with running_soar(tmp_path) as soar:
        # No request can log the appliance itself out.
        authorization = f"API-KEY {soar.product.accounts.own_key}"
        send_all(soar.product.app, of(ADMINISTRATION, chance, REQUESTS, authorization=authorization), findings)
    figure(f"Administration: {findings.requests} mutated requests, answered with {dict(findings.statuses)}")
    assert not findings.faults, f"\n{findings}"


def test_fortisoar_takes_or_refuses_whatever_archive_is_uploaded(
    tmp_path: Path, chance: random.Random, figure: Callable[[str], None]
) -> None:
    findings, headers = Findings(), {"authorization": f"API-KEY {KEY}"}

    def requests(shapes: list[Shape]) -> Iterator[Sent]:
        about = [replace(shape, ids=("1", "odd", "1.0.0")) for shape in shapes if shape.path.startswith(OF_CONNECTORS)]
        for _ in range(UPLOADS):
            yield upload(odd(INFO, chance), headers)
            yield from of(about, chance, 3, **headers)

    with running_soar(tmp_path) as soar:
        soar.product.start_workers()
        send_all(soar.product.app, requests(shapes_of("fortisoar", soar.product.app) + FORTISOAR), findings)
    figure(f"Archives: {findings.requests} requests, answered with {dict(findings.statuses)}")
    assert not findings.faults, f"\n{findings}"


def test_fortimonitor_answers_whatever_it_is_asked(
    tmp_path: Path, chance: random.Random, figure: Callable[[str], None]
) -> None:
    monitor = FortiMonitor(tmp_path, Clock(), "https://127.0.0.1/v2", "key-rw", "key-ro")
    monitor.switches.set("rate_limit", False)
    findings = Findings()
    send_all(
        monitor.app,
        of(shapes_of("fortimonitor", monitor.app), chance, REQUESTS, authorization="ApiKey key-rw"),
        findings,
    )
    monitor.close()
    figure(f"FortiMonitor: {findings.requests} mutated requests, answered with {dict(findings.statuses)}")
    assert not findings.faults, f"\n{findings}"


def test_fortisiem_answers_whatever_it_is_asked(
    tmp_path: Path, chance: random.Random, figure: Callable[[str], None]
) -> None:
    accounts, clients = [Account("super", "admin", "pa55word")], [ApiClient("id", "s3cret-1", "admin")]
    siem = FortiSiem(tmp_path, Clock(), accounts, clients)
    findings = Findings()
    send_all(siem.app, of(shapes_of("fortisiem", siem.app), chance, REQUESTS, authorization=f"Basic {BASIC}"), findings)
    siem.store.close()
    figure(f"FortiSIEM: {findings.requests} mutated requests, answered with {dict(findings.statuses)}")
    assert not findings.faults, f"\n{findings}"


def test_the_control_api_answers_whatever_it_is_asked(
    tmp_path: Path, chance: random.Random, figure: Callable[[str], None]
) -> None:
    clock = Clock()
    monitor = FortiMonitor(tmp_path, clock, "https://127.0.0.1/v2", "key-rw", "key-ro")
    servers = dict.fromkeys(("control", "fortimonitor"), "http://127.0.0.1")
    app = control_app({"fortimonitor": monitor}, clock, Faults(), {"fortimonitor": Wire(clock)}, "t0ken", servers)
    findings = Findings()
    send_all(app, of(shapes_of("control", app) + CONTROL, chance, REQUESTS, authorization="Bearer t0ken"), findings)
    monitor.close()
    figure(f"Control API: {findings.requests} mutated requests, answered with {dict(findings.statuses)}")
    assert not findings.faults, f"\n{findings}"
