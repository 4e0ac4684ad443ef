"""The workflow engine as a part of the local FortiSOAR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.routing import Route
from starlette.types import ASGIApp

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.switches import Switches
from ..calls import Answer, Call, route
from ..records import Records
from ..refusals import refusal
from .asking import Inside
from .content.collections import Collections
from .content.ingestion import DataImports
from .control import Control
from .definitions import Row
from .inputs import Inputs
from .macros import Macros
from .questions import Questions
from .running import Running, Stopped
from .runs import Runs
from .schedules import Schedules
from .templates.rendering import Renderer, RenderingFailed
from .triggers import Triggers

# By what records tell of a write: what the playbooks wait for that it starts, and the switch that it depends on.
STARTS: dict[str, tuple[str, str | None]] = {
    "create": ("create", None),
    "update": ("update", None),
    "bulk insert": ("create", "bulk_insert_starts_playbooks"),
    "link": ("update", "link_starts_playbooks"),
    "unlink": ("update", "link_starts_playbooks"),
}


class Playbooks:
    """Playbooks of one FortiSOAR: their definitions, their runs and their HTTP interface.

    Parameters:
        records: keep playbooks, among other records.
        authorization: with which the engine calls FortiSOAR's own API; ``connect`` gives it the API.
    """

    def __init__(self, store: Store, clock: Clock, records: Records, authorization: str, switches: Switches) -> None:
        self.switches = switches
        self._authorization = authorization
        self._inside: Inside | None = None
        self.macros = Macros(store)
        self.collections = Collections(store, records, self.macros)
        self._data_imports = DataImports(store)
        self.find = self.collections.find
        self.runs = Runs(store, clock, self.find)
        self._questions = Questions(store, clock)
        self.running = Running(self.runs, self._questions, clock, self)
        self.schedules = Schedules(store, clock, self._fire, self.runs.is_running)
        self._inputs = Inputs(self._questions, self.runs, self.running.wake)
        self._control = Control(self.runs, self._questions, self.running)
        self._triggers = Triggers(self.collections, self.ask, self.running.start)
        self._renderer = Renderer(self.ask, clock, self.macros.value, switches, self.running.go_on)

    def connect(self, app: ASGIApp) -> None:
        """Take FortiSOAR's whole application as what steps call."""
        self._inside = Inside(app, self._authorization)
        self.running.take_up_left_over()
        self.schedules.watch()

    def record_written(self, change: str, module: str, row: Row, before: Row) -> None:
        """Start playbooks on a record that was created or updated, without making its writer wait."""
        starts, switch = STARTS.get(change, (None, None))
        if starts is None or (switch and not self.switches[switch]):
            return
        if waiting := self._triggers.waiting(starts, module):
            self.running.queue(self._triggers.written, waiting, module, row, before)
        self._wake(self._questions.record_written(row))

    def records_going(self, change: str, module: str, iris: list[str]) -> Callable[[str], None]:
        """Look at records that are about to be deleted; return what is to be called with each that is gone."""
        is_silent = change == "bulk delete" and not self.switches["bulk_delete_starts_playbooks"]
        starts = {} if is_silent else self._triggers.going(module, iris)
        awaited = self._questions.records()

        def gone(iri: str) -> None:
            for start in starts.get(iri, []):
                start()
            if iri in awaited:
                self._wake(self._questions.record_deleted(iri))

        return gone

    def routes(self) -> list[Route]:
        """Return every address of the engine. They stand before those of modules, which take any name."""
        return [
            *self._triggers.routes(),
            *self.collections.routes(),
            *self._data_imports.routes(),
            *self.macros.routes(),
            *self._inputs.routes(),
            *self._control.routes(),
            *self.runs.routes(),
            *self.schedules.routes(),
            route("POST", "/api/wf/api/jinja-editor/", self._render_for_editor),
        ]

    def reset(self) -> None:
        """Abandon every run; the caller empties the tables."""
        self.running.stop()
        self.schedules.close()
        self.running.reset()

    def stop(self) -> None:
        """Have every run end at its next step."""
        self.running.stop()

    def close(self) -> None:
        """Stop every run and thread."""
        self.stop()
        self.schedules.close()
        self.running.close()
        self._renderer.close()
        if self._inside:
            self._inside.close()

    def settle(self) -> None:
        """Wait until no run is under way."""
        self.running.settle()

    # What runs need.

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call FortiSOAR's own API."""
        self.running.go_on()
        assert self._inside is not None
        return self._inside.ask(method, path, body)

    def render(self, value: Any, variables: Row) -> Any:
        """Render a value with a run's variables."""
        return self._renderer.render(value, variables)

    def set_macro(self, name: str, value: str) -> Row | None:
        """Give an existing global variable a value."""
        if self.switches["updatemacro_creates"]:
            self.macros.add_missing([{"name": name, "value": value, "default_value": ""}])
        return self.macros.set(name, value)

    def _wake(self, runs: list[int]) -> None:
        for number in runs:
            self.running.queue(self.running.wake, number)

    def _fire(self, workflow: str) -> None:
        definition = self.collections.find(workflow)
        if definition is not None:
            self.running.start(definition, {}, [])

    def _render_for_editor(self, call: Call) -> Answer:
        values = call.fields.get("values")
        try:
            text = str(call.fields.get("template", ""))
            return 200, {"result": self._renderer.text(text, values if isinstance(values, dict) else {})}
        except RenderingFailed as failed:
            raise refusal(400, str(failed)) from failed
        except Stopped:
            raise refusal(400, "The local FortiSOAR stops or starts anew.") from None
