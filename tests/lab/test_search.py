"""The search over records of several modules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.playbooks import Row, Soar


@pytest.fixture
def soar(soar: Soar) -> Soar:
    """A FortiSOAR with two alerts and an incident, a minute apart."""
    for module, fields in (
        ("alerts", {"name": "Login from 8.8.8.8", "sourceId": "a1", "severity": severity(soar, "High")}),
        ("alerts", {"name": "Disk full", "description": "on web-01, seen by 8.8.8.8"}),
        ("incidents", {"name": "Outage of web-01"}),
    ):
        soar.ask("POST", f"/api/3/{module}", fields, 201)
        soar.clock.advance(60)
    return soar


def severity(soar: Soar, value: str) -> str:
    filters = [
        {"field": field, "operator": "eq", "value": given}
        for field, given in {"listName.name": "Severity", "itemValue": value}.items()
    ]
    (row,) = soar.ask("POST", "/api/query/picklists", {"logic": "AND", "filters": filters})["hydra:member"]
    return str(row["@id"])


def search(soar: Soar, term: str, *index: str, **more: Any) -> tuple[int, list[str]]:
    """Search; return the total and the names that were found."""
    answer = soar.ask("POST", "/api/search", {"q": term, "index": list(index or ("alerts", "incidents")), **more})
    assert answer.keys() == {"hits"}
    return answer["hits"]["total"], [hit["_source"]["name"] for hit in answer["hits"]["hits"]]


def test_a_hit_tells_where_it_is_and_what_people_read(soar: Soar) -> None:
    (row,) = soar.ask("GET", "/api/3/alerts?sourceId=a1")["hydra:member"]
    (hit,) = soar.ask("POST", "/api/search", {"q": "login", "index": ["alerts"]})["hits"]["hits"]
    assert hit.keys() == {"_index", "_id", "_source"}
    assert (hit["_index"], hit["_id"]) == ("alerts", row["uuid"])
    source: Row = hit["_source"]
    assert (source["name"], source["severity"], source["id"]) == ("Login from 8.8.8.8", "High", row["id"])
    assert source["createUser"] == row["createUser"]["@id"]
    assert not [name for name in source if name.startswith("@")]


@pytest.mark.parametrize(
    ("term", "index", "found"),
    [
        ("8.8.8.8", (), ["Disk full", "Login from 8.8.8.8"]),
        ("web", (), ["Outage of web-01", "Disk full"]),
        ("WEB-01", (), ["Outage of web-01", "Disk full"]),
        ("WEB-01", ("incidents",), ["Outage of web-01"]),
        ("WEB-01", ("alerts", "alerts"), ["Disk full"]),
        ("disk 8.8.8.8", (), ["Disk full"]),
        ("nothing of this", (), []),
        ("100%", (), []),
    ],
)
def test_every_word_is_looked_for_in_the_modules_named(
    soar: Soar, term: str, index: tuple[str, ...], found: list[str]
) -> None:
    assert search(soar, term, *index) == (len(found), found)


def test_the_newest_change_comes_first_and_pages_are_cut(soar: Soar) -> None:
    (row,) = soar.ask("GET", "/api/3/alerts?sourceId=a1")["hydra:member"]
    soar.ask("PUT", row["@id"], {"description": "seen again"})
    assert search(soar, "8.8.8.8") == (2, ["Login from 8.8.8.8", "Disk full"])
    assert search(soar, "8.8.8.8", size=1) == (2, ["Login from 8.8.8.8"])
    assert search(soar, "8.8.8.8", size=1, offset=1) == (2, ["Disk full"])


def test_times_of_change_bound_the_search_in_milliseconds(soar: Soar) -> None:
    (row,) = soar.ask("GET", "/api/3/alerts?name=Disk%20full")["hydra:member"]
    moment = int(row["modifyDate"] * 1000)
    assert search(soar, "8.8.8.8", modifyDateGte=moment) == (1, ["Disk full"])
    assert search(soar, "8.8.8.8", modifyDateLte=moment - 1) == (1, ["Login from 8.8.8.8"])


def test_a_record_in_the_recycle_bin_is_not_found(soar: Soar) -> None:
    (row,) = soar.ask("GET", "/api/3/alerts?sourceId=a1")["hydra:member"]
    soar.ask("DELETE", row["@id"], status=204)
    assert search(soar, "8.8.8.8") == (1, ["Disk full"])


@pytest.mark.parametrize(
    "body",
    [
        {"q": "ab", "index": ["alerts"]},
        {"q": " ab ", "index": ["alerts"]},
        {"q": 888, "index": ["alerts"]},
        {"q": "abc"},
        {"q": "abc", "index": []},
        {"q": "abc", "index": "alerts"},
        {"q": "abc", "index": ["alerts", "nothing"]},
        {"q": "abc", "index": ["picklists"]},
        {"q": "abc", "index": ["alerts"], "size": "1"},
        {"q": "abc", "index": ["alerts"], "offset": -1},
    ],
)
def test_a_search_that_cannot_be_is_refused(soar: Soar, body: Row) -> None:
    assert soar.ask("POST", "/api/search", body, 400)["type"] == "BadRequestHttpException"
