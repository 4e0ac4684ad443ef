"""FortiMonitor's API, version 2: custom incidents, outages and servers.

Source: FortiMonitor 21.4 "Custom incidents using API"; the vendor's API schema (fortimonitor-api reference).
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from ..core.errors import AnswerBroken, InvalidInput, NotFound, attempting
from ..core.paths import path, signed_id
from ..core.transport import Answer, Transport
from .answers import checked

OUTAGE = re.compile(r"/outage/(-?[1-9][0-9]{0,18})/?", re.ASCII)
SERVER = re.compile(r"/server/([1-9][0-9]{0,18})/?", re.ASCII)
MARKER = re.compile(r"\[correlation_id: ([^\[\]\r\n]+)\]")
PAGE_SIZE = 50  # what the API gives by default; `limit=0` would mean everything
MOST_PAGES = 200
SHOWN_SERVERS = 10

ADVICE = {
    400: "The request failed, often due to a missing or misconfigured parameter.",
    401: "The API key provided is not valid. Check FortiMonitor API Key in the configuration.",
    403: "The API key's role does not allow this. Check its roles under API keys.",
    404: "The requested resource does not exist.",
    405: "A read-only API key is the usual reason; check the key's role under API keys.",
    429: "FortiMonitor allows 100 requests a minute.",
    500: "The API request failed due to an internal server error. Try again later.",
}


class Server(NamedTuple):
    """A server as FortiMonitor lists it."""

    id: int
    name: str
    fqdn: str

    def __str__(self) -> str:
        return f"{self.id} ({self.name}, {self.fqdn})"


class Outage(NamedTuple):
    """An outage as FortiMonitor shows it. It has no id of its own: that is the last part of its URL."""

    id: int
    server_id: Optional[int]
    status: str
    type: str
    description: str
    marker: Optional[str]

    @property
    def is_resolved(self) -> bool:
        """Whether it has ended, by force or by itself."""
        return self.status == "resolved"

    def __str__(self) -> str:
        return f"{self.id} ({self.status})"


class FortiMonitor:
    """One FortiMonitor account.

    Parameters:
        http: where requests go.
        api_key: the account's key.
    """

    def __init__(self, http: Transport, api_key: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"ApiKey {api_key}"}

    def create_custom_incident(self, server_id: int, incident: Dict[str, Any]) -> Answer:
        """POST /server/{server_id}/custom_incident. The new incident's address is in ``Location``."""
        with attempting(f"create a custom incident on server {server_id}"):
            return self._send("POST", path("/server/{id}/custom_incident", id=server_id), _create_advice, incident)

    def force_resolve(self, outage_id: int, reason: Optional[str]) -> Answer:
        """PUT /outage/{outage_id}/force_resolve. The schema wants a JSON object always, so ``{}`` without reason."""
        with attempting(f"resolve incident {outage_id}"):
            body = {"reason": reason} if reason else {}
            return self._send("PUT", path("/outage/{id}/force_resolve", id=outage_id), _resolve_advice, body)

    def outage(self, outage_id: int) -> Outage:
        """GET /outage/{outage_id}."""
        with attempting(f"read incident {outage_id}"):
            answer = self._send("GET", path("/outage/{id}", id=outage_id), _advice)
            return self._outage(_json_object(self._http, answer))

    def outage_if_any(self, outage_id: int) -> Optional[Outage]:
        """Return an outage, None if there is no such one."""
        try:
            return self.outage(outage_id)
        except NotFound:
            return None

    def server_outages(self, server_id: int, status: Optional[str] = None) -> Iterator[Outage]:
        """GET /server/{server_id}/outage, all pages, newest first.

        Parameters:
            status: "active" or "resolved"; None for both.
        """
        params = {"status": status} if status else {}
        with attempting(f"list the incidents of server {server_id}"):
            for row in self._rows(path("/server/{id}/outage", id=server_id), "outage_list", params):
                yield self._outage(row)

    def check(self) -> None:
        """GET /outage/active?limit=1: prove address, key and the right to read, at the cost of one request."""
        answer = self._send("GET", "/outage/active", _advice, params={"limit": 1, "offset": 0})
        body = _json_object(self._http, answer)
        if "outage_list" not in body or "meta" not in body:
            raise AnswerBroken(
                f"{self._http.where(answer)} without a list of outages",
                "Check FortiMonitor URL; it usually ends in /v2.",
                changed="no",
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
        raise InvalidInput("The parameters are not valid", [_which_server(server, exact, near)])

    def outage_id(self, incident: str) -> int:
        """Return the id that ``-28000855``, ``#-28000855`` or an incident's URL of this FortiMonitor names.

        Raises InvalidInput for anything else.
        """
        text = incident.strip()
        is_url = text.lower().startswith(("https://", "http://"))
        number = self._id_in_url(text) if is_url else signed_id(text[1:] if text.startswith("#") else text)
        if number is None:
            wanted = f"an ID such as -28000855, #-28000855, or a URL such as {self.outage_url(-28000855)}"
            raise InvalidInput("The parameters are not valid", [f"Incident {text[:60]!r} is not {wanted}."])
        return number

    def outage_url(self, outage_id: int) -> str:
        """Return the URL of an outage."""
        return self._http.base.url(path("/outage/{id}", id=outage_id))

    def created_outage(self, answer: Answer) -> Optional[int]:
        """Return the id of the incident that a create's answer names in ``Location``, None where it names none.

        What ``Location`` points to is not stated anywhere; ``/outage/{id}`` is the only address an incident has.
        The ``id`` header, which other creates send, is not promised here and not read.
        """
        location = answer.headers.get("Location", "")
        return self._id_in_url(location) if location else None

    def _id_in_url(self, url: str) -> Optional[int]:
        match = OUTAGE.fullmatch(self._http.base.endpoint_of(url) or "")
        return int(match.group(1)) if match else None

    def _servers_like(self, text: str) -> List[Server]:
        """List servers whose name or FQDN contains the text: the API's ``name`` is a contains-match (seen 2026-04)."""
        found = {}
        for key in ("name", "fqdn"):
            for row in self._rows("/server", "server_list", {key: text}):
                server = self._server(row)
                found[server.id] = server
        return list(found.values())

    def _outage(self, row: Dict[str, Any]) -> Outage:
        number = self._id_in_url(str(row.get("url", "")))
        if number is None:
            raise AnswerBroken(f"{self._http.product} showed an outage without a usable URL", changed="no")
        description = str(row.get("description") or "")
        return Outage(
            id=number,
            server_id=signed_id(row.get("server_id")),  # text in 2021, a number in 2026
            status=str(row.get("status", "")),
            type=str(row.get("type", "")),
            description=description,
            marker=marker_in(row.get("metadata"), description),
        )

    def _server(self, row: Dict[str, Any]) -> Server:
        match = SERVER.fullmatch(self._http.base.endpoint_of(str(row.get("url", ""))) or "")
        if match is None:
            raise AnswerBroken(f"{self._http.product} listed a server without a usable URL", changed="no")
        return Server(int(match.group(1)), str(row.get("name", "")), str(row.get("fqdn", "")))

    def _rows(self, endpoint: str, key: str, params: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
        """Yield the rows of a list, page after page.

        FortiMonitor may cap a page at 50 whatever ``limit`` asks for (seen 2026-02), so the offset advances by what
        arrived, and the end is the total, ``next: null`` or an empty page, never a short page.
        """
        offset, previous = 0, None
        for _ in range(MOST_PAGES):
            answer = self._send("GET", endpoint, _advice, params={**params, "limit": PAGE_SIZE, "offset": offset})
            body = _json_object(self._http, answer)
            rows, meta = body.get(key), body.get("meta")
            if not isinstance(rows, list) or not isinstance(meta, dict) or (rows and rows == previous):
                raise AnswerBroken(f"{self._http.where(answer)} with a page that cannot be right", changed="no")
            yield from rows
            offset, previous = offset + len(rows), rows
            if not rows or meta.get("next") is None or offset >= meta.get("total_count", offset + 1):
                return
        raise AnswerBroken(f"{self._http.product} did not come to an end of {endpoint}", changed="no")

    def _send(
        self,
        method: str,
        endpoint: str,
        advice: Any,
        body: Optional[Dict[str, Any]] = None,
        params: Optional[Dict[str, Any]] = None,
    ) -> Answer:
        answer = self._http.send(method, endpoint, headers=self._headers, json_body=body, params=params)
        return checked(self._http, answer, advice)


def with_marker(description: str, marker: str) -> str:
    """Return a description that ends in a correlation marker.

    Metadata may or may not show in what FortiMonitor returns, and may or may not be rendered into the description;
    nothing public settles it. The description always comes back, so the marker stands there too.
    """
    return f"{description}\n[correlation_id: {marker}]"


def marker_in(metadata: Any, description: str) -> Optional[str]:
    """Return the correlation marker that an outage carries in its metadata or else its description, None without."""
    items = metadata if isinstance(metadata, list) else []
    for item in items:
        if isinstance(item, dict) and item.get("name") == "correlation_id":
            return str(item.get("value"))
    found = MARKER.findall(description)
    return found[-1] if found else None


def _json_object(http: Transport, answer: Answer) -> Dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise AnswerBroken(f"{http.where(answer)} with something that is no JSON object", "Check the address.", "no")
    return body


def _which_server(server: str, exact: List[Server], near: List[Server]) -> str:
    if exact:
        return f"Server {server!r} is the name of several servers: {_listed(exact)}. Give the ID."
    if near:
        return f"Server {server!r} is no server's ID, exact name or FQDN. Similar servers: {_listed(near)}."
    return f"Server {server!r} is no server's ID, exact name or FQDN, or the API key cannot see it."


def _listed(servers: List[Server]) -> str:
    listed = ", ".join(str(server) for server in servers[:SHOWN_SERVERS])
    return listed + (", ..." if len(servers) > SHOWN_SERVERS else "")


def _advice(answer: Answer, _text: str) -> Optional[str]:
    if answer.status == 405 and not answer.request.changes:
        return "The server rejected the method for the requested resource. Check FortiMonitor URL."
    return ADVICE.get(answer.status, ADVICE[500] if answer.status > 500 else None)


def _create_advice(answer: Answer, text: str) -> Optional[str]:
    """Name the prerequisites. What FortiMonitor answers when one is missing is documented nowhere."""
    if answer.status == 404:
        return "The requested resource does not exist. Check the server's ID, and that FortiMonitor URL ends in /v2."
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
    return _advice(answer, text)


def _resolve_advice(answer: Answer, text: str) -> Optional[str]:
    if answer.status == 404:
        return (
            "The requested resource does not exist. IDs of custom incidents may be negative: the control panel may "
            "show the same number without its minus sign."
        )
    if answer.status == 400:
        return f"{ADVICE[400]} Only custom incidents can be force-resolved."
    return _advice(answer, text)
