"""Two accounts on each of two servers on one host, in eight threads and a fork: nothing of one comes with another's request.

The servers give each account things of its own (a cookie, a token, another address for updates, no event queries, ids
that want times), each with a canary in it, and write down all that comes.
"""

from __future__ import annotations

import base64
import json
import os
import re
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.package import configuration, connector, go_by, let_go

# Loaded beforehand: what loads it holds a lock, which a process that is forked meanwhile would never get.
BRIDGE = type(connector())
REST = "/phoenix/rest"
THREADS, ROUNDS = 8, 6


@dataclass(frozen=True)
class Account:
    """An account of both products. ``name`` is in each of its credentials, and in all that it is given."""

    name: str
    by_token: bool

    @property
    def credentials(self) -> dict[str, str]:
        """What the configuration holds."""
        key = {"fortimonitor_api_key": f"{self.name}-api-key"}
        if self.by_token:
            client = {"fortisiem_client_id": f"{self.name}-client", "fortisiem_client_secret": f"{self.name}-secret"}
            return {**key, **client, "fortisiem_sign_in": "API Token"}
        login = {"fortisiem_username": f"{self.name}-user", "fortisiem_password": f"{self.name}-password"}
        return {**key, **login, "fortisiem_organization": f"{self.name}-org"}


ACCOUNTS = [Account("canary-ada", by_token=True), Account("canary-bob", by_token=True)]
BY_PASSWORD = [Account("canary-cyd", by_token=False), Account("canary-dan", by_token=False)]
NAMES = [account.name for account in (*ACCOUNTS, *BY_PASSWORD)]


@dataclass(frozen=True)
class Came:
    """A request as it came: by which connection, of which account, and all of its bytes as text."""

    connection: tuple[str, int]
    account: str
    method: str
    path: str
    text: str
    body: str


class Server:
    """Both products on one port. ``old`` are the accounts to which it is an old FortiSIEM; to the others it is a new one."""

    def __init__(self, *old: str) -> None:
        self.old = old
        self.came: list[Came] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                text = f"{self.requestline}\n{self.headers}\n{body}"
                account = outer.account_of(self.headers.get("Authorization", ""), body)
                with outer._lock:
                    outer.came.append(
                        Came(self.client_address, account, self.command, urlsplit(self.path).path, text, body)
                    )
                status, value = outer.answer(account, self.command, urlsplit(self.path).path, body)
                content = b"" if status == 204 else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Set-Cookie", f"JSESSIONID={account}-session; Path=/")
                self.send_header("ETag", f'"{account}-tag"')
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def account_of(self, authorization: str, body: str) -> str:
        """Return whose credentials a request carries."""
        kind, _, value = authorization.partition(" ")
        shown = base64.b64decode(value).decode() if kind == "Basic" else value or dict(parse_qsl(body))["client_id"]
        found = re.match("canary-[a-z]+", shown)
        assert found, shown
        return found.group(0)

    def answer(self, account: str, method: str, path: str, body: str) -> tuple[int, Any]:
        """Return status and body of an answer, with something of the account's own in it."""
        is_old = account in self.old
        if path.endswith("/oauth/token"):
            return 200, {"access_token": f"{account}-token-of-{self.origin[-5:]}", "expires_in": 15}
        if path == f"{REST}/incident/external":
            return (404, {}) if is_old else (200, "OK")
        if "/incident/update/" in path:
            return 200, "SUCCESS"
        if path.endswith("/triggeringEvents/start"):
            return (404, {}) if is_old else (200, {"queryId": f"{account}-query"})
        if "/triggeringEvents/progress/" in path:
            return 200, 100
        if "/triggeringEvents" in path:
            return 200, []
        if path == f"{REST}/pub/incident":
            if is_old and "timeFrom" not in json.loads(body):
                return 400, {"message": f"timeFrom is required, {account}"}
            return 200, {"data": [{"incidentId": 1, "incidentExtTicketId": f"{account}-ticket"}], "total": 1}
        return (204, "") if method == "PUT" else (200, {"outage_list": [], "meta": {"next": None, "total_count": 0}})


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    """Two servers: who finds the one old finds the other new, with the same credentials."""
    made = [Server("canary-ada", "canary-cyd"), Server("canary-bob", "canary-dan")]
    yield made
    let_go()
    for server in made:
        server.close()


def config_for(server: Server, account: Account, **changes: Any) -> dict[str, Any]:
    addresses = {"fortimonitor_url": f"{server.origin}/v2", "fortisiem_server": server.origin}
    return configuration(**addresses, **account.credentials, **changes)


def execute(operation: str, params: dict[str, Any], config: dict[str, Any]) -> Any:
    """Run an action through a connector object of its own, as FortiSOAR makes one for every call."""
    return BRIDGE().execute(config, operation, params)


def use(server: Server, account: Account) -> None:
    """Do what makes the connector learn something of a server, and keep it."""
    config = config_for(server, account)
    execute("update_siem_incident", {"incident_id": 1, "external_ticket_id": account.name, "verify": False}, config)
    execute("get_siem_incident_events", {"incident_id": 1}, config)
    assert execute("get_siem_incident", {"incident_id": 1}, config)["external_ticket_id"] == f"{account.name}-ticket"
    execute("force_resolve_incident", {"incident": "5", "reason": account.name}, config)
    execute("list_fortimonitor_incidents", {"text": account.name}, config)


def in_threads(servers: list[Server], accounts: list[Account]) -> list[BaseException]:
    """Use every server by every account in eight threads, whose rounds begin at another place each; return what failed."""
    pairs = [(server, account) for server in servers for account in accounts]
    failed: list[BaseException] = []

    def rounds(number: int) -> None:
        try:
            for turn in range(ROUNDS):
                use(*pairs[(number + turn) % len(pairs)])
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test names it
            failed.append(error)

    threads = [threading.Thread(target=rounds, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    _forked(pairs)
    for thread in threads:
        thread.join()
    return failed


def _forked(pairs: list[tuple[Server, Account]]) -> None:
    """Use everything in a process that is forked off while the threads are at it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads is just what is tested
        child = os.fork()
    if child == 0:
        code = 1
        try:
            for pair in pairs:
                use(*pair)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.field_case("F2", "W1", "W2")
@pytest.mark.parametrize("accounts", [ACCOUNTS, BY_PASSWORD, [ACCOUNTS[0], BY_PASSWORD[1]]], ids=str)
def test_nothing_of_one_account_or_server_comes_with_another_ones_request(servers, accounts):
    for server in servers:
        for account in accounts:
            use(server, account)
    assert in_threads(servers, accounts) == []
    for server, other in (servers, servers[::-1]):
        assert len(server.came) > 100
        for account in accounts:
            ours = [came for came in server.came if came.account == account.name]
            strangers = [name for name in NAMES if name != account.name] + [f"token-of-{other.origin[-5:]}"]
            for came in ours:
                assert not any(name in came.text for name in strangers), came.text
                assert "session" not in came.text, came.text
                assert "cookie" not in came.text.lower(), came.text
                assert f"{account.name}-tag" not in came.text, came.text
            _assert_learnt(server, account, ours)
        by_connection: dict[Any, set[str]] = {}
        for came in server.came:
            by_connection.setdefault(came.connection, set()).add(came.account)
        assert all(len(users) == 1 for users in by_connection.values())


def _assert_learnt(server: Server, account: Account, came: list[Came]) -> None:
    """Assert that what an account learnt of a server is what this server is to it: asked twice, once in the fork."""
    asked = [(each.method, each.path) for each in came]
    is_old = account.name in server.old
    twin = [path for _, path in asked if "/incident/update/" in path]
    at_once = [path for _, path in asked if path.endswith("/triggeringEvents")]
    with_times = [each for each in came if each.path == f"{REST}/pub/incident" and "timeFrom" in each.body]
    if not is_old:
        assert (twin, at_once, with_times) == ([], [], [])
        return
    for learnt, first in ((twin, "/incident/external"), (at_once, "/triggeringEvents/start")):
        assert len(learnt) > 2
        assert sum(path.endswith(first) for _, path in asked) == 2
    without = [each for each in came if each.path == f"{REST}/pub/incident" and "timeFrom" not in each.body]
    assert len(without) == 2


@pytest.mark.field_case("W1")
def test_each_account_gets_one_token_of_each_server_however_many_threads_want_it(servers):
    assert in_threads(servers, ACCOUNTS) == []
    for server in servers:
        minted = [came.account for came in server.came if came.path.endswith("/oauth/token")]
        assert sorted(minted) == sorted([account.name for account in ACCOUNTS] * 2), "once here, and once in the fork"
        used = {re.findall("Bearer (.*)", came.text)[0] for came in server.came if "Bearer" in came.text}
        assert used == {f"{account.name}-token-of-{server.origin[-5:]}" for account in ACCOUNTS}


@pytest.mark.field_case("W1")
def test_a_rate_limit_that_one_account_used_up_holds_up_no_other_account_and_no_other_server(servers, monkeypatch):
    waits: list[float] = []
    go_by(monkeypatch, monotonic=lambda: sum(waits), sleep=waits.append)
    busy, other = ACCOUNTS
    for _ in range(100):
        execute("list_fortimonitor_incidents", {}, config_for(servers[0], busy))
    many = {"items": [5, 6], "concurrency": 1}
    for server, account in ((servers[0], other), (servers[1], busy), (servers[1], other)):
        result = execute("force_resolve_incidents", many, config_for(server, account))
        assert (result["outcome"], waits) == ("done", [])
    result = execute("force_resolve_incidents", many, config_for(servers[0], busy, total_timeout=300))
    assert (result["outcome"], waits) == ("done", [61.0])
