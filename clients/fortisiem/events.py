"""The events that triggered an incident in FortiSIEM: asked for in one call, or by start, progress and result.

Source: OpenAPI 7.5.1 and clients' code (fortisiem-api reference, 2.2).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from ...core.errors import AnswerBroken, Failure, ProductFailed, Rejected
from ...core.http.answers import Answer, error_text, json_of
from ...core.http.transport import Transport
from ...core.http.values import whole_number
from ...core.process_state import STATE
from ...core.urls import path
from .authentication import REST
from .lists import QUERY_ID

EVENTS = f"{REST}/pub/incident/triggeringEvents"
NONE_FOUND = "no triggering events"
PROGRESS_WAITS = (0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds


class EventSource:
    """Triggering events on one FortiSIEM.

    Parameters:
        http: for the deadline and for messages.
        send: sends an authorized request.
    """

    def __init__(self, http: Transport, send: Callable[..., Answer]) -> None:
        self._http = http
        self._send = send

    def of_incident(
        self, incident_id: int, time_from: Optional[int], time_to: Optional[int], size: int
    ) -> List[Dict[str, Any]]:
        """Return an incident's events as FortiSIEM shows them, none where it says that there are none.

        Event queries are tried first: the one call is deprecated since 7.5, and slow. Servers before 7.3.3 have it
        alone.

        Parameters:
            time_from, time_to: epoch milliseconds, at most 24 hours apart; None for no bound.
            size: how many, 100 at most.
        """
        wanted = {"incidentId": incident_id, "size": size, "timeFrom": time_from, "timeTo": time_to}
        params = {name: value for name, value in wanted.items() if value is not None}
        try:
            return self._found(params)
        except Rejected as refusal:
            if NONE_FOUND in refusal.happened.lower():
                return []
            raise

    def _found(self, params: Dict[str, Any]) -> List[Dict[str, Any]]:
        account, now = self._http.account, self._http.deadline.timing.monotonic()
        if not STATE.without_event_queries.get(account, now):
            try:
                return self._by_query(params)
            except Failure as failure:
                request = failure.request
                if request.get("path") != f"{EVENTS}/start" or request.get("status") not in (404, 405, 410):
                    raise
                STATE.without_event_queries.put(account, True, now)
        return self._events(self._send("GET", EVENTS, params=params))

    def _by_query(self, params: Dict[str, Any]) -> List[Dict[str, Any]]:
        query_id = self._query_id(self._send("GET", f"{EVENTS}/start", params=params))
        for _ in self._http.deadline.after_each(PROGRESS_WAITS):
            progress = self._send("GET", f"{EVENTS}{path('/progress/{query}', query=query_id)}")
            if self._percent(progress) >= 100:
                result = f"{EVENTS}{path('/result/{query}', query=query_id)}"
                return self._events(self._send("GET", result, params={"size": params["size"]}))
        raise ProductFailed("FortiSIEM did not finish its search for the events in time", "Run the action again.", "no")

    def _query_id(self, answer: Answer) -> str:
        """Read the answer to start: ``{"queryId": "14262"}``, before 7.5 the bare text."""
        body = self._body(answer)
        named = body.get("queryId") if isinstance(body, dict) else body
        query_id = str(answer.text if named is None else named)
        if not QUERY_ID.fullmatch(query_id):
            raise AnswerBroken(f"{self._http.where(answer)} without the query's ID", changed="no")
        return query_id

    def _percent(self, answer: Answer) -> float:
        """Read the progress: documented as ``100``, ``{"progressPct": 100}`` in clients' code."""
        body = self._body(answer)
        value = body.get("progressPct") if isinstance(body, dict) else body
        try:
            return float(str(answer.text if value is None else value).strip("%"))
        except ValueError:
            return 0.0

    def _events(self, answer: Answer) -> List[Dict[str, Any]]:
        """Read events: a bare list up to 6.6, the ``data`` of an object since."""
        body = self._body(answer)
        rows = body.get("data") if isinstance(body, dict) else body
        if rows is None and isinstance(body, dict) and isinstance(body.get("result"), dict):
            return []  # the result says that all is well, and there is nothing to show
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise AnswerBroken(f"{self._http.where(answer)} without a list of events", changed="no")
        return rows

    def _body(self, answer: Answer) -> Any:
        """Read an answer's JSON. Raises Rejected for a refusal: ``{"result": {"code": 255, ...}}``, even under 200."""
        body = json_of(answer)
        result = body.get("result") if isinstance(body, dict) else None
        if isinstance(result, dict) and result.get("code") is not None and whole_number(result["code"]) != 0:
            raise Rejected(f"{self._http.where(answer)}: {error_text(self._http, answer)}")
        return body
