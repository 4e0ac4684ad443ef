"""How the lab's products send their answers, whatever is in them."""

from __future__ import annotations

import base64
import codecs
import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lab.fortimonitor import FortiMonitor
from lab.fortisiem import Account, FortiSiem
from lab.kit.clock import Clock

UTF_16 = f"utf-16-{sys.byteorder[0]}e"
TEXT = "Zürich \N{FIRE} 日本"
OWNERS = {"fortimonitor": "key", "fortisiem": "super/admin:Admin*123"}
OTHERS = {"fortimonitor": "read-only", "fortisiem": "Acme/other:Other*123"}
READS = {"fortimonitor": "/v2/outage?limit=1", "fortisiem": "/phoenix/rest/pub/incident?incidentId=1"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=READS)
def product(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[FortiMonitor | FortiSiem]:
    made: FortiMonitor | FortiSiem
    if request.param == "fortimonitor":
        made = FortiMonitor(tmp_path, clock, "http://product/v2", "key", "read-only")
        made.add_outages(1)
        statement = "UPDATE outage SET description = ?"
    else:
        accounts = [Account("super", "admin", "Admin*123"), Account("Acme", "other", "Other*123")]
        made = FortiSiem(tmp_path, clock, accounts, [])
        statement = "UPDATE incidents SET incidentTitle = ?"
    with made.store.transaction() as session:
        session.connection().exec_driver_sql(statement, (TEXT,))
    yield made
    made.close()


def credentials(product: Any, who: dict[str, str]) -> str:
    given = who[product.name]
    return f"ApiKey {given}" if product.name == "fortimonitor" else f"Basic {base64.b64encode(given.encode()).decode()}"


def client(product: Any, who: dict[str, str] = OWNERS) -> TestClient:
    """Return a client that, as the connector's, asks for nothing compressed."""
    headers = {"Authorization": credentials(product, who), "Accept-Encoding": "identity"}
    return TestClient(product.app, headers=headers, base_url="http://product")


def sent(product: Any, client: TestClient) -> tuple[dict[str, str], bytes]:
    """Return the headers of an answer, and its body as it came over the wire."""
    with client.stream("GET", READS[product.name]) as answer:
        body = b"".join(answer.iter_raw())
        assert answer.status_code == 200, body
        assert int(answer.headers["Content-Length"]) == len(body)
        return dict(answer.headers), body


def first(body: bytes) -> Any:
    """Return the text that was put into the first object of a list."""
    read = json.loads(body)
    return read["outage_list"][0]["description"] if "outage_list" in read else read["data"][0]["incidentTitle"]


@pytest.mark.parametrize(("encoding", "undo"), [("gzip", gzip.decompress), ("deflate", zlib.decompress)])
def test_answers_may_be_compressed(product: Any, encoding: str, undo: Any) -> None:
    plain, body = sent(product, client(product))
    assert "content-encoding" not in plain
    product.switches.set("content_encoding", encoding)
    headers, compressed = sent(product, client(product))
    assert headers["content-encoding"] == encoding
    assert first(undo(compressed)) == first(body) == TEXT


@pytest.mark.parametrize(
    ("charset", "declared", "codec", "mark", "zurich"),
    [
        ("utf-8_with_bom", "utf-8", "utf-8-sig", codecs.BOM_UTF8, b"Z\xc3\xbcrich"),
        ("iso-8859-1", "iso-8859-1", "iso-8859-1", b"{", b"Z\xfcrich"),
        ("utf-16", "utf-16", "utf-16", codecs.BOM_UTF16, "Zürich".encode(UTF_16)),
    ],
)
def test_answers_may_come_in_a_charset_with_the_signs_of_their_texts_in_it(
    product: Any, charset: str, declared: str, codec: str, mark: bytes, zurich: bytes
) -> None:
    _, plain = sent(product, client(product))
    assert plain.isascii()
    product.switches.set("charset", charset)
    headers, body = sent(product, client(product))
    assert headers["content-type"] == f"application/json; charset={declared}"
    assert zurich in body
    assert body.startswith(mark)
    assert first(body.decode(codec).encode()) == TEXT


def test_both_together_are_undone_in_turn(product: Any) -> None:
    product.switches.set("charset", "utf-16")
    product.switches.set("content_encoding", "gzip")
    _, body = sent(product, client(product))
    assert first(gzip.decompress(body).decode("utf-16").encode()) == TEXT


def test_a_kept_session_counts_before_the_credentials_of_a_request(product: Any) -> None:
    assert "set-cookie" not in sent(product, client(product))[0]
    product.switches.set("session_cookies", "kept")
    browser = client(product)
    sent(product, browser)
    path = READS[product.name]
    assert browser.get(path, headers={"Authorization": "ApiKey wrong"}).status_code == 200
    assert client(product).get(path, headers={"Authorization": "ApiKey wrong"}).status_code == 401
    one, other = (client(product, who).get(path).cookies["JSESSIONID"] for who in (OWNERS, OTHERS))
    assert one != other


def test_a_forgotten_session_is_refused(product: Any) -> None:
    product.switches.set("session_cookies", "forgotten")
    browser = client(product)
    assert [browser.get(READS[product.name]).status_code for _ in range(2)] == [200, 401]
    assert client(product).get(READS[product.name]).status_code == 200


def test_the_labs_time_passes_until_an_answer_comes(product: Any, clock: Clock) -> None:
    before = clock.now()
    sent(product, client(product))
    assert (clock.now() - before).total_seconds() < 29
    product.switches.set("seconds_to_answer", 30)
    sent(product, client(product))
    assert (clock.now() - before).total_seconds() >= 30


def test_a_reset_ends_all_of_it(product: Any) -> None:
    for name, position in (("charset", "utf-16"), ("content_encoding", "gzip"), ("session_cookies", "kept")):
        product.switches.set(name, position)
    product.reset()
    headers, body = sent(product, client(product))
    assert not {"set-cookie", "content-encoding"} & headers.keys()
    assert json.loads(body)
