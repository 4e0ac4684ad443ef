"""The ingestion playbooks, as the wizard sets them up: nothing lost, nothing twice, and the watermark behind the records."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import pytest

from tests.support.every_action import CREATED, NEW, ORDINARY
from tests.support.interruptions import before_storing
from tests.support.stories import CLOSE, CREATE, FETCH, INGEST, SIEM_1, PlaybookLab

BOTH = "FortiSIEM and FortiMonitor"
LONG = 20_000  # minutes: all that the lab's products have
ALL_SIEM = {f"fortisiem:127.0.0.1:{number}" for number in range(1, 8)}
ALL_MONITOR = {f"fortimonitor:127.0.0.1:{number}" for number in (2001, -3001, ORDINARY)}
BRACES = ('{"host": "web-01"}', "['web-01']", "{{ 7 * 7 }}", "[1] 50 % {of} <it>")
# Status and severity are codes in FortiSIEM.
STATUSES = {0: "Open", 1: "Closed", 2: "Closed", 3: "Closed"}


def begin(lab: PlaybookLab, *active: str, **answers: Any) -> None:
    lab.begin(*active)
    lab.answer_wizard(**{"sources": BOTH, "lookback": LONG, **answers})


def ingest(lab: PlaybookLab, status: str = "finished") -> None:
    """Run one cycle."""
    run = lab.trigger(INGEST)
    assert run.status == status, run.result


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


# The wizard.


def test_the_wizard_gets_a_sample_whatever_was_fetched_before_and_nothing_is_stored(lab: PlaybookLab) -> None:
    begin(lab)
    ingest(lab)
    lab.siem.add_incidents(20)
    before, alerts = lab.watermarks(), lab.alerts()
    run = lab.trigger_with(FETCH, {"input": {"params": {}}, "request": {"env_setup": True}})
    assert run.status == "finished"
    assert len(run.result["data"]) == 10
    assert {each["source"] for each in run.result["data"]} == {"FortiSIEM"}
    assert (lab.watermarks(), lab.alerts()) == (before, alerts)


def test_the_wizards_sample_is_of_the_first_product_that_is_wanted(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiMonitor")
    run = lab.trigger_with(FETCH, {"request": {"env_setup": True}})
    assert {each["source_id"] for each in run.result["data"]} == ALL_MONITOR


def test_a_mocked_fetch_has_the_keys_of_a_real_one(lab: PlaybookLab) -> None:
    begin(lab)
    real = lab.trigger(FETCH, source="FortiSIEM")
    lab.forget_requests()
    mocked = lab.trigger_with(FETCH, {"input": {"params": {"source": "FortiSIEM"}}, "useMockOutput": True})
    assert mocked.status == "finished"
    assert lab.sent() == []
    fetched, made = real.steps["Fetch"]["result"], mocked.steps["Fetch"]["result"]
    assert made.keys() == fetched.keys()
    assert made["data"].keys() == fetched["data"].keys()
    assert made["data"]["incidents"][0].keys() == fetched["data"]["incidents"][0].keys()


@pytest.mark.parametrize(
    ("sources", "expected"), [("FortiSIEM", ALL_SIEM), ("FortiMonitor", ALL_MONITOR), (BOTH, ALL_SIEM | ALL_MONITOR)]
)
def test_only_the_products_that_are_wanted_are_asked(lab: PlaybookLab, sources: str, expected: set[str]) -> None:
    begin(lab, sources=sources)
    ingest(lab)
    assert lab.alerts().keys() == expected
    assert lab.watermarks().keys() == set(sources.split(" and "))
    asked = {name for name in ("fortisiem", "fortimonitor") if lab.control.journal(name)}
    assert asked == {name.lower() for name in sources.split(" and ")}


def test_a_first_run_looks_back_as_long_as_the_wizard_was_told(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM", lookback=60)
    ingest(lab)
    assert lab.alerts().keys() == {f"fortisiem:127.0.0.1:{number}" for number in (1, 2, 7)}


def test_the_button_needs_no_record(lab: PlaybookLab) -> None:
    begin(lab, INGEST)
    assert lab.press(INGEST).status == "finished"
    assert lab.alerts().keys() == ALL_SIEM | ALL_MONITOR


# What becomes of an incident.


def test_incidents_of_fortisiem_become_alerts_with_all_that_is_known(lab: PlaybookLab) -> None:
    begin(lab)
    ingest(lab)
    alerts = lab.alerts()
    for stored in lab.siem.incidents():
        alert = alerts[f"fortisiem:127.0.0.1:{stored['incidentId']}"]
        cleared = stored["incidentClearedTime"]
        techniques = json.loads(stored["attackTechnique"] or "[]")
        assert {name: alert[name] for name in ("name", "source", "severity", "status", "resolveddate")} == {
            "name": f"FortiSIEM: {stored['incidentTitle']}",
            "source": "FortiSIEM",
            "severity": stored["eventSeverityCat"].title(),
            "status": STATUSES[stored["incidentStatus"]],
            "resolveddate": cleared // 1000 if cleared else None,
        }
        assert alert["alertDetectionDate"] == stored["incidentFirstSeen"] // 1000
        assert alert["mitreattackid"] == ", ".join(each["techniqueid"] for each in techniques)
        assert alert["mitreTechnique"] == ", ".join(each["name"] for each in techniques)
        assert isinstance(alert["sourcedata"], str)
        assert json.loads(alert["sourcedata"])["incident_id"] == stored["incidentId"]
    assert {alerts[each]["severity"] for each in ALL_SIEM} == {"Low", "Medium", "High"}


def test_several_techniques_are_all_named(lab: PlaybookLab) -> None:
    begin(lab)
    techniques = [{"name": "Phishing", "techniqueid": "T1566"}, {"name": "Valid Accounts", "techniqueid": "T1078"}]
    lab.siem.add_incidents(1, attackTechnique=json.dumps(techniques))
    ingest(lab)
    alert = lab.alerts()["fortisiem:127.0.0.1:8"]
    assert (alert["mitreattackid"], alert["mitreTechnique"]) == ("T1566, T1078", "Phishing, Valid Accounts")


def test_outages_of_fortimonitor_become_alerts_with_all_that_is_known(lab: PlaybookLab) -> None:
    begin(lab)
    lab.execute(*CREATED)
    shown = lab.outages()
    ingest(lab)
    alerts = lab.alerts()
    assert shown.keys() == {2001, -3001, ORDINARY, NEW}
    for number, outage in shown.items():
        alert = alerts[f"fortimonitor:127.0.0.1:{number}"]
        assert {name: alert[name] for name in ("name", "source", "severity", "status", "mitreattackid")} == {
            "name": f"FortiMonitor: {outage['description'].splitlines()[0]}",
            "source": "FortiMonitor",
            "severity": {"critical": "Critical", "warning": "Medium"}[outage["severity"]],
            "status": {"active": "Open", "resolved": "Closed"}[outage["status"]],
            "mitreattackid": "",
        }
        data = json.loads(alert["sourcedata"])
        assert data["incident_id"] == number
        assert alert["alertDetectionDate"] == epoch(data["start_time"])
        assert alert["resolveddate"] == (epoch(data["end_time"]) if data["end_time"] else None)
    assert alerts[f"fortimonitor:127.0.0.1:{ORDINARY}"]["status"] == "Open"


@pytest.mark.parametrize("text", BRACES)
def test_text_of_fortisiem_that_looks_like_code_is_stored_as_text(lab: PlaybookLab, text: str) -> None:
    begin(lab)
    lab.siem.add_incidents(1, incidentTitle=text, incidentComments=text)
    for _ in range(2):  # a first run creates, a second one refreshes
        ingest(lab)
        alert = lab.alerts()["fortisiem:127.0.0.1:8"]
        assert text in alert["name"]
        data = json.loads(alert["sourcedata"])
        assert (data["title"], data["comments"]) == (text, text)


@pytest.mark.parametrize("text", BRACES)
def test_text_of_fortimonitor_that_looks_like_code_is_stored_as_text(lab: PlaybookLab, text: str) -> None:
    begin(lab)
    operation, incident = CREATED
    lab.execute(operation, {**incident, "description": text})
    ingest(lab)
    alert = lab.alerts()[f"fortimonitor:127.0.0.1:{NEW}"]
    assert text in alert["name"]
    assert json.loads(alert["sourcedata"])["description"].startswith(text)


# The watermark.


def test_the_first_run_creates_the_watermarks_and_a_repeated_cycle_changes_nothing(lab: PlaybookLab) -> None:
    begin(lab)
    assert lab.watermarks() == {}
    ingest(lab)
    assert [run.way[-1] for run in lab.runs(CREATE)] == ["Create Watermark", "Create Watermark"]
    watermarks, alerts = lab.watermarks(), lab.alerts()
    newest = max(row["incidentLastSeen"] for row in lab.siem.incidents())
    assert watermarks["FortiSIEM"] == str(newest)
    assert watermarks.keys() == {"FortiSIEM", "FortiMonitor"}
    assert alerts.keys() == ALL_SIEM | ALL_MONITOR

    ingest(lab)

    assert [run.way[-1] for run in lab.runs(CREATE)[2:]] == ["Update Watermark", "Update Watermark"]
    assert lab.watermarks() == watermarks
    assert _without_times(lab) == {name: _timeless(row) for name, row in alerts.items()}


def _without_times(lab: PlaybookLab) -> dict[str, dict[str, Any]]:
    return {name: _timeless(row) for name, row in lab.alerts().items()}


def _timeless(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "modifyDate"}


def test_a_later_run_stores_what_is_new_and_advances_the_watermark(lab: PlaybookLab) -> None:
    begin(lab)
    ingest(lab)
    before = lab.watermarks()
    lab.control.advance(120)
    lab.siem.add_incidents(1, incidentLastSeen=lab.siem.now(), incidentFirstSeen=lab.siem.now())
    (outage,) = lab.monitor.add_outages(1)
    ingest(lab)
    assert lab.alerts().keys() == ALL_SIEM | ALL_MONITOR | {
        "fortisiem:127.0.0.1:8",
        f"fortimonitor:127.0.0.1:{outage}",
    }
    after = lab.watermarks()
    assert all(int(after[name]) > int(before[name]) for name in before)


def taken_meanwhile(lab: PlaybookLab, source_id: str) -> AbstractContextManager[None]:
    """Let somebody store and delete an alert just before a playbook stores the first one of this Source ID."""
    return before_storing(lab.soar.playbooks, lambda: lab.api("DELETE", lab.alert(source_id), status=204))


def test_a_record_that_is_refused_leaves_the_watermark_and_the_next_run_goes_on(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM")
    ingest(lab)
    watermark = lab.watermarks()
    lab.control.advance(120)
    now = lab.siem.now()
    lab.siem.add_incidents(3, incidentLastSeen=now, incidentFirstSeen=now)

    with taken_meanwhile(lab, "fortisiem:127.0.0.1:8"):
        ingest(lab, "finished with error")

    (run,) = lab.runs(CREATE)[1:]
    assert run.status == "failed"
    assert "1 of 3 records were refused" in run.result["Error message"]
    assert lab.watermarks() == watermark

    ingest(lab)
    assert lab.alerts().keys() == ALL_SIEM | {"fortisiem:127.0.0.1:9", "fortisiem:127.0.0.1:10"}
    assert lab.watermarks() == {"FortiSIEM": str(now)}


def test_a_first_run_whose_record_is_refused_creates_no_watermark(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiMonitor")
    with taken_meanwhile(lab, f"fortimonitor:127.0.0.1:{ORDINARY}"):
        ingest(lab, "finished with error")
    assert lab.watermarks() == {}
    ingest(lab)
    assert lab.alerts().keys() == ALL_MONITOR - {f"fortimonitor:127.0.0.1:{ORDINARY}"}
    assert lab.watermarks().keys() == {"FortiMonitor"}


@pytest.mark.parametrize(
    ("failing", "other", "stored"),
    [("FortiSIEM", "FortiMonitor", ALL_MONITOR), ("FortiMonitor", "FortiSIEM", ALL_SIEM)],
)
def test_a_product_that_fails_keeps_its_watermark_and_does_not_stop_the_other(
    lab: PlaybookLab, failing: str, other: str, stored: set[str]
) -> None:
    begin(lab)
    lab.strike("answer", failing.lower(), status=403, when="before")
    ingest(lab, "finished with error")
    assert lab.watermarks().keys() == {other}
    assert lab.alerts().keys() == stored
    lab.calm()
    ingest(lab)
    assert lab.watermarks().keys() == {failing, other}
    assert lab.alerts().keys() == ALL_SIEM | ALL_MONITOR


def test_a_page_that_fails_half_way_advances_nothing_and_loses_nothing(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiMonitor")
    ingest(lab)
    watermark = lab.watermarks()
    lab.control.advance(300)
    numbers = lab.monitor.add_outages(120)
    lab.strike("answer", "fortimonitor", status=403, skip=1, when="before")
    ingest(lab, "finished with error")
    assert lab.watermarks() == watermark
    assert lab.alerts().keys() == ALL_MONITOR
    lab.calm()
    ingest(lab)
    assert lab.alerts().keys() == ALL_MONITOR | {f"fortimonitor:127.0.0.1:{number}" for number in numbers}
    assert lab.watermarks() != watermark


# What analysts and products do to an alert that is there.


def test_what_an_analyst_made_of_an_alert_stays(lab: PlaybookLab) -> None:
    begin(lab)
    ingest(lab)
    one, other = lab.alerts()["fortisiem:127.0.0.1:1"]["@id"], lab.alerts()["fortisiem:127.0.0.1:7"]["@id"]
    lab.api("PUT", one, {"status": lab.item("AlertStatus", "Investigating"), "description": "Mine"})
    lab.api("PUT", other, {"status": lab.item("AlertStatus", "Closed")})
    lab.siem.recur_incident(1)
    ingest(lab)
    alerts = lab.alerts()
    assert (alerts["fortisiem:127.0.0.1:1"]["status"], alerts["fortisiem:127.0.0.1:1"]["description"]) == (
        "Investigating",
        "Mine",
    )
    assert alerts["fortisiem:127.0.0.1:7"]["status"] == "Closed"
    assert alerts.keys() == ALL_SIEM | ALL_MONITOR


def test_an_incident_that_is_cleared_and_comes_again_closes_its_alert_and_the_products_are_left_alone(
    lab: PlaybookLab,
) -> None:
    begin(lab, CLOSE, sources="FortiSIEM")
    ingest(lab)
    lab.siem.clear_incident(1)
    before = lab.stored()
    ingest(lab)
    lab.soar.playbooks.settle()
    alert = lab.alerts()["fortisiem:127.0.0.1:1"]
    assert (alert["status"], alert["resolveddate"]) == (
        "Closed",
        lab.siem.incidents()[0]["incidentClearedTime"] // 1000,
    )
    assert lab.notes(alert["@id"]) == ["FortiSIEM incident 1: already_done / FortiMonitor: it was not escalated"]
    assert (lab.writes(), lab.stored()) == ([], before)


def test_a_deleted_alert_stays_deleted_and_ingestion_goes_on(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM")
    ingest(lab)
    deleted, before = lab.alerts()[SIEM_1], lab.watermarks()
    lab.api("DELETE", deleted["@id"], status=204)
    lab.control.advance(60)
    lab.siem.recur_incident(1)
    lab.siem.add_incidents(1)
    ingest(lab)
    assert lab.alerts().keys() == ALL_SIEM - {SIEM_1} | {"fortisiem:127.0.0.1:8"}
    assert lab.watermarks() != before


def test_an_alert_that_is_restored_follows_its_incident_again(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM")
    ingest(lab)
    deleted = lab.alerts()[SIEM_1]
    lab.api("DELETE", deleted["@id"], status=204)
    lab.api("PUT", f"{deleted['@id']}?$showDeleted=true", {"deletedAt": None})
    lab.control.advance(60)
    lab.siem.recur_incident(1)
    ingest(lab)
    restored = lab.alerts()[SIEM_1]
    assert restored["@id"] == deleted["@id"]
    assert restored["sourcedata"] != deleted["sourcedata"]


# Many.


def test_hundreds_of_incidents_in_a_few_cycles_become_one_alert_each(lab: PlaybookLab) -> None:
    begin(lab, max_results=60)
    numbers = lab.siem.add_incidents(130)
    outages = lab.monitor.add_outages(130, spacing_seconds=30)
    for cycle in range(5):
        if cycle == 2:
            lab.control.advance(60)
            now = lab.siem.now()
            numbers += lab.siem.add_incidents(20, incidentFirstSeen=now, incidentLastSeen=now)
            outages += lab.monitor.add_outages(20, custom=True)
        ingest(lab)
    expected = ALL_SIEM | {f"fortisiem:127.0.0.1:{number}" for number in numbers}
    expected |= ALL_MONITOR | {f"fortimonitor:127.0.0.1:{number}" for number in outages}
    assert lab.alerts().keys() == expected
    assert len(expected) == len(ALL_SIEM | ALL_MONITOR) + 300
    watermarks = lab.watermarks()
    ingest(lab)
    assert lab.alerts().keys() == expected
    assert lab.watermarks() == watermarks


def test_on_a_schedule_each_minute_brings_what_is_new(lab: PlaybookLab) -> None:
    begin(lab)
    lab.schedule(INGEST)
    lab.pass_a_minute()
    assert lab.alerts().keys() == ALL_SIEM | ALL_MONITOR
    (outage,) = lab.monitor.add_outages(1)
    lab.pass_a_minute()
    assert lab.alerts().keys() == ALL_SIEM | ALL_MONITOR | {f"fortimonitor:127.0.0.1:{outage}"}
