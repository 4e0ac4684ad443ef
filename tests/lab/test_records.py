"""The records of the local FortiSOAR over HTTP: what the API guide and the captures say, status by status."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import event
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lab.fortisoar import FortiSoar
from lab.fortisoar.models import Base
from lab.fortisoar.playbooks.switches import PLAYBOOK_SWITCHES
from lab.fortisoar.records import Records
from lab.kit.clock import Clock
from lab.kit.store import Store
from lab.kit.switches import Switches

HIGH = "/api/3/picklists/40187287-89fc-4e9c-b717-e9443d57eedb"
LOW = "/api/3/picklists/58d0753f-f7e4-403b-953c-b0f521eab759"
OPEN = "/api/3/picklists/7de816ff-7140-4ee5-bd05-93ce22002146"
CLOSED = "/api/3/picklists/fac53e73-8d16-4189-98d5-95fbd1555232"
NOBODY = "00000000-0000-4000-8000-000000000000"
WRONG_SEVERITY = (
    'FSR_CH_0000001 : The "severity" field is required to have a value from the "Severity" picklist. However, the '
    "provided value does not match any of the options listed in the specified picklist."
)

Row = dict[str, Any]
Make = Callable[..., Row]


@pytest.fixture(scope="module")
def soar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FortiSoar]:
    clock = Clock()
    made = FortiSoar(tmp_path_factory.mktemp("soar"), clock, "u", "p", "k3y", Fernet.generate_key(), {}, workers=1)
    yield made
    made.close()


@pytest.fixture
def client(soar: FortiSoar) -> TestClient:
    soar.reset()
    return logged_in(soar)


def logged_in(soar: FortiSoar) -> TestClient:
    """Return a client with a token: bulk requests refuse API keys."""
    client = TestClient(soar.app, base_url="https://127.0.0.1")
    token = client.post("/auth/authenticate", json={"credentials": {"loginid": "u", "password": "p"}}).json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


@pytest.fixture
def make(client: TestClient) -> Make:
    """A function that creates a record and returns it."""

    def create(module: str = "alerts", **fields: Any) -> Row:
        answer = client.post(f"/api/3/{module}", json=fields)
        assert answer.status_code == 201, answer.text
        row: Row = answer.json()
        return row

    return create


def asked(client: TestClient, module: str = "alerts", **body: Any) -> list[Row]:
    answer = client.post(f"/api/query/{module}", json=body)
    assert answer.status_code == 200, answer.text
    members: list[Row] = answer.json()["hydra:member"]
    return members


def names(client: TestClient, *filters: Row, logic: str = "AND", **body: Any) -> list[str]:
    return [row["name"] for row in asked(client, filters=list(filters), logic=logic, **body)]


def leaf(field: str, operator: str, value: Any = None) -> Row:
    return {"field": field, "operator": operator, "value": value}


def refused(answer: Any) -> tuple[int, str, str]:
    body = answer.json()
    assert set(body) == {"type", "message"}
    return answer.status_code, body["type"], body["message"]


def without_login(soar: FortiSoar) -> TestClient:
    return TestClient(soar.app, base_url="https://127.0.0.1")


# ---- one record


def test_a_created_record_answers_201_with_all_its_fields(client: TestClient) -> None:
    answer = client.post("/api/3/alerts", json={"name": "Disk full", "severity": HIGH, "sourcePort": "443"})
    row = answer.json()
    assert answer.status_code == 201
    assert row["@context"] == "/api/3/contexts/Alert"
    assert (row["@id"], row["@type"]) == (f"/api/3/alerts/{row['uuid']}", "Alert")
    assert (row["name"], row["sourcePort"], row["id"]) == ("Disk full", 443, 1)
    assert (row["description"], row["assets"], row["recordTags"]) == (None, [], [])


def test_a_picklist_item_is_expanded(make: Make) -> None:
    assert make(severity=LOW)["severity"] == {
        "@id": LOW,
        "@type": "Picklist",
        "color": "#16A34A",
        "icon": None,
        "id": 2,
        "importedBy": [],
        "itemValue": "Low",
        "listName": "/api/3/picklist_names/4e80cba3-032f-48b4-ac03-17e3ec247aac",
        "orderIndex": 1,
        "uuid": "58d0753f-f7e4-403b-953c-b0f521eab759",
    }


def test_a_new_alert_is_in_the_state_new_and_not_escalated(make: Make) -> None:
    row = make(name="x")
    assert row["state"]["uuid"] == "a1bac09b-1441-45aa-ad1b-c88744e48e72"
    assert row["escalatedtoincident"]["itemValue"] == "No"
    assert row["status"] is None


def test_the_author_is_expanded_and_the_times_are_the_labs(soar: FortiSoar, tmp_path: Path) -> None:
    clock = Clock()
    made = FortiSoar(tmp_path, clock, "u", "p", "k3y", Fernet.generate_key(), {}, workers=1)
    client = TestClient(made.app, base_url="https://127.0.0.1", headers={"Authorization": "API-KEY k3y"})
    row = client.post("/api/3/alerts", json={"name": "x"}).json()
    clock.advance(3600)
    later = client.put(row["@id"], json={"name": "y"}).json()
    made.close()
    assert (row["createUser"]["@type"], row["createUser"]["lastname"]) == ("Person", "Admin")
    assert row["createDate"] == row["modifyDate"] == later["createDate"]
    assert 3600 <= later["modifyDate"] - row["modifyDate"] < 3700


def test_an_update_merges_and_leaves_relations_to_many_out(client: TestClient, make: Make) -> None:
    row = make(name="Disk full", source="FortiSIEM", severity=HIGH)
    answer = client.put(row["@id"], json={"severity": LOW, "source": None, "id": 77, "uuid": NOBODY, "@id": "x"})
    changed = answer.json()
    assert answer.status_code == 200
    assert (changed["name"], changed["source"], changed["severity"]["itemValue"]) == ("Disk full", None, "Low")
    assert (changed["uuid"], changed["id"]) == (row["uuid"], row["id"])
    assert "assets" not in changed


def test_what_is_read_can_be_sent_back(client: TestClient, make: Make) -> None:
    row = make(name="Disk full", severity=HIGH, status=OPEN)
    answer = client.put(row["@id"], json=row)
    assert (answer.status_code, answer.json()["severity"]["itemValue"]) == (200, "High")


def test_a_field_that_the_module_does_not_have_is_ignored(make: Make) -> None:
    assert "colour" not in make(name="x", colour="red")


@pytest.mark.parametrize(
    ("given", "stored"),
    [({"a": 1}, "Array"), ([], "Array"), (["a"], "Array"), (5, "5"), (True, "1"), (False, ""), ("{}", "{}"), ("", "")],
)
def test_a_text_field_makes_text_of_anything(make: Make, given: Any, stored: str) -> None:
    assert make(sourcedata=given)["sourcedata"] == stored


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (1700000000, 1700000000),
        ("1700000000.5", 1700000000.5),
        ("2023-11-14T22:13:20Z", 1700000000),
        ("2023-11-14T22:13:20", 1700000000),
        ("2023-11-15T00:13:20+02:00", 1700000000),
        (None, None),
    ],
)
def test_a_date_is_kept_as_seconds(make: Make, given: Any, stored: Any) -> None:
    assert make(eventTime=given)["eventTime"] == stored


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("eventTime", "yesterday"),
        ("eventTime", ""),
        ("eventTime", "nan"),
        ("sourcePort", "https"),
        ("sourcePort", 1.5),
        ("sourcePort", "inf"),
        ("resolvedAutomatedly", "perhaps"),
        ("assignedTo", "CS Admin"),
        ("assignedTo", HIGH),
        ("assignedTo", f"/api/3/people/{NOBODY}"),
        ("assets", [f"/api/3/assets/{NOBODY}"]),
        ("assets", ["/api/3/assets/"]),
        ("uuid", "../people"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(client: TestClient, field: str, value: Any) -> None:
    status, kind, message = refused(client.post("/api/3/alerts", json={"name": "x", field: value}))
    assert (status, kind) == (400, "UnexpectedValueException")
    assert field in message or str(NOBODY) in message or "picklists" in message
    assert asked(client) == []


@pytest.mark.parametrize("value", ["High", "", OPEN, f"/api/3/picklists/{NOBODY}", 3, {"itemValue": "High"}])
def test_what_is_no_item_of_the_fields_picklist_is_refused(client: TestClient, value: Any) -> None:
    answer = client.post("/api/3/alerts", json={"name": "x", "severity": value})
    assert refused(answer) == (400, "UnexpectedValueException", WRONG_SEVERITY)


UNSTORABLE = [("\0", "0x00"), ("\ud83d", "0xed 0xa0 0xbd"), ("\udfff", "0xed 0xbf 0xbf")]


@pytest.mark.parametrize(("sign", "code"), UNSTORABLE)
@pytest.mark.parametrize("field", ["name", "sourcedata", "recordTags"])
def test_text_that_postgresql_does_not_take_is_refused_in_its_words(
    client: TestClient, make: Make, sign: str, code: str, field: str
) -> None:
    make(name="there", sourceId="s1")
    there = asked(client)
    bad = {"sourceId": "s1", field: f"a{sign}b"}
    for path, body in (("/api/3/alerts", {"name": "x", **bad}), ("/api/3/upsert/alerts", bad)):
        status, kind, message = refused(client.post(path, content=json.dumps(body)))
        assert (status, kind) == (500, "DriverException")
        assert message.endswith(f'invalid byte sequence for encoding "UTF8": {code}')
    assert asked(client) == there


def test_text_that_postgresql_does_not_take_costs_its_record_alone_in_a_bulk(client: TestClient) -> None:
    rows = [{"name": "good", "sourceId": "s1"}, {"name": "bad\0", "sourceId": "s2"}]
    answer = client.post("/api/3/bulkupsert/alerts", content=json.dumps(rows))
    assert (answer.status_code, names(client)) == (207, ["good"])
    assert "DriverException" in answer.json()["failure"][0]


def test_whole_characters_beyond_the_first_plane_are_stored(make: Make) -> None:
    assert make(name="\U0001f525")["name"] == "\U0001f525"


def test_unknown_modules_and_records_are_404(client: TestClient, make: Make) -> None:
    asset = make("assets", hostname="h")
    for method, path in [
        ("GET", "/api/3/nothing"),
        ("POST", "/api/3/nothing"),
        ("POST", "/api/query/nothing"),
        ("POST", "/api/3/upsert/nothing"),
        ("GET", f"/api/3/alerts/{NOBODY}"),
        ("PUT", f"/api/3/alerts/{NOBODY}"),
        ("DELETE", f"/api/3/alerts/{NOBODY}"),
        ("GET", f"/api/3/alerts/{asset['uuid']}"),
        ("GET", f"{asset['@id']}/nothing"),
        ("GET", f"{asset['@id']}/hostname"),
    ]:
        answer = client.request(method, path, json={"name": "x"})
        assert refused(answer)[:2] == (404, "NotFoundHttpException"), (method, path)


def test_a_body_that_is_no_json_object_is_refused(client: TestClient) -> None:
    for content in ("{", "[]", "null", '{"name": NaN}', "3"):
        answer = client.post("/api/3/alerts", content=content, headers={"Content-Type": "application/json"})
        assert refused(answer)[:2] == (400, "BadRequestHttpException")


def test_records_are_for_those_who_are_logged_in(soar: FortiSoar) -> None:
    assert without_login(soar).get("/api/3/alerts").status_code == 401


# ---- the recycle bin


def test_a_deleted_record_lies_in_the_recycle_bin(client: TestClient, make: Make) -> None:
    row = make(name="x", sourceId="s1")
    assert client.delete(row["@id"]).status_code == 204
    assert client.get(row["@id"]).status_code == 404
    assert client.put(row["@id"], json={"name": "y"}).status_code == 404
    assert client.get("/api/3/alerts").json()["hydra:totalItems"] == 0
    (found,) = client.get("/api/3/alerts?$showDeleted=true").json()["hydra:member"]
    assert (found["uuid"], found["deletedAt"] is not None) == (row["uuid"], True)
    assert asked(client, showDeleted=True)[0]["uuid"] == row["uuid"]


def test_a_deleted_record_still_reserves_its_unique_values_until_it_is_purged(client: TestClient, make: Make) -> None:
    row = make(sourceId="s1")
    client.delete(row["@id"])
    for path in ("/api/3/alerts", "/api/3/upsert/alerts"):
        answer = client.post(path, json={"sourceId": "s1"})
        assert refused(answer)[:2] == (409, "UniqueConstraintViolationException")
    assert client.delete(f"{row['@id']}?$hardDelete=true").status_code == 204
    assert make(sourceId="s1")["uuid"] != row["uuid"]


def test_a_deleted_record_can_be_restored(client: TestClient, make: Make) -> None:
    row = make(name="x")
    client.delete(row["@id"])
    deleted = client.get(f"{row['@id']}?$showDeleted=true").json()
    answer = client.put(f"{row['@id']}?$showDeleted=true", json=deleted | {"deletedAt": None})
    assert (answer.status_code, answer.json()["deletedAt"]) == (200, None)
    assert client.get(row["@id"]).status_code == 200


def test_a_hard_delete_takes_the_links_along(client: TestClient, make: Make) -> None:
    asset = make("assets", hostname="h")
    alert = make(assets=[asset["@id"]])
    client.delete(f"{alert['@id']}?$hardDelete=true")
    assert client.get(f"{asset['@id']}/alerts").json()["hydra:member"] == []
    again = make(uuid=alert["uuid"])
    assert again["assets"] == []


# ---- lists


def test_a_list_on_one_page_has_no_neighbours(client: TestClient, make: Make) -> None:
    row = make(name="x")
    answer = client.get("/api/3/alerts").json()
    assert {key: answer[key] for key in answer if key != "hydra:member"} == {
        "@context": "/api/3/contexts/Alert",
        "@id": "/api/3/alerts",
        "@type": "hydra:Collection",
        "hydra:totalItems": 1,
        "hydra:view": {"@id": "/api/3/alerts", "@type": "hydra:PartialCollectionView"},
    }
    (member,) = answer["hydra:member"]
    assert member["uuid"] == row["uuid"]
    assert "assets" not in member
    assert "@context" not in member


def test_pages_name_their_neighbours(client: TestClient, make: Make) -> None:
    for number in range(5):
        make(name=f"n{number}")
    views = [client.get(f"/api/3/alerts?$limit=2&$page={page}").json()["hydra:view"] for page in (1, 2, 3)]
    url = "/api/3/alerts?%24limit=2&%24page="
    assert views[0] == {
        "@id": f"{url}1",
        "@type": "hydra:PartialCollectionView",
        "hydra:first": f"{url}1",
        "hydra:last": f"{url}3",
        "hydra:next": f"{url}2",
    }
    assert (views[1]["hydra:previous"], views[1]["hydra:next"]) == (f"{url}1", f"{url}3")
    assert "hydra:next" not in views[2]
    pages = [
        client.get(views[0]["hydra:first"]),
        client.get(views[0]["hydra:next"]),
        client.get(views[1]["hydra:next"]),
    ]
    seen = [row["name"] for page in pages for row in page.json()["hydra:member"]]
    assert seen == ["n0", "n1", "n2", "n3", "n4"]
    assert client.get("/api/3/alerts?$page=9").json()["hydra:member"] == []


def test_the_view_of_old_is_given_on_request(client: TestClient, make: Make) -> None:
    make(name="x")
    answer = client.get("/api/3/alerts?$legacy_collection_view=true").json()
    assert (answer["@type"], answer["hydra:itemsPerPage"]) == ("hydra:PagedCollection", 30)
    assert answer["hydra:firstPage"] == answer["hydra:lastPage"] == answer["hydra:view"]["@id"]
    make(name="y")
    answer = client.get("/api/3/alerts?$limit=1&$legacy_collection_view=true").json()
    assert answer["hydra:nextPage"] == answer["hydra:lastPage"] == answer["hydra:view"]["hydra:last"]


def test_a_list_holds_30_and_counts_all(client: TestClient) -> None:
    client.post("/api/3/insert/alerts", json={"data": [{"name": str(n)} for n in range(31)]})
    answer = client.get("/api/3/alerts").json()
    assert (len(answer["hydra:member"]), answer["hydra:totalItems"]) == (30, 31)
    assert "hydra:totalItems" not in client.get("/api/3/alerts?$partial=true").json()


def test_a_page_holds_5000_at_most(client: TestClient, make: Make) -> None:
    make(name="x")
    answer = client.get("/api/3/alerts?$limit=2147483647&$legacy_collection_view=true").json()
    assert answer["hydra:itemsPerPage"] == 5000


def test_lists_are_sorted_filtered_searched_and_trimmed_by_the_address(client: TestClient, make: Make) -> None:
    for name, severity in (("b", LOW), ("c", HIGH), ("a", HIGH)):
        make(name=name, severity=severity, description=f"About {name}")

    def listed(query: str) -> list[str]:
        return [row["name"] for row in client.get(f"/api/3/alerts?{query}").json()["hydra:member"]]

    assert listed("$orderby=name") == ["a", "b", "c"]
    assert listed("$orderby=-severity.orderIndex,name") == ["a", "c", "b"]
    assert listed("severity.itemValue=High&$orderby=-name") == ["c", "a"]
    assert listed("severity__itemValue$in=Low|Critical") == ["b"]
    assert listed("name$gte=b&name$lt=c") == ["b"]
    assert listed("$search=ABOUT c") == ["c"]
    assert listed("$search=about nothing") == []
    assert client.get("/api/3/alerts?name=a&name=b").status_code == 400
    rows = client.get("/api/3/alerts?$fields=name").json()["hydra:member"]
    assert set(rows[0]) == {"@id", "@type", "name"}


# ---- unique values and upsert


def test_a_repeated_unique_value_is_a_conflict(client: TestClient, make: Make) -> None:
    first, second = make(sourceId="s1"), make(sourceId="s2")
    answers = [
        client.post("/api/3/alerts", json={"sourceId": "s1"}),
        client.put(second["@id"], json={"sourceId": "s1"}),
        client.post("/api/3/alerts", json={"uuid": first["uuid"]}),
    ]
    assert [refused(answer)[:2] for answer in answers] == [(409, "UniqueConstraintViolationException")] * 3
    assert client.get(second["@id"]).json()["sourceId"] == "s2"


def test_null_is_not_unique(make: Make) -> None:
    assert make(sourceId=None)["uuid"] != make()["uuid"]


def test_a_changed_unique_value_frees_the_old_one(client: TestClient, make: Make) -> None:
    row = make(sourceId="s1")
    client.put(row["@id"], json={"sourceId": "s2"})
    make(sourceId="s1")
    assert client.post("/api/3/alerts", json={"sourceId": "s2"}).status_code == 409


def test_an_upsert_creates_and_then_updates_the_same_record(client: TestClient) -> None:
    first = client.post("/api/3/upsert/alerts", json={"sourceId": "s1", "name": "a", "source": "FortiSIEM"})
    second = client.post("/api/3/upsert/alerts", json={"sourceId": "s1", "name": "b"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["@id"] == second.json()["@id"]
    assert (second.json()["name"], second.json()["source"]) == ("b", "FortiSIEM")
    assert len(asked(client)) == 1


def test_an_upsert_sees_numbers_as_the_text_they_are_stored_as(client: TestClient) -> None:
    for given in (17, "17"):
        assert client.post("/api/3/upsert/alerts", json={"sourceId": given}).status_code in (200, 201)
    assert [row["sourceId"] for row in asked(client)] == ["17"]


def test_an_upsert_without_a_unique_value_always_inserts(client: TestClient) -> None:
    for module, fields in (("alerts", {"name": "x", "sourceId": None}), ("assets", {"hostname": "h"})):
        for _ in range(2):
            assert client.post(f"/api/3/upsert/{module}", json=fields).status_code == 201
        assert len(asked(client, module)) == 2


def test_an_indicator_is_unique_by_type_and_value(client: TestClient) -> None:
    listed = client.post("/api/query/picklists", json={"filters": [leaf("listName__name", "eq", "IndicatorType")]})
    types = {row["itemValue"]: row["@id"] for row in listed.json()["hydra:member"]}
    for kind in ("Host", "Domain", "Host"):
        client.post("/api/3/upsert/indicators", json={"value": "example.org", "typeofindicator": types[kind]})
    assert [row["typeofindicator"]["itemValue"] for row in asked(client, "indicators")] == ["Host", "Domain"]


# ---- bulk


def test_a_bulk_upsert_answers_200_with_every_record(client: TestClient) -> None:
    rows = [{"sourceId": f"s{n % 3}", "name": f"n{n}"} for n in range(5)]
    answer = client.post("/api/3/bulkupsert/alerts", json=rows)
    body = answer.json()
    assert (answer.status_code, body["failure"]) == (200, [])
    assert [row["sourceId"] for row in body["success"]] == ["s0", "s1", "s2", "s0", "s1"]
    assert sorted(names(client)) == ["n2", "n3", "n4"]
    assert body["success"][0]["assets"] == []


def test_a_bulk_upsert_that_partly_fails_answers_207_and_says_which(client: TestClient) -> None:
    rows = [{"name": "good", "sourceId": "s1"}, {"name": "bad", "severity": "High"}, "no record"]
    answer = client.post("/api/3/bulkupsert/alerts", json=rows)
    body = answer.json()
    assert answer.status_code == 207
    assert [row["name"] for row in body["success"]] == ["good"]
    start = "POST method for object at index #1 in the request payload failed with error: "
    assert body["failure"][0] == (
        start
        + '{"type":"UnexpectedValueException","message":"FSR_CH_0000001 : The \\u0022severity\\u0022 field is required '
        "to have a value from the \\u0022Severity\\u0022 picklist. However, the provided value does not match any of "
        'the options listed in the specified picklist."}'
    )
    assert json.loads(body["failure"][0].removeprefix(start))["message"] == WRONG_SEVERITY
    assert "index #2" in body["failure"][1]
    assert names(client) == ["good"]


def test_a_bulk_upsert_that_fails_for_all_answers_400(client: TestClient) -> None:
    answer = client.post("/api/3/bulkupsert/alerts", json=[{"severity": "High"}])
    assert (answer.status_code, answer.json()["success"], len(answer.json()["failure"])) == (400, [], 1)
    assert refused(client.post("/api/3/bulkupsert/alerts", json={"name": "x"}))[0] == 400


def test_a_bulk_upsert_does_not_wake_a_deleted_record(client: TestClient, make: Make) -> None:
    client.delete(make(sourceId="s1")["@id"])
    answer = client.post("/api/3/bulkupsert/alerts", json=[{"sourceId": "s1"}, {"sourceId": "s2"}])
    assert answer.status_code == 207
    assert [row["sourceId"] for row in asked(client)] == ["s2"]


def test_a_bulk_insert_answers_a_collection(client: TestClient) -> None:
    answer = client.post("/api/3/insert/alerts", json={"data": [{"name": "a"}, {"name": "b"}]})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["@context"], body["@id"], body["@type"]) == ("/api/3/contexts/Alert", None, "hydra:Collection")
    assert [row["name"] for row in body["hydra:member"]] == ["a", "b"]


def test_a_bulk_insert_never_updates(client: TestClient, make: Make) -> None:
    make(sourceId="s1", name="old")
    rows = [{"sourceId": "s1", "name": "new"}, {"sourceId": "s2", "name": "a"}, {"sourceId": "s2", "name": "b"}]
    answer = client.post("/api/3/insert/alerts", json={"data": rows})
    assert answer.status_code == 207
    assert [row["name"] for row in answer.json()["success"]] == ["a"]
    assert [failure.split(" in the")[0][-2:] for failure in answer.json()["failure"]] == ["#0", "#2"]
    assert names(client) == ["old", "a"]
    assert client.post("/api/3/insert/alerts", json={"data": rows[:1]}).status_code == 400
    assert client.post("/api/3/insert/alerts", json=rows).status_code == 400


def test_a_bulk_update_changes_those_it_can_name(client: TestClient, make: Make) -> None:
    first, second = make(name="a", source="s"), make(name="b", source="s")
    answer = client.put("/api/3/update/alerts", json={"data": [{"@id": first["@id"], "source": None}]})
    assert (answer.status_code, answer.json()["data"][0]["source"]) == (200, None)
    rows = [{"@id": second["@id"], "name": "B"}, {"name": "nobody"}, {"@id": f"/api/3/alerts/{NOBODY}"}]
    answer = client.put("/api/3/update/alerts", json={"data": rows})
    assert (answer.status_code, [row["name"] for row in answer.json()["data"]]) == (207, ["B"])
    assert ["PUT method for object at index #1 in" in answer.json()["failure"][0], len(answer.json()["failure"])] == [
        True,
        2,
    ]
    assert names(client) == ["a", "B"]


def test_a_bulk_update_can_pass_a_unique_value_on(client: TestClient, make: Make) -> None:
    first, second = make(sourceId="s1"), make(sourceId="s2")
    rows = [{"@id": first["@id"], "sourceId": "s3"}, {"@id": second["@id"], "sourceId": "s1"}]
    assert client.put("/api/3/update/alerts", json={"data": rows}).status_code == 200
    assert client.post("/api/3/upsert/alerts", json={"sourceId": "s1"}).json()["uuid"] == second["uuid"]
    assert client.post("/api/3/upsert/alerts", json={"sourceId": "s2"}).status_code == 201


def test_a_bulk_delete_answers_200_or_207(client: TestClient, make: Make) -> None:
    rows = [make(name=name) for name in "abc"]
    ids = [row["uuid"] for row in rows]
    assert client.request("DELETE", "/api/3/delete/alerts", json={"ids": ids[:2]}).status_code == 200
    answer = client.request("DELETE", "/api/3/delete/alerts", json={"ids": ids[1:]})
    assert (answer.status_code, answer.json()["success"]) == (207, [rows[2]["@id"]])
    assert names(client) == []
    assert client.request("DELETE", "/api/3/delete/alerts", json=ids).status_code == 400


def test_a_delete_with_a_query_deletes_what_matches(client: TestClient, make: Make) -> None:
    for name in ("a", "b", "b"):
        make(name=name)
    path = "/api/3/delete-with-query/alerts"
    answer = client.request("DELETE", path, json={"filters": [leaf("name", "eq", "b")]})
    assert (answer.status_code, answer.json()) == (200, {"count": 2})
    assert names(client) == ["a"]
    assert client.request("DELETE", path, json={"filters": []}).status_code == 400
    client.request("DELETE", f"{path}?$hardDelete=true", json={"filters": [leaf("name", "eq", "b")]})
    assert client.get("/api/3/alerts?$showDeleted=true").json()["hydra:totalItems"] == 1


# ---- queries


@pytest.fixture
def queried(client: TestClient, make: Make) -> TestClient:
    """A client of a FortiSOAR with four alerts, a to d."""
    make(name="a", severity=HIGH, status=OPEN, sourceId="S-1", eventTime=100, sourcePort=80, recordTags=["x", "y"])
    make(name="b", severity=LOW, status=OPEN, sourceId="S-2", eventTime=200, sourcePort=443, recordTags=["y"])
    make(name="c", severity=HIGH, status=CLOSED, sourceId="T-1", eventTime=300)
    make(name="d", sourceId="50%")
    return client


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        (leaf("name", "eq", "a"), "a"),
        ({"field": "name", "value": "a"}, "a"),
        (leaf("name", "eq", "A"), ""),
        (leaf("name", "neq", "a"), "bcd"),
        (leaf("sourcePort", "neq", 80), "b"),
        (leaf("eventTime", "lt", 200), "a"),
        (leaf("eventTime", "lte", "1970-01-01T00:03:20Z"), "ab"),
        (leaf("eventTime", "gt", "200"), "c"),
        (leaf("eventTime", "gte", 200), "bc"),
        (leaf("eventTime", "between", [100, 200]), "ab"),
        (leaf("sourceId", "in", ["s-1", "T-1"]), "ac"),
        (leaf("sourceId", "in", "S-1|S-2"), "ab"),
        (leaf("sourcePort", "in", [80, "443"]), "ab"),
        (leaf("sourceId", "nin", ["s-1"]), "bcd"),
        (leaf("sourcePort", "nin", [80]), "bcd"),
        (leaf("sourceId", "like", "s-%"), "ab"),
        (leaf("sourceId", "like", "-1"), "ac"),
        (leaf("sourceId", "notlike", "%-1"), "bd"),
        (leaf("sourceId", "contains", "T-"), "c"),
        (leaf("severity", "isnull", True), "d"),
        (leaf("severity", "isnull", "false"), "abc"),
        (leaf("severity", "exists"), "abc"),
        (leaf("severity", "exists", False), "d"),
        (leaf("severity", "eq", None), "d"),
        (leaf("severity", "eq", HIGH), "ac"),
        (leaf("severity", "eq", HIGH.rsplit("/", 1)[1]), "ac"),
        (leaf("severity", "in", [LOW]), "b"),
        (leaf("severity.itemValue", "eq", "High"), "ac"),
        (leaf("severity__itemValue", "eq", "High"), "ac"),
        (leaf("severity.itemValue", "in", ["HIGH", "low"]), "abc"),
        (leaf("severity.itemValue", "neq", "High"), "b"),
        (leaf("severity.itemValue", "nin", ["High"]), "bd"),
        (leaf("severity.orderIndex", "gte", 3), "ac"),
        (leaf("severity.uuid", "eq", LOW), "b"),
        (leaf("severity.listName.name", "eq", "Severity"), "abc"),
        (leaf("createUser.lastname", "eq", "Admin"), "abcd"),
        (leaf("id", "lte", 2), "ab"),
        (leaf("recordTags", "contains", "x"), "a"),
        (leaf("recordTags", "in", ["x", "y"]), "ab"),
        (leaf("recordTags", "in_all", ["x", "y"]), "a"),
        (leaf("recordTags", "nin", ["x"]), "bcd"),
        (leaf("recordTags", "isnull", True), "cd"),
        (leaf("recordTags", "exists"), "ab"),
        (leaf("recordTags", "like", "%X%"), "a"),
        (leaf("createDate", "gt", 0), "abcd"),
        (leaf("assets", "isnull", True), "abcd"),
    ],
)
def test_an_operator_finds(queried: TestClient, filter_: Row, found: str) -> None:
    assert "".join(names(queried, filter_)) == found


def test_filters_nest(queried: TestClient) -> None:
    either = {"logic": "OR", "filters": [leaf("name", "eq", "b"), leaf("name", "eq", "c")]}
    assert names(queried, either, leaf("status.itemValue", "eq", "Open")) == ["b"]
    assert names(queried, leaf("name", "eq", "d"), {"logic": "AND", "filters": [either]}, logic="OR") == ["b", "c", "d"]
    assert names(queried, logic="OR") == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "body",
    [
        {"filters": [leaf("colour", "eq", "red")]},
        {"filters": [leaf("name.first", "eq", "x")]},
        {"filters": [leaf("severity.colour", "eq", "x")]},
        {"filters": [leaf("tenant.name", "eq", "x")]},
        {"filters": [leaf("name", "isnotnull", True)]},
        {"filters": [leaf("name", "changed")]},
        {"filters": [leaf("eventTime", "between", [1])]},
        {"filters": [leaf("eventTime", "gt", "soon")]},
        {"filters": [leaf("recordTags", "gt", "x")]},
        {"filters": [{"operator": "eq", "value": 1}]},
        {"filters": ["name"]},
        {"filters": {"field": "name"}},
        {"logic": "NOT", "filters": [leaf("name", "eq", "x")]},
        {"sort": [{"field": "colour"}]},
        {"sort": "name"},
        {"aggregates": [{"operator": "median", "field": "id"}]},
        {"aggregates": ["count"]},
        {"filters": [leaf("name' or 1=1 --", "eq", "x")]},
    ],
)
def test_a_query_that_cannot_be_understood_is_refused(queried: TestClient, body: Row) -> None:
    assert refused(queried.post("/api/query/alerts", json=body))[0] == 400


def test_a_query_is_sorted_and_paged_by_the_address_alone(queried: TestClient) -> None:
    sort = [{"field": "severity.orderIndex", "direction": "DESC"}, {"field": "name", "direction": "desc"}]
    assert names(queried, sort=sort) == ["c", "a", "b", "d"]
    answer = queried.post("/api/query/alerts?$limit=2&$page=2", json={"sort": sort, "limit": 1, "page": 1}).json()
    assert [row["name"] for row in answer["hydra:member"]] == ["b", "d"]
    assert (answer["@id"], answer["hydra:totalItems"]) == ("/api/3/alerts", 4)
    assert answer["hydra:view"]["hydra:first"] == "/api/query/alerts?%24limit=2&%24page=1"
    searched = queried.post("/api/query/alerts?$search=s-1", json={"filters": []}).json()
    assert [row["name"] for row in searched["hydra:member"]] == ["a"]


def test_a_query_selects_and_ignores_fields(queried: TestClient) -> None:
    (row, *_) = asked(queried, __selectFields=["name", "severity"])
    assert set(row) == {"@id", "@type", "name", "severity"}
    (row, *_) = asked(queried, __ignoreFields=["name", "createUser"])
    assert "description" in row
    assert not {"name", "createUser"} & set(row)
    (row, *_) = asked(queried, aggregates=[{"operator": "fields", "field": "name"}])
    assert set(row) == {"@id", "@type", "name"}


def test_aggregates_make_rows(queried: TestClient) -> None:
    def rows(*aggregates: tuple[str, str, str], **more: Any) -> list[Row]:
        keys = ("operator", "field", "alias")
        return asked(queried, aggregates=[dict(zip(keys, each, strict=True)) for each in aggregates], **more)

    by_severity = rows(("groupby", "severity.itemValue", "severity"), ("count", "*", "n"))
    assert by_severity == [{"severity": None, "n": 1}, {"severity": "High", "n": 2}, {"severity": "Low", "n": 1}]
    most_first = rows(
        ("groupby", "severity.itemValue", "s"), ("count", "*", "n"), sort=[{"field": "n", "direction": "DESC"}]
    )
    assert most_first[0] == {"s": "High", "n": 2}
    assert rows(
        ("sum", "sourcePort", "sum"),
        ("min", "eventTime", "min"),
        ("max", "eventTime", "max"),
        ("avg", "eventTime", "avg"),
    ) == [{"sum": 523, "min": 100, "max": 300, "avg": 200}]
    assert rows(("countdistinct", "status", "n"), filters=[leaf("name", "neq", "d")]) == [{"n": 2}]
    assert rows(("distinct", "status.itemValue", "s")) == [{"s": None}, {"s": "Closed"}, {"s": "Open"}]
    assert asked(queried, aggregates=[{"operator": "count", "field": "id"}]) == [{"id": 4}]


def test_numbers_beyond_all_reason_find_nothing(queried: TestClient) -> None:
    assert names(queried, leaf("eventTime", "gt", 10**30)) == []
    assert names(queried, leaf("id", "eq", 10**30)) == []
    assert queried.get(f"/api/3/alerts?$page={10**30}&$limit={10**30}").json()["hydra:totalItems"] == 4


def test_deleted_records_are_not_counted(queried: TestClient) -> None:
    queried.delete(asked(queried)[0]["@id"])
    assert asked(queried, aggregates=[{"operator": "count", "field": "*", "alias": "n"}]) == [{"n": 3}]


# ---- relations


def test_links_are_made_and_undone_and_seen_from_both_ends(client: TestClient, make: Make) -> None:
    alert, first, second = make(), make("assets", hostname="a"), make("assets", hostname="b")
    path = f"{alert['@id']}/assets"
    for _ in range(2):
        client.put(alert["@id"], json={"__link": {"assets": [first["@id"], second["@id"]]}})
    assert [row["hostname"] for row in client.get(path).json()["hydra:member"]] == ["a", "b"]
    assert client.get(f"{first['@id']}/alerts").json()["hydra:member"][0]["uuid"] == alert["uuid"]
    client.put(alert["@id"], json={"__unlink": {"assets": [first["@id"]]}})
    assert [row["hostname"] for row in client.get(path).json()["hydra:member"]] == ["b"]
    assert client.get(f"{first['@id']}/alerts").json()["hydra:totalItems"] == 0


def test_a_relation_that_is_given_as_a_field_is_replaced(client: TestClient, make: Make) -> None:
    first, second = make("assets", hostname="a"), make("assets", hostname="b")
    alert = make(assets=[first["@id"]])
    assert alert["assets"] == [first["@id"]]
    client.put(alert["@id"], json={"assets": second["@id"]})
    full = client.get(f"{alert['@id']}?$relationships=true").json()
    assert [row["hostname"] for row in full["assets"]] == ["b"]
    assert full["incidents"] == []


def test_a_wrong_link_changes_nothing(client: TestClient, make: Make) -> None:
    alert = make(name="a")
    for edit in ({"colour": ["x"]}, {"name": ["x"]}, {"assets": [alert["@id"]]}, {"assets": ["x"]}):
        assert client.put(alert["@id"], json={"name": "b", "__link": edit}).status_code == 400
    assert client.put(alert["@id"], json={"__link": ["x"]}).status_code == 400
    assert names(client) == ["a"]


def test_a_relation_takes_existing_and_new_records(client: TestClient, make: Make) -> None:
    incident, asset = make("incidents", name="i"), make("assets", hostname="a")
    path = f"{incident['@id']}/assets"
    existing = client.post(path, json={"@id": asset["@id"]})
    new = client.post(path, json={"hostname": "b"})
    assert (existing.status_code, existing.json()["hostname"]) == (200, "a")
    assert (new.status_code, new.json()["hostname"]) == (201, "b")
    listed = client.get(path).json()
    assert (listed["@id"], listed["hydra:totalItems"]) == ("/api/3/assets", 2)
    assert listed["hydra:view"]["@id"] == path
    assert client.delete(f"{path}/{asset['uuid']}").status_code == 204
    assert [row["hostname"] for row in client.get(path).json()["hydra:member"]] == ["b"]
    assert client.get(asset["@id"]).status_code == 200
    assert client.post(path, json={"@id": incident["@id"]}).status_code == 400


def test_related_records_can_be_queried(client: TestClient, make: Make) -> None:
    alert = make(assets=[make("assets", hostname=name)["@id"] for name in "abc"])
    make("assets", hostname="d")
    body = {"filters": [leaf("hostname", "neq", "a")], "sort": [{"field": "hostname", "direction": "DESC"}]}
    answer = client.post(f"/api/query/alerts/{alert['uuid']}/assets", json=body)
    assert [row["hostname"] for row in answer.json()["hydra:member"]] == ["c", "b"]


def test_queries_reach_into_relations(client: TestClient, make: Make) -> None:
    asset = make("assets", hostname="a", criticality=HIGH)
    make(name="with", assets=[asset["@id"]])
    make(name="without")
    for filter_ in (
        leaf("assets.hostname", "eq", "a"),
        leaf("assets.criticality.itemValue", "eq", "High"),
        leaf("assets", "eq", asset["@id"]),
        leaf("assets", "contains", asset["uuid"]),
        leaf("assets", "in", [asset["@id"]]),
        leaf("assets", "exists", True),
        leaf("assets", "isnull", False),
    ):
        assert names(client, filter_) == ["with"], filter_
    assert names(client, leaf("assets", "isnull", True)) == ["without"]
    assert names(client, leaf("campaigns.name", "eq", "x")) == []
    client.delete(asset["@id"])
    assert names(client, leaf("assets.hostname", "eq", "a")) == []


def test_a_comment_names_its_record(client: TestClient, make: Make) -> None:
    alert = make()
    comment = make("comments", content="<p>Seen</p>", alerts=alert["@id"])
    assert comment["alerts"] == [alert["@id"]]
    answer = client.get(f"{alert['@id']}/comments").json()
    assert [row["content"] for row in answer["hydra:member"]] == ["<p>Seen</p>"]
    assert refused(client.post(f"{alert['@id']}/comments", json={"content": "x"}))[0] == 405


def test_comments_answer_to_comments(make: Make) -> None:
    first = make("comments", content="a")
    assert make("comments", content="b", replyTo=first["@id"])["replyTo"]["content"] == "a"


# ---- picklists and descriptions


def test_picklists_can_be_extended_and_names_are_unique(client: TestClient, make: Make) -> None:
    name = make("picklist_names", name="Colour")
    item = make("picklists", itemValue="Red", listName=name["@id"])
    assert item["listName"] == name["@id"]
    assert refused(client.post("/api/3/picklist_names", json={"name": "Severity"}))[0] == 409
    assert client.delete(name["@id"]).status_code == 204
    assert client.get(item["@id"]).status_code == 404
    make("picklist_names", name="Colour")


def test_descriptions_have_attributes_on_request(client: TestClient) -> None:
    for store, kind in (("staging_model_metadatas", "StagingModelMetadata"), ("model_metadatas", "ModelMetadata")):
        listed = client.get(f"/api/3/{store}?$limit=2147483647&$orderby=type&$relationships=true").json()
        alerts = next(row for row in listed["hydra:member"] if row["type"] == "alerts")
        assert (alerts["@type"], alerts["uuid"]) == (kind, "7fdae59c-7de7-43d9-bf2a-dc2f00ed25b4")
        assert alerts["uniqueConstraint"] == [{"alerts_unique": {"columns": ["sourceId"]}}]
        status = next(each for each in alerts["attributes"] if each["name"] == "status")
        assert status["dataSource"]["query"]["filters"][0]["value"] == "AlertStatus"
        assert "attributes" not in client.get(f"/api/3/{store}").json()["hydra:member"][0]
        assert client.get(alerts["@id"]).json()["attributes"] == alerts["attributes"]
        assert client.get(f"/api/3/{store}/{NOBODY}").status_code == 404


# ---- the store


class Told:
    """Who is told of every write, and of what is deleted by its address."""

    def __init__(self) -> None:
        self.writes: list[tuple[str, str, str | None, set[str]]] = []
        self.deleted: list[str] = []

    def record_written(self, what: str, module: str, row: dict[str, Any], before: dict[str, Any]) -> None:
        self.writes.append((what, module, row["name"], set(before)))

    def records_going(self, change: str, module: str, iris: list[str]) -> Callable[[str], None]:
        return self.deleted.append


def test_every_write_is_told_to_those_who_subscribed(tmp_path: Path) -> None:
    told = Told()
    made = FortiSoar(tmp_path, Clock(), "u", "p", "k3y", Fernet.generate_key(), {}, workers=1)
    client = logged_in(made)
    made.records.subscribe(told)
    row = client.post("/api/3/alerts", json={"name": "a", "sourceId": "s"}).json()
    client.put(row["@id"], json={"name": "b", "sourceId": "s", "assets": []})
    client.post("/api/3/alerts", json={"name": "x", "sourceId": "s"})
    client.post("/api/3/upsert/alerts", json={"name": "c", "sourceId": "s", "status": OPEN})
    client.post("/api/3/bulkupsert/alerts", json=[{"name": "d", "sourceId": "s"}, {"name": "e", "sourceId": "t"}])
    client.post("/api/3/insert/alerts", json={"data": [{"name": "f"}]})
    client.put("/api/3/update/alerts", json={"data": [{"@id": row["@id"], "status": None}]})
    client.delete(row["@id"])
    made.close()
    assert told.deleted == [row["@id"]]
    assert told.writes == [
        ("create", "alerts", "a", {"name", "sourceId", "state", "escalatedtoincident"}),
        ("update", "alerts", "b", {"name"}),
        ("update", "alerts", "c", {"name", "status"}),
        ("update", "alerts", "d", {"name"}),
        ("create", "alerts", "e", {"name", "sourceId", "state", "escalatedtoincident"}),
        ("bulk insert", "alerts", "f", {"name", "state", "escalatedtoincident"}),
        ("update", "alerts", "d", {"status"}),
        ("delete", "alerts", "d", set()),
    ]


CREATED = {"state", "escalatedtoincident"}


def test_writes_in_bulk_and_links_are_told_apart_and_feeds_where_a_switch_says_so(tmp_path: Path) -> None:
    told = Told()
    made = FortiSoar(tmp_path, Clock(), "u", "p", "k3y", Fernet.generate_key(), {}, workers=1)
    client = logged_in(made)
    made.records.subscribe(told)
    client.post("/api/3/insert/alerts", json={"data": [{"name": "a", "sourceId": "s"}]})
    feed = {"data": [{"name": "b", "sourceId": "s"}, {"name": "c", "sourceId": "t"}]}
    client.post("/api/ingest-feeds/alerts", json={"data": [{"name": "b", "sourceId": "t"}]})
    made.switches.set("feed_starts_playbooks", True)
    client.post("/api/ingest-feeds/alerts", json=feed)
    rows = client.get("/api/3/alerts?$orderby=name").json()["hydra:member"]
    assets = f"{rows[0]['@id']}/assets"
    asset = client.post(assets, json={"name": "host"}).json()
    client.delete(f"{assets}/{asset['uuid']}")
    client.request("DELETE", "/api/3/delete/alerts", json={"ids": [rows[0]["uuid"], "none"]})
    query = {"logic": "AND", "filters": [{"field": "name", "operator": "eq", "value": "c"}]}
    client.request("DELETE", "/api/3/delete-with-query/alerts?$hardDelete=true", json=query)
    made.close()
    assert told.writes == [
        ("bulk insert", "alerts", "a", {"name", "sourceId"} | CREATED),
        ("update", "alerts", "b", {"name"}),
        ("update", "alerts", "c", {"name"}),
        ("create", "assets", "host", {"name"}),
        ("link", "alerts", "b", {"assets"}),
        ("unlink", "alerts", "b", {"assets"}),
        ("bulk delete", "alerts", "b", set()),
        ("bulk delete", "alerts", "c", set()),
    ]
    assert told.deleted == [row["@id"] for row in rows]


def test_records_outlive_a_restart_and_a_reset_forgets_them(tmp_path: Path) -> None:
    key = Fernet.generate_key()
    for number in itertools.count():
        made = FortiSoar(tmp_path, Clock(), "u", "p", "k3y", key, {}, workers=1)
        client = TestClient(made.app, base_url="https://127.0.0.1", headers={"Authorization": "API-KEY k3y"})
        if number == 0:
            client.post("/api/3/alerts", json={"name": "a"})
        else:
            assert names(client) == ["a"]
            assert client.get("/api/3/people").json()["hydra:totalItems"] == 1
            made.reset()
            assert names(client) == []
            assert client.get("/api/3/people").json()["hydra:totalItems"] == 1
        made.close()
        if number:
            break


@pytest.mark.parametrize(
    "filter_",
    [
        leaf("sourceId", "eq", "siem-1"),
        leaf("sourceId", "in", ["SIEM-1", "siem-2"]),
        leaf("name", "eq", "x"),
        leaf("status", "eq", OPEN),
        leaf("severity", "in", [HIGH, LOW]),
        leaf("uuid", "in", [NOBODY]),
        leaf("modifyDate", "gte", 1),
        leaf("createDate", "gte", 1),
    ],
)
def test_an_index_answers_for_what_playbooks_look_up(client: TestClient, soar: FortiSoar, filter_: Row) -> None:
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT count("):
            plans.extend(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))

    with soar.store.transaction() as session:
        engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", explain)
    try:
        asked(client, filters=[filter_])
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    assert any("SEARCH record" in plan and plan.count("?") + plan.count(">") >= 2 for plan in plans), plans


def test_a_bulk_upsert_costs_a_few_statements_whatever_its_size(tmp_path: Path) -> None:
    store = Store(tmp_path / "records.sqlite", Base)
    client = TestClient(
        Starlette(routes=Records(store, Clock(), Switches(PLAYBOOK_SWITCHES)).routes()), base_url="https://127.0.0.1"
    )
    counts: list[int] = []
    with store.transaction() as session:
        engine = session.get_bind()

    def count(*_: Any) -> None:
        counts[-1] += 1

    event.listen(engine, "before_cursor_execute", count)
    for _ in range(2):  # all new, then all there
        counts.append(0)
        rows = [{"sourceId": f"s{n}", "severity": HIGH, "status": OPEN, "name": "x"} for n in range(100)]
        assert client.post("/api/3/bulkupsert/alerts", json=rows).status_code == 200
    store.close()
    assert max(counts) <= 20
