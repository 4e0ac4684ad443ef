"""Manual inputs: the questions that runs wait with, and their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.fernet import Fernet
from starlette.routing import Route

from ..calls import Answer, Call, hydra_page, route
from ..refusals import refusal
from .definitions import Row, uuid_of
from .models import Question
from .questions import Questions
from .runs import Runs

BASE = "/api/wf/api/manual-wf-input/"
RESUMED = "Awaiting Playbook resumed successfully."


class Inputs:
    """The HTTP interface of the open questions.

    Parameters:
        wake: takes a run up again, and returns when it yields.
    """

    def __init__(self, questions: Questions, runs: Runs, wake: Callable[[int], None]) -> None:
        self._questions = questions
        self._runs = runs
        self._wake = wake
        self._tokens = Fernet(Fernet.generate_key())

    def routes(self) -> list[Route]:
        """Return the addresses of questions and answers."""
        return [
            route("POST", f"{BASE}list_wfinput/", self._list),
            route("GET", BASE, self._of_run),
            route("GET", f"{BASE}{{number:int}}/", self._read),
            route("POST", f"{BASE}{{number:int}}/retrieve_wfinput/", self._read),
            route("DELETE", f"{BASE}{{number:int}}/", self._delete),
            route("POST", "/api/wf/api/workflows/{number:int}/wfinput_resume/", self._answer),
        ]

    def _list(self, call: Call) -> Answer:
        """List in short: without the form, and with the run's number sealed, as the appliance does."""
        rows = [
            {**_row(question), "workflow": self._tokens.encrypt(str(question.run).encode()).decode()}
            for question in self._questions.open()
            if call.fields.get("is_approval") in (None, _is_approval(question))
        ]
        return 200, hydra_page(rows, call, "/wf/api/manual-wf-input/context/")

    def _of_run(self, call: Call) -> Answer:
        rows = [full(q) for q in self._questions.open() if call.query.get("workflow", str(q.run)) == str(q.run)]
        return 200, hydra_page(rows, call, "/wf/api/manual-wf-input/context/")

    def _read(self, call: Call) -> Answer:
        return 200, full(self._question(call.path["number"]))

    def _delete(self, call: Call) -> Answer:
        question = self._question(call.path["number"])
        self._questions.drop([question.run], question.id)
        return 204, None

    def _answer(self, call: Call) -> Answer:
        fields = call.fields
        question = self._question(fields.get("manual_input_id"))
        if question.run != call.path["number"]:
            raise refusal(404, "Not found.")
        if not fields.get("step_iri"):
            raise refusal(500, "Internal server error")  # as met for an option that leads to no step
        result = {"input": fields.get("input") or {}, "step_iri": fields["step_iri"], "user": fields.get("user")}
        self._questions.answer(question.id, result, [uuid_of(fields["step_iri"])])
        self._wake(question.run)
        message = _mapping(question).get("customSuccessMessage") or RESUMED
        return 200, {"task_id": self._runs.run(question.run).task_id, "message": message}

    def _question(self, number: Any) -> Question:
        for question in self._questions.open():
            if question.id == number:
                return question
        raise refusal(404, "Not found.")


def _row(question: Question) -> Row:
    arguments = question.arguments
    return {
        "id": question.id,
        "record": arguments.get("record") or "",
        "type": arguments.get("type") or "InputBased",
        "title": _schema(arguments).get("title"),
        "external_channel_list": [],
        "inline_channel_list": [],
        "owners": [],
        "assignment_type": None,
        "owner_details": arguments.get("owner_detail") or {},
        "created": question.created.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "timeout": question.due.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if question.due else None,
        "timeout_details": arguments.get("timeout") or None,
        "step_id": question.step,
        "unauthenticated_input": bool(arguments.get("unauthenticated_input")),
        "agent_id": None,
        "is_approval": _is_approval(question),
    }


def full(question: Question) -> Row:
    """Return a question with its form and the options to answer."""
    return _row(question) | {
        "workflow": question.run,
        "input": question.arguments.get("input") or {},
        "response_mapping": _mapping(question),
        "custom_fields": {},
    }


def _is_approval(question: Question) -> bool:
    return question.arguments.get("is_approval") is True


def _schema(arguments: Row) -> Row:
    form = arguments.get("input")
    schema = form.get("schema") if isinstance(form, dict) else None
    return schema if isinstance(schema, dict) else {}


def _mapping(question: Question) -> Row:
    mapping = question.arguments.get("response_mapping")
    return mapping if isinstance(mapping, dict) else {}
