"""The journal: what a product was asked and what it answered, without secrets."""

from __future__ import annotations

import itertools
import logging
import re
import threading
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .clock import Clock
from .shallow_json import TooDeep, read_json

KEPT = 20_000  # requests
KEPT_BYTES = 16 * 2**20  # of requests; what is shown of one takes a multiple of it
LARGEST_BODY = 8 * 2**10  # of which more than its size is kept
LONGEST_TEXT = 2000  # characters of a path, or of a value of a query or a header
HIDDEN = "***"
SHORTEST_SECRET = 4  # a shorter one would be found in any word

# How headers, parameters of a query and keys of a body are called that hold a secret. `s` is FortiSIEM's user
# interface's second name of its session.
SECRET_NAME = re.compile(r"pass(word|wd|phrase)|pwd|secret|token|api.?key|authori[sz]ation|cookie|session", re.I)
SHORT_NAMES = ("s", "key")
# What global variables hold may be a secret; they are sent to one address, and with collections of playbooks.
VARIABLES, VALUES = ("dynamic-variable", "macros"), ("value", "default_value")
SCHEME = re.compile(r"(Basic|Bearer|ApiKey|API-KEY|CS) ", re.I)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One request with its answer. Headers are lower-case; ``body`` is parsed JSON or a form, else what it was."""

    number: int
    time: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    status: int | None


class Journal:
    """The last requests a product received, oldest first.

    Parameters:
        secrets: values that are hidden wherever they stand; ``hide`` adds to them.
    """

    def __init__(self, clock: Clock, secrets: Collection[str] = ()) -> None:
        self._clock = clock
        self._secrets: set[str] = set()
        self._entries: deque[tuple[Entry, int]] = deque()
        self._bytes = 0
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        for secret in secrets:
            self.hide(secret)

    def hide(self, secret: object) -> None:
        """Hide a value wherever it stands from now on."""
        if isinstance(secret, str) and len(secret) >= SHORTEST_SECRET:
            with self._lock:
                self._secrets.add(secret)

    def without_secrets(self, text: str) -> str:
        """Return a text of any length with the hidden values taken out."""
        with self._lock:
            return _pattern(self._secrets).sub(HIDDEN, text)

    def record(
        self,
        method: str,
        path: str,
        query: str,
        headers: dict[str, str],
        body: bytes,
        status: int | None,
        size: int | None = None,
    ) -> None:
        """Write one request down, with its secrets taken out.

        Parameters:
            size: of the body, of which ``body`` is the beginning; None if it is all of it.
        """
        size = len(body) if size is None else size
        with self._lock:
            shown = _Shown(self._secrets, is_of_variables=VARIABLES[0] in path)
            entry = Entry(
                number=next(self._numbers),
                time=self._clock.now().isoformat(),
                method=method,
                path=shown.text(path),
                query=shown.query(query),
                headers=shown.headers(headers),
                body=shown.body(headers.get("content-type", ""), body, size),
                status=status,
            )
            self._keep(entry, len(path) + len(query) + len(body) + sum(map(len, itertools.chain(*headers.items()))))

    def _keep(self, entry: Entry, size: int) -> None:
        self._entries.append((entry, size))
        self._bytes += size
        while len(self._entries) > KEPT or self._bytes > KEPT_BYTES:
            self._bytes -= self._entries.popleft()[1]

    def entries(self) -> list[Entry]:
        """Return the requests so far, oldest first."""
        with self._lock:
            return [entry for entry, _ in self._entries]

    def as_json(self) -> list[dict[str, Any]]:
        """Return the requests so far in a form that JSON can carry."""
        return [asdict(entry) for entry in self.entries()]

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0


class JournalMiddleware:
    """Write each HTTP request of an ASGI application into a journal once it is answered."""

    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        self.app = app
        self.journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = bytearray()
        size = 0
        status: int | None = None
        is_written = False

        async def listening() -> Message:
            nonlocal size
            message = await receive()
            content = message.get("body", b"")
            size += len(content)
            body.extend(content[: LARGEST_BODY - len(body)])
            return message

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                write_down()  # before the first byte leaves: whoever has the answer finds it in the journal
            await send(message)

        def write_down() -> None:
            nonlocal is_written
            is_written = True
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            query = scope["query_string"].decode("latin-1")
            try:
                self.journal.record(scope["method"], scope["path"], query, headers, bytes(body), status, size)
            except Exception:  # the product has done what it was asked: the journal may not change its answer
                log.exception("%s %s could not be written into the journal", scope["method"], scope["path"])

        try:
            await self.app(scope, listening, answering)
        except Exception:
            status = 500  # which the application's server answers in its place
            raise
        finally:
            if not is_written:
                write_down()


def _pattern(secrets: Collection[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(secrets, key=len, reverse=True))) or "(?!)")


class _Shown:
    """What is shown of the parts of one request.

    Parameters:
        secrets: values that are hidden wherever they stand.
        is_of_variables: whether it is about global variables, whose values are hidden too.
    """

    def __init__(self, secrets: Collection[str], is_of_variables: bool) -> None:
        self._secret = _pattern(secrets)
        self._is_of_variables = is_of_variables

    def text(self, text: str) -> str:
        return self._secret.sub(HIDDEN, text)[:LONGEST_TEXT]

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        shown = {}
        for name, value in headers.items():
            if name == "authorization":
                scheme = SCHEME.match(value)
                shown[name] = f"{scheme[1]} {HIDDEN}" if scheme else HIDDEN
            elif not (name in SHORT_NAMES or SECRET_NAME.search(name)):
                shown[self.text(name)] = self.text(value)
        return shown

    def query(self, query: str) -> dict[str, str]:
        given = dict(parse_qsl(query, keep_blank_values=True))
        hidden = {name: HIDDEN for name, value in given.items() if name in SHORT_NAMES and value}
        return {name: self.text(value) for name, value in self.value(given | hidden).items()}

    def body(self, content_type: str, body: bytes, size: int) -> Any:
        what = self.text(content_type.partition(";")[0]) or "no declared type"
        if "multipart/" in content_type or size > len(body):
            return f"<{size} bytes of {what}>"
        if not body:
            return ""
        try:
            if "x-www-form-urlencoded" in content_type:
                return self.value(dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True)))
            return self.value(read_json(body))
        except TooDeep:
            return f"<{size} bytes of JSON that nests too deep to be shown>"
        except ValueError:  # who could tell a secret in it?
            return f"<{size} bytes of {what} that cannot be read>"

    def value(self, value: Any, is_of_variables: bool = False) -> Any:
        if isinstance(value, dict):
            hides = is_of_variables or self._is_of_variables
            return {
                self.text(name): HIDDEN
                if item not in (None, "") and (SECRET_NAME.search(name) or (hides and name in VALUES))
                else self.value(item, name in VARIABLES)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self.value(item, is_of_variables) for item in value]
        return self._secret.sub(HIDDEN, value) if isinstance(value, str) else value
