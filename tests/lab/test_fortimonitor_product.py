"""The lab's FortiMonitor keeps the rules of the v2 REST API, under every position of every switch."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from lab.fortimonitor import FortiMonitor
from lab.fortimonitor.models import Outage, Server
from lab.kit.clock import Clock

ORIGIN = "https://127.0.0.1:9444"
BASE = ORIGIN + "/v2"
START = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=timezone.utc)
CREATE = "/v2/server/1001/custom_incident"
RESOLVE = "/v2/outage/-1000001/force_resolve"
OUTAGE_FIELDS = {
    "acknowledged",
    "compound_service",
    "compound_service_id",
    "compound_service_name",
    "description",
    "end_time",
    "exclude_from_availability",
    "has_active_maintenance",
    "hash",
    "metadata",
    "metric_tags",
    "network_service_type_list",
    "next_action",
    "server",
    "server_fqdn",
    "server_group_id",
    "server_group_name",
    "server_id",
    "server_name",
    "severity",
    "start_time",
    "status",
    "summary",
    "tags",
    "type",
    "url",
}


class StillClock(Clock):
    """A clock that moves only when it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.time = START

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def monitor(tmp_path: Path, clock: StillClock) -> Iterator[FortiMonitor]:
    product = FortiMonitor(tmp_path, clock, BASE, api_key="key-rw", read_only_api_key="key-ro")
    yield product
    product.close()


@pytest.fixture
def client(monitor: FortiMonitor) -> TestClient:
    return client_of(monitor, "ApiKey key-rw")


@pytest.fixture
def reader(monitor: FortiMonitor) -> TestClient:
    return client_of(monitor, "ApiKey key-ro")


def client_of(monitor: FortiMonitor, authorization: str | None = None) -> TestClient:
    headers = {"Authorization": authorization} if authorization else {}
    return TestClient(monitor.app, base_url=ORIGIN, headers=headers, follow_redirects=False)


def payload(**changes: Any) -> dict[str, Any]:
    return {
        "description": "Disk full",
        "plugin_textkey": FortiMonitor.PLUGIN_TEXTKEY,
        "resource_textkey": FortiMonitor.RESOURCE_TEXTKEY,
        **changes,
    }


def created(client: TestClient, **changes: Any) -> int:
    answer = client.post(CREATE, json=payload(**changes))
    assert answer.status_code == 201, answer.text
    return int(answer.headers["Location"].rpartition("/")[2])


def ids(answer: Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [int(outage["url"].rpartition("/")[2]) for outage in answer.json()["outage_list"]]


def names(answer: Response) -> list[str]:
    return [server["name"] for server in answer.json()["server_list"]]


def assert_refused(answer: Response, status: int, body: dict[str, str], message: str | None = None) -> None:
    """Assert the whole refusal: status, body, and the two headers that say it again."""
    assert answer.status_code == status
    assert answer.json() == body
    assert answer.headers["ErrorCode"] == str(status)
    assert answer.headers["ErrorMessage"] == (message or next(iter(body.values())))


# The key


@pytest.mark.parametrize(
    "authorization",
    [None, "ApiKey wrong", "ApiKey ", "ApiKey  key-rw", "apikey key-rw", "Bearer key-rw", "key-rw"],
)
def test_without_a_known_key_in_the_literal_form_everything_is_401(
    monitor: FortiMonitor, authorization: str | None
) -> None:
    answer = client_of(monitor, authorization).get("/v2/outage")
    assert_refused(answer, 401, {"message": "Authentication failed"})


def test_a_key_in_the_query_is_refused_unless_the_switch_allows_it(monitor: FortiMonitor) -> None:
    bare = client_of(monitor)
    assert bare.get("/v2/outage?api_key=key-rw").status_code == 401
    monitor.switches.set("allow_query_key", True)
    answer = bare.get("/v2/outage?api_key=key-rw&limit=1")
    assert answer.status_code == 200
    assert "key-rw" not in answer.text
    assert bare.get("/v2/outage?api_key=wrong").status_code == 401
    assert bare.post(CREATE + "?api_key=key-ro", json=payload()).status_code == 405


def test_a_wrong_key_in_the_header_is_not_saved_by_a_right_one_in_the_query(monitor: FortiMonitor) -> None:
    monitor.switches.set("allow_query_key", True)
    assert client_of(monitor, "ApiKey wrong").get("/v2/outage?api_key=key-rw").status_code == 401


@pytest.mark.parametrize(
    ("order", "method", "path", "status"),
    [
        ("key_first", "GET", "/v2/nothing", 401),
        ("path_first", "GET", "/v2/nothing", 404),
        ("key_first", "POST", RESOLVE, 401),
        ("path_first", "POST", RESOLVE, 405),
        ("path_first", "GET", "/v2/outage", 401),
    ],
)
def test_whether_the_key_or_the_path_is_checked_first_is_a_switch(
    monitor: FortiMonitor, order: str, method: str, path: str, status: int
) -> None:
    monitor.switches.set("auth_order", order)
    assert client_of(monitor, "ApiKey wrong").request(method, path).status_code == status


def test_a_right_key_passes_with_the_path_checked_first_too(monitor: FortiMonitor, client: TestClient) -> None:
    monitor.switches.set("auth_order", "path_first")
    assert client.get("/v2/outage").status_code == 200
    assert client.get("/v2/nothing").status_code == 404


@pytest.mark.parametrize(
    ("status", "message"),
    [(405, "Method Not Allowed"), (401, "Authentication failed"), (403, "Permission denied")],
)
def test_a_read_only_key_reads_and_its_writes_are_refused_before_id_and_body(
    monitor: FortiMonitor, reader: TestClient, status: int, message: str
) -> None:
    monitor.switches.set("read_only_status", status)
    assert reader.get("/v2/outage/active").status_code == 200
    assert_refused(reader.post(CREATE, json=payload()), status, {"message": message})
    assert_refused(reader.put("/v2/outage/99/force_resolve", content=b"{"), status, {"message": message})
    assert monitor.incidents() == []


def test_a_read_only_key_is_refused_with_405_by_default(reader: TestClient) -> None:
    assert reader.post(CREATE, json=payload()).status_code == 405


# Paths and methods


@pytest.mark.parametrize("path", ["/", "/v2", "/v1/outage", "/v2/nothing", "/v2/outage/1/nothing", "/v2/outage//"])
def test_an_unknown_path_is_404(client: TestClient, path: str) -> None:
    assert_refused(client.get(path), 404, {"message": "Item Not Found"})


@pytest.mark.parametrize(
    "identifier",
    ["99", "1000001", "-2002", "0", "-0", "02002", "+2002", "2002.0", "2002x", "--2002", "9" * 40, "%D9%A2", "2002%0A"],
)
def test_an_unknown_outage_is_404_before_the_body_is_looked_at(client: TestClient, identifier: str) -> None:
    assert_refused(client.get(f"/v2/outage/{identifier}"), 404, {"message": "Item Not Found"})
    assert client.put(f"/v2/outage/{identifier}/force_resolve", content=b"{").status_code == 404


@pytest.mark.parametrize("identifier", ["99", "-1001", "Web frontend", "9" * 40])
def test_an_unknown_server_is_404_on_each_of_its_paths(client: TestClient, identifier: str) -> None:
    for method, path in [("GET", ""), ("GET", "/outage"), ("GET", "/agent_resource"), ("POST", "/custom_incident")]:
        assert client.request(method, f"/v2/server/{identifier}{path}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", RESOLVE),
        ("GET", RESOLVE),
        ("PATCH", RESOLVE),
        ("PUT", CREATE),
        ("GET", CREATE),
        ("PATCH", "/v2/outage/2002"),
        ("DELETE", "/v2/outage/2002"),
        ("POST", "/v2/outage"),
        ("PATCH", "/v2/server/1001"),
    ],
)
def test_a_known_path_with_a_wrong_verb_is_405_before_id_and_body(client: TestClient, method: str, path: str) -> None:
    assert_refused(client.request(method, path, content=b"{"), 405, {"message": "Method Not Allowed"})


@pytest.mark.parametrize("collection", ["server", "outage", "outage/active", "user", "agent_resource_type"])
def test_a_collection_may_be_written_with_a_trailing_slash(client: TestClient, collection: str) -> None:
    assert client.get(f"/v2/{collection}/").json()["meta"] == client.get(f"/v2/{collection}").json()["meta"]


# The rate limit


def exhaust(client: TestClient) -> None:
    statuses = {client.get("/v2/user?limit=1").status_code for _ in range(100)}
    assert statuses == {200}


def test_the_101st_request_of_a_key_in_60_seconds_is_429_and_other_keys_go_on(
    client: TestClient, reader: TestClient, clock: StillClock
) -> None:
    exhaust(client)
    clock.advance(20)
    answer = client.get("/v2/user")
    assert_refused(answer, 429, {"message": "Rate limit exceeded"})
    assert answer.headers["Retry-After"] == "40"
    assert reader.get("/v2/user").status_code == 200


def test_refused_requests_do_not_count_and_the_time_named_is_enough(client: TestClient, clock: StillClock) -> None:
    exhaust(client)
    clock.advance(59.5)
    assert client.get("/v2/user").headers["Retry-After"] == "1"
    clock.advance(0.5)
    assert client.get("/v2/user").status_code == 200


def test_a_429_changes_nothing(client: TestClient, monitor: FortiMonitor) -> None:
    exhaust(client)
    assert client.post(CREATE, json=payload()).status_code == 429
    assert monitor.incidents() == []


def test_requests_that_are_refused_for_their_path_count_too_but_those_with_a_wrong_key_do_not(
    monitor: FortiMonitor, client: TestClient
) -> None:
    for _ in range(50):
        assert client.get("/v2/nothing").status_code == 404
        assert client.post(RESOLVE).status_code == 405
    assert client.get("/v2/user").status_code == 429
    for _ in range(101):
        assert client_of(monitor, "ApiKey wrong").get("/v2/user").status_code == 401


@pytest.mark.parametrize(
    ("form", "header", "value"),
    [
        ("retry_after_seconds", "Retry-After", "60"),
        ("retry_after_date", "Retry-After", "Wed, 04 Mar 2026 05:07:08 GMT"),
        ("x_ratelimit_reset_epoch", "X-RateLimit-Reset", "1772600828"),
        ("ratelimit_reset_seconds", "RateLimit-Reset", "60"),
        ("none", None, None),
    ],
)
def test_a_429_says_in_the_chosen_header_when_to_resume(
    monitor: FortiMonitor, client: TestClient, form: str, header: str | None, value: str | None
) -> None:
    monitor.switches.set("rate_limit_header", form)
    exhaust(client)
    answer = client.get("/v2/user")
    assert answer.status_code == 429
    said = {name: answer.headers.get(name) for name in ("Retry-After", "X-RateLimit-Reset", "RateLimit-Reset")}
    assert said == {**dict.fromkeys(said), **({header: value} if header else {})}


def test_the_rate_limit_can_be_switched_off(monitor: FortiMonitor, client: TestClient) -> None:
    monitor.switches.set("rate_limit", False)
    exhaust(client)
    assert client.get("/v2/user").status_code == 200


def test_time_going_backwards_does_not_lock_a_key_out(client: TestClient, clock: StillClock) -> None:
    clock.advance(3600)
    exhaust(client)
    clock.advance(-3600)
    assert client.get("/v2/user").status_code == 200


# The shapes of an error


NO_STRING = "This field is invalid: Please enter a valid string in the reason field"
RESOLVED = "Outage is already resolved"


@pytest.mark.parametrize(
    ("shape", "plain", "validation"),
    [
        ("by_kind", {"error": RESOLVED}, {"reason": NO_STRING}),
        ("message", {"message": RESOLVED}, {"message": f"reason: {NO_STRING}"}),
        ("error", {"error": RESOLVED}, {"error": f"reason: {NO_STRING}"}),
        ("field_map", {"message": RESOLVED}, {"reason": NO_STRING}),
        (
            "details",
            {"error": "error", "message": RESOLVED, "details": {}},
            {
                "error": "error",
                "message": f"reason: {NO_STRING}",
                "details": {"field": "reason", "expected": NO_STRING},
            },
        ),
    ],
)
def test_an_error_body_takes_the_chosen_shape(
    monitor: FortiMonitor, client: TestClient, shape: str, plain: dict[str, Any], validation: dict[str, Any]
) -> None:
    created(client)
    client.put(RESOLVE, json={})
    monitor.switches.set("error_shape", shape)
    assert_refused(client.put(RESOLVE, json={}), 400, plain, RESOLVED)
    assert_refused(client.put(RESOLVE, json={"reason": 5}), 400, validation, f"reason: {NO_STRING}")


@pytest.mark.parametrize(
    ("shape", "content_type", "start"),
    [
        ("text", "text/plain; charset=utf-8", "Item Not Found"),
        ("html", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("empty", "application/json", ""),
    ],
)
def test_an_error_body_may_be_no_json_at_all(
    monitor: FortiMonitor, client: TestClient, shape: str, content_type: str, start: str
) -> None:
    monitor.switches.set("error_shape", shape)
    answer = client.get("/v2/outage/99")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, content_type)
    assert answer.text.startswith(start)
    assert bool(answer.text) is bool(start)
    assert answer.headers["ErrorMessage"] == "Item Not Found"


def test_the_error_headers_can_be_switched_off(monitor: FortiMonitor, client: TestClient) -> None:
    monitor.switches.set("error_headers", False)
    answer = client.get("/v2/outage/99")
    assert answer.json() == {"message": "Item Not Found"}
    assert not {"errorcode", "errormessage"} & set(answer.headers)


def test_a_read_carries_no_error_headers(client: TestClient) -> None:
    answer = client.get("/v2/outage")
    assert answer.headers["Content-Type"] == "application/json"
    assert not {"errorcode", "errormessage"} & set(answer.headers)


# Creating


def test_a_create_answers_201_with_only_the_location_of_the_outage(monitor: FortiMonitor, client: TestClient) -> None:
    answer = client.post(CREATE, json=payload())
    assert answer.status_code == 201
    assert answer.headers.pop("date")
    assert dict(answer.headers) == {
        "location": BASE + "/outage/-1000001",
        "content-length": "0",
        "content-type": "application/json",
    }
    assert answer.content == b""
    assert monitor.incidents() == [
        {
            "id": -1000001,
            "server_id": 1001,
            "plugin_textkey": FortiMonitor.PLUGIN_TEXTKEY,
            "resource_textkey": FortiMonitor.RESOURCE_TEXTKEY,
            "description": "Disk full",
            "metadata": {},
            "severity": "critical",
            "status": "active",
            "start_time": "2026-03-04 05:06:07",
            "end_time": None,
            "auto_close_duration": None,
            "log": [],
        }
    ]


def test_the_optional_fields_may_be_null(client: TestClient) -> None:
    created(client, metadata=None, start_time=None, auto_close_duration=None)


def test_the_same_create_twice_makes_two_incidents(monitor: FortiMonitor, client: TestClient) -> None:
    assert [created(client), created(client)] == [-1000001, -1000002]
    assert len(monitor.incidents()) == 2


def test_creates_at_the_same_time_get_ids_of_their_own(monitor: FortiMonitor, client: TestClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: created(client), range(24)))
    assert sorted(made) == sorted(incident["id"] for incident in monitor.incidents())
    assert len(set(made)) == 24


def test_a_custom_incidents_id_may_be_positive(monitor: FortiMonitor, client: TestClient) -> None:
    assert created(client) == -1000001
    monitor.switches.set("id_sign", "positive")
    assert created(client) == 1000002
    assert client.get("/v2/outage/1000002").json()["url"] == BASE + "/outage/1000002"
    assert client.get("/v2/outage/-1000002").status_code == 404
    assert client.put("/v2/outage/1000002/force_resolve", json={}).status_code == 204


@pytest.mark.parametrize(
    ("position", "location"),
    [
        ("outage", BASE + "/outage/-1000001"),
        ("trailing_slash", BASE + "/outage/-1000001/"),
        ("relative", "/v2/outage/-1000001"),
        ("missing", None),
        ("custom_incident", BASE + "/server/1001/custom_incident/-1000001"),
    ],
)
def test_location_takes_each_form_a_client_must_expect(
    monitor: FortiMonitor, client: TestClient, position: Any, location: str | None
) -> None:
    monitor.switches.set("location", position)
    answer = client.post(CREATE, json=payload())
    assert answer.status_code == 201
    assert answer.headers.get("Location") == location


def test_nothing_is_served_below_a_servers_custom_incidents(client: TestClient) -> None:
    created(client)
    assert client.get(CREATE + "/-1000001").status_code == 404


@pytest.mark.parametrize("status", [201, 200])
def test_a_create_that_worked_is_201_or_200(monitor: FortiMonitor, client: TestClient, status: int) -> None:
    monitor.switches.set("create_status", status)
    assert client.post(CREATE, json=payload()).status_code == status


def test_a_create_answers_an_id_header_only_if_switched_on(monitor: FortiMonitor, client: TestClient) -> None:
    assert "id" not in client.post(CREATE, json=payload()).headers
    monitor.switches.set("id_header", True)
    assert client.post(CREATE, json=payload()).headers["id"] == "-1000002"


def test_the_body_of_a_create_takes_each_form(monitor: FortiMonitor, client: TestClient) -> None:
    assert client.post(CREATE, json=payload()).content == b""
    monitor.switches.set("create_body", "null")
    assert client.post(CREATE, json=payload()).content == b"null"
    monitor.switches.set("create_body", "text")
    answer = client.post(CREATE, json=payload())
    assert (answer.text, answer.headers["Content-Type"]) == ("Created", "text/plain; charset=utf-8")
    monitor.switches.set("create_body", "outage")
    answer = client.post(CREATE, json=payload())
    assert answer.json() == client.get("/v2/outage/-1000004").json()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"nan", b'{"description": NaN}', b'{"description": "\\ud800"}'])
def test_a_body_that_is_no_json_is_400(monitor: FortiMonitor, client: TestClient, body: Any) -> None:
    assert_refused(client.post(CREATE, content=body), 400, {"error": "The request body is not valid JSON"})
    assert monitor.incidents() == []


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_a_body_that_is_no_object_is_400(client: TestClient, body: Any) -> None:
    answer = client.post(CREATE, json=body) if body is not None else client.post(CREATE, content=b"null")
    assert_refused(answer, 400, {"error": "The request body must be a JSON object"})


def test_every_missing_field_is_named_at_once(client: TestClient) -> None:
    required = "This field is required"
    assert_refused(
        client.post(CREATE, json={}),
        400,
        {"description": required, "plugin_textkey": required, "resource_textkey": required},
        f"description: {required}; plugin_textkey: {required}; resource_textkey: {required}",
    )


@pytest.mark.parametrize("field", ["description", "plugin_textkey", "resource_textkey"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_required_field_must_hold_text(
    monitor: FortiMonitor, client: TestClient, field: str, value: str | None
) -> None:
    answer = client.post(CREATE, json=payload(**{field: value}))
    assert_refused(answer, 400, {field: "This field is required"}, f"{field}: This field is required")
    assert monitor.incidents() == []


@pytest.mark.parametrize(
    ("field", "expected", "values"),
    [
        ("description", "a valid string", [5, ["x"], {"a": "b"}, False]),
        ("plugin_textkey", "a valid string", [0, []]),
        ("resource_textkey", "a valid string", [True]),
        ("metadata", "a valid dictionary", [[], "a=b", 5, [{"name": "a", "value": "b"}]]),
        (
            "start_time",
            "a valid date (YYYY-MM-DD HH:MM:SS)",
            [
                "2026-03-04T05:06:07Z",
                "2026-03-04",
                "2026-3-4 5:6:7",
                "2026-02-30 00:00:00",
                "2026-03-04 24:00:00",
                "2026-03-04 05:06:07\n",
                "",
                1772600767,
            ],
        ),
        ("auto_close_duration", "a valid positive integer", [0, -1, 1.5, "60", True, 10**30]),
    ],
)
def test_a_field_of_a_wrong_form_is_400_and_the_field_is_named(
    monitor: FortiMonitor, client: TestClient, field: str, expected: Any, values: list[Any]
) -> None:
    monitor.switches.set("rate_limit", False)
    text = f"This field is invalid: Please enter {expected} in the {field} field"
    for value in values:
        answer = client.post(CREATE, json=payload(**{field: value}))
        assert_refused(answer, 400, {field: text}, f"{field}: {text}")
    assert monitor.incidents() == []


@pytest.mark.parametrize("status", [400, 404, 500])
@pytest.mark.parametrize(
    ("server", "changes"),
    [
        (1001, {"plugin_textkey": "other"}),
        (1001, {"resource_textkey": "other"}),
        (1001, {"plugin_textkey": "cpu_usage", "resource_textkey": "usage_percentage"}),
        (1002, {}),
        (1005, {}),
    ],
)
def test_textkeys_that_are_not_defined_on_the_server_are_refused(
    monitor: FortiMonitor, client: TestClient, status: int, server: int, changes: Any
) -> None:
    monitor.switches.set("unknown_textkeys_status", status)
    text = "This field is invalid: No custom incident with these textkeys is defined on this server"
    answer = client.post(f"/v2/server/{server}/custom_incident", json=payload(**changes))
    assert_refused(answer, status, {"resource_textkey": text}, f"resource_textkey: {text}")
    assert monitor.incidents() == []


@pytest.mark.parametrize("server", [1001, 1003, 1004])
def test_the_textkeys_are_defined_on_these_servers(client: TestClient, server: int) -> None:
    assert client.post(f"/v2/server/{server}/custom_incident", json=payload()).status_code == 201


@pytest.mark.parametrize(("status", "key"), [(400, "error"), (401, "message"), (404, "message"), (405, "message")])
def test_with_the_feature_off_a_create_is_refused_before_its_body_but_after_its_server(
    monitor: FortiMonitor, client: TestClient, status: int, key: str
) -> None:
    monitor.switches.set("custom_incidents", False)
    monitor.switches.set("feature_off_status", status)
    answer = client.post(CREATE, content=b"{")
    assert_refused(answer, status, {key: "Custom incidents are not enabled for this account"})
    assert client.post("/v2/server/99/custom_incident").json() == {"message": "Item Not Found"}
    assert monitor.incidents() == []


def test_unknown_fields_are_ignored_unless_the_switch_is_strict(monitor: FortiMonitor, client: TestClient) -> None:
    created(client, severity="critical", body={})
    assert client.put(RESOLVE, json={"reasons": "x"}).status_code == 204
    monitor.switches.set("strict_fields", True)
    text = "This field is not allowed"
    assert_refused(client.post(CREATE, json=payload(severity="x")), 400, {"severity": text}, f"severity: {text}")
    assert_refused(client.put(RESOLVE, json={"who": "x"}), 400, {"who": text}, f"who: {text}")
    created(client, metadata={}, start_time="2026-03-04 05:06:07", auto_close_duration=60)


def test_an_unknown_fields_name_cannot_break_the_header(monitor: FortiMonitor, client: TestClient) -> None:
    monitor.switches.set("strict_fields", True)
    answer = client.post(CREATE, json=payload(**{"x\r\nInjected: \u00e9\0": 1}))
    assert answer.status_code == 400
    assert answer.headers["ErrorMessage"] == "x??Injected: ??: This field is not allowed"


def test_metadata_values_are_any_json_or_only_text(monitor: FortiMonitor, client: TestClient) -> None:
    values = {"text": "a", "number": 5, "nested": {"x": [1]}}
    created(client, metadata=values)
    assert monitor.incidents()[0]["metadata"] == values
    outage = client.get("/v2/outage/-1000001").json()
    assert outage["description"] == 'Disk full\ntext: a\nnumber: 5\nnested: {"x": [1]}'
    monitor.switches.set("metadata_values", "text")
    text = "This field is invalid: Please enter a valid dictionary in the metadata field"
    assert_refused(client.post(CREATE, json=payload(metadata=values)), 400, {"metadata": text}, f"metadata: {text}")
    created(client, metadata={"text": "a"})


@pytest.mark.parametrize(
    ("rendered", "listed", "description", "metadata"),
    [
        (True, True, "Disk full\nsoar_ref: abc", [{"name": "soar_ref", "value": "abc"}]),
        (True, False, "Disk full\nsoar_ref: abc", []),
        (False, True, "Disk full", [{"name": "soar_ref", "value": "abc"}]),
        (False, False, "Disk full", []),
    ],
)
def test_where_metadata_is_read_back_is_two_switches(
    monitor: FortiMonitor,
    client: TestClient,
    rendered: bool,
    listed: bool,
    description: str,
    metadata: list[dict[str, str]],
) -> None:
    monitor.switches.set("metadata_in_description", rendered)
    monitor.switches.set("metadata_shown", listed)
    created(client, metadata={"soar_ref": "abc"})
    outage = client.get("/v2/outage/-1000001").json()
    assert (outage["description"], outage["metadata"]) == (description, metadata)
    items = client.get("/v2/outage/-1000001/outage_metadata").json()["outage_metadata_list"]
    assert [(item["outage_metadata_type"], item["value"]) for item in items] == [
        (item["name"], item["value"]) for item in metadata
    ]
    assert monitor.incidents()[0]["description"] == "Disk full"


def test_outage_metadata_is_paged_like_any_list(client: TestClient) -> None:
    created(client, metadata={"a": "1", "b": "2", "c": "3"})
    path = "/v2/outage/-1000001/outage_metadata"
    page = client.get(path + "?limit=2").json()
    assert page["meta"] == {
        "limit": 2,
        "offset": 0,
        "next": BASE + "/outage/-1000001/outage_metadata?limit=2&offset=2",
        "previous": None,
        "total_count": 3,
    }
    assert page["outage_metadata_list"][1] == {
        "outage_metadata_type": "b",
        "value": "2",
        "url": BASE + "/outage/-1000001/outage_metadata/2",
    }
    assert [len(client.get(path + q).json()["outage_metadata_list"]) for q in ("?limit=0", "?offset=2")] == [3, 1]


def test_start_time_is_taken_as_utc(client: TestClient) -> None:
    created(client, start_time="2025-12-31 23:59:58")
    assert client.get("/v2/outage/-1000001").json()["start_time"] == "Wed, 31 Dec 2025 23:59:58 -0000"


@pytest.mark.parametrize(
    "read",
    ["/v2/outage/-1000001", "/v2/outage?limit=1", "/v2/outage/resolved?limit=1", "/v2/server/1001/outage?limit=1"],
)
def test_auto_close_resolves_when_the_clock_passes_it_whatever_is_read(
    monitor: FortiMonitor, client: TestClient, clock: StillClock, read: str
) -> None:
    created(client, auto_close_duration=90)
    clock.advance(89)
    assert -1000001 in ids(client.get("/v2/outage/active"))
    clock.advance(11)
    answer = client.get(read).json()
    outage = answer["outage_list"][0] if "outage_list" in answer else answer
    assert (outage["status"], outage["end_time"]) == ("resolved", "Wed, 04 Mar 2026 05:07:37 -0000")
    assert monitor.incidents()[0]["log"] == ["Automatically closed"]


def test_auto_close_counts_as_resolved_for_a_force_resolve_and_happens_once(
    monitor: FortiMonitor, client: TestClient, clock: StillClock
) -> None:
    created(client, auto_close_duration=1)
    clock.advance(1)
    assert client.put(RESOLVE, json={"reason": "late"}).status_code == 400
    assert client.get("/v2/outage/-1000001").status_code == 200
    incident = monitor.incidents()[0]
    assert (incident["end_time"], incident["log"]) == ("2026-03-04 05:06:08", ["Automatically closed"])


def test_a_force_resolve_ends_the_auto_close(monitor: FortiMonitor, client: TestClient, clock: StillClock) -> None:
    created(client, auto_close_duration=60)
    clock.advance(10)
    client.put(RESOLVE, json={"reason": "fixed"})
    clock.advance(100)
    incident = monitor.incidents()[0]
    assert (incident["end_time"], incident["log"]) == ("2026-03-04 05:06:17", ["fixed"])


# Force resolve


def test_force_resolve_answers_204_and_ends_the_incident_now_with_the_reason_in_its_log(
    client: TestClient, clock: StillClock
) -> None:
    created(client)
    created(client)
    clock.advance(60)
    answer = client.put(RESOLVE, json={"reason": "Patched"})
    assert answer.headers.pop("date") == "Wed, 04 Mar 2026 05:07:07 GMT"
    assert (answer.status_code, answer.content, dict(answer.headers)) == (204, b"", {})
    outage = client.get("/v2/outage/-1000001").json()
    assert (outage["status"], outage["end_time"]) == ("resolved", "Wed, 04 Mar 2026 05:07:07 -0000")
    assert outage["start_time"] == "Wed, 04 Mar 2026 05:06:07 -0000"
    assert client.get("/v2/outage/-1000001/outage_log").json() == {
        "meta": {"limit": 50, "offset": 0, "next": None, "previous": None, "total_count": 1},
        "outage_log_list": [
            {
                "created": "Wed, 04 Mar 2026 05:07:07 -0000",
                "entry": "Patched",
                "public": False,
                "url": BASE + "/outage/-1000001/outage_log/2",
                "user": None,
            }
        ],
    }
    assert client.get("/v2/outage/-1000002").json()["status"] == "active"


@pytest.mark.parametrize("body", [{}, {"reason": None}, {"reason": ""}])
def test_force_resolve_needs_no_reason(monitor: FortiMonitor, client: TestClient, body: Any) -> None:
    created(client)
    assert client.put(RESOLVE, json=body).status_code == 204
    assert monitor.incidents()[0]["log"] == ["Force resolved"]


def test_force_resolve_needs_a_json_object(monitor: FortiMonitor, client: TestClient) -> None:
    created(client)
    assert_refused(client.put(RESOLVE), 400, {"error": "The request body is not valid JSON"})
    assert_refused(client.put(RESOLVE, json=["x"]), 400, {"error": "The request body must be a JSON object"})
    text = "This field is invalid: Please enter a valid string in the reason field"
    assert_refused(client.put(RESOLVE, json={"reason": 5}), 400, {"reason": text}, f"reason: {text}")
    assert monitor.incidents()[0]["status"] == "active"


@pytest.mark.parametrize("status", [204, 200])
def test_force_resolve_that_worked_is_204_or_200_with_no_body(
    monitor: FortiMonitor, client: TestClient, status: int
) -> None:
    monitor.switches.set("resolve_status", status)
    created(client)
    answer = client.put(RESOLVE, json={})
    assert (answer.status_code, answer.content) == (status, b"")
    assert monitor.incidents()[0]["status"] == "resolved"


@pytest.mark.parametrize("position", [400, 204])
def test_force_resolve_twice_is_400_or_204_and_changes_nothing(
    monitor: FortiMonitor, client: TestClient, clock: StillClock, position: Any
) -> None:
    monitor.switches.set("resolve_resolved_status", position)
    created(client)
    client.put(RESOLVE, json={"reason": "first"})
    before = monitor.incidents()
    clock.advance(60)
    answer = client.put(RESOLVE, json={"reason": "second"})
    if position == 400:
        assert_refused(answer, 400, {"error": "Outage is already resolved"})
    assert answer.status_code == position
    assert monitor.incidents() == before


@pytest.mark.parametrize(("status", "key"), [(400, "error"), (404, "message"), (405, "message")])
@pytest.mark.parametrize("outage", [2002, 2001, -3001])
def test_force_resolve_of_what_is_not_custom_is_refused(
    monitor: FortiMonitor, client: TestClient, status: int, key: str, outage: int
) -> None:
    monitor.switches.set("resolve_ordinary_status", status)
    before = client.get(f"/v2/outage/{outage}").json()
    answer = client.put(f"/v2/outage/{outage}/force_resolve", json={})
    assert_refused(answer, status, {key: "Only custom incidents can be force resolved"})
    assert client.get(f"/v2/outage/{outage}").json() == before


# Reading outages


def test_an_ordinary_outage_shows_exactly_the_26_fields(client: TestClient) -> None:
    outage = client.get("/v2/outage/2002").json()
    assert set(outage) == OUTAGE_FIELDS
    assert len(outage) == 26
    assert outage["server"] == BASE + "/server/1002"
    assert outage["url"] == BASE + "/outage/2002"
    assert len(outage["hash"]) == 15
    shown = ("type", "status", "severity", "server_id", "server_group_id", "server_name", "server_fqdn", "start_time")
    assert [outage[name] for name in shown] == [
        "outage",
        "active",
        "critical",
        1002,
        430037,
        "Database",
        "db-01.example.com",
        "Wed, 04 Mar 2026 03:06:07 -0000",
    ]


def test_a_custom_incident_is_an_anomaly_that_names_its_resource_in_26_fields(client: TestClient) -> None:
    created(client)
    outage = client.get("/v2/outage/-1000001").json()
    assert set(outage) == OUTAGE_FIELDS - {"network_service_type_list"} | {"server_resource"}
    assert outage["type"] == "anomaly"
    assert outage["server_resource"] == BASE + "/server/1001/agent_resource/82100"
    assert (outage["acknowledged"], outage["end_time"], outage["metadata"]) == (None, None, [])


def test_server_id_may_be_text(monitor: FortiMonitor, client: TestClient) -> None:
    monitor.switches.set("server_id_form", "string")
    outage = client.get("/v2/outage/2002").json()
    assert (outage["server_id"], outage["server_group_id"]) == ("1002", "430037")


def test_outages_are_listed_newest_first_with_ties_by_creation(client: TestClient) -> None:
    created(client)
    created(client)
    assert ids(client.get("/v2/outage")) == [-1000002, -1000001, 2002, -3001, 2001]
    assert ids(client.get("/v2/outage?order=asc")) == [2001, -3001, 2002, -1000001, -1000002]
    assert ids(client.get("/v2/outage/resolved?order_by=end_time")) == [2001]


def test_a_list_says_its_order(client: TestClient) -> None:
    assert client.get("/v2/outage?order=asc&order_by=end_time").json()["meta"] == {
        "limit": 10,
        "offset": 0,
        "next": None,
        "previous": None,
        "total_count": 3,
        "order": "asc",
        "order_by": "end_time",
    }
    meta = client.get("/v2/outage/active").json()["meta"]
    assert (meta["order"], meta["order_by"]) == ("desc", "start_time")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("/outage", [2002, -3001, 2001]),
        ("/outage?status=active", [2002, -3001]),
        ("/outage?status=resolved", [2001]),
        ("/outage?status=", [2002, -3001, 2001]),
        ("/outage?severity=warning", [-3001]),
        ("/outage?severity=critical", [2002, 2001]),
        ("/outage?server=1002", [2002, 2001]),
        (f"/outage?server={BASE}/server/1001", [-3001]),
        ("/outage?server_id=1002", [2002, -3001, 2001]),
        ("/outage?active_only=true", [2002, -3001, 2001]),
        ("/outage?start_time=2026-03-03 05:06:07", [2002, -3001]),
        ("/outage?start_time=2026-03-03 05:06:08", [2002]),
        ("/outage?end_time=2026-03-03 05:06:07", [-3001, 2001]),
        ("/outage?end_time=2026-03-03 05:06:06", [2001]),
        ("/outage/active", [2002, -3001]),
        ("/outage/active?server_id=1001", [-3001]),
        ("/outage/active?server=1001", [2002, -3001]),
        ("/outage/resolved", [2001]),
        ("/outage/resolved?server=1001", [2001]),
        ("/outage/resolved?min_duration=720", [2001]),
        ("/outage/resolved?min_duration=721", []),
        ("/outage/resolved?start_time=2026-03-03 00:00:00", []),
        ("/server/1001/outage", [-3001]),
        ("/server/1002/outage?status=active", [2002]),
        ("/server/1002/outage?severity=warning", []),
        ("/server/1005/outage", []),
    ],
)
def test_each_list_has_its_own_filters_and_ignores_the_others(client: TestClient, query: Any, expected: Any) -> None:
    assert ids(client.get("/v2" + query)) == expected


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ("status=open", "status", "This field is invalid; only these values are allowed: active, resolved"),
        ("severity=info", "severity", "This field is invalid; only these values are allowed: critical, warning"),
        ("order=up", "order", "This field is invalid; only these values are allowed: desc, asc"),
        ("order_by=name", "order_by", "This field is invalid; only these values are allowed: start_time, end_time"),
        ("limit=x", "limit", "This field is invalid: Please enter a valid integer in the limit field"),
        ("offset=-1", "offset", "This field is invalid: Please enter a valid integer in the offset field"),
        ("server=web", "server", "This field is invalid: Please enter a valid server in the server field"),
        (
            "start_time=yesterday",
            "start_time",
            "This field is invalid: Please enter a valid date (YYYY-MM-DD HH:MM:SS) in the start_time field",
        ),
    ],
)
def test_a_filter_of_a_wrong_form_is_400(client: TestClient, query: Any, field: str, text: str) -> None:
    assert_refused(client.get("/v2/outage?" + query), 400, {field: text}, f"{field}: {text}")


@pytest.fixture
def many(monitor: FortiMonitor) -> None:
    """Add 57 active outages to server 1002: 60 outages in all."""
    with monitor.store.transaction() as session:
        session.add_all(
            Outage(
                id=5000 + number,
                type="outage",
                server_id=1002,
                description="Ping: no answer",
                severity="critical",
                start_time=datetime(2026, 1, 1) + timedelta(minutes=number),
            )
            for number in range(57)
        )


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("cap", "limit", "length", "shown"),
    [
        (50, None, 10, 10),
        (50, 50, 50, 50),
        (50, 51, 50, 50),
        (50, 200, 50, 50),
        (50, 0, 60, 0),
        (None, 51, 51, 51),
        (None, 200, 60, 200),
    ],
)
def test_pages_of_outages_default_to_10_and_are_capped_at_50_by_a_switch(
    monitor: FortiMonitor, client: TestClient, cap: int | None, limit: int | None, length: int, shown: int
) -> None:
    monitor.switches.set("page_cap", cap)
    page = client.get("/v2/outage" + ("" if limit is None else f"?limit={limit}")).json()
    assert len(page["outage_list"]) == length
    assert (page["meta"]["limit"], page["meta"]["total_count"]) == (shown, 60)


@pytest.mark.usefixtures("many")
def test_following_next_gives_every_outage_once_and_keeps_the_filters(client: TestClient) -> None:
    url = "/v2/outage?limit=200&status=active"
    seen: list[int] = []
    pages: list[dict[str, Any]] = []
    while url:
        answer = client.get(url)
        seen += ids(answer)
        pages.append(answer.json()["meta"])
        url = pages[-1]["next"]
    assert len(seen) == len(set(seen)) == 59
    assert pages[0]["next"] == BASE + "/outage?status=active&limit=50&offset=50"
    assert pages[0]["previous"] is None
    assert pages[1]["previous"] == BASE + "/outage?status=active&limit=50&offset=0"


def test_an_exactly_full_last_page_has_no_next_and_no_page_begins_before_the_first(client: TestClient) -> None:
    meta = client.get("/v2/outage?limit=3").json()["meta"]
    assert meta["next"] is None
    previous = client.get("/v2/outage?limit=2&offset=1").json()["meta"]["previous"]
    assert previous == BASE + "/outage?limit=2&offset=0"
    assert client.get("/v2/outage?limit=2").json()["meta"]["next"] == BASE + "/outage?limit=2&offset=2"


def test_an_offset_behind_the_end_gives_an_empty_page(client: TestClient) -> None:
    page = client.get("/v2/outage?offset=7").json()
    assert page["outage_list"] == []
    assert page["meta"]["total_count"] == 3


def test_the_log_is_paged_and_can_begin_at_a_time(client: TestClient) -> None:
    path = "/v2/outage/2001/outage_log"
    assert [entry["entry"] for entry in client.get(path).json()["outage_log_list"]] == ["Outage resolved"]
    assert client.get(path + "?log_start_timestamp=2026-03-02 05:18:07").json()["meta"]["total_count"] == 1
    assert client.get(path + "?log_start_timestamp=2026-03-02 05:18:08").json()["meta"]["total_count"] == 0
    assert client.get("/v2/outage/99/outage_log").status_code == 404


def test_the_log_is_oldest_first(client: TestClient) -> None:
    created(client)
    client.get("/v2/outage/-1000001/escalate", params={"who": ON_CALL})
    client.put(RESOLVE, json={"reason": "Patched"})
    entries = client.get("/v2/outage/-1000001/outage_log").json()["outage_log_list"]
    assert [entry["entry"] for entry in entries] == ["Escalated", "Patched"]


# GETs that act

ON_CALL = BASE + "/user/501"


@pytest.mark.parametrize(
    ("action", "query", "entry"),
    [
        ("acknowledge", {}, "Acknowledged"),
        ("acknowledge", {"message": "Looking"}, "Looking"),
        ("escalate", {}, "Escalated"),
        ("broadcast", {"message": "All hands"}, "All hands"),
        ("delay/300", {}, "Alerts delayed by 300 seconds"),
    ],
)
def test_some_gets_act_and_are_counted(
    monitor: FortiMonitor, reader: TestClient, action: str, query: Any, entry: str
) -> None:
    answer = reader.get(f"/v2/outage/2002/{action}", params={"who": ON_CALL, **query})
    assert (answer.status_code, answer.json()) == (200, {})
    log = reader.get("/v2/outage/2002/outage_log").json()["outage_log_list"]
    assert [(item["entry"], item["user"]) for item in log] == [(entry, ON_CALL)]
    assert monitor.side_effect_gets == 1


@pytest.mark.parametrize("action", ["acknowledge", "escalate", "delay/0"])
def test_the_public_forms_act_on_the_outage_of_that_hash(
    monitor: FortiMonitor, client: TestClient, action: str
) -> None:
    secret = client.get("/v2/outage/2002").json()["hash"]
    assert client.get(f"/v2/public/outage/{secret}/{action}", params={"who": ON_CALL}).status_code == 200
    assert client.get("/v2/outage/2002/outage_log").json()["meta"]["total_count"] == 1
    assert client.get(f"/v2/public/outage/other/{action}", params={"who": ON_CALL}).status_code == 404
    assert monitor.side_effect_gets == 2


def test_an_acknowledged_outage_shows_the_whole_user(client: TestClient) -> None:
    client.get("/v2/outage/2002/acknowledge", params={"who": ON_CALL})
    acknowledged = client.get("/v2/outage/2002").json()["acknowledged"]
    assert acknowledged == client.get("/v2/user?limit=1").json()["user_list"][0]


def test_an_anomaly_cannot_be_acknowledged_but_the_attempt_is_counted(
    monitor: FortiMonitor, client: TestClient
) -> None:
    created(client)
    for outage in (-3001, -1000001):
        answer = client.get(f"/v2/outage/{outage}/acknowledge", params={"who": ON_CALL})
        assert_refused(answer, 400, {"error": "Only outages can be acknowledged, not anomalies"})
        assert client.get(f"/v2/outage/{outage}").json()["acknowledged"] is None
    assert monitor.side_effect_gets == 2


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ({"message": "All hands"}, "who", "This field is required"),
        (
            {"who": BASE + "/user/999", "message": "All hands"},
            "who",
            "This field is invalid: Please enter a valid user or contact URL in the who field",
        ),
        ({"who": ON_CALL}, "message", "This field is required"),
    ],
)
def test_a_get_that_acts_needs_a_known_who_and_a_broadcast_its_message(
    client: TestClient, query: Any, field: str, text: str
) -> None:
    answer = client.get("/v2/outage/2002/broadcast", params=query)
    assert_refused(answer, 400, {field: text}, f"{field}: {text}")
    assert client.get("/v2/outage/2002/outage_log").json()["outage_log_list"] == []


def test_plain_reads_and_writes_are_not_counted_as_acting_gets(monitor: FortiMonitor, client: TestClient) -> None:
    created(client)
    client.put(RESOLVE, json={})
    client.get("/v2/outage/2002")
    client_of(monitor).get("/v2/outage/2002/acknowledge")
    assert monitor.side_effect_gets == 0


# Servers, resources, users


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Web frontend", "Database", "Mail relay", "Mail relay", "Web frontend staging"]),
        ("?name=Web frontend", ["Web frontend", "Web frontend staging"]),
        ("?name=web FRONT", ["Web frontend", "Web frontend staging"]),
        ("?name=Mail relay", ["Mail relay", "Mail relay"]),
        ("?name=%25", []),
        ("?name=nothing", []),
        ("?fqdn=mail-02.example.com", ["Mail relay"]),
        ("?fqdn=mail", ["Mail relay", "Mail relay"]),
        ("?name=Mail&fqdn=mail-01", ["Mail relay"]),
        ("?tags=db", ["Database"]),
        ("?tags=db,mail", ["Database", "Mail relay", "Mail relay"]),
        ("?tags=ma", []),
        ("?status=active&limit=1", ["Web frontend"]),
        ("?status=suspended", []),
        ("?limit=2&offset=1", ["Database", "Mail relay"]),
    ],
)
def test_servers_are_found_by_a_part_of_their_name_and_by_their_other_fields(
    client: TestClient, query: Any, expected: Any
) -> None:
    assert names(client.get("/v2/server" + query)) == expected


def test_fqdn_may_match_exactly_only(monitor: FortiMonitor, client: TestClient) -> None:
    monitor.switches.set("fqdn_match", "exact")
    assert names(client.get("/v2/server?fqdn=mail")) == []
    assert names(client.get("/v2/server?fqdn=db-01.example.com")) == ["Database"]


def test_only_active_servers_are_listed_unless_another_status_is_asked_for(
    monitor: FortiMonitor, client: TestClient
) -> None:
    with monitor.store.transaction() as session:
        session.get_one(Server, 1002).status = "suspended"
    assert "Database" not in names(client.get("/v2/server"))
    assert names(client.get("/v2/server?status=suspended")) == ["Database"]
    assert client.get("/v2/server?status=asleep").status_code == 400


def test_a_server_has_no_id_and_names_its_active_outages(client: TestClient) -> None:
    server = client.get("/v2/server/1002").json()
    assert "id" not in server
    assert server["url"] == BASE + "/server/1002"
    assert server["current_outages"] == [BASE + "/outage/2002"]
    assert server["agent_last_sync_time"] == "2026-03-04 05:06:07"
    assert (server["current_state"], client.get("/v2/server/1001").json()["current_state"]) == ("down", "up")
    assert client.get("/v2/server?limit=2").json()["server_list"][1] == server


def test_a_servers_resources_and_the_types_offer_the_textkeys(client: TestClient) -> None:
    resources = client.get("/v2/server/1001/agent_resource").json()["agent_resource_list"]
    pairs = [("cpu_usage", "usage_percentage"), (FortiMonitor.PLUGIN_TEXTKEY, FortiMonitor.RESOURCE_TEXTKEY)]
    assert [(item["plugin_textkey"], item["resource_textkey"]) for item in resources] == pairs
    assert resources[0]["url"] == BASE + "/server/1001/agent_resource/82005"
    assert client.get("/v2/outage/-3001").json()["server_resource"] == resources[0]["url"]
    types = client.get("/v2/agent_resource_type").json()["agent_resource_type_list"]
    assert [set(item) for item in types] == [
        {"category", "label", "platform", "plugin_textkey", "resource_textkey", "unit", "url"}
    ] * 2
    assert [item["url"] for item in types] == [item["agent_resource_type"] for item in resources]
    assert client.get("/v2/server/1002/agent_resource").json()["agent_resource_list"] == []


def test_resources_and_types_can_be_filtered(client: TestClient) -> None:
    named = client.get("/v2/server/1001/agent_resource?name=cpu").json()["agent_resource_list"]
    assert [item["name"] for item in named] == ["CPU usage"]
    for query in ("label=CPU usage", "resource_textkey=usage_percentage", "platform=linux", "category=CPU"):
        found = client.get(f"/v2/agent_resource_type?{query}").json()["agent_resource_type_list"]
        assert [item["plugin_textkey"] for item in found] == ["cpu_usage"]


def test_definitions_may_be_missing_from_the_lists_and_still_be_good(monitor: FortiMonitor, client: TestClient) -> None:
    monitor.switches.set("definitions_listed", False)
    assert client.get("/v2/server/1001/agent_resource").json()["meta"]["total_count"] == 1
    assert client.get("/v2/agent_resource_type").json()["meta"]["total_count"] == 1
    created(client)


def test_users_are_listed_with_what_identifies_them(client: TestClient) -> None:
    page = client.get("/v2/user?limit=1").json()
    assert page["meta"]["next"] == BASE + "/user?limit=1&offset=1"
    assert set(page["user_list"][0]) == {"contact_info", "created", "display_name", "roles", "url", "username"}
    found = client.get("/v2/user?username=soar@example.com").json()["user_list"]
    assert [user["url"] for user in found] == [BASE + "/user/502"]


# State, journal, switches


def test_a_kept_folder_goes_on_where_it_stopped(
    monitor: FortiMonitor, client: TestClient, tmp_path: Path, clock: StillClock
) -> None:
    created(client)
    monitor.close()
    again = FortiMonitor(tmp_path, clock, BASE, api_key="key-rw", read_only_api_key="key-ro")
    assert [incident["id"] for incident in again.incidents()] == [-1000001]
    assert created(client_of(again, "ApiKey key-rw")) == -1000002
    again.close()


def test_reset_goes_back_to_the_standard_lab(monitor: FortiMonitor, client: TestClient) -> None:
    monitor.switches.set("id_sign", "positive")
    client.post(CREATE, json=payload())
    client.get("/v2/outage/2002/acknowledge", params={"who": ON_CALL})
    exhaust(client_of(monitor, "ApiKey key-ro"))
    monitor.reset()
    assert monitor.incidents() == []
    assert monitor.side_effect_gets == 0
    assert monitor.journal.entries() == []
    assert client_of(monitor, "ApiKey key-ro").get("/v2/outage/2002").json()["acknowledged"] is None
    assert created(client) == -1000001


def test_the_journal_shows_each_request_without_its_key(monitor: FortiMonitor, client: TestClient) -> None:
    client.post(CREATE, json=payload(metadata={"a": "b"}))
    client_of(monitor).get("/v2/nothing?api_key=key-rw")
    first, second = monitor.journal.entries()
    assert (first.method, first.path, first.status, first.body) == ("POST", CREATE, 201, payload(metadata={"a": "b"}))
    assert first.headers["authorization"] == "ApiKey ***"
    assert (second.path, second.status, second.query) == ("/v2/nothing", 401, {"api_key": "***"})
    assert "key-rw" not in str(monitor.journal.as_json())


def test_a_refused_write_leaves_no_trace_but_its_journal_entry(monitor: FortiMonitor, client: TestClient) -> None:
    client.post(CREATE, json=payload(plugin_textkey="other"))
    assert monitor.incidents() == []
    assert [entry.status for entry in monitor.journal.entries()] == [400]


def test_every_switch_says_why_it_is_one_and_has_a_choice(monitor: FortiMonitor) -> None:
    for switch in monitor.switches.describe():
        assert len(switch["positions"]) > 1
        assert switch["about"].endswith(".")


def test_a_web_server_can_start_and_stop_it(monitor: FortiMonitor) -> None:
    with client_of(monitor, "ApiKey key-rw") as client:
        assert client.get("/v2/outage").status_code == 200


def test_the_constants_name_the_pair_that_is_defined(monitor: FortiMonitor, client: TestClient) -> None:
    assert monitor.name == "fortimonitor"
    assert FortiMonitor.SERVER_ID == 1001
    assert created(client) == monitor.incidents()[0]["id"]
