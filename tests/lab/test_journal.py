"""The journal: no secret in it, whatever its form; no answer changed by it; no more than its share of memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from lab.kit.bodies import LARGEST, LARGEST_UPLOAD, BodyLimit
from lab.kit.clock import Clock
from lab.kit.journal import KEPT_BYTES, LARGEST_BODY, LONGEST_TEXT, Journal, JournalMiddleware
from tests.support.playbooks import KEY, PASSWORD, Soar

SECRET = "h0rse-battery"
JSON = {"content-type": "application/json"}


@pytest.fixture
def journal() -> Journal:
    return Journal(Clock(), [SECRET])


def recorded(journal: Journal, path: str = "/v2/outage", query: str = "", body: bytes = b"", **headers: str) -> str:
    """Record one request; return its entry as the control API shows it."""
    journal.record("POST", path, query, {name.replace("_", "-"): value for name, value in headers.items()}, body, 200)
    return json.dumps(journal.as_json()[-1], allow_nan=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", "s3cret"),
        ("authorization", "Basic\ts3cret"),
        ("authorization", "Basics3cret"),
        ("authorization", "ApiKey s3cret"),
        ("authorization", "Bearer s3cret s3cret"),
        ("proxy-authorization", "Basic s3cret"),
        ("x-api-key", "s3cret"),
        ("x-auth-token", "s3cret"),
        ("cookie", "JSESSIONID=s3cret"),
        ("s", "s3cret"),
    ],
)
def test_no_header_shows_a_credential_whatever_its_form(journal: Journal, name: str, value: str) -> None:
    journal.record("GET", "/v2/user", "", {name: value, "accept": "text/html"}, b"", 401)
    (entry,) = journal.as_json()
    assert entry["headers"]["accept"] == "text/html"
    assert "s3cret" not in json.dumps(entry)


@pytest.mark.parametrize("name", ["key", "api_key", "apikey", "API-KEY", "token", "access_token", "Password"])
def test_no_query_shows_a_credential(journal: Journal, name: str) -> None:
    entry = json.loads(recorded(journal, query=f"limit=1&{name}=s3cret"))
    assert entry["query"] == {"limit": "1", name: "***"}


@pytest.mark.parametrize(
    "body",
    [
        {"client_secret": "s3cret"},
        {"client_secret": ["s3cret"]},
        {"client_secret": {"value": "s3cret"}},
        {"clientSecret": "s3cret"},
        {"proxy_password": "s3cret"},
        {"config": [{"Fortisiem_Password": "s3cret"}]},
        {"credentials": {"loginid": "csadmin", "password": "s3cret"}},
        {"macros": [{"name": "Key", "value": "s3cret", "default_value": "s3cret"}]},
    ],
)
def test_no_body_shows_a_value_that_is_called_a_secret(journal: Journal, body: Any) -> None:
    shown = recorded(journal, body=json.dumps({"name": "kept", **body}).encode(), content_type="application/json")
    assert "s3cret" not in shown
    assert '"kept"' in shown


def test_the_value_of_a_global_variable_is_not_shown(journal: Journal) -> None:
    body = b'{"name": "Key", "value": "s3cret", "default_value": ""}'
    entry = json.loads(recorded(journal, "/api/wf/api/dynamic-variable/", body=body))
    assert entry["body"] == {"name": "Key", "value": "***", "default_value": ""}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"password": "s3cret", "broken'),
        ("application/json", b"client_id=a&client_secret=s3cret"),
        ("text/xml", b"<password>s3cret</password>"),
        ("application/json", b'{"password": "s3cret", "x": NaN}'),
        ("", b"s3cret"),
    ],
)
def test_a_body_that_cannot_be_read_is_not_kept(journal: Journal, content_type: str, body: bytes) -> None:
    entry = json.loads(recorded(journal, body=body, content_type=content_type))
    assert entry["body"] == f"<{len(body)} bytes of {content_type or 'no declared type'} that cannot be read>"


def test_a_known_secret_is_hidden_wherever_it_stands(journal: Journal) -> None:
    shown = recorded(
        journal,
        f"/v2/{SECRET}",
        f"a={SECRET}&{SECRET}=b",
        json.dumps({"text": f"it is {SECRET}.", SECRET: [SECRET]}).encode(),
        referer=f"https://user:{SECRET}@example.com/",
    )
    assert SECRET not in shown
    assert json.loads(shown)["body"] == {"text": "it is ***.", "***": ["***"]}
    journal.hide("later-secret")
    assert "later-secret" not in recorded(journal, "/later-secret")


def test_what_a_configuration_keeps_secret_is_hidden_wherever_it_stands_later(soar: Soar, archive: Path) -> None:
    with archive.open("rb") as file:
        soar.http.post("/api/3/solutionpacks/install?$type=connector&$replace=true", files={"file": file})
    values = {
        "fortimonitor_url": "https://example.com",
        "fortimonitor_api_key": "k3pt-away",
        "fortimonitor_sign_in": "API Key",
    }
    body = {"connector": 1, "name": "Main", "config": values, "default": True}
    soar.ask("POST", "/api/integration/configuration/", body, 201)
    soar.ask("POST", "/api/query/alerts", {"search": f"{PASSWORD} {KEY} k3pt-away"})
    assert "k3pt-away" not in json.dumps(soar.product.journal.as_json())
    assert soar.product.journal.entries()[-1].body == {"search": "*** k3y ***"}


def test_what_cannot_be_shown_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(Clock())
    client = TestClient(JournalMiddleware(PlainTextResponse("done"), journal))
    monkeypatch.setattr(journal, "record", lambda *_: 1 / 0)
    answer = client.post("/", content=b"{}")
    assert (answer.status_code, answer.text) == (200, "done")


@pytest.mark.parametrize("body", [b"[" * 5000, b"[" * 700 + b"]" * 700, b'{"a": "\\ud800"}', b'{"a": 1e999}', b"\xff"])
def test_a_body_that_is_hard_to_show_is_journaled_and_can_be_read_as_json(body: bytes) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()
        await PlainTextResponse("done")(scope, receive, send)

    journal = Journal(Clock())
    assert TestClient(JournalMiddleware(app, journal)).post("/", content=body, headers=JSON).text == "done"
    (entry,) = json.loads(json.dumps(journal.as_json(), allow_nan=False).encode())
    assert entry["body"].startswith(f"<{len(body)} bytes of ")


def test_of_large_bodies_only_the_size_is_kept_and_of_long_texts_their_beginning(journal: Journal) -> None:
    body = json.dumps({"a": "b" * LARGEST_BODY}).encode()
    client = TestClient(JournalMiddleware(reading, journal))
    client.post("/" + "p" * 10_000, content=body, headers={**JSON, "x-long": "h" * 10_000})
    (entry,) = journal.entries()
    assert entry.body == f"<{len(body)} bytes of application/json>"
    assert (len(entry.path), len(entry.headers["x-long"])) == (LONGEST_TEXT, LONGEST_TEXT)


def test_the_journal_forgets_the_oldest_requests_when_it_has_its_share_of_memory(journal: Journal) -> None:
    body = json.dumps(["x" * 7000]).encode()
    count = KEPT_BYTES // len(body) + 100
    for _ in range(count):
        journal.record("POST", "/", "", {}, body, 200)
    numbers = [entry.number for entry in journal.entries()]
    assert numbers[-1] == count
    assert count - 200 < len(numbers) < count


async def reading(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse(f"{len(await Request(scope, receive).body())}")(scope, receive, send)


@pytest.mark.parametrize(("kind", "largest"), [("application/json", LARGEST), ("multipart/form-data", LARGEST_UPLOAD)])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_is_counted_while_it_comes_in_whatever_its_headers_say(
    kind: str, largest: int, is_chunked: bool
) -> None:
    client = TestClient(BodyLimit(reading))

    def post(size: int) -> Any:
        content: Any = parts(size) if is_chunked else b"x" * size
        return client.post("/", content=content, headers={"content-type": kind})

    assert post(largest).text == str(largest)
    refused = post(largest + 1)
    assert (refused.status_code, refused.text) == (413, f"The body is larger than {largest} bytes.")
    assert refused.headers["connection"] == "close"


def parts(size: int) -> Iterator[bytes]:
    while size > 0:
        yield b"x" * min(size, 2**20)
        size -= 2**20


def test_fortisoar_refuses_a_body_that_is_too_large_in_its_own_form_and_journals_it(soar: Soar) -> None:
    answer = soar.http.post("/api/integration/execute/", content=b" " * (LARGEST + 1), headers=JSON)
    assert (answer.status_code, answer.json()) == (413, {"message": f"The body is larger than {LARGEST} bytes."})
    entry = soar.product.journal.entries()[-1]
    assert (entry.status, entry.path) == (413, "/api/integration/execute/")
