"""Administration of the local FortiSOAR through pyfsr, a client that was written against appliances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from pyfsr import FortiSOAR
from pyfsr.exceptions import APIError, FortiSOARException
from requests.exceptions import HTTPError

from lab.fortisoar.administration.licence import DEPLOYING, NODE, licence_key
from tests.support.playbooks import USERNAME, Soar, playbook, start

WORK = ["SOC Analyst"], ["SOC Team"]


@pytest.fixture
def login(served: tuple[Soar, str, str]) -> Iterator[Callable[..., Any]]:
    """A function that makes a client which signs in with a password or an API key."""
    _, url, ca = served
    made: list[FortiSOAR] = []

    def sign_in(*credentials: str) -> FortiSOAR:
        how = (
            dict(zip(("username", "password"), credentials, strict=True))
            if credentials[1:]
            else {"token": credentials[0]}
        )
        made.append(FortiSOAR(url, **how, verify_ssl=ca))  # type: ignore[arg-type]
        return made[-1]

    yield sign_in
    for each in made:
        closing(each.session).__exit__()


def person(client: Any, loginid: str = "a@example.com") -> Any:
    roles, teams = WORK
    return client.users.create(loginid, "pw-1", "A", "Person", loginid, roles, teams=teams)


def test_a_user_is_made_signs_in_is_switched_off_and_on_and_changes_its_password(client: Any, login: Any) -> None:
    assert client.users.whoami()["loginid"] == USERNAME
    made = person(client)
    assert client.users.find_by_email("a@example.com").uuid == made.uuid
    user = login("a@example.com", "pw-1")
    assert user.users.whoami()["person_uuid"] == made.uuid
    user.alerts.create(name="by a person", source="s")

    client.users.deactivate("a@example.com")
    with pytest.raises(HTTPError, match="Invalid credentials or account locked"):
        login("a@example.com", "pw-1")
    client.users.activate("a@example.com")
    user = login("a@example.com", "pw-1")
    user.users.change_password("pw-1", "pw-2")
    assert login("a@example.com", "pw-2").users.whoami()["person_uuid"] == made.uuid

    client.users.reset_password("a@example.com", "pw-3")
    assert login("a@example.com", "pw-3").users.whoami()["person_uuid"] == made.uuid


def test_an_api_key_is_made_bound_used_rotated_and_revoked(client: Any, login: Any) -> None:
    key = client.api_users.create(api_key_validity=30)
    client.api_keys.create(name="reader", user_uuid=key.uuid, roles=WORK[0], teams=WORK[1])
    plain = key.api_key["key"] if isinstance(key.api_key, dict) else key.api_key.key
    reader = login(plain)
    assert reader.get("/api/3/actors/current")["name"] == "reader"
    with pytest.raises(FortiSOARException):
        reader.system.cluster_health()

    rotated = client.api_users.regenerate(key.uuid, api_key_validity=5)
    new = rotated.api_key["key"] if isinstance(rotated.api_key, dict) else rotated.api_key.key
    assert login(new).get("/api/3/actors/current")["name"] == "reader"
    client.api_users.revoke(key.uuid)
    with pytest.raises(FortiSOARException):
        login(new).get("/api/3/actors/current")


def test_a_role_is_granted_a_module(client: Any, login: Any) -> None:
    client.roles.create("Reader")
    client.roles.grant_module_permissions("Reader", module="alerts", can_create=False, can_delete=False)
    client.users.create("r@example.com", "pw", "R", "R", "r@example.com", ["Reader"], teams=WORK[1])
    reader = login("r@example.com", "pw")
    assert reader.get("/api/3/alerts")["hydra:member"] == []
    with pytest.raises(FortiSOARException, match="permission to create alerts"):
        reader.alerts.create(name="x", source="s")
    granted = reader.system.permissions()["alerts"]
    assert (granted["read"], granted["create"], granted["delete"]) == (True, False, False)


def test_the_settings_of_logins_are_read_and_set(client: Any) -> None:
    client.auth_config.set_token_lifetime(3600)
    assert client.auth_config.get("TOKEN")["token_lifetime"] in (3600, "3600")
    assert client.auth_config.is_api_key_retrievable() is False
    with pytest.raises(APIError):
        client.auth_config.set_idle_timeout(361)
    assert client.auth_config.get("TOKEN")["idle_time"] in (30, "30")


def test_the_licence_and_the_health_of_the_cluster_are_told(client: Any, served: tuple[Soar, str, str]) -> None:
    soar, _, _ = served
    client.system.deploy_license_public(licence_key(serial_no="FSRVMLAB26000010", max_users=9), node_id=NODE)
    soar.clock.advance(DEPLOYING)
    told = client.system.license(param="license_details")
    assert (told["users"], told["nodes"][NODE]["details"]["serial_no"]) == (9, "FSRVMLAB26000010")
    assert client.system.license_identity().serial_no == "FSRVMLAB26000010"
    assert [node["node_id"] for node in client.system.cluster_health()] == [NODE]


def test_the_life_of_a_record_is_read_from_the_audit_log(client: Any, served: tuple[Soar, str, str]) -> None:
    soar, _, _ = served
    soar.load(playbook("P", start()))
    alert = client.post("/api/3/alerts", {"name": "a"})
    client.put(alert["@id"], {"name": "b"})
    lines = client.audit.activities(entity_uuid=alert["uuid"], limit=10)
    found = lines["content"] if isinstance(lines, dict) else lines
    assert [(line["operation"], line["user"]) for line in found] == [("Update", USERNAME), ("Create", USERNAME)]
    assert client.audit.count(entity_uuid=alert["uuid"]) in (2, {"total": 2})
    assert client.audit.get(str(found[0]["id"]))["title"] == "Alert [b] Updated"
    assert "Executed Action" in client.audit.operations()
    client.audit.disable_ttl()
