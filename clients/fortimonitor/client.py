"""FortiMonitor's API, version 2: custom incidents, outages and servers.

Source: FortiMonitor 21.4 "Custom incidents using API"; the vendor's API schema (fortimonitor-api reference).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, TypeVar
from urllib.parse import urlsplit

from ...core.errors import AnswerBroken, InvalidInput, NotFound, RateLimited, Rejected, attempting, cut, shown
from ...core.http.answers import Advice, Answer, checked, error_in, json_object, json_of
from ...core.http.rate_limit import REQUESTS, rate_limit_of
from ...core.http.transport import Transport, named_endpoint
from ...core.times import fortimonitor_time
from ...core.urls import path, signed_id, unquoted
from ...core.values import text
from ..product_client import Product
from .lists import PAGE_SIZE, Listing, Page, Rows
from .models import (
    ACTIVE,
    OUTAGE,
    RESOLVED,
    USER,
    LogEntry,
    Outage,
    Server,
    Textkeys,
    User,
    id_in_url,
    log_entry_in,
    outage_in,
    server_in,
    textkeys_in,
    user_in,
)

Value = TypeVar("Value")

MOST_SHOWN = 10  # servers or users in a message
LONGEST_SHOWN = 150  # characters of each: a product may show a name of any length
# Wider than the four endpoints that act, since nobody knows how FortiMonitor reads an odd path. No other GET has these
# words in it.
ACTING = r"(?ais)/outage/.*(acknowledge|escalate|broadcast|delay)"

LOOK_FIRST = "Look into FortiMonitor whether it was done, before running the action again."

ADVICE = {
    400: "The request failed, often due to a missing or misconfigured parameter.",
    401: "The API key provided is not valid. Check FortiMonitor API Key in the configuration.",
    403: "The API key's role does not allow this. Check its roles under API keys.",
    404: "The requested resource does not exist.",
    405: "A read-only API key is the usual reason; check the key's role under API keys.",
    429: "FortiMonitor allows 100 requests a minute.",
    500: "The API request failed due to an internal server error. Try again later.",
}


class FortiMonitor(Product):
    """One FortiMonitor account.

    Parameters:
        http: where requests go.
        api_key: the account's key.
        waits_for_rate_limit: whether its requests wait for the rate limit.
    """

    def __init__(self, http: Transport, api_key: str, waits_for_rate_limit: bool = False) -> None:
        super().__init__(http)
        self._api_key = api_key
        self._waits_for_rate_limit = waits_for_rate_limit
        self._rate_limit = rate_limit_of(http.account)

    def within_rate_limit(self) -> FortiMonitor:
        """Return the same account for many requests: each waits until the rate limit allows it."""
        return FortiMonitor(self._http, self._api_key, waits_for_rate_limit=True)

    def create_custom_incident(self, server_id: int, incident: Dict[str, Any]) -> Answer:
        """POST /server/{server_id}/custom_incident. The new incident's address is in ``Location``."""
        return self._write("POST", path("/server/{id}/custom_incident", id=server_id), _create_advice, incident)

    def force_resolve(self, outage_id: int, reason: Optional[str]) -> Answer:
        """PUT /outage/{outage_id}/force_resolve. The schema wants a JSON object always, so ``{}`` without reason."""
        body = {"reason": reason} if reason else {}
        return self._write("PUT", path("/outage/{id}/force_resolve", id=outage_id), _resolve_advice, body)

    def outage(self, outage_id: int) -> Outage:
        """GET /outage/{outage_id}. Raises AnswerBroken where another one is shown: it says nothing of this one."""
        with attempting(f"read incident {outage_id}"):
            answer = self._send("GET", path("/outage/{id}", id=outage_id), _outage_advice)
            shown_there = self._read(answer, outage_in)
            if shown_there.id != outage_id:
                told = f"{self._http.where(answer)} with incident {shown_there.id}"
                raise answer.failure(AnswerBroken, told, changed="no")
            return shown_there

    def whatever_is_at(self, outage_id: int) -> Optional[Outage]:
        """GET /outage/{outage_id}: return what is shown there, maybe another outage; None if nothing is."""
        try:
            with attempting(f"read incident {outage_id}"):
                return self._read(self._send("GET", path("/outage/{id}", id=outage_id), _outage_advice), outage_in)
        except NotFound:
            return None

    def outages(
        self,
        server_id: Optional[int] = None,
        status: Optional[str] = None,
        severity: Optional[str] = None,
        since: Optional[datetime] = None,
        until: Optional[datetime] = None,
        oldest_first: bool = False,
        most: Optional[int] = None,
    ) -> Listing[Outage]:
        """GET /outage, or /server/{server_id}/outage: all pages, newest first, one page in memory at a time.

        Parameters:
            status: "active" or "resolved"; None for both.
            severity: "critical" or "warning"; None for both.
            since, until: bounds of the start. What the API's filters compare is documented nowhere.
            oldest_first: the other way round, if FortiMonitor sorts as it is asked to.
            most: rows to read; default all. Counted are those too that a filter which FortiMonitor ignored leaves out.
        """
        endpoint = "/outage" if server_id is None else path("/server/{id}/outage", id=server_id)
        params = {
            "status": status,
            "severity": severity,
            "start_time": fortimonitor_time(since) if since else None,
            "end_time": fortimonitor_time(until) if until else None,
            "order_by": "start_time" if oldest_first else None,
            "order": "asc" if oldest_first else None,
        }

        def is_wanted(outage: Outage) -> bool:
            has_status = status is None or outage.is_resolved == (status == RESOLVED)
            return has_status and severity in (None, outage.severity) and _is_within(outage.start, since, until)

        goal = "list the incidents" + (f" of server {server_id}" if server_id else "")
        wanted = {name: value for name, value in params.items() if value}
        rows = self._rows(endpoint, "outage_list", wanted, _server_advice, rows_leave=status == ACTIVE, most=most)
        return Listing(rows, outage_in, is_wanted, goal)

    def log(self, outage_id: int, since: Optional[datetime] = None) -> Listing[LogEntry]:
        """GET /outage/{outage_id}/outage_log, all pages."""
        params = {"log_start_timestamp": fortimonitor_time(since)} if since else {}
        rows = self._rows(path("/outage/{id}/outage_log", id=outage_id), "outage_log_list", params, _outage_advice)
        return Listing(
            rows,
            log_entry_in,
            lambda entry: _is_within(entry.created, since, None),
            f"read the log of incident {outage_id}",
        )

    def add_log_entry(self, outage_id: int, entry: str, public: bool, user: Optional[User]) -> Answer:
        """POST /outage/{outage_id}/outage_log: add an entry to the log "for an ongoing outage"."""
        body = {"entry": entry, "public": public, **({"user": user.url} if user else {})}
        return self._write("POST", path("/outage/{id}/outage_log", id=outage_id), _outage_advice, body)

    def act(self, outage_id: int, action: str, body: Mapping[str, Any]) -> Answer:
        """PUT /outage/{outage_id}/{action}.

        Only the PUT forms: GET /outage/{id}/acknowledge and its like act too, and may page people.

        Parameters:
            action: acknowledge, escalate, broadcast, lead, summary, tags or description.
        """
        return self._write("PUT", path("/outage/{id}/{action}", id=outage_id, action=action), _action_advice, body)

    def delay_alerts(self, outage_id: int, seconds: int, who: User) -> Answer:
        """PUT /outage/{outage_id}/delay/{seconds}; 0 cancels further alerts for good."""
        endpoint = path("/outage/{id}/delay/{seconds}", id=outage_id, seconds=seconds)
        return self._write("PUT", endpoint, _action_advice, {"who": who.url})

    def request(
        self, method: str, endpoint: str, query: Mapping[str, Any], body: Optional[Mapping[str, Any]]
    ) -> Answer:
        """Send any request below the base URL.

        Raises InvalidInput for an endpoint that is none of this FortiMonitor's, and for a GET that would act.
        """
        below = named_endpoint(self._http, endpoint)
        if method == "GET" and re.search(ACTING, unquoted(below)):
            problem = f"Endpoint {shown(endpoint)} changes something although it is a GET; use PUT."
            raise InvalidInput(problem)
        if "api_key" in query:
            raise InvalidInput("Query must not have the key 'api_key'.")
        return self._send(method, below, _advice, body, query)

    def check(self) -> Optional[str]:
        """GET /outage/active?limit=1: prove address, key and the right to read, at the cost of one request.

        Returns what an administrator should know all the same, None for nothing.
        """
        answer = self._send("GET", "/outage/active", _advice, params={"limit": 1, "offset": 0})
        body = json_object(self._http, answer)
        if "outage_list" not in body or "meta" not in body:
            raise AnswerBroken(
                f"{self._http.where(answer)} without a list of outages",
                "Check FortiMonitor URL; it usually ends in /v2.",
                changed="no",
            )
        return self._other_address(body["outage_list"])

    def _other_address(self, rows: Any) -> Optional[str]:
        """Return what to say where FortiMonitor names its incidents by another host: of a proxy, or by mistake."""
        urls = [text(row.get("url")).strip() for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        others = (url for url in urls if id_in_url(url, OUTAGE) and self._http.base.endpoint_of(url) is None)
        named = next((urlsplit(url).netloc.rpartition("@")[2] for url in others), "")
        if not named:
            return None
        return (
            f"FortiMonitor at {self.address} names its incidents by the host {shown(self._http.redact(named))}. "
            f"Requests go to {self.address} alone; make sure that it is the same FortiMonitor."
        )

    def server_id(self, server: str) -> int:
        """Return the id of a server that is named by its id, or by its exact name or FQDN (GET /server).

        Raises InvalidInput where none or several have that name, and lists them.
        """
        number = signed_id(server)
        if number is not None and number > 0:
            return number
        with attempting(f"find server {server!r}"):
            near = self._servers_like(server)
        exact = [each for each in near if server in (each.name, each.fqdn) or server.lower() == each.fqdn.lower()]
        if len(exact) == 1:
            return exact[0].id
        raise InvalidInput(_which("Server", server, "server's ID, exact name or FQDN", exact, near))

    def outage_id(self, incident: str) -> int:
        """Return the id that ``-28000855``, ``#-28000855`` or an incident's URL of this FortiMonitor names.

        Raises InvalidInput for anything else.
        """
        text = incident.strip()
        is_url = text.lower().startswith(("https://", "http://"))
        number = self._own_id(text, OUTAGE) if is_url else signed_id(text[1:] if text.startswith("#") else text)
        if number is None:
            wanted = (
                f"an ID such as -28000855, #-28000855, a URL such as {self.outage_url(-28000855)}, or a Source ID "
                "such as fortimonitor:api2.panopta.com:-28000855"
            )
            raise InvalidInput(f"FortiMonitor Incident {shown(text)} is not {wanted}.")
        return number

    def outage_url(self, outage_id: int) -> str:
        """Return the URL of an outage."""
        return self._http.base.url(path("/outage/{id}", id=outage_id))

    def created_outage(self, answer: Answer) -> Tuple[Optional[int], bool]:
        """Return the id of the incident that a create's answer names in ``Location``, and whether the URL is of here.

        What ``Location`` points to is not stated anywhere; ``/outage/{id}`` is the only address an incident has.
        Behind a proxy FortiMonitor may name itself by another host (seen); such an id is to be read back.
        The ``id`` header, which other creates send, is not promised here and not read.
        """
        location = answer.headers.get("Location", "")
        return id_in_url(location, OUTAGE), self._http.base.endpoint_of(location) is not None

    def servers(self, **filters: str) -> Listing[Server]:
        """GET /server, all pages.

        Parameters:
            filters: name, fqdn (the API's ``name`` is a contains-match, seen 2026-04), tags (with commas).
        """
        return Listing(self._rows("/server", "server_list", filters), server_in)

    def users(self, username: Optional[str] = None) -> Listing[User]:
        """GET /user, all pages."""
        filters = {"username": username} if username else {}
        return Listing(self._rows("/user", "user_list", filters), user_in)

    def user(self, who: str) -> User:
        """Return the user that a user name, an id or a URL of this FortiMonitor names.

        There is no "who am I": whoever acts has to be named. Raises InvalidInput where none or several match.
        """
        if who.lower().startswith(("https://", "http://")):
            return self._user_at(who)
        number = signed_id(who)
        if number is not None and number > 0:
            return User(number, "", "", self._http.base.url(path("/user/{id}", id=number)))
        with attempting(f"find user {who!r}"):
            near = list(self.users(who))
        exact = [user for user in near if who.lower() == user.username.lower() and user.id]
        if len(exact) == 1:
            return exact[0]
        raise InvalidInput(_which("User", who, "user's ID, user name or URL", exact, near))

    def _user_at(self, url: str) -> User:
        """Return the user or contact that a URL of this FortiMonitor names. Raises InvalidInput for any other URL."""
        number, endpoint = self._own_id(url, USER), self._http.base.endpoint_of(url)
        if number is None or endpoint is None:
            raise InvalidInput(f"User {shown(url)} is not a URL such as {self._http.base.url('/user/501')}.")
        return User(number, "", "", self._http.base.url(endpoint.rstrip("/")))

    def _own_id(self, url: str, pattern: re.Pattern[str]) -> Optional[int]:
        """Return the id in a URL of the configured address, None for any other URL."""
        match = pattern.fullmatch(self._http.base.endpoint_of(url) or "")
        return int(match.group(1)) if match else None

    def textkeys(self, server_id: Optional[int] = None) -> List[Textkeys]:
        """GET /server/{server_id}/agent_resource, without a server /agent_resource_type: the textkeys they show.

        Whether the definitions of custom incidents are among them is documented nowhere.
        """
        endpoint, key = "/agent_resource_type", "agent_resource_type_list"
        if server_id is not None:
            endpoint, key = path("/server/{id}/agent_resource", id=server_id), "agent_resource_list"
        rows = self._rows(endpoint, key, {}, _server_advice)
        return list(
            dict.fromkeys(each for each in Listing(rows, textkeys_in, goal="list textkeys") if each is not None)
        )

    def _servers_like(self, text: str) -> List[Server]:
        """List servers whose name or FQDN contains the text."""
        found = [*self.servers(name=text), *self.servers(fqdn=text)]
        return list({server.id: server for server in found}.values())

    def _rows(
        self,
        endpoint: str,
        key: str,
        params: Mapping[str, Any],
        advice: Optional[Advice] = None,
        rows_leave: bool = False,
        most: Optional[int] = None,
    ) -> Rows:
        def read_page(offset: int) -> Page:
            paging = {**params, "limit": PAGE_SIZE, "offset": offset}
            answer = self._send("GET", endpoint, advice or _advice, params=paging)
            body = json_object(self._http, answer)
            rows, meta = body.get(key), body.get("meta")
            error = error_in({name: value for name, value in body.items() if name != key})
            if error is not None:  # rows that came with it may be a part of them
                told = f"{self._http.where(answer)} with an error in its body: {shown(self._http.redact(error))}"
                raise answer.failure(Rejected, told, changed="no")
            if not isinstance(rows, list):
                raise answer.failure(AnswerBroken, f"{self._http.where(answer)} without {key}", changed="no")
            return Page(rows, meta if isinstance(meta, dict) else {})

        return Rows(read_page, rows_leave, most)

    def _read(self, answer: Answer, read: Callable[[Dict[str, Any]], Value]) -> Value:
        """Read the one object of an answer."""
        try:
            return read(json_object(self._http, answer))
        except ValueError as problem:
            raise answer.failure(AnswerBroken, f"{self._http.where(answer)}, but {problem}", changed="no") from None

    def _write(self, method: str, endpoint: str, advice: Advice, body: Mapping[str, Any]) -> Answer:
        """Send a change. Raises AnswerBroken for an error under 2xx: nobody knows what became of the change then."""
        answer = self._send(method, endpoint, advice, body)
        error = error_in(json_of(answer))
        if error is None:
            return answer
        told = shown(self._http.redact(error))
        raise answer.failure(AnswerBroken, f"{self._http.where(answer)} with an error in its body: {told}", LOOK_FIRST)

    def _send(
        self,
        method: str,
        endpoint: str,
        advice: Advice,
        body: Optional[Mapping[str, Any]] = None,
        params: Optional[Mapping[str, Any]] = None,
    ) -> Answer:
        if not self._waits_for_rate_limit:
            self._rate_limit.take(self._http.deadline)
        elif not self._rate_limit.take_when_free(self._http.deadline):
            raise RateLimited(f"FortiMonitor's {REQUESTS} requests a minute are used up", "Run it again in a minute.")
        headers = {"Authorization": f"ApiKey {self._api_key}"}
        answer = self._http.send(method, endpoint, headers=headers, json_body=body, params=params)
        return checked(self._http, answer, advice)


def _which(title: str, given: str, wanted: str, exact: Sequence[Any], near: Sequence[Any]) -> str:
    kind = title.lower()
    if exact:
        return f"{title} {given!r} is the name of several {kind}s: {listed(exact)}. Give the ID."
    if near:
        return f"{title} {given!r} is no {wanted}. Similar {kind}s: {listed(near)}."
    return f"{title} {given!r} is no {wanted}, or the API key cannot see it."


def listed(found: Sequence[Any]) -> str:
    """Return servers, users or outages as a message lists them."""
    first = ", ".join(cut(str(each), LONGEST_SHOWN) for each in found[:MOST_SHOWN])
    return first + (f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else "")


def _is_within(moment: Optional[datetime], since: Optional[datetime], until: Optional[datetime]) -> bool:
    if moment is None:
        return True
    return (since is None or since <= moment) and (until is None or moment <= until)


def _advice(answer: Answer, _text: str) -> Optional[str]:
    if answer.status == 405 and not answer.request.changes:
        return "The server rejected the method for the requested resource. Check FortiMonitor URL."
    return ADVICE.get(answer.status, ADVICE[500] if answer.status > 500 else None)


def _create_advice(answer: Answer, text: str) -> Optional[str]:
    """Name the prerequisites. What FortiMonitor answers when one is missing is documented nowhere."""
    if answer.status == 400 and re.search(r"not enabled|feature", text, re.I):
        return "The Custom Incidents feature must be enabled on the account; ask FortiMonitor's support for it."
    if answer.status == 400 and "textkey" in text.lower():
        return (
            "Check Plugin Textkey and Resource Textkey against the custom incident that is defined on that server; "
            "each server needs one."
        )
    if answer.status == 400:
        return (
            f"{ADVICE[400]} The Custom Incidents feature must be enabled, and a custom incident defined on the server."
        )
    return _server_advice(answer, text)


def _server_advice(answer: Answer, text: str) -> Optional[str]:
    if answer.status == 404:
        return "The requested resource does not exist. Check the server's ID, and that FortiMonitor URL ends in /v2."
    return _advice(answer, text)


def _outage_advice(answer: Answer, text: str) -> Optional[str]:
    if answer.status == 404:
        return (
            "The requested resource does not exist. IDs of custom incidents may be negative: the control panel may "
            "show the same number without its minus sign. If it is of another account, choose the configuration that "
            "owns it."
        )
    return _advice(answer, text)


def _resolve_advice(answer: Answer, text: str) -> Optional[str]:
    if answer.status == 400:
        return f"{ADVICE[400]} Only custom incidents can be force-resolved."
    return _outage_advice(answer, text)


def _action_advice(answer: Answer, text: str) -> Optional[str]:
    if answer.status == 400 and answer.request.path.endswith("/acknowledge"):
        return f"{ADVICE[400]} FortiMonitor acknowledges outages, not anomalies, whose IDs are negative."
    if answer.status == 400 and answer.request.path.endswith("/description"):
        return f"{ADVICE[400]} Only a custom incident's description can be replaced."
    return _outage_advice(answer, text)
