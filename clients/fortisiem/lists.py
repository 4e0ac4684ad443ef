"""Listing FortiSIEM's incidents: either style of paging, pages that are not ready, and rows that move meanwhile.

Source: guide 6.4 (``start`` and ``size``), OpenAPI 7.5.1 (``queryId`` and pages); traps in the fortisiem-api
reference, 2.1.
"""

from __future__ import annotations

import math
import re
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set

from ...core.errors import AnswerBroken, Failure, ProductFailed
from ...core.http.answers import Answer, AnswerTooLarge, json_of
from ...core.http.transport import Transport
from ...core.http.values import whole_number
from ...core.urls import path
from .authentication import REST

INCIDENTS = f"{REST}/pub/incident"
PAGE_SIZE = 500  # the documented default; 1000 is the most, and long comments make long answers
MOST_PASSES = 3
NOT_READY = (400, 404, 429, 503)  # older versions answer 404 where newer ones answer 429 or 503
NOT_READY_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds
QUERY_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")  # it becomes a part of a path

Row = Dict[str, Any]
Send = Callable[..., Answer]


class Wanted(NamedTuple):
    """Which incidents a list is to have.

    Parameters:
        filters: FortiSIEM's names, such as ``phIncidentCategory``, with their values.
        time_from, time_to: bounds of the last occurrence in epoch milliseconds.
        fields: the attributes to show.
    """

    filters: Dict[str, List[Any]]
    time_from: int
    time_to: int
    fields: Sequence[str]


class Page(NamedTuple):
    """A page of a list. ``query_id`` is empty and ``pages`` 0 where the server pages by start and size.

    ``size`` is what was asked for.
    """

    rows: List[Row]
    total: int
    pages: int
    query_id: str
    size: int


class IncidentList:
    """A list of incidents on one FortiSIEM.

    Parameters:
        http: for the deadline and for messages.
        send: sends an authorized request.
        wanted: which incidents.
    """

    def __init__(self, http: Transport, send: Send, wanted: Wanted) -> None:
        self._http = http
        self._send = send
        self._wanted = wanted

    def newest(self, size: int) -> Page:
        """Return the first page, the newest incidents first."""
        return self._fitting(size, 0, descending=True)

    def oldest(self, size: int) -> Page:
        """Return the first page, those first whose last occurrence is longest ago."""
        return self._fitting(size, 0, order_by="incidentLastSeen")

    def all(self) -> Iterator[Row]:
        """Yield every incident once, by ascending id, one page in memory at a time.

        Sorted by time, rows would move between pages and be lost (seen). New incidents have higher ids and come at
        the end. If the total falls, rows have left the list, and others may have slipped past: then it is read again.
        If fewer come than were counted at first, pages are broken.
        """
        seen: Set[int] = set()
        for _ in range(MOST_PASSES):
            totals: List[int] = []
            came: Set[int] = set()
            for page in self._pages(PAGE_SIZE):
                totals.append(page.total)
                for row in page.rows:
                    number = whole_number(row.get("incidentId"))
                    if number is None:
                        continue
                    came.add(number)
                    if number not in seen:
                        seen.add(number)
                        yield row
            if totals == sorted(totals):
                if len(came) < totals[0]:
                    raise AnswerBroken(f"FortiSIEM counted {totals[0]} incidents and sent {len(came)}", changed="no")
                return
        raise ProductFailed(
            "incidents kept leaving the list while it was read", "Run the action again, or ask for less.", "no"
        )

    def _pages(self, size: int) -> Iterator[Page]:
        first = self._fitting(size, 0)
        yield first
        if first.query_id:
            yield from self._by_query(first)
        else:
            yield from self._by_start(first)

    def _by_start(self, first: Page) -> Iterator[Page]:
        page, start = first, len(first.rows)
        while page.rows and start < page.total:
            page = self._fitting(page.size, start)
            start += len(page.rows)
            yield page

    def _by_query(self, first: Page) -> Iterator[Page]:
        pages, number, size = first.pages, 2, first.size
        while number <= pages:
            third = math.ceil(first.total / 3)
            may_never_come = pages == 2 and 0 < third < size  # 6.7 to 7.0.0 never deliver page 2 of exactly 2
            try:
                page = self._further(first.query_id, number, () if may_never_come else NOT_READY_WAITS)
            except AnswerTooLarge:
                yield from self._pages(_smaller(size))
                return
            if page is None:
                yield from self._pages(third)
                return
            yield page
            pages, number = page.pages or pages, number + 1

    def _further(self, query_id: str, number: int, waits: Sequence[float]) -> Optional[Page]:
        """Return a further page; None where it is not ready and there is nothing to wait for."""
        endpoint = f"{INCIDENTS}{path('/{query}/{page}', query=query_id, page=number)}"
        for wait in (*waits, None):
            try:
                return self._read(self._send("GET", endpoint), 0)
            except Failure as failure:
                if failure.request.get("status") not in NOT_READY:
                    raise
                if not waits:
                    return None
                if wait is None or not self._http.deadline.wait(wait):
                    raise
        return None

    def _fitting(self, size: int, start: int, order_by: str = "incidentId", descending: bool = False) -> Page:
        """Ask for a page, and for a smaller one as long as it is too large for one answer."""
        while True:
            try:
                return self._query(size, start, order_by, descending)
            except AnswerTooLarge:
                if size == 1:
                    raise
                size = _smaller(size)

    def _query(self, size: int, start: int, order_by: str, descending: bool) -> Page:
        body = {
            "filters": self._wanted.filters,
            "timeFrom": self._wanted.time_from,
            "timeTo": self._wanted.time_to,
            "start": start,
            "size": size,
            "orderBy": order_by,
            "descending": descending,
            "fields": list(self._wanted.fields),
        }
        return self._read(self._send("POST", INCIDENTS, body, changes=False), size)

    def _read(self, answer: Answer, size: int) -> Page:
        body = json_of(answer)
        rows = body.get("data") if isinstance(body, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise AnswerBroken(f"{self._http.where(answer)} without a list of incidents", changed="no")
        query_id = str(body.get("queryId") or "")
        if query_id and not QUERY_ID.fullmatch(query_id):
            raise AnswerBroken(f"{self._http.where(answer)} with a query's ID that is none", changed="no")
        total, pages = (whole_number(body.get(name)) or 0 for name in ("total", "pages"))
        return Page(rows, total, pages, query_id, size)


def _smaller(size: int) -> int:
    """Return the size to ask for where an answer of this size is too large."""
    return max(1, size // 4)
