"""Runs: written down as they go, listed and told as the appliance does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from starlette.routing import Route

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.whole_numbers import whole_number
from ..calls import Answer, Call, hydra_page, objects_of, route
from ..refusals import refusal
from .definitions import Definition, Row, type_of
from .engine import FAILED, FINISHED, FINISHED_WITH_ERROR, TERMINATED
from .models import Question, Run, RunStep
from .state import USER, State

BASE = "/api/wf/api"
CONTEXT = "/wf/api/workflows/context/"
NODE = "soar"
LARGEST_RESULT = 100_000  # characters of JSON; the appliance's own limit is not known
FAILURES = (FAILED, TERMINATED)
# Ended runs move to the history (7.6.1).
HISTORY_AFTER = {FINISHED: timedelta(minutes=15), **dict.fromkeys(FAILURES, timedelta(minutes=60))}
WELL = (FINISHED, FINISHED_WITH_ERROR)
ENDED = {*WELL, *FAILURES}
QUERY = {"logic", "limit", "sort", "filters", "aggregates"}  # a body with one of these is a query


class Runs:
    """The runs and their HTTP interface."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    # Writing.

    def create(self, definition: Definition, task_id: str, parent: int | None, records: list[str]) -> int:
        """Write a new run down and return its number."""
        now = self.now()
        run = Run(
            task_id=task_id,
            parent=parent,
            workflow=definition.uuid,
            name=definition.name,
            status="incipient",
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
            return run.id

    def change(self, number: int, **values: Any) -> None:
        """Change a run; one that was deleted meanwhile stays deleted."""
        with self._store.transaction() as session:
            session.execute(update(Run).where(Run.id == number).values(**values, modified=self.now()))

    def keep(self, number: int, status: str, state: State) -> None:
        """Write down how far a run has come; of one that ended well, without its variables unless it is verbose."""
        is_told = status not in WELL or state.definition.document.get("debug") is True
        self.change(number, status=status, state=state.as_json() if is_told else {}, result=state.result)

    def state(self, number: int) -> State:
        """Return how far a run had come."""
        with self._store.transaction() as session:
            return State.of(_the_run(session, number).state)

    def run(self, number: int) -> Run:
        """Return a run.

        Raises: Refusal 404.
        """
        with self._store.transaction() as session:
            return _the_run(session, number)

    def log(self, number: int) -> StepLog:
        """Return where a run's steps are written down."""
        return StepLog(self._store, self._clock, number)

    def answer_step(self, number: int, result: Any) -> None:
        """Write down that the step of a run that waited is done."""
        with self._store.transaction() as session:
            session.execute(
                update(RunStep)
                .where(RunStep.run == number, RunStep.status == "awaiting")
                .values(status="finished", completed=self.now(), result=result)
            )

    def is_running(self, workflow: str) -> bool:
        """Tell whether a playbook has a run that has not ended."""
        with self._store.transaction() as session:
            wanted = select(Run.id).where(Run.workflow == workflow, Run.status.not_in(ENDED)).limit(1)
            return session.scalar(wanted) is not None

    def terminate_left_over(self) -> None:
        """End the runs that an earlier process of the lab left unfinished; how the appliance does it is assumed."""
        with self._store.transaction() as session:
            session.execute(
                update(Run)
                .where(Run.status.in_(("incipient", "active")))
                .values(status=TERMINATED, modified=self.now())
            )

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
        return 200, hydra_page([_row(run) for run in self._by_address(call, wanted)], call, CONTEXT, limit=100)

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
        with self._store.transaction() as session:
            run = _the_run(session, call.path["number"])
            if self._is_old(run) is not of_history:
                raise refusal(404, "Not found.")
            steps = session.scalars(select(RunStep).where(RunStep.run == run.id).order_by(RunStep.id)).all()
            return 200, _detail(run, list(steps))

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
                    "created": _time(step.started),
                    "func": type_of_step(step.type),
                    "input": step.arguments if _tells(run) else {},
                    "modified": _time(step.completed or step.started),
                    "name": step.name,
                    "result": step.result if _tells(run) else {},
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
            rows = [_logged(session.merge(run, load=False)) for run in runs]
        return hydra_page(rows, call, CONTEXT, limit)

    def _delete(self, call: Call) -> Answer:
        before = _moment(call.fields.get("date"))
        spared = {"incipient", "active"} | ({"awaiting"} if call.fields.get("exclude_awaiting_wf") else set())
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
            status="active",
            started=self._now(),
            arguments=None,
            result=None,
        )
        with self._store.transaction() as session:
            session.add(entry)
            session.flush()
            return entry.id

    def end(self, number: int, status: str, arguments: Any, result: Any) -> None:
        """Write down how a step ended, or that it waits."""
        values = {"status": status, "arguments": _short(arguments), "result": _short(result)}
        completed = None if status == "awaiting" else self._now()
        with self._store.transaction() as session:
            session.execute(update(RunStep).where(RunStep.id == number).values(**values, completed=completed))

    def question(self, number: int, arguments: Row) -> None:
        """Write down what a person is asked."""
        with self._store.transaction() as session:
            session.add(Question(run=self._run, step=number, created=self._now(), arguments=arguments))

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


def _row(run: Run) -> Row:
    """Return a run as lists show it; ``task_id`` and ``template_iri`` beside the captured keys: clients read them."""
    return {
        "@id": f"/wf/api/workflows/{run.id}/",
        "@type": "Workflow",
        "created": _time(run.created),
        "debug": run.debug,
        "modified": _time(run.modified),
        "name": run.name,
        "node_name": NODE,
        "parent_wf": f"/wf/api/workflows/{run.parent}/" if run.parent else None,
        "status": run.status,
        "tags": ",".join(run.tags),
        "task_id": run.task_id,
        "template_iri": f"/api/3/workflows/{run.workflow}",
    }


def _detail(run: Run, steps: list[RunStep]) -> Row:
    return _row(run) | {
        "env": run.state.get("variables", {}) if _tells(run) else {},
        "metadata": {},
        "peer_details": None,
        "result": run.result,
        "steps": [_step(run, step) for step in steps],
        "user": USER,
    }


def _logged(run: Run) -> Row:
    return _row(run) | {
        "@id": f"/wf/api/query/{run.id}/",
        "env": {},
        "metadata": {},
        "parent_wf_id": run.parent,
        "result": run.result,
        "user": USER,
    }


def _step(run: Run, step: RunStep) -> Row:
    row = {
        "@id": f"/wf/api/steps/{step.id}/",
        "@type": "Step",
        "completed": _time(step.completed) if step.completed else None,
        "func": type_of_step(step.type),
        "metadata": {"metadata": {"stepType": {"displayName": step.type}, "uuid": step.uuid}},
        "template_iri": f"/api/3/workflow_steps/{step.uuid}",
        "name": step.name,
        "started": _time(step.started),
        "status": step.status,
    }
    # Results are kept for failed runs and verbose playbooks alone.
    return row | ({"input": step.arguments, "result": step.result} if _tells(run) else {})


def _tells(run: Run) -> bool:
    return run.debug or run.status in FAILURES


def type_of_step(name: str) -> str:
    """Return the engine's function behind a type of step."""
    functions = {
        "Connectors": "connector",
        "CyopsUtilites": "connector",
        "SetVariable": "set_multiple",
        "Decision": "cond",
        "WorkflowReference": "call",
        "InsertData": "insert_data",
        "UpdateRecord": "update_data",
        "FindRecords": "find_data",
        "ManualInput": "manual_input",
        "Delay": "delay",
    }
    return functions.get(name, "no_op")


def _short(value: Any) -> Any:
    return value if len(json.dumps(value)) <= LARGEST_RESULT else "--truncated--"


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text).strip('"'))
    except ValueError as error:
        raise refusal(400, f"{text} is not a date") from error
    return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment
