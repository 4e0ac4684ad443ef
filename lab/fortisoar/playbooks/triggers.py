"""What starts a playbook: its own address, a record's menu, an API endpoint, or a record that was written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.routing import Route

from ..calls import Answer, Call, route
from ..refusals import Refusal, refusal
from .asking import Ask
from .content.collections import Collections
from .definitions import Definition, Row, arguments_of

BASE = "/api/triggers/1"
ON_WRITE = {"create": "cybersponse.post_create", "update": "cybersponse.post_update"}
ON_DELETE = "cybersponse.post_delete"

log = logging.getLogger(__name__)

# The playbook, the trigger's body, the records; returns the task id.
StartRun = Callable[[Definition, Row, list[Any]], str]
Start = Callable[[], str]


class Triggers:
    """The addresses that start playbooks, and the starts on writing records."""

    def __init__(self, collections: Collections, ask: Ask, start: StartRun) -> None:
        self._collections = collections
        self._ask = ask
        self._start = start

    def routes(self) -> list[Route]:
        """Return the addresses that start playbooks."""
        return [
            route("POST", f"{BASE}/notrigger/{{uuid}}", self._without_record),
            route("POST", f"{BASE}/action/{{name}}", self._on_records),
            route("POST", f"{BASE}/deferred/{{name}}", lambda call: (202, self._by_name(call))),
            route("POST", f"{BASE}/{{name}}", lambda call: (200, self._by_name(call))),
        ]

    def waiting(self, change: str, module: str) -> list[Definition]:
        """Return the active playbooks that wait for a record of this module to be created or updated."""
        return self._on(ON_WRITE[change], module)

    def written(self, waiting: list[Definition], module: str, record: Row, changed: Row) -> None:
        """Start those of the playbooks that wait whose filters a record passes."""
        for definition in waiting:
            if self._passes(_filters(definition), module, record, changed):
                self._start(definition, {}, [self._record(record["@id"])])

    def going(self, module: str, iris: list[str]) -> dict[str, list[Start]]:
        """Return for records what starts the playbooks that wait for them to be deleted, with them as they are now."""
        waiting = self._on(ON_DELETE, module)
        return {iri: self._starts(waiting, module, iri) for iri in iris} if waiting else {}

    def _starts(self, waiting: list[Definition], module: str, iri: str) -> list[Start]:
        try:
            record = self._record(iri)
        except Refusal:  # there is none, or it lies in the recycle bin
            return []
        passed = [each for each in waiting if self._passes(_filters(each), module, record, {})]
        return [partial(self._start, definition, {}, [record]) for definition in passed]

    def _on(self, start: str, module: str) -> list[Definition]:
        return [each for each in self._collections.active(start) if module in _resources(each)]

    def _without_record(self, call: Call) -> Answer:
        definition = self._collections.find(call.path["uuid"])
        if definition is None:
            raise refusal(404, "Workflow not found")
        # The body's records are not read on this road, as found in the appliance.
        return 200, {"task_id": self._start(definition, call.fields, [])}

    def _on_records(self, call: Call) -> Answer:
        definition, start = self._routed("cybersponse.action", call.path["name"])
        body = call.fields
        given = body.get("records") or []
        records = [self._record(str(iri)) for iri in (given if isinstance(given, list) else [given])]
        if not records and not start.get("noRecordExecution"):
            raise refusal(400, "The playbook runs on records, and none were given.")
        # That each record gets its own run where the start says "single" is assumed: no source.
        is_single = body.get("singleRecordExecution") or start.get("singleRecordExecution")
        groups = [[record] for record in records] if is_single and records else [records]
        return 200, {"task_ids": [self._start(definition, body, group) for group in groups]}

    def _by_name(self, call: Call) -> Row:
        definition, _ = self._routed("cybersponse.api_call", call.path["name"])
        request = {"data": call.body, "params": call.query, "uri": call.address, "method": "POST"}
        return {"task_id": self._start(definition, {"request": request}, [])}

    def _routed(self, kind: str, name: str) -> tuple[Definition, Row]:
        for definition in self._collections.active(kind):
            start = arguments_of(definition.start or {})
            if start.get("route") == name:
                return definition, start
        raise refusal(404, f"No active playbook has the route {name}")

    def _record(self, iri: str) -> Any:
        status, record = self._ask("GET", f"{iri}?$relationships=true", None)
        if status != 200:
            raise refusal(400, f"Record {iri} cannot be read")
        return record

    def _passes(self, group: Row, module: str, record: Row, changed: Row) -> bool:
        """Tell whether a record passes a trigger's filters: changes are seen here, the rest is left to a query."""
        given = group.get("filters")
        filters = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
        results = (
            self._passes(one, module, record, changed)
            if "filters" in one
            else self._passes_one(one, module, record, changed)
            for one in filters
        )
        return not filters or (any(results) if str(group.get("logic")).upper() == "OR" else all(results))

    def _passes_one(self, one: Row, module: str, record: Row, changed: Row) -> bool:
        if one.get("operator") == "changed":
            return str(one.get("field")).split(".")[0] in changed
        this = {"field": "uuid", "operator": "eq", "value": record["uuid"]}
        status, answer = self._ask("POST", f"/api/query/{module}", {"logic": "AND", "filters": [this, one]})
        if status != 200:
            log.error("A trigger's filter cannot be decided: %s %s", status, answer)
            return False
        return bool(answer["hydra:member"])


def _resources(definition: Definition) -> list[Any]:
    resources = arguments_of(definition.start or {}).get("resources")
    return resources if isinstance(resources, list) else [resources]


def _filters(definition: Definition) -> Row:
    trigger = arguments_of(definition.start or {}).get("fieldbasedtrigger")
    return trigger if isinstance(trigger, dict) else {}
