"""The HTTP application: which paths there are, who may call them, and what comes before each answer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from . import accounts, answers, listing, system, updates

if TYPE_CHECKING:
    from .product import FortiSiem

REST = "/phoenix/rest"


@dataclass(frozen=True)
class Call:
    """One authenticated request, as the handlers see it."""

    caller: accounts.Account
    path: dict[str, str]
    query: dict[str, list[str]]
    content_type: str
    body: bytes


Handler = Callable[["FortiSiem", Call], Response]

NOBODY = accounts.Account("", "", "", "read_only")


@dataclass(frozen=True)
class Resource:
    """One path: whether this FortiSIEM has it, its handler for each verb, and what it takes to call it."""

    siem: FortiSiem
    present: Callable[[], bool]
    verbs: dict[str, Handler]
    needs: str = "read"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. The work is done in a thread, since it waits for the database."""
        request = Request(scope, receive)
        body = await request.body()
        response = await run_in_threadpool(self._answer, request, body)
        await response(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        caller = NOBODY if self.needs == "nothing" else self._identified(request)
        if caller is None:
            return answers.refused(self.siem, 401, answers.UNAUTHORIZED)
        return (
            self._failure()
            or self._not_here(request.method)
            or self._forbidden(caller)
            or self._handled(request, body, caller)
        )

    def _identified(self, request: Request) -> Optional[accounts.Account]:
        return accounts.identify(self.siem, request.headers.get("authorization", ""))

    def _failure(self) -> Optional[Response]:
        kind = self.siem.switches["failure"]
        if kind == "none" or self.needs == "nothing":
            return None
        return {
            "429": answers.text("Too Many Requests", 429),
            "500": answers.page(500, "Internal Server Error"),
            "503_html": answers.page(503, "Service Unavailable"),
            "html_200": answers.page(200, "FortiSIEM Login"),
        }[kind]

    def _not_here(self, verb: str) -> Optional[Response]:
        if not self.present():
            return answers.page(404, "Not Found")
        if verb not in self.verbs:
            refusal = answers.page(405, "Method Not Allowed")
            refusal.headers["Allow"] = ", ".join(self.verbs)
            return refusal
        return None

    def _forbidden(self, caller: accounts.Account) -> Optional[Response]:
        # Assumed: the guide asks for "appropriate access" and names no role.
        if self.needs == "write" and caller.role == "read_only":
            return answers.refused(self.siem, 403, "Access Denied")
        return None

    def _handled(self, request: Request, body: bytes, caller: accounts.Account) -> Response:
        query = parse_qs(request.url.query, keep_blank_values=True)
        content_type = request.headers.get("content-type", "")
        call = Call(caller, request.path_params, query, content_type, body)
        handler = self.verbs[request.method]
        if self.needs != "query":
            return handler(self.siem, call)
        with self.siem.queries.running(request.client.host if request.client else "") as number:
            limit = self.siem.switches["concurrency_limit"]
            if limit and number > limit:
                return answers.text("Too many concurrent queries", 429)
            return handler(self.siem, call)


class Queries:
    """How many queries each client address has running."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def running(self, address: str) -> Iterator[int]:
        """Count one query of an address while it runs; yield how many there are now."""
        with self._lock:
            self._running[address] += 1
            number = self._running[address]
        try:
            yield number
        finally:
            with self._lock:
                self._running[address] -= 1


def application(siem: FortiSiem) -> ASGIApp:
    """Build the application of one FortiSIEM. Every path but the token's wants credentials, even unknown ones."""

    def always() -> bool:
        return True

    def never() -> bool:
        return False

    def external() -> bool:
        return bool(siem.switches["external_endpoint"] == "present")

    def twin() -> bool:
        return siem.version.lists_incidents and bool(siem.switches["twin_endpoint"] == "present")

    def summary() -> bool:
        return bool(siem.switches["health_summary"] != "missing")

    resources = {
        "/incident/external": Resource(siem, external, {"POST": updates.update_external}, "write"),
        "/pub/incident/update/{incidentId}": Resource(siem, twin, {"POST": updates.update_twin}, "write"),
        "/pub/incident": Resource(
            siem,
            lambda: siem.version.lists_incidents,
            {"GET": listing.list_by_get, "POST": listing.list_by_post},
            "query",
        ),
        "/pub/incident/{queryId}/{page}": Resource(
            siem, lambda: listing.pages_by_query(siem), {"GET": listing.further_page}, "query"
        ),
        "/system/health/summary": Resource(siem, summary, {"GET": system.health_summary}),
        "/config/Domain": Resource(siem, always, {"GET": system.organizations}),
        "/organization/list": Resource(siem, lambda: siem.version.has_organization_list, {"GET": system.organizations}),
        "/pub/security/oauth/token": Resource(
            siem, lambda: siem.version.issues_tokens, {"POST": accounts.issue_token}, "nothing"
        ),
        "/{unknown:path}": Resource(siem, never, {}),
    }
    return Router([Route(REST + path, resource) for path, resource in resources.items()], redirect_slashes=False)
