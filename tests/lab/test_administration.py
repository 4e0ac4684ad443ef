"""Administration of the local FortiSOAR: licence, sessions, and the health of the cluster."""

from __future__ import annotations

import json
import os
import shutil
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from lab.fortisoar import FortiSoar
from lab.fortisoar.administration.licence import DEPLOYING, NODE, licence_key
from lab.kit.clock import Clock
from tests.support.administration import (
    Principal,
    logged_in,
    new_key,
    new_person,
    refusal_of_login,
    token,
)
from tests.support.playbooks import PASSWORD, USERNAME, Row, Soar, playbook, start

LICENCE = "/api/public/license"
DETAILS = "/api/auth/license?param=license_details"
HEALTH = "/api/auth/cluster/health"
KEYS_OF_A_NODE = {
    "connectivity", "cpu", "disk", "health_details_collect_time", "memory", "misc_stat", "mode", "node_id", "node_name",
    "remote_node_communication", "replication_stat", "resource_consuming_process", "services", "status", "timestamp",
    "workflow", "workflow_vacuum",
}  # fmt: skip
LATER = "2031-05-06 00:00:00"


@pytest.fixture
def admin(soar: Soar) -> Principal:
    return logged_in(soar)


@pytest.fixture
def anybody(soar: Soar) -> Principal:
    return Principal(soar, "")


def act(who: Principal, action: str, status: int = 200, **fields: Any) -> Any:
    return who.ask("POST", LICENCE, {"action": action, **fields}, status)


# The licence.


def test_a_licence_is_deployed_without_a_login_and_is_told_once_the_deployment_has_finished(
    soar: Soar, admin: Principal, anybody: Principal
) -> None:
    before = admin.get(DETAILS)
    key = licence_key(serial_no="FSRVMLAB26000009", max_users=7, expiry_time=LATER)
    assert act(anybody, "deploy_license", license_key=key, nodeId=NODE) == {}
    assert act(anybody, "get_status", nodeId=NODE)["depl_status"] == "in_progress"
    assert admin.get(DETAILS)["users"] == before["users"] == 5

    soar.clock.advance(DEPLOYING)

    told = act(anybody, "get_status", nodeId=NODE)
    assert told["depl_status"] == "finished"
    assert told["depl_info"].keys() == {"source", "user_id", "ws_session_id", "depl_start_time"}
    assert (told["depl_info"]["user_id"], told["depl_info"]["ws_session_id"]) == (None, None)
    assert act(anybody, "get_status") == {"depl_status": "finished", "depl_message": None}
    details = admin.get(DETAILS)
    assert (details["users"], details["expiring_on"]) == (7, "2031-05-06")
    assert details["nodes"][NODE]["details"]["serial_no"] == "FSRVMLAB26000009"


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_what_a_deployment_is_answered_with_is_a_switch(soar: Soar, anybody: Principal, body: bytes) -> None:
    soar.product.switches.set("licence_deployed_body", "object" if body else "empty")
    given = {"action": "deploy_license", "license_key": licence_key(), "nodeId": NODE}
    answer = soar.http.post(LICENCE, json=given, headers={"Authorization": ""})
    assert (answer.status_code, answer.content) == (200, body)


def test_a_licence_is_deployed_with_a_login_while_a_valid_one_is_there(soar: Soar, admin: Principal) -> None:
    for address in ("/api/auth/license", "/auth/license/"):
        assert admin.ask("POST", address, {"license_key": licence_key(expiry_time=LATER)}) == {}
    soar.clock.advance(DEPLOYING)
    assert admin.get(DETAILS)["expiring_on"] == "2031-05-06"
    told = act(admin, "get_status", nodeId=NODE)
    assert told["depl_info"]["user_id"] == admin.get(f"/api/auth/users?loginid={USERNAME}")["usersresp"][0]["uuid"]

    soar.clock.advance(20 * 365 * 86_400)
    refused = logged_in(soar).ask("POST", "/api/auth/license", {"license_key": licence_key()}, 400)
    assert refused == {"message": "No valid license is deployed. Use /api/public/license."}
    assert logged_in(soar).get(DETAILS)["expired"] is True


def test_a_licence_is_read_before_it_is_deployed(admin: Principal, anybody: Principal) -> None:
    told = act(anybody, "get_info", license_key=licence_key(max_users=2, expiry_time=LATER))
    assert told == {
        "serial_no": "FSRVMLAB26000002",
        "expiry_time": LATER,
        "hardware_key": NODE,
        "max_users": 2,
        "entitlements": {"branding": "advanced"},
        "type": "Evaluation",
        "edition": "Enterprise",
    }
    assert admin.get(DETAILS)["users"] == 5


@pytest.mark.parametrize("position", ["null", "absent"])
def test_a_subscription_tells_its_users_and_its_end_only_when_it_is_deployed(
    soar: Soar, admin: Principal, anybody: Principal, position: str
) -> None:
    soar.product.switches.set("subscription_before_deployment", position)
    key = licence_key(type="Subscription", max_users=8, expiry_time=LATER)
    told = act(anybody, "get_info", license_key=key)
    unknown = {"max_users", "expiry_time"}
    assert unknown & told.keys() == (unknown if position == "null" else set())
    assert [told.get(name) for name in unknown] == [None, None]

    act(anybody, "deploy_license", license_key=key)
    soar.clock.advance(DEPLOYING)
    details = admin.get(DETAILS)
    assert (details["type"], details["users"], details["expiring_on"]) == ("Subscription", 8, "2031-05-06")


def test_a_flexible_licence_is_installed_behind_its_answer_and_its_token_is_spent(
    soar: Soar, admin: Principal, anybody: Principal
) -> None:
    data = {"license_token": licence_key(max_users=9)}
    act(anybody, "install_flex_license", data=data)
    assert act(anybody, "get_status")["depl_status"] == "in_progress"
    soar.clock.advance(DEPLOYING)
    assert (act(anybody, "get_status")["depl_status"], admin.get(DETAILS)["users"]) == ("finished", 9)

    act(anybody, "install_flex_license", data=data)
    soar.clock.advance(DEPLOYING)
    spent = {"depl_status": "failed", "depl_message": "The license token has been used before."}
    assert act(anybody, "get_status") == spent


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"action": "deploy_license", "license_key": "no licence"}, "The license key cannot be read."),
        ({"action": "deploy_license"}, "The license key cannot be read."),
        ({"action": "get_info", "license_key": "e30="}, "The license key cannot be read."),
        ({"action": "get_status", "nodeId": "0" * 32}, f"There is no node {'0' * 32}."),
        ({}, "action must be one of deploy_license, get_status, get_info, install_flex_license."),
    ],
)
def test_a_licence_request_that_cannot_be_done_is_refused_and_changes_nothing(
    admin: Principal, anybody: Principal, fields: Row, message: str
) -> None:
    before = admin.get(DETAILS)["nodes"]
    assert anybody.ask("POST", LICENCE, fields, 400) == {"message": message}
    assert act(anybody, "get_status") == {"depl_status": "finished", "depl_message": None}
    assert admin.get(DETAILS)["nodes"] == before


def test_a_bad_licence_can_fail_behind_its_answer(soar: Soar, anybody: Principal) -> None:
    soar.product.switches.set("bad_licence_status", 200)
    act(anybody, "deploy_license", license_key="no licence")
    soar.clock.advance(DEPLOYING)
    failed = {"depl_status": "failed", "depl_message": "The license key cannot be read."}
    assert act(anybody, "get_status") == failed


@pytest.mark.parametrize("prefix", ["/auth/license", "/auth/license/", "/api/auth/license", "/api/auth/license/"])
@pytest.mark.parametrize("node", ["", "&node_id=SELF", f"&node_id={NODE}"])
def test_licence_details_are_told_at_both_addresses_and_by_node(admin: Principal, prefix: str, node: str) -> None:
    told = admin.get(f"{prefix}?param=license_details{node}")
    assert told.keys() >= {
        "expired", "expired_nodes", "expired_nodes_details", "remaining_days", "users", "details", "nodes",
        "is_cloud_instance", "setup_type", "user_stats", "edition", "product_name",
    }  # fmt: skip
    assert told["details"].keys() >= {"is_distributed", "role", "entitlements"}
    (held,) = told["nodes"].values()
    assert held["node"]["nodeId"] == held["node"]["node_id"] == NODE
    assert (held["details"]["total_users"], held["details"]["remaining_users"]) == (5, 4)


@pytest.mark.parametrize(("position", "status"), [(400, 400), ("empty", 200)])
def test_licence_details_of_no_node_and_without_param(soar: Soar, admin: Principal, position: Any, status: int) -> None:
    soar.product.switches.set("unknown_licence_node", position)
    told = admin.get(f"{DETAILS}&node_id={'0' * 32}", status)
    assert (told["message"] if status == 400 else told["nodes"]) == (
        f"There is no node {'0' * 32}." if status == 400 else {}
    )
    assert admin.get("/api/auth/license", 400) == {"message": "param must be license_details."}


def test_the_licence_counts_the_users_that_are_active_and_logged_in(admin: Principal) -> None:
    new_person(admin, "a@example.com", "pw")
    stats = admin.get(DETAILS)["user_stats"]
    assert stats == {
        "concurrent_active_users": 1,
        "concurrent_logged_in_users": 0,
        "fixed_active_users": 1,
        "fixed_logged_in_users": 1,
    }


# Sessions.


def test_a_token_is_a_jwt_that_names_its_user(soar: Soar, admin: Principal) -> None:
    parts = token(soar).split(".")
    header, claims = (json.loads(urlsafe_b64decode(part + "==")) for part in parts[:2])
    assert (len(parts), header) == (3, {"typ": "JWT", "alg": "HS256"})
    assert claims["uuid"] == admin.get(f"/api/auth/users?loginid={USERNAME}")["usersresp"][0]["uuid"]
    assert claims["exp"] - claims["iat"] == 1800


@pytest.mark.parametrize("known_by", ["uuid", "userId"])
def test_users_that_an_administrator_logs_out_need_a_new_login(soar: Soar, admin: Principal, known_by: str) -> None:
    person = new_person(admin, "a@example.com", "pw", roles=[], teams=[])
    first, second = (logged_in(soar, "a@example.com", "pw") for _ in range(2))
    assert admin.get(f"/api/auth/users?uuid={person['userId']}")["usersresp"][0]["is_logged_in"] is True

    assert admin.ask("POST", "/api/auth/token", {"action": "logout", "users": [person[known_by]]}) == {}

    for one in (first, second):
        assert one.get("/api/3/actors/current", 401)["hydra:description"] == "Invalid credentials."
    assert admin.get(f"/api/auth/users?uuid={person['userId']}")["usersresp"][0]["is_logged_in"] is False
    logged_in(soar, "a@example.com", "pw").get("/api/3/actors/current")
    admin.get("/api/3/actors/current")
    soar.clock.advance(1801)
    assert logged_in(soar).get(f"/api/auth/users?uuid={person['userId']}")["usersresp"][0]["is_logged_in"] is False


def test_a_forced_logout_needs_the_right_to_change_security(soar: Soar, admin: Principal) -> None:
    person = new_person(admin, "a@example.com", "pw")
    own = admin.get("/api/3/actors/current")["uuid"]
    refused = logged_in(soar, "a@example.com", "pw").ask(
        "POST", "/api/auth/token", {"action": "logout", "users": [own, person["uuid"]]}, 403
    )
    assert refused["message"] == "You do not have the permission to update security."
    admin.get("/api/3/actors/current")


def test_a_forced_logout_of_nobody_is_a_switch_and_other_actions_are_refused(soar: Soar, admin: Principal) -> None:
    body = {"action": "logout", "users": ["nobody"]}
    assert admin.ask("POST", "/api/auth/token", body) == {}
    soar.product.switches.set("unknown_user_in_logout", 400)
    assert admin.ask("POST", "/api/auth/token", body, 400) == {"message": "There is no user nobody."}
    assert admin.ask("POST", "/api/auth/token", {"action": "logout"}, 400) == {
        "message": "users must be a list of uuids."
    }
    login = {"credentials": {"loginid": USERNAME, "password": PASSWORD}}
    assert admin.ask("POST", "/api/auth/token", login, 403)["message"] == "This address only logs users out."
    soar.product.switches.set("unknown_user_in_logout", "ignored")
    soar.product.switches.set("forced_logout_body", "empty")
    assert admin.ask("POST", "/api/auth/token", body) is None


def test_a_logout_ends_the_callers_session_alone(soar: Soar, admin: Principal) -> None:
    other = logged_in(soar)
    assert other.ask("POST", "/api/3/logout", {}, 204) is None
    other.get("/api/3/people", 401)
    admin.get("/api/3/people")


def test_the_settings_of_logins_are_told_by_section_changed_and_obeyed(soar: Soar, admin: Principal) -> None:
    rows = admin.get("/api/auth/config?section=API-KEYS")["hydra:member"]
    assert {row["key"]: row["value"] for row in rows} == {
        "api_key_validity_min": 1,
        "api_key_validity_max": 365,
        "retrievable_mode": False,
    }
    assert rows[0].keys() == {"id", "section", "key", "dataType", "value"}
    assert admin.get("/api/auth/config")["hydra:totalItems"] == 6

    assert admin.ask("PUT", "/api/auth/config", {"option": "token_lifetime", "value": 60}) == {"response": "Success"}
    soar.clock.advance(61)
    for _ in range(2):
        assert admin.get("/api/3/people", 401) == {"message": "HMAC signature has expired"}
    logged_in(soar).get("/api/3/people")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("token_lifetime", 7201, "The value of token_lifetime must lie between 1 and 7200."),
        ("idle_time", 361, "The value of idle_time must lie between 1 and 360."),
        ("idle_time", "30", "The value of idle_time must be a int."),
        ("colour", 1, "The option colour does not exist."),
    ],
)
def test_a_setting_out_of_its_bounds_is_refused_and_stays(
    admin: Principal, option: str, value: Any, message: str
) -> None:
    before = admin.get("/api/auth/config")
    assert admin.ask("PUT", "/api/auth/config", {"option": option, "value": value}, 400) == {"Error": message}
    assert admin.get("/api/auth/config") == before


def test_who_must_change_a_password_at_the_first_login_gets_a_token_for_that_alone(
    soar: Soar, admin: Principal
) -> None:
    soar.product.switches.set("first_login", "reset")
    person = new_person(admin, "a@example.com", "first")
    refused = refusal_of_login(soar, "a@example.com", "first")
    assert refused.keys() == {"strategy", "token"}
    assert refused["strategy"] == "reset"
    newcomer = Principal(soar, f"Bearer {refused['token']}")
    newcomer.get("/api/3/actors/current", 401)
    wrong = newcomer.ask("PUT", "/api/auth/users", {"uuid": person["uuid"], "password": "second"}, 400)
    assert wrong == {"reason": "The token is another user's."}

    newcomer.ask("PUT", "/api/auth/users", {"uuid": person["userId"], "password": "second"})

    logged_in(soar, "a@example.com", "second").get("/api/3/actors/current")
    assert refusal_of_login(soar, "a@example.com", "first")["hydra:description"].startswith("Invalid credentials")
    newcomer.ask("PUT", "/api/auth/users", {"uuid": person["userId"], "password": "third"}, 401)


# The health of the cluster.


def test_the_health_of_the_cluster_has_the_figures_of_this_machine(soar: Soar, admin: Principal) -> None:
    soar.load(playbook("P", start()))
    soar.trigger("P")
    (node,) = admin.get(f"{HEALTH}/")
    assert node.keys() == KEYS_OF_A_NODE
    assert node["cpu"]["no_of_logical_cpu_core"] == os.cpu_count()
    assert node["disk"][0].keys() == {"avail", "device", "mountpoint", "percent", "total", "used"}
    place = shutil.disk_usage(node["disk"][0]["mountpoint"])
    assert node["disk"][0]["total"] == f"{place.total / 1024**3:.1f}G"
    assert node["memory"]["ram"].keys() == {"avail", "percent", "total", "used"}
    assert node["memory"]["swap"].keys() == {"free", "percent", "total", "used"}
    assert len(node["services"]["running"]) == 16
    assert node["services"]["not_running"] == []
    assert node["workflow"]["playbook"]["data"] == [{"name": "P", "total": 1}]
    assert node["misc_stat"]["database"]["venom"]["size"] > 0
    assert node["resource_consuming_process"]["cpu"][0]["pid"] == str(os.getpid())
    assert node["timestamp"] == pytest.approx(soar.clock.now().timestamp(), abs=60)


@pytest.mark.parametrize("position", ["empty", 400])
def test_the_health_of_one_node_and_of_none(soar: Soar, admin: Principal, position: Any) -> None:
    soar.product.switches.set("unknown_health_node", position)
    assert [node["node_id"] for node in admin.get(f"{HEALTH}?nodeId={NODE}")] == [NODE]
    told = admin.get(f"{HEALTH}?nodeId={'0' * 32}", 400 if position == 400 else 200)
    assert told == ({"message": f"There is no node {'0' * 32}."} if position == 400 else [])


def test_the_latest_health_holds_the_sections_that_are_asked_for(soar: Soar, admin: Principal) -> None:
    naming = {"node_id", "node_name", "mode", "status", "timestamp", "health_details_collect_time"}
    (node,) = admin.get(f"{HEALTH}?latest=True&section=cpu,ram")
    assert node.keys() == naming | {"cpu", "memory"}
    assert node["memory"].keys() == {"ram"}
    for everything in ("cpu,disk,ram,swap,all,services", "all"):
        assert admin.get(f"{HEALTH}?latest=True&section={everything}")[0].keys() == KEYS_OF_A_NODE
    refused = admin.get(f"{HEALTH}?section=heart", 400)
    assert refused == {"message": "There is no section heart. Sections: cpu, disk, ram, swap, services, all."}
    soar.product.switches.set("cluster_health_sections", "whole")
    assert admin.get(f"{HEALTH}?section=cpu")[0].keys() == KEYS_OF_A_NODE


def test_cleaning_up_the_workflow_tables_gives_their_space_back(soar: Soar, admin: Principal) -> None:
    body = {"date": "2021-07-22 09:00:35", "userId": "u", "user": "CS Admin"}
    address = "/api/wf/api/workflows/auto_vacuum/?format=json"
    big = {"data": [{"name": "x" * 50, "description": "y" * 5000} for _ in range(200)]}
    ids = [row["uuid"] for row in admin.ask("POST", "/api/3/insert/alerts", big)["hydra:member"]]
    admin.ask("DELETE", "/api/3/delete/alerts?$hardDelete=true", {"ids": ids})
    before = admin.get(HEALTH)[0]["workflow"]["vaccum"]["log_size"]

    assert admin.ask("POST", address, body).keys() == {"task_id"}

    assert admin.get(HEALTH)[0]["workflow"]["vaccum"]["log_size"] < before
    soar.product.switches.set("vacuum_answer", "result")
    assert admin.ask("POST", address, body) == {"result": "vacuuming tables"}


# What is kept.


def test_users_keys_settings_and_the_licence_outlive_a_restart_and_sessions_do_not(tmp_path: Path) -> None:
    key, clock = Fernet.generate_key(), Clock()

    def started() -> tuple[FortiSoar, Soar]:
        made = FortiSoar(tmp_path, clock, USERNAME, PASSWORD, "k3y", key, {}, workers=1)
        return made, Soar(made, clock)

    product, soar = started()
    admin = logged_in(soar)
    new_person(admin, "a@example.com", "pw")
    api_key, _ = new_key(admin, "reader")
    admin.ask("PUT", "/api/auth/config", {"option": "idle_time", "value": 5})
    act(admin, "deploy_license", license_key=licence_key(max_users=6))
    lines = admin.ask("POST", "/api/gateway/audit/activities/count", {})["total"]
    product.close()
    clock.advance(DEPLOYING)

    product, soar = started()
    try:
        Principal(soar, admin.headers["Authorization"]).get("/api/3/people", 401)
        again = logged_in(soar)
        logged_in(soar, "a@example.com", "pw")
        Principal(soar, f"API-KEY {api_key}").get("/api/3/actors/current")
        rows = again.get("/api/auth/config?section=TOKEN")["hydra:member"]
        assert {row["key"]: row["value"] for row in rows}["idle_time"] == 5
        assert again.get(DETAILS)["users"] == 6
        assert again.ask("POST", "/api/gateway/audit/activities/count", {})["total"] >= lines
    finally:
        product.close()


def test_a_reset_forgets_users_and_settings(soar: Soar, admin: Principal) -> None:
    new_person(admin, "a@example.com", "pw")
    admin.ask("PUT", "/api/auth/config", {"option": "idle_time", "value": 5})
    soar.product.reset()
    refusal_of_login(soar, "a@example.com", "pw")
    rows = logged_in(soar).get("/api/auth/config?section=TOKEN")["hydra:member"]
    assert {row["key"]: row["value"] for row in rows}["idle_time"] == 30


def test_secrets_of_administration_stay_out_of_the_journal(soar: Soar, admin: Principal) -> None:
    new_person(admin, "a@example.com", "pass-word-1")
    key, _ = new_key(admin, "reader")
    Principal(soar, f"API-KEY {key}").get("/api/3/actors/current")
    written = json.dumps(soar.product.journal.as_json())
    assert "a@example.com" in written
    assert "pass-word-1" not in written
    assert key not in written
