"""Faults: what the client sees of each, whether the product did what was asked, and what the lab says of it."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import trustme

from lab.cli import main
from lab.faults import CATALOGUE, Faults, Proxy, Wire
from lab.faults.answers import CANNED, CHANGED
from lab.faults.breaking import BAD_RECORD, BREAKING, GARBAGE
from lab.kit.bodies import LARGEST
from lab.kit.clock import Clock
from lab.servers import listening, serving
from tests.support.tls_client import TlsClient
from tests.support.wire import WireServer, answering, cutting

CREATE = "/v2/server/1001/custom_incident"
QUICK = {"delay": {"seconds": 0.01}, "dribble": {"bytes": 60, "seconds": 0.01}}
OF_REQUESTS = [(kind.name, when) for kind in CATALOGUE.values() for when in kind.whens]
OF_CONNECTIONS = [kind.name for kind in CATALOGUE.values() if kind.at_accept]
PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
UNAVAILABLE = PAGE.format("503 Service Unavailable")
JSON, HTML, TEXT = "application/json", "text/html; charset=utf-8", "text/plain; charset=utf-8"


class Bench:
    """A fresh lab, its faults, and connections to its FortiMonitor."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab
        self.control = lab.control
        self.url = lab.fortimonitor.url
        self.port = urlsplit(self.url).port
        self.trusting = ssl.create_default_context(cafile=lab.fortisoar.ca)
        self._clients: list[TlsClient] = []

    def arm(self, kind: str, **values: Any) -> dict[str, Any]:
        order = {"kind": kind, "product": "fortimonitor", **values}
        armed: dict[str, Any] = self.control.ask("POST", "/faults", order)["faults"][0]
        return armed

    def faults(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.control.ask("GET", "/faults")["faults"]
        return listed

    def wire(self) -> dict[str, Any]:
        seen: dict[str, Any] = self.control.ask("GET", "/wire/fortimonitor")
        return seen

    def seen(self) -> list[tuple[str, str, str | None, bool]]:
        requests = self.wire()["requests"]
        return [(each["method"], each["path"], each["fault"], each["forwarded"]) for each in requests]

    def connected(self, context: ssl.SSLContext | None = None) -> TlsClient:
        self._clients.append(TlsClient(self.port, context or self.trusting))
        return self._clients[-1]

    def request(self, method: str = "POST", path: str = CREATE, description: str = "struck", *headers: str) -> bytes:
        wanted = {
            "description": description,
            "plugin_textkey": self.lab.fortimonitor.plugin_textkey,
            "resource_textkey": self.lab.fortimonitor.resource_textkey,
        }
        body = json.dumps(wanted).encode() if method == "POST" else b""
        key = f"Authorization: ApiKey {self.lab.fortimonitor.api_key}"
        head = [f"{method} {path} HTTP/1.1", "Host: lab", key, *headers, f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(head).encode() + body

    def created(self, description: str = "struck") -> int:
        """Count the incidents that FortiMonitor has stored, past every fault."""
        self.control.ask("DELETE", "/faults")
        client = self.connected()
        client.send(self.request("GET", "/v2/outage?limit=50"))
        _, _, body = parts(client.answer())
        return sum(description in outage["description"] for outage in json.loads(body)["outage_list"])

    def own_answer(self) -> bytes:
        """What FortiMonitor answers to the first create; its date masked."""
        head = (
            f"HTTP/1.1 201 Created\r\ndate: {'D' * 29}\r\nlocation: {self.url}/outage/-1000001\r\n"
            "content-length: 7\r\ncontent-type: text/plain; charset=utf-8\r\n\r\n"
        )
        return head.encode() + b"Created"

    def leave(self) -> None:
        for client in self._clients:
            client.close()


@pytest.fixture
def bench(fresh_products: Any) -> Iterator[Bench]:
    fresh_products.control.switch("fortimonitor", create_body="text")
    bench = Bench(fresh_products)
    yield bench
    bench.leave()
    fresh_products.control.ask("DELETE", "/faults")


def masked(answer: bytes) -> bytes:
    return re.sub(rb"(?<=date: )[^\r]{29}", b"D" * 29, answer)


def parts(answer: bytes) -> tuple[int, dict[str, str], str]:
    head, _, body = answer.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), {name.lower(): value for name, value in headers.items()}, body


# What the client sees of each fault of a request: how the connection goes on or ends, and what came before.

Looks = Callable[[Bench, bytes, str], object]


def nothing(bench: Bench, came: bytes, when: str) -> None:
    assert came == b""


def answered(status: int, body: str, **headers: str) -> Looks:
    def look(bench: Bench, came: bytes, when: str) -> None:
        expected = {name.replace("_", "-"): value for name, value in headers.items()}
        assert parts(came) == (status, {**expected, "content-length": str(len(body))}, body)

    return look


def own(change: Callable[[Bench, bytes], bytes] = lambda bench, answer: answer) -> Looks:
    """What FortiMonitor answered, changed; with before, the same of what stands in for it."""

    def look(bench: Bench, came: bytes, when: str) -> None:
        stand_in = (
            f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: {HTML}\r\nContent-Length: {len(UNAVAILABLE)}\r\n\r\n"
        )
        whole = bench.own_answer() if when == "after" else stand_in.encode() + UNAVAILABLE.encode()
        assert masked(came) == change(bench, whole)

    return look


def head_of(answer: bytes) -> bytes:
    return answer[: answer.index(b"\r\n\r\n") + 4]


def is_delayed(bench: Bench, came: bytes, when: str) -> None:
    assert masked(came) == bench.own_answer()


def resumes(header: str, read: Callable[[str], float]) -> Looks:
    def look(bench: Bench, came: bytes, when: str) -> None:
        status, headers, body = parts(came)
        assert (status, json.loads(body)) == (429, {"message": "Rate limit exceeded"})
        now = datetime.now(timezone.utc).timestamp()
        assert now + 30 < read(headers[header]) <= now + 62  # 60 s after an answer that is a moment old

    return look


def gone(pattern: bytes) -> Looks:
    return own(lambda bench, answer: re.sub(pattern, b"", answer))


def to_a_stranger(bench: Bench, answer: bytes) -> bytes:
    return re.sub(rb"location: .*?(?=\r\n)", f"Location: {bench.url}/outage/2002".encode(), answer)


INJECTED = "Injected error"
SHOWN: dict[str, tuple[str, dict[str, Any], Looks]] = {
    "hang": ("silent", {}, nothing),
    "reset": ("reset", {}, nothing),
    "close": ("fin", {}, nothing),
    "cut_headers": ("fin", {"at": 110}, own(lambda bench, answer: head_of(answer)[:110])),
    "cut_body": ("fin", {"at": 3}, own(lambda bench, answer: answer[: len(head_of(answer)) + 3])),
    "cut": ("fin", {}, own(lambda bench, answer: answer[:16])),
    "dribble": ("open", QUICK["dribble"], own()),
    "garbage": ("fin", {}, lambda bench, came, when: came == GARBAGE or pytest.fail(str(came))),
    "html_200": (
        "open",
        {},
        answered(
            200,
            "<!DOCTYPE html><html><head><title>Log in</title></head><body>"
            '<form method="post"><input name="username"><input name="password" type="password"></form></body></html>',
            content_type=HTML,
        ),
    ),
    "delay": ("open", QUICK["delay"], is_delayed),
    "stale_keep_alive": ("farewell", {}, own()),
    "tls_bad_record": ("bad record", {}, nothing),
    "answer": (
        "open",
        {"status": 418, "headers": {"X-Odd": "1"}, "body": "short"},
        answered(418, "short", x_odd="1"),
    ),
    "429_seconds": (
        "open",
        {"seconds": 1.5},
        answered(429, '{"message": "Rate limit exceeded"}', content_type=JSON, retry_after="2"),
    ),
    "429_date": (
        "open",
        {"seconds": 60},
        resumes("retry-after", lambda value: parsedate_to_datetime(value).timestamp()),
    ),
    "429_epoch": ("open", {"seconds": 60}, resumes("x-ratelimit-reset", int)),
    "429_bare": ("open", {}, answered(429, '{"message": "Rate limit exceeded"}', content_type=JSON)),
    "500": ("open", {}, answered(500, PAGE.format("500 Internal Server Error"), content_type=HTML)),
    "503": ("open", {}, answered(503, UNAVAILABLE, content_type=HTML)),
    "500_error_headers": ("open", {}, answered(500, "", errorcode="500", errormessage=INJECTED)),
    "error_message": ("open", {}, answered(400, '{"message": "Injected error"}', content_type=JSON)),
    "error_error": ("open", {"status": 404}, answered(404, '{"error": "Injected error"}', content_type=JSON)),
    "error_field_map": ("open", {}, answered(400, '{"description": "Injected error"}', content_type=JSON)),
    "error_text": ("open", {}, answered(400, INJECTED, content_type=TEXT)),
    "error_html": ("open", {}, answered(400, PAGE.format("400 Injected error"), content_type=HTML)),
    "xml_255": (
        "open",
        {},
        answered(
            200,
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<response requestId="0"><error code="255">'
            "<description>Injected error</description></error></response>",
            content_type="application/xml",
        ),
    ),
    "empty_200": ("open", {}, answered(200, "")),
    "wrong_content_type": (
        "open",
        {"content_type": "image/png"},
        own(lambda bench, answer: re.sub(rb"content-type: .*?(?=\r\n)", b"Content-Type: image/png", answer)),
    ),
    "redirect": ("open", {}, answered(302, "", location="https://login.example/")),
    "no_location": ("open", {}, gone(rb"location: .*?\r\n")),
    "wrong_location": ("open", {}, own(to_a_stranger)),
}


@pytest.mark.parametrize(("kind", "when"), OF_REQUESTS)
def test_a_fault_of_a_request_shows_what_it_says_and_the_product_commits_when_it_says(
    bench: Bench, kind: str, when: str
) -> None:
    end, values, look = SHOWN[kind]
    armed = bench.arm(kind, method="POST", path="/v2/server/*", when=when, **values)
    assert (armed["kind"], armed["when"], armed["hits"], armed["armed"]) == (kind, when, 0, True)
    client = bench.connected()
    client.send(bench.request())
    if end == "open":
        came = client.answer()
    elif end == "silent":
        assert client.waits(0.05)
        came = b""
    else:
        came, ended = client.rest()
        assert ended == end
    look(bench, came, when)
    if end == "open":
        client.send(bench.request("GET", "/v2/outage/2002"))
        assert parts(client.answer())[0] == 200

    (used,) = bench.faults()
    assert (used["number"], used["hits"], used["armed"]) == (armed["number"], 1, False)
    committed = when == "after" or kind == "delay"
    # A client that hears nothing cannot know when the product is done: look again until it is.
    while bench.created() != committed:
        assert end == "silent"
    assert bench.seen()[0] == ("POST", CREATE, kind, committed)
    assert {fault for _, _, fault, _ in bench.seen()[1:]} <= {None}


def test_every_fault_of_the_catalogue_is_carried_out_by_one_place() -> None:
    others = {"delay", "dribble", *OF_CONNECTIONS}
    carried_out = [*BREAKING, *CANNED, *CHANGED, *others]
    assert sorted(carried_out) == sorted(CATALOGUE)
    assert set(SHOWN) == {kind for kind, _ in OF_REQUESTS}
    assert set(REFUSED_BY_TLS) | {"refuse"} == set(OF_CONNECTIONS)


@pytest.mark.parametrize("length", [0, 12, 30, 95, 150])
def test_an_answer_is_cut_at_the_very_byte(bench: Bench, length: int) -> None:
    bench.arm("cut", at=length)
    client = bench.connected()
    client.send(bench.request())
    came, ended = client.rest()
    assert (len(came), ended) == (length, "fin")
    assert without_date(came) == without_date(bench.own_answer()[:length])


@pytest.mark.parametrize(
    ("kind", "values", "closed_behind"),
    [
        ("stale_keep_alive", {}, True),
        ("cut", {"at": 10_000}, True),
        ("cut_body", {"at": 7}, True),
        ("cut_body", {"at": 6}, False),
        ("cut_headers", {"at": 10_000}, False),
        ("close", {}, False),
        ("garbage", {}, False),
        ("500", {}, False),
    ],
)
def test_the_wire_tells_whether_a_connection_was_closed_behind_a_whole_answer(
    bench: Bench, kind: str, values: dict[str, Any], closed_behind: bool
) -> None:
    bench.arm(kind, **values)
    for head in ((), ("Connection: close",)):
        client = bench.connected()
        client.send(bench.request("POST", CREATE, "struck", *head))
        client.answer() if kind == "500" else client.rest()
        bench.arm(kind, **values)
    unannounced, announced = [each["closed_behind"] for each in bench.wire()["requests"]]
    assert (unannounced, announced) == (closed_behind, False)


def without_date(part: bytes) -> bytes:
    begin = len(b"HTTP/1.1 201 Created\r\ndate: ")
    return part[:begin] + part[begin + 29 :]


def test_a_location_is_cut_within_its_id_and_a_plain_client_takes_it_for_whole(bench: Bench) -> None:
    at = bench.own_answer().index(b"-1000001") + 4
    bench.arm("cut_headers", at=at)
    client = bench.connected()
    client.send(bench.request())
    assert client.rest()[0].endswith(b"/v2/outage/-100")
    assert bench.created() == 1


def test_a_hanging_connection_lasts_until_the_client_leaves(bench: Bench) -> None:
    bench.arm("hang", times=0)
    first, second = bench.connected(), bench.connected()
    for client in (first, second):
        client.send(bench.request("GET", "/v2/outage/2002"))
    assert first.waits(0.01)
    first.close()
    assert second.waits(0.01)
    bench.control.ask("DELETE", "/faults")
    third = bench.connected()
    third.send(bench.request("GET", "/v2/outage/2002"))
    assert parts(third.answer())[0] == 200


def test_a_delayed_request_reaches_the_product_although_the_client_has_left(bench: Bench) -> None:
    bench.arm("delay", method="POST", when="before", seconds=0.05)
    client = bench.connected()
    client.send(bench.request())
    while not bench.seen():
        pass
    client.close()
    while not bench.created():
        pass
    assert ("POST", CREATE, "delay", True) in bench.seen()


def test_the_time_to_resume_follows_the_clock_of_the_lab(bench: Bench) -> None:
    bench.control.advance(86_400)
    bench.arm("429_epoch", seconds=0)
    client = bench.connected()
    client.send(bench.request())
    resume = int(parts(client.answer())[1]["x-ratelimit-reset"])
    assert resume - datetime.now(timezone.utc).timestamp() == pytest.approx(86_400, abs=60)


def test_a_location_of_another_origin_keeps_its_path(bench: Bench) -> None:
    bench.arm("wrong_location", origin="https://elsewhere.example:8443", id="-7")
    client = bench.connected()
    client.send(bench.request())
    assert parts(client.answer())[1]["location"] == "https://elsewhere.example:8443/v2/outage/-7"


def test_a_relative_location_stays_relative(bench: Bench) -> None:
    bench.control.switch("fortimonitor", location="relative")
    bench.arm("wrong_location")
    client = bench.connected()
    client.send(bench.request())
    assert parts(client.answer())[1]["location"] == "/v2/outage/2002"


def test_a_canned_answer_may_end_its_connection_lie_about_its_length_or_have_none(bench: Bench) -> None:
    bench.arm("answer", headers={"Connection": "close"})
    bench.arm("answer", headers={"Content-Length": "99"}, body="short")
    bench.arm("answer", status=204, body="not sent")
    closing, lying, empty = bench.connected(), bench.connected(), bench.connected()
    closing.send(bench.request("GET", "/v2/user"))
    assert closing.rest() == (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "farewell")
    lying.send(bench.request("GET", "/v2/user"))
    assert lying.rest() == (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", "farewell")
    empty.send(bench.request("GET", "/v2/user"))
    assert empty.answer() == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_a_canned_answer_to_head_has_no_body(bench: Bench) -> None:
    bench.arm("answer", body="short")
    client = bench.connected()
    client.send(bench.request("HEAD", "/v2/user") + bench.request("GET", "/v2/outage/2002"))
    came = b""
    while b'"url"' not in came:
        received = client.receive()
        assert isinstance(received, bytes)
        came += received
    assert came.startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\ndate: ")


# Connections

REFUSED_BY_TLS = {
    "tls_expired": ("CERTIFICATE_VERIFY_FAILED", "certificate has expired"),
    "tls_wrong_host": ("CERTIFICATE_VERIFY_FAILED", "not valid for '127.0.0.1'"),
    "tls_self_signed": ("CERTIFICATE_VERIFY_FAILED", "self-signed certificate"),
    "tls_old_version": ("TLSV1_ALERT_PROTOCOL_VERSION", ""),
    "plain_http": ("WRONG_VERSION_NUMBER", ""),
}


@pytest.mark.parametrize("kind", OF_CONNECTIONS)
def test_a_fault_of_a_connection_ends_it_before_any_request(bench: Bench, kind: str) -> None:
    bench.arm(kind, skip=1)
    bench.connected().close()
    if kind == "refuse":
        with pytest.raises(ConnectionResetError):
            bench.connected()
    else:
        reason, words = REFUSED_BY_TLS[kind]
        with pytest.raises(ssl.SSLError) as caught:
            bench.connected()
        assert caught.value.reason == reason
        assert words in str(caught.value)
    assert bench.wire() == {"connections": 2, "requests": []}
    (used,) = bench.faults()
    assert (used["hits"], used["armed"], "when" in used) == (1, False, False)
    client = bench.connected()
    client.send(bench.request("GET", "/v2/outage/2002"))
    assert parts(client.answer())[0] == 200


@pytest.mark.parametrize("kind", ["tls_expired", "tls_wrong_host", "tls_self_signed"])
def test_a_client_that_verifies_nothing_gets_its_answer_under_a_bad_certificate(bench: Bench, kind: str) -> None:
    bench.arm(kind)
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    client = bench.connected(careless)
    client.send(bench.request())
    assert parts(client.answer())[0] == 201
    assert bench.created() == 1


def test_the_server_that_speaks_plain_http_says_so(bench: Bench) -> None:
    bench.arm("plain_http")
    with socket.create_connection(("127.0.0.1", bench.port), timeout=20) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert parts(b"".join(iter(lambda: client.recv(4096), b""))) == (
            400,
            {"content-type": "text/plain", "content-length": "15", "connection": "close"},
            "Plain HTTP only",
        )


def test_a_fault_of_connections_strikes_a_client_that_had_one_already(bench: Bench) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = bench.lab.fortisoar.ca
        session.headers["Authorization"] = f"ApiKey {bench.lab.fortimonitor.api_key}"
        assert session.get(f"{bench.url}/outage/2002", timeout=20).ok
        assert session.get(f"{bench.url}/outage/2002", timeout=20).ok
        assert bench.wire()["connections"] == 1
        bench.arm("tls_expired")
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"{bench.url}/outage/2002", timeout=20)
    assert bench.wire()["connections"] == 2
    assert len(bench.seen()) == 2


def test_a_fault_of_requests_leaves_a_kept_connection(bench: Bench) -> None:
    client = bench.connected()
    client.send(bench.request("GET", "/v2/outage/2002"))
    client.answer()
    bench.arm("500")
    client.send(bench.request())
    assert parts(client.answer())[0] == 500


def test_a_bad_record_is_one(bench: Bench) -> None:
    assert BAD_RECORD[:5] == bytes([23, 3, 3, 0, len(BAD_RECORD) - 5])


# Which request is struck


def hits(faults: Faults, *asked: tuple[str, str], product: str = "fortimonitor") -> list[str | None]:
    struck = [faults.on_request(product, method, path) for method, path in asked]
    return [fault.kind.name if fault else None for fault in struck]


def armed(*orders: dict[str, Any]) -> Faults:
    faults = Faults()
    faults.arm([{"product": "fortimonitor", **order} for order in orders])
    return faults


def test_a_fault_strikes_once_unless_it_is_told_otherwise() -> None:
    assert hits(armed({"kind": "reset"}), *[("GET", "/")] * 3) == ["reset", None, None]
    assert hits(armed({"kind": "reset", "times": 2}), *[("GET", "/")] * 3) == ["reset", "reset", None]
    assert hits(armed({"kind": "reset", "times": 0}), *[("GET", "/")] * 30) == ["reset"] * 30


def test_a_fault_lets_the_first_through_that_match() -> None:
    asked = [("POST", "/a"), ("GET", "/a"), ("POST", "/a"), ("POST", "/a"), ("POST", "/a")]
    faults = armed({"kind": "reset", "method": "POST", "skip": 2})
    assert hits(faults, *asked) == [None, None, None, "reset", None]


def test_the_first_fault_that_fits_and_is_armed_strikes() -> None:
    faults = armed({"kind": "reset"}, {"kind": "close", "path": "/a"}, {"kind": "500", "times": 0})
    asked = [("GET", "/a"), ("GET", "/a"), ("GET", "/a")]
    assert hits(faults, *asked) == ["reset", "close", "500"]
    assert [(fault["kind"], fault["hits"], fault["armed"]) for fault in faults.as_json()] == [
        ("reset", 1, False),
        ("close", 1, False),
        ("500", 1, True),
    ]


@pytest.mark.parametrize(
    ("where", "method", "path", "fits"),
    [
        ({}, "GET", "/anything", True),
        ({"method": "PUT"}, "PUT", "/a", True),
        ({"method": "PUT"}, "POST", "/a", False),
        ({"path": "/v2/outage"}, "GET", "/v2/outage", True),
        ({"path": "/v2/outage"}, "GET", "/v2/outage/1", False),
        ({"path": "/v2/outage"}, "GET", "/V2/outage", False),
        ({"path": "/v2/*/force_resolve"}, "PUT", "/v2/outage/-1/force_resolve", True),
        ({"path": "*/force_resolve"}, "PUT", "/v2/outage/-1/force_resolve", True),
        ({"path": "/v2/*", "method": "PUT"}, "GET", "/v2/outage", False),
    ],
)
def test_a_fault_is_addressed_by_method_and_path(where: dict[str, Any], method: str, path: str, fits: bool) -> None:
    assert hits(armed({"kind": "reset", **where}), (method, path)) == ["reset" if fits else None]


def test_a_fault_is_for_one_product_and_for_requests_or_connections() -> None:
    faults = armed({"kind": "reset"}, {"kind": "refuse"})
    assert hits(faults, ("GET", "/"), product="fortisiem") == [None]
    assert faults.on_connection("fortisiem") is None
    struck = faults.on_connection("fortimonitor")
    assert struck is not None
    assert struck.kind.name == "refuse"
    assert hits(faults, ("GET", "/"), ("GET", "/")) == ["reset", None]


def test_fortisiem_has_a_proxy_of_its_own(bench: Bench) -> None:
    bench.control.ask("POST", "/faults", {"kind": "xml_255", "product": "fortisiem", "path": "/phoenix/*"})
    siem = bench.lab.fortisiem
    for status, words in [(200, 'code="255"'), (401, "Not Authorized")]:
        answer = requests.get(f"{siem.url}/phoenix/rest/config/Domain", verify=bench.lab.fortisoar.ca, timeout=20)
        assert answer.status_code == status
        assert words in answer.text
    listed = bench.control.ask("GET", "/wire/fortisiem")
    assert [(each["fault"], each["forwarded"]) for each in listed["requests"]] == [("xml_255", False), (None, True)]
    assert [entry["status"] for entry in bench.control.journal("fortisiem")] == [401]
    assert bench.wire() == {"connections": 0, "requests": []}


# Orders

KINDS = ", ".join(CATALOGUE)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("reset", 'A fault must be a JSON object such as {"kind": "reset", "product": "fortimonitor"}.'),
        ([], "The list is empty: nothing to arm."),
        ({}, f"There is no fault None. There are: {KINDS}."),
        ({"kind": "slow"}, f"There is no fault 'slow'. There are: {KINDS}."),
        ({"kind": ["reset"]}, f"There is no fault ['reset']. There are: {KINDS}."),
        ({"kind": "reset"}, "reset: product must be fortimonitor or fortisiem, not None."),
        (
            {"kind": "reset", "product": "fortisoar"},
            "reset: product must be fortimonitor or fortisiem, not 'fortisoar'.",
        ),
        (
            {"kind": "reset", "at": 3},
            "reset has no parameter 'at'. It has: product, method, path, when, skip, times.",
        ),
        (
            {"kind": "refuse", "when": "before"},
            "refuse has no parameter 'when'. It has: product, skip, times.",
        ),
        ({"kind": "reset", "when": "now"}, 'reset: when must be "after" or "before", not \'now\'.'),
        ({"kind": "no_location", "when": "before"}, "no_location: when must be \"after\", not 'before'."),
        ({"kind": "reset", "method": "post"}, "reset: method must be an HTTP method in capitals, or null, not 'post'."),
        (
            {"kind": "reset", "path": "v2/outage"},
            'reset: path must be a path or a pattern of one that begins with "/" or "*", or null, not \'v2/outage\'.',
        ),
        ({"kind": "reset", "skip": -1}, "reset: skip must be a whole number from 0 on, not -1."),
        ({"kind": "reset", "times": True}, "reset: times must be a whole number from 0 on, not True."),
        ({"kind": "reset", "times": 1.0}, "reset: times must be a whole number from 0 on, not 1.0."),
        ({"kind": "cut", "at": "3"}, "cut: at must be a whole number from 0 on, not '3'."),
        ({"kind": "dribble", "bytes": 0}, "dribble: bytes must be a whole number from 1 on, not 0."),
        ({"kind": "delay", "seconds": -1}, "delay: seconds must be a number of seconds from 0 to 86400, not -1."),
        (
            {"kind": "delay", "seconds": float("nan")},
            "delay: seconds must be a number of seconds from 0 to 86400, not nan.",
        ),
        ({"kind": "answer", "status": 101}, "answer: status must be an HTTP status from 200 to 599, not 101."),
        ({"kind": "answer", "body": 5}, "answer: body must be a text, not 5."),
        ({"kind": "answer", "body": "\ud800"}, r"answer: body must be a text, not '\ud800'."),
        (
            {"kind": "answer", "headers": {"A": "b\r\nC: d"}},
            r"answer: headers must be an object of header names and ASCII texts, not {'A': 'b\r\nC: d'}.",
        ),
        (
            {"kind": "answer", "headers": {"A:": ""}},
            "answer: headers must be an object of header names and ASCII texts, not {'A:': ''}.",
        ),
        (
            {"kind": "redirect", "location": "\u00e9"},
            "redirect: location must be an ASCII text of one line, not '\u00e9'.",
        ),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_one_sentence_and_nothing_is_armed(
    bench: Bench, order: Any, reason: str
) -> None:
    fits = {"kind": "reset", "product": "fortimonitor"}
    if isinstance(order, dict) and len(order) > 1:
        order = {"product": "fortimonitor", **order}
    for body in (order, [fits, order]) if order != [] else (order,):
        answer = requests.post(
            f"{bench.lab.ready['control']['url']}/faults",
            data=json.dumps(body),
            headers={**bench.control.headers, "Content-Type": "application/json"},
            timeout=20,
        )
        assert (answer.status_code, answer.json()) == (400, {"error": reason})
    assert bench.faults() == []


def test_an_order_that_is_not_json_is_refused(bench: Bench) -> None:
    answer = requests.post(
        f"{bench.lab.ready['control']['url']}/faults",
        data="{",
        headers={**bench.control.headers, "Content-Type": "application/json"},
        timeout=20,
    )
    assert (answer.status_code, answer.json()) == (400, {"error": "The body is not JSON."})


def test_a_list_is_armed_in_its_order_with_every_default_filled_in(bench: Bench) -> None:
    orders = [{"kind": "cut", "product": "fortisiem", "at": 7}, {"kind": "refuse", "product": "fortimonitor"}]
    armed = bench.control.ask("POST", "/faults", orders)["faults"]
    first = armed[0]["number"]
    assert armed == [
        {
            "number": first,
            "kind": "cut",
            "product": "fortisiem",
            "method": None,
            "path": None,
            "when": "after",
            "skip": 0,
            "times": 1,
            "at": 7,
            "hits": 0,
            "armed": True,
        },
        {
            "number": first + 1,
            "kind": "refuse",
            "product": "fortimonitor",
            "skip": 0,
            "times": 1,
            "hits": 0,
            "armed": True,
        },
    ]
    assert bench.faults() == armed


def test_the_catalogue_is_served_with_a_sentence_for_each_kind_and_parameter(bench: Bench) -> None:
    catalogue = bench.control.ask("GET", "/faults")["catalogue"]
    assert [kind["kind"] for kind in catalogue] == list(CATALOGUE)
    assert {kind["group"] for kind in catalogue} == {"wire", "connection", "product"}
    for kind in catalogue:
        assert re.fullmatch(r"[A-Z].*[.]", kind["about"]), kind
        for parameter in kind["parameters"]:
            assert set(parameter) == {"name", "default", "must_be", "about"}
            assert re.fullmatch(r"[A-Za-z].*[.]", parameter["about"]), parameter


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda kind: kind.name)
def test_every_default_is_a_value_that_may_be_ordered(kind: Any) -> None:
    for parameter in kind.takes.values():
        assert parameter.values.hold(parameter.default), parameter


# What is forgotten, and when


def test_faults_and_wires_are_cleared_each_on_its_own(bench: Bench) -> None:
    bench.arm("500")
    client = bench.connected()
    client.send(bench.request())
    client.answer()
    bench.control.ask("DELETE", "/wire/fortimonitor")
    assert bench.wire() == {"connections": 0, "requests": []}
    assert len(bench.faults()) == 1
    client.send(bench.request("GET", "/v2/outage/2002"))
    client.answer()
    bench.control.ask("DELETE", "/faults")
    assert bench.faults() == []
    assert bench.seen() == [("GET", "/v2/outage/2002", None, True)]


@pytest.mark.parametrize(("product", "left"), [("fortimonitor", ["fortisiem"]), ("fortisiem", ["fortimonitor"])])
def test_a_reset_of_one_product_forgets_its_faults_and_its_wire(bench: Bench, product: str, left: list[str]) -> None:
    bench.control.ask("POST", "/faults", [{"kind": "500", "product": name} for name in ("fortimonitor", "fortisiem")])
    bench.connected()
    bench.control.reset(product)
    assert [fault["product"] for fault in bench.faults()] == left
    assert bench.wire()["connections"] == (0 if product == "fortimonitor" else 1)


def test_a_reset_of_the_lab_forgets_all_of_it(bench: Bench) -> None:
    bench.arm("500")
    bench.connected()
    bench.control.reset()
    assert bench.faults() == []
    assert bench.wire() == {"connections": 0, "requests": []}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_is_no_wire_to_fortisoar(bench: Bench, method: str) -> None:
    answer = requests.request(
        method, f"{bench.lab.ready['control']['url']}/wire/fortisoar", headers=bench.control.headers, timeout=20
    )
    assert (answer.status_code, answer.json()) == (
        404,
        {"error": "There is no wire to 'fortisoar'. There are: fortimonitor, fortisiem."},
    )


def test_the_wire_shows_no_query_since_it_may_hold_a_key(bench: Bench) -> None:
    client = bench.connected()
    client.send(bench.request("GET", "/v2/outage%2F2002?api_key=canary"))
    client.answer()
    (seen,) = bench.wire()["requests"]
    assert set(seen) == {"number", "time", "method", "path", "fault", "forwarded", "closed_behind"}
    assert seen["path"] == bench.control.journal("fortimonitor")[-1]["path"] == "/v2/outage/2002"
    assert datetime.fromisoformat(seen["time"]).tzinfo is not None


# Without a fault


@pytest.fixture
def relayed() -> Iterator[Callable[..., tuple[WireServer, Callable[[], TlsClient]]]]:
    """A function that puts a proxy in front of a server with a behaviour; returns the server, and how to connect."""
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    servers: list[WireServer] = []
    clients: list[TlsClient] = []

    with listening({"public": 0}) as listeners:
        public = listeners["public"]

        def connect() -> TlsClient:
            clients.append(TlsClient(public.getsockname()[1], trusting))
            return clients[-1]

        def start(behave: Any) -> tuple[WireServer, Callable[[], TlsClient]]:
            servers.append(WireServer(behave))
            address = ("127.0.0.1", servers[-1].port)
            proxy = Proxy("fortimonitor", public, address, {None: server_side}, Faults(), Wire(Clock()), Clock())
            running.enter_context(serving([], [proxy]))
            return servers[-1], connect

        with ExitStack() as running:
            yield start
    for client in clients:
        client.close()
    for server in servers:
        server.close()


ANSWERS = [
    b"HTTP/1.1 200 Fine by me\r\nX-Case: MiXed\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000,
]


@pytest.mark.parametrize("answer", ANSWERS, ids=["headers", "empty", "chunked", "long"])
def test_requests_and_answers_are_relayed_byte_for_byte_on_one_connection(relayed: Any, answer: bytes) -> None:
    server, connect = relayed(answering(answer))
    client = connect()
    sent = b"PUT /a%20b?c=d HTTP/1.1\r\nhOST: x\r\nContent-Length: 3\r\n\r\nabc"
    for _ in range(2):
        client.send(sent)
        came = b""
        while len(came) < len(answer):
            received = client.receive()
            assert isinstance(received, bytes)
            came += received
        assert came == answer
    assert server.requests == [sent, sent]


def test_an_answer_without_a_length_ends_with_the_connection(relayed: Any) -> None:
    _, connect = relayed(cutting(b"HTTP/1.1 200 OK\r\n\r\nto the end"))
    client = connect()
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.rest() == (b"HTTP/1.1 200 OK\r\n\r\nto the end", "farewell")


@pytest.mark.parametrize("part", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nha", b"no HTTP\r\n\r\n"])
def test_a_product_that_breaks_is_not_spoken_for(relayed: Any, part: bytes) -> None:
    _, connect = relayed(cutting(part))
    client = connect()
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.rest() == (b"", "fin")


@pytest.mark.parametrize(
    "request_head", [b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"]
)
def test_a_client_that_wants_no_more_is_let_go(relayed: Any, request_head: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    _, connect = relayed(answering(answer))
    client = connect()
    client.send(request_head)
    assert client.rest() == (answer, "farewell")


def test_requests_that_come_together_are_answered_one_after_the_other(bench: Bench) -> None:
    client = bench.connected()
    client.send(bench.request() + bench.request("GET", "/v2/outage/-1000001", "", "Connection: close"))
    came, ended = client.rest()
    first, second = came.split(b"Created", 2)[0], came.split(b"HTTP/1.1")[2]
    assert first == b"HTTP/1.1 201 "
    assert (b"-1000001" in second, ended) == (True, "farewell")
    assert [seen[:2] for seen in bench.seen()] == [("POST", CREATE), ("GET", "/v2/outage/-1000001")]


def test_a_client_that_asks_first_is_told_to_go_on(bench: Bench) -> None:
    head, _, body = bench.request("POST", CREATE, "struck", "Expect: 100-continue").partition(b"\r\n\r\n")
    client = bench.connected()
    client.send(head + b"\r\n\r\n")
    assert client.receive() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(body)
    assert parts(client.answer())[0] == 201
    assert bench.created() == 1


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_without_an_end_is_refused_while_it_comes_in(bench: Bench, is_chunked: bool) -> None:
    client = bench.connected()
    how = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: 99999999999"
    client.send(b"POST /v2/server/1001/custom_incident HTTP/1.1\r\nHost: a\r\n" + how + b"\r\n\r\n")
    part = b"x" * 2**20
    for _ in range(LARGEST // len(part) - 1):
        client.send(b"100000\r\n" + part + b"\r\n" if is_chunked else part)
    client.send(b"100000\r\n" + part + b"\r\n" if is_chunked else part)
    status, headers, words = parts(client.answer())
    assert (status, headers["connection"], words) == (413, "close", "The request is too large.")
    assert bench.wire()["requests"] == []


def test_what_is_not_http_is_answered_as_the_products_do(bench: Bench) -> None:
    client = bench.connected()
    client.send(b"this is not HTTP\r\n\r\n")
    came, ended = client.rest()
    assert parts(came) == (
        400,
        {"content-type": TEXT, "connection": "close", "content-length": "30"},
        "Invalid HTTP request received.",
    )
    assert ended == "farewell"
    assert bench.wire() == {"connections": 1, "requests": []}


def test_a_client_may_leave_at_any_moment(bench: Bench) -> None:
    with socket.create_connection(("127.0.0.1", bench.port), timeout=20):
        pass
    bench.connected().close()
    client = bench.connected()
    client.send(bench.request()[:50])
    client.close()
    client = bench.connected()
    client.send(bench.request())
    assert parts(client.answer())[0] == 201
    assert len(bench.seen()) == 1


# Stopping


def test_the_lab_stops_at_once_whatever_its_faults_are_doing(start_lab: Callable[..., Any]) -> None:
    lab = start_lab()
    with ExitStack() as leaving:
        bench = Bench(lab)
        leaving.callback(bench.leave)
        kinds: dict[str, dict[str, Any]] = {"hang": {}, "dribble": {"seconds": 600}, "delay": {"seconds": 600}}
        for kind, values in kinds.items():
            bench.arm(kind, **values)
        clients = [bench.connected() for _ in [*kinds, "idle"]]
        for client in clients[:-1]:
            client.send(bench.request())
        while len(bench.seen()) < len(kinds):
            pass
        assert lab.stop() == ""
        assert (lab.process.returncode, lab.stderr().count("\n")) == (0, 1)
        assert {client.rest()[1] for client in clients} <= {"fin", "reset"}


# The command line


@pytest.fixture
def ready_file(bench: Bench, tmp_path: Path) -> str:
    path = tmp_path / "ready.json"
    path.write_text(bench.lab.line)
    return str(path)


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A function that runs a command that must work, and returns what it printed."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str) -> str:
        assert main(arguments) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return run


def test_the_command_lists_the_catalogue(shown: Callable[..., str]) -> None:
    out = shown("faults")
    assert max(map(len, out.splitlines())) <= 100
    for kind in CATALOGUE.values():
        (line,) = (line for line in out.splitlines() if line.split()[:1] == [kind.name])
        assert (", ".join(kind.whens) or "-") in line
        for parameter in kind.parameters:
            assert f"{parameter.name}=" in out


def test_the_command_arms_shows_and_clears_the_faults_of_a_lab(
    shown: Callable[..., str], ready_file: str, bench: Bench, tmp_path: Path
) -> None:
    assert shown("faults", "--lab", ready_file) == "No fault is armed.\n"
    order = {"kind": "cut", "product": "fortimonitor", "method": "POST", "path": "/v2/[a]*", "at": 7, "times": 0}
    out = shown("faults", "--lab", ready_file, "--arm", json.dumps(order))
    row = out.splitlines()[1].split()
    assert row[1:] == ["cut", "fortimonitor", "POST", "/v2/[a]*", "when=after", "0", "of", "any"]
    assert "at=7" in out
    orders = tmp_path / "orders.json"
    orders.write_text(
        json.dumps([{"kind": "reset", "product": "fortisiem"}, {"kind": "500", "product": "fortimonitor"}])
    )
    shown("faults", "--lab", ready_file, "--arm", f"@{orders}")
    client = bench.connected()
    client.send(bench.request())
    client.answer()
    rows = [line.split()[1:] for line in shown("faults", "--lab", ready_file).splitlines() if "of" in line.split()]
    assert [row[0] for row in rows] == ["cut", "reset", "500"]
    assert [" ".join(row[row.index("of") - 1 :]) for row in rows] == ["0 of any", "0 of 1", "1 of 1, used up"]
    assert shown("faults", "--lab", ready_file, "--clear") == "No fault is armed.\n"
    assert bench.faults() == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--clear"], "--arm and --clear need --lab FILE, the ready file of a running lab."),
        (["--arm", "{}"], "--arm and --clear need --lab FILE, the ready file of a running lab."),
        (["--lab", "READY", "--arm", "{}", "--clear"], "--arm and --clear exclude each other. Clear first, then arm."),
        (["--lab", "READY", "--arm", "{}"], f"There is no fault None. There are: {KINDS}."),
        (["--lab", "READY", "--arm", '{"kind": "rest"}'], "There is no fault 'rest'. Did you mean 'reset'?"),
        (["--lab", "READY", "--arm", ""], "--arm is not JSON: Expecting value at line 1, column 1, where it ends."),
        (
            ["--lab", "READY", "--arm", '{"kind": "delay", "product": "fortisiem", "seconds": NaN}'],
            "delay: seconds must be a number of seconds from 0 to 86400, not nan.",
        ),
        (["--lab", "READY", "--arm", "@/does/not/exist"], "/does/not/exist cannot be read: No such file or directory."),
        (["--lab", "BROKEN"], "BROKEN is not the ready line of a lab."),
        (["--lab", "/does/not/exist"], "/does/not/exist cannot be read: No such file or directory."),
    ],
)
def test_what_is_typed_wrong_gets_one_line(
    refused: Callable[..., str], ready_file: str, bench: Bench, tmp_path: Path, arguments: list[str], line: str
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({**bench.lab.ready, "control": {}}))
    files = {"READY": ready_file, "BROKEN": str(broken)}
    said = refused("faults", *(files.get(each, each) for each in arguments))
    assert said == f"Error: {line.replace('BROKEN', str(broken))}"
    assert bench.faults() == []


def test_a_lab_that_is_gone_gets_one_line(refused: Callable[..., str], bench: Bench, tmp_path: Path) -> None:
    with listening({"gone": 0}) as listeners:
        url = f"http://127.0.0.1:{listeners['gone'].getsockname()[1]}"
    (tmp_path / "ready.json").write_text(json.dumps({**bench.lab.ready, "control": {"url": url, "token": ""}}))
    line = refused("faults", "--lab", str(tmp_path / "ready.json"))
    assert line == f"Error: The lab at {url} did not answer (ConnectionError). Is it running?"
