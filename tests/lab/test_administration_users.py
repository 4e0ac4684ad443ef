"""Users of the local FortiSOAR: people, API keys and their bindings, roles, and what each may do."""

from __future__ import annotations

from typing import Any

import pytest

from lab.fortisoar.administration.rights import RESOURCES
from lab.fortisoar.records.seeding import TEAM
from tests.support.administration import (
    Principal,
    logged_in,
    new_key,
    new_person,
    refusal_of_login,
    role,
)
from tests.support.playbooks import PASSWORD, USERNAME, Row, Soar

USERS, TEAMS = "/api/auth/users", [f"/api/3/teams/{TEAM}"]
INVALID = {"reason": "Invalid credentials or account locked"}
NO_TEAM = "A user must be on at least one team in order to create records."
RIGHTS = {"create", "delete", "execute", "fields", "read", "update"}


@pytest.fixture
def admin(soar: Soar) -> Principal:
    return logged_in(soar)


def key_of(soar: Soar, admin: Principal, *roles: str, teams: list[str] = TEAMS) -> Principal:
    """Return an API key that has these roles."""
    key, _ = new_key(admin, "key", roles=[role(admin, name) for name in roles], teams=teams)
    return Principal(soar, f"API-KEY {key}")


def row_of(admin: Principal, uuid: str, **query: str) -> Row:
    address = "&".join(f"{name}={value}" for name, value in {"uuid": uuid, **query}.items())
    (row,) = admin.get(f"{USERS}?{address}")["usersresp"]
    found: Row = row
    return found


# API keys.


def test_an_api_key_is_made_shown_masked_and_works_once_it_is_bound(soar: Soar, admin: Principal) -> None:
    key, uuid = new_key(admin, days=30)
    row = row_of(admin, uuid, show_api_key="true")
    assert row.keys() == {
        "access_type", "api_key", "bind_name", "domain", "is_logged_in", "loginid", "status", "tenant", "user_type",
        "uuid",
    }  # fmt: skip
    assert (row["user_type"], row["status"], row["loginid"]) == (9, 1, uuid)
    assert row["api_key"].keys() == {
        "key", "modify_date", "retrievable", "status", "time_remaining", "valid_until",
    }  # fmt: skip
    assert row["api_key"]["key"] == "x" * 28 + key[-4:]
    assert (row["api_key"]["status"], row["api_key"]["time_remaining"]) == ("Active", 30)
    assert "api_key" not in row_of(admin, uuid)
    caller = Principal(soar, f"API-KEY {key}")
    assert caller.get("/api/3/alerts", 403)["message"] == "You do not have the permission to read alerts."
    assert "no name yet" in caller.get("/api/3/actors/current", 403)["message"]

    body = {"name": "reader", "userId": uuid, "roles": [role(admin, "Full App Permissions")], "teams": TEAMS}
    bound = admin.ask("POST", "/api/3/api_keys", body, 201)

    assert bound.keys() == {
        "@id", "@settings", "@type", "avatar", "createDate", "createUser", "id", "modifyDate", "modifyUser", "name",
        "recordTags", "userId", "userType", "uuid", "roles", "teams",
    }  # fmt: skip
    assert caller.ask("POST", "/api/3/alerts", {"name": "a"}, 201)["name"] == "a"
    current = caller.get("/api/3/actors/current")
    assert (current["@type"], current["name"]) == ("ApiKey", "reader")
    assert "email" not in current


@pytest.mark.parametrize(
    "body",
    [
        {"type": "9", "status": "1", "api_key_validity": "30"},
        {"type": 9, "status": 1, "api_key_validity": 0},
        {"type": 9, "status": 1, "api_key_validity": 366},
        {"type": 9, "status": 1, "api_key_validity": True},
        {"type": 9, "status": 3, "api_key_validity": 3},
        {"type": 1, "status": 1},
    ],
)
def test_a_key_with_texts_or_out_of_its_bounds_is_not_made(admin: Principal, body: Row) -> None:
    before = admin.get(USERS)
    refused = admin.ask("POST", USERS, body, 400)
    assert "integer" in refused["reason"]
    assert admin.get(USERS) == before


def test_no_key_is_made_while_keys_are_to_be_retrievable(admin: Principal) -> None:
    admin.ask("PUT", "/api/auth/config", {"option": "retrievable_mode", "value": True})
    refused = admin.ask("POST", USERS, {"type": 9, "status": 1, "api_key_validity": 3}, 400)
    assert refused == {"reason": "preserve_compatibility"}


def test_a_key_is_refused_from_its_last_day_on_until_its_validity_is_set_anew(soar: Soar, admin: Principal) -> None:
    key, uuid = new_key(admin, "k", days=1, roles=[role(admin, "SOC Analyst")])
    caller = Principal(soar, f"API-KEY {key}")
    caller.get("/api/3/alerts")
    soar.clock.advance(86_401)
    assert caller.get("/api/3/alerts", 401)["hydra:description"] == "Invalid credentials."
    again = logged_in(soar)
    body = {"uuid": uuid, "key_type": "API_KEY", "operation": "RESET_VALIDITY", "api_key_validity": 2}
    changed = again.ask("PUT", USERS, body)
    assert changed.keys() == {"api_key", "uuid"}
    assert changed["api_key"]["time_remaining"] == 2
    caller.get("/api/3/alerts")


def test_a_key_is_rotated_switched_off_and_on_and_revoked(soar: Soar, admin: Principal) -> None:
    key, uuid = new_key(admin, "k", roles=[role(admin, "SOC Analyst")])

    def change(operation: str, status: int = 200) -> Any:
        return admin.ask("PUT", USERS, {"uuid": uuid, "key_type": "API_KEY", "operation": operation}, status)

    new = change("REGENERATE")["api_key"]
    assert new.keys() == {"key", "retrievable", "status", "time_remaining", "valid_until"}
    assert (new["status"], new["time_remaining"], len(new["key"])) == ("Active", 30, 32)
    Principal(soar, f"API-KEY {key}").get("/api/3/alerts", 401)
    caller = Principal(soar, f"API-KEY {new['key']}")
    caller.get("/api/3/alerts")

    assert change("DEACTIVATE")["api_key"]["status"] == "Inactive"
    caller.get("/api/3/alerts", 401)
    assert change("ACTIVATE")["api_key"]["key"] == "x" * 28 + new["key"][-4:]
    caller.get("/api/3/alerts")

    assert change("REVOKE")["api_key"]["status"] == "Revoked"
    caller.get("/api/3/alerts", 401)
    assert change("ACTIVATE", 400) == {"reason": "The API key is revoked."}
    caller.get("/api/3/alerts", 401)
    assert "operation must be one of REVOKE" in change("BURN", 400)["reason"]


def test_a_binding_is_listed_renamed_and_removed_and_its_key_then_may_do_nothing(soar: Soar, admin: Principal) -> None:
    key, uuid = new_key(admin, "k", roles=[role(admin, "SOC Analyst")], teams=TEAMS)
    (bound,) = (row for row in admin.get("/api/3/api_keys")["hydra:member"] if row["userId"] == uuid)
    assert "roles" not in admin.get(bound["@id"])
    assert admin.get(f"{bound['@id']}?$relationships=true")["teams"] == TEAMS
    changed = admin.ask("PUT", bound["@id"], {"name": "renamed", "teams": []})
    assert (changed["name"], changed["teams"], len(changed["roles"])) == ("renamed", [], 1)
    twice = admin.ask("POST", "/api/3/api_keys", {"name": "again", "userId": uuid}, 400)
    assert twice["message"] == "userId must be that of an API key which has no name yet."

    admin.ask("DELETE", bound["@id"], status=204)

    admin.get(bound["@id"], 404)
    Principal(soar, f"API-KEY {key}").get("/api/3/alerts", 403)
    assert row_of(admin, uuid)["status"] == 1


# What an API key may not do, whatever its roles.


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/auth/license"),
        ("GET", "/auth/license/?param=license_details"),
        ("GET", "/api/auth/cluster/health"),
        ("GET", "/api/auth/config"),
        ("GET", "/api/auth/users"),
        ("POST", "/api/auth/users"),
        ("POST", "/api/auth/query/users"),
        ("POST", "/api/auth/token"),
        ("POST", "/api/3/people"),
        ("POST", "/api/3/appliances"),
        ("POST", "/api/3/api_keys"),
    ],
)
def test_an_api_key_is_refused_what_only_people_may_do(soar: Soar, admin: Principal, method: str, path: str) -> None:
    before = admin.get("/api/3/people")["hydra:totalItems"]
    refused = key_of(soar, admin, "Full App Permissions").ask(method, path, {}, 403)
    assert refused["message"] == "An API key cannot do that."
    assert admin.get("/api/3/people")["hydra:totalItems"] == before


@pytest.mark.parametrize(
    "path",
    [
        "/api/3/actors/current", "/api/permissions/current", "/api/3/roles", "/api/3/teams", "/api/3/api_keys",
        "/api/version",
    ],
)  # fmt: skip
def test_an_api_key_reads_what_was_seen_to_be_open_to_it(soar: Soar, admin: Principal, path: str) -> None:
    key_of(soar, admin, "Full App Permissions").get(path)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/3/insert/alerts", {"data": [{"name": "a"}]}),
        ("PUT", "/api/3/update/alerts", {"data": []}),
        ("DELETE", "/api/3/delete/alerts", {"ids": []}),
        ("POST", "/api/3/bulkupsert/alerts", [{"name": "a"}]),
    ],
)
def test_bulk_requests_refuse_api_keys_as_captured_or_take_them(
    soar: Soar, admin: Principal, method: str, path: str, body: Any
) -> None:
    key = key_of(soar, admin, "Full App Permissions")
    assert key.ask(method, path, body, 500) == {"message": "Invalid credentials."}
    assert admin.get("/api/3/alerts")["hydra:totalItems"] == 0
    soar.product.switches.set("bulk_with_api_key", "works")
    key.ask(method, path, body)


# People.


def test_a_person_logs_in_only_after_a_password_was_set(soar: Soar, admin: Principal) -> None:
    person = new_person(admin, "a@example.com", roles=[role(admin, "SOC Analyst")], teams=TEAMS)
    assert person["@type"] == "Person"
    assert row_of(admin, person["userId"])["loginid"] == "a@example.com"
    assert refusal_of_login(soar, "a@example.com", "unused")["hydra:description"].startswith("Password not set")

    given = {"uuid": person["uuid"], "currentUUID": person["userId"], "loginId": "a@example.com", "password": "pw"}
    assert admin.ask("POST", "/api/3/resetpassword", given) == "Password Changed sucessfully"

    user = logged_in(soar, "a@example.com", "pw")
    assert user.get("/api/3/actors/current")["uuid"] == person["uuid"]
    made = user.ask("POST", "/api/3/alerts", {"name": "a"}, 201)
    assert made["createUser"]["uuid"] == person["uuid"]


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"loginId": "nobody"}, 404, "The user nobody was not found."),
        ({"currentUUID": "nobody"}, 400, "currentUUID is not this user's."),
        ({"uuid": "nobody"}, 400, "uuid is not this user's."),
    ],
)
def test_a_password_is_not_set_for_somebody_else(
    soar: Soar, admin: Principal, change: Row, status: int, message: str
) -> None:
    person = new_person(admin, "a@example.com", "pw")
    given = {"uuid": person["uuid"], "currentUUID": person["userId"], "loginId": "a@example.com", "password": "new"}
    assert admin.ask("POST", "/api/3/resetpassword", given | change, status)["message"] == message
    logged_in(soar, "a@example.com", "pw")


def test_ones_own_password_is_changed_with_the_old_one_and_never_reset(soar: Soar, admin: Principal) -> None:
    person = new_person(admin, "a@example.com", "pw", roles=[role(admin, "Full App Permissions")])
    user = logged_in(soar, "a@example.com", "pw")
    own = {"uuid": person["uuid"], "currentUUID": person["userId"], "loginId": "a@example.com", "password": "x"}
    assert "/api/3/changepassword" in user.ask("POST", "/api/3/resetpassword", own, 403)["message"]
    wrong = {"uuid": person["uuid"], "loginId": "a@example.com", "oldPassword": "no", "newPassword": "new"}
    assert user.ask("PUT", "/api/3/changepassword", wrong, 400)["message"] == "oldPassword is wrong."
    logged_in(soar, "a@example.com", "pw")
    user.ask("PUT", "/api/3/changepassword", wrong | {"oldPassword": "pw"})
    logged_in(soar, "a@example.com", "new")
    refusal_of_login(soar, "a@example.com", "pw")


def sso(number: int) -> Row:
    """Return a person as the guide's bulk has them."""
    mail = f"user{number}@example.com"
    return {
        "username": mail,
        "email": mail,
        "firstname": f"user{number}",
        "lastname": str(number),
        "phoneMobile": "",
        "roles": [],
        "accessType": "Concurrent",
        "csActive": False,
        "loginType": 6,
        "uuid": f"482c47ad-edfd-42ec-b908-437cd5f86ef{number}",
        "user": {"loginid": mail, "user_type": 6, "access_type": "Concurrent", "status": 2},
    }


@pytest.mark.parametrize("status", [200, 201])
def test_people_are_made_in_bulk_and_log_in_afterwards(soar: Soar, admin: Principal, status: int) -> None:
    soar.product.switches.set("bulk_people_status", status)
    answer = admin.ask("POST", "/api/3/insert/people", {"data": [sso(4), sso(5)]}, status)
    assert (answer["@context"], answer["@id"]) == ("/api/3/contexts/Person", None)
    assert answer["@type"] == "hydra:Collection"
    assert [row["email"] for row in answer["hydra:member"]] == ["user4@example.com", "user5@example.com"]
    person = admin.get(f"/api/3/people/{sso(4)['uuid']}")
    login = row_of(admin, person["userId"])
    assert (login["user_type"], login["status"], login["access_type"]) == (6, 2, "Concurrent")
    refusal_of_login(soar, "user4@example.com", "")

    given = {"uuid": person["uuid"], "currentUUID": person["userId"], "loginId": "user4@example.com", "password": "pw"}
    admin.ask("POST", "/api/3/resetpassword", given)
    logged_in(soar, "user4@example.com", "pw")


def test_a_bulk_of_people_that_partly_fails_says_which(soar: Soar, admin: Principal) -> None:
    answer = admin.ask("POST", "/api/3/insert/people", {"data": [sso(4), sso(4), {"user": {}}]}, 207)
    assert [row["email"] for row in answer["success"]] == ["user4@example.com"]
    first, second = answer["failure"]
    assert "index #1" in first
    assert "already exists in people: loginid" in first
    assert "user must be an object with a loginid" in second
    soar.product.switches.set("bulk_people_status", 400)
    refused = admin.ask("POST", "/api/3/insert/people", {"data": [sso(5)]}, 400)
    assert refused == {"type": "TypeError", "message": "Internal Server Error"}
    assert admin.get("/api/3/people")["hydra:totalItems"] == 2


def test_a_login_that_is_taken_makes_no_person(admin: Principal) -> None:
    refused = admin.ask("POST", "/api/3/people", {"firstname": "x", "user": {"loginid": USERNAME}}, 409)
    assert "already exists in people: loginid" in refused["message"]
    assert admin.get("/api/3/people")["hydra:totalItems"] == 1


def test_a_user_that_is_switched_off_loses_its_sessions_and_a_bare_status_changes_nothing(
    soar: Soar, admin: Principal
) -> None:
    person = new_person(admin, "a@example.com", "pw")
    user = logged_in(soar, "a@example.com", "pw")
    assert admin.ask("PUT", USERS, {"uuid": person["userId"], "status": 2}) == {}
    user.get("/api/3/actors/current")

    update = {"uuid": person["userId"], "status": 2, "user_type": 1, "access_type": "Named"}
    admin.ask("PUT", USERS, {"update": update})

    user.get("/api/3/actors/current", 401)
    refused = refusal_of_login(soar, "a@example.com", "pw")
    assert refused["hydra:description"] == "Invalid credentials or account locked"
    assert (row_of(admin, person["userId"])["status"], row_of(admin, person["userId"])["access_type"]) == (2, "Named")
    admin.ask("PUT", f"/api/3/people/{person['uuid']}", {"user": {"status": 1}})
    logged_in(soar, "a@example.com", "pw")


def test_a_person_that_is_deleted_can_no_longer_log_in(soar: Soar, admin: Principal) -> None:
    person = new_person(admin, "a@example.com", "pw")
    user = logged_in(soar, "a@example.com", "pw")
    admin.ask("DELETE", f"/api/3/people/{person['uuid']}", status=204)
    user.get("/api/3/actors/current", 401)
    refusal_of_login(soar, "a@example.com", "pw")


def test_logins_are_listed_asked_for_by_name_and_in_numbers(soar: Soar, admin: Principal) -> None:
    person = new_person(admin, "a@example.com")
    names = {row["loginid"] for row in admin.get(USERS)["usersresp"]}
    assert names >= {USERNAME, "a@example.com"}
    assert admin.get(f"{USERS}?loginid=a@example.com")["usersresp"][0]["uuid"] == person["userId"]
    assert admin.get(f"{USERS}?loginid=nobody", 400) == INVALID
    assert admin.ask("PUT", USERS, {"update": {"uuid": "nobody", "status": 1}}, 400) == INVALID
    body = {"users": [person["userId"], "nobody"], "show_api_key": True}
    (row,) = admin.ask("POST", "/api/auth/query/users", body)["usersresp"]
    assert (row["loginid"], row["api_key"]) == ("a@example.com", None)
    soar.product.switches.set("api_key_of_a_person", "absent")
    (row,) = admin.ask("POST", "/api/auth/query/users", body)["usersresp"]
    assert "api_key" not in row


# Rights.


def test_the_rights_of_an_administrator_are_all_but_one(admin: Principal) -> None:
    rights = admin.get("/api/permissions/current")
    assert set(rights) == set(RESOURCES)
    assert len(rights) == 62
    assert all(each.keys() == RIGHTS for each in rights.values())
    of_content_hub = rights.pop("contentHub")
    assert {name for name, given in of_content_hub.items() if given is True} == {"read"}
    assert all(each[name] is True for each in rights.values() for name in RIGHTS - {"fields"})


def test_roles_give_rights_and_a_missing_one_is_403_without_an_effect(soar: Soar, admin: Principal) -> None:
    permission = {"module": "/api/3/modules/alerts", "canRead": True, "canCreate": True}
    made = admin.ask("POST", "/api/3/roles", {"name": "Reader", "modulePermissions": [permission]}, 201)
    new_person(admin, "a@example.com", "pw", roles=[made["@id"]], teams=TEAMS)
    user = logged_in(soar, "a@example.com", "pw")
    granted = user.get("/api/permissions/current")["alerts"]
    assert granted == {
        "create": True, "delete": False, "execute": False, "fields": [], "read": True, "update": False,
    }  # fmt: skip
    alert = user.ask("POST", "/api/3/alerts", {"name": "a"}, 201)
    for method, path, right in [
        ("PUT", alert["@id"], "update alerts"),
        ("DELETE", alert["@id"], "delete alerts"),
        ("GET", "/api/3/incidents", "read incidents"),
        ("POST", "/api/query/incidents", "read incidents"),
        ("POST", "/api/3/upsert/alerts", "update alerts"),
        ("DELETE", "/gateway/audit/activities?uptoDate=1", "delete security"),
        ("POST", "/api/3/roles", "create security"),
        ("POST", "/api/integration/execute/", "execute connectors"),
    ]:
        refused = user.ask(method, path, {"name": "b"}, 403)
        assert refused["message"] == f"You do not have the permission to {right}."
    assert admin.get(alert["@id"])["name"] == "a"

    admin.ask("PUT", made["@id"], {"modulePermissions": [permission | {"canUpdate": True}]})
    assert user.ask("PUT", alert["@id"], {"name": "b"})["name"] == "b"
    shown = admin.get(f"{made['@id']}?$relationships=true")["modulePermissions"]
    assert [(each["module"]["type"], each["canUpdate"], each["canDelete"]) for each in shown] == [
        ("alerts", True, False)
    ]
    admin.ask("DELETE", made["@id"], status=204)
    user.get("/api/3/alerts", 403)


def test_a_role_that_is_wrong_or_there_already_is_refused(admin: Principal) -> None:
    assert (
        admin.ask("POST", "/api/3/roles", {"name": "SOC Analyst"}, 409)["type"] == "UniqueConstraintViolationException"
    )
    wrong = {"name": "x", "modulePermissions": [{"module": "/api/3/modules/colours"}]}
    assert admin.ask("POST", "/api/3/roles", wrong, 400)["message"] == "modulePermissions: colours is no module."
    admin.get("/api/3/roles/none", 404)
    rows = admin.get("/api/3/roles")["hydra:member"]
    assert {row["name"] for row in rows} == {
        "Full App Permissions", "SOC Manager", "SOC Analyst", "Security Administrator",
    }  # fmt: skip
    assert rows[0].keys() == {"@id", "@type", "description", "importedBy", "name", "uuid"}


def test_who_is_in_no_team_creates_no_record(soar: Soar, admin: Principal) -> None:
    person = new_person(admin, "a@example.com", "pw", roles=[role(admin, "Full App Permissions")])
    user, key = logged_in(soar, "a@example.com", "pw"), key_of(soar, admin, "Full App Permissions", teams=[])
    for who in (user, key):
        assert who.ask("POST", "/api/3/alerts", {"name": "a"}, 403)["message"] == NO_TEAM
    assert admin.get("/api/3/alerts")["hydra:totalItems"] == 0
    admin.ask("PUT", f"/api/3/people/{person['uuid']}", {"teams": TEAMS})
    user.ask("POST", "/api/3/alerts", {"name": "a"}, 201)


def test_log_collection_needs_the_right_to_read_security(soar: Soar, admin: Principal) -> None:
    permission = {"module": "/api/3/modules/alerts", "canRead": True}
    made = admin.ask("POST", "/api/3/roles", {"name": "Reader", "modulePermissions": [permission]}, 201)
    new_person(admin, "a@example.com", "pw", roles=[made["@id"]])
    user = logged_in(soar, "a@example.com", "pw")
    for method, path in (("POST", "/api/3/utils/log-collect"), ("GET", "/api/3//utils/log-collect?filename=x")):
        refused = user.ask(method, path, status=403)
        assert refused["message"] == "You do not have the permission to read security."
    admin.get("/api/3/utils/log-collect?filename=fortisoar-logs.tar.gz", 400)


def test_the_current_actor_is_whoever_asks_with_rights_and_settings(soar: Soar, admin: Principal) -> None:
    current = admin.get("/api/3/actors/current")
    assert (current["@type"], current["@context"]) == ("Person", "/api/3/contexts/Person")
    assert current["@permissions"] == admin.get("/api/permissions/current")
    assert current["@settings"].keys() >= {"auditlog_ttl_config", "workflow_ttl_config", "historical_workflow_config"}
    new_person(admin, "a@example.com", "pw")
    other = logged_in(soar, "a@example.com", "pw").get("/api/3/actors/current")
    assert (other["firstname"], other["@permissions"]["alerts"]["read"]) == ("a@example.com", False)
    assert logged_in(soar, USERNAME, PASSWORD).get("/api/3/actors/current")["uuid"] == current["uuid"]
