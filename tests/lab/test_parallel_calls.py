"""Many calls at once, with two configurations: each with its own credentials, and no incident twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.fortimonitor import FortiMonitor
from lab.fortisiem import Account, ApiClient, FortiSiem
from lab.running import running_lab
from tests.conftest import Control
from tests.support.fortimonitor import marked
from tests.support.installed import BY_TOKEN, TAG, InstalledBridge

CREATE, RESOLVE, UPDATE = "create_custom_incident", "force_resolve_incident", "update_siem_incident"
ACME = Account("Acme", "acme-soar", "acme-password-0123456789")
ACME_CLIENT = ApiClient("acme-client", "acme-secret-0123456789", ACME.login)
OF_SUPER, OF_ACME = 1, 6  # the FortiSIEM incidents: Acme's account sees its own alone
READ_ONLY = (
    "Could not create a custom incident on server 1001: FortiMonitor answered 405 to POST /v2/server/1001/custom_incident: "
    "Method Not Allowed (ErrorCode 405). Nothing was changed. A read-only API key is the usual reason; check the key's role "
    f"under API keys.{TAG}"
)
NOT_OURS = (
    "Could not update FortiSIEM incident 1: FortiSIEM shows no incident 1. Nothing was changed. Check the ID, and that the "
    f"account sees the incident's organization; else choose the configuration that owns it.{TAG}"
)
Call = tuple[str, dict[str, Any], str]
Ended = tuple[int, Any]


class Lab(InstalledBridge):
    """A lab in this process, whose FortiSIEM has an account of a second organization; with the connector."""

    monitor: FortiMonitor
    siem: FortiSiem

    def ended(self, action: str, params: dict[str, Any], configuration: str) -> Ended:
        """Execute an action; return the status with the result's data or the failure's message."""
        answer = self.answer(action, params, configuration)
        body = answer.json()
        return answer.status_code, body["data"] if answer.status_code == 200 else body["message"]


@pytest.fixture(scope="module")
def running(archive: Path) -> Iterator[Lab]:
    with running_lab(base_port=0) as inside:
        control = Control(inside.ready["control"])
        bridge = Lab(SimpleNamespace(ready=inside.ready, control=control), archive)
        monitor, siem = inside.products["fortimonitor"], inside.products["fortisiem"]
        assert isinstance(monitor, FortiMonitor)
        assert isinstance(siem, FortiSiem)
        siem.accounts.append(ACME)
        siem.clients.append(ACME_CLIENT)
        bridge.monitor, bridge.siem = monitor, siem
        yield bridge
        bridge.close()
        control.close()


@pytest.fixture
def bridge(running: Lab) -> Lab:
    for product in ("fortimonitor", "fortisiem"):
        running.control.reset(product)
    running.control.switch("fortimonitor", rate_limit=False)
    running.control.switch("fortisiem", token_rate_limit=False)
    return running


@pytest.fixture(params=["password", "token"])
def configurations(request: pytest.FixtureRequest, bridge: Lab) -> tuple[str, str]:
    """The names of the lab's own configuration, and of one with a read-only key and the account of Acme."""
    key = {"fortimonitor_api_key": bridge.ready["fortimonitor"]["read_only_api_key"]}
    if request.param == "token":
        client = {"fortisiem_client_id": ACME_CLIENT.client_id, "fortisiem_client_secret": ACME_CLIENT.client_secret}
        return bridge.configuration(**BY_TOKEN), bridge.configuration(
            **BY_TOKEN, **key, **client, fortisiem_organization="Acme"
        )
    login = {"fortisiem_username": ACME.username, "fortisiem_password": ACME.password}
    return bridge.configuration(), bridge.configuration(**key, **login, fortisiem_organization="Acme")


def at_once(bridge: Lab, kinds: list[list[Call]]) -> list[list[Ended]]:
    """Make all calls from eight threads, with neighbours of different kinds; return how each kind's ended."""
    places = [(kind, place) for kind, calls in enumerate(kinds) for place in range(len(calls))]
    mixed = sorted(places, key=lambda place: (place[1] / len(kinds[place[0]]), place[0]))
    with ThreadPoolExecutor(8) as threads:
        ended = dict(zip(mixed, threads.map(lambda at: bridge.ended(*kinds[at[0]][at[1]]), mixed), strict=True))
    return [[ended[kind, place] for place in range(len(calls))] for kind, calls in enumerate(kinds)]


def test_forty_calls_at_once_each_use_their_own_credentials(bridge: Lab, configurations: tuple[str, str]) -> None:
    ours, acme = configurations
    cleared = {"status": "Manually Cleared"}
    made, not_made, updated, updated_by_acme, not_updated = at_once(
        bridge,
        [
            [(CREATE, bridge.create_parameters(description=f"Disk {n} is full"), ours) for n in range(20)],
            [(CREATE, bridge.create_parameters(), acme)] * 5,
            [(UPDATE, {"incident_id": OF_SUPER, "comments": f"Super {n}.", **cleared}, ours) for n in range(5)],
            [(UPDATE, {"incident_id": OF_ACME, "comments": f"Acme {n}.", **cleared}, acme) for n in range(5)],
            [(UPDATE, {"incident_id": OF_SUPER, "comments": "Nobody's.", **cleared}, acme)] * 5,
        ],
    )

    assert [status for status, _ in made] == [200] * 20, made
    assert [status for status, _ in updated + updated_by_acme] == [200] * 10, updated + updated_by_acme
    assert not_made == [(400, READ_ONLY)] * 5
    assert not_updated == [(400, NOT_OURS)] * 5

    stored = {incident["id"]: incident for incident in bridge.monitor.incidents()}
    assert len(stored) == len({data["incident_id"] for _, data in made}) == 20
    for number, (_, data) in enumerate(made):
        marker = data["correlation_id"]
        assert stored[data["incident_id"]]["metadata"] == {"correlation_id": marker}
        assert stored[data["incident_id"]]["description"] == marked(f"Disk {number} is full", marker)
    assert bridge.monitor.side_effect_gets == 0
    creates = Counter(entry.status for entry in bridge.monitor.journal.entries() if entry.method == "POST")
    assert creates == {201: 20, 405: 5}

    siem_incidents = {incident["incidentId"]: incident for incident in bridge.siem.incidents()}
    for number, name, user in (
        (OF_SUPER, "Super", bridge.ready["fortisiem"]["username"]),
        (OF_ACME, "Acme", ACME.username),
    ):
        assert siem_incidents[number]["incidentClearedUser"] == user
        assert sorted(siem_incidents[number]["incidentComments"].splitlines()) == [f"{name} {n}." for n in range(5)]
    bridge.assert_no_secret(bridge.connectors_log(), ACME.password, ACME_CLIENT.client_secret)


def test_twenty_resolves_at_once_resolve_each_their_own(bridge: Lab) -> None:
    configuration = bridge.configuration()
    markers = [f"/api/3/alerts/{number}" for number in range(20)]
    (made,) = at_once(
        bridge, [[(CREATE, bridge.create_parameters(correlation_id=marker), configuration) for marker in markers]]
    )
    numbers = [data["incident_id"] for _, data in made]
    (ended,) = at_once(
        bridge,
        [
            [
                (RESOLVE, {"incident": str(number), "reason": marker, "expect_correlation_id": marker}, configuration)
                for number, marker in zip(numbers, markers, strict=True)
            ]
        ],
    )
    assert [(status, data["outcome"]) for status, data in ended] == [(200, "done")] * 20
    stored = {incident["id"]: incident for incident in bridge.monitor.incidents()}
    assert set(stored) == set(numbers)
    for number, marker in zip(numbers, markers, strict=True):
        assert (stored[number]["status"], stored[number]["log"]) == ("resolved", [marker])
        assert stored[number]["metadata"] == {"correlation_id": marker}
