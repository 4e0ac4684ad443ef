"""FortiSIEM's REST API: incidents and health.

Source: FortiSIEM Integration API Guide "Update Incident Attributes"; OpenAPI 7.5.1 (fortisiem-api reference).
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence

from ...core.errors import (
    AnswerBroken,
    Failure,
    NotFound,
    PermissionDenied,
    Rejected,
    attempting,
)
from ...core.http.answers import Answer, checked, error_text, json_of, xml_error
from ...core.http.transport import Transport, named_endpoint
from ...core.process_state import STATE
from ...core.urls import path
from ...core.values import Skipped, read_rows, text
from ..product_client import Product
from .attributes import ATTRIBUTES, EXTERNAL, IGNORED_BY_TWIN, TWIN
from .authentication import BAD_CLIENT, REST, Authentication
from .events import EventSource
from .lists import COUNTED_BUT_NOT_SENT, INCIDENTS, IncidentList, Page, Wanted, rows_of, with_id
from .versions import since

ADVICE = {
    400: "The request failed, often due to a missing or misconfigured parameter.",
    401: "Check user name, password and organization: use 'super' for Enterprise deployments and Super Global "
    "accounts, else the organization of the account.",
    403: "Make sure that the account has the appropriate access.",
    404: f"The server does not have this resource. Check FortiSIEM Server; updating incidents needs {since('update')}, "
    f"reading them {since('lists')}.",
    405: "The server rejected the method for the requested resource. Check FortiSIEM Server.",
    429: "FortiSIEM is busy with other queries.",
    500: "The API request failed due to an internal server error. Try again later.",
}
# What a refusal says where a server wants times with ids too, and times that every incident is within (milliseconds).
WANTS_TIMES = r"(?i)time(?!d|[ -]?out)|\bdate|period|window|range|required|missing|mandatory"
ANY_TIME = {"timeFrom": 1, "timeTo": 4102444800000}  # until 2100


class FortiSIEM(Product):
    """One FortiSIEM Supervisor, as one account sees it.

    Parameters:
        http: where requests go.
        authentication: the account.
        organization: whose incidents the account sees, for messages.
    """

    def __init__(self, http: Transport, authentication: Authentication, organization: str) -> None:
        super().__init__(http)
        self._authentication = authentication
        self._organization = organization

    @property
    def is_of_one_organization(self) -> bool:
        """Whether the account sees the incidents of its organization alone; one of ``super`` sees all."""
        return self._organization.strip().lower() not in ("", "super")

    def unseen(self, incident_id: int) -> Failure:
        """Return the failure that the account is shown no such incident: it may be another organization's."""
        return NotFound(
            f"FortiSIEM shows no incident {incident_id}",
            "Check the ID, and that the account sees the incident's organization; else choose the configuration that "
            "owns it.",
            "no",
        )

    def update_incident(self, incident_id: int, values: Mapping[str, str]) -> Answer:
        """POST /phoenix/rest/incident/external, or its twin /pub/incident/update/{id} where the server has only that.

        Only the given attributes are overwritten. The vendor calls the two "functionally identical" and may retire
        one (OpenAPI 7.5.1); which one a server has is remembered. The guide names no method; every client that was
        found uses POST. Success is told by the body: ``"OK"`` with or without quotes, ``SUCCESS``, or nothing.

        Parameters:
            values: our name of an attribute and our value, as in ATTRIBUTES.
        """
        first = self._update_address
        gone: List[Failure] = []
        nowhere = (
            f"Either incident {incident_id} does not exist in organization {self._organization}, or the server "
            f"has no address for this update: {since('update')} has one. Check FortiSIEM Server."
        )
        for address in (first, TWIN if first == EXTERNAL else EXTERNAL):
            try:
                answer = self._update_at(address, incident_id, values)
            except Failure as failure:
                if not _is_gone(failure, address, incident_id):
                    if gone and failure.request and type(failure) is Rejected:
                        # A 6.x server's refusal of the twin hides what the first said.
                        raise failure.but(advice=nowhere) from None
                    raise
                gone.append(failure)
            else:
                STATE.update_addresses.put(self._http.account, address, self._http.deadline.timing.monotonic())
                return answer.after(len(gone)) if gone else answer
        raise gone[0].but(advice=nowhere)

    def may_ignore(self, values: Mapping[str, str]) -> List[str]:
        """Return the names of attributes that the address for updates may take without doing anything (before 7)."""
        return [name for name in values if name in IGNORED_BY_TWIN] if self._update_address == TWIN else []

    def doubt_update_address(self) -> None:
        """Forget which address for updates the server has: one that ignores attributes is not the usual one."""
        STATE.update_addresses.drop(self._http.account)

    def not_taken(self, values: Mapping[str, str]) -> List[str]:
        """Return the names of attributes that the server's address for updates has no key for."""
        address = self._update_address
        return [name for name in values if ATTRIBUTES[name].key(address) is None]

    def incident(self, incident_id: int, fields: Iterable[str]) -> Optional[Dict[str, Any]]:
        """POST /phoenix/rest/pub/incident for one incident: return the fields it shows, None if there is no such one.

        FortiSIEM has this since 6.3.0.
        """
        with attempting(f"read FortiSIEM incident {incident_id}"):
            return self.incidents_by_id([incident_id], fields).get(incident_id)

    def incidents_by_id(self, incident_ids: Iterable[int], fields: Iterable[str]) -> Dict[int, Dict[str, Any]]:
        """POST /phoenix/rest/pub/incident for some incidents: return the fields it shows of each that there is.

        Times are not needed with ids (guide 6.4); a server that wants them all the same is asked once more with some.
        """
        wanted = list(incident_ids)
        body = {"filters": {"incidentId": wanted}, "fields": list(dict.fromkeys(["incidentId", *fields]))}
        account, now = self._http.account, self._http.deadline.timing.monotonic()
        if STATE.wants_times.get(account, now):
            return self._shown(wanted, {**body, **ANY_TIME})
        try:
            return self._shown(wanted, body)
        except Rejected as failure:
            if type(failure) is not Rejected or not re.search(WANTS_TIMES, failure.happened):
                raise
        shown = self._shown(wanted, {**body, **ANY_TIME})
        STATE.wants_times.put(account, True, now)
        return shown

    def _shown(self, wanted: Sequence[int], body: Mapping[str, Any]) -> Dict[int, Dict[str, Any]]:
        """Return those of some incidents that FortiSIEM shows. A row of any other id, or a rounded one, is none."""
        answer = self._send("POST", INCIDENTS, body, changes=False)
        _, sent, refusal = rows_of(self._http, answer)
        shown = {row["incidentId"]: row for row in read_rows(sent, with_id)[0]}
        if refusal and not shown.keys() >= set(wanted):
            raise answer.failure(Rejected, refusal, changed="no")
        return {number: shown[number] for number in wanted if number in shown}

    def incident_list(self, wanted: Wanted) -> IncidentList:
        """Return a list of incidents: POST /phoenix/rest/pub/incident and its further pages, as far as it is read."""
        return IncidentList(self._http, self._send, wanted)

    def newest_incidents(self, wanted: Wanted, size: int) -> Page:
        """POST /phoenix/rest/pub/incident: return the newest incidents, at most a page of them."""
        with attempting("list FortiSIEM incidents"):
            return IncidentList(self._http, self._send, wanted).newest(size)

    def oldest_incidents(self, wanted: Wanted, size: int) -> Page:
        """POST /phoenix/rest/pub/incident: return those that occurred longest ago, at most a page of them."""
        with attempting("list FortiSIEM incidents"):
            return IncidentList(self._http, self._send, wanted).oldest(size)

    def all_incidents(self, wanted: Wanted, skipped: Optional[Skipped] = None) -> Iterator[Dict[str, Any]]:
        """POST /phoenix/rest/pub/incident and its further pages: yield every incident once.

        They come by ascending id. Where FortiSIEM counts more than it sends, the list is read once more: if the same
        incidents come again, it always counts too many (those that the account may not see, say).

        Parameters:
            skipped: to which the rows are added, in the end, that are no incidents.

        Raises: AnswerBroken where the second reading is not complete either, and brings other incidents.
        """
        with attempting("list FortiSIEM incidents"):
            listed = self.incident_list(wanted)
            yield from listed.all()
            if not listed.is_complete:
                came = listed.came
                yield from (row for row in listed.all() if row["incidentId"] not in came)
                if not listed.is_complete and not (listed.is_ended and listed.came == came):
                    raise AnswerBroken(
                        "FortiSIEM did not send all incidents that it counted", "Run the action again.", "no"
                    )
            if skipped is not None:
                skipped += listed.skipped if listed.is_complete else [*listed.skipped, COUNTED_BUT_NOT_SENT]

    def events(self, incident_id: int, time_from: Optional[int], time_to: Optional[int], size: int) -> List[Any]:
        """GET /phoenix/rest/pub/incident/triggeringEvents, or start, progress and result: an incident's events."""
        with attempting(f"read the events of FortiSIEM incident {incident_id}"):
            return EventSource(self._http, self._send).of_incident(incident_id, time_from, time_to, size)

    def version(self) -> Optional[str]:
        """GET /phoenix/rest/system/health/instance: return the Supervisor's version, None where it does not tell.

        It stands in ``nodes[].versionInfo.version`` (OpenAPI 7.5.1) of the instance that is called Super; whether older
        versions have it there is documented nowhere, so it is looked for at any depth.
        """
        try:
            instances = json_of(self._send("GET", f"{REST}/system/health/summary"))
            supervisor = next(each for each in instances if str(each.get("name")).lower() == "super")
            params = {"instanceId": supervisor["id"]}
            return _version_in(json_of(self._send("GET", f"{REST}/system/health/instance", params=params)))
        except (Failure, AttributeError, KeyError, RecursionError, StopIteration, TypeError):
            return None

    def request(
        self, method: str, endpoint: str, query: Mapping[str, Any], body: Optional[Mapping[str, Any]]
    ) -> Answer:
        """Send any request below /phoenix/rest. Raises InvalidInput for an endpoint that is none of this server's."""
        given = named_endpoint(self._http, endpoint)
        below = given[len(REST) :] if given.startswith(f"{REST}/") else given
        return self._send(method, f"{REST}{below}", body, params=query)

    def check(self) -> None:
        """GET system/health/summary, on older servers config/Domain: prove address, account and the right to read."""
        try:
            answer = self._exchange("GET", f"{REST}/system/health/summary")
            healthy = isinstance(json_of(answer), list)
        except (NotFound, PermissionDenied):
            answer = self._exchange("GET", f"{REST}/config/Domain")
            healthy = "<domains" in answer.text and xml_error(answer) is None
        if not healthy:
            raise AnswerBroken(
                f"{self._http.where(answer)} with something that no FortiSIEM sends", "Check FortiSIEM Server.", "no"
            )

    @property
    def _update_address(self) -> str:
        """The address for updates that the server was found to have, the usual one as long as nothing was learnt."""
        now = self._http.deadline.timing.monotonic()
        return STATE.update_addresses.get(self._http.account, now) or EXTERNAL

    def _update_at(self, address: str, incident_id: int, values: Mapping[str, str]) -> Answer:
        keys = {name: ATTRIBUTES[name].key(address) for name in values}
        body = {key: ATTRIBUTES[name].sent(values[name]) for name, key in keys.items() if key}
        if not body:
            raise Rejected(f"this server's address for updates, {address}, does not take {', '.join(values)}")
        # The twin's text wants the id in the body in one sentence and not in the next.
        answer = self._send("POST", f"{REST}{path(address, id=incident_id)}", {"incidentId": str(incident_id), **body})
        if not is_empty(answer) and not is_ok(answer):
            raise self._refusal(answer, incident_id)
        return answer

    def _refusal(self, answer: Answer, incident_id: int) -> Failure:
        text = error_text(self._http, answer)
        where = (
            f"{self._http.where(answer)}: {text}" if text else f"{self._http.where(answer)} with a body it never sends"
        )
        if "not found" in text.lower() or "not exist" in text.lower():
            return answer.failure(
                NotFound, where, f"Check that incident {incident_id} exists in organization {self._organization}."
            )
        return answer.failure(
            AnswerBroken,
            where,
            f"FortiSIEM answers so where the incident does not exist; check that {incident_id} is one of organization "
            f"{self._organization}, and look whether it was updated.",
        )

    def _send(self, method: str, endpoint: str, body: Optional[Mapping[str, Any]] = None, **given: Any) -> Answer:
        """Send a request whose refusal may come as XML under 200.

        What merely holds such XML, as the message of an event may, is no refusal.
        """
        answer = self._exchange(method, endpoint, body, **given)
        if answer.text.startswith("<") and xml_error(answer) is not None:
            told = f"{self._http.where(answer)}: {error_text(self._http, answer)}"
            raise answer.failure(Rejected, told, ADVICE[400])
        return answer

    def _exchange(
        self,
        method: str,
        endpoint: str,
        body: Optional[Mapping[str, Any]] = None,
        changes: Optional[bool] = None,
        params: Optional[Mapping[str, Any]] = None,
    ) -> Answer:
        """Send a request; with a token that FortiSIEM no longer takes, once more with a new one.

        A 401 is refused before anything is done, so that even an update may be sent again.
        """

        def sent(headers: Dict[str, str]) -> Answer:
            return self._http.send(method, endpoint, headers=headers, params=params, json_body=body, changes=changes)

        headers = self._authentication.headers()
        answer = sent(headers)
        if answer.status == 401 and self._authentication.by_token:
            self._authentication.forget(headers)
            answer = sent(self._authentication.headers())
        return checked(self._http, answer, self._advice)

    def _advice(self, answer: Answer, text: str) -> Optional[str]:
        if "invalid incident id" in text.lower():
            return f"Check that the incident exists in organization {self._organization}."
        if answer.status == 401 and self._authentication.by_token:
            return BAD_CLIENT
        return ADVICE.get(answer.status, ADVICE[500] if answer.status > 500 else None)


def _is_gone(failure: Failure, address: str, incident_id: int) -> bool:
    """Tell whether a failure says that the server has no such address, or no such incident: both may be a 404."""
    request = failure.request
    return request.get("path") == f"{REST}{path(address, id=incident_id)}" and request.get("status") in (404, 405, 410)


def is_ok(answer: Answer) -> bool:
    """Tell whether the body confirms an update. Its Content-Type is no help: it is text or JSON by version."""
    text = answer.text
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return text.strip().upper() in ("OK", "SUCCESS")


def is_empty(answer: Answer) -> bool:
    """Tell whether the body says nothing: the guide promises a status code alone."""
    return not answer.text


def _version_in(value: Any) -> Optional[str]:
    """Return the first text under a key ``version`` at any depth."""
    if isinstance(value, dict):
        if isinstance(value.get("version"), (str, float)):
            return text(value["version"])
        value = list(value.values())
    found = (_version_in(each) for each in value) if isinstance(value, list) else iter(())
    return next((version for version in found if version), None)
