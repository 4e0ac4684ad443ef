"""The HTTP application: which paths there are, who may call them, and what comes before each answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from . import access, answers, event_queries, h5, listing, system, triggering, updates
from .accounts import Account
from .calls import Call, Handler
from .supervisor import Supervisor

REST = "/phoenix/rest"

NOBODY = Account("", "", "", "read_only")


@dataclass(frozen=True)
class Resource:
    """One path: whether this FortiSIEM has it, its handler for each verb, and what it takes to call it."""

    siem: Supervisor
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
        caller = self._identified(request)
        if caller is None:
            # A call of the user interface without its session was seen to be a bare 403.
            unknown = answers.refused(self.siem, 401, answers.UNAUTHORIZED)
            return Response(status_code=403) if self.needs == "session" else unknown
        return (
            self._failure()
            or self._not_here(request.method)
            or self._forbidden(caller)
            or self._handled(request, body, caller)
        )

    def _identified(self, request: Request) -> Optional[Account]:
        if self.needs == "nothing":
            return NOBODY
        if self.needs == "session":
            return h5.logged_in(self.siem, request.method, request.headers, request.cookies)
        return access.identify(self.siem, request.headers.get("authorization", ""))

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

    def _forbidden(self, caller: Account) -> Optional[Response]:
        # Assumed: the guide asks for "appropriate access" and names no role.
        if self.needs == "write" and caller.role == "read_only":
            return answers.refused(self.siem, 403, "Access Denied")
        return None

    def _handled(self, request: Request, body: bytes, caller: Account) -> Response:
        address = request.client.host if request.client else ""
        query = parse_qs(request.url.query, keep_blank_values=True)
        content_type = request.headers.get("content-type", "")
        call = Call(caller, address, request.path_params, query, content_type, body)
        handler = self.verbs[request.method]
        if self.needs != "query":
            return handler(self.siem, call)
        with self.siem.queries.running(address) as number:
            with self.siem.store.transaction() as session:
                too_many = triggering.too_many(self.siem, session, address, number)
            return answers.too_many() if too_many else handler(self.siem, call)


def application(siem: Supervisor) -> ASGIApp:
    """Build the application of one FortiSIEM. All but the token and the login want credentials, even unknown paths."""

    def always() -> bool:
        return True

    def never() -> bool:
        return False

    def external() -> bool:
        return bool(siem.switches["external_endpoint"] == "present")

    def twin() -> bool:
        return siem.version.lists_incidents and bool(siem.switches["twin_endpoint"] == "present")

    def queried() -> bool:
        return siem.version.runs_triggering_event_queries

    def tokens() -> bool:
        return siem.version.has_bearer

    def health() -> bool:
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
        "/pub/incident/triggeringEvents": Resource(
            siem, lambda: siem.version.lists_incidents, {"GET": triggering.events_at_once}, "query"
        ),
        "/pub/incident/triggeringEvents/start": Resource(siem, queried, {"GET": triggering.start_query}),
        "/pub/incident/triggeringEvents/progress/{queryId}": Resource(
            siem, queried, {"GET": triggering.query_progress}
        ),
        "/pub/incident/triggeringEvents/result/{queryId}": Resource(siem, queried, {"GET": triggering.query_result}),
        "/incident/triggeringEvents": Resource(
            siem, lambda: siem.version.lists_event_ids, {"GET": triggering.event_ids}, "query"
        ),
        "/query/events/{queryId}/{offset}/{limit}": Resource(siem, always, {"GET": event_queries.query_events}),
        "/pub/incident/{queryId}/{page}": Resource(
            siem, lambda: listing.pages_by_query(siem), {"GET": listing.further_page}, "query"
        ),
        "/system/health/summary": Resource(siem, health, {"GET": system.health_summary}),
        "/system/health/instance": Resource(siem, health, {"GET": system.health_instance}),
        "/system/health": Resource(siem, health, {"GET": system.complete_health}),
        "/config/Domain": Resource(siem, always, {"GET": system.organizations}),
        "/organization/list": Resource(siem, lambda: siem.version.has_organization_list, {"GET": system.organizations}),
        "/pub/security/oauth/token": Resource(
            siem, lambda: siem.version.issues_tokens, {"POST": access.issue_token}, "nothing"
        ),
        "/system/license": Resource(siem, always, {"GET": h5.public_license}),
        "/h5/sec/login": Resource(siem, always, {"POST": h5.log_in}, "nothing"),
        "/h5/sec/license": Resource(siem, always, {"GET": h5.license_info}, "session"),
        "/h5/sec/oauth/tokens": Resource(siem, tokens, {"GET": h5.list_clients}, "session"),
        "/h5/sec/oauth/token": Resource(siem, tokens, {"POST": h5.make_client}, "session"),
        "/h5/sec/oauth/token/{id}/revoke": Resource(siem, tokens, {"POST": h5.revoke_client}, "session"),
        "/h5/{unknown:path}": Resource(siem, never, {}, "session"),
        "/{unknown:path}": Resource(siem, never, {}),
    }
    return Router([Route(REST + path, resource) for path, resource in resources.items()], redirect_slashes=False)
