"""The HTTP application: which handler answers which method and path."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..kit.switches import Switches
from . import edits, incidents, outages, people, records, servers
from .alerts import ACKNOWLEDGE, BROADCAST, DELAY_ALERTS, ESCALATE
from .answers import Refused, refusal
from .calls import Call

Handler = Callable[[Call], Response]


class Monitor(Protocol):
    """What of the product its application works with."""

    base_url: str
    switches: Switches
    side_effect_gets: int

    def now(self) -> datetime: ...
    def transaction(self) -> AbstractContextManager[Session]: ...


ENDPOINTS: list[tuple[str, str, Handler]] = [
    ("POST", "/server/{server_id}/custom_incident", incidents.create),
    ("PUT", "/outage/{outage_id}/force_resolve", incidents.force_resolve),
    ("PUT", "/outage/{outage_id}/acknowledge", ACKNOWLEDGE.put),
    ("PUT", "/outage/{outage_id}/escalate", ESCALATE.put),
    ("PUT", "/outage/{outage_id}/broadcast", BROADCAST.put),
    ("PUT", "/outage/{outage_id}/delay/{delay_in_seconds:int}", DELAY_ALERTS.put),
    ("PUT", "/public/outage/{hash}/acknowledge", ACKNOWLEDGE.put),
    ("PUT", "/public/outage/{hash}/escalate", ESCALATE.put),
    ("PUT", "/public/outage/{hash}/delay/{delay_in_seconds:int}", DELAY_ALERTS.put),
    ("PUT", "/outage/{outage_id}/lead", edits.put_lead),
    ("PUT", "/outage/{outage_id}/summary", edits.put_summary),
    ("PUT", "/outage/{outage_id}/tags", edits.put_tags),
    ("PUT", "/outage/{outage_id}/description", edits.put_description),
    ("GET", "/outage", outages.list_all),
    ("GET", "/outage/active", outages.list_active),
    ("GET", "/outage/resolved", outages.list_resolved),
    ("GET", "/outage/{outage_id}", outages.get),
    ("GET", "/outage/{outage_id}/outage_log", records.get_log),
    ("POST", "/outage/{outage_id}/outage_log", records.post_entry),
    ("GET", "/outage/{outage_id}/outage_log/{entry_id}", records.get_entry),
    ("GET", "/outage/{outage_id}/outage_metadata", records.get_metadata),
    ("POST", "/outage/{outage_id}/outage_metadata", records.post_metadata),
    ("GET", "/server", servers.list_servers),
    ("GET", "/server/{server_id}", servers.get_server),
    ("GET", "/server/{server_id}/outage", outages.list_of_server),
    ("GET", "/server/{server_id}/agent_resource", servers.list_agent_resources),
    ("GET", "/agent_resource_type", servers.list_agent_resource_types),
    ("GET", "/user", people.list_users),
    ("GET", "/user/{person_id}", people.get_user),
    ("GET", "/contact", people.list_contacts),
    ("GET", "/contact/{person_id}", people.get_contact),
]
SIDE_EFFECT_GETS: list[tuple[str, Handler]] = [
    ("/outage/{outage_id}/acknowledge", ACKNOWLEDGE.get),
    ("/outage/{outage_id}/escalate", ESCALATE.get),
    ("/outage/{outage_id}/broadcast", BROADCAST.get),
    ("/outage/{outage_id}/delay/{delay_in_seconds:int}", DELAY_ALERTS.get),
    ("/public/outage/{hash}/acknowledge", ACKNOWLEDGE.get),
    ("/public/outage/{hash}/escalate", ESCALATE.get),
    ("/public/outage/{hash}/delay/{delay_in_seconds:int}", DELAY_ALERTS.get),
]


def routes(monitor: Monitor) -> list[Route]:
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


def application(monitor: Monitor, routes: list[Route]) -> Starlette:
    """Return the application that answers admitted requests."""

    async def refuse(request: Request, refused: Exception) -> Response:
        assert isinstance(refused, Refused)
        return refusal(refused, monitor.switches)

    return Starlette(routes=routes, exception_handlers={Refused: refuse})


def _spellings(path: str) -> tuple[str, ...]:
    """Return the ways a path may be written: collections were seen with a trailing slash too."""
    return (path,) if "{" in path else (path, path + "/")


def _endpoint(monitor: Monitor, handler: Handler, side_effect: bool = False) -> Callable[..., object]:
    async def endpoint(request: Request) -> Response:
        if side_effect:
            monitor.side_effect_gets += 1
        return await run_in_threadpool(_answer, monitor, handler, request, await request.body())

    return endpoint


def _answer(monitor: Monitor, handler: Handler, request: Request, body: bytes) -> Response:
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
