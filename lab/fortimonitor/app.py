"""The HTTP application: which handler answers which method and path."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import alerts, incidents, outages, servers, users
from .answers import Refused, refusal
from .calls import Call

if TYPE_CHECKING:
    from .product import FortiMonitor

Handler = Callable[[Call], Response]

ENDPOINTS: list[tuple[str, str, Handler]] = [
    ("POST", "/server/{server_id}/custom_incident", incidents.create),
    ("PUT", "/outage/{outage_id}/force_resolve", incidents.force_resolve),
    ("GET", "/outage", outages.list_all),
    ("GET", "/outage/active", outages.list_active),
    ("GET", "/outage/resolved", outages.list_resolved),
    ("GET", "/outage/{outage_id}", outages.get),
    ("GET", "/outage/{outage_id}/outage_log", outages.get_log),
    ("GET", "/outage/{outage_id}/outage_metadata", outages.get_metadata),
    ("GET", "/server", servers.list_servers),
    ("GET", "/server/{server_id}", servers.get_server),
    ("GET", "/server/{server_id}/outage", outages.list_of_server),
    ("GET", "/server/{server_id}/agent_resource", servers.list_agent_resources),
    ("GET", "/agent_resource_type", servers.list_agent_resource_types),
    ("GET", "/user", users.list_users),
]
SIDE_EFFECT_GETS: list[tuple[str, Handler]] = [
    ("/outage/{outage_id}/acknowledge", alerts.acknowledge),
    ("/outage/{outage_id}/escalate", alerts.escalate),
    ("/outage/{outage_id}/broadcast", alerts.broadcast),
    ("/outage/{outage_id}/delay/{delay_in_seconds:int}", alerts.delay),
    ("/public/outage/{hash}/acknowledge", alerts.acknowledge),
    ("/public/outage/{hash}/escalate", alerts.escalate),
    ("/public/outage/{hash}/delay/{delay_in_seconds:int}", alerts.delay),
]


def routes(monitor: FortiMonitor) -> list[Route]:
    """Return the routes below the path of the product's base URL."""
    prefix = urlsplit(monitor.base_url).path
    plain = [
        Route(prefix + spelling, _endpoint(monitor, handler), methods=[method])
        for method, path, handler in ENDPOINTS
        for spelling in _spellings(path)
    ]
    acting = [
        Route(prefix + path, _endpoint(monitor, handler, side_effect=True), methods=["GET"])
        for path, handler in SIDE_EFFECT_GETS
    ]
    return plain + acting


def application(monitor: FortiMonitor, routes: list[Route]) -> Starlette:
    """Return the application that answers admitted requests."""

    async def refuse(request: Request, refused: Exception) -> Response:
        assert isinstance(refused, Refused)
        return refusal(refused, monitor.switches)

    return Starlette(routes=routes, exception_handlers={Refused: refuse})


def _spellings(path: str) -> tuple[str, ...]:
    """Return the ways a path may be written: collections were seen with a trailing slash too."""
    return (path,) if "{" in path else (path, path + "/")


def _endpoint(monitor: FortiMonitor, handler: Handler, side_effect: bool = False) -> Callable[..., object]:
    async def endpoint(request: Request) -> Response:
        if side_effect:
            monitor.side_effect_gets += 1
        return await run_in_threadpool(_answer, monitor, handler, request, await request.body())

    return endpoint


def _answer(monitor: FortiMonitor, handler: Handler, request: Request, body: bytes) -> Response:
    with monitor.transaction() as session:
        call = Call(
            session=session,
            switches=monitor.switches,
            base_url=monitor.base_url,
            now=monitor.now(),
            route=request.url.path.removeprefix(urlsplit(monitor.base_url).path),
            path=request.path_params,
            query=request.query_params,
            body=body,
        )
        return handler(call)
