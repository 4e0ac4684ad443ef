"""Actions on many incidents at once: several under way, one result for each, and a list to go on with."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ..clients.context import Context
from ..clients.fortisiem.attributes import ATTRIBUTES
from ..core.errors import (
    AuthenticationFailed,
    Failure,
    InvalidInput,
    MethodNotAllowed,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unreachable,
    attempting,
)
from .fortimonitor import force_resolve_incident
from .parameters import valid_parameters
from .results import Result
from .siem_update import not_applied, update
from .summaries import of_many
from .writes import ALREADY_DONE

READ_AT_ONCE = 100  # incidents
MOST_PROBLEMS = 20  # shown of invalid items
REPORTS = 10  # lines of progress in the log
RESERVE = 0.1  # of the time, in which nothing new is begun, so that what is under way can end
OUTCOMES = ("done", "already_done", "failed", "unknown", "not_attempted")
STOPPING = (AuthenticationFailed, RateLimited, Unreachable)  # what meets every further item too
# What may meet one item alone. Where it met all of the first that ended, it is the account that is refused: a read-only
# key of FortiMonitor with 405.
REFUSING = (PermissionDenied, MethodNotAllowed)
FIRST_REFUSED = 3  # items


class Job(NamedTuple):
    """One item: what names its incident in the results, and what is to be done."""

    incident_id: Any
    act: Callable[[], Result]


class _Update(NamedTuple):
    fields: Dict[str, str]
    verify: bool


def update_siem_incidents(context: Context, params: Dict[str, Any]) -> Result:
    """Update many incidents in FortiSIEM.

    Raises: InvalidInput with the problems of all items, before anything is sent.
    """
    items: List[Any] = params["items"]
    updates = _each(items, partial(_update_of, context))
    fortisiem = context.fortisiem  # made once, before the threads use it
    rows = _rows(context, updates) if params["skip_done"] else {}
    jobs = [Job(incident_id, partial(_updated, context, rows, incident_id, wanted)) for incident_id, wanted in updates]
    return _Run(context, f"update of {fortisiem.host}", "fortisiem", "updated", items, jobs).result(
        params["concurrency"]
    )


def force_resolve_incidents(context: Context, params: Dict[str, Any]) -> Result:
    """Force-resolve many custom incidents in FortiMonitor, at most 100 requests a minute.

    Raises: InvalidInput with the problems of all items, before anything is sent.
    """
    items: List[Any] = params["items"]
    context = context.waiting_for_rate_limit()

    def resolve_of(item: Any) -> Tuple[int, Dict[str, Any]]:
        given = dict(item) if isinstance(item, dict) else {"incident": item}
        given["reason"] = given.get("reason") or params.get("reason")
        values = valid_parameters("force_resolve_incident", given, context=context)
        return context.fortimonitor.outage_id(values["incident"]), values

    resolves = _each(items, resolve_of)
    jobs = [Job(outage_id, partial(force_resolve_incident, context, values)) for outage_id, values in resolves]
    return _Run(context, "force resolve", "fortimonitor", "resolved", items, jobs).result(params["concurrency"])


# Before the first request.


def _each(items: List[Any], check: Callable[[Any], Tuple[int, Any]]) -> List[Tuple[int, Any]]:
    """Check every item and return its incident with what is to be done. Raises InvalidInput with all problems."""
    checked, problems = [], []
    for place, item in _numbered(items):
        try:
            checked.append(check(item))
        except InvalidInput as error:
            problems += [f"Item {place}: {problem}" for problem in error.problems]
    _refuse(problems)
    _refuse_repeats([incident_id for incident_id, _ in checked])
    return checked


def _refuse_repeats(ids: List[int]) -> None:
    """Refuse two items for one incident: which of them comes last would be chance."""
    first: Dict[int, int] = {}
    problems = []
    for place, number in _numbered(ids):
        if number in first:
            problems.append(f"Items {first[number]} and {place} are for the same incident {number}.")
        first.setdefault(number, place)
    _refuse(problems)


def _refuse(problems: List[str]) -> None:
    if len(problems) > MOST_PROBLEMS:
        problems = [*problems[:MOST_PROBLEMS], f"{len(problems) - MOST_PROBLEMS} more."]
    if problems:
        raise InvalidInput(*problems)


def _numbered(items: List[Any]) -> Iterator[Tuple[int, Any]]:
    return enumerate(items, start=1)


def _update_of(context: Context, item: Any) -> Tuple[int, _Update]:
    values = valid_parameters("update_siem_incident", item, context=context)
    fields = {name: values[name] for name in ATTRIBUTES if name in values}
    if not fields:
        raise InvalidInput("At least one attribute to update must be given.")
    # Verifying costs a request, so it is off unless the item itself asks for it.
    return values["incident_id"], _Update(fields, item.get("verify") not in (None, "") and values["verify"])


def _updated(context: Context, rows: Dict[int, Dict[str, Any]], incident_id: int, wanted: _Update) -> Result:
    if incident_id in rows and not not_applied(rows[incident_id], wanted.fields):
        return ALREADY_DONE.result()
    return update(context, incident_id, wanted.fields, wanted.verify, rows.get(incident_id))


def _rows(context: Context, updates: List[Tuple[int, _Update]]) -> Dict[int, Dict[str, Any]]:
    """Read what the incidents show of the attributes; nothing on servers that cannot tell (before 6.3)."""
    ids = [incident_id for incident_id, _ in updates]
    fields = sorted({ATTRIBUTES[name].read for _, wanted in updates for name in wanted.fields})
    rows: Dict[int, Dict[str, Any]] = {}
    try:
        with attempting("read the FortiSIEM incidents"):
            for start in range(0, len(ids), READ_AT_ONCE):
                rows.update(context.fortisiem.incidents_by_id(ids[start : start + READ_AT_ONCE], fields))
    except NotFound:
        return {}
    return rows


# The run.


class _Run:
    """The items of one call, taken one after another by several threads until all are done or it has to stop."""

    def __init__(self, context: Context, name: str, product: str, deed: str, items: List[Any], jobs: List[Job]) -> None:
        self._context = context
        self._name = name
        self._product = product
        self._deed = deed
        self._items = items
        self._jobs = jobs
        self._results: List[Optional[Result]] = [None] * len(jobs)
        self._next = iter(range(len(jobs)))
        self._finished = 0
        self._lock = threading.Lock()
        self._refused: Dict[int, Failure] = {}  # by place
        self._stopped_by: Optional[Failure] = None
        self._is_late = False

    def result(self, concurrency: int) -> Result:
        """Do the items and return what became of each.

        Raises what stopped it before anything came of any item: wrong credentials are no half success.
        """
        from concurrent.futures import ThreadPoolExecutor  # at first use: other actions need no threads

        workers = min(concurrency, len(self._jobs))
        with ThreadPoolExecutor(workers) as pool:
            for worker in [pool.submit(self._work) for _ in range(workers)]:
                worker.result()
        if self._stopped_by in self._refused.values():  # what refused them was not theirs
            for place in self._refused:
                self._results[place] = None
        results = [result or self._not_attempted(place) for place, result in enumerate(self._results)]
        counts = {outcome: sum(result["outcome"] == outcome for result in results) for outcome in OUTCOMES}
        if self._stopped_by is not None and counts["not_attempted"] == len(results):
            raise self._stopped_by
        resume = [item for item, result in zip(self._items, results) if result["outcome"] == "not_attempted"]
        return {
            "summary": of_many(counts, self._deed),
            "outcome": _overall(counts, len(results)),
            "changed": True if counts["done"] else None if counts["unknown"] else False,
            "counts": counts,
            "results": results,
            "resume": resume,
            "stopped_by": self._why_stopped(),
        }

    def _work(self) -> None:
        while True:
            place = self._take()
            if place is None:
                return
            self._finish(place, self._do(place))

    def _take(self) -> Optional[int]:
        with self._lock:
            deadline = self._context.deadline
            if self._stopped_by is not None:
                return None
            place = next(self._next, None)
            if place is not None and deadline.remaining() < RESERVE * deadline.seconds:
                self._is_late = True
                return None
            return place

    def _do(self, place: int) -> Optional[Result]:
        """Do an item and return its result, None if it turned out not to have been attempted."""
        job = self._jobs[place]
        try:
            result = job.act()
        except Failure as failure:
            if isinstance(failure, (*STOPPING, *REFUSING)) and not failure.is_ambiguous:
                with self._lock:
                    if isinstance(failure, STOPPING):
                        self._stopped_by = self._stopped_by or failure
                        return None
                    self._refused[place] = failure
            outcome, changed = ("unknown", None) if failure.is_ambiguous else ("failed", False)
            return self._shown(place, outcome, changed, None, failure.attempts, self._context.redact(str(failure)))
        message = result.get("warning")
        return self._shown(
            place, result["outcome"], result["changed"], result["confirmed_by"], result["attempts"], message
        )

    def _finish(self, place: int, result: Optional[Result]) -> None:
        with self._lock:
            self._results[place] = result
            self._finished += result is not None
            if result is not None and self._finished == FIRST_REFUSED and self._stopped_by is None:
                ended = [place for place, each in enumerate(self._results) if each is not None]
                if all(place in self._refused for place in ended):
                    self._stopped_by = self._refused[ended[0]]
            every = max(1, len(self._jobs) // REPORTS)
            if result is not None and (self._finished % every == 0 or self._finished == len(self._jobs)):
                self._context.log.info("%s: %d of %d items", self._name, self._finished, len(self._jobs))

    def _not_attempted(self, place: int) -> Result:
        return self._shown(place, "not_attempted", False, None, 0, None)

    def _shown(
        self,
        place: int,
        outcome: str,
        changed: Optional[bool],
        confirmed_by: Optional[str],
        attempts: int,
        message: Optional[str],
    ) -> Result:
        return {
            "index": place,
            "incident_id": self._jobs[place].incident_id,
            "page_url": self._context.page_url(self._product, self._jobs[place].incident_id),
            "outcome": outcome,
            "changed": changed,
            "confirmed_by": confirmed_by,
            "attempts": attempts,
            "message": message,
        }

    def _why_stopped(self) -> Optional[str]:
        if self._stopped_by is not None:
            return self._context.redact(self._stopped_by.explanation)
        if self._is_late:
            return f"The time was over (Total Timeout {self._context.config['total_timeout']} s). Run it with resume."
        return None


def _overall(counts: Dict[str, int], total: int) -> str:
    """Return one outcome for all items: "partial" where they did not all end alike."""
    if total in (counts["already_done"], counts["failed"]):
        return "failed" if counts["failed"] else "already_done"
    return "done" if counts["done"] + counts["already_done"] == total else "partial"
