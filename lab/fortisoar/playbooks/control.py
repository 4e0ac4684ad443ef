"""What people do with runs: take them up again, end them, see what they wait for."""

from __future__ import annotations

from starlette.routing import Route

from ..calls import Answer, Call, hydra_page, route
from ..refusals import refusal
from .engine import FAILED, TERMINATED
from .inputs import full
from .questions import Questions
from .running import Running
from .runs import ENDED, Runs

BASE = "/api/wf/api/workflows/{number:int}"


class Control:
    """The addresses under one run."""

    def __init__(self, runs: Runs, questions: Questions, running: Running) -> None:
        self._runs = runs
        self._questions = questions
        self._running = running

    def routes(self) -> list[Route]:
        """Return the addresses."""
        return [
            route("GET", f"{BASE}/retry/", self._retry),
            route("POST", f"{BASE}/retry/", _no_post),
            route("POST", f"{BASE}/start/", self._start),
            route("POST", f"{BASE}/resume/", self._resume),
            route("POST", f"{BASE}/approval/", self._approvals),
            route("POST", f"{BASE}/terminate/", self._terminate),
        ]

    def _retry(self, call: Call) -> Answer:
        """Take a failed run up again, at the step that failed."""
        run = self._runs.run(call.path["number"])
        if run.status != FAILED:
            raise refusal(400, "Only a failed workflow can be retried.")
        return 200, {"task_id": self._running.start_again(run.id), "result": "workflow retry queued"}

    def _start(self, call: Call) -> Answer:
        """Take up a run that ended badly. That others are refused is assumed: no source."""
        run = self._runs.run(call.path["number"])
        if run.status not in (FAILED, TERMINATED):
            raise refusal(400, f"Only a failed or terminated workflow can be started, and this one is {run.status}.")
        return 200, {"status": "started", "task_id": self._running.start_again(run.id)}

    def _resume(self, call: Call) -> Answer:
        """Refuse: it is for paused runs alone, and nothing in the local FortiSOAR pauses one."""
        run = self._runs.run(call.path["number"])
        raise refusal(400, f"Only a paused workflow can be resumed, and this one is {run.status}.")

    def _approvals(self, call: Call) -> Answer:
        """List the approvals that a run waits for; it resumes nothing."""
        run = self._runs.run(call.path["number"])
        asked = [question for question in self._questions.open() if question.run == run.id]
        rows = [row for row in map(full, asked) if row["is_approval"]]
        return 200, hydra_page(rows, call, "/wf/api/manual-wf-input/context/")

    def _terminate(self, call: Call) -> Answer:
        """End a run that has not ended. Address and answer are the lab's own: no source."""
        run = self._runs.run(call.path["number"])
        if run.status in ENDED:
            raise refusal(400, f"The workflow has ended: it is {run.status}.")
        self._running.terminate(run.id)
        return 200, {"task_id": run.task_id, "result": "workflow terminated"}


def _no_post(call: Call) -> Answer:
    raise refusal(405, 'Method "POST" not allowed.')
