"""Cleaning up the tables of workflow runs. Deleting runs is the workflow engine's own."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from starlette.routing import Route

from ...kit.store import Store
from ...kit.switches import Switches
from ..calls import Answer, Call, route


class Cleaning:
    """``auto_vacuum``: give the space of deleted rows back. The date and the user in its body change nothing."""

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store = store
        self._switches = switches

    def routes(self) -> Iterable[Route]:
        """Return the address of the clean-up."""
        yield route("POST", "/api/wf/api/workflows/auto_vacuum/", self._clean_up)

    def _clean_up(self, call: Call) -> Answer:
        self._store.compact()
        if self._switches["vacuum_answer"] == "task_id":
            return 200, {"task_id": str(uuid4())}
        return 200, {"result": "vacuuming tables"}
