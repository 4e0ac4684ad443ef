"""Both products in this process, without a network between: what they answer is recorded, and altered field by field.

What a product does with a request is untouched, only what it says is altered. So what is stored tells what is true.
"""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from anyio.from_thread import BlockingPortal, start_blocking_portal
from requests.adapters import HTTPAdapter
from starlette.types import ASGIApp
from urllib3 import HTTPResponse

from lab.fortimonitor import FortiMonitor
from lab.fortisiem import Account, ApiClient, FortiSiem
from lab.kit.clock import Clock
from tests.support.every_action import changed, stored
from tests.support.package import (
    API_KEY,
    CLIENT_SECRET,
    FORTIMONITOR_URL,
    FORTISIEM_URL,
    PASSWORD,
    go_by,
    let_go,
    module,
)

NOW = datetime(2026, 11, 27, 12, 0, 0, tzinfo=timezone.utc)
TAKEN = 0.05  # seconds that a request takes, by the clock of the test
Place = tuple[Any, ...]  # names and indexes that lead to a value in an answer's body; () is the body itself

MISSING = object()
NOT_UTF_8 = "not \ue000 UTF-8"  # the character in it goes out as a byte that no UTF-8 has
# What stands in a field in place of what is documented.
ODD: dict[str, Any] = {
    "null": None,
    "missing": MISSING,
    "text": "Some <b>text</b>, \u00fc & \U0001f600",
    "number": 987654321,
    "true": True,
    "NaN": float("nan"),
    "empty text": "",
    "list": [7],
    "object": {"id": 7},
    "nested": json.loads("[" * 200 + "]" * 200),
    "unknown word": "Quiescent",
    "odd time": "0001-01-01T00:00:60Z",
    "10 kB": "x" * 10_000,
    "not UTF-8": NOT_UTF_8,
}
HEADERS = ("Location", "Content-Type")


class Stopped(Clock):
    """A clock that moves only where it is moved: by whoever waits, and with every request."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def advance(self, seconds: float) -> None:
        self.passed += seconds

    def reset(self) -> None:
        self.passed = 0.0


@dataclass(frozen=True)
class Exchange:
    """One request with the answer to it, as it was given."""

    product: str
    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def endpoint(self) -> str:
        """What it was sent to."""
        return f"{self.product} {self.method} {self.path}"

    @property
    def value(self) -> Any:
        """The body's JSON value; MISSING where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return MISSING


@dataclass(frozen=True)
class Alteration:
    """A field of an answer that holds something else.

    Parameters:
        endpoint: whose answers; each of them that has the field.
        place: of the field in the body, or the name of a header.
        odd: what stands there, a key of ODD.
        turn: of several answers, the one that alone is altered, counted from 0; None for all of them.
    """

    endpoint: str
    place: Place | str
    odd: str
    turn: int | None = None

    def of(self, exchange: Exchange) -> Exchange:
        """Return an exchange with the field altered; the same where it has no such field."""
        value = ODD[self.odd]
        if isinstance(self.place, str):
            headers = {name: text for name, text in exchange.headers.items() if name.lower() != self.place.lower()}
            shown = {} if value is MISSING else {self.place: str(value).replace("\ue000", "\xff")}
            return replace(exchange, headers={**headers, **shown})
        if not self.place:
            body = b"" if value is MISSING else json.dumps(value, ensure_ascii=False).encode()
        else:
            body = json.dumps(_with(exchange.value, self.place, value), ensure_ascii=False).encode()
        return replace(exchange, body=body.replace("\ue000".encode(), b"\xff"))


def _with(value: Any, place: Place, odd: Any) -> Any:
    name, *rest = place
    if isinstance(value, list):
        parts: list[Any] = list(value)
        if name < len(parts):
            parts[name : name + 1] = [_with(parts[name], tuple(rest), odd)] if rest else [odd][: odd is not MISSING]
        return parts
    if not isinstance(value, dict) or name not in value:
        return value
    if not rest and odd is MISSING:
        return {key: part for key, part in value.items() if key != name}
    return {**value, name: _with(value[name], tuple(rest), odd) if rest else odd}


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the place of every value in a JSON value, itself first; of a list's elements, the first stands for all."""
    yield place
    parts = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*place, name))


class Kept:
    """A product's database as it stood once, to be put back. One connection of its own sees whether others wrote."""

    def __init__(self, path: Path) -> None:
        self._live = sqlite3.connect(path)
        self._copy = sqlite3.connect(":memory:")
        self._live.backup(self._copy)
        self._version = self._data_version()

    @property
    def is_changed(self) -> bool:
        """Whether anything was written since it was kept, or put back."""
        return self._data_version() != self._version

    def put_back(self) -> None:
        """Put everything back as it was."""
        if self.is_changed:
            self._copy.backup(self._live)
            self._version = self._data_version()

    def close(self) -> None:
        """Let go of the database."""
        self._live.close()
        self._copy.close()

    def _data_version(self) -> int:
        (version,) = self._live.execute("PRAGMA data_version").fetchone()
        return int(version)


class OddProducts:
    """FortiMonitor and FortiSIEM, and a connector that gets their answers altered.

    ``exchanges`` are the requests since the products were put back, with the answers as the products gave them.
    """

    def __init__(self, folder: Path, portal: BlockingPortal) -> None:
        self.clock = Stopped()
        self.monitor = FortiMonitor(folder, self.clock, FORTIMONITOR_URL, API_KEY, "read-only")
        accounts, clients = [Account("super", "admin", PASSWORD)], [ApiClient("client-1", CLIENT_SECRET, "admin")]
        self.siem = FortiSiem(folder, self.clock, accounts, clients)
        self.exchanges: list[Exchange] = []
        self.alteration: Alteration | None = None
        self._folder, self._portal = folder, portal
        self._kept: list[Kept] = []
        self._before: dict[str, Any] = {}
        self._began = 0.0

    def reset(self) -> None:
        """Put both products back to their seeds, and the clock; the connector forgets everything."""
        self._let_go()
        self.clock.reset()
        self.monitor.reset()
        self.siem.reset()
        # Who counts requests here is the test; and a token is asked for in every call, since nothing is remembered.
        self.monitor.switches.set("rate_limit", False)
        self.siem.switches.set("token_rate_limit", False)
        self.alteration = None

    def keep(self) -> None:
        """Keep what both store now, for ``put_back``."""
        self._kept = [Kept(self._folder / f"{product.name}.sqlite") for product in (self.monitor, self.siem)]
        self._before, self._began = stored(self.monitor, self.siem), self.clock.passed

    def put_back(self, alteration: Alteration | None) -> None:
        """Put back what was kept; from now on answers are altered so."""
        let_go()
        for kept in self._kept:
            kept.put_back()
        self.clock.passed = self._began
        self.alteration, self.exchanges = alteration, []

    def changes(self) -> dict[str, Any]:
        """Return what is stored now and was not when it was kept."""
        if not any(kept.is_changed for kept in self._kept):
            return {}
        return changed(self._before, stored(self.monitor, self.siem))

    def close(self) -> None:
        """Let go of the databases."""
        self._let_go()
        self.monitor.close()
        self.siem.close()

    def _let_go(self) -> None:
        let_go()
        for kept in self._kept:
            kept.close()
        self._kept = []

    def answer(self, request: requests.PreparedRequest) -> requests.Response:
        """Answer a request of the connector's, in place of its connection."""
        assert request.url
        parts = urlsplit(request.url)
        product: FortiMonitor | FortiSiem = self.monitor if request.url.startswith(FORTIMONITOR_URL) else self.siem
        assert product is self.monitor or request.url.startswith(FORTISIEM_URL), request.url
        status, headers, body = self._portal.call(_asked, product.app, request)
        self.clock.advance(TAKEN)
        exchange = Exchange(product.name, request.method or "", parts.path, status, headers, body)
        turn = sum(each.endpoint == exchange.endpoint for each in self.exchanges)
        self.exchanges.append(exchange)
        altered = self.alteration
        if altered and altered.endpoint == exchange.endpoint and altered.turn in (None, turn):
            exchange = altered.of(exchange)
        return _response(request, exchange)


async def _asked(app: ASGIApp, request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(request.url or "")
    content = request.body or b""
    sent = content.encode() if isinstance(content, str) else content
    status, headers, body = 0, {}, b""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers.items()],
        "client": ("127.0.0.1", 1),
        "server": (parts.hostname, 443),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, headers, body
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {name.decode("latin-1").title(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            body += message.get("body", b"")

    await app(scope, receive, send)
    return status, {name: value for name, value in headers.items() if name != "Content-Length"}, body


def _response(request: requests.PreparedRequest, exchange: Exchange) -> requests.Response:
    raw = HTTPResponse(
        io.BytesIO(exchange.body), dict(exchange.headers), exchange.status, preload_content=False, decode_content=False
    )
    return HTTPAdapter().build_response(request, raw)


class _Session:
    """A session whose connection leads to the products here; making no real one saves its certificates."""

    def __init__(self, products: OddProducts) -> None:
        self._products = products
        self.proxy_credentials = ()

    def send(self, request: requests.PreparedRequest, timeout: Any) -> requests.Response:
        return self._products.answer(request)

    def close(self) -> None:
        pass


@contextmanager
def odd_products(folder: Path) -> Iterator[OddProducts]:
    """Put both products in the place of the network until the end of the block."""
    with start_blocking_portal() as portal, pytest.MonkeyPatch.context() as patch:
        products = OddProducts(folder, portal)
        clock = products.clock
        timing = {"monotonic": lambda: clock.passed, "wall": lambda: clock.now().timestamp()}
        go_by(patch, **timing, sleep=clock.advance, chance=lambda: 1.0)
        patch.setattr(module("core.http.sessions"), "Session", lambda settings: _Session(products))
        try:
            yield products
        finally:
            products.close()
