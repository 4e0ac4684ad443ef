"""Lists of FortiMonitor, page after page: no row twice, no page more than can still bring new ones."""

from __future__ import annotations

from typing import Any, Callable, Dict, Generic, Iterator, List, Mapping, NamedTuple, Optional, Set, TypeVar

from ...core.errors import attempting
from ...core.values import Skipped, read_rows, text, whole_number

PAGE_SIZE = 50  # what the API gives by default; `limit=0` would mean everything
MOST_IDLE = 3  # pages in a row that bring nothing new: a server that loops, repeats or clamps its pages
MOST_UNCOUNTED = 100  # pages that are read of what nothing counts: a minute's requests
UNSAID = object()

Row = Dict[str, Any]


class Page(NamedTuple):
    """A page of a list, with what ``meta`` says of the whole."""

    rows: List[Any]
    meta: Mapping[str, Any]

    @property
    def total(self) -> Optional[int]:
        """How many rows there are in all, None where it does not say so readably."""
        return whole_number(self.meta.get("total_count"))

    def is_last(self, end: int) -> bool:
        """Tell whether no page follows, where ``end`` rows have been passed by."""
        following = self.meta.get("next", UNSAID)
        if not self.rows:
            return True
        if following is not None and following is not UNSAID:
            return False
        # Without `next`, or where it denies what the total says, the total counts; without both, an empty page tells.
        if self.total is None or end < self.total:
            return self.total is None and following is None
        # Behind a full page more may follow, whatever is counted.
        return following is None or len(self.rows) < PAGE_SIZE


Value = TypeVar("Value")


class Listing(Generic[Value]):
    """A list of FortiMonitor that is read as far as somebody asks for its values.

    Parameters:
        rows: where the rows come from.
        read: makes a value of a row; what raises ValueError costs that row alone.
        is_wanted: which values; filters of the API may be ignored (seen), so they are applied once more here.
        goal: what is attempted, for failures; "" where whoever reads the list says it.

    ``skipped`` are the rows that could not be read, each with its reason.
    """

    def __init__(
        self,
        rows: Rows,
        read: Callable[[Row], Value],
        is_wanted: Callable[[Value], bool] = lambda _: True,
        goal: str = "",
    ) -> None:
        self._goal, self._rows, self._read, self._is_wanted = goal, rows, read, is_wanted
        self.skipped: Skipped = []

    @property
    def is_complete(self) -> bool:
        """Whether all rows have come, as far as FortiMonitor's own counting shows."""
        return self._rows.is_complete

    def __iter__(self) -> Iterator[Value]:
        with attempting(self._goal):
            for row in self._rows:
                values, skipped = read_rows([row], self._read, "url")
                self.skipped += skipped
                yield from (value for value in values if self._is_wanted(value))


class Rows:
    """The rows of a list, none twice.

    FortiMonitor may cap a page at 50 whatever ``limit`` asks for (seen 2026-02), so the offset advances by what
    arrived, and a short page is no end.

    Parameters:
        read_page: reads the page that begins at an offset.
        rows_leave: rows may leave the list while it is read, as resolved ones leave the list of active outages; the
            rest moves up and would be missed. So each page begins at the last row of the one before. Where it begins
            at a row that is new, some have left: then it goes back a page. Pages of one row cannot overlap; they are
            taken as they come.
        most: rows to read; None for all of them.

    ``is_complete`` is true once all rows have come, as far as FortiMonitor's own counting shows.
    """

    def __init__(self, read_page: Callable[[int], Page], rows_leave: bool = False, most: Optional[int] = None) -> None:
        self._read_page = read_page
        self._rows_leave = rows_leave
        self._most = most
        self.is_complete = False

    def __iter__(self) -> Iterator[Any]:
        offset, idle, pages, overlaps = 0, 0, 0, False
        seen: Set[str] = set()
        totals: List[int] = []
        while idle < MOST_IDLE and (self._most is None or len(seen) < self._most):
            page, pages = self._read_page(offset), pages + 1
            names = [self._name(row, place, page) for place, row in enumerate(page.rows)]
            totals += [] if page.total is None else [page.total]
            if overlaps and not (names and names[0] in seen):
                offset = max(0, offset - (len(names) or PAGE_SIZE))
                overlaps = offset > 0
                continue
            new = {name: row for name, row in zip(names, page.rows) if name not in seen}
            idle = 0 if new else idle + 1
            seen.update(new)
            yield from new.values()
            offset += len(page.rows)
            if page.is_last(offset):
                self.is_complete = len(seen) >= min(totals, default=0)  # what comes or goes meanwhile need not be there
                return
            if pages >= MOST_UNCOUNTED and offset >= (page.total or 0):
                return
            overlaps = self._rows_leave and len(page.rows) > 1
            offset -= overlaps
        # Pages that only repeat themselves may all the same have brought everything that was ever counted.
        self.is_complete = idle == MOST_IDLE and bool(totals) and len(seen) >= max(totals)

    def _name(self, row: Any, place: int, page: Page) -> str:
        """Return what tells a row from another one: its URL.

        Entries of a log have none, and two of them may be equal: they are told by their place on a page, and that by
        what is on it. Where pages overlap, a row stands on two of them, and is told by what it says.
        """
        url = text(row.get("url")) if isinstance(row, dict) else ""
        return url or (repr(row) if self._rows_leave else f"{place} of {hash(repr(page.rows))}")
