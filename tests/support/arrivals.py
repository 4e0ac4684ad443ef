"""Small FortiSIEM and FortiMonitor without a network, in which incidents arrive, recur and come late: for fetches."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

from tests.support.package import FORTIMONITOR_URL, FORTISIEM_URL, module

START = 1_762_300_800  # 2025-11-05T00:00:00Z
LISTED_BY_QUERY, LISTED_BY_START = "query", "start"
TIMELESS, NAMELESS = "without a time", "without an id"

Place = tuple[int, int]  # time in seconds, and id


class Product:
    """A product with incidents, in the place of the transport of its client.

    Parameters:
        sorts: how it sorts what it was asked to sort by time: "as asked" or "newest first".
        page: how many rows its pages have at most.

    ``times`` has the time of each incident by its id, ``odd`` how some of them are shown: without a time or without an
    id. ``now`` is the product's time in seconds. ``before`` is called with
    the number of each request of a fetch, from 1 on; the request of the number ``fails_at`` is answered with 500.
    ``bridge`` is what actions get, with this product alone.
    """

    product, url = "", ""
    bridge: SimpleNamespace

    def __init__(self, sorts: str, page: int) -> None:
        self.now = START
        self.times: dict[int, int] = {}
        self.odd: dict[int, str] = {}
        self.before: Callable[[int], None] = lambda number: None
        self.fails_at = 0
        self.requests = 0
        self.base = module("core.urls").base_url(self.url)
        self.deadline = module("core.deadline").Deadline(60)
        self.redact = module("core.redaction").Redactor()
        self._sorts = sorts
        self._page = page

    @property
    def server_time(self) -> datetime:
        """What its clock shows."""
        return datetime.fromtimestamp(self.now, timezone.utc)

    def send(self, method: str, endpoint: str, **content: Any) -> Any:
        """Answer a request, as the package's transport does."""
        self.requests += 1
        self.before(self.requests)
        transport = module("core.http.transport")
        request = transport.Request(method, endpoint, False)
        if self.requests == self.fails_at:
            return transport.Answer(request, 500, {}, b"")
        return transport.Answer(request, 200, {}, json.dumps(self.answer(endpoint, content)).encode())

    def where(self, answer: Any) -> str:
        """Return the clause that names an answer."""
        return f"{self.product} answered {answer.status} to {answer.request}"

    def places(self) -> set[Place]:
        """Return what there is, each by its time and id."""
        return {(time, number) for number, time in self.times.items()}

    def begin_call(self, before: Callable[[int], None], fails_at: int) -> None:
        """Count the requests anew."""
        self.requests, self.before, self.fails_at = 0, before, fails_at

    def answer(self, endpoint: str, content: dict[str, Any]) -> Any:
        """Return the body of an answer."""
        raise NotImplementedError

    def arrive(self, late: int) -> None:
        """Let an incident begin that many seconds ago, of which nothing was known until now, or ahead of the clock."""
        raise NotImplementedError

    def _context(self, **client: Any) -> SimpleNamespace:
        return SimpleNamespace(
            deadline=self.deadline,
            log=logging.getLogger("arrivals"),
            configuration_id=None,
            page_url=lambda product, incident_id: None,
            **client,
        )

    def _sorted(self, places: list[Place], descending: bool) -> list[Place]:
        newest_first = descending or self._sorts == "newest first"
        return sorted(places, key=lambda place: (-place[0] if newest_first else place[0], self._sequence(place[1])))

    def _sequence(self, number: int) -> int:
        """Return where an incident stands among those of its time."""
        return list(self.times).index(number)


class Siem(Product):
    """A FortiSIEM whose further pages are asked for by queryId (7.x) or by start (6.x)."""

    product, url = "FortiSIEM", FORTISIEM_URL

    def __init__(self, sorts: str, page: int, paging: str) -> None:
        super().__init__(sorts, page)
        self._by_query = paging == LISTED_BY_QUERY
        self._asked: dict[str, Any] = {}
        access = SimpleNamespace(headers=dict, by_token=False)
        self.bridge = self._context(fortisiem=module("clients.fortisiem.client").FortiSIEM(self, access, "super"))

    def arrive(self, late: int) -> None:
        """Let an incident occur; ids ascend in the order in which FortiSIEM comes to know of them."""
        self.times[len(self.times) + 1] = self.now - late

    def recur(self, number: int) -> None:
        """Let an incident occur again now."""
        self.times[number] = self.now

    def answer(self, endpoint: str, content: dict[str, Any]) -> Any:
        """Return a first page, or a further one of the last query."""
        number = 1
        if content["json_body"] is None:
            number = int(endpoint.rpartition("/")[2])
        else:
            self._asked = content["json_body"]
        return self._page_of(self._asked, number)

    def _page_of(self, asked: dict[str, Any], number: int) -> Any:
        places = [place for place in self.places() if asked["timeFrom"] <= place[0] * 1000 <= asked["timeTo"]]
        if asked["orderBy"] == "incidentId":
            listed = sorted(places, key=lambda place: place[1], reverse=asked["descending"])
        else:
            listed = self._sorted(places, asked["descending"])
        size = min(asked["size"], self._page)
        first = asked["start"] + (number - 1) * size
        page = listed[first : first + size]
        rows = [self._row(*place) for place in page]
        further = {"queryId": "q", "pages": math.ceil(len(listed) / size)} if self._by_query else {}
        return {"total": len(listed), "data": rows, **further}

    def _row(self, time: int, number: int) -> dict[str, Any]:
        odd = self.odd.get(number)
        if odd == NAMELESS:
            return {"incidentTitle": nameless(number), "incidentLastSeen": time * 1000}
        severity = "LOW" if is_minor(number) else "HIGH"
        last_seen = None if odd == TIMELESS else time * 1000
        return {"incidentId": number, "incidentLastSeen": last_seen, "eventSeverityCat": severity}


class Monitor(Product):
    """A FortiMonitor, in which every other outage is an anomaly, with a negative id."""

    product, url, account = "FortiMonitor", FORTIMONITOR_URL, "account"

    def __init__(self, sorts: str, page: int) -> None:
        super().__init__(sorts, page)
        self.bridge = self._context(fortimonitor=module("clients.fortimonitor.client").FortiMonitor(self, "key"))

    def arrive(self, late: int) -> None:
        """Let an outage start."""
        number = len(self.times) + 1
        self.times[number if number % 2 else -number] = self.now - late

    def answer(self, endpoint: str, content: dict[str, Any]) -> Any:
        """Return a page of /outage."""
        query = content["params"]
        since = datetime.strptime(query["start_time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
        listed = self._sorted(
            [place for place in self.places() if place[0] >= since], descending=query.get("order") != "asc"
        )
        end = query["offset"] + min(query["limit"], self._page)
        rows = [self._row(*place) for place in listed[query["offset"] : end]]
        meta = {"total_count": len(listed), "next": "more" if end < len(listed) else None}
        return {"outage_list": rows, "meta": meta}

    def _row(self, time: int, number: int) -> dict[str, Any]:
        odd = self.odd.get(number)
        moment = format_datetime(datetime.fromtimestamp(time, timezone.utc))
        return {
            "url": f"{self.url}/outage/{nameless(number) if odd == NAMELESS else number}",
            "start_time": "some time ago" if odd == TIMELESS else moment,
            "status": "active",
            "severity": "info" if is_minor(number) else "critical",
        }


def is_minor(number: int) -> bool:
    """Tell whether an incident is shown with a low severity."""
    return number % 3 == 0


def nameless(number: int) -> str:
    """Return what an incident without an id shows in its place."""
    return f"nameless {number}."
