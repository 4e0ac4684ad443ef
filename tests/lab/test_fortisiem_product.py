"""The simulated FortiSIEM: every row of its specification, every position of every switch, every version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Optional
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from lab.fortisiem import Account, ApiClient, FortiSiem
from lab.fortisiem.switches import SWITCHES
from lab.fortisiem.versions import VERSIONS
from lab.kit.clock import Clock

REST = "/phoenix/rest"
EXTERNAL = f"{REST}/incident/external"
TWIN = f"{REST}/pub/incident/update/1"
INCIDENTS = f"{REST}/pub/incident"
SUMMARY = f"{REST}/system/health/summary"
TOKEN = f"{REST}/pub/security/oauth/token"
DAY = 24 * 3600 * 1000

ADMIN = ("super/admin", "Admin*123")
READER = ("super/auditor", "Read*123")
ACME = ("Acme/admin", "Acme*123")
ACCOUNTS = [
    Account("super", "admin", "Admin*123"),
    Account("super", "auditor", "Read*123", "read_only"),
    Account("Acme", "admin", "Acme*123"),
]
CLIENTS = [
    ApiClient("client-1", "s3cret-1", "admin"),
    ApiClient("client-2", "s3cret-2", "auditor"),
    ApiClient("client-3", "s3cret-3", "nobody"),
    ApiClient("client-4", "s3cret-4", "Acme/admin"),
]
SEED_BODY = {
    "incidentId": "1",
    "comments": "XYZ",
    "incidentStatus": "3",
    "externalTicketType": "MEDIUM",
    "externalTicketId": "1111",
    "externalTicketState": "CLOSED",
    "externalAssignedUser": "ABC",
}
DEFAULTS_6 = {
    "incidentTitle",
    "eventSeverity",
    "incidentFirstSeen",
    "incidentReso",
    "incidentRptIp",
    "incidentLastSeen",
    "incidentSrc",
    "count",
    "attackTechnique",
    "eventType",
    "phIncidentCategory",
    "incidentClearedTime",
    "incidentTarget",
    "attackTactic",
    "eventSeverityCat",
    "incidentDetail",
    "incidentRptDevName",
    "eventName",
    "incidentId",
    "incidentStatus",
    "customer",
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def siem(tmp_path: Path, clock: Clock) -> Iterator[FortiSiem]:
    product = FortiSiem(tmp_path, clock, ACCOUNTS, CLIENTS)
    yield product
    product.close()


@pytest.fixture
def admin(siem: FortiSiem) -> TestClient:
    return client_of(siem, ADMIN)


def client_of(siem: FortiSiem, auth: Optional[tuple[str, str]] = None, **headers: str) -> TestClient:
    client = TestClient(siem.app, base_url="http://127.0.0.1", headers=headers)
    if auth:
        client.auth = auth
    return client


def incident(siem: FortiSiem, number: int = 1) -> dict[str, Any]:
    return siem.incidents()[number - 1]


def update(client: TestClient, **attributes: Any) -> Any:
    return client.post(EXTERNAL, json={"incidentId": "1", **attributes})


def ids(answer: Any) -> list[int]:
    return [row["incidentId"] for row in answer.json()["data"]]


def window(siem: FortiSiem) -> dict[str, int]:
    return {"timeFrom": siem.now() - 30 * DAY, "timeTo": siem.now()}


def listed(siem: FortiSiem, client: TestClient, **body: Any) -> Any:
    return client.post(INCIDENTS, json={**window(siem), **body})


def ask_token(siem: FortiSiem, client_id: str = "client-1", proof: str = "s3cret-1", **form: str) -> Any:
    fields = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": proof, **form}
    return client_of(siem).post(TOKEN, data=fields)


def assert_xml_error(answer: Any, description: str, status: int = 400) -> None:
    root = ElementTree.fromstring(answer.text)  # noqa: S314 - made by the lab itself
    error = root.find("error")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/xml"
    assert root.tag == "response"
    assert error is not None
    assert error.get("code") == "255"
    assert error.findtext("description") == description


def assert_json_error(answer: Any, description: str, status: int = 400) -> None:
    assert answer.status_code == status
    assert answer.json() == {"result": {"code": 255, "description": description}}


# The seed, the state and the reset


def test_a_fresh_siem_holds_six_incidents_of_super_and_one_of_acme(siem: FortiSiem) -> None:
    stored = siem.incidents()
    assert [(one["incidentId"], one["phCustId"], one["customer"]) for one in stored] == [
        *((number, 1, "Super") for number in (1, 2, 3, 4, 5)),
        (6, 2000, "Acme"),
        (7, 1, "Super"),
    ]
    assert {one["phIncidentCategory"] for one in stored} == {1, 2, 3, 4, 5}
    assert {one["incidentStatus"] for one in stored} == {0, 1, 2, 3}
    assert {one["eventSeverityCat"] for one in stored} == {"LOW", "MEDIUM", "HIGH"}


def test_incident_1_is_an_active_security_incident_of_high_severity(siem: FortiSiem) -> None:
    first = incident(siem, FortiSiem.INCIDENT_ID)
    assert (first["incidentStatus"], first["eventSeverityCat"], first["phIncidentCategory"]) == (0, "HIGH", 4)
    assert first["incidentTarget"] == "hostIpAddr:192.0.2.10, hostName:dc-01.example.com,"
    assert json.loads(first["attackTechnique"])[0]["techniqueid"] == "T1110.001"


def test_severity_numbers_agree_with_their_words(siem: FortiSiem) -> None:
    for one in siem.incidents():
        word = "LOW" if one["eventSeverity"] <= 4 else "MEDIUM" if one["eventSeverity"] <= 8 else "HIGH"
        assert one["eventSeverityCat"] == word


def test_a_kept_folder_goes_on_where_it_was(tmp_path: Path, clock: Clock) -> None:
    first = FortiSiem(tmp_path, clock, ACCOUNTS, CLIENTS)
    update(client_of(first, ADMIN), comments="kept")
    first.close()
    second = FortiSiem(tmp_path, clock, ACCOUNTS, CLIENTS)
    assert (tmp_path / "fortisiem.sqlite").is_file()
    assert incident(second)["incidentComments"] == "kept"
    assert len(second.incidents()) == 7
    second.close()


def test_a_reset_forgets_updates_switches_queries_and_the_journal(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("version", "6.4")
    update(admin, comments="gone")
    siem.reset()
    assert incident(siem)["incidentComments"] == ""
    assert siem.switches["version"] == "7.5.1"
    assert siem.journal.entries() == []
    assert len(siem.incidents()) == 7


def test_every_switch_says_what_it_is_about_and_has_a_choice() -> None:
    assert len({switch.name for switch in SWITCHES}) == len(SWITCHES)
    for switch in SWITCHES:
        assert switch.about.endswith(".")
        assert len(set(switch.positions)) == len(switch.positions) >= 2


def test_the_journal_shows_an_update_without_its_credentials(siem: FortiSiem, admin: TestClient) -> None:
    update(admin, comments="a")
    entry = siem.journal.entries()[-1]
    assert (entry.method, entry.path, entry.status) == ("POST", EXTERNAL, 200)
    assert entry.body == {"incidentId": "1", "comments": "a"}
    assert entry.headers["authorization"] == "Basic ***"


def test_no_secret_shows_in_the_repr_of_an_account_or_a_client() -> None:
    assert "Admin*123" not in repr(ACCOUNTS)
    assert "s3cret" not in repr(CLIENTS)


# Access


@pytest.mark.parametrize("organization", ["super", "Super", "SUPER"])
def test_the_organization_is_matched_without_regard_to_case(siem: FortiSiem, organization: str) -> None:
    assert client_of(siem, (f"{organization}/admin", "Admin*123")).get(SUMMARY).status_code == 200


@pytest.mark.parametrize(
    "auth",
    [
        None,
        ("admin", "Admin*123"),
        ("super/admin", "wrong"),
        ("super/admin", ""),
        ("super/nobody", "Admin*123"),
        ("super/ADMIN", "Admin*123"),
        ("Acme/admin", "Admin*123"),
        ("admin/super", "Admin*123"),
        ("/admin", "Admin*123"),
    ],
)
def test_missing_or_bad_credentials_are_401_and_change_nothing(
    siem: FortiSiem, auth: Optional[tuple[str, str]]
) -> None:
    before = siem.incidents()
    answer = update(client_of(siem, auth), incidentStatus="2")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert siem.incidents() == before


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic /w==", "Basic YWRtaW4=", "Digest x", "Bearer", ""])
def test_a_broken_authorization_header_is_401(siem: FortiSiem, header: str) -> None:
    assert client_of(siem, authorization=header).get(SUMMARY).status_code == 401


@pytest.mark.parametrize(
    ("form", "content_type"), [("html", "text/html"), ("text", "text/plain"), ("empty", "text/plain")]
)
def test_the_body_of_401_stands_as_its_switch_says(siem: FortiSiem, form: str, content_type: str) -> None:
    siem.switches.set("unauthorized_body", form)
    answer = client_of(siem, ("admin", "Admin*123")).post(EXTERNAL, json=SEED_BODY)
    words = 'Not Authorized, user for basic auth must be in format "orgName/username"'
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith(content_type)
    if form == "html":
        assert answer.text.startswith("<!DOCTYPE html>")
        assert "Not Authorized" in answer.text
    else:
        assert answer.text == (words if form == "text" else "")


@pytest.mark.parametrize("path", [EXTERNAL, TWIN])
@pytest.mark.parametrize(("form", "body"), [("text", "Access Denied"), ("empty", "")])
def test_a_read_only_account_may_not_update(siem: FortiSiem, path: str, form: str, body: str) -> None:
    siem.switches.set("unauthorized_body", form)
    before = siem.incidents()
    answer = client_of(siem, READER).post(path, json=SEED_BODY)
    assert (answer.status_code, answer.text) == (403, body)
    assert "www-authenticate" not in answer.headers
    assert siem.incidents() == before


def test_a_read_only_account_may_list_and_see_the_health(siem: FortiSiem) -> None:
    reader = client_of(siem, READER)
    assert ids(listed(siem, reader)) == [1, 2, 3, 4, 5, 6, 7]
    assert reader.get(SUMMARY).status_code == 200


def test_an_account_of_an_organization_lists_and_updates_its_own_incidents_only(siem: FortiSiem) -> None:
    acme = client_of(siem, ACME)
    before = incident(siem, 1)
    assert ids(listed(siem, acme)) == [6]
    assert acme.post(EXTERNAL, json={"incidentId": 6, "comments": "ours"}).text == '"OK"'
    assert incident(siem, 6)["incidentComments"] == "ours"
    assert acme.post(EXTERNAL, json=SEED_BODY).text == '"Incident not found"'
    assert acme.post(TWIN, json={"comments": "x"}).text == '"Incident not found"'
    assert incident(siem, 1) == before


def test_where_updates_reach_any_organization_an_account_updates_what_it_cannot_list(siem: FortiSiem) -> None:
    siem.switches.set("updates_reach", "any_organization")
    acme = client_of(siem, ACME)
    assert acme.post(EXTERNAL, json={"incidentId": 1, "comments": "strayed"}).text == '"OK"'
    assert incident(siem, 1)["incidentComments"] == "strayed"
    assert ids(listed(siem, acme)) == [6]


def test_an_unknown_path_wants_credentials_first_and_is_404_then(siem: FortiSiem, admin: TestClient) -> None:
    for path in (f"{REST}/incident/trend", f"{EXTERNAL}/", f"{REST}/pub/incident/1/2/3"):
        assert admin.get(path).status_code == 404
        assert client_of(siem).get(path).status_code == 401
    assert admin.get("/elsewhere").status_code == 404


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [
        ("GET", EXTERNAL, "POST"),
        ("PUT", EXTERNAL, "POST"),
        ("GET", TWIN, "POST"),
        ("PUT", TWIN, "POST"),
        ("DELETE", INCIDENTS, "GET, POST"),
        ("POST", f"{INCIDENTS}/q/2", "GET"),
        ("POST", SUMMARY, "GET"),
        ("POST", f"{REST}/config/Domain", "GET"),
        ("PUT", f"{REST}/organization/list", "GET"),
        ("GET", TOKEN, "POST"),
    ],
)
def test_a_known_path_with_a_wrong_verb_is_405(admin: TestClient, verb: str, path: str, allowed: str) -> None:
    answer = admin.request(verb, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


# /incident/external


def test_the_documented_body_updates_the_incident_and_is_answered_with_ok_in_quotes(
    siem: FortiSiem, admin: TestClient
) -> None:
    earliest = siem.now()
    answer = admin.post(EXTERNAL, json=SEED_BODY)
    assert (answer.status_code, answer.text) == (200, '"OK"')
    assert answer.headers["content-type"].startswith("text/plain")
    after = incident(siem)
    assert after["incidentStatus"] == 3
    assert after["incidentComments"] == "XYZ"
    assert (after["incidentExtTicketId"], after["incidentExtTicketState"]) == ("1111", "CLOSED")
    assert (after["incidentExtTicketType"], after["incidentExtUser"]) == ("MEDIUM", "ABC")
    assert earliest <= after["incidentClearedTime"] <= siem.now()
    assert (after["incidentClearedUser"], after["incidentClearedReason"]) == ("admin", "XYZ")


def test_what_was_updated_is_read_back_through_the_list(siem: FortiSiem, admin: TestClient) -> None:
    admin.post(EXTERNAL, json=SEED_BODY)
    fields = ["incidentId", "incidentStatus", "incidentComments", "incidentExtTicketId", "incidentExtUser"]
    answer = admin.post(INCIDENTS, json={"filters": {"incidentId": [1]}, "fields": fields})
    assert answer.json()["data"] == [
        {
            "incidentId": 1,
            "incidentStatus": 3,
            "incidentComments": "XYZ",
            "incidentExtTicketId": "1111",
            "incidentExtUser": "ABC",
        }
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_takes_the_documented_body_with_an_empty_incident_parameter_and_no_content_type(
    siem: FortiSiem, admin: TestClient, version: str
) -> None:
    siem.switches.set("version", version)
    answer = admin.post(f"{EXTERNAL}?incident=", content=json.dumps(SEED_BODY).encode())
    assert "content-type" not in answer.request.headers
    assert (answer.status_code, answer.text) == (200, '"OK"')
    assert incident(siem)["incidentStatus"] == 3


def test_only_what_is_sent_changes(siem: FortiSiem, admin: TestClient) -> None:
    before = siem.incidents()
    update(admin, externalTicketState="Assigned", unheardOf="x", comments=None)
    assert siem.incidents() == [{**before[0], "incidentExtTicketState": "Assigned"}, *before[1:]]


@pytest.mark.parametrize("status", [1, 2, 3])
@pytest.mark.parametrize("spelt", [str, int])
def test_a_clearing_status_is_taken_as_text_and_as_number(
    siem: FortiSiem, admin: TestClient, status: int, spelt: type
) -> None:
    assert update(admin, incidentStatus=spelt(status), comments="done").text == '"OK"'
    after = incident(siem)
    assert (after["incidentStatus"], after["incidentClearedReason"]) == (status, "done")
    assert after["incidentClearedUser"] == "admin"
    assert after["incidentReso"] == 1


@pytest.mark.parametrize("status", ["0", 0])
def test_status_0_opens_a_cleared_incident_again(siem: FortiSiem, admin: TestClient, status: Any) -> None:
    admin.post(EXTERNAL, json={"incidentId": 4, "incidentStatus": status})
    after = incident(siem, 4)
    assert (after["incidentStatus"], after["incidentReso"], after["incidentClearedTime"]) == (0, 1, 0)
    assert (after["incidentClearedUser"], after["incidentClearedReason"]) == ("", "")


@pytest.mark.parametrize("status", ["4", 4, -1, "-1", "x", "", True, 1.5, [1]])
def test_a_status_outside_0_to_3_is_an_xml_error_and_changes_nothing(
    siem: FortiSiem, admin: TestClient, status: Any
) -> None:
    before = siem.incidents()
    assert_xml_error(update(admin, incidentStatus=status, comments="x"), f"Invalid value {status} for incidentStatus")
    assert siem.incidents() == before


@pytest.mark.parametrize(("mode", "stored"), [("append", "a\nb"), ("overwrite", "b")])
@pytest.mark.parametrize("path", [EXTERNAL, TWIN])
def test_a_second_comment_is_added_or_replaces_as_its_switch_says(
    siem: FortiSiem, admin: TestClient, path: str, mode: str, stored: str
) -> None:
    siem.switches.set("comments_mode", mode)
    for comment in ("a", "b"):
        admin.post(path, json={"incidentId": "1", "comments": comment})
    assert incident(siem)["incidentComments"] == stored


@pytest.mark.parametrize(("position", "body"), [('"OK"', '"OK"'), ("OK", "OK"), ("SUCCESS", "SUCCESS"), ("empty", "")])
@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
def test_success_is_worded_and_typed_as_the_switches_say(
    siem: FortiSiem, admin: TestClient, position: str, body: str, content_type: str
) -> None:
    siem.switches.set("ok_body", position)
    siem.switches.set("ok_content_type", content_type)
    answer = update(admin, comments="x")
    assert (answer.status_code, answer.text) == (200, body)
    assert answer.headers["content-type"].startswith(content_type)
    assert incident(siem)["incidentComments"] == "x"


@pytest.mark.parametrize("path", [EXTERNAL, f"{REST}/pub/incident/update/999999"])
def test_an_unknown_incident_is_answered_as_its_switch_says(siem: FortiSiem, admin: TestClient, path: str) -> None:
    body = {"incidentId": "999999", "incidentStatus": "2"}
    before = siem.incidents()
    answer = admin.post(path, json=body)
    assert (answer.status_code, answer.text) == (200, '"Incident not found"')
    assert answer.headers["content-type"].startswith("text/plain")
    siem.switches.set("unknown_id_mode", "404")
    answer = admin.post(path, json=body)
    assert (answer.status_code, answer.text) == (404, '"Incident not found"')
    siem.switches.set("unknown_id_mode", "400xml")
    assert_xml_error(admin.post(path, json=body), "Invalid Incident Id 999999")
    assert siem.incidents() == before


@pytest.mark.parametrize("number", ["-1", 0, "9223372036854775808", 10**29])
def test_an_integer_that_no_incident_has_is_an_unknown_incident(admin: TestClient, number: Any) -> None:
    answer = admin.post(EXTERNAL, json={"incidentId": number, "comments": "x"})
    assert (answer.status_code, answer.text) == (200, '"Incident not found"')


@pytest.mark.parametrize("number", ["abc", "", "1.0", "1 ", "1_0", "\u0661", 1.0, True, None, [1]])
def test_an_id_that_is_not_an_integer_is_refused_in_plain_text(siem: FortiSiem, admin: TestClient, number: Any) -> None:
    before = siem.incidents()
    answer = admin.post(EXTERNAL, json={"incidentId": number, "comments": "x"})
    assert (answer.status_code, answer.text) == (400, "Invalid incident id")
    assert answer.headers["content-type"].startswith("text/plain")
    assert siem.incidents() == before


def test_a_missing_id_is_refused_in_plain_text(admin: TestClient) -> None:
    assert admin.post(EXTERNAL, json={"comments": "x"}).text == "Invalid incident id"


@pytest.mark.parametrize("path", [EXTERNAL, TWIN])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The request body is not valid JSON"),
        (b"{", "The request body is not valid JSON"),
        (b"\xff", "The request body is not valid JSON"),
        (b"[1]", "The request body is not a JSON object"),
        (b'"1"', "The request body is not a JSON object"),
    ],
)
def test_a_body_that_is_no_json_object_is_an_xml_error(admin: TestClient, path: str, body: bytes, words: str) -> None:
    assert_xml_error(admin.post(path, content=body), words)


def test_an_xml_error_can_come_under_200(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("xml_error_under_200", True)
    assert_xml_error(update(admin, incidentStatus=9), "Invalid value 9 for incidentStatus", status=200)
    siem.switches.set("unknown_id_mode", "400xml")
    assert_xml_error(update(admin, incidentId=77), "Invalid Incident Id 77", status=200)


def test_an_xml_error_can_stand_inside_a_result(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("xml_error_shape", "result")
    root = ElementTree.fromstring(update(admin, incidentStatus="<&>").text)  # noqa: S314 - made by the lab itself
    assert root.find("error") is None
    assert root.findtext("result/error/description") == "Invalid value <&> for incidentStatus"


@pytest.mark.parametrize("ticket_type", ["Low", "Medium", "High", "LOW", "MEDIUM", "HIGH"])
def test_the_listed_ticket_types_pass_the_strict_vocabulary_as_listed_and_in_upper_case(
    siem: FortiSiem, admin: TestClient, ticket_type: str
) -> None:
    siem.switches.set("strict_vocab", True)
    assert update(admin, externalTicketType=ticket_type).text == '"OK"'


@pytest.mark.parametrize("state", ["New", "Assigned", "In Progress", "Closed", "NEW", "IN PROGRESS", "CLOSED"])
def test_the_listed_ticket_states_pass_the_strict_vocabulary_as_listed_and_in_upper_case(
    siem: FortiSiem, admin: TestClient, state: str
) -> None:
    siem.switches.set("strict_vocab", True)
    assert update(admin, externalTicketState=state).text == '"OK"'


@pytest.mark.parametrize(
    ("key", "attribute", "value"),
    [
        ("externalTicketType", "incidentExtTicketType", "medium"),
        ("externalTicketType", "incidentExtTicketType", "Incident"),
        ("externalTicketState", "incidentExtTicketState", "closed"),
        ("externalTicketState", "incidentExtTicketState", "InProgress"),
    ],
)
def test_other_ticket_words_are_refused_by_the_strict_vocabulary_alone(
    siem: FortiSiem, admin: TestClient, key: str, attribute: str, value: str
) -> None:
    assert update(admin, **{key: value}).text == '"OK"'
    assert incident(siem)[attribute] == value
    siem.switches.set("strict_vocab", True)
    before = siem.incidents()
    assert_xml_error(update(admin, **{key: value, "comments": "x"}), f"Invalid value {value} for {attribute}")
    assert siem.incidents() == before


@pytest.mark.parametrize("position", ["blanks", "ignored"])
def test_empty_text_blanks_an_attribute_or_is_passed_over(siem: FortiSiem, admin: TestClient, position: str) -> None:
    siem.switches.set("empty_text", position)
    answer = admin.post(EXTERNAL, json={"incidentId": 4, "externalAssignedUser": "", "comments": ""})
    assert answer.text == '"OK"'
    assert incident(siem, 4)["incidentExtUser"] == ("" if position == "blanks" else "netops")
    assert incident(siem, 4)["incidentComments"] == "Planned change"


def test_an_empty_status_is_passed_over_when_empty_text_is(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("empty_text", "ignored")
    assert update(admin, incidentStatus="").text == '"OK"'
    assert incident(siem)["incidentStatus"] == 0


def test_a_number_is_taken_as_text_where_text_is_wanted(siem: FortiSiem, admin: TestClient) -> None:
    update(admin, externalTicketId=1111)
    assert incident(siem)["incidentExtTicketId"] == "1111"


@pytest.mark.parametrize("value", [{"a": 1}, ["a"], True])
def test_an_object_where_text_is_wanted_is_an_xml_error(admin: TestClient, value: Any) -> None:
    assert_xml_error(update(admin, comments=value), "Invalid value for comments")


@pytest.mark.parametrize("version", VERSIONS)
def test_severity_resolution_and_action_status_are_taken_from_6_7_on(
    siem: FortiSiem, admin: TestClient, version: str
) -> None:
    siem.switches.set("version", version)
    before = incident(siem)
    answer = update(admin, severity="LOW", resolution="3", actionStatus="RunPlaybook:TEST01:Success")
    after = incident(siem)
    assert answer.text == '"OK"'
    if version in ("5.2.5", "6.4"):
        assert after == before
    else:
        assert (after["eventSeverityCat"], after["eventSeverity"], after["incidentReso"]) == ("LOW", 4, 3)
        assert after["actionStatus"] == "RunPlaybook:TEST01:Success"


@pytest.mark.parametrize(("word", "number"), [("LOW", 4), ("MEDIUM", 8), ("High", 10)])
def test_a_severity_word_sets_a_number_of_its_band(siem: FortiSiem, admin: TestClient, word: str, number: int) -> None:
    update(admin, severity=word)
    assert (incident(siem)["eventSeverityCat"], incident(siem)["eventSeverity"]) == (word.upper(), number)


@pytest.mark.parametrize(
    ("key", "attribute", "value"),
    [
        ("severity", "incidentSeverity", "CRITICAL"),
        ("resolution", "incidentReso", "5"),
        ("resolution", "incidentReso", "x"),
    ],
)
def test_a_severity_or_resolution_of_no_meaning_is_an_xml_error(
    admin: TestClient, key: str, attribute: str, value: str
) -> None:
    assert_xml_error(update(admin, **{key: value}), f"Invalid value {value} for {attribute}")


@pytest.mark.parametrize("resolution", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(
    ("position", "clearing"),
    [("no", set()), ("false_positive", {3}), ("true_or_false_positive", {2, 3})],
)
def test_a_resolution_clears_the_incident_as_its_switch_says(
    siem: FortiSiem, admin: TestClient, resolution: int, position: str, clearing: set[int]
) -> None:
    siem.switches.set("resolution_clears", position)
    update(admin, resolution=str(resolution))
    after = incident(siem)
    assert after["incidentReso"] == resolution
    assert after["incidentStatus"] == (2 if resolution in clearing else 0)
    assert bool(after["incidentClearedTime"]) is (resolution in clearing)


def test_a_status_sent_with_a_resolution_is_the_one_that_holds(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("resolution_clears", "false_positive")
    update(admin, incidentStatus=1, resolution=3)
    assert (incident(siem)["incidentStatus"], incident(siem)["incidentReso"]) == (1, 3)


def test_a_retired_external_endpoint_is_404_for_every_verb(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("external_endpoint", "retired")
    before = siem.incidents()
    assert admin.post(EXTERNAL, json=SEED_BODY).status_code == 404
    assert admin.get(EXTERNAL).status_code == 404
    assert siem.incidents() == before
    assert admin.post(TWIN, json={"comments": "x"}).text == "SUCCESS"


# /pub/incident/update/{id}


TWIN_BODY = {
    "incidentStatus": 2,
    "comments": "done",
    "incidentSeverity": "LOW",
    "incidentExtUser": "ABC",
    "incidentExtClearedTime": 1683595260000,
    "incidentExtTicketId": "12345",
    "incidentExtTicketState": "CLOSED",
    "incidentExtTicketType": "Incident",
}


@pytest.mark.parametrize("version", ["7.0", "7.3.3", "7.5.1"])
def test_the_twin_of_7_x_takes_every_documented_attribute(siem: FortiSiem, admin: TestClient, version: str) -> None:
    siem.switches.set("version", version)
    answer = admin.post(TWIN, json=TWIN_BODY)
    assert (answer.status_code, answer.text) == (200, "SUCCESS")
    assert answer.headers["content-type"] == "application/text"
    after = incident(siem)
    assert (after["incidentStatus"], after["incidentClearedReason"], after["incidentComments"]) == (2, "done", "done")
    assert after["eventSeverityCat"] == "LOW"
    assert {name: after[name] for name in TWIN_BODY if name.startswith("incidentExt")} == {
        name: value for name, value in TWIN_BODY.items() if name.startswith("incidentExt")
    }


@pytest.mark.parametrize("version", ["6.4", "6.7"])
def test_the_twin_of_6_x_takes_external_ticket_attributes_alone(
    siem: FortiSiem, admin: TestClient, version: str
) -> None:
    siem.switches.set("version", version)
    before = incident(siem)
    assert admin.post(TWIN, json=TWIN_BODY).text == "SUCCESS"
    external = {name: value for name, value in TWIN_BODY.items() if name.startswith("incidentExt")}
    assert incident(siem) == {**before, **external}


@pytest.mark.parametrize("version", ["6.4", "6.7"])
def test_the_twin_of_6_x_requires_a_ticket_id(siem: FortiSiem, admin: TestClient, version: str) -> None:
    siem.switches.set("version", version)
    before = siem.incidents()
    answer = admin.post(TWIN, json={"incidentExtUser": "ABC"})
    assert_xml_error(answer, "incidentExtTicketId is required")
    assert siem.incidents() == before


def test_the_twin_does_not_exist_in_5_2_5(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("version", "5.2.5")
    assert admin.post(TWIN, json=TWIN_BODY).status_code == 404


def test_a_retired_twin_is_404_and_external_goes_on(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("twin_endpoint", "retired")
    assert admin.post(TWIN, json=TWIN_BODY).status_code == 404
    assert update(admin, comments="x").text == '"OK"'


@pytest.mark.parametrize(
    "keys", [{"externalTicketId": "1"}, {"severity": "LOW"}, {"resolution": "2"}, {"incidentReso": 2}]
)
def test_the_twin_passes_over_keys_that_are_not_its_own(
    siem: FortiSiem, admin: TestClient, keys: dict[str, Any]
) -> None:
    before = siem.incidents()
    assert admin.post(TWIN, json=keys).text == "SUCCESS"
    assert siem.incidents() == before


def test_external_passes_over_the_keys_of_its_twin(siem: FortiSiem, admin: TestClient) -> None:
    before = siem.incidents()
    assert update(admin, incidentExtUser="x", incidentSeverity="LOW", incidentReso="2").text == '"OK"'
    assert siem.incidents() == before


def test_the_twin_wants_an_id_in_the_body_as_its_switch_says(siem: FortiSiem, admin: TestClient) -> None:
    assert admin.post(TWIN, json={"comments": "a"}).text == "SUCCESS"
    siem.switches.set("twin_body_id", "required")
    assert_xml_error(admin.post(TWIN, json={"comments": "b"}), "incidentId is required")
    assert admin.post(TWIN, json={"incidentId": "1", "comments": "c"}).text == "SUCCESS"
    assert incident(siem)["incidentComments"] == "a\nc"


def test_the_twin_refuses_a_body_that_names_another_incident(siem: FortiSiem, admin: TestClient) -> None:
    before = siem.incidents()
    assert_xml_error(admin.post(TWIN, json={"incidentId": 2, "comments": "x"}), "Invalid Incident Id 2")
    assert siem.incidents() == before


def test_the_twin_refuses_an_id_that_is_not_an_integer_in_xml(admin: TestClient) -> None:
    assert_xml_error(admin.post(f"{INCIDENTS}/update/abc", json={"comments": "x"}), "Invalid Incident Id abc")


@pytest.mark.parametrize("cleared", [-1, 2**63, "x"])
def test_the_twin_refuses_a_cleared_time_that_is_no_time(admin: TestClient, cleared: Any) -> None:
    answer = admin.post(TWIN, json={"incidentExtClearedTime": cleared})
    assert_xml_error(answer, f"Invalid value {cleared} for incidentExtClearedTime")


# /pub/incident


def test_a_list_of_7_5_1_has_its_documented_keys_and_default_fields(siem: FortiSiem, admin: TestClient) -> None:
    answer = listed(siem, admin)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert list(document) == ["total", "pages", "start", "sizePerPage", "queryId", "data"]
    assert (document["total"], document["pages"], document["start"], document["sizePerPage"]) == (7, 1, 0, 500)
    assert document["queryId"].startswith("pub_inc_query_1_")
    assert set(document["data"][0]) == DEFAULTS_6 | {"phSubIncidentCategory", "phCustId"}


@pytest.mark.parametrize("version", ["6.4", "6.7"])
def test_a_list_of_6_x_is_cut_by_start_and_size(siem: FortiSiem, admin: TestClient, version: str) -> None:
    siem.switches.set("version", version)
    document = listed(siem, admin, start=4, size=4).json()
    assert list(document) == ["total", "start", "size", "data"]
    assert (document["total"], document["start"], document["size"]) == (7, 4, 4)
    assert [row["incidentId"] for row in document["data"]] == [5, 6, 7]
    assert set(document["data"][0]) == DEFAULTS_6
    assert admin.get(f"{INCIDENTS}/pub_inc_query_1_1/2").status_code == 404


def test_6_7_pages_by_query_if_its_switch_says_so(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("version", "6.7")
    siem.switches.set("paging_6_7", "query_id")
    first = listed(siem, admin, size=2).json()
    assert (first["pages"], first["sizePerPage"]) == (4, 2)
    assert ids(admin.get(f"{INCIDENTS}/{first['queryId']}/2")) == [3, 4]
    siem.switches.set("version", "6.4")
    assert "queryId" not in listed(siem, admin).json()


def test_incidents_cannot_be_listed_in_5_2_5(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("version", "5.2.5")
    assert listed(siem, admin).status_code == 404
    assert admin.get(INCIDENTS).status_code == 404
    assert admin.get(f"{INCIDENTS}/q/2").status_code == 404


def test_exactly_the_fields_asked_for_are_given_and_unknown_ones_passed_over(
    siem: FortiSiem, admin: TestClient
) -> None:
    answer = admin.post(
        INCIDENTS, json={"filters": {"incidentId": [4]}, "fields": ["incidentComments", "eventName", "nonsense"]}
    )
    assert answer.json()["data"] == [
        {"incidentComments": "Planned change", "eventName": "Running Config Changed From Baseline"}
    ]


@pytest.mark.parametrize("fields", ["incidentId", [1], [["incidentId"]]])
def test_fields_that_are_no_list_of_names_are_refused(siem: FortiSiem, admin: TestClient, fields: Any) -> None:
    assert_json_error(listed(siem, admin, fields=fields), "fields is not a list of attributes")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"incidentId": [2, 4]}, [2, 4]),
        ({"incidentId": ["2"]}, [2]),
        ({"incidentId": 2}, [2]),
        ({"incidentId": [999999]}, []),
        ({"status": [0]}, [1, 2, 6, 7]),
        ({"status": ["0"]}, [1, 2, 6, 7]),
        ({"incidentStatus": [1, 2]}, [3, 4]),
        ({"eventSeverity": [9, 10]}, [1, 2]),
        ({"eventSeverityCat": ["HIGH", "LOW"]}, [1, 2, 5]),
        ({"phIncidentCategory": [4]}, [1, 6, 7]),
        ({"phCustId": [2000]}, [6]),
        ({"customer": ["Acme"]}, [6]),
        ({"incidentReso": [3]}, [4]),
        ({"incidentStatus": [0], "phIncidentCategory": [4], "phCustId": [1]}, [1, 7]),
        ({"incidentStatus": []}, [1, 2, 3, 4, 5, 6, 7]),
        ({"phSubIncidentCategory": ["Network"]}, [1, 2, 3, 4, 5, 6, 7]),
        ({}, [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_filters_select(siem: FortiSiem, admin: TestClient, filters: dict[str, Any], expected: list[int]) -> None:
    answer = listed(siem, admin, filters=filters)
    assert (answer.json()["total"], ids(answer)) == (len(expected), expected)


def test_the_severity_category_filter_can_be_without_effect(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("severity_category_filter", "ignored")
    assert len(ids(listed(siem, admin, filters={"eventSeverityCat": ["LOW"]}))) == 7
    assert ids(listed(siem, admin, filters={"incidentStatus": [3]})) == [5]


def test_the_window_is_matched_against_the_last_occurrence_with_both_ends(siem: FortiSiem, admin: TestClient) -> None:
    seen = incident(siem, 5)["incidentLastSeen"]
    assert ids(listed(siem, admin, timeFrom=seen, timeTo=seen)) == [5]
    assert ids(listed(siem, admin, timeFrom=str(seen), timeTo=str(seen))) == [5]
    assert ids(listed(siem, admin, timeFrom=seen + 1, timeTo=seen + 1)) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filters": {}},
        {"filters": None},
        {"filters": {"incidentId": []}},
        {"filters": {"incidentStatus": [0]}},
        {"timeFrom": 1},
        {"timeTo": 1},
    ],
)
def test_a_list_without_ids_requires_both_times(admin: TestClient, body: dict[str, Any]) -> None:
    words = "timeFrom and timeTo are required unless incidentId is given"
    assert_json_error(admin.post(INCIDENTS, json=body), words)


def test_a_get_list_without_ids_requires_both_times(admin: TestClient) -> None:
    words = "timeFrom and timeTo are required unless incidentId is given"
    assert_json_error(admin.get(INCIDENTS, params={"status": "0"}), words)


@pytest.mark.parametrize(
    "query", ["incidentId=2&incidentId=4", "incidentId=[2,4]", "incidentId=2,4", "incidentId=[4,%202]"]
)
def test_a_get_list_takes_ids_in_each_spelling(admin: TestClient, query: str) -> None:
    assert ids(admin.get(f"{INCIDENTS}?{query}")) == [2, 4]


@pytest.mark.parametrize("query", ["status=[0,2]", "status=0&status=2"])
def test_a_get_list_takes_status_times_and_size_and_gives_default_fields(
    siem: FortiSiem, admin: TestClient, query: str
) -> None:
    times = "&".join(f"{name}={value}" for name, value in window(siem).items())
    document = admin.get(f"{INCIDENTS}?{query}&{times}&size=3&fields=incidentId").json()
    assert (document["total"], document["pages"], document["sizePerPage"]) == (5, 2, 3)
    assert [row["incidentId"] for row in document["data"]] == [1, 2, 4]
    assert "incidentTitle" in document["data"][0]
    assert "incidentComments" not in document["data"][0]


@pytest.mark.parametrize("value", ["abc", "1.5", None, True])
def test_a_filter_by_something_that_is_no_id_is_refused_in_plain_text(admin: TestClient, value: Any) -> None:
    answer = admin.post(INCIDENTS, json={"filters": {"incidentId": [1, value]}})
    assert (answer.status_code, answer.text) == (400, "Invalid incident id")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"filters": [1]}'])
def test_a_list_whose_body_is_no_json_object_is_a_json_error(admin: TestClient, body: bytes) -> None:
    assert_json_error(admin.post(INCIDENTS, content=body), "The request body is not valid JSON")


@pytest.mark.parametrize("name", ["timeFrom", "timeTo", "start", "size"])
@pytest.mark.parametrize("value", ["x", -1, 1.5])
def test_a_number_of_no_sense_is_a_json_error(siem: FortiSiem, admin: TestClient, name: str, value: Any) -> None:
    assert_json_error(listed(siem, admin, **{name: value}), f"Invalid value {value} for {name}")


@pytest.mark.parametrize(("size", "given"), [(None, 500), (0, 500), (1000, 1000), (1001, 1000), (5000, 1000), (7, 7)])
def test_size_is_500_unless_told_and_1000_at_most(
    siem: FortiSiem, admin: TestClient, size: Optional[int], given: int
) -> None:
    assert listed(siem, admin, size=size).json()["sizePerPage"] == given


def test_a_list_is_ordered_as_asked(siem: FortiSiem, admin: TestClient) -> None:
    by_time = {"orderBy": "incidentLastSeen", "fields": ["incidentId", "incidentLastSeen"]}
    assert ids(listed(siem, admin, **by_time)) == [5, 4, 3, 6, 7, 2, 1]
    assert ids(listed(siem, admin, **by_time, descending=True)) == [1, 2, 7, 6, 3, 4, 5]
    assert ids(listed(siem, admin)) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("version", "status"), [("6.4", 400), ("6.7", 400), ("7.0", 200), ("7.5.1", 200)])
def test_order_by_must_be_one_of_the_fields_in_6_x(
    siem: FortiSiem, admin: TestClient, version: str, status: int
) -> None:
    siem.switches.set("version", version)
    answer = listed(siem, admin, orderBy="incidentLastSeen", fields=["incidentId"])
    assert answer.status_code == status
    if status == 400:
        assert_json_error(answer, "orderBy incidentLastSeen is not one of the fields")
    assert listed(siem, admin, fields=["eventName"]).status_code == 200


@pytest.mark.parametrize("order", ["nonsense", ["incidentId"]])
def test_an_unknown_order_is_a_json_error(siem: FortiSiem, admin: TestClient, order: Any) -> None:
    assert_json_error(listed(siem, admin, orderBy=order), f"Invalid orderBy {order}")


@pytest.mark.parametrize("position", ["empty", "null", "absent"])
def test_attributes_that_were_never_set_are_listed_as_the_switch_says(
    siem: FortiSiem, admin: TestClient, position: str
) -> None:
    siem.switches.set("unset_attributes", position)
    fields = ["incidentId", "incidentClearedTime", "incidentExtUser", "incidentExtClearedTime"]
    row = admin.post(INCIDENTS, json={"filters": {"incidentId": [1]}, "fields": fields}).json()["data"][0]
    rest: dict[str, dict[str, Any]] = {
        "empty": {"incidentExtUser": "", "incidentExtClearedTime": 0},
        "null": {"incidentExtUser": None, "incidentExtClearedTime": None},
        "absent": {},
    }
    assert row == {"incidentId": 1, "incidentClearedTime": 0, **rest[position]}
    assert admin.post(INCIDENTS, json={"filters": {"incidentId": [4]}, "fields": fields[2:3]}).json()["data"] == [
        {"incidentExtUser": "netops"}
    ]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_json_comes_under_the_type_its_switch_says(siem: FortiSiem, admin: TestClient, content_type: str) -> None:
    siem.switches.set("json_content_type", content_type)
    for answer in (listed(siem, admin), admin.get(SUMMARY), listed(siem, admin, size="x")):
        assert answer.headers["content-type"].startswith(content_type)
        assert answer.json()


# Pages


@pytest.mark.parametrize("version", ["7.0", "7.3.3", "7.5.1"])
def test_three_pages_together_are_the_whole_list(siem: FortiSiem, admin: TestClient, version: str) -> None:
    siem.switches.set("version", version)
    first = listed(siem, admin, size=3, fields=["incidentId"]).json()
    assert (first["total"], first["pages"], first["start"]) == (7, 3, 0)
    second, third = (admin.get(f"{INCIDENTS}/{first['queryId']}/{page}").json() for page in (2, 3))
    assert list(second) == list(first)
    assert second == {**first, "start": 3, "data": [{"incidentId": 4}, {"incidentId": 5}, {"incidentId": 6}]}
    assert third == {**first, "start": 6, "data": [{"incidentId": 7}]}


def test_page_1_can_be_asked_for_again(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("page_not_ready", 2)
    first = listed(siem, admin, size=4).json()
    assert admin.get(f"{INCIDENTS}/{first['queryId']}/1").json() == first


def test_a_start_is_an_offset_to_the_pages_of_7_x(siem: FortiSiem, admin: TestClient) -> None:
    first = listed(siem, admin, start=1, size=3).json()
    assert (first["total"], first["pages"], first["start"]) == (7, 2, 1)
    second = admin.get(f"{INCIDENTS}/{first['queryId']}/2")
    assert second.json()["start"] == 4
    assert ids(second) == [5, 6, 7]


def test_an_empty_list_has_no_page(siem: FortiSiem, admin: TestClient) -> None:
    document = listed(siem, admin, filters={"incidentId": [999999]}).json()
    assert (document["total"], document["pages"], document["data"]) == (0, 0, [])


@pytest.mark.parametrize("times", [0, 1, 2])
def test_each_further_page_is_not_ready_as_often_as_the_switch_says(
    siem: FortiSiem, admin: TestClient, times: int
) -> None:
    siem.switches.set("page_not_ready", times)
    query = listed(siem, admin, size=2).json()["queryId"]
    for page, expected in ((2, [3, 4]), (3, [5, 6])):
        for _ in range(times):
            assert_json_error(admin.get(f"{INCIDENTS}/{query}/{page}"), f"Page {page} is not ready", 503)
        assert ids(admin.get(f"{INCIDENTS}/{query}/{page}")) == expected
        assert ids(admin.get(f"{INCIDENTS}/{query}/{page}")) == expected


@pytest.mark.parametrize(
    ("version", "position", "status"),
    [
        ("7.0", "by_version", 404),
        ("7.3.3", "by_version", 503),
        ("7.5.1", "by_version", 503),
        ("7.5.1", "404", 404),
        ("7.5.1", "429", 429),
        ("7.0", "503", 503),
    ],
)
def test_a_page_that_is_not_ready_has_the_status_of_its_version_or_switch(
    siem: FortiSiem, admin: TestClient, version: str, position: str, status: int
) -> None:
    siem.switches.set("version", version)
    siem.switches.set("page_not_ready", 1)
    siem.switches.set("page_not_ready_status", position)
    query = listed(siem, admin, size=2).json()["queryId"]
    assert admin.get(f"{INCIDENTS}/{query}/2").status_code == status
    assert ids(admin.get(f"{INCIDENTS}/{query}/2")) == [3, 4]


@pytest.mark.parametrize(
    ("version", "defect", "size", "ready"),
    [
        ("6.7", True, 4, False),
        ("7.0", True, 4, False),
        ("7.0", False, 4, True),
        ("7.0", True, 2, True),
        ("7.3.3", True, 4, True),
        ("7.5.1", True, 4, True),
    ],
)
def test_page_2_of_exactly_2_never_comes_in_6_7_to_7_0(
    siem: FortiSiem, admin: TestClient, version: str, defect: bool, size: int, ready: bool
) -> None:
    siem.switches.set("version", version)
    siem.switches.set("paging_6_7", "query_id")
    siem.switches.set("two_page_defect", defect)
    query = listed(siem, admin, size=size).json()["queryId"]
    answers = [admin.get(f"{INCIDENTS}/{query}/2").status_code for _ in range(4)]
    assert answers == [200 if ready else 404] * 4


@pytest.mark.parametrize("page", ["0", "5", "-1", "x"])
def test_a_page_that_is_none_of_the_list_is_404(siem: FortiSiem, admin: TestClient, page: str) -> None:
    query = listed(siem, admin, size=2).json()["queryId"]
    assert admin.get(f"{INCIDENTS}/{query}/{page}").status_code == 404


def test_an_unknown_query_or_one_of_another_account_is_404(siem: FortiSiem, admin: TestClient) -> None:
    query = listed(siem, admin, size=2).json()["queryId"]
    assert_json_error(admin.get(f"{INCIDENTS}/nonsense/2"), "Invalid query nonsense", 404)
    assert_json_error(client_of(siem, ACME).get(f"{INCIDENTS}/{query}/2"), f"Invalid query {query}", 404)


def test_two_lists_have_two_queries(siem: FortiSiem, admin: TestClient) -> None:
    high = listed(siem, admin, size=1, filters={"eventSeverityCat": ["HIGH"]}).json()["queryId"]
    medium = listed(siem, admin, size=1, filters={"eventSeverityCat": ["MEDIUM"]}).json()["queryId"]
    assert ids(admin.get(f"{INCIDENTS}/{high}/2")) == [2]
    assert ids(admin.get(f"{INCIDENTS}/{medium}/2")) == [4]


def test_rows_move_between_pages_when_what_is_listed_changes(siem: FortiSiem, admin: TestClient) -> None:
    query = listed(siem, admin, size=1, filters={"incidentStatus": [0]}).json()["queryId"]
    update(admin, incidentStatus=2)
    assert ids(admin.get(f"{INCIDENTS}/{query}/2")) == [6]


def test_the_eleventh_list_that_one_address_runs_at_once_is_429(siem: FortiSiem, admin: TestClient) -> None:
    with ExitStack() as others:
        for _ in range(9):
            others.enter_context(siem.queries.running("testclient"))
        others.enter_context(siem.queries.running("elsewhere"))
        query = listed(siem, admin, size=2).json()["queryId"]
        others.enter_context(siem.queries.running("testclient"))
        assert listed(siem, admin).status_code == 429
        assert admin.get(f"{INCIDENTS}/{query}/2").status_code == 429
        assert update(admin, comments="x").status_code == 200
        siem.switches.set("concurrency_limit", 0)
        assert listed(siem, admin).status_code == 200
    siem.switches.set("concurrency_limit", 10)
    assert listed(siem, admin).status_code == 200


# Health and organizations


@pytest.mark.parametrize("key", ["nodesType", "nodeType"])
def test_the_health_summary_names_instances_and_their_nodes(siem: FortiSiem, admin: TestClient, key: str) -> None:
    siem.switches.set("health_node_type_key", key)
    instances = admin.get(SUMMARY).json()
    assert [list(one) for one in instances] == [["id", "name", "healthStatus", "nodes"]] * 2
    assert [node[key] for one in instances for node in one["nodes"]] == ["Supervisor", "Worker", "Collector"]
    assert set(instances[1]["nodes"][0]) == {"name", key, "status", "reason"}
    assert instances[1]["nodes"][0]["reason"][0]["reason"] == "Last Event Time Received not yet reported"


@pytest.mark.parametrize(("position", "status"), [("missing", 404), ("forbidden", 403)])
def test_the_health_summary_can_be_missing_or_forbidden(
    siem: FortiSiem, admin: TestClient, position: str, status: int
) -> None:
    siem.switches.set("health_summary", position)
    assert admin.get(SUMMARY).status_code == status
    assert admin.get(f"{REST}/config/Domain").status_code == 200


@pytest.mark.parametrize("path", ["config/Domain", "organization/list"])
def test_organizations_are_listed_in_xml(admin: TestClient, path: str) -> None:
    answer = admin.get(f"{REST}/{path}")
    assert answer.headers["content-type"] == "application/xml"
    assert answer.text.startswith('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<response requestId="0"')
    domains = ElementTree.fromstring(answer.text).findall("result/domains/domain")  # noqa: S314 - made by the lab
    assert [(one.findtext("domainId"), one.findtext("name"), one.findtext("initialized")) for one in domains] == [
        ("0", "system", "false"),
        ("1", "Super", "true"),
        ("2", "service", "false"),
        ("2000", "Acme", "true"),
    ]
    assert [one.get("xmlId") for one in domains][1] == "Domain$Super"
    assert all(one.findtext("disabled") == "false" for one in domains)


def test_an_account_of_an_organization_is_shown_no_other(siem: FortiSiem) -> None:
    answer = client_of(siem, ACME).get(f"{REST}/config/Domain")
    names = [one.text for one in ElementTree.fromstring(answer.text).iter("name")]  # noqa: S314 - made by the lab
    assert names == ["Acme"]


@pytest.mark.parametrize("version", VERSIONS)
def test_organization_list_is_there_from_7_5_and_config_domain_always(
    siem: FortiSiem, admin: TestClient, version: str
) -> None:
    siem.switches.set("version", version)
    assert admin.get(f"{REST}/config/Domain").status_code == 200
    assert admin.get(f"{REST}/organization/list").status_code == (200 if version == "7.5.1" else 404)


# Tokens


def test_client_credentials_give_a_token_with_the_rights_of_its_user(siem: FortiSiem) -> None:
    answer = ask_token(siem)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert list(document) == ["access_token", "token_type", "expires_in"]
    assert (document["token_type"], document["expires_in"]) == ("Bearer", 15)
    bearer = client_of(siem, authorization=f"Bearer {document['access_token']}")
    assert update(bearer, incidentStatus=2).text == '"OK"'
    assert incident(siem)["incidentClearedUser"] == "admin"


def test_a_token_of_a_read_only_user_reads_and_cannot_update(siem: FortiSiem) -> None:
    token = ask_token(siem, "client-2", "s3cret-2").json()["access_token"]
    bearer = client_of(siem, authorization=f"Bearer {token}")
    assert bearer.get(SUMMARY).status_code == 200
    assert update(bearer, comments="x").status_code == 403


def test_a_token_of_an_organization_user_sees_that_organization(siem: FortiSiem) -> None:
    token = ask_token(siem, "client-4", "s3cret-4").json()["access_token"]
    assert ids(listed(siem, client_of(siem, authorization=f"Bearer {token}"))) == [6]


def test_a_token_is_valid_for_15_minutes_of_the_labs_clock(siem: FortiSiem, clock: Clock) -> None:
    bearer = client_of(siem, authorization=f"Bearer {ask_token(siem).json()['access_token']}")
    clock.advance(14 * 60 + 55)
    assert bearer.get(SUMMARY).status_code == 200
    clock.advance(5)
    assert bearer.get(SUMMARY).status_code == 401


@pytest.mark.parametrize(("unit", "number"), [("minutes", 15), ("seconds", 900)])
def test_expires_in_is_given_in_the_unit_of_its_switch(siem: FortiSiem, unit: str, number: int) -> None:
    siem.switches.set("expires_in_unit", unit)
    assert ask_token(siem).json()["expires_in"] == number


@pytest.mark.parametrize("version", VERSIONS)
def test_tokens_are_issued_and_accepted_in_7_5_1_alone(siem: FortiSiem, version: str) -> None:
    token = ask_token(siem).json()["access_token"]
    siem.switches.set("version", version)
    bearer = client_of(siem, authorization=f"Bearer {token}")
    assert bearer.get(f"{REST}/config/Domain").status_code == (200 if version == "7.5.1" else 401)
    siem.switches.set("token_rate_limit", False)
    assert ask_token(siem).status_code == (200 if version == "7.5.1" else 404)


def test_an_invented_token_is_401(siem: FortiSiem) -> None:
    assert client_of(siem, authorization="Bearer invented").get(SUMMARY).status_code == 401


@pytest.mark.parametrize(
    ("client_id", "proof", "message"),
    [
        ("client-1", "wrong", "Invalid ClientId or ClientSecret"),
        ("client-1", "", "Invalid ClientId or ClientSecret"),
        ("client-1", "s3cret-2", "Invalid ClientId or ClientSecret"),
        ("nobody", "s3cret-1", "Invalid ClientId or ClientSecret"),
        ("", "s3cret-1", "Invalid input parameters"),
        (
            "client-3",
            "s3cret-3",
            "Unauthorized user (the user who created the client does not have permission to request tokens)",
        ),
    ],
)
def test_bad_client_credentials_are_400_with_the_vendors_message(
    siem: FortiSiem, client_id: str, proof: str, message: str
) -> None:
    answer = ask_token(siem, client_id, proof)
    assert answer.status_code == 400
    assert answer.json() == {"error": "BAD_REQUEST", "message": message}


@pytest.mark.parametrize(
    ("position", "status", "document"),
    [
        (
            "unauthorized_user",
            400,
            {
                "error": "BAD_REQUEST",
                "message": "Unauthorized user "
                "(the user who created the client does not have permission to request tokens)",
            },
        ),
        ("secret_expired", 400, {"error": "BAD_REQUEST", "message": "Client secret expired"}),
        ("client_revoked", 400, {"error": "BAD_REQUEST", "message": "Client ID revoked"}),
        (
            "internal_error",
            500,
            {"error": "INTERNAL_ERROR", "message": "Internal server error occurred while issuing token"},
        ),
    ],
)
def test_the_documented_token_failures_come_on_demand(
    siem: FortiSiem, position: str, status: int, document: dict[str, str]
) -> None:
    siem.switches.set("token_answer", position)
    answer = ask_token(siem)
    assert (answer.status_code, answer.json()) == (status, document)


@pytest.mark.parametrize("grant", ["password", ""])
def test_another_grant_than_client_credentials_is_refused(siem: FortiSiem, grant: str) -> None:
    answer = ask_token(siem, grant_type=grant)
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid input parameters")


def test_a_token_request_must_be_a_form(siem: FortiSiem) -> None:
    form = b"grant_type=client_credentials&client_id=client-1&client_secret=s3cret-1"
    for headers in ({}, {"content-type": "application/json"}):
        answer = client_of(siem).post(TOKEN, content=form, headers=headers)
        assert (answer.status_code, answer.json()["message"]) == (400, "Invalid input parameters")
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert client_of(siem).post(TOKEN, content=form, headers=headers).status_code == 200


def test_a_second_token_request_within_5_seconds_is_refused_for_that_client_alone(
    siem: FortiSiem, clock: Clock
) -> None:
    message = "Rate limit exceeded. Limit is 1 token request per ClientId every 5 seconds"
    assert ask_token(siem).status_code == 200
    assert ask_token(siem).json() == {"error": "BAD_REQUEST", "message": message}
    assert ask_token(siem, "client-2", "s3cret-2").status_code == 200
    clock.advance(3)
    assert ask_token(siem).json()["message"] == message
    clock.advance(2)
    assert ask_token(siem).status_code == 200
    assert ask_token(siem).json()["message"] == message


def test_a_failed_token_request_counts_for_the_limit_too(siem: FortiSiem) -> None:
    ask_token(siem, "client-1", "wrong")
    assert ask_token(siem).json()["message"].startswith("Rate limit exceeded.")


def test_a_clock_that_was_put_back_does_not_hold_a_client_up(siem: FortiSiem, clock: Clock) -> None:
    clock.advance(3600)
    ask_token(siem)
    clock.reset()
    assert ask_token(siem).status_code == 200


def test_without_the_rate_limit_tokens_can_be_had_at_once_and_all_are_valid(siem: FortiSiem) -> None:
    siem.switches.set("token_rate_limit", False)
    tokens = {ask_token(siem).json()["access_token"] for _ in range(3)}
    assert len(tokens) == 3
    for token in tokens:
        assert client_of(siem, authorization=f"Bearer {token}").get(SUMMARY).status_code == 200


def test_5_failures_block_a_client_for_5_minutes_and_no_other(siem: FortiSiem, clock: Clock) -> None:
    siem.switches.set("token_rate_limit", False)
    for _ in range(5):
        assert ask_token(siem, proof="wrong").json()["message"] == "Invalid ClientId or ClientSecret"
    message = "Failure threshold exceeded. Token requests blocked for 5 minutes"
    assert ask_token(siem).json() == {"error": "BAD_REQUEST", "message": message}
    assert ask_token(siem, "client-2", "s3cret-2").status_code == 200
    clock.advance(298)
    assert ask_token(siem).json()["message"] == message
    clock.advance(2)
    ask_token(siem, proof="wrong")
    assert ask_token(siem).status_code == 200


def test_a_success_forgives_earlier_failures(siem: FortiSiem) -> None:
    siem.switches.set("token_rate_limit", False)
    for proof in (*["wrong"] * 4, "s3cret-1", *["wrong"] * 4, "s3cret-1"):
        answer = ask_token(siem, proof=proof)
    assert answer.status_code == 200


def test_a_client_can_be_held_to_one_token(siem: FortiSiem, clock: Clock) -> None:
    siem.switches.set("token_single_use", True)
    first = ask_token(siem)
    assert first.status_code == 200
    clock.advance(10)
    assert ask_token(siem).json() == {"error": "BAD_REQUEST", "message": "Invalid input parameters"}
    assert ask_token(siem, "client-2", "s3cret-2").status_code == 200
    bearer = client_of(siem, authorization=f"Bearer {first.json()['access_token']}")
    assert bearer.get(SUMMARY).status_code == 200


def test_neither_a_token_nor_a_client_secret_reaches_the_journal_or_the_database(
    siem: FortiSiem, tmp_path: Path
) -> None:
    token = ask_token(siem).json()["access_token"]
    client_of(siem, authorization=f"Bearer {token}").get(SUMMARY)
    journal = json.dumps(siem.journal.as_json())
    siem.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert "s3cret-1" not in journal
    assert token not in journal
    assert token.encode() not in stored


# Faults


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("429", 429, "text/plain"),
        ("500", 500, "text/html"),
        ("503_html", 503, "text/html"),
        ("html_200", 200, "text/html"),
    ],
)
def test_a_failing_product_answers_everything_alike_and_does_nothing(
    siem: FortiSiem, admin: TestClient, kind: str, status: int, content_type: str
) -> None:
    siem.switches.set("failure", kind)
    before = siem.incidents()
    for answer in (admin.post(EXTERNAL, json=SEED_BODY), admin.get(SUMMARY), listed(siem, admin)):
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith(content_type)
    assert siem.incidents() == before
    assert ask_token(siem).status_code == 200
