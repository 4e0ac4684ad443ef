"""Schedules: playbooks that run when the lab's clock passes their minute."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.routing import Route

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.whole_numbers import whole_number
from ..calls import Answer, Call, hydra_page, route
from ..refusals import refusal
from .cron import BadCrontab, is_due
from .definitions import Row, uuid_of
from .models import Schedule
from .watch import Watch

BASE = "/api/wf/api/scheduled/"
TRIGGERED = "The associated workflow is successfully triggered"

Fire = Callable[[str], None]


class Schedules:
    """The schedules, their HTTP interface, and the thread that watches the clock.

    Parameters:
        fire: runs a playbook by its UUID.
        is_running: tells whether a run of that playbook has not ended.
    """

    def __init__(self, store: Store, clock: Clock, fire: Fire, is_running: Callable[[str], bool]) -> None:
        self._store = store
        self._clock = clock
        self._fire = fire
        self._is_running = is_running
        self._looking = threading.Lock()
        self._watch = Watch("schedules", self.look)

    def close(self) -> None:
        """Stop watching the clock."""
        self._watch.stop()

    def watch(self) -> None:
        """Begin to watch the clock, unless there is no schedule."""
        if self._any():
            self._watch.start()

    def look(self) -> None:
        """Fire what became due since the last look; a schedule that missed several minutes fires once."""
        with self._looking:
            now = self._now()
            for schedule in self._take_due(now):
                self._fire(uuid_of(schedule.document["kwargs"]["wf_iri"]))

    def routes(self) -> list[Route]:
        """Return the addresses of schedules."""
        return [
            route("GET", BASE, self._list),
            route("POST", BASE, lambda call: (201, self._create(call.fields))),
            route("GET", f"{BASE}{{number}}/", lambda call: (200, self._change(call, {}))),
            route("PUT", f"{BASE}{{number}}/", lambda call: (200, self._change(call, call.fields))),
            route("DELETE", f"{BASE}{{number}}/", self._delete),
            route("POST", f"{BASE}trigger-now/", self._trigger),
        ]

    def _any(self) -> bool:
        with self._store.transaction() as session:
            return session.scalar(select(Schedule.id).limit(1)) is not None

    def _take_due(self, now: datetime) -> list[Schedule]:
        due = []
        with self._store.transaction() as session:
            for schedule in session.scalars(select(Schedule).order_by(Schedule.id)):
                if self._is_ready(schedule, now):
                    schedule.fired = now
                    schedule.count += 1
                    due.append(schedule)
                schedule.looked = now
        return due

    def _is_ready(self, schedule: Schedule, now: datetime) -> bool:
        document = schedule.document
        if not document.get("enabled", True) or not is_due(document["crontab"], schedule.looked, now):
            return False
        is_busy = document["kwargs"].get("exit_if_running") and self._is_running(uuid_of(document["kwargs"]["wf_iri"]))
        return not is_busy

    def _list(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            rows = [_row(schedule) for schedule in session.scalars(select(Schedule).order_by(Schedule.id))]
        rows = [row for row in rows if row["name"] == call.query.get("name", row["name"])]
        return 200, hydra_page(rows, call, "/wf/api/scheduled/context/")

    def _create(self, fields: Row) -> Row:
        document = _checked(fields, self._now())
        schedule = Schedule(name=str(document["name"]), document=document, looked=self._now(), fired=None, count=0)
        with self._naming() as session:
            session.add(schedule)
            session.flush()
            row = _row(schedule)
        self.watch()
        return row

    @contextmanager
    def _naming(self) -> Iterator[Session]:
        """Open a transaction that may give a schedule a name which is taken."""
        try:
            with self._store.transaction() as session:
                yield session
        except IntegrityError as error:
            raise refusal(400, "name: periodic task with this name already exists.") from error

    def _change(self, call: Call, fields: Row) -> Row:
        with self._naming() as session:
            schedule = session.get(Schedule, _number(call.path["number"]))
            if schedule is None:
                raise refusal(404, "Not found.")
            schedule.document = _checked({**schedule.document, **fields}, self._now())
            schedule.name = str(schedule.document["name"])
            row = _row(schedule)
        self.watch()
        return row

    def _delete(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            schedule = session.get(Schedule, _number(call.path["number"]))
            if schedule is None:
                raise refusal(404, "Not found.")
            session.delete(schedule)
        return 204, None

    def _trigger(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            schedule = session.get(Schedule, _number(call.fields.get("id")))
            if schedule is None:
                raise refusal(404, "Not found.")
        self._fire(uuid_of(schedule.document["kwargs"]["wf_iri"]))
        return 200, {"message": TRIGGERED}

    def _now(self) -> datetime:
        return self._clock.now().replace(tzinfo=None)


def _checked(fields: Row, now: datetime) -> Row:
    kwargs, crontab = fields.get("kwargs"), fields.get("crontab")
    if not fields.get("name") or not isinstance(crontab, dict):
        raise refusal(400, "name and crontab are required.")
    if not isinstance(kwargs, dict) or not kwargs.get("wf_iri"):
        raise refusal(400, "kwargs.wf_iri is required.")
    try:
        is_due(crontab, now, now)
    except BadCrontab as bad:
        raise refusal(400, str(bad)) from bad
    kept = ("name", "crontab", "kwargs", "enabled", "expires", "start_time")
    return {"enabled": True, "expires": None, "start_time": None} | {key: fields[key] for key in kept if key in fields}


def _row(schedule: Schedule) -> Row:
    """Return a schedule; the appliance's ``id`` is a sealed text that changes with every request."""
    return schedule.document | {
        "id": f"schedule-{schedule.id}",
        "task": "workflow.tasks.periodic_task",
        "last_run_at": schedule.fired.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if schedule.fired else None,
        "total_run_count": schedule.count,
    }


def _number(identifier: Any) -> int:
    return whole_number(str(identifier).removeprefix("schedule-")) or 0
