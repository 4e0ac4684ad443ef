"""Listing FortiSIEM's incidents: either style of paging, pages that are not ready, and rows that move meanwhile.

Source: guide 6.4 (``start`` and ``size``), OpenAPI 7.5.1 (``queryId`` and pages); traps in the fortisiem-api
reference, 2.1.
"""

from __future__ import annotations

import math
import re
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ...core.errors import AnswerBroken, Failure, NotFound, Rejected
from ...core.http.answers import Answer, AnswerTooLarge, error_in, error_text, json_of
from ...core.http.transport import Transport
from ...core.urls import path
from ...core.values import Skipped, folded, read_rows, text, whole_number
from .attributes import SHORT_FIELDS
from .authentication import REST

INCIDENTS = f"{REST}/pub/incident"
PAGE_SIZE = 500  # the documented default; 1000 is the most, and long comments make long answers
MOST_PASSES = 3
MOST_UNCOUNTED = 100  # pages that are read of what nothing counts: rows may never end
FINE = (0, 200, 201, 202, 204)  # codes within an answer: FortiSIEM's own, or HTTP's
NOT_READY = (400, 404, 429, 503)  # older versions answer 404 where newer ones answer 429 or 503
NOT_READY_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds
QUERY_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.=+-]{0,99}")  # it becomes a part of a path

# What stands among the skipped rows where FortiSIEM counts more incidents than it sends.
COUNTED_BUT_NOT_SENT = {"row": "", "reason": "FortiSIEM counts more incidents than it sends"}

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

    Parameters:
        rows: those that are incidents.
        skipped: those that are none, and an error that came with the rows.
        is_part: whether such an error says that there would be more.
        sent: how many of both FortiSIEM sent.
        size: how many there was room for.
        total: how many FortiSIEM counts in the whole list, None where it does not say.
    """

    rows: List[Row]
    skipped: Skipped
    is_part: bool
    sent: int
    size: int
    total: Optional[int]
    pages: int
    query_id: str

    @property
    def is_last(self) -> bool:
        """Whether it had room for more. A full page may be followed by another one, whatever was counted."""
        return self.sent < self.size

    @property
    def may_be_all(self) -> bool:
        """Whether nothing says that there are more than these."""
        return not self.is_part and (self.is_last if self.total is None else self.total <= self.sent)

    @property
    def is_whole(self) -> bool:
        """Whether the whole list is known to be on this page."""
        return self.is_last and not self.skipped and self.total == self.sent


class _Reading:
    """One reading of a list, from its first page on: what came, and what it proves.

    ``is_ended`` tells whether nothing can follow, ``goes_on`` whether more may: pages that repeat themselves would do
    so for ever, and prove nothing.
    """

    def __init__(self) -> None:
        self.came: Set[int] = set()
        self.skipped: Skipped = []
        self.is_ended = False
        self.goes_on = False
        self._is_part = False
        self._named: Set[Tuple[str, ...]] = set()
        self._totals: List[int] = []
        self._pages = 0
        self._had_room = False
        self._largest = 0  # what a server that sends fewer than were asked for has on a full page

    def take(self, page: Page) -> List[Row]:
        """Count a page; return its incidents that have not come before."""
        new = {row["incidentId"]: row for row in page.rows if row["incidentId"] not in self.came}
        # Rows without an id may look alike. Only on a page that brings no incident are they those of another page.
        skipped = page.skipped if new else [each for each in page.skipped if tuple(each.values()) not in self._named]
        self.came.update(new)
        self.skipped += skipped
        self._named.update(tuple(each.values()) for each in skipped)
        self._is_part = self._is_part or page.is_part
        self._totals += [] if page.total is None else [page.total]
        is_last = page.is_last and page.sent != self._largest
        self._largest = max(self._largest, page.sent)
        self.is_ended = page.sent == 0 or (is_last and self.has_all)
        self._pages += 1
        is_counted = bool(self._totals) and not self.has_all
        self.goes_on = bool(new or skipped) and not self.is_ended and (is_counted or self._pages < MOST_UNCOUNTED)
        self._had_room = is_last
        return list(new.values())

    def end_at(self, refusal: Rejected) -> None:
        """End with a refusal of the page behind the last one. Raises it where that may be one of others that exist.

        A server that always counts too many refuses what it never has: the last page had room for it.
        """
        if not self.has_all:
            if not self._had_room or type(refusal) not in (Rejected, NotFound):
                raise refusal
            self._is_part = True
        self.is_ended = True

    @property
    def has_all(self) -> bool:
        """Whether as many came as FortiSIEM counts."""
        return bool(self._totals) and len(self.came) + len(self.skipped) >= self._totals[-1]

    @property
    def has_shrunk(self) -> bool:
        """Whether incidents left the list meanwhile, so that others may have slipped past between two pages."""
        return self._totals != sorted(self._totals)

    @property
    def is_complete(self) -> bool:
        """Whether it is known that all rows came; those that are counted later need not."""
        came_as_counted = not self._totals or len(self.came) + len(self.skipped) >= self._totals[0]
        return self.is_ended and came_as_counted and not self._is_part and not self.has_shrunk


class IncidentList:
    """A list of incidents on one FortiSIEM.

    Parameters:
        http: for the deadline and for messages.
        send: sends an authorized request.
        wanted: which incidents.

    Of the last reading of ``all`` tell ``is_complete`` (whether it is known that all rows came), ``is_ended`` (whether
    nothing can follow, whatever was counted), ``came`` (the ids) and ``skipped``. An incident's ``incidentId`` is an
    integer in every row; what has none is skipped.
    """

    def __init__(self, http: Transport, send: Send, wanted: Wanted) -> None:
        self._http = http
        self._send = send
        self._wanted = wanted
        self._fits = PAGE_SIZE  # how many incidents an answer can hold, as far as it was seen
        self.is_complete = self.is_ended = False
        self.came: Set[int] = set()
        self.skipped: Skipped = []

    def newest(self, size: int) -> Page:
        """Return the first page, the newest incidents first."""
        return self._query(size, 0, descending=True)

    def oldest(self, size: int) -> Page:
        """Return the first page, those first whose last occurrence is longest ago."""
        return self._query(size, 0, order_by="incidentLastSeen")

    def all(self) -> Iterator[Row]:
        """Yield every incident once, by ascending id, one page in memory at a time.

        Sorted by time, rows would move between pages and be lost (seen). New incidents have higher ids and come at
        the end. If the total falls, rows have left the list, and others may have slipped past: then it is read again.
        """
        seen: Set[int] = set()
        for _ in range(MOST_PASSES):
            reading = _Reading()
            for rows in self._new_rows(reading, PAGE_SIZE):
                yield from (row for row in rows if row["incidentId"] not in seen)
                seen.update(row["incidentId"] for row in rows)
            self.is_complete, self.is_ended = reading.is_complete, reading.is_ended
            self.came, self.skipped = reading.came, reading.skipped
            if not reading.has_shrunk:
                return

    def _new_rows(self, reading: _Reading, size: int) -> Iterator[List[Row]]:
        first = self._query(size, 0)
        yield reading.take(first)
        yield from self._by_query(reading, first) if first.query_id else self._by_start(reading, first.sent, size)

    def _by_start(self, reading: _Reading, start: int, size: int) -> Iterator[List[Row]]:
        while reading.goes_on:
            try:
                page = self._query(size, start)
            except Rejected as refusal:
                reading.end_at(refusal)
                return
            start += page.sent
            yield reading.take(page)

    def _by_query(self, reading: _Reading, first: Page) -> Iterator[List[Row]]:
        size, pages, number = first.size, first.pages or math.ceil((first.total or 0) / first.size), 2
        while reading.goes_on:
            third = math.ceil((first.total or 0) / 3)
            may_never_come = pages == number == 2 and 0 < third < size  # 6.7 to 7.0.0 never deliver page 2 of exactly 2
            is_counted = number <= pages  # behind these, nothing is waited for
            waits = NOT_READY_WAITS if is_counted and not may_never_come else ()
            try:
                page = self._further(first.query_id, number, size, waits)
            except AnswerTooLarge:
                if size == 1:
                    raise
                self._fits = size // 2
                yield from self._again(reading, self._fits)
                return
            if page is None:
                if may_never_come:
                    yield from self._again(reading, third)
                else:
                    reading.is_ended = pages > 0
                return
            yield reading.take(page)
            pages, number = page.pages or pages, number + 1

    def _again(self, reading: _Reading, size: int) -> Iterator[List[Row]]:
        """Read the list from its beginning with smaller pages."""
        reading.came.clear()
        yield from self._new_rows(reading, size)

    def _further(self, query_id: str, number: int, size: int, waits: Sequence[float]) -> Optional[Page]:
        """Return a further page; None where it is not ready and there is nothing to wait for."""
        endpoint = f"{INCIDENTS}{path('/{query}/{page}', query=query_id, page=number)}"
        for wait in (*waits, None):
            try:
                return self._read(self._send("GET", endpoint), size)
            except Failure as failure:
                if failure.request.get("status") not in NOT_READY:
                    raise
                if not waits:
                    return None
                if wait is None or not self._http.deadline.wait(wait):
                    raise
        return None

    def _query(self, size: int, start: int, order_by: str = "incidentId", descending: bool = False) -> Page:
        """Return a page of as many incidents as were asked for, or as an answer can hold.

        One that no answer can hold comes alone, with its short fields.
        """
        fields = self._wanted.fields
        size = min(size, self._fits)
        while True:
            try:
                page = self._queried(size, start, order_by, descending, fields)
            except AnswerTooLarge:
                if fields is SHORT_FIELDS:
                    raise
                fields = SHORT_FIELDS if size == 1 else fields
                size = self._fits = max(1, size // 2)
            else:
                self._fits = PAGE_SIZE if fields is SHORT_FIELDS else self._fits  # the next ones need not be as large
                return page

    def _queried(self, size: int, start: int, order_by: str, descending: bool, fields: Sequence[str]) -> Page:
        body = {
            "filters": self._wanted.filters,
            "timeFrom": self._wanted.time_from,
            "timeTo": self._wanted.time_to,
            "start": start,
            "size": size,
            "orderBy": order_by,
            "descending": descending,
            "fields": list(fields),
        }
        return self._read(self._send("POST", INCIDENTS, body, changes=False), size)

    def _read(self, answer: Answer, size: int) -> Page:
        body, sent, refusal = rows_of(self._http, answer)
        query_id = text(body.get("queryId"))
        if query_id and not QUERY_ID.fullmatch(query_id):
            raise AnswerBroken(f"{self._http.where(answer)} with a query's ID that is none", changed="no")
        rows, skipped = read_rows(sent, with_id, "incidentId")
        if refusal:
            skipped.append({"row": "", "reason": refusal})
        told = [whole_number(body.get(name)) for name in ("sizePerPage", "size")]
        sizes = [number for number in told if number and number > 0]
        total, pages = whole_number(body.get("total")), whole_number(body.get("pages")) or 0
        is_count = total is not None and total >= len(sent)
        return Page(
            rows, skipped, bool(refusal), len(sent), min([size, *sizes]), total if is_count else None, pages, query_id
        )


def with_id(row: Row) -> Row:
    """Return an incident with its id as an integer. Raises ValueError where it has none, or one that was rounded."""
    number = whole_number(row.get("incidentId"))
    if number is None or number <= 0:
        raise ValueError("it has no ID that is a whole number")
    return {**row, "incidentId": number}


def rows_of(http: Transport, answer: Answer) -> Tuple[Row, List[Any], str]:
    """Return the body of an answer, the rows in it, and an error that came with them.

    Raises: Rejected where there is only an error, AnswerBroken where there is neither.
    """
    body = json_of(answer)
    body = body if isinstance(body, dict) else {}
    rows = body.get("data")
    refusal = f"{http.where(answer)}: {error_text(http, answer) or 'an error'}" if is_refused(body) else ""
    if rows is None and ("data" in body or whole_number(body.get("total")) == 0):
        rows = []
    if refusal and not rows:
        raise answer.failure(Rejected, refusal, changed="no")
    if not isinstance(rows, list):
        raise AnswerBroken(f"{http.where(answer)} without a list of incidents", changed="no")
    return body, rows, refusal


def is_refused(body: Any) -> bool:
    """Tell whether a JSON body is, or has, an error: ``{"result": {"code": 255, "description": ...}}`` and its like.

    Rows tell nothing of it: what stands in them is whatever an event brought.
    """
    if not isinstance(body, dict):
        return False
    result = body.get("result")
    codes = [result.get("code")] if isinstance(result, dict) else []
    codes += [value for name, value in body.items() if folded(name) in ("code", "errorcode")]
    is_fine = all(code is None or whole_number(code) in FINE or folded(code) in ("ok", "success") for code in codes)
    return not is_fine or error_in({name: value for name, value in body.items() if name != "data"}) is not None
