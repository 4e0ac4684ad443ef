"""Feeds of the local FortiSOAR: many records at once, of which no playbook is told."""

from __future__ import annotations

from typing import Any

import pytest
from pyfsr.api.feeds import IngestFeedsAPI

from tests.support.playbooks import Soar, playbook, start, step

Row = dict[str, Any]

FEEDS = "/api/ingest-feeds/threat_intel_feeds"
ADDRESS = "/api/3/picklists/b788efc2-dadb-4448-9018-043b37266de4"  # what published feeds call an IP address
DOMAIN = "/api/3/picklists/18c5c903-eda5-494d-aa7e-f28b479681ac"


def feed(value: str, **more: Any) -> Row:
    return {"value": value, "typeOfFeed": ADDRESS, "source": "Blocklist", **more}


def stored(soar: Soar, module: str = "threat_intel_feeds") -> list[Row]:
    rows: list[Row] = soar.ask("GET", f"/api/3/{module}?$orderby=id&$relationships=true")["hydra:member"]
    return rows


def item(soar: Soar, picklist: str, value: str) -> str:
    query = f"/api/3/picklists?listName.name={picklist}&itemValue={value}"
    (found,) = soar.ask("GET", query)["hydra:member"]
    iri: str = found["@id"]
    return iri


def test_a_feeds_rows_become_records_and_their_uuids_come_back_in_order(soar: Soar) -> None:
    malicious, red = item(soar, "IndicatorReputation", "Malicious"), item(soar, "TrafficLightProtocol", "Red")
    told = {"confidence": "90", "reputation": malicious, "tLP": red, "expiresOn": 1800000000, "sourceData": "{}"}

    answer = soar.ask("POST", FEEDS, {"data": [feed("192.0.2.1", **told), feed("192.0.2.2")]})

    first, second = stored(soar)
    assert answer == {"status": "success", "uuids": [first["uuid"], second["uuid"]]}
    assert (first["@type"], first["value"], second["value"]) == ("ThreatIntelFeed", "192.0.2.1", "192.0.2.2")
    assert [first[name]["itemValue"] for name in ("typeOfFeed", "reputation", "tLP")] == [
        "IP Address",
        "Malicious",
        "Red",
    ]
    assert (first["confidence"], first["expiresOn"], first["sourceData"]) == (90, 1800000000, "{}")


def test_type_value_and_source_make_a_feed_unique_and_only_what_is_given_changes(soar: Soar) -> None:
    soar.ask("POST", FEEDS, {"data": [feed("192.0.2.1", confidence=10, description="kept")]})

    others = [feed("192.0.2.1", source="Other"), feed("192.0.2.1", typeOfFeed=DOMAIN)]
    soar.ask("POST", FEEDS, {"data": [*others, feed("192.0.2.1", confidence=70)]})

    first, *rest = stored(soar)
    assert (first["confidence"], first["description"]) == (70, "kept")
    assert [(row["source"], row["typeOfFeed"]["itemValue"]) for row in rest] == [
        ("Other", "IP Address"),
        ("Blocklist", "Domain"),
    ]


def test_a_row_with_the_uuid_of_a_record_updates_it(soar: Soar) -> None:
    made = soar.ask("POST", "/api/3/assets", {"name": "old", "ip": "192.0.2.9"}, 201)
    new = "6b2f8a3e-1d0c-4a57-9d1e-2f4b6c8d0e1a"

    answer = soar.ask(
        "POST",
        "/api/ingest-feeds/assets",
        {"data": [{"uuid": made["uuid"].upper(), "name": "new"}, {"uuid": new, "name": "other"}]},
    )

    assert answer["uuids"] == [made["uuid"], new]
    assert [(row["name"], row["ip"]) for row in stored(soar, "assets")] == [("new", "192.0.2.9"), ("other", None)]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (feed("192.0.2.2", confidence="high"), 'The "confidence" field expects an integer.'),
        ("192.0.2.2", "A record must be a JSON object."),
    ],
)
def test_one_bad_row_refuses_all(soar: Soar, bad: Any, message: str) -> None:
    refused = soar.ask("POST", FEEDS, {"data": [feed("192.0.2.1"), bad]}, 400)

    assert refused["message"] == message
    assert stored(soar) == []


@pytest.mark.parametrize("body", [[], {}, {"data": {}}, "x"])
def test_a_feed_is_a_list_of_rows(soar: Soar, body: Any) -> None:
    assert soar.ask("POST", FEEDS, body, 400)["message"] == 'The body must be {"data": [...]}.'


def test_a_module_that_is_not_there_takes_no_feed(soar: Soar) -> None:
    refused = soar.ask("POST", "/api/ingest-feeds/stix-bundle", {"type": "bundle", "objects": []}, 404)

    assert refused["message"] == "/api/3/stix-bundle was not found."


def test_who_asks_for_the_status_only_gets_it_alone(soar: Soar) -> None:
    assert soar.ask("POST", f"{FEEDS}?$statusOnly=true", {"data": [feed("192.0.2.1")]}) == {"status": "success"}
    assert len(stored(soar)) == 1


def test_no_playbook_is_told_of_a_feed(soar: Soar) -> None:
    note = step("Note", "InsertData", collection="/api/3/comments", resource={"content": "told"})
    waiting = start("cybersponse.post_create", resource="alerts", resources=["alerts"])
    soar.load(playbook("P", waiting, note, isActive=True))

    soar.ask("POST", "/api/ingest-feeds/alerts", {"data": [{"name": "A", "sourceId": "s-1"}]})
    soar.product.playbooks.settle()
    assert soar.comments() == []

    soar.ask("POST", "/api/3/alerts", {"name": "B"}, 201)
    soar.product.playbooks.settle()
    assert soar.comments() == ["told"]


def test_what_is_empty_says_nothing_but_in_a_text(soar: Soar) -> None:
    soar.ask("POST", FEEDS, {"data": [feed("192.0.2.1", confidence=70, expiresOn=1800000000, description="old")]})

    empty = dict.fromkeys(("confidence", "expiresOn", "reputation", "recordTags", "threatTypes", "description"), "")
    soar.ask("POST", FEEDS, {"data": [feed("192.0.2.1", **empty)]})

    (row,) = stored(soar)
    assert (row["confidence"], row["expiresOn"], row["description"]) == (70, 1800000000, "")


def test_several_items_of_a_picklist_may_be_named_by_bare_uuids(soar: Soar) -> None:
    delivery, weapon = (item(soar, "KillChainPhases", value) for value in ("Delivery", "Weaponization"))

    soar.ask("POST", FEEDS, {"data": [feed("192.0.2.1", killChainPhases=[delivery.rsplit("/", 1)[-1], weapon])]})

    (row,) = stored(soar)
    assert sorted(one["itemValue"] for one in row["killChainPhases"]) == ["Delivery", "Weaponization"]


def test_a_feed_and_an_indicator_show_each_other(soar: Soar) -> None:
    kind = item(soar, "IndicatorType", "IP Address")
    rows = [{"value": "192.0.2.1", "typeofindicator": kind}]
    (uuid,) = soar.ask("POST", "/api/ingest-feeds/indicators", {"data": rows})["uuids"]

    soar.ask("POST", FEEDS, {"data": [feed("192.0.2.1", indicators=[f"/api/3/indicators/{uuid}"])]})

    (row,) = stored(soar)
    assert [one["uuid"] for one in row["indicators"]] == [uuid]
    (indicator,) = stored(soar, "indicators")
    assert [one["uuid"] for one in indicator["threatIntelFeeds"]] == [row["uuid"]]


def test_a_client_of_the_real_fortisoar_reads_the_answer(soar: Soar) -> None:
    class Client:
        def post(self, path: str, data: Row) -> Any:
            return soar.ask("POST", path, data)

    client: Any = Client()

    result = IngestFeedsAPI(client).insert("threat_intel_feeds", [feed("192.0.2.1"), feed("192.0.2.2")])

    assert result.ok
    assert result.uuids == [row["uuid"] for row in stored(soar)]
