"""The HTTP face of the local FortiSOAR: addresses, bodies, and who may come in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import Executor

from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .accounts import Accounts
from .administration.licence import PUBLIC_LICENCE
from .administration.service import Administration
from .caller import Caller, set_caller
from .calls import Answer, Call, response, route
from .configurations import Configurations
from .connectors import Connectors
from .execution import Execution
from .refusals import Refusal, refusal
from .shapes import PAGE_SIZE, Row, page

VERSION = "7.6.5-5662"
PUBLIC = {"/auth/authenticate", "/api/version", "/cyops_version.json", *PUBLIC_LICENCE}
SLASHED = ("/api/integration/", "/api/wf/")
JSON_ALONE = ("/api/integration/", "/auth/authenticate")
BASE = "/api/integration"
# A number or a text that it cannot hold, and a query of more conditions than it can read.
NOT_FOR_A_DATABASE = (OverflowError, UnicodeEncodeError, RecursionError, OperationalError)
TOO_MUCH = re.compile("too large|too many|overflow")


class Gate:
    """Turn away requests without the trailing slash, those that are not logged in, and bodies that are not JSON."""

    def __init__(self, app: ASGIApp, accounts: Accounts) -> None:
        self.app = app
        self.accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http":
            try:
                set_caller(self._check(Request(scope)))
            except Refusal as refused:
                app = response(refused.status, refused.body)
        await app(scope, receive, send)

    def _check(self, request: Request) -> Caller:
        path = request.url.path
        if path.startswith(SLASHED) and not path.endswith("/"):
            # The appliance's text; it has nothing to do with the credentials.
            raise Refusal(403, {"detail": "Could not validate HMAC fingerprint"})
        who = self._caller(request, path)
        media_type = request.headers.get("content-type", "").split(";")[0].strip()
        if path.startswith(JSON_ALONE) and request.method in ("POST", "PUT") and media_type != "application/json":
            raise refusal(415, "Unsupported media type")
        return who

    def _caller(self, request: Request, path: str) -> Caller:
        address = request.client.host if request.client else ""
        if path in PUBLIC:
            return Caller("anybody", address=address)
        who = self.accounts.check(request.headers.get("authorization", ""), address)
        self.accounts.permit(who, request.method, path)
        return who


def application(
    accounts: Accounts,
    connectors: Connectors,
    configurations: Configurations,
    execution: Execution,
    administration: Administration,
    further: Iterable[BaseRoute],
    patient: Executor,
) -> ASGIApp:
    """Return the application.

    Parameters:
        further: the routes of parts that have their own, those of records as the last.
        patient: threads for requests that wait for an action. They must not take the threads that others need: an
            action may call this API itself.
    """
    starlette = Starlette(
        routes=[
            *_sign_in(accounts),
            *_connectors(connectors),
            *_configurations(configurations),
            *_execution(execution, patient),
            *administration.routes(),
            *further,
        ],
        exception_handlers={HTTPException: _http_error, **dict.fromkeys(NOT_FOR_A_DATABASE, _not_for_a_database)},
    )
    starlette.router.redirect_slashes = False
    return Gate(administration.audited(starlette), accounts)


def _sign_in(accounts: Accounts) -> list[Route]:
    return [
        route(
            "POST", "/auth/authenticate", lambda call: (200, {"token": accounts.log_in(call.fields.get("credentials"))})
        ),
        route("GET", "/api/version", lambda call: (200, {"version": VERSION})),
    ]


def _connectors(connectors: Connectors) -> list[Route]:
    def operation_details(call: Call) -> Answer:
        details = connectors.details_by_name(**call.path)
        if wanted := call.query.get("operation"):
            details["operations"] = [o for o in details["operations"] if o["operation"] == wanted]
        return 200, details

    def output_schema(call: Call) -> Answer:
        schema = connectors.output_schema(**call.path, operation=str(call.fields.get("operation")))
        return 200, {"data": schema, "status": "Success"}

    def set_active(call: Call) -> Answer:
        if not isinstance(call.fields.get("active"), bool):
            raise refusal(400, "active must be true or false.")
        return 200, connectors.set_active(**call.path, active=call.fields["active"])

    def install(call: Call) -> Answer:
        return 200, connectors.install(call.body, call.query.get("$replace") == "true")

    def uninstall(call: Call) -> Answer:
        connectors.uninstall(**call.path)
        return 204, None

    by_number, by_name = f"{BASE}/connectors/{{number:int}}/", f"{BASE}/connectors/{{name}}/{{version}}/"
    requirements = f"{BASE}/connectors/dependencies_check/{{name}}/{{version}}/"
    return [
        route("POST", "/api/3/solutionpacks/install", install, read=_uploaded_connector),
        route("GET", f"{BASE}/connectors/", lambda call: (200, _page_of(connectors.rows(call.query), call))),
        route("POST", f"{BASE}/connector/development/list/", lambda call: (200, _page_of([], call))),
        route(
            "POST",
            f"{BASE}/connector_details/",
            lambda call: (200, {"data": connectors.all_details(call.query), "status": "Success"}),
        ),
        route("POST", f"{BASE}/connector_details/{{name}}/{{version}}/", operation_details),
        route("POST", f"{BASE}/connector_output_schema/{{name}}/{{version}}/", output_schema),
        route("GET", requirements, lambda call: (200, connectors.dependencies(**call.path))),
        route("POST", requirements, lambda call: (200, connectors.install_dependencies(**call.path))),
        route("POST", by_number, lambda call: (200, connectors.details(**call.path))),
        route("GET", by_number, _only_post),
        route("PUT", by_number, set_active),
        route("DELETE", by_number, uninstall),
        route("POST", by_name, lambda call: (200, connectors.details_by_name(**call.path))),
        route("GET", by_name, _only_post),
    ]


def _configurations(configurations: Configurations) -> list[Route]:
    def delete(call: Call) -> Answer:
        configurations.delete(**call.path)
        return 204, None

    base, one = f"{BASE}/configuration/", f"{BASE}/configuration/{{key}}/"
    return [
        route("GET", base, lambda call: (200, _page_of(configurations.rows(call.query), call))),
        route("POST", base, lambda call: (201, configurations.create(call.fields))),
        route("GET", one, lambda call: (200, configurations.read(**call.path))),
        route("PUT", one, lambda call: (200, configurations.update(**call.path, body=call.fields))),
        route("DELETE", one, delete),
    ]


def _execution(execution: Execution, patient: Executor) -> list[Route]:
    health = f"{BASE}/connectors/healthcheck/{{name}}/{{version}}/"
    return [
        route("POST", f"{BASE}/execute/", lambda call: (200, execution.execute(call.fields)), patient),
        route("GET", health, lambda call: execution.check_health(**call.path, given=call.query.get("config")), patient),
    ]


async def _uploaded_connector(request: Request) -> bytes:
    """Return the archive of a connector that is uploaded."""
    if request.query_params.get("$type") != "connector":
        raise refusal(400, "The local FortiSOAR installs connectors only: $type=connector is missing.")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise refusal(400, "The local FortiSOAR has no Content Hub: upload the archive as the multipart part 'file'.")
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise refusal(400, "The multipart part 'file' is missing.")
        return await file.read()


def _page_of(rows: list[Row], call: Call) -> Row:
    return page(rows, call.number("page", 1), call.number("page_size", PAGE_SIZE))


def _only_post(call: Call) -> Answer:
    raise refusal(405, "Get method for this API is forbidden, Please use POST method")


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in (404, 405):
        return response(
            error.status_code, {"message": f"The local FortiSOAR has no {request.method} {request.url.path}"}
        )
    refused = response(error.status_code, {"message": error.detail})
    refused.headers.update(error.headers or {})
    return refused


def _not_for_a_database(request: Request, error: Exception) -> Response:
    if isinstance(error, OperationalError) and not TOO_MUCH.search(str(error.orig)):
        raise error
    reason = error.orig if isinstance(error, OperationalError) else error
    return response(400, {"message": f"The request has what no database takes: {reason}"})
