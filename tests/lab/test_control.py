"""The control API: what it answers, and that a bad request changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from lab.control import REQUESTS, control_app
from lab.faults import Faults, Wire
from lab.kit.clock import Clock
from lab.kit.journal import Journal
from lab.kit.switches import Switch, Switches

TOKEN = "t0ken"
DECLARED = [
    Switch("rate_limit", (True, False), "Whether there is one."),
    Switch("page_cap", (50, None), "How long a page may be."),
]


class StandIn(SimpleNamespace):
    """As much of a product as the control API sees."""

    def reset(self) -> None:
        self.resets += 1

    def counters(self) -> dict[str, int]:
        return {"side_effect_gets": self.resets}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def products(clock: Clock) -> dict[str, Any]:
    return {
        name: StandIn(
            name=name,
            switches=Switches(DECLARED),
            journal=Journal(clock),
            resets=0,
            app=Starlette(routes=[Route("/things/{number:int}", lambda request: None, methods=["GET", "PUT"])]),
        )
        for name in ("fortimonitor", "fortisiem")
    }


@pytest.fixture
def control(products: dict[str, Any], clock: Clock) -> TestClient:
    wires = {name: Wire(clock) for name in products}
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    servers = {name: f"https://127.0.0.1/{name}" for name in (*products, "control")}
    app = control_app(products, clock, Faults(), wires, TOKEN, servers)
    return TestClient(app, "http://127.0.0.1:9446", headers=headers)


def seconds_ahead(clock: Clock) -> float:
    return (clock.now() - datetime.now(timezone.utc)) / timedelta(seconds=1)


def test_the_overview_names_the_products_and_every_request(control: TestClient) -> None:
    assert control.get("/").json() == {"products": ["fortimonitor", "fortisiem"], "requests": REQUESTS}


@pytest.mark.parametrize("request_line", REQUESTS)
def test_every_request_of_the_overview_exists(control: TestClient, request_line: str) -> None:
    method, path = request_line.split()
    assert control.request(method, path.replace("{product}", "fortisiem")).status_code in (200, 204, 400)


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_reset_without_a_name_resets_every_product_and_the_clock(
    control: TestClient, products: dict[str, Any], clock: Clock, body: bytes
) -> None:
    clock.advance(1000)
    assert control.post("/reset", content=body).json() == {"reset": ["fortimonitor", "fortisiem"]}
    assert [product.resets for product in products.values()] == [1, 1]
    assert seconds_ahead(clock) == pytest.approx(0, abs=1)


def test_a_reset_of_one_product_leaves_the_others_and_the_clock(
    control: TestClient, products: dict[str, Any], clock: Clock
) -> None:
    clock.advance(1000)
    assert control.post("/reset", json={"product": "fortisiem"}).json() == {"reset": ["fortisiem"]}
    assert [product.resets for product in products.values()] == [0, 1]
    assert seconds_ahead(clock) == pytest.approx(1000, abs=1)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"product": "fortigate"}, "There is no product 'fortigate'. There are: fortimonitor, fortisiem."),
        ({"product": None}, "There is no product None. There are: fortimonitor, fortisiem."),
        ({"product": ["fortisiem"]}, "There is no product ['fortisiem']. There are: fortimonitor, fortisiem."),
        ({"name": "fortisiem"}, "Unknown key 'name'. Allowed: product."),
        ([], "The body must be a JSON object."),
    ],
)
def test_a_reset_that_names_nothing_known_resets_nothing(
    control: TestClient, products: dict[str, Any], body: Any, reason: str
) -> None:
    answer = control.post("/reset", json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": reason})
    assert [product.resets for product in products.values()] == [0, 0]


def test_a_body_that_is_not_json_is_refused(control: TestClient) -> None:
    answer = control.post("/reset", content=b"{product")
    assert (answer.status_code, answer.json()) == (400, {"error": "The body is not JSON."})


def test_switches_are_listed_for_all_products_and_for_one(control: TestClient) -> None:
    one = control.get("/switches/fortisiem").json()
    assert one[0] == {
        "name": "rate_limit",
        "position": True,
        "positions": [True, False],
        "about": "Whether there is one.",
    }
    assert control.get("/switches").json() == {"fortimonitor": one, "fortisiem": one}


def test_switches_are_put_and_the_answer_shows_where_they_stand(control: TestClient, products: dict[str, Any]) -> None:
    answer = control.put("/switches/fortimonitor", json={"rate_limit": False, "page_cap": None})
    assert [switch["position"] for switch in answer.json()] == [False, None]
    assert products["fortimonitor"].switches["rate_limit"] is False
    assert products["fortisiem"].switches["rate_limit"] is True


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"page_cap": 7}, "Switch 'page_cap' cannot stand at 7. Allowed: 50, None."),
        ({"speed": 1}, "There is no switch 'speed'. There are: page_cap, rate_limit."),
        ({"page_cup": 1}, "There is no switch 'page_cup'. Did you mean 'page_cap'?"),
    ],
)
def test_one_bad_switch_leaves_all_of_them_where_they_stood(
    control: TestClient, products: dict[str, Any], bad: dict[str, Any], reason: str
) -> None:
    switches = products["fortimonitor"].switches
    switches.set("page_cap", None)
    answer = control.put("/switches/fortimonitor", json={"rate_limit": False, **bad})
    assert (answer.status_code, answer.json()) == (400, {"error": reason})
    assert (switches["rate_limit"], switches["page_cap"]) == (True, None)


@pytest.mark.parametrize(
    ("method", "part"), [("GET", "switches"), ("PUT", "switches"), ("GET", "journal"), ("GET", "counters")]
)
def test_an_unknown_product_in_the_address_is_404(control: TestClient, method: str, part: str) -> None:
    answer = control.request(method, f"/{part}/fortigate")
    assert answer.status_code == 404
    assert answer.json() == {"error": "There is no product 'fortigate'. There are: fortimonitor, fortisiem."}


def test_the_counters_of_one_product_are_shown(control: TestClient, products: dict[str, Any]) -> None:
    products["fortisiem"].resets = 3
    assert control.get("/counters/fortisiem").json() == {"side_effect_gets": 3}
    assert control.get("/counters/fortimonitor").json() == {"side_effect_gets": 0}


def test_the_journal_of_one_product_is_shown_and_cleared(control: TestClient, products: dict[str, Any]) -> None:
    for product in products.values():
        product.journal.record("GET", "/v2/user", "limit=1", {"accept": "*/*"}, b"", 200)
    (entry,) = control.get("/journal/fortimonitor").json()
    assert (entry["number"], entry["method"], entry["path"]) == (1, "GET", "/v2/user")
    assert (entry["query"], entry["headers"], entry["status"]) == ({"limit": "1"}, {"accept": "*/*"}, 200)
    cleared = control.delete("/journal/fortimonitor")
    assert (cleared.status_code, cleared.content) == (204, b"")
    assert control.get("/journal/fortimonitor").json() == []
    assert len(control.get("/journal/fortisiem").json()) == 1


def test_the_clock_is_shown_moved_both_ways_and_put_back(control: TestClient, clock: Clock) -> None:
    assert datetime.fromisoformat(control.get("/clock").json()["now"]).tzinfo is timezone.utc
    before = datetime.now(timezone.utc)
    moved = datetime.fromisoformat(control.post("/clock", json={"advance": 90}).json()["now"])
    assert before <= moved - timedelta(seconds=90) <= datetime.now(timezone.utc)
    control.post("/clock", json={"advance": -30.5})
    assert seconds_ahead(clock) == pytest.approx(59.5, abs=1)
    control.post("/clock", json={"reset": True})
    assert seconds_ahead(clock) == pytest.approx(0, abs=1)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"advance": "90"}',
        b'{"advance": true}',
        b'{"advance": NaN}',
        b'{"advance": 90, "reset": true}',
        b'{"advance": 1' + b"0" * 400 + b"}",
        b'{"advance": 1e400}',
        b'{"reset": false}',
    ],
)
def test_a_clock_order_that_makes_no_sense_moves_nothing(control: TestClient, clock: Clock, body: bytes) -> None:
    answer = control.post("/clock", content=body)
    assert answer.status_code == 400
    assert answer.json() == {"error": 'Send {"advance": seconds} with a number, or {"reset": true}.'}
    assert seconds_ahead(clock) == pytest.approx(0, abs=1)


def test_a_clock_beyond_the_calendar_is_refused_and_shows_real_time(control: TestClient, clock: Clock) -> None:
    for seconds in (1e30, 1e12):
        answer = control.post("/clock", json={"advance": seconds})
        assert answer.status_code == 400
        assert answer.json() == {"error": f"The clock cannot be moved by {seconds} seconds; it shows real time."}
        assert seconds_ahead(clock) == pytest.approx(0, abs=1)


def test_unknown_addresses_and_verbs_are_answered_in_json(control: TestClient) -> None:
    assert (control.get("/fault").status_code, control.get("/fault").json()) == (404, {"error": "Not Found"})
    wrong_verb = control.get("/reset")
    assert (wrong_verb.status_code, wrong_verb.json()) == (405, {"error": "Method Not Allowed"})


def test_a_web_page_that_points_its_own_name_at_loopback_is_turned_away(control: TestClient) -> None:
    assert control.post("/reset", headers={"Host": "attacker.example"}).status_code == 400


@pytest.mark.parametrize("request_line", REQUESTS)
@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer t0kem", "t0ken", "Bearer t\u00f6ken"])
def test_nothing_is_told_or_done_without_the_token(
    control: TestClient, products: dict[str, Any], clock: Clock, request_line: str, authorization: str
) -> None:
    method, path = request_line.split()
    answer = control.request(
        method,
        path.replace("{product}", "fortisiem"),
        json={"advance": 1000} if path == "/clock" else {},
        headers={b"Authorization": authorization.encode()},
    )
    said = "Send Authorization: Bearer with the token that the lab's ready line has under control."
    assert (answer.status_code, answer.json()) == (401, {"error": said})
    assert products["fortisiem"].resets == 0
    assert seconds_ahead(clock) == pytest.approx(0, abs=1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://attacker.example"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_web_page_of_another_origin_is_turned_away(
    control: TestClient, products: dict[str, Any], headers: dict[str, str]
) -> None:
    answer = control.post("/reset", json={}, headers=headers)
    assert answer.status_code == 403
    assert answer.json() == {"error": "Web pages of another origin may not use the control API."}
    assert products["fortisiem"].resets == 0
    own = {"Origin": "http://127.0.0.1:9446", "Sec-Fetch-Site": "same-origin"}
    assert control.post("/reset", json={}, headers=own).status_code == 200


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/reset"), ("PUT", "/switches/fortisiem"), ("PUT", "/world"), ("POST", "/faults"), ("POST", "/clock")],
)
def test_what_a_form_of_a_web_page_sends_is_refused(
    control: TestClient, products: dict[str, Any], method: str, path: str, kind: str
) -> None:
    answer = control.request(method, path, content=b"{}", headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert answer.json() == {"error": "The body must be JSON, sent with Content-Type: application/json."}
    assert products["fortisiem"].resets == 0
