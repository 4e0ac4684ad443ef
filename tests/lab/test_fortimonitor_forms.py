"""The forms in which the lab's FortiMonitor shows outages and counts lists; the connector reads each of them alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lab.fortimonitor import FortiMonitor, forms
from lab.fortimonitor.switches import DECLARED
from lab.kit.clock import Clock
from tests.support.soak import Soak, soak

SWITCHES = (
    "severity_words",
    "start_time",
    "tags",
    "acknowledged",
    "description",
    "notes",
    "url_host",
    "total_count",
    "next",
    "odd_rows",
)
POSITIONS = [
    pytest.param(switch.name, position, id=f"{switch.name}={position}")
    for switch in DECLARED
    if switch.name in SWITCHES
    for position in switch.positions[1:]
]
LONG = f"Disk full\n  on <web-01> & u\N{COMBINING DIAERESIS} \N{FIRE} {'others ' * 50}"
TITLE = "Disk full"
TEXTKEYS = {"plugin_textkey": "fortisoar.bridge", "resource_textkey": "fortisoar.incident"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def monitor(tmp_path: Path, clock: Clock) -> Iterator[FortiMonitor]:
    product = FortiMonitor(tmp_path, clock, "https://monitor/v2", "key", "read-only")
    yield product
    product.close()


def listed(monitor: FortiMonitor) -> dict[str, Any]:
    client = TestClient(monitor.app, headers={"Authorization": "ApiKey key"}, base_url="https://monitor")
    body: dict[str, Any] = client.get("/v2/outage?limit=2").json()
    return body


@pytest.mark.parametrize(
    ("switch", "position", "name", "value"),
    [
        ("severity_words", "upper_case", "severity", "CRITICAL"),
        ("severity_words", "info", "severity", "info"),
        ("severity_words", "unknown", "severity", "catastrophic"),
        ("severity_words", "number", "severity", 3),
        ("start_time", "null", "start_time", None),
        ("tags", "text", "tags", ""),
        ("acknowledged", "flag", "acknowledged", False),
        ("acknowledged", "url", "acknowledged", None),
    ],
)
def test_an_attribute_is_shown_in_the_form_of_its_switch(
    monitor: FortiMonitor, switch: str, position: str, name: str, value: Any
) -> None:
    monitor.add_outages(2)
    monitor.switches.set(switch, position)
    assert listed(monitor)["outage_list"][0][name] == value


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("as_given", LONG),
        ("cut_at_255", LONG[:255]),
        ("html_escaped", LONG.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")),
        ("white_space_folded", " ".join(LONG.split())),
        ("line_ends", LONG.replace("\n", "\r\n")),
        ("normalised", LONG.replace("u\N{COMBINING DIAERESIS}", "\N{LATIN SMALL LETTER U WITH DIAERESIS}")),
        ("basic_plane", LONG.replace("\N{FIRE}", "?")),
    ],
)
def test_a_text_is_shown_in_the_form_of_its_switch(monitor: FortiMonitor, form: str, shown: str) -> None:
    monitor.switches.set("description", form)
    monitor.switches.set("notes", form)
    assert forms.description(monitor.switches, LONG) == shown
    assert forms.note(monitor.switches, LONG, "On call") == shown


def test_a_note_may_be_shown_behind_its_authors_name(monitor: FortiMonitor) -> None:
    monitor.switches.set("notes", "with_author")
    assert forms.note(monitor.switches, "Seen", "On call") == "On call: Seen"


@pytest.mark.parametrize("form", ["iso_8601", "plain", "epoch_seconds", "epoch_milliseconds"])
def test_a_start_means_the_same_in_every_form(monitor: FortiMonitor, form: str) -> None:
    monitor.add_outages(2)
    clean = datetime.strptime(listed(monitor)["outage_list"][0]["start_time"], "%a, %d %b %Y %H:%M:%S -0000")
    monitor.switches.set("start_time", form)
    shown = listed(monitor)["outage_list"][0]["start_time"]
    seconds = int(clean.replace(tzinfo=timezone.utc).timestamp())
    expected = {"iso_8601": f"{clean.isoformat()}Z", "plain": str(clean), "epoch_seconds": seconds}
    assert shown == expected.get(form, seconds * 1000)


@pytest.mark.parametrize(
    ("position", "total"),
    [("counted", 5), ("null", None), ("text", "5"), ("double", 5.0), ("too_low", 2), ("too_high", 6)],
)
def test_a_list_is_counted_in_the_form_of_its_switch(monitor: FortiMonitor, position: str, total: Any) -> None:
    monitor.add_outages(5 - listed(monitor)["meta"]["total_count"])
    monitor.switches.set("total_count", position)
    found = listed(monitor)["meta"]["total_count"]
    assert (type(found), found) == (type(total), total)


def test_a_list_may_say_less_of_itself(monitor: FortiMonitor) -> None:
    monitor.add_outages(5)
    assert {"next", "total_count"} <= listed(monitor)["meta"].keys()
    monitor.switches.set("next", "missing")
    monitor.switches.set("total_count", "absent")
    assert not {"next", "total_count"} & listed(monitor)["meta"].keys()


def test_every_200th_outage_lacks_its_url_or_its_start(monitor: FortiMonitor) -> None:
    numbers = monitor.add_outages(500)
    monitor.switches.set("odd_rows", "one_in_200")
    monitor.switches.set("page_cap", None)
    client = TestClient(monitor.app, headers={"Authorization": "ApiKey key"}, base_url="https://monitor")
    rows = client.get("/v2/outage?limit=0").json()["outage_list"]
    odd = sorted(number for number in numbers if number % 200 == 0)
    assert len(odd) == 2
    assert [row["url"] for row in rows if row["url"].startswith("/lost/")] == [f"/lost/{odd[0]}"]
    assert [row["url"] for row in rows if row["start_time"] is None] == [f"https://monitor/v2/outage/{odd[1]}"]


def test_a_new_incident_shows_only_after_some_seconds_and_can_be_resolved_at_once(
    monitor: FortiMonitor, clock: Clock
) -> None:
    client = TestClient(monitor.app, headers={"Authorization": "ApiKey key"}, base_url="https://monitor")
    before = client.get("/v2/outage").json()
    monitor.switches.set("shows_after_seconds", 5)
    created = client.post("/v2/server/1001/custom_incident", json={"description": TITLE, **TEXTKEYS})
    url = created.headers["Location"]
    assert (created.status_code, client.get(url).status_code) == (201, 404)
    assert client.get("/v2/outage").json() == before
    assert client.put(f"{url}/force_resolve", json={}).status_code == 204
    clock.advance(6)
    assert client.get(url).json()["status"] == "resolved"
    assert client.get("/v2/outage").json()["outage_list"][0]["url"] == url


# The connector.


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soak]:
    with soak(tmp_path_factory.mktemp("forms"), 0) as served:
        served.monitor.add_outages(120, spacing_seconds=30)
        served.monitor.switches.set("rate_limit", False)
        served.execute(
            "create_custom_incident", server="1001", description=TITLE, correlation_id="alert 42", **TEXTKEYS
        )
        yield served


@pytest.mark.parametrize(("switch", "position"), POSITIONS)
def test_the_connector_reads_the_same_in_every_form(lab: Soak, switch: str, position: Any) -> None:
    clean = _read(lab, True)
    assert TITLE in {row["title"] for row in clean.values()}
    lab.monitor.switches.set(switch, position)
    try:
        shown = _read(lab, is_complete=(switch, position) != ("total_count", "too_high"))
    finally:
        default = next(each.positions[0] for each in DECLARED if each.name == switch)
        lab.monitor.switches.set(switch, default)
    if switch == "severity_words" and position != "upper_case":
        clean, shown = _without(clean, "severity"), _without(shown, "severity")
    if (switch, position) == ("start_time", "null"):
        times = ("start_time", "last_time")
        assert all(not row[name] for row in shown.values() for name in times)
        clean, shown = _without(clean, *times), _without(shown, *times)
    if (switch, position) == ("odd_rows", "one_in_20"):  # half of these have no id, half no start
        odd = {source_id for source_id in clean if int(source_id.rpartition(":")[2]) % 20 == 0}
        assert {source_id for source_id in odd if source_id in shown} == {
            source_id for source_id, row in shown.items() if not row["start_time"]
        }
        assert len(odd) == 6
        clean, shown = ({key: row for key, row in rows.items() if key not in odd} for rows in (clean, shown))
    assert shown == clean


def _read(lab: Soak, is_complete: bool) -> dict[str, dict[str, Any]]:
    """Return every outage as ingestion fetches it, without how the product spelt it."""
    answer = lab.execute("fetch_incidents", source="FortiMonitor", watermark="0", max_results=2000)
    assert answer["is_complete"] is is_complete
    return {row["source_id"]: _without({"": row}, "incident")[""] for row in answer["incidents"]}


def _without(rows: dict[str, dict[str, Any]], *names: str) -> dict[str, dict[str, Any]]:
    return {key: {name: value for name, value in row.items() if name not in names} for key, row in rows.items()}
