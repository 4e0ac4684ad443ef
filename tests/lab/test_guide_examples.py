"""The examples and notes of the vendor's API guide that no other test of the local FortiSOAR goes through."""

from __future__ import annotations

from typing import Any

import pytest

from lab.fortisoar.administration.licence import licence_key
from lab.fortisoar.records.picklists import picklist_uuid
from lab.fortisoar.records.writing import TOO_MANY_TO_COMPARE
from tests.support.administration import Principal, logged_in
from tests.support.playbooks import Row, Soar, playbook, start, step, workflow_uuid

WF = "/api/wf/api"
LOGS = f"{WF}/query/workflow_logs/"
AUDIT = "/gateway/audit/activities"
KEY = licence_key().encode()


@pytest.fixture
def admin(soar: Soar) -> Principal:
    return logged_in(soar)


def note(content: str, **more: Any) -> Row:
    return step("Note", "InsertData", collection="/api/3/comments", resource={"content": content}, **more)


def failing() -> Row:
    return step("Fail", "CyopsUtilites", connector="cyops_utilities", operation="raise_exception", params={"msg": "no"})


def names(page: Row) -> list[str]:
    return [row["name"] for row in page["hydra:member"]]


def test_the_headers_of_the_guide_are_taken(soar: Soar, admin: Principal) -> None:
    bearer, host = admin.headers["Authorization"], "fortisoar.fortinet.net"
    json_in = {"Host": host, "Content-Type": "application/json"}
    for method, path, headers, body in [
        ("POST", "/api/public/license", json_in | {"Authorization": ""}, b'{"action": "get_status"}'),
        ("POST", "/api/auth/license", json_in | {"Authorization": bearer}, b'{"license_key": "%s"}' % KEY),
        ("GET", "/auth/license/?param=license_details", {"Host": host, "Authorization": bearer}, b""),
        ("DELETE", f"{AUDIT}/ttl", {"Content-Type": "application/json", "Authorization": bearer}, b""),
        ("DELETE", f"{AUDIT}?uptoDate=1524477805", {"Cache-Control": "no-cache", "Authorization": bearer}, b""),
        ("POST", "/api/3/utils/log-collect", {"Host": host, "Authorization": bearer}, b"{}"),
        (
            "POST",
            "/api/auth/token",
            json_in | {"Accept": "application/json", "Authorization": bearer},
            b'{"action": "logout", "users": []}',
        ),
    ]:
        answer = soar.http.request(method, path, headers=headers, content=body)
        assert answer.status_code == 200, (path, answer.text)


# Records.


def test_an_asset_is_made_read_changed_and_deleted_as_in_the_guide(admin: Principal) -> None:
    body = {"ip": "8.8.8.8", "hostname": "google-public-dns-a.google.com"}
    made = admin.ask("POST", "/api/3/assets", body, 201)
    assert made["@id"] == f"/api/3/assets/{made['uuid']}"
    assert (made["@type"], made["ip"], made["hostname"]) == ("Asset", *body.values())
    assert admin.get(made["@id"])["hostname"] == body["hostname"]
    changed = admin.ask("PUT", made["@id"], {"ip": "8.8.4.4"})
    assert (changed["ip"], changed["hostname"]) == ("8.8.4.4", body["hostname"])
    assert admin.ask("DELETE", made["@id"], status=204) is None
    admin.get(made["@id"], 404)


def test_a_collection_has_a_view_since_7_0_and_its_old_keys_on_request(admin: Principal) -> None:
    for ip in ("8.8.8.8", "8.8.4.4"):
        admin.ask("POST", "/api/3/assets", {"ip": ip}, 201)
    page = admin.get("/api/3/assets")
    assert (page["@context"], page["@id"], page["hydra:totalItems"]) == ("/api/3/contexts/Asset", "/api/3/assets", 2)
    assert not page.keys() & {"hydra:itemsPerPage", "hydra:firstPage", "hydra:lastPage", "hydra:nextPage"}
    assert "hydra:next" not in page["hydra:view"]
    first = admin.get("/api/3/assets?$limit=1")["hydra:view"]
    assert first.keys() >= {"hydra:first", "hydra:last", "hydra:next"}
    old = admin.get("/api/3/assets?$legacy_collection_view=true")
    assert (old["@type"], old["hydra:itemsPerPage"]) == ("hydra:PagedCollection", 30)
    assert old["hydra:firstPage"].startswith("/api/3/assets")
    assert old["hydra:lastPage"].startswith("/api/3/assets")


def test_alerts_are_inserted_in_bulk_as_in_the_guide(admin: Principal) -> None:
    severity = f"/api/3/picklists/{picklist_uuid('Severity/High')}"
    rows = [{"name": f"bulk record {n}", "description": "<p>d</p>", "severity": severity} for n in (1, 2, 3)]
    answer = admin.ask("POST", "/api/3/insert/alerts", {"data": rows})
    assert (answer["@context"], answer["@id"], answer["@type"]) == ("/api/3/contexts/Alert", None, "hydra:Collection")
    assert [row["name"] for row in answer["hydra:member"]] == [row["name"] for row in rows]
    assert {row["severity"]["itemValue"] for row in answer["hydra:member"]} == {"High"}


def test_two_hundred_small_records_go_into_one_bulk(admin: Principal) -> None:
    rows = [{"value": f"198.51.100.{n}"} for n in range(200)]
    assert len(admin.ask("POST", "/api/3/insert/indicators", {"data": rows})["hydra:member"]) == 200


def test_a_bulk_update_without_an_id_is_told_and_null_empties_a_field(admin: Principal) -> None:
    first, second = (admin.ask("POST", "/api/3/alerts", {"name": name, "source": "s"}, 201) for name in "ab")
    rows = [{"@id": first["@id"], "source": "1238765"}, {"@id": second["@id"], "source": None}]
    answer = admin.ask("PUT", "/api/3/update/alerts", {"data": rows})
    assert [row["source"] for row in answer["data"]] == ["1238765", None]
    partly = admin.ask("PUT", "/api/3/update/alerts", {"data": [rows[0], {"source": "no id"}]}, 207)
    assert [row["@id"] for row in partly["data"]] == [first["@id"]]
    assert "index #1" in partly["failure"][0]


# Relations.


def test_assets_of_an_incident_are_shown_appended_made_and_taken_away(admin: Principal) -> None:
    incident = admin.ask("POST", "/api/3/incidents", {"name": "i"}, 201)["@id"]
    asset = admin.ask("POST", "/api/3/assets", {"macAddress": "as:se:t1"}, 201)
    appended = admin.ask("POST", f"{incident}/assets", {"@id": asset["@id"]})
    assert (appended["@id"], appended["@type"], appended["macAddress"]) == (asset["@id"], "Asset", "as:se:t1")
    made = admin.ask("POST", f"{incident}/assets", {"macAddress": "as:se:t3", "assetType": "laptop"}, 201)
    assert (made["@type"], made["assetType"]) == ("Asset", "laptop")
    page = admin.get(f"{incident}/assets?$legacy_collection_view=true")
    assert [row["macAddress"] for row in page["hydra:member"]] == ["as:se:t1", "as:se:t3"]
    assert (page["@context"], page["hydra:itemsPerPage"]) == ("/api/3/contexts/Asset", 30)
    admin.ask("DELETE", f"{incident}/assets/{asset['uuid']}", status=204)
    assert [row["@id"] for row in admin.get(f"{incident}/assets")["hydra:member"]] == [made["@id"]]


def test_related_records_are_counted_by_a_query_and_no_longer_by_a_flag(admin: Principal) -> None:
    incident = admin.ask("POST", "/api/3/incidents", {"name": "i"}, 201)
    for name in "ab":
        admin.ask("POST", f"{incident['@id']}/assets", {"hostname": name}, 201)
    flagged = admin.get(f"{incident['@id']}/assets?Countonly=true")
    assert len(flagged["hydra:member"]) == 2
    query = {
        "filters": [{"field": "incidents.uuid", "operator": "eq", "value": incident["uuid"]}],
        "aggregates": [{"operator": "count", "field": "uuid", "alias": "total"}],
    }
    assert admin.ask("POST", "/api/query/assets", query)["hydra:member"] == [{"total": 2}]


def relinked(soar: Soar, admin: Principal, already: int) -> tuple[int, int]:
    """Link one of as many assets as an alert has once more; return how many runs and audit lines that makes."""
    trigger = {"logic": "AND", "filters": [{"field": "assets", "operator": "changed", "value": None}]}
    begins = start("cybersponse.post_update", resources=["alerts"], fieldbasedtrigger=trigger)
    rows = [{"hostname": str(number)} for number in range(already)]
    assets = [row["@id"] for row in admin.ask("POST", "/api/3/insert/assets", {"data": rows})["hydra:member"]]
    alert = admin.ask("POST", "/api/3/alerts", {"name": "a", "assets": assets}, 201)
    soar.load(playbook("P", begins, isActive=True))
    audit = {"entityUuid": alert["uuid"]}
    before = admin.ask("POST", "/api/gateway/audit/activities/count", audit | {"operation": "Link"})["total"]

    admin.ask("PUT", alert["@id"], {"__link": {"assets": assets[:1]}})
    admin.ask("POST", f"{alert['@id']}/assets", {"@id": assets[0]})

    soar.product.playbooks.settle()
    assert admin.get(f"{alert['@id']}/assets")["hydra:totalItems"] == already
    after = admin.ask("POST", "/api/gateway/audit/activities/count", audit | {"operation": "Link"})["total"]
    return len(admin.get(f"{WF}/workflows/")["hydra:member"]), after - before


def test_a_record_that_is_linked_again_changes_nothing_while_few_are_linked(soar: Soar, admin: Principal) -> None:
    assert relinked(soar, admin, TOO_MANY_TO_COMPARE - 1) == (0, 0)


def test_from_the_hundredth_on_a_record_that_is_linked_again_counts_as_a_change(soar: Soar, admin: Principal) -> None:
    assert relinked(soar, admin, TOO_MANY_TO_COMPARE) == (2, 1)


# Runs.


def test_runs_are_found_by_every_filter_of_the_guide(soar: Soar, admin: Principal) -> None:
    alert = admin.ask("POST", "/api/3/alerts", {"name": "a"}, 201)["@id"]
    action = start("cybersponse.action", route="r-1", resources=["alerts"], step_variables={})
    soar.load(
        playbook("A", start(), recordTags=["ingestion"]),
        playbook("B", start(), failing(), recordTags=["system", "critical"]),
        playbook(
            "C", start(), step("Call", "WorkflowReference", workflowReference="/api/3/workflows/" + workflow_uuid("A"))
        ),
        playbook("D", action, isActive=True),
    )
    for name in "AB":
        soar.trigger(name)
    noon = soar.clock.now().replace(hour=12, minute=0).replace(tzinfo=None)
    soar.clock.advance(2 * 86_400)
    later = logged_in(soar)
    soar.trigger("C")
    later.ask("POST", "/api/triggers/1/action/r-1", {"records": [alert]})
    soar.product.playbooks.settle()

    def found(**query: str) -> list[str]:
        address = "&".join(["logs=all", "ordering=id", *(f"{name}={value}" for name, value in query.items())])
        return names(later.get(f"{LOGS}?{address}"))

    assert found() == ["A", "B", "C", "A", "D"]
    assert found(status="failed") == ["B"]
    assert found(template_iri=f'"/api/3/workflows/{workflow_uuid("A")}"') == ["A", "A"]
    assert found(records=f'"{alert}"') == ["D"]
    assert found(parent__isnull="True") == ["A", "B", "C", "D"]
    assert found(tags_include="ingestion,critical", tags_exclude="system,") == ["A", "A"]
    day = noon.date().isoformat()
    after = soar.clock.now().date().isoformat()
    assert found(created_after=day, created_before=after) == ["A", "B"]
    assert found(ordering="-created", limit="2", offset="1") == ["A", "C"]
    assert (
        later.ask("POST", f"{LOGS}?status=failed", {})["hydra:member"]
        == later.get(f"{LOGS}?status=failed")["hydra:member"]
    )


def test_a_query_in_the_body_makes_the_filters_of_the_address_count_for_nothing(soar: Soar, admin: Principal) -> None:
    soar.load(playbook("A", start()), playbook("B", start(), failing()))
    for name in "AB":
        soar.trigger(name)
    by_status = [{"field": "status", "operator": "eq", "value": "finished"}]
    query = {"logic": "AND", "limit": "30", "sort": [{"field": "name", "direction": "asc"}], "filters": by_status}
    assert names(admin.ask("POST", f"{LOGS}?status=failed", query)) == ["A"]
    assert names(admin.ask("POST", f"{LOGS}?status=failed", {"query": query})) == ["A"]
    assert sorted(names(admin.ask("POST", f"{LOGS}?status=failed", {"query": {}}))) == ["A", "B"]
    assert names(admin.ask("POST", f"{LOGS}?status=failed", {})) == ["B"]
    refused = admin.ask("POST", LOGS, {"query": "status"}, 400)
    assert refused == {"message": "query: This value should be an object."}


def test_logs_are_deleted_before_a_date_and_those_that_wait_are_kept_on_request(soar: Soar, admin: Principal) -> None:
    question = {"input": {"schema": {"title": "?", "description": "", "inputVariables": []}}}
    asking = step("Ask", "ManualInput", type="InputBased", response_mapping={"options": []}, **question)
    soar.load(playbook("A", start()), playbook("W", start(), asking))
    for name in "AW":
        soar.trigger(name)
    soar.clock.advance(3600)
    body = {
        "date": soar.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "userId": "3451141c-bac6-467c-8d72-85e0fab569ce",
        "user": "CS Admin",
        "exclude_awaiting_wf": True,
    }
    later = logged_in(soar)
    address = f"{WF}/workflows/delete/?format=json"
    assert later.ask("DELETE", address, body) == {"result": "deleting workflows"}
    assert names(later.get(f"{LOGS}?logs=all")) == ["W"]
    later.ask("DELETE", address, body | {"exclude_awaiting_wf": False})
    assert names(later.get(f"{LOGS}?logs=all")) == []
    assert "is not a date" in later.ask("DELETE", address, body | {"date": "soon"}, 400)["message"]


def test_a_schedule_purges_logs_and_is_shown_and_changed(soar: Soar, admin: Principal) -> None:
    request = {"iri": f"{WF}/workflows/delete/", "method": "DELETE", "body": {"date": "2030-01-01T00:00:00.000Z"}}
    purge = step("Purge", "CyopsUtilites", connector="cyops_utilities", operation="make_cyops_request", params=request)
    soar.load(playbook("A", start()), playbook("Purge logs", start(), purge))
    soar.trigger("A")
    given = {
        "name": "Purge executed playbook logs",
        "crontab": {"minute": "0", "hour": "1"},
        "kwargs": {"wf_iri": f"/api/3/workflows/{workflow_uuid('Purge logs')}"},
        "enabled": False,
    }
    made = admin.ask("POST", f"{WF}/scheduled/", given, 201)
    address = f"{WF}/scheduled/{made['id']}/"
    assert admin.get(address)["name"] == given["name"]
    changed = admin.ask("PUT", address, {"crontab": {"minute": "30", "hour": "2"}})
    assert changed["crontab"] == {"minute": "30", "hour": "2"}

    admin.ask("POST", f"{WF}/scheduled/trigger-now/", {"id": made["id"]})

    soar.product.playbooks.settle()
    assert names(admin.get(f"{LOGS}?logs=all")) == ["Purge logs"]
