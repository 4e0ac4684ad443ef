"""The ingestion playbooks, as the wizard sets them up: nothing lost, nothing twice, and the watermark behind the records."""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.every_action import CREATED, NEW, ORDINARY
from tests.support.interruptions import before_storing
from tests.support.stories import (
    CLOSE,
    CREATE,
    FETCH,
    INGEST,
    MIRROR_MONITOR,
    MIRROR_SIEM,
    POSITIONS,
    PlaybookLab,
    switched,
)

BOTH = "FortiSIEM and FortiMonitor"
LONG = 20_000  # minutes: all that the lab's products have
ALL_SIEM = {f"fortisiem:{number}" for number in range(1, 8)}
ALL_MONITOR = {f"fortimonitor:{number}" for number in (2001, -3001, ORDINARY)}
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


def authority(lab: PlaybookLab, product: str) -> str:
    """Return where a product is, as Source IDs name it."""
    return str(urlsplit(lab.ready[product]["url"]).netloc)


def whole(lab: PlaybookLab, source_id: str) -> str:
    """Return a Source ID that is written without its middle, such as ``fortisiem:1``."""
    product, _, number = source_id.partition(":")
    return f"{product}:{authority(lab, product)}:{number}"


def short(lab: PlaybookLab, source_id: str) -> str:
    """Return a Source ID without its middle, which must be where the product is."""
    product, number = source_id.partition(":")[0], source_id.rpartition(":")[2]
    assert source_id == whole(lab, f"{product}:{number}")
    return f"{product}:{number}"


def alerts(lab: PlaybookLab) -> dict[str, dict[str, Any]]:
    """Return every alert by its Source ID without the middle."""
    return {short(lab, source_id): row for source_id, row in lab.alerts().items()}


def without_tag(description: str) -> str:
    """Return what follows the marker at the beginning of a description."""
    return re.sub(r"\A\[fsr[a-z2-7]{16}\] ", "", description)


def former(source_id: str) -> str:
    """Return the Source ID, written as ``fortisiem:1``, as it was before ports were part of it."""
    return source_id.replace(":", ":127.0.0.1:")


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


# The wizard.


def test_the_wizard_gets_a_sample_whatever_was_fetched_before_and_nothing_is_stored(lab: PlaybookLab) -> None:
    begin(lab)
    ingest(lab)
    lab.siem.add_incidents(20)
    before, found = lab.watermarks(), alerts(lab)
    run = lab.trigger_with(FETCH, {"input": {"params": {}}, "request": {"env_setup": True}})
    assert run.status == "finished"
    assert len(run.result["data"]) == 10
    assert {each["source"] for each in run.result["data"]} == {"FortiSIEM"}
    assert (lab.watermarks(), alerts(lab)) == (before, found)


def test_the_wizards_sample_is_of_the_first_product_that_is_wanted(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiMonitor")
    run = lab.trigger_with(FETCH, {"request": {"env_setup": True}})
    assert {short(lab, each["source_id"]) for each in run.result["data"]} == ALL_MONITOR


@pytest.mark.parametrize(
    ("sources", "named", "expected"),
    [
        ("FortiSIEM", "5", "fortisiem:5"),
        (BOTH, "fortimonitor:{monitor}:-3001", "fortimonitor:-3001"),
        ("FortiMonitor", "-3001", "fortimonitor:-3001"),
    ],
)
def test_the_wizards_sample_is_the_incident_that_is_named_and_ingestion_is_not_narrowed_by_it(
    lab: PlaybookLab, sources: str, named: str, expected: str
) -> None:
    named = named.format(monitor=authority(lab, "fortimonitor"))
    begin(lab, sources=sources, incident_id=named, lookback=60, severity=["Critical"])
    run = lab.trigger_with(FETCH, {"request": {"env_setup": True}})
    assert [short(lab, each["source_id"]) for each in run.result["data"]] == [expected]
    lab.answer_wizard(sources=sources, incident_id=named, lookback=LONG)
    ingest(lab)
    assert len(alerts(lab)) == len(ALL_SIEM) * ("SIEM" in sources) + len(ALL_MONITOR) * ("Monitor" in sources)


def test_a_sample_that_is_not_there_fails_with_what_to_do(lab: PlaybookLab) -> None:
    begin(lab, incident_id="4242")
    run = lab.trigger_with(FETCH, {"request": {"env_setup": True}})
    assert run.status == "failed"
    assert "FortiSIEM shows no incident 4242." in run.result["Error message"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"status": ["Closed"]}, {"fortisiem:3", "fortisiem:4", "fortisiem:5", "fortimonitor:2001"}),
        ({"severity": "['High']"}, {"fortisiem:1", "fortisiem:2"}),  # as the platform may write a list
        ({"category": ["Availability", "Change"]}, {"fortisiem:2", "fortisiem:4"} | ALL_MONITOR),
        ({"category": ["Security"], "severity": ["Medium"], "sources": "FortiSIEM"}, {"fortisiem:6", "fortisiem:7"}),
    ],
)
def test_only_what_the_wizard_was_told_to_choose_is_ingested_and_the_watermark_passes_the_rest(
    lab: PlaybookLab, answers: dict[str, Any], expected: set[str]
) -> None:
    begin(lab, **answers)
    lab.control.switch("fortisiem", severity_category_filter="ignored")
    ingest(lab)
    assert alerts(lab).keys() == expected & (ALL_SIEM if "sources" in answers else ALL_SIEM | ALL_MONITOR)
    newest = max(row["incidentLastSeen"] for row in lab.siem.incidents())
    assert lab.watermarks()["FortiSIEM"] == str(newest)


def test_filters_lose_nothing_that_comes_to_fit_and_make_nothing_twice(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM", severity=["High"])
    ingest(lab)
    assert alerts(lab).keys() == {"fortisiem:1", "fortisiem:2"}
    lab.control.advance(60)
    lab.siem.recur_incident(7)
    lab.siem.add_incidents(2, eventSeverityCat="HIGH", incidentLastSeen=lab.siem.now())
    for _ in range(2):
        ingest(lab)
        assert alerts(lab).keys() == {"fortisiem:1", "fortisiem:2", "fortisiem:8", "fortisiem:9"}
    lab.answer_wizard(sources="FortiSIEM", lookback=LONG, severity=["High", "Medium"])
    ingest(lab)
    assert alerts(lab).keys() == {"fortisiem:1", "fortisiem:2", "fortisiem:7", "fortisiem:8", "fortisiem:9"}


def test_the_events_of_an_incident_stand_in_the_source_data_where_they_are_wanted(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM", include_events=True)
    ingest(lab)
    events = json.loads(alerts(lab)["fortisiem:1"]["sourcedata"])["events"]
    assert events
    assert all(event["raw_message"] for event in events)


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
    assert alerts(lab).keys() == expected
    assert lab.watermarks().keys() == set(sources.split(" and "))
    asked = {name for name in ("fortisiem", "fortimonitor") if lab.control.journal(name)}
    assert asked == {name.lower() for name in sources.split(" and ")}


def test_a_first_run_looks_back_as_long_as_the_wizard_was_told(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM", lookback=60)
    ingest(lab)
    assert alerts(lab).keys() == {f"fortisiem:{number}" for number in (1, 2, 7)}


def test_the_button_needs_no_record(lab: PlaybookLab) -> None:
    begin(lab, INGEST)
    assert lab.press(INGEST).status == "finished"
    assert alerts(lab).keys() == ALL_SIEM | ALL_MONITOR


# What becomes of an incident.

INVOLVED = ("type", "description", "sourceIp", "destinationIp", "iPAddresses", "computerName", "userName")
SHOWN = {
    1: {
        "type": None,  # Credential Access and Security are no types of the picklist
        "description": "<p>Brute Force Login Success</p><p>Source: srcIpAddr:198.51.100.23, user:jdoe</p>"
        "<p>Target: hostIpAddr:192.0.2.10, hostName:dc-01.example.com</p><p>Detail: failureCount:148</p>"
        "<p>Reported by: dc-01.example.com 192.0.2.10</p>",
        "sourceIp": "198.51.100.23",
        "destinationIp": "192.0.2.10",
        "iPAddresses": "198.51.100.23, 192.0.2.10",
        "computerName": "dc-01.example.com",
        "userName": "jdoe",
    },
    2: {
        "type": "Network Outage",
        "description": "<p>SNMP Service Unavailable</p><p>Target: hostIpAddr:192.0.2.54, hostName:sw-core-02.example.com</p>"
        "<p>Reported by: sw-core-02.example.com 192.0.2.54</p>",
        "sourceIp": "",
        "destinationIp": "192.0.2.54",
        "iPAddresses": "192.0.2.54",
        "computerName": "sw-core-02.example.com",
        "userName": "",
    },
}


def test_incidents_of_fortisiem_become_alerts_with_all_that_is_known(lab: PlaybookLab) -> None:
    begin(lab)
    ingest(lab)
    found = alerts(lab)
    for stored in lab.siem.incidents():
        alert = found[f"fortisiem:{stored['incidentId']}"]
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
        assert {name: alert[name] for name in INVOLVED} == SHOWN.get(
            stored["incidentId"], {name: alert[name] for name in INVOLVED}
        )
        assert alert["eventTime"] == stored["incidentLastSeen"] // 1000
        assert isinstance(alert["sourcedata"], str)
        assert json.loads(alert["sourcedata"])["incident_id"] == stored["incidentId"]
    assert {found[each]["severity"] for each in ALL_SIEM} == {"Low", "Medium", "High"}


def test_several_techniques_are_all_named(lab: PlaybookLab) -> None:
    begin(lab)
    techniques = [{"name": "Phishing", "techniqueid": "T1566"}, {"name": "Valid Accounts", "techniqueid": "T1078"}]
    lab.siem.add_incidents(1, attackTechnique=json.dumps(techniques))
    ingest(lab)
    alert = alerts(lab)["fortisiem:8"]
    assert (alert["mitreattackid"], alert["mitreTechnique"]) == ("T1566, T1078", "Phishing, Valid Accounts")


def test_outages_of_fortimonitor_become_alerts_with_all_that_is_known(lab: PlaybookLab) -> None:
    begin(lab)
    lab.execute(*CREATED)
    shown = lab.outages()
    ingest(lab)
    found = alerts(lab)
    assert shown.keys() == {2001, -3001, ORDINARY, NEW}
    for number, outage in shown.items():
        alert = found[f"fortimonitor:{number}"]
        assert {name: alert[name] for name in ("name", "source", "severity", "status", "mitreattackid", "type")} == {
            "name": f"FortiMonitor: {without_tag(outage['description'].splitlines()[0])}",
            "source": "FortiMonitor",
            "severity": {"critical": "Critical", "warning": "Medium"}[outage["severity"]],
            "status": {"active": "Open", "resolved": "Closed"}[outage["status"]],
            "mitreattackid": "",
            "type": None,
        }
        assert without_tag(re.sub("</?p>", "", alert["description"])) in outage["description"].replace("\n", "")
        assert alert["computerName"] == outage["server_fqdn"]
        data = json.loads(alert["sourcedata"])
        assert data["incident_id"] == number
        assert alert["alertDetectionDate"] == epoch(data["start_time"])
        assert alert["resolveddate"] == (epoch(data["end_time"]) if data["end_time"] else None)
    assert found[f"fortimonitor:{ORDINARY}"]["status"] == "Open"


def test_an_alert_gets_the_type_that_its_incidents_subcategory_or_category_stands_for_and_else_none(
    lab: PlaybookLab,
) -> None:
    begin(lab, sources="FortiSIEM", lookback=60)
    for category, subcategory in ((4, "Reconnaissance"), (1, "Exfiltration"), (2, "Server"), (4, "Odd")):
        lab.siem.add_incidents(1, phIncidentCategory=category, phSubIncidentCategory=subcategory)
    with lab.with_values(CREATE, type_words="{{ {'Server': 'Not There', 'Security': 'Other / Unknown'} }}"):
        ingest(lab)
    found = alerts(lab)
    types = ["Reconnaissance", None, None, "Other / Unknown"]
    assert [found[f"fortisiem:{number}"]["type"] for number in (8, 9, 10, 11)] == types


@pytest.mark.parametrize("text", BRACES)
def test_text_of_fortisiem_that_looks_like_code_is_stored_as_text(lab: PlaybookLab, text: str) -> None:
    begin(lab)
    lab.siem.add_incidents(
        1, incidentTitle=text, incidentComments=text, eventName=text, incidentSrc=f"srcIpAddr:{text}, user:{text}"
    )
    for _ in range(2):  # a first run creates, a second one refreshes
        ingest(lab)
        alert = alerts(lab)["fortisiem:8"]
        assert text in alert["name"]
        assert f"<p>{text}</p>" in unescape(alert["description"])
        assert "<it>" not in alert["description"]
        assert "Array" not in (alert["sourceIp"], alert["userName"])
        data = json.loads(alert["sourcedata"])
        assert (data["title"], data["comments"]) == (text, text)


@pytest.mark.parametrize("text", BRACES)
def test_text_of_fortimonitor_that_looks_like_code_is_stored_as_text(lab: PlaybookLab, text: str) -> None:
    begin(lab)
    operation, incident = CREATED
    lab.execute(operation, {**incident, "description": text})
    ingest(lab)
    alert = alerts(lab)[f"fortimonitor:{NEW}"]
    assert text in alert["name"]
    assert without_tag(json.loads(alert["sourcedata"])["description"]).startswith(text)


# The watermark.


def test_the_first_run_creates_the_watermarks_and_a_repeated_cycle_changes_nothing(lab: PlaybookLab) -> None:
    begin(lab)
    assert lab.watermarks() == {}
    ingest(lab)
    assert [run.way[-1] for run in lab.runs(CREATE)] == ["Create Watermark", "Create Watermark"]
    watermarks, found = lab.watermarks(), alerts(lab)
    newest = max(row["incidentLastSeen"] for row in lab.siem.incidents())
    assert watermarks["FortiSIEM"] == str(newest)
    assert watermarks.keys() == {"FortiSIEM", "FortiMonitor"}
    assert found.keys() == ALL_SIEM | ALL_MONITOR

    ingest(lab)

    assert [run.way[-1] for run in lab.runs(CREATE)[2:]] == ["Update Watermark", "Update Watermark"]
    assert lab.watermarks() == watermarks
    assert _without_times(lab) == {name: _timeless(row) for name, row in found.items()}


def _without_times(lab: PlaybookLab) -> dict[str, dict[str, Any]]:
    return {name: _timeless(row) for name, row in alerts(lab).items()}


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
    assert alerts(lab).keys() == ALL_SIEM | ALL_MONITOR | {
        "fortisiem:8",
        f"fortimonitor:{outage}",
    }
    after = lab.watermarks()
    assert all(int(after[name]) > int(before[name]) for name in before)


def taken_meanwhile(lab: PlaybookLab, source_id: str) -> AbstractContextManager[None]:
    """Let somebody store and delete an alert just before a playbook stores the first one of this Source ID."""
    return before_storing(lab.soar.playbooks, lambda: lab.api("DELETE", lab.alert(whole(lab, source_id)), status=204))


def test_a_record_that_is_refused_leaves_the_watermark_and_the_next_run_goes_on(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM")
    ingest(lab)
    watermark = lab.watermarks()
    lab.control.advance(120)
    now = lab.siem.now()
    lab.siem.add_incidents(3, incidentLastSeen=now, incidentFirstSeen=now)

    with taken_meanwhile(lab, "fortisiem:8"):
        ingest(lab, "finished with error")

    (run,) = lab.runs(CREATE)[1:]
    assert run.status == "failed"
    assert "1 of 3 records were refused" in run.result["Error message"]
    assert lab.watermarks() == watermark

    ingest(lab)
    assert alerts(lab).keys() == ALL_SIEM | {"fortisiem:9", "fortisiem:10"}
    assert lab.watermarks() == {"FortiSIEM": str(now)}


def test_a_first_run_whose_record_is_refused_creates_no_watermark(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiMonitor")
    with taken_meanwhile(lab, f"fortimonitor:{ORDINARY}"):
        ingest(lab, "finished with error")
    assert lab.watermarks() == {}
    ingest(lab)
    assert alerts(lab).keys() == ALL_MONITOR - {f"fortimonitor:{ORDINARY}"}
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
    assert alerts(lab).keys() == stored
    lab.calm()
    ingest(lab)
    assert lab.watermarks().keys() == {failing, other}
    assert alerts(lab).keys() == ALL_SIEM | ALL_MONITOR


def test_a_page_that_fails_half_way_advances_nothing_and_loses_nothing(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiMonitor")
    ingest(lab)
    watermark = lab.watermarks()
    lab.control.advance(300)
    numbers = lab.monitor.add_outages(120)
    lab.strike("answer", "fortimonitor", status=403, skip=1, when="before")
    ingest(lab, "finished with error")
    assert lab.watermarks() == watermark
    assert alerts(lab).keys() == ALL_MONITOR
    lab.calm()
    ingest(lab)
    assert alerts(lab).keys() == ALL_MONITOR | {f"fortimonitor:{number}" for number in numbers}
    assert lab.watermarks() != watermark


# What analysts and products do to an alert that is there.


def made(lab: PlaybookLab) -> dict[str, Any]:
    """Return what an analyst made of an alert: all that ingestion fills in, but the source data, and a text of theirs."""
    return {
        "name": "Renamed",
        "description": "Mine",
        "severity": lab.item("Severity", "Critical"),
        "status": lab.item("AlertStatus", "Investigating"),
        "source": "Told by phone",
        "alertDetectionDate": 1_700_000_000,
        "resolveddate": 1_700_000_060,
        "mitreattackid": "T1566",
        "mitreTechnique": "Phishing",
        "sourceIp": "203.0.113.1",
        "destinationIp": "203.0.113.2",
        "iPAddresses": "203.0.113.3",
        "computerName": "Mine",
        "userName": "me",
        "eventTime": 1_700_000_120,
        "type": lab.item("AlertType", "Phishing"),
    }


@pytest.mark.parametrize(("switch", "position"), POSITIONS)
def test_what_an_analyst_made_of_an_alert_stays(lab: PlaybookLab, switch: str, position: Any) -> None:
    edited = {"fortisiem:1", "fortisiem:2", "fortisiem:7", f"fortimonitor:{ORDINARY}"}
    kept = {**made(lab), "severity": "Critical", "status": "Investigating", "type": "Phishing"}
    with switched(lab, **{switch: position}):
        begin(lab, overlap=86_400)
        ingest(lab)
        before = alerts(lab)
        for each in edited:
            closed = {"status": lab.item("AlertStatus", "Closed")} if each == "fortisiem:2" else {}
            lab.api("PUT", before[each]["@id"], {**made(lab), **closed, "sourcedata": "Emptied"})
        for number in (1, 2, 7):
            lab.siem.recur_incident(number)
        lab.siem.clear_incident(2)
        lab.siem.clear_incident(7)
        ingest(lab)
        after = alerts(lab)
    assert after.keys() == ALL_SIEM | ALL_MONITOR
    assert {name: after["fortisiem:1"][name] for name in kept} == kept
    assert {name: after[f"fortimonitor:{ORDINARY}"][name] for name in kept} == kept
    # Only a closed incident changes the status, and of an alert that is closed already nothing.
    assert {name: after["fortisiem:2"][name] for name in kept} == {**kept, "status": "Closed"}
    cleared = lab.siem.incidents()[6]["incidentClearedTime"] // 1000
    assert {name: after["fortisiem:7"][name] for name in kept} == {**kept, "status": "Closed", "resolveddate": cleared}
    # They were fetched again all the same.
    fetched = {each: json.loads(after[each]["sourcedata"])["incident_id"] for each in edited}
    assert fetched == {each: int(each.partition(":")[2]) for each in edited}


def test_an_incident_that_is_cleared_and_comes_again_closes_its_alert_and_the_products_are_left_alone(
    lab: PlaybookLab,
) -> None:
    begin(lab, CLOSE, sources="FortiSIEM")
    ingest(lab)
    lab.siem.clear_incident(1)
    before = lab.stored()
    ingest(lab)
    lab.soar.playbooks.settle()
    alert = alerts(lab)["fortisiem:1"]
    assert (alert["status"], alert["resolveddate"]) == (
        "Closed",
        lab.siem.incidents()[0]["incidentClearedTime"] // 1000,
    )
    assert lab.notes(alert["@id"]) == ["FortiSIEM incident 1: already_done / FortiMonitor: it was not escalated"]
    assert (lab.writes(), lab.stored()) == ([], before)


def test_a_deleted_alert_stays_deleted_and_ingestion_goes_on(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM")
    ingest(lab)
    deleted, before = alerts(lab)["fortisiem:1"], lab.watermarks()
    lab.api("DELETE", deleted["@id"], status=204)
    lab.control.advance(60)
    lab.siem.recur_incident(1)
    lab.siem.add_incidents(1)
    ingest(lab)
    assert alerts(lab).keys() == ALL_SIEM - {"fortisiem:1"} | {"fortisiem:8"}
    assert lab.watermarks() != before


def test_an_alert_that_is_restored_follows_its_incident_again(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM")
    ingest(lab)
    deleted = alerts(lab)["fortisiem:1"]
    lab.api("DELETE", deleted["@id"], status=204)
    lab.api("PUT", f"{deleted['@id']}?$showDeleted=true", {"deletedAt": None})
    lab.control.advance(60)
    lab.siem.recur_incident(1)
    ingest(lab)
    restored = alerts(lab)["fortisiem:1"]
    assert restored["@id"] == deleted["@id"]
    assert restored["sourcedata"] != deleted["sourcedata"]


# Alerts from before ports were part of Source IDs.


def alert_of_before(lab: PlaybookLab, source_id: str, began: int | None, **fields: Any) -> str:
    return lab.alert(former(source_id), alertDetectionDate=began, **fields)


def began(lab: PlaybookLab, number: int) -> int:
    """Return when an incident of FortiSIEM began, in epoch seconds."""
    return int(next(row["incidentFirstSeen"] for row in lab.siem.incidents() if row["incidentId"] == number) // 1000)


@pytest.mark.parametrize("is_dated", [True, False])
def test_an_incident_that_is_known_without_its_port_gets_no_second_alert(lab: PlaybookLab, is_dated: bool) -> None:
    begin(lab)
    ours = {"status": "Investigating"}
    start = int(parsedate_to_datetime(lab.outages()[ORDINARY]["start_time"]).timestamp())
    alert_of_before(lab, "fortisiem:1", began(lab, 1) if is_dated else None, **ours)
    alert_of_before(lab, f"fortimonitor:{ORDINARY}", start if is_dated else None, **ours)
    known = {"fortisiem:1", f"fortimonitor:{ORDINARY}"}
    for _ in range(2):
        ingest(lab)
        found = lab.alerts()
        expected = {whole(lab, each) for each in (ALL_SIEM | ALL_MONITOR) - known} | {former(each) for each in known}
        assert found.keys() == expected
        for each in known:
            alert = found[former(each)]
            assert alert["status"] == "Investigating"
            assert str(json.loads(alert["sourcedata"])["incident_id"]) == each.partition(":")[2]
    assert lab.watermarks().keys() == {"FortiSIEM", "FortiMonitor"}


def test_an_alert_without_the_port_that_began_at_another_time_is_of_another_product(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM")
    strangers = alert_of_before(lab, "fortisiem:1", began(lab, 1) - 60)
    before = lab.api("GET", strangers)
    ingest(lab)
    assert lab.alerts().keys() == {whole(lab, each) for each in ALL_SIEM} | {former("fortisiem:1")}
    assert lab.api("GET", strangers) == before


def test_a_deleted_alert_without_the_port_stays_deleted(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM")
    lab.api("DELETE", alert_of_before(lab, "fortisiem:1", began(lab, 1)), status=204)
    ingest(lab)
    assert alerts(lab).keys() == ALL_SIEM - {"fortisiem:1"}
    assert lab.watermarks().keys() == {"FortiSIEM"}


def test_an_alert_without_the_port_is_closed_with_its_incident(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM")
    alert_of_before(lab, "fortisiem:1", began(lab, 1))
    lab.siem.clear_incident(1)
    ingest(lab)
    alert = lab.alerts()[former("fortisiem:1")]
    assert (alert["status"], bool(alert["resolveddate"])) == ("Closed", True)


@pytest.mark.parametrize(
    ("mirror", "product", "number"), [(MIRROR_SIEM, "fortisiem", 3), (MIRROR_MONITOR, "fortimonitor", 2001)]
)
def test_mirrors_close_alerts_with_the_port_and_without_it(
    lab: PlaybookLab, mirror: str, product: str, number: int
) -> None:
    lab.begin()
    for source_id in (former(f"{product}:{number}"), whole(lab, f"{product}:{number}")):
        lab.alert(source_id)
    assert lab.trigger(mirror).status == "finished"
    assert {row["status"] for row in lab.alerts().values()} == {"Closed"}


# Rows that are not as they should be.


def test_incidents_that_lack_a_time_become_alerts_with_what_they_have(lab: PlaybookLab) -> None:
    begin(lab)
    lab.control.switch("fortisiem", odd_rows="without_first_seen")
    lab.control.switch("fortimonitor", start_time="null")
    for _ in range(2):
        ingest(lab)
        found = alerts(lab)
        assert found.keys() == ALL_SIEM | ALL_MONITOR
        assert {found[each]["alertDetectionDate"] for each in ALL_MONITOR} == {None}
        for stored in lab.siem.incidents():
            dated = found[f"fortisiem:{stored['incidentId']}"]["alertDetectionDate"]
            assert dated == stored["incidentLastSeen"] // 1000
    assert lab.watermarks().keys() == {"FortiSIEM", "FortiMonitor"}


def test_what_the_database_refuses_is_replaced_and_holds_up_nothing(lab: PlaybookLab) -> None:
    begin(lab, sources="FortiSIEM")
    lab.siem.add_incidents(1, incidentTitle="Disk\0full")
    ingest(lab)
    found = alerts(lab)
    assert found.keys() == ALL_SIEM | {"fortisiem:8"}
    assert found["fortisiem:8"]["name"] == "FortiSIEM: Disk\ufffdfull"


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
    expected = ALL_SIEM | {f"fortisiem:{number}" for number in numbers}
    expected |= ALL_MONITOR | {f"fortimonitor:{number}" for number in outages}
    assert alerts(lab).keys() == expected
    assert len(expected) == len(ALL_SIEM | ALL_MONITOR) + 300
    watermarks = lab.watermarks()
    ingest(lab)
    assert alerts(lab).keys() == expected
    assert lab.watermarks() == watermarks


def test_on_a_schedule_each_minute_brings_what_is_new(lab: PlaybookLab) -> None:
    begin(lab)
    lab.schedule(INGEST)
    lab.pass_a_minute()
    assert alerts(lab).keys() == ALL_SIEM | ALL_MONITOR
    (outage,) = lab.monitor.add_outages(1)
    lab.pass_a_minute()
    assert alerts(lab).keys() == ALL_SIEM | ALL_MONITOR | {f"fortimonitor:{outage}"}
