"""The control API: what a test, the console or a curious person does to a running lab from outside.

| request | body | answer |
|---|---|---|
| ``GET /`` | | the products and these requests |
| ``POST /reset`` | none or ``{}`` | everything as after the first start, the clock too |
| ``POST /reset`` | ``{"product": name}`` | that product as after the first start |
| ``GET /switches`` | | every product's switches |
| ``GET /switches/{product}`` | | its switches: name, position, positions, about |
| ``PUT /switches/{product}`` | ``{"switch": position, ...}`` | its switches; all are put or, if one cannot be, none |
| ``GET /worlds`` | | the named sets of positions: by product, what does not stand at its default |
| ``PUT /world`` | ``{"world": name}`` | every product's switches, put as the world has them |
| ``GET /journal/{product}`` | | the requests it received, oldest first, without secrets |
| ``DELETE /journal/{product}`` | | 204; its journal is empty |
| ``GET /counters/{product}`` | | how often what no list of its objects shows was done, such as paging people |
| ``GET /faults`` | | ``{"faults": [...], "catalogue": [...]}``: what is armed or used up, and what there is |
| ``POST /faults`` | one fault or a list | ``{"faults": [...]}``: what was armed; all are or, if one cannot be, none |
| ``DELETE /faults`` | | 204; none is armed |
| ``GET /wire/{product}`` | | ``{"connections": number, "requests": [...]}``: what came, before any fault |
| ``DELETE /wire/{product}`` | | 204; its connections and requests are forgotten |
| ``GET /clock`` | | ``{"now": ...}``, the lab's time |
| ``POST /clock`` | ``{"advance": seconds}`` or ``{"reset": true}`` | ``{"now": ...}`` |
| ``GET /openapi/{product}.json`` | | the OpenAPI document of a product, or of ``control``, made from its routes |

Every request needs ``Authorization: Bearer`` with the token of the ready file, and every body is JSON that says so:
any page that a browser has open reaches this port, and could otherwise empty the lab or read the journal.

What cannot be done is answered with 400 (404 for an unknown product or address) and ``{"error": one sentence}``. A
fault of the lab itself is a 500 of the same form, which says where its traceback is.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .faults import Faults, Wire, catalogue_as_json
from .kit.bodies import BodyLimit
from .kit.clock import Clock
from .kit.failures import FailureMiddleware
from .kit.product import Product
from .kit.shallow_json import read_json
from .kit.switches import Switches
from .openapi import described
from .worlds import WORLDS, enter

REQUESTS = [
    "GET /",
    "POST /reset",
    "GET /switches",
    "GET /switches/{product}",
    "PUT /switches/{product}",
    "GET /worlds",
    "PUT /world",
    "GET /journal/{product}",
    "DELETE /journal/{product}",
    "GET /counters/{product}",
    "GET /faults",
    "POST /faults",
    "DELETE /faults",
    "GET /wire/{product}",
    "DELETE /wire/{product}",
    "GET /clock",
    "POST /clock",
    "GET /openapi/{product}.json",
]

FARTHEST = 1e300  # seconds; further is no calendar, and what is not a number compares as false
OWN_SITE = ("none", "same-origin")  # what a browser says of a request that no other page makes
WANTED = "Send Authorization: Bearer with the token that the lab's ready line has under control."


def control_app(
    products: Mapping[str, Product],
    clock: Clock,
    faults: Faults,
    wires: Mapping[str, Wire],
    token: str,
    servers: Mapping[str, str],
) -> ASGIApp:
    """Return the control API of the products that share a clock, and of the faults in front of some of them.

    Parameters:
        token: what every request has to bring.
        servers: by product, and ``control``, where it answers.
    """
    control = _Control(products, clock, faults, wires, servers)
    starlette = Starlette(
        routes=[
            Route("/", control.overview, methods=["GET"]),
            Route("/reset", control.reset, methods=["POST"]),
            Route("/switches", control.all_switches, methods=["GET"]),
            Route("/switches/{product}", control.switches, methods=["GET"]),
            Route("/switches/{product}", control.put_switches, methods=["PUT"]),
            Route("/worlds", control.worlds, methods=["GET"]),
            Route("/world", control.enter_world, methods=["PUT"]),
            Route("/journal/{product}", control.journal, methods=["GET"]),
            Route("/journal/{product}", control.clear_journal, methods=["DELETE"]),
            Route("/counters/{product}", control.counters, methods=["GET"]),
            Route("/faults", control.list_faults, methods=["GET"]),
            Route("/faults", control.arm_faults, methods=["POST"]),
            Route("/faults", control.clear_faults, methods=["DELETE"]),
            Route("/wire/{product}", control.wire, methods=["GET"]),
            Route("/wire/{product}", control.clear_wire, methods=["DELETE"]),
            Route("/clock", control.clock, methods=["GET"]),
            Route("/clock", control.move_clock, methods=["POST"]),
            Route("/openapi/{product}.json", control.openapi, methods=["GET"]),
        ],
        # A web page that the user has open elsewhere can make a name of its own point at 127.0.0.1.
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
            Middleware(_Door, token=token),
        ],
        exception_handlers={HTTPException: _in_words},
    )
    return FailureMiddleware(BodyLimit(starlette), key="error")


class _Door:
    """Turn away web pages of another origin, and who does not have the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._authorization = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        own = f"{request.url.scheme}://{request.url.netloc}"
        if request.headers.get("origin", own) != own or request.headers.get("sec-fetch-site", "none") not in OWN_SITE:
            return JSONResponse({"error": "Web pages of another origin may not use the control API."}, 403)
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), self._authorization):
            return JSONResponse({"error": WANTED}, 401, {"WWW-Authenticate": "Bearer"})
        return None


class _Control:
    """The handlers, over one lab's products."""

    def __init__(
        self,
        products: Mapping[str, Product],
        clock: Clock,
        faults: Faults,
        wires: Mapping[str, Wire],
        servers: Mapping[str, str],
    ) -> None:
        self._products = products
        self._clock = clock
        self._faults = faults
        self._wires = wires
        self._servers = servers

    async def overview(self, request: Request) -> Response:
        return JSONResponse({"products": list(self._products), "requests": REQUESTS})

    async def reset(self, request: Request) -> Response:
        wanted = await _body(request, allowed={"product"})
        if "product" in wanted:
            chosen = [self._named(wanted["product"], status=400)]
        else:
            chosen = list(self._products.values())
            self._clock.reset()
        for product in chosen:
            self._faults.clear(product.name)
            await run_in_threadpool(product.reset)
            if product.name in self._wires:
                self._wires[product.name].clear()
        return JSONResponse({"reset": [product.name for product in chosen]})

    async def all_switches(self, request: Request) -> Response:
        return JSONResponse({name: product.switches.describe() for name, product in self._products.items()})

    async def switches(self, request: Request) -> Response:
        return JSONResponse(self._addressed(request).switches.describe())

    async def put_switches(self, request: Request) -> Response:
        switches = self._addressed(request).switches
        _put_all(switches, await _body(request))
        return JSONResponse(switches.describe())

    async def worlds(self, request: Request) -> Response:
        return JSONResponse(WORLDS)

    async def enter_world(self, request: Request) -> Response:
        wanted = await _body(request, allowed={"world"})
        try:
            enter(wanted.get("world"), self._products)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return await self.all_switches(request)

    async def journal(self, request: Request) -> Response:
        return JSONResponse(self._addressed(request).journal.as_json())

    async def clear_journal(self, request: Request) -> Response:
        self._addressed(request).journal.clear()
        return Response(status_code=204)

    async def counters(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._addressed(request).counters))

    async def list_faults(self, request: Request) -> Response:
        return JSONResponse({"faults": self._faults.as_json(), "catalogue": catalogue_as_json()})

    async def arm_faults(self, request: Request) -> Response:
        try:
            armed = self._faults.arm(await _json(request))
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        for fault in armed:
            if fault.kind.at_accept:
                # A client that goes on with the connection it has would never meet the fault.
                self._wires[fault.product].close_idle()
        return JSONResponse({"faults": [fault.as_json() for fault in armed]})

    async def clear_faults(self, request: Request) -> Response:
        self._faults.clear()
        return Response(status_code=204)

    async def wire(self, request: Request) -> Response:
        return JSONResponse(self._addressed_wire(request).as_json())

    async def clear_wire(self, request: Request) -> Response:
        self._addressed_wire(request).clear()
        return Response(status_code=204)

    async def clock(self, request: Request) -> Response:
        return JSONResponse({"now": self._clock.now().isoformat()})

    async def move_clock(self, request: Request) -> Response:
        wanted = await _body(request, allowed={"advance", "reset"})
        if wanted == {"reset": True}:
            self._clock.reset()
        else:
            self._advance(wanted.get("advance") if len(wanted) == 1 else None)
        return await self.clock(request)

    async def openapi(self, request: Request) -> Response:
        name = request.path_params["product"]
        app = request.app if name == "control" else self._addressed(request).app
        return JSONResponse(described(name, app, self._servers[name]))

    def _advance(self, seconds: object) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not -FARTHEST < seconds < FARTHEST:
            raise HTTPException(400, 'Send {"advance": seconds} with a number, or {"reset": true}.')
        try:
            self._clock.advance(seconds)
            self._clock.now()
        except OverflowError:
            self._clock.reset()
            raise HTTPException(400, f"The clock cannot be moved by {seconds} seconds; it shows real time.") from None

    def _addressed(self, request: Request) -> Product:
        return self._named(request.path_params["product"], status=404)

    def _addressed_wire(self, request: Request) -> Wire:
        name = request.path_params["product"]
        if name in self._wires:
            return self._wires[name]
        raise HTTPException(404, f"There is no wire to {name!r}. There are: {', '.join(self._wires)}.")

    def _named(self, name: object, status: int) -> Product:
        if isinstance(name, str) and name in self._products:
            return self._products[name]
        raise HTTPException(status, f"There is no product {name!r}. There are: {', '.join(self._products)}.")


def _put_all(switches: Switches, wanted: Mapping[str, Any]) -> None:
    before = {switch["name"]: switch["position"] for switch in switches.describe()}
    try:
        for name, position in wanted.items():
            switches.set(name, position)
    except ValueError as error:
        for name in wanted.keys() & before.keys():
            switches.set(name, before[name])
        raise HTTPException(400, str(error)) from None


async def _body(request: Request, allowed: set[str] | None = None) -> dict[str, Any]:
    """Return the JSON object of a request; an empty body is an empty object."""
    body = await _json(request)
    if not isinstance(body, dict):
        raise HTTPException(400, "The body must be a JSON object.")
    if allowed is not None and (unknown := sorted(body.keys() - allowed)):
        raise HTTPException(400, f"Unknown key {unknown[0]!r}. Allowed: {', '.join(sorted(allowed))}.")
    return body


async def _json(request: Request) -> Any:
    body = await request.body()
    if not body:
        return {}
    # A form of a web page can send anything but this.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "The body must be JSON, sent with Content-Type: application/json.")
    try:
        return read_json(body, allow_nan=True, allow_surrogates=True)
    except ValueError:
        raise HTTPException(400, "The body is not JSON.") from None


async def _in_words(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)
