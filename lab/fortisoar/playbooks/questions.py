"""What runs wait for: people who answer, tasks that are done, and the time until which they may be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from ...kit.clock import Clock
from ...kit.store import Store
from ..refusals import refusal
from .definitions import Row, uuid_of
from .models import Question
from .options import an_object, span
from .steps import Chosen, StepFailed

DONE_TASKS = ("Completed", "Skipped")


class Questions:
    """The questions that runs wait with, and their answers until the runs take them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def ask(self, run: int, entry: int, arguments: Row) -> int:
        """Ask a person; return the question's number. With a time-out, the run goes on when that is over.

        Raises: BadOption.
        """
        length = span(an_object(arguments.get("timeout"), "timeout"), "timeout")
        due = self._now() + timedelta(seconds=length) if length else None
        return self._add(Question(run=run, step=entry, created=self._now(), due=due, arguments=arguments))

    def about(self, run: int, entry: int, record: str, arguments: Row) -> int:
        """Wait for a record that somebody works on; return the question's number."""
        return self._add(Question(run=run, step=entry, created=self._now(), record=record, arguments=arguments))

    def open(self) -> list[Question]:
        """Return the manual inputs that nobody has answered, the newest first."""
        with self._store.transaction() as session:
            wanted = select(Question).where(Question.record.is_(None), Question.answer.is_(None))
            return list(session.scalars(wanted.order_by(Question.id.desc())))

    def answer(self, number: int, result: Any, leads_to: list[str] | None) -> None:
        """Answer a question; the second of two answers at once finds it gone.

        Raises: Refusal 404.
        """
        self._give(number, {"result": result, "leads_to": leads_to})

    def outcome(self, number: int) -> Chosen | None:
        """Take the answer to a question, None if there is none yet.

        Raises: StepFailed if there will be none.
        """
        with self._store.transaction() as session:
            question = session.get(Question, number)
            answer = question.answer if question else None
            if question is None or answer is None:
                return None
            session.delete(question)
        if "failure" in answer:
            raise StepFailed(answer["failure"])
        return Chosen(answer["result"], answer["leads_to"])

    def is_answered(self, number: int) -> bool:
        """Tell whether there is an answer to a question."""
        with self._store.transaction() as session:
            question = session.get(Question, number)
            return question is not None and question.answer is not None

    def drop(self, runs: Iterable[int], number: int | None = None) -> None:
        """Take away what runs wait for; of one alone if a number is given."""
        gone = delete(Question).where(Question.run.in_(list(runs)))
        with self._store.transaction() as session:
            session.execute(gone if number is None else gone.where(Question.id == number))

    def records(self) -> set[str]:
        """Return the records that runs wait for."""
        with self._store.transaction() as session:
            return set(session.scalars(select(Question.record).where(Question.record.is_not(None))))

    def record_written(self, row: Row) -> list[int]:
        """Take note of a record that was changed; return the runs that have waited for that."""
        status = row.get("status")
        if not isinstance(status, dict) or status.get("itemValue") not in DONE_TASKS:
            return []
        return self._settle(str(row["@id"]), {"result": row, "leads_to": None})

    def record_deleted(self, iri: str) -> list[int]:
        """Take note of a record that was deleted; return the runs that have waited for it."""
        return self._settle(iri, {"failure": f"{iri} was deleted before it was done"})

    def pass_over_due(self) -> list[int]:
        """Answer what is not answered in time; return the runs that have waited."""
        with self._store.transaction() as session:
            late = select(Question).where(Question.due <= self._now(), Question.answer.is_(None))
            questions = list(session.scalars(late))
            for question in questions:
                question.answer = _without_answer(question.arguments["timeout"])
        return [question.run for question in questions]

    def any_due(self) -> bool:
        """Tell whether a question has to be answered in time."""
        with self._store.transaction() as session:
            wanted = select(Question.id).where(Question.due.is_not(None), Question.answer.is_(None)).limit(1)
            return session.scalar(wanted) is not None

    def _settle(self, record: str, answer: Row) -> list[int]:
        with self._store.transaction() as session:
            wanted = select(Question).where(Question.record == record, Question.answer.is_(None))
            questions = list(session.scalars(wanted))
            for question in questions:
                question.answer = answer
        return [question.run for question in questions]

    def _add(self, question: Question) -> int:
        with self._store.transaction() as session:
            session.add(question)
            session.flush()
            return question.id

    def _give(self, number: int, answer: Row) -> None:
        given = update(Question).where(Question.id == number, Question.answer.is_(None)).values(answer=answer)
        with self._store.transaction() as session:
            if session.execute(given).rowcount == 0:  # type: ignore[attr-defined]
                raise refusal(404, "Not found.")

    def _now(self) -> datetime:
        return self._clock.now().replace(tzinfo=None)


def _without_answer(timeout: Row) -> Row:
    """Return what stands for an answer when the time is over. Its form is assumed: no source."""
    step = timeout.get("step_iri")
    if not step:
        return {"failure": "The manual input was not answered in time"}
    return {"result": {"input": {}, "step_iri": step, "user": None}, "leads_to": [uuid_of(step)]}
