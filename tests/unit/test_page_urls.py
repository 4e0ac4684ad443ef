"""The page of an incident for people, beside the address of the API."""

from __future__ import annotations

import pytest

from tests.support.fortimonitor import expect_page, expect_read, outage
from tests.support.package import configuration, execute, module
from tests.support.pair import INCIDENTS, MARKER, TICKET, expect_resolve, expect_siem_row, expect_siem_update, siem_row

PANEL = "https://my.panopta.com/outage/manageIncident?incident_id={id}"
SIEM = "https://siem.example.com/phoenix/html/incidents/{id}"
OUTAGE_PAGE, SIEM_PAGE = PANEL.replace("{id}", "-1000001"), SIEM.replace("{id}", "1")


def run(action, **params):
    config = configuration(advanced=True, fortimonitor_web_url=PANEL, fortisiem_web_url=SIEM)
    return execute(action, params, config)


def test_what_is_read_has_its_page(http):
    expect_siem_row(http, siem_row(**TICKET))
    expect_read(http, -1000001, outage(-1000001, MARKER))
    result = run("get_incident_state", incident_id=1)
    assert (result["fortimonitor"]["page_url"], result["fortisiem"]["page_url"]) == (OUTAGE_PAGE, SIEM_PAGE)


def test_what_is_written_has_its_page(http):
    expect_resolve(http, {})
    expect_siem_update(http, {"comments": "Seen"})
    assert run("force_resolve_incident", incident="-1000001")["page_url"] == OUTAGE_PAGE
    assert run("comment_siem_incident", incident_id=1, comment="Seen", verify=False)["page_url"] == SIEM_PAGE


def test_what_is_left_alone_has_its_page_on_both_sides(http):
    expect_siem_row(http, siem_row(**TICKET))
    expect_read(http, -1000001, outage(-1000001, MARKER))
    keys = {"server": 1001, "plugin_textkey": "a", "resource_textkey": "b"}
    result = run("escalate_siem_incident", incident_id=1, **keys)
    assert (result["fortimonitor"]["page_url"], result["fortisiem"]["page_url"]) == (OUTAGE_PAGE, SIEM_PAGE)


def test_each_of_many_has_its_page(http):
    expect_resolve(http, {})
    (item,) = run("force_resolve_incidents", items=[-1000001])["results"]
    assert item["page_url"] == OUTAGE_PAGE
    expect_siem_update(http, {"comments": "Seen"})
    items = [{"incident_id": 1, "comments": "Seen"}]
    (item,) = run("update_siem_incidents", items=items, skip_done=False)["results"]
    assert item["page_url"] == SIEM_PAGE


def test_the_log_and_the_events_of_an_incident_have_its_page(http):
    path = "/outage/-1000001/outage_log"
    expect_page(http, path, [], total=0)
    assert run("get_fortimonitor_incident_log", incident="-1000001")["page_url"] == OUTAGE_PAGE
    http.get(f"{INCIDENTS}/triggeringEvents/start", json={"queryId": "7"})
    http.get(f"{INCIDENTS}/triggeringEvents/progress/7", json=100)
    http.get(f"{INCIDENTS}/triggeringEvents/result/7", json={"data": []})
    assert run("get_siem_incident_events", incident_id=1)["page_url"] == SIEM_PAGE


@pytest.mark.parametrize(
    ("incident_id", "template", "url"), [(1, None, None), (None, SIEM, None), (1, "https://a/b", "https://a/b")]
)
def test_a_page_needs_an_address_and_an_incident_and_an_address_without_a_place_stays(incident_id, template, url):
    config = configuration(advanced=True, fortisiem_web_url=template)
    context = module("clients.context").Context
    valid = module("core.configuration").valid_configuration(config)
    made = context(valid, module("core.redaction").Redactor(), None)
    assert made.page_url("fortisiem", incident_id) == url
