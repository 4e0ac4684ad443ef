"""What every request passes before its handler: the key, the rate limit, the path, the key's role."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import formatdate

from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ..kit.clock import Clock
from ..kit.switches import Switches
from .answers import Refused, not_found, refusal

ALLOWED = 100
WINDOW = timedelta(seconds=60)
READS = {"GET", "HEAD"}
TEXTS = {401: "Authentication failed", 403: "Permission denied", 405: "Method Not Allowed"}


class Gate:
    """Refuse what no handler needs to see: before any id or body is looked at.

    Parameters:
        app: the application behind the gate.
        routes: the routes of that application.
        keys: each API key with its role, ``rw`` or ``ro``.
    """

    def __init__(
        self, app: ASGIApp, routes: Sequence[Route], keys: dict[str, str], switches: Switches, clock: Clock
    ) -> None:
        self.app = app
        self._routes = routes
        self._keys = keys
        self._switches = switches
        self._clock = clock
        self._recent: defaultdict[str, deque[datetime]] = defaultdict(deque)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            self._admit(Request(scope))
        except Refused as refused:
            await refusal(refused, self._switches)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def reset(self) -> None:
        """Forget how much each key was used."""
        self._recent.clear()

    def _admit(self, request: Request) -> None:
        path_first = self._switches["auth_order"] == "path_first"
        if path_first:
            self._check_path(request)
        key = self._checked_key(request)
        self._check_rate(key)
        if not path_first:
            self._check_path(request)
        self._check_role(key, request.method)

    def _checked_key(self, request: Request) -> str:
        word, _, key = request.headers.get("authorization", "").partition(" ")
        if word != "ApiKey" and self._switches["allow_query_key"]:
            key = request.query_params.get("api_key", "")
        elif word != "ApiKey":
            key = ""
        if key not in self._keys:
            raise Refused(401, TEXTS[401])
        return key

    def _check_rate(self, key: str) -> None:
        """Count a request of a key; refused ones do not count (assumed: no source)."""
        if not self._switches["rate_limit"]:
            return
        now = self._clock.now()
        # The lab's time can go backwards: what lies in the future is forgotten too.
        recent = deque(at for at in self._recent[key] if now - WINDOW < at <= now)
        self._recent[key] = recent
        if len(recent) >= ALLOWED:
            raise Refused(429, "Rate limit exceeded", headers=self._resume_header(now, recent[0] + WINDOW))
        recent.append(now)

    def _resume_header(self, now: datetime, resume: datetime) -> dict[str, str]:
        form = self._switches["rate_limit_header"]
        seconds = math.ceil((resume - now).total_seconds())
        epoch = math.ceil(resume.timestamp())
        if form == "retry_after_seconds":
            return {"Retry-After": str(seconds)}
        if form == "retry_after_date":
            return {"Retry-After": formatdate(epoch, usegmt=True)}
        if form == "x_ratelimit_reset_epoch":
            return {"X-RateLimit-Reset": str(epoch)}
        if form == "ratelimit_reset_seconds":
            return {"RateLimit-Reset": str(seconds)}
        return {}

    def _check_path(self, request: Request) -> None:
        matches = {route.matches(request.scope)[0] for route in self._routes}
        if Match.FULL in matches:
            return
        if Match.PARTIAL in matches:
            raise Refused(405, TEXTS[405])
        raise not_found()

    def _check_role(self, key: str, method: str) -> None:
        if self._keys[key] == "rw" or method in READS:
            return
        status = self._switches["read_only_status"]
        raise Refused(status, TEXTS[status])
