"""The events that triggered an incident in FortiSIEM: asked for in one call, or by start, progress and result.

Source: OpenAPI 7.5.1 and clients' code (fortisiem-api reference, 2.2).
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Optional

from ...core.errors import AnswerBroken, Failure, NotFound, ProductFailed, Rejected
from ...core.http.answers import Answer, error_text, json_of
from ...core.http.transport import Transport
from ...core.process_state import STATE
from ...core.urls import path
from ...core.values import text
from .authentication import REST
from .lists import QUERY_ID, is_refused

EVENTS = f"{REST}/pub/incident/triggeringEvents"
# How FortiSIEM says, as an error or not, that an incident has none.
NO_EVENTS = (
    r"(?i)\b(no|0)( [a-z]+)? events?( (was|were|are))?(\.|$| (found|available|exist|match|in|for|within)\b)"
    r"|\bevents?( (was|were))? not found\b"
)
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

    def of_incident(self, incident_id: int, time_from: Optional[int], time_to: Optional[int], size: int) -> List[Any]:
        """Return an incident's events as FortiSIEM shows them; none where it says in any way that there are none.

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
        except Rejected as failure:
            if type(failure) in (Rejected, NotFound) and re.search(NO_EVENTS, failure.happened):
                return []
            raise

    def _found(self, params: Dict[str, Any]) -> List[Any]:
        account, now = self._http.account, self._http.deadline.timing.monotonic()
        if STATE.without_event_queries.get(account, now):
            try:
                return self._at_once(params)
            except Failure as failure:
                if not _is_gone(failure, EVENTS):
                    raise
                STATE.without_event_queries.drop(account)  # what was learnt does not hold
        try:
            return self._by_query(params)
        except Failure as failure:
            if not _is_gone(failure, f"{EVENTS}/start"):
                raise
        events = self._at_once(params)
        STATE.without_event_queries.put(account, True, now)
        return events

    def _at_once(self, params: Dict[str, Any]) -> List[Any]:
        return self._events(self._send("GET", EVENTS, params=params))

    def _by_query(self, params: Dict[str, Any]) -> List[Any]:
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
        query_id = answer.text if named is None else text(named)
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

    def _events(self, answer: Answer) -> List[Any]:
        """Read events: a bare list up to 6.6, the ``data`` of an object since, which may lack where there are none."""
        body = self._body(answer)
        rows = body.get("data", [] if "result" in body else None) if isinstance(body, dict) else body
        if isinstance(rows, list):
            return rows
        is_empty = "data" in body and not rows if isinstance(body, dict) else answer.text in ("", "null")
        if not is_empty and not re.search(NO_EVENTS, text(rows) or answer.text):
            raise AnswerBroken(f"{self._http.where(answer)} without a list of events", changed="no")
        return []

    def _body(self, answer: Answer) -> Any:
        """Read an answer's JSON. Raises Rejected for a refusal: ``{"result": {"code": 255, ...}}``, even under 200."""
        body = json_of(answer)
        if is_refused(body):
            raise answer.failure(
                Rejected, f"{self._http.where(answer)}: {error_text(self._http, answer)}", changed="no"
            )
        return body


def _is_gone(failure: Failure, endpoint: str) -> bool:
    """Tell whether a failure says that the server has no such address."""
    is_there = failure.request.get("path") != endpoint or failure.request.get("status") not in (404, 405, 410)
    return not is_there and re.search(NO_EVENTS, failure.happened) is None
