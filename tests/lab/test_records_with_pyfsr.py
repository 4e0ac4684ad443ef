"""The record store under a client that was written against the real FortiSOAR: pyfsr, over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pyfsr import FortiSOAR, Query
from pyfsr.exceptions import APIError, PicklistResolutionError, ResourceNotFoundError

from tests.support.playbooks import KEY, PASSWORD, USERNAME, Soar


@pytest.fixture(params=["password", "API key"])
def client(request: pytest.FixtureRequest, served: tuple[Soar, str, str]) -> Iterator[FortiSOAR]:
    _, url, ca = served
    by: dict[str, Any] = (
        {"username": USERNAME, "password": PASSWORD} if request.param == "password" else {"api_key": KEY}
    )
    made = FortiSOAR(url, verify_ssl=ca, **by)  # type: ignore[arg-type]  # requests takes a CA's file, too
    yield made
    made.session.close()


@pytest.fixture
def alerts(client: FortiSOAR) -> Any:
    return client.records("alerts")


def test_friendly_picklist_values_go_in_and_come_out(alerts: Any) -> None:
    made = alerts.create({"name": "Disk full", "severity": "High", "status": "Open", "eventTime": 1700000000})
    read = alerts.get(made.uuid)
    assert (read.name, read.severity, read.status, read["eventTime"]) == ("Disk full", "High", "Open", 1700000000)
    assert alerts.get(f"alerts:{made.uuid}", resolve_picklists=False, raw=True)["severity"]["itemValue"] == "High"
    assert alerts.update(made.uuid, {"status": "Closed"}).status == "Closed"


def test_a_wrong_picklist_value_is_told_by_both(alerts: Any) -> None:
    with pytest.raises(PicklistResolutionError):
        alerts.create({"name": "x", "severity": "Terrible"}, strict_picklists=True)
    with pytest.raises(APIError, match='The "severity" field is required to have a value from the "Severity" picklist'):
        alerts.create({"name": "x", "severity": "Terrible"})


def test_lists_and_iteration_reach_every_record(alerts: Any) -> None:
    for number in range(7):
        alerts.create({"name": f"n{number}"})
    page = alerts.list(limit=3, page=2)
    assert (page.total, page.has_next, [row.name for row in page]) == (7, True, ["n3", "n4", "n5"])
    assert [row.name for row in alerts.iterate(page_size=3)] == [f"n{number}" for number in range(7)]
    query = Query().like("name", "n%").sort("name", "DESC")
    assert [row.name for row in alerts.iterate(query, page_size=2)] == [f"n{number}" for number in range(6, -1, -1)]
    assert [row.name for row in alerts.search("n5").members] == ["n5"]


def test_queries_find_and_count(alerts: Any) -> None:
    for name, severity in (("a", "High"), ("b", "Low"), ("c", "High")):
        alerts.create({"name": name, "severity": severity, "status": "Open"})
    high = Query(module="alerts").eq("severity", "High").sort("name")
    assert [row.name for row in alerts.query(high)] == ["c", "a"]
    either = Query("OR").eq("name", "a").group(Query().eq("severity.itemValue", "Low"))
    assert {row.name for row in alerts.query(either)} == {"a", "b"}
    assert alerts.count(Query().eq("severity.itemValue", "High")) == 2
    assert alerts.exists(Query().eq("name", "d")) is False
    assert alerts.first(Query().eq("name", "b")).severity == "Low"
    assert set(alerts.query(Query().select("name"), raw=True).members[0]) == {"@id", "@type", "name"}
    rows = alerts.aggregate(group_by="severity.itemValue", count=True)
    assert {row["itemValue"]: row["total"] for row in rows} == {"High": 2, "Low": 1}


def test_an_upsert_by_the_natural_key_keeps_one_record(alerts: Any) -> None:
    first = alerts.upsert({"sourceId": "s1", "name": "a", "severity": "Low"})
    second = alerts.upsert({"sourceId": "s1", "name": "b"})
    assert (first.uuid, second.name, second.severity) == (second.uuid, "b", "Low")
    assert alerts.count(Query()) == 1
    with pytest.raises(APIError) as caught:
        alerts.create({"sourceId": "s1"})
    assert (caught.value.status_code, caught.value.error_type) == (409, "UniqueConstraintViolationException")


def test_an_upsert_by_a_key_of_the_callers_finds_the_record(alerts: Any) -> None:
    first = alerts.upsert({"name": "a", "source": "one"}, key="name")
    assert alerts.upsert({"name": "a", "source": "two"}, key="name").uuid == first.uuid
    assert alerts.get(first.uuid)["source"] == "two"


def test_bulk_upserts_report_each_record(alerts: Any) -> None:
    rows = [{"sourceId": f"s{number}", "name": f"n{number}", "severity": "Low"} for number in range(5)]
    for _ in range(2):
        result = alerts.bulk_upsert(rows, parse=True)
        assert (result.ok, [row.name for row in result.succeeded]) == (True, ["n0", "n1", "n2", "n3", "n4"])
    assert alerts.count(Query()) == 5
    result = alerts.bulk_upsert([{"name": "good"}, {"name": "bad", "severity": "Terrible"}], parse=True)
    assert (len(result.succeeded), [failure.index for failure in result.failed]) == (1, [1])


@pytest.mark.parametrize("client", ["password"], indirect=True)  # pyfsr inserts in bulk with a password only
def test_bulk_inserts_refuse_what_is_there(alerts: Any) -> None:
    assert alerts.bulk_insert([{"sourceId": "s1"}, {"sourceId": "s2"}], parse=True).ok
    result = alerts.bulk_insert([{"sourceId": "s2"}, {"sourceId": "s3"}], parse=True)
    assert (len(result.succeeded), [failure.index for failure in result.failed]) == (1, [0])


def test_deleted_records_can_be_restored_or_purged(alerts: Any) -> None:
    made = alerts.create({"name": "x"})
    alerts.delete(made.uuid)
    with pytest.raises(ResourceNotFoundError):
        alerts.get(made.uuid)
    assert alerts.list(show_deleted=True).total == 1
    assert alerts.restore(made.uuid).name == "x"
    alerts.delete(made.uuid, hard=True)
    assert alerts.list(show_deleted=True).total == 0


def test_many_are_deleted_by_query_or_by_name(alerts: Any) -> None:
    made = [alerts.create({"name": name}) for name in ("a", "b", "c", "c")]
    alerts.delete_by_query(Query().eq("name", "c"))
    alerts.delete_many([made[0].uuid])
    assert [row.name for row in alerts.list()] == ["b"]


def test_links_and_comments_are_seen_on_the_record(client: FortiSOAR, alerts: Any) -> None:
    alert = alerts.create({"name": "x"})
    asset = client.records("assets").create({"hostname": "h"})
    alerts.link(alert.uuid, "assets", f"assets:{asset.uuid}")
    assert alerts.get(alert.uuid, relationships=True, raw=True)["assets"][0]["hostname"] == "h"
    alerts.unlink(alert.uuid, "assets", f"/api/3/assets/{asset.uuid}")
    assert alerts.get(alert.uuid, relationships=True, raw=True)["assets"] == []
    client.records("comments").create({"content": "Seen", "alerts": [f"/api/3/alerts/{alert.uuid}"]})
    assert [comment["content"] for comment in alerts.comments(alert.uuid)] == ["Seen"]


def test_what_is_linked_to_a_record_is_queried(client: FortiSOAR, alerts: Any) -> None:
    alert = alerts.create({"name": "x"})
    for content in ("Seen", "Done"):
        client.records("comments").create({"content": content, "alerts": [f"/api/3/alerts/{alert.uuid}"]})
    wanted = [{"field": "content", "operator": "eq", "value": "Seen"}]
    answer: Any = client.search.query_related("alerts", alert.uuid, "comments", filters=wanted)
    assert [row["content"] for row in answer["hydra:member"]] == ["Seen"]


def test_modules_and_picklists_describe_themselves(client: FortiSOAR) -> None:
    assert {"alerts", "incidents", "assets", "indicators", "tasks", "comments"} <= {
        row["plural"] for row in client.list_modules()
    }
    described: dict[str, Any] = client.describe_module("alerts")
    fields = {field["name"]: field for field in described["fields"]}
    assert (fields["status"]["picklist_name"], fields["name"]["type"]) == ("AlertStatus", "string")
    assert client.picklists.for_field("incidents", "status") == "IncidentStatus"
    items: Any = client.picklists.values("Severity")
    assert [row["itemValue"] for row in items] == ["Minimal", "Low", "Medium", "High", "Critical"]
    assert (
        client.picklists.resolve("High", picklist="Severity") == "/api/3/picklists/40187287-89fc-4e9c-b717-e9443d57eedb"
    )
