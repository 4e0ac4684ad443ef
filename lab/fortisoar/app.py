"""The HTTP face of the local FortiSOAR: addresses, bodies, and who may come in."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextvars import copy_context
from functools import partial
from typing import Any

from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ..kit.shallow_json import read_json
from ..kit.whole_numbers import whole_number
from .accounts import Accounts
from .administration.licence import PUBLIC_LICENCE
from .administration.service import Administration
from .caller import Caller, set_caller
from .configurations import Configurations
from .connectors import Connectors
from .execution import Execution
from .playbooks import Playbooks
from .records import Records
from .records.search import Search
from .refusals import Refusal, refusal
from .shapes import PAGE_SIZE, Row, page

VERSION = "7.6.5-5662"
PUBLIC = {"/auth/authenticate", "/api/version", "/cyops_version.json", *PUBLIC_LICENCE}
SLASHED = ("/api/integration/", "/api/wf/")
# A number or a text that it cannot hold, and a query of more conditions than it can read.
NOT_FOR_A_DATABASE = (OverflowError, UnicodeEncodeError, RecursionError, OperationalError)
TOO_MUCH = re.compile("too large|too many|overflow")

Answer = tuple[int, Any]
Handler = Callable[[Request, Row], Answer]


class Gate:
    """Turn away requests without the trailing slash, and those that are not logged in."""

    def __init__(self, app: ASGIApp, accounts: Accounts) -> None:
        self.app = app
        self.accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http":
            try:
                set_caller(self._check(Request(scope)))
            except Refusal as refused:
                app = _json(refused.status, refused.body)
        await app(scope, receive, send)

    def _check(self, request: Request) -> Caller:
        path, address = request.url.path, request.client.host if request.client else ""
        if path.startswith(SLASHED) and not path.endswith("/"):
            # The appliance's text; it has nothing to do with the credentials.
            raise Refusal(403, {"detail": "Could not validate HMAC fingerprint"})
        if path in PUBLIC:
            return Caller("anybody", address=address)
        who = self.accounts.check(request.headers.get("authorization", ""), address)
        self.accounts.permit(who, request.method, path)
        return who


class Api:
    """The endpoints.

    Parameters:
        further: routes of parts that have no more to do with this file.
        patient: threads for requests that wait for an action. They must not take the threads that others need: an
            action may call this API itself.
    """

    def __init__(
        self,
        accounts: Accounts,
        connectors: Connectors,
        configurations: Configurations,
        execution: Execution,
        records: Records,
        search: Search,
        playbooks: Playbooks,
        administration: Administration,
        further: Sequence[Route],
        patient: Executor,
    ) -> None:
        self._accounts = accounts
        self._connectors = connectors
        self._configurations = configurations
        self._execution = execution
        self._records = records
        self._search = search
        self._playbooks = playbooks
        self._administration = administration
        self._further = further
        self._patient = patient

    def app(self) -> ASGIApp:
        """Return the application."""
        starlette = Starlette(
            routes=self._routes(),
            exception_handlers={HTTPException: _http_error, **dict.fromkeys(NOT_FOR_A_DATABASE, _not_for_a_database)},
        )
        starlette.router.redirect_slashes = False
        return Gate(self._administration.audited(starlette), self._accounts)

    def _routes(self) -> list[Route]:
        base = "/api/integration"
        return [
            _route("POST", "/auth/authenticate", self._log_in),
            _route("GET", "/api/version", _version),
            Route("/api/3/solutionpacks/install", self._install, methods=["POST"]),
            _route("GET", f"{base}/connectors/", self._list_connectors),
            _route("POST", f"{base}/connector/development/list/", _development_list),
            _route("POST", f"{base}/connector_details/", self._all_details),
            _route("POST", f"{base}/connector_details/{{name}}/{{version}}/", self._operation_details),
            _route("POST", f"{base}/connector_output_schema/{{name}}/{{version}}/", self._output_schema),
            _route("GET", f"{base}/connectors/healthcheck/{{name}}/{{version}}/", self._check_health, self._patient),
            _route("GET", f"{base}/connectors/dependencies_check/{{name}}/{{version}}/", self._dependencies),
            _route("POST", f"{base}/connectors/dependencies_check/{{name}}/{{version}}/", self._install_dependencies),
            _route("POST", f"{base}/connectors/{{number:int}}/", self._details),
            _route("GET", f"{base}/connectors/{{number:int}}/", _only_post),
            _route("PUT", f"{base}/connectors/{{number:int}}/", self._set_active),
            _route("DELETE", f"{base}/connectors/{{number:int}}/", self._uninstall),
            _route("POST", f"{base}/connectors/{{name}}/{{version}}/", self._details_by_name),
            _route("GET", f"{base}/connectors/{{name}}/{{version}}/", _only_post),
            _route("GET", f"{base}/configuration/", self._list_configurations),
            _route("POST", f"{base}/configuration/", self._create_configuration),
            _route("GET", f"{base}/configuration/{{key}}/", self._read_configuration),
            _route("PUT", f"{base}/configuration/{{key}}/", self._update_configuration),
            _route("DELETE", f"{base}/configuration/{{key}}/", self._delete_configuration),
            _route("POST", f"{base}/execute/", self._execute, self._patient),
            *self._administration.routes(),
            *self._search.routes(),
            *self._playbooks.routes(),
            *self._further,
            *self._records.routes(),
        ]

    def _log_in(self, request: Request, body: Row) -> Answer:
        return 200, {"token": self._accounts.log_in(body.get("credentials"))}

    async def _install(self, request: Request) -> Response:
        try:
            content = await _uploaded_connector(request)
            replace = request.query_params.get("$replace") == "true"
            return _json(200, await run_in_threadpool(self._connectors.install, content, replace))
        except Refusal as refused:
            return _json(refused.status, refused.body)

    def _list_connectors(self, request: Request, body: Row) -> Answer:
        return 200, _page_of(self._connectors.rows(dict(request.query_params)), request)

    def _all_details(self, request: Request, body: Row) -> Answer:
        return 200, {"data": self._connectors.all_details(dict(request.query_params)), "status": "Success"}

    def _operation_details(self, request: Request, body: Row) -> Answer:
        details = self._connectors.details_by_name(**request.path_params)
        if wanted := request.query_params.get("operation"):
            details["operations"] = [o for o in details["operations"] if o["operation"] == wanted]
        return 200, details

    def _output_schema(self, request: Request, body: Row) -> Answer:
        schema = self._connectors.output_schema(**request.path_params, operation=str(body.get("operation")))
        return 200, {"data": schema, "status": "Success"}

    def _check_health(self, request: Request, body: Row) -> Answer:
        return self._execution.check_health(**request.path_params, given=request.query_params.get("config"))

    def _dependencies(self, request: Request, body: Row) -> Answer:
        return 200, self._connectors.dependencies(**request.path_params)

    def _install_dependencies(self, request: Request, body: Row) -> Answer:
        return 200, self._connectors.install_dependencies(**request.path_params)

    def _details(self, request: Request, body: Row) -> Answer:
        return 200, self._connectors.details(**request.path_params)

    def _details_by_name(self, request: Request, body: Row) -> Answer:
        return 200, self._connectors.details_by_name(**request.path_params)

    def _set_active(self, request: Request, body: Row) -> Answer:
        if not isinstance(body.get("active"), bool):
            raise refusal(400, "active must be true or false.")
        return 200, self._connectors.set_active(**request.path_params, active=body["active"])

    def _uninstall(self, request: Request, body: Row) -> Answer:
        self._connectors.uninstall(**request.path_params)
        return 204, None

    def _list_configurations(self, request: Request, body: Row) -> Answer:
        return 200, _page_of(self._configurations.rows(dict(request.query_params)), request)

    def _create_configuration(self, request: Request, body: Row) -> Answer:
        return 201, self._configurations.create(body)

    def _read_configuration(self, request: Request, body: Row) -> Answer:
        return 200, self._configurations.read(**request.path_params)

    def _update_configuration(self, request: Request, body: Row) -> Answer:
        return 200, self._configurations.update(**request.path_params, body=body)

    def _delete_configuration(self, request: Request, body: Row) -> Answer:
        self._configurations.delete(**request.path_params)
        return 204, None

    def _execute(self, request: Request, body: Row) -> Answer:
        return 200, self._execution.execute(body)


def _route(method: str, path: str, handler: Handler, threads: Executor | None = None) -> Route:
    """Make a route whose handler runs in a thread, gets the parsed body, and may raise Refusal."""

    async def endpoint(request: Request) -> Response:
        try:
            call = partial(handler, request, await _json_body(request))
            if threads is None:
                answer = await run_in_threadpool(call)
            else:
                answer = await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, call)
        except Refusal as refused:
            return _json(refused.status, refused.body)
        return _json(*answer)

    return Route(path, endpoint, methods=[method])


async def _json_body(request: Request) -> Row:
    if request.method not in ("POST", "PUT"):
        return {}
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise refusal(415, "Unsupported media type")
    try:
        body = read_json(await request.body(), allow_surrogates=True)
    except ValueError as error:
        raise refusal(400, f"JSON parse error - {error}") from error
    if not isinstance(body, dict):
        raise refusal(400, "The body must be a JSON object.")
    return body


async def _uploaded_connector(request: Request) -> bytes:
    if request.query_params.get("$type") != "connector":
        raise refusal(400, "The local FortiSOAR installs connectors only: $type=connector is missing.")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise refusal(400, "The local FortiSOAR has no Content Hub: upload the archive as the multipart part 'file'.")
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise refusal(400, "The multipart part 'file' is missing.")
        return await file.read()


def _page_of(rows: list[Row], request: Request) -> Row:
    query = request.query_params
    return page(rows, _positive(query.get("page"), 1), _positive(query.get("page_size"), PAGE_SIZE))


def _positive(text: str | None, default: int) -> int:
    return whole_number(text) or default


def _version(request: Request, body: Row) -> Answer:
    return 200, {"version": VERSION}


def _development_list(request: Request, body: Row) -> Answer:
    return 200, _page_of([], request)


def _only_post(request: Request, body: Row) -> Answer:
    raise refusal(405, "Get method for this API is forbidden, Please use POST method")


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in (404, 405):
        return _json(error.status_code, {"message": f"The local FortiSOAR has no {request.method} {request.url.path}"})
    refused = _json(error.status_code, {"message": error.detail})
    refused.headers.update(error.headers or {})
    return refused


def _not_for_a_database(request: Request, error: Exception) -> Response:
    if isinstance(error, OperationalError) and not TOO_MUCH.search(str(error.orig)):
        raise error
    reason = error.orig if isinstance(error, OperationalError) else error
    return _json(400, {"message": f"The request has what no database takes: {reason}"})


def _json(status: int, body: Any) -> Response:
    if body is None:
        return Response(status_code=status)
    # json's own ASCII form: it also carries text that UTF-8 cannot.
    return Response(json.dumps(body), status, media_type="application/json")
