"""The audit log of the local FortiSOAR: what was done is in it, is asked for, and is purged."""

from __future__ import annotations

from typing import Any

import pytest

from lab.fortisoar.administration.settings import AUDIT_DAYS
from tests.support.administration import Principal, logged_in, new_person, refusal_of_login
from tests.support.playbooks import PASSWORD, USERNAME, Row, Soar, playbook, start, workflow_uuid

AUDIT = "/api/gateway/audit"
KEYS = {
    "component", "data", "displayName", "entitySingularName", "entityType", "entityUuid", "id", "operation", "source",
    "subComponent", "teamIris", "title", "transactionDate", "user", "userId", "userOwnerIris",
}  # fmt: skip


@pytest.fixture
def admin(soar: Soar) -> Principal:
    return logged_in(soar)


def lines(admin: Principal, base: str = AUDIT, **body: Any) -> list[Row]:
    found: list[Row] = admin.ask("POST", f"{base}/activities", {"limit": 100, **body})["content"]
    return found


def told(admin: Principal, **body: Any) -> list[tuple[str, str]]:
    """Return operations and titles, oldest first."""
    return [(line["operation"], line["title"]) for line in reversed(lines(admin, **body))]


def test_what_is_done_to_a_record_is_in_the_log(admin: Principal) -> None:
    row = admin.ask("POST", "/api/3/alerts", {"name": "a", "source": "s"}, 201)
    admin.ask("PUT", row["@id"], {"name": "b"})
    asset = admin.ask("POST", "/api/3/assets", {"hostname": "h"}, 201)
    admin.ask("POST", f"{row['@id']}/assets", {"@id": asset["@id"]})
    admin.ask("DELETE", f"{row['@id']}/assets/{asset['uuid']}", status=204)
    admin.ask("DELETE", row["@id"], status=204)

    assert told(admin, entityUuid=row["uuid"]) == [
        ("Create", "Alert [a] Created"),
        ("Update", "Alert [b] Updated"),
        ("Link", "Asset [h] Linked to Alert [b]"),
        ("Unlink", "Asset [h] Unlinked from Alert [b]"),
        ("Delete", "Alert [b] Deleted"),
    ]
    delete, _, link, update, create = lines(admin, entityUuid=row["uuid"])
    assert create.keys() == update.keys() == delete.keys() == KEYS
    assert (create["component"], create["entityType"], create["entitySingularName"]) == (
        "crudhub", "EntityRecord", "Alert",
    )  # fmt: skip
    assert create["user"] == USERNAME
    assert create["data"]["name"] == "a"
    assert create["data"]["state"] == "New"
    assert (create["data"]["@id"], create["data"]["UUID"]) == (row["@id"], row["uuid"])
    assert update["data"] == {"name": {"oldData": "a", "newData": "b"}}
    assert link["linkEntityDetails"] == {
        "iri": asset["@id"], "type": "assets", "displayName": "h", "singularName": "Asset",
    }  # fmt: skip


def test_bulk_requests_are_in_the_log_record_by_record(admin: Principal) -> None:
    made = admin.ask("POST", "/api/3/insert/alerts", {"data": [{"name": "a"}, {"name": "b"}]})["hydra:member"]
    admin.ask("PUT", "/api/3/update/alerts", {"data": [{"@id": made[0]["@id"], "name": "c"}]})
    admin.ask("DELETE", "/api/3/delete/alerts", {"ids": [row["uuid"] for row in made]})
    assert told(admin, entityType="EntityRecord") == [
        ("Bulk Insert", "Alert [a] Created"),
        ("Bulk Insert", "Alert [b] Created"),
        ("Update", "Alert [c] Updated"),
        ("Bulk Delete", "Alert [c] Deleted"),
        ("Bulk Delete", "Alert [b] Deleted"),
    ]


def test_logins_and_logouts_are_in_the_log_with_who_and_from_where(soar: Soar, admin: Principal) -> None:
    person = new_person(admin, "a@example.com", "pw")
    refusal_of_login(soar, "a@example.com", "wrong")
    logged_in(soar, "a@example.com", "pw").ask("POST", "/api/3/logout", {}, 204)
    admin.ask("POST", "/api/auth/token", {"action": "logout", "users": [person["uuid"]]})
    assert told(admin, component="das")[-4:] == [
        ("Login Failed", "User [a@example.com] failed to log in"),
        ("Login Success", "User [a@example.com] logged in"),
        ("Log Out", "User [a@example.com] logged out"),
        ("Log Out", f"Users [{person['uuid']}] were logged out"),
    ]
    out = lines(admin, operation="Log Out")
    assert [line["user"] for line in out] == [USERNAME, "a@example.com"]
    assert out[1]["userId"] == out[1]["entityUuid"] == person["userId"]
    assert all(line["source"] for line in out)
    assert PASSWORD not in str(lines(admin))


def test_a_trigger_and_what_its_playbook_writes_are_in_the_log(soar: Soar, admin: Principal) -> None:
    soar.load(playbook("P", start()))
    task = soar.trigger("P")
    (line,) = lines(admin, operation="Trigger")
    assert (line["component"], line["entityUuid"]) == ("sealab", workflow_uuid("P"))
    assert line["title"] == f"Playbook [{workflow_uuid('P')}] Triggered"
    assert line["data"] == {"task_ids": [task]}


def test_an_action_that_failed_is_in_the_log_too(admin: Principal) -> None:
    body = {"connector": "nothing", "operation": "act", "params": {"password": "s3cret"}}
    admin.ask("POST", "/api/integration/execute/", body, 400)
    (line,) = lines(admin, operation="Executed Action")
    assert line["title"] == "Action [act] of connector [nothing] Executed"
    assert line["data"] == {"connector": "nothing", "operation": "act", "status": "failed"}
    assert "s3cret" not in str(line)


def test_what_was_refused_is_not_in_the_log(admin: Principal) -> None:
    before = admin.ask("POST", f"{AUDIT}/activities/count", {})
    admin.ask("POST", "/api/3/alerts", {"severity": "Purple"}, 400)
    admin.ask("DELETE", "/api/integration/connectors/77/", status=404)
    assert admin.ask("POST", f"{AUDIT}/activities/count", {}) == before


# Asking.


def test_activities_are_paged_newest_first_without_totals(admin: Principal) -> None:
    for number in range(12):
        admin.ask("POST", "/api/3/alerts", {"name": str(number)}, 201)
    page = admin.ask("POST", f"{AUDIT}/activities", {"entityType": "EntityRecord"})
    assert page.keys() == {"content", "first", "number"}
    assert (page["first"], page["number"], len(page["content"])) == (True, 0, 10)
    numbers = [line["id"] for line in page["content"]]
    assert numbers == sorted(numbers, reverse=True)
    second = admin.ask("POST", f"{AUDIT}/activities", {"entityType": "EntityRecord", "page": 1})
    assert ([line["displayName"] for line in second["content"]], second["first"]) == (["1", "0"], False)
    assert admin.ask("POST", f"{AUDIT}/activities/count", {"entityType": "EntityRecord"}) == {"total": 12}
    assert len(admin.ask("POST", f"{AUDIT}/activities", {"limit": 2, "logic": "AND", "filters": []})["content"]) == 2


def test_activities_are_found_by_when_who_and_what(soar: Soar, admin: Principal) -> None:
    first = admin.ask("POST", "/api/3/alerts", {"name": "first"}, 201)
    soar.clock.advance(100)
    between = int(soar.clock.now().timestamp() * 1000) - 50_000
    admin.ask("POST", "/api/3/assets", {"hostname": "second"}, 201)
    of_records = {"entityType": "EntityRecord"}
    assert [line["displayName"] for line in lines(admin, **of_records, startDate=between)] == ["second"]
    assert [line["displayName"] for line in lines(admin, **of_records, endDate=between)] == ["first"]
    assert [line["displayName"] for line in lines(admin, search="FIRST")] == ["first"]
    mine = lines(admin, entityUuid=first["uuid"])[0]["userId"]
    assert len(lines(admin, **of_records, userId=mine)) == 2
    assert lines(admin, **of_records, userId="nobody") == []
    assert {line["operation"] for line in lines(admin, operation="Create", component="crudhub")} == {"Create"}


def test_filters_that_the_appliance_passes_over_are_passed_over(admin: Principal) -> None:
    admin.ask("POST", "/api/3/alerts", {"name": "a"}, 201)
    everything = lines(admin)
    for ignored in ({"operation": ["Delete"]}, {"user": "nobody"}, {"filterParams": {"x": 1}}, {"sort": "id"}):
        assert lines(admin, **ignored) == everything
    refused = admin.ask("POST", f"{AUDIT}/activities", {"operation": ["Create", "Delete"]}, 400)
    assert refused == {"message": "operation must be one text."}
    assert admin.ask("POST", f"{AUDIT}/activities", {"page": "x"}, 400) == {"message": "page must be a whole number."}


def test_one_activity_is_read_by_its_number(admin: Principal) -> None:
    admin.ask("POST", "/api/3/alerts", {"name": "a"}, 201)
    (line,) = lines(admin, operation="Create")
    assert admin.get(f"{AUDIT}/activities/{line['id']}") == line
    assert admin.get(f"{AUDIT}/activities/999999", 404) == {"message": "There is no activity 999999."}


def test_the_operations_are_listed_and_all_that_are_written_are_among_them(soar: Soar, admin: Principal) -> None:
    operations = admin.get(f"{AUDIT}/operations")
    assert len(operations) == 45
    assert len(admin.get(f"{AUDIT}/operations?operationType=module_detail")) == 10
    admin.ask("POST", "/api/3/alerts", {"name": "a"}, 201)
    assert {line["operation"] for line in lines(admin)} <= set(operations)


def test_a_list_by_get_is_a_switch(soar: Soar, admin: Principal) -> None:
    assert admin.get(f"{AUDIT}/activities", 405) == {"message": "Request method 'GET' not supported"}
    soar.product.switches.set("audit_list_by_get", "list")
    assert admin.get(f"{AUDIT}/activities")["content"][0]["operation"] == "Login Success"


# Purging.


@pytest.mark.parametrize("base", ["/gateway/audit", "/api/gateway/audit"])
def test_activities_before_a_date_are_deleted_for_good(soar: Soar, admin: Principal, base: str) -> None:
    admin.ask("POST", "/api/3/alerts", {"name": "old"}, 201)
    soar.clock.advance(100)
    upto = int(soar.clock.now().timestamp()) - 50
    admin.ask("POST", "/api/3/alerts", {"name": "new"}, 201)

    assert admin.ask("DELETE", f"{base}/activities?uptoDate={upto}") is None

    assert [line["displayName"] for line in lines(admin, base)] == ["new"]
    assert admin.ask("POST", f"{base}/activities/count", {}) == {"total": 1}
    soar.product.switches.set("purged_audit_body", "object")
    assert admin.ask("DELETE", f"{base}/activities?uptoDate={upto}") == {}


def test_a_purge_without_a_date_is_refused_and_deletes_nothing(admin: Principal) -> None:
    before = lines(admin)
    for query in ("", "?uptoDate=", "?uptoDate=yesterday"):
        refused = admin.ask("DELETE", f"/gateway/audit/activities{query}", status=400)
        assert refused == {"message": "uptoDate must be a number of seconds since 1970."}
    assert lines(admin) == before


@pytest.mark.parametrize("is_stopped", [False, True])
def test_old_activities_go_by_themselves_until_that_is_stopped(soar: Soar, admin: Principal, is_stopped: bool) -> None:
    admin.ask("POST", "/api/3/alerts", {"name": "old"}, 201)
    if is_stopped:
        admin.ask("DELETE", "/gateway/audit/activities/ttl")
    soar.clock.advance(AUDIT_DAYS * 86_400 + 60)
    kept = [line["displayName"] for line in lines(logged_in(soar), entityType="EntityRecord")]
    assert kept == (["old"] if is_stopped else [])
