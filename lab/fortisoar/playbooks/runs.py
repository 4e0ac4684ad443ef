"""Runs: written down as they go, listed and told as the appliance does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, undefer
from starlette.routing import Route

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.whole_numbers import whole_number
from ..calls import Answer, Call, hydra_page, objects_of, route
from ..refusals import refusal
from .definitions import Definition, Row, type_of
from .engine import ACTIVE, AWAITING, FAILED, FINISHED, FINISHED_WITH_ERROR, INCIPIENT, TERMINATED
from .models import Run, RunStep
from .showing import detail, logged_row, run_row, tells, time_of, type_of_step
from .state import USER, State

BASE = "/api/wf/api"
CONTEXT = "/wf/api/workflows/context/"
LARGEST_RESULT = 100_000  # characters of JSON; the appliance's own limit is not known
FAILURES = (FAILED, TERMINATED)
# Ended runs move to the history (7.6.1).
HISTORY_AFTER = {FINISHED: timedelta(minutes=15), **dict.fromkeys(FAILURES, timedelta(minutes=60))}
WELL = (FINISHED, FINISHED_WITH_ERROR)
ENDED = {*WELL, *FAILURES}
QUERY = {"logic", "limit", "sort", "filters", "aggregates"}  # a body with one of these is a query


class Runs:
    """The runs and their HTTP interface.

    Parameters:
        find: returns a playbook by its UUID, None if it is gone.
    """

    def __init__(self, store: Store, clock: Clock, find: Callable[[str], Definition | None]) -> None:
        self._store = store
        self._clock = clock
        self._find = find

    # Writing.

    def create(self, state: State, parent: int | None, records: list[str]) -> None:
        """Write a new run down; its state gets its number."""
        now = self.now()
        definition = state.definition
        run = Run(
            task_id=state.task_id,
            parent=parent,
            caller=state.caller,
            workflow=definition.uuid,
            name=definition.name,
            status=INCIPIENT,
            created=now,
            modified=now,
            debug=definition.document.get("debug") is True,
            tags=definition.tags,
            records=records,
            result=None,
            state={},
        )
        with self._store.transaction() as session:
            session.add(run)
            session.flush()
            state.run = state.variables["wf_id"] = run.id
            run.state = state.as_json()

    def change(self, number: int, **values: Any) -> None:
        """Change a run; one that was deleted meanwhile stays deleted."""
        with self._store.transaction() as session:
            session.execute(update(Run).where(Run.id == number).values(**values, modified=self.now()))

    def claim(self, number: int, status: str) -> bool:
        """Make a run active that has this status; of two who claim it at once, one does."""
        claimed = update(Run).where(Run.id == number, Run.status == status).values(status=ACTIVE, modified=self.now())
        with self._store.transaction() as session:
            return bool(session.execute(claimed).rowcount)  # type: ignore[attr-defined]

    def keep(self, status: str, state: State) -> None:
        """Write down how far a run has come; of one that ended well, without its variables unless it is verbose.

        One that was terminated meanwhile stays so.
        """
        is_told = status not in WELL or state.definition.document.get("debug") is True
        kept = {"status": status, "state": state.as_json() if is_told else {}, "result": state.result}
        wanted = update(Run).where(Run.id == state.run, Run.status != TERMINATED)
        with self._store.transaction() as session:
            session.execute(wanted.values(**kept, modified=self.now()))

    def state(self, number: int) -> State:
        """Return how far a run had come."""
        with self._store.transaction() as session:
            return State.of(_the_run(session, number).state)

    def awaiting(self) -> list[State]:
        """Return how far the runs have come that wait."""
        with self._store.transaction() as session:
            return [State.of(found) for found in session.scalars(select(Run.state).where(Run.status == AWAITING))]

    def find(self, number: int) -> Run | None:
        """Return a run with its result, None if it was deleted."""
        with self._store.transaction() as session:
            return session.get(Run, number, options=[undefer(Run.result)])

    def run(self, number: int) -> Run:
        """Return a run.

        Raises: Refusal 404.
        """
        with self._store.transaction() as session:
            return _the_run(session, number)

    def log(self, number: int) -> StepLog:
        """Return where a run's steps are written down."""
        return StepLog(self._store, self._clock, number)

    def is_running(self, workflow: str) -> bool:
        """Tell whether a playbook has a run that has not ended."""
        with self._store.transaction() as session:
            wanted = select(Run.id).where(Run.workflow == workflow, Run.status.not_in(ENDED)).limit(1)
            return session.scalar(wanted) is not None

    def terminate(self, numbers: Iterable[int]) -> dict[int, bool]:
        """End runs, and those that they wait for; return them, and of each whether it was under way."""
        ended: dict[int, bool] = {}
        with self._store.transaction() as session:
            level = list(session.scalars(select(Run).where(Run.id.in_(list(numbers)), Run.status.not_in(ENDED))))
            while level:
                ended |= {run.id: run.status == ACTIVE for run in level}
                called = select(Run).where(Run.caller.in_([run.id for run in level]), Run.status.not_in(ENDED))
                for run in level:
                    run.status, run.modified = TERMINATED, self.now()
                level = list(session.scalars(called))
            open_steps = update(RunStep).where(RunStep.run.in_(ended), RunStep.status.in_((ACTIVE, AWAITING)))
            session.execute(open_steps.values(status=TERMINATED, completed=self.now()))
        return ended

    def terminate_left_over(self) -> list[int]:
        """End the runs that an earlier process of the lab left unfinished; how the appliance does it is assumed."""
        with self._store.transaction() as session:
            numbers = list(session.scalars(select(Run.id).where(Run.status.in_((INCIPIENT, ACTIVE)))))
        return list(self.terminate(numbers))

    def now(self) -> datetime:
        """Return the lab's time in the form that SQLite keeps."""
        return self._clock.now().replace(tzinfo=None)

    # Telling.

    def routes(self) -> list[Route]:
        """Return the addresses of runs."""
        recent, old = f"{BASE}/workflows/", f"{BASE}/historical-workflows/"
        return [
            route("GET", f"{recent}count/", self._count),
            route("POST", f"{recent}log_list/", lambda call: self._list(call, lambda run: True)),
            route("DELETE", f"{recent}delete/", self._delete),
            route("GET", recent, lambda call: self._list(call, lambda run: not self._is_old(run))),
            route("GET", old, lambda call: self._list(call, self._is_old)),
            route("GET", f"{recent}{{number:int}}/", lambda call: self._detail(call, False)),
            route("GET", f"{old}{{number:int}}/", lambda call: self._detail(call, True)),
            route("GET", f"{BASE}/historical-steps/", self._steps),
            route("GET", f"{BASE}/query/workflow_logs/", self._query),
            route("POST", f"{BASE}/query/workflow_logs/", self._query),
        ]

    def _is_old(self, run: Run) -> bool:
        kept = HISTORY_AFTER.get(run.status)
        return kept is not None and self.now() - run.modified > kept

    def _all(self, wanted: Callable[[Run], bool]) -> list[Run]:
        with self._store.transaction() as session:
            return [run for run in session.scalars(select(Run).order_by(Run.id)) if wanted(run)]

    def _list(self, call: Call, wanted: Callable[[Run], bool]) -> Answer:
        return 200, hydra_page([run_row(run) for run in self._by_address(call, wanted)], call, CONTEXT, limit=100)

    def _by_address(self, call: Call, wanted: Callable[[Run], bool]) -> list[Run]:
        """Return the runs that the filters of an address leave, in its order."""
        chosen = self._all(lambda run: wanted(run) and _matches(run, call.query))
        ordering = call.query.get("ordering", "-modified")
        chosen.sort(key=lambda run: (_sortable(run, ordering.lstrip("-")), run.id), reverse=ordering.startswith("-"))
        return chosen

    def _count(self, call: Call) -> Answer:
        return 200, {"count": len(self._all(self._among(call.query.get("logs", "recent"))))}

    def _among(self, logs: str) -> Callable[[Run], bool]:
        return {
            "all": lambda run: True,
            "historical": self._is_old,
        }.get(logs, lambda run: not self._is_old(run))

    def _detail(self, call: Call, of_history: bool) -> Answer:
        run = self.run(call.path["number"])
        if self._is_old(run) is not of_history:
            raise refusal(404, "Not found.")
        with self._store.transaction() as session:
            wanted = select(RunStep).where(RunStep.run == run.id).order_by(RunStep.id)
            entries = list(session.scalars(wanted))
        return 200, detail(run, entries, self._find(run.workflow))

    def _steps(self, call: Call) -> Answer:
        """List the steps of runs that have ended, by ``task_id``."""
        with self._store.transaction() as session:
            found = session.execute(
                select(RunStep, Run)
                .join(Run, Run.id == RunStep.run)
                .where(Run.task_id == call.query.get("task_id"), Run.status.in_(ENDED))
                .order_by(RunStep.id)
            ).all()
            rows = [
                {
                    "@id": f"/wf/api/historical-steps/{step.id}/",
                    "created": time_of(step.started),
                    "func": type_of_step(step.type),
                    "input": step.arguments if tells(run) else {},
                    "modified": time_of(step.completed or step.started),
                    "name": step.name,
                    "result": step.result if tells(run) else {},
                    "status": step.status,
                    "workflow": run.id,
                }
                for step, run in found
            ]
        rows = [row for row in rows if all(row[key] == call.query.get(key, row[key]) for key in ("status", "name"))]
        return 200, hydra_page(rows, call, "/wf/api/historical-steps/context/", limit=100)

    def _query(self, call: Call) -> Answer:
        """Answer a query with filters, sort and aggregates; the form of aggregates is assumed: no source.

        Without a query in the body, the filters of the address apply.
        """
        among = self._among(call.query.get("logs", "all"))
        body = call.fields.get("query", call.fields)
        if not isinstance(body, dict):
            raise refusal(400, "query: This value should be an object.")
        if "query" not in call.fields and not QUERY.intersection(body):
            return 200, self._logged_page(self._by_address(call, among), call, 30)
        runs = [run for run in self._all(among) if holds(run, body)]
        for order in reversed(objects_of(body, "sort")):
            name = str(order.get("field", "modified"))
            runs.sort(key=partial(_sortable, field=name), reverse=order.get("direction") == "desc")
        if aggregates := objects_of(body, "aggregates"):
            return 200, hydra_page(_aggregated(runs, aggregates), call, CONTEXT)
        return 200, self._logged_page(runs, call, whole_number(body.get("limit")) or 30)

    def _logged_page(self, runs: list[Run], call: Call, limit: int) -> Row:
        with self._store.transaction() as session:
            rows = [logged_row(session.merge(run, load=False)) for run in runs]
        return hydra_page(rows, call, CONTEXT, limit)

    def _delete(self, call: Call) -> Answer:
        before = _moment(call.fields.get("date"))
        spared = {INCIPIENT, ACTIVE} | ({AWAITING} if call.fields.get("exclude_awaiting_wf") else set())
        with self._store.transaction() as session:
            session.execute(delete(Run).where(Run.modified < before, Run.status.not_in(spared)))
        return 200, {"result": "deleting workflows"}


class StepLog:
    """Writes the steps of one run down."""

    def __init__(self, store: Store, clock: Clock, run: int) -> None:
        self._store = store
        self._clock = clock
        self._run = run

    def begin(self, step: Row) -> int:
        """Write down that a step has begun; return the entry's number."""
        entry = RunStep(
            run=self._run,
            uuid=step["uuid"],
            name=step["name"],
            type=type_of(step),
            status=ACTIVE,
            started=self._now(),
            arguments=None,
            result=None,
        )
        with self._store.transaction() as session:
            session.add(entry)
            session.flush()
            return entry.id

    def end(self, number: int, status: str, arguments: Any, result: Any) -> None:
        """Write down how a step ended, or that it waits; what it was given is told once, also if it waits meanwhile."""
        values = {"status": status, "result": _short(result)}
        if arguments is not None:
            values["arguments"] = _short(arguments)
        completed = None if status == AWAITING else self._now()
        with self._store.transaction() as session:
            session.execute(update(RunStep).where(RunStep.id == number).values(**values, completed=completed))

    def _now(self) -> datetime:
        return self._clock.now().replace(tzinfo=None)


def _the_run(session: Session, number: int) -> Run:
    run = session.get(Run, number)
    if run is None:
        raise refusal(404, "Not found.")
    session.refresh(run, ["state", "result"])
    return run


def _matches(run: Run, query: dict[str, str]) -> bool:
    """Tell whether a run passes the filters of a list's address."""
    facts = {
        "task_id": run.task_id,
        "status": run.status,
        "template_iri": f"/api/3/workflows/{run.workflow}",
        "name": run.name,
        "parent_wf": str(run.parent),
    }
    given = {key: query[key].strip('"').lower() for key in facts if query.get(key)}
    record = query.get("records", "").strip('"')
    return (
        all(facts[key].lower() == value for key, value in given.items())
        and _is_called(run, query)
        and (not record or record in run.records)
        and query.get("search", "").lower() in run.name.lower()
        and _is_tagged(run, query)
        and (not query.get("created_after") or run.created >= _moment(query["created_after"]))
        and (not query.get("created_before") or run.created < _moment(query["created_before"]))
    )


def _is_called(run: Run, query: dict[str, str]) -> bool:
    """Tell whether it is asked for runs that another one has called, or for those that none has, and this is one."""
    keys = ("parent_wf__isnull", "parent__isnull")  # the first on recent runs, the second on historical ones
    return all((query[key].lower() == "true") is (run.parent is None) for key in keys if key in query)


def _is_tagged(run: Run, query: dict[str, str]) -> bool:
    tags = set(run.tags)
    included, excluded = _tags(query.get("tags_include")), _tags(query.get("tags_exclude"))
    return (not included or bool(included & tags)) and not excluded & tags


def _tags(text: str | None) -> set[str]:
    return {tag.strip() for tag in (text or "").strip('"').split(",") if tag.strip()}


def holds(run: Run, group: Row) -> bool:
    """Tell whether a run passes a group of filters, which may hold groups."""
    filters = objects_of(group, "filters")
    results = (holds(run, one) if "filters" in one else _passes(run, one) for one in filters)
    return not filters or (any(results) if str(group.get("logic", "AND")).upper() == "OR" else all(results))


def _passes(run: Run, one: Row) -> bool:
    fact, value, operator = _fact(run, str(one.get("field"))), str(one.get("value", "")), str(one.get("operator", "eq"))
    if isinstance(fact, datetime):
        tests: Row = {"gte": fact >= _moment(value), "lte": fact <= _moment(value), "eq": fact == _moment(value)}
    else:
        tests = {
            "eq": fact == value,
            "neq": fact != value,
            "contains": value.lower() in fact.lower(),
            "ncontains": value.lower() not in fact.lower(),
            "gte": fact >= value,
            "lte": fact <= value,
        }
    if operator not in tests:
        raise refusal(400, f"Operator {operator} is not supported")
    return bool(tests[operator])


def _fact(run: Run, field: str) -> Any:
    facts = {
        "id": str(run.id),
        "status": run.status,
        "name": run.name,
        "user": USER,
        "tags": ",".join(run.tags),
        "modified": run.modified,
        "created": run.created,
        "task_id": run.task_id,
        "template_iri": f"/api/3/workflows/{run.workflow}",
    }
    if field not in facts:
        raise refusal(400, f"Field {field} is not supported")
    return facts[field]


def _sortable(run: Run, field: str) -> Any:
    return run.id if field == "id" else _fact(run, field)


def _aggregated(runs: list[Run], aggregates: list[Row]) -> list[Row]:
    groups = [str(one.get("field")) for one in aggregates if str(one.get("operator")).lower() == "groupby"]
    counted = Counter(tuple(_fact(run, field) for field in groups) for run in runs)
    if not groups and not counted:
        return [{"count": 0}]
    return [{**dict(zip(groups, key, strict=True)), "count": count} for key, count in sorted(counted.items())]


def _short(value: Any) -> Any:
    return value if len(json.dumps(value)) <= LARGEST_RESULT else "--truncated--"


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text).strip('"'))
    except ValueError as error:
        raise refusal(400, f"{text} is not a date") from error
    return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment
