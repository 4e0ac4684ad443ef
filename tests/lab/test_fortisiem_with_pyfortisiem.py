"""The local FortiSIEM under a client that was written against the real one: pyfortisiem, over TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from xml.etree import ElementTree

import httpx
import pytest
import trustme
from pyfortisiem import AsyncFortiSIEMClient, FortiSIEMClient, FortiSIEMError
from pyfortisiem.models import Event, Incident
from sqlalchemy import select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab.fortisiem import Account, ApiClient, FortiSiem
from lab.fortisiem.models import TriggeringEvent
from lab.fortisiem.versions import VERSIONS
from lab.kit.clock import Clock
from lab.servers import Site, listening, serving

REST = "/phoenix/rest"
DAY = 24 * 3600 * 1000
LISTING_VERSIONS = [version for version in VERSIONS if version != "5.2.5"]
QUERYING_VERSIONS = ["7.5.1", "7.3.3"]
TOKENLESS_VERSIONS = [version for version in VERSIONS if version != "7.5.1"]

Answer = TypeVar("Answer")
Connect = Callable[..., AsyncFortiSIEMClient]


@dataclass(frozen=True)
class Appliance:
    """A FortiSIEM that listens on ``host``. ``tls`` trusts its CA; it is Any because pyfortisiem wants a bool."""

    siem: FortiSiem
    clock: Clock
    host: str
    tls: Any

    @property
    def window(self) -> dict[str, Any]:
        """The times of a list that holds every incident of the seed."""
        return self.last(30)

    def last(self, days: int) -> dict[str, Any]:
        """Return the times of the last days, in the client's words."""
        now = self.siem.now()
        return {"time_from": now - days * DAY, "time_to": now}

    def by_password(self, username: str = "admin", domain: str = "Super", **more: Any) -> AsyncFortiSIEMClient:
        """Make a client that logs in with a password; it waits for nothing between its tries."""
        more = {"verify": self.tls, "backoff_factor": 0, "poll_interval": 0} | more
        return AsyncFortiSIEMClient.with_basic_auth(self.host, username, "pa55", domain=domain, **more)

    def by_token(self, client_id: str = "client-1", **more: Any) -> AsyncFortiSIEMClient:
        """Make a client that exchanges its credentials for an API token."""
        more = {"verify": self.tls, "backoff_factor": 0, "poll_interval": 0} | more
        return AsyncFortiSIEMClient.with_api_key(self.host, client_id, "s3cret", **more)

    def newest_first(self, **having: Any) -> list[int]:
        """Return the ids of the stored incidents with such attributes, the one seen last first."""
        rows = sorted(self.siem.incidents(), key=lambda row: row["incidentLastSeen"], reverse=True)
        return [row["incidentId"] for row in rows if all(row[name] in values for name, values in having.items())]

    def events(self, incident_id: int) -> list[dict[str, Any]]:
        """Return what the stored events of an incident have that is shown by every version, the newest first."""
        with self.siem.store.transaction() as session:
            stored = session.scalars(select(TriggeringEvent).where(TriggeringEvent.incidentId == incident_id)).all()
        return [
            {
                "nid": str(event.eventId),
                "eventType": event.eventType,
                "receiveTime": event.receiveTime,
                "rawMessage": event.rawMessage,
            }
            for event in sorted(stored, key=lambda event: event.receiveTime, reverse=True)
        ]

    def received(self) -> list[str]:
        """Return the requests since the last reset, each as its verb, its path below /phoenix/rest, and its status."""
        entries = self.siem.journal.entries()
        return [f"{entry.method} {entry.path.removeprefix(REST)} {entry.status}" for entry in entries]


def journal_first(app: ASGIApp) -> ASGIApp:
    """Send an answer once the application is done with it: by then the journal, read from another thread, has it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await app(scope, receive, keep)
        for message in messages:
            await send(message)

    return answer


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    folder = tmp_path_factory.mktemp("fortisiem")
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    clock = Clock()
    accounts = [
        Account("super", "admin", "pa55"),
        Account("super", "auditor", "pa55", "read_only"),
        Account("Acme", "admin", "pa55"),
    ]
    clients = [ApiClient("client-1", "s3cret", "admin"), ApiClient("client-2", "s3cret", "nobody")]
    with listening({"fortisiem": 0}) as listeners:
        listener = listeners["fortisiem"]
        siem = FortiSiem(folder, clock, accounts, clients)
        with serving([Site(listener, journal_first(siem.app), tls)]):
            yield Appliance(siem, clock, f"127.0.0.1:{listener.getsockname()[1]}", trusting)
        siem.close()


@pytest.fixture
def appliance(served: Appliance, monkeypatch: pytest.MonkeyPatch) -> Appliance:
    """The FortiSIEM as after its first start, reached past any proxy of the environment."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served.clock.reset()
    served.siem.reset()
    return served


@pytest.fixture(params=["password", "API token"])
def connect(request: pytest.FixtureRequest, appliance: Appliance) -> Connect:
    """A function that makes a client of the one kind, then of the other."""
    return appliance.by_password if request.param == "password" else appliance.by_token


@pytest.fixture
def plain(appliance: Appliance) -> Iterator[FortiSIEMClient]:
    """The client without async, logged in with a password."""
    with FortiSIEMClient(appliance.host, "admin", "pa55", verify=appliance.tls) as made:
        yield made


def run(client: AsyncFortiSIEMClient, call: Callable[[AsyncFortiSIEMClient], Coroutine[Any, Any, Answer]]) -> Answer:
    """Run one call, and close the client."""

    async def whole() -> Answer:
        async with client:
            return await call(client)

    return asyncio.run(whole())


def listed(client: AsyncFortiSIEMClient, **what: Any) -> list[int]:
    return [incident.incident_id for incident in run(client, lambda c: c.list_incidents(**what))]


def as_shown(incident: Incident) -> dict[str, Any]:
    """Return what a typed incident keeps of the answer, under FortiSIEM's names."""
    return {name: value for name, value in incident.raw.items() if value is not None}


def read(events: list[Event]) -> list[dict[str, Any]]:
    """Return what typed events keep of the answer, as ``Appliance.events`` returns what is stored."""
    return [{name: event.raw[name] for name in ("nid", "eventType", "receiveTime", "rawMessage")} for event in events]


# Lists


def test_the_incidents_are_listed_newest_first(appliance: Appliance, connect: Connect) -> None:
    window = appliance.window
    assert listed(connect(), **window) == appliance.newest_first()
    sent = appliance.siem.journal.entries()[-1]
    assert (sent.method, sent.path) == ("POST", "/phoenix/rest/pub/incident")
    assert sent.body == {
        "size": 100,
        "start": 0,
        "orderBy": "incidentLastSeen",
        "descending": True,
        "timeFrom": window["time_from"],
        "timeTo": window["time_to"],
    }


@pytest.mark.parametrize("version", LISTING_VERSIONS)
def test_every_version_that_lists_incidents_lists_them_to_the_client(appliance: Appliance, version: str) -> None:
    appliance.siem.switches.set("version", version)
    assert listed(appliance.by_password(), **appliance.window) == appliance.newest_first()
    assert appliance.received() == ["POST /pub/incident 200"]


def test_the_client_tries_the_list_that_an_old_version_lacks_three_times(appliance: Appliance) -> None:
    appliance.siem.switches.set("version", "5.2.5")
    with pytest.raises(FortiSIEMError, match=r"^POST /pub/incident failed after 3 attempts: 404 on POST /pub/incident"):
        listed(appliance.by_password(), **appliance.window)
    assert appliance.received() == ["POST /pub/incident 404"] * 3


@pytest.mark.parametrize("status", [[0], [1, 3]])
def test_a_list_may_be_of_some_statuses_only(appliance: Appliance, status: list[int]) -> None:
    ids = appliance.newest_first(incidentStatus=status)
    assert 1 < len(ids) < len(appliance.newest_first())
    assert listed(appliance.by_password(), status=status, **appliance.window) == ids


@pytest.mark.parametrize(("filtering", "categories"), [("works", ["HIGH"]), ("ignored", ["HIGH", "MEDIUM", "LOW"])])
def test_a_filter_that_the_client_does_not_know_is_passed_on(
    appliance: Appliance, filtering: str, categories: list[str]
) -> None:
    appliance.siem.switches.set("severity_category_filter", filtering)
    ids = appliance.newest_first(eventSeverityCat=categories)
    wanted = {"eventSeverityCat": ["HIGH"]}
    assert listed(appliance.by_password(), extra_filters=wanted, **appliance.window) == ids


@pytest.mark.parametrize(
    ("username", "domain", "seen"),
    [("admin", "Super", ["Super", "Acme"]), ("auditor", "SUPER", ["Super", "Acme"]), ("admin", "Acme", ["Acme"])],
)
def test_an_account_sees_the_incidents_of_its_organization(
    appliance: Appliance, username: str, domain: str, seen: list[str]
) -> None:
    ids = appliance.newest_first(customer=seen)
    assert ids
    assert listed(appliance.by_password(username, domain), **appliance.window) == ids


@pytest.mark.parametrize(("version", "paging"), [("7.5.1", "start_size"), ("6.7", "query_id"), ("6.7", "start_size")])
def test_the_client_never_asks_for_a_further_page_but_may_start_later(
    appliance: Appliance, version: str, paging: str
) -> None:
    appliance.siem.switches.set("version", version)
    appliance.siem.switches.set("paging_6_7", paging)
    for start in (0, 2, 4):
        ids = appliance.newest_first()[start : start + 2]
        assert listed(appliance.by_password(), size=2, start=start, **appliance.window) == ids
    assert appliance.received() == ["POST /pub/incident 200"] * 3


def test_a_list_without_times_is_refused_and_not_tried_again(appliance: Appliance) -> None:
    with pytest.raises(FortiSIEMError) as raised:
        listed(appliance.by_password())
    assert str(raised.value) == (
        '400 on POST /pub/incident: \'{"result": {"code": 255, '
        '"description": "timeFrom and timeTo are required unless incidentId is given"}}\''
    )
    assert appliance.received() == ["POST /pub/incident 400"]


def test_ten_of_twenty_lists_run_at_once_and_none_is_refused(appliance: Appliance) -> None:
    async def twenty(client: AsyncFortiSIEMClient) -> list[list[Incident]]:
        return await asyncio.gather(*(client.list_incidents(**appliance.window) for _ in range(20)))

    number = len(appliance.newest_first())
    assert [len(incidents) for incidents in run(appliance.by_password(), twenty)] == [number] * 20
    assert appliance.received() == ["POST /pub/incident 200"] * 20


# One incident


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
@pytest.mark.parametrize("version", LISTING_VERSIONS)
def test_one_incident_is_read_as_it_is_stored(appliance: Appliance, version: str, content_type: str) -> None:
    appliance.siem.switches.set("version", version)
    appliance.siem.switches.set("json_content_type", content_type)
    incident = run(appliance.by_password(), lambda c: c.get_incident(6))
    stored = appliance.siem.incidents()[5]
    assert incident
    assert (incident.incident_id, incident.incident_title) == (6, "Malware found on laptop-17.acme.example")
    assert (incident.incident_status, incident.severity, incident.severity_category) == (0, 8, "MEDIUM")
    assert (incident.first_seen, incident.last_seen) == (stored["incidentFirstSeen"], stored["incidentLastSeen"])
    assert incident.incident_target == "hostIpAddr:203.0.113.17, hostName:laptop-17.acme.example,"
    shown = as_shown(incident)
    assert shown == {name: stored[name] for name in shown}
    assert len(shown) == (23 if version >= "7.0" else 21)
    (entry,) = appliance.siem.journal.entries()
    assert entry.body == {"filters": {"incidentId": [6]}, "size": 1}


def test_an_unknown_incident_is_none(appliance: Appliance, connect: Connect) -> None:
    assert run(connect(), lambda c: c.get_incident(999)) is None


# Events


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
@pytest.mark.parametrize("version", LISTING_VERSIONS)
def test_the_events_of_an_incident_are_read_in_one_call(appliance: Appliance, version: str, content_type: str) -> None:
    appliance.siem.switches.set("version", version)
    appliance.siem.switches.set("json_content_type", content_type)
    events = run(appliance.by_password(), lambda c: c.get_associated_events(1))
    assert len(events) > 1
    assert read(events) == appliance.events(1)
    (sent,) = appliance.siem.journal.entries()
    assert (sent.path, sent.query) == (f"{REST}/pub/incident/triggeringEvents", {"incidentId": "1", "size": "10"})


def test_the_client_knows_an_events_type_but_neither_its_id_nor_its_time(appliance: Appliance) -> None:
    (event,) = run(appliance.by_password(), lambda c: c.get_associated_events(1, size=1))
    assert (event.event_type, event.event_id, event.event_time) == ("Win-Security-4624", None, None)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
@pytest.mark.parametrize("form", ["number", "object"])
@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("version", QUERYING_VERSIONS)
def test_the_events_of_an_incident_are_read_by_a_query(
    appliance: Appliance, version: str, steps: int, form: str, content_type: str
) -> None:
    appliance.siem.switches.set("version", version)
    appliance.siem.switches.set("triggering_query_steps", steps)
    appliance.siem.switches.set("triggering_progress", form)
    appliance.siem.switches.set("json_content_type", content_type)
    events = run(appliance.by_password(), lambda c: c.get_associated_events_via_query(1, size=2))
    assert read(events) == appliance.events(1)[:2]
    assert appliance.received() == [
        "GET /pub/incident/triggeringEvents/start 200",
        *["GET /pub/incident/triggeringEvents/progress/14262 200"] * (steps + 1),
        "GET /pub/incident/triggeringEvents/result/14262 200",
    ]
    sent = appliance.siem.journal.entries()
    assert (sent[0].query, sent[-1].query) == ({"incidentId": "1", "size": "2"}, {"size": "2"})


def test_a_query_that_takes_too_long_is_given_up(appliance: Appliance) -> None:
    appliance.siem.switches.set("triggering_query_steps", 2)
    client = appliance.by_password(poll_interval=0.001, poll_timeout=0)
    with pytest.raises(FortiSIEMError, match=r"/progress/14262 did not reach 100% within 0s$"):
        run(client, lambda c: c.get_associated_events_via_query(1))
    assert len(appliance.received()) == 2


@pytest.mark.parametrize("version", [version for version in VERSIONS if version not in QUERYING_VERSIONS])
def test_older_versions_run_no_query_for_events(appliance: Appliance, version: str) -> None:
    appliance.siem.switches.set("version", version)
    with pytest.raises(FortiSIEMError, match="triggeringEvents/start failed after 3 attempts: 404 on GET"):
        run(appliance.by_password(), lambda c: c.get_associated_events_via_query(1))
    assert appliance.received() == ["GET /pub/incident/triggeringEvents/start 404"] * 3


def test_5_2_5_lists_the_ids_of_events_alone(appliance: Appliance, plain: FortiSIEMClient) -> None:
    appliance.siem.switches.set("version", "5.2.5")
    with pytest.raises(FortiSIEMError, match="triggeringEvents failed after 3 attempts: 404 on GET"):
        run(appliance.by_password(), lambda c: c.get_associated_events(1))
    listed_ids = plain.rest_get("incident/triggeringEvents", incidentIds="2,4").text
    for number in (2, 4):
        ids = ",".join(sorted(event["nid"] for event in appliance.events(number)))
        assert f"<triggerEvents>{ids}</triggerEvents>" in listed_ids


@pytest.mark.parametrize(("more", "number"), [({}, 10), ({"size": 25}, 25), ({"size": 500}, 100)])
def test_one_call_reads_no_more_than_a_hundred_events(appliance: Appliance, more: dict[str, int], number: int) -> None:
    appliance.siem.add_events(1, 120)
    assert len(run(appliance.by_password(), lambda c: c.get_associated_events(1, **more))) == number


def test_events_outside_of_a_window_are_left_out(appliance: Appliance) -> None:
    newest, *older = appliance.events(1)
    until = newest["receiveTime"] - 1
    window = {"time_from": until - DAY, "time_to": until}
    assert read(run(appliance.by_password(), lambda c: c.get_associated_events(1, **window))) == older
    assert read(run(appliance.by_password(), lambda c: c.get_associated_events_via_query(1, **window))) == older


@pytest.mark.parametrize("way", ["get_associated_events", "get_associated_events_via_query"])
def test_events_of_more_than_a_day_are_refused(appliance: Appliance, way: str) -> None:
    with pytest.raises(FortiSIEMError, match=r"^400 on GET .*The time range must not exceed 24 hours"):
        run(appliance.by_password(), lambda c: getattr(c, way)(1, **appliance.last(2)))


@pytest.mark.parametrize("by_query", [False, True])
def test_an_incident_is_read_with_its_events(appliance: Appliance, connect: Connect, by_query: bool) -> None:
    incident = run(connect(), lambda c: c.get_incident_with_events(7, use_query_lifecycle=by_query))
    assert incident
    assert incident.incident_title == "SQL injection against shop.example.com"
    assert incident.raw["incidentSrc"] == "srcIpAddr:2001:db8:51::23, srcMACAddr:00:00:5e:00:53:af,"
    assert read(incident.events) == appliance.events(7)


def test_an_unknown_incident_with_its_events_is_an_error_although_the_client_says_none(appliance: Appliance) -> None:
    with pytest.raises(FortiSIEMError) as raised:
        run(appliance.by_password(max_concurrency=1), lambda c: c.get_incident_with_events(999))
    assert str(raised.value) == (
        "400 on GET /pub/incident/triggeringEvents: "
        '\'{"result": {"code": 255, "description": "Invalid Incident Id 999"}}\''
    )
    assert appliance.received() == ["POST /pub/incident 200", "GET /pub/incident/triggeringEvents 400"]


@pytest.mark.parametrize("by_query", [False, True])
def test_the_incidents_of_a_day_are_listed_with_their_events(
    appliance: Appliance, connect: Connect, by_query: bool
) -> None:
    day = appliance.last(1)
    incidents = run(connect(), lambda c: c.list_incidents_with_events(status=[0], use_query_lifecycle=by_query, **day))
    assert [incident.incident_id for incident in incidents] == [1, 2, 7, 6]
    assert [read(incident.events) for incident in incidents] == [appliance.events(number) for number in (1, 2, 7, 6)]


def test_twenty_queries_meet_the_limit_of_ten_since_the_client_counts_requests_alone(appliance: Appliance) -> None:
    appliance.siem.switches.set("triggering_query_steps", 2)

    async def twenty(client: AsyncFortiSIEMClient) -> list[Any]:
        queries = (client.get_associated_events_via_query(1) for _ in range(20))
        return await asyncio.gather(*queries, return_exceptions=True)

    answers = run(appliance.by_password(max_concurrency=1), twenty)
    assert [read(answer) for answer in answers[:10]] == [appliance.events(1)] * 10
    assert all("triggeringEvents/start failed after 3 attempts: 429" in str(answer) for answer in answers[10:])


def test_the_client_hands_on_the_events_of_an_xml_query_as_text_alone(appliance: Appliance, connect: Connect) -> None:
    query = appliance.siem.add_event_query(1)
    result = run(connect(), lambda c: c.search_events_by_query_id(query))
    assert (result.query_id, result.events, result.total_count) == (query, [], None)
    root = ElementTree.fromstring(result.model_dump()["raw_text"])  # noqa: S314 - made by the lab itself
    assert {nid.text for nid in root.iter("nid")} == {event["nid"] for event in appliance.events(1)}


def test_an_unknown_xml_query_is_told_unless_its_error_comes_under_200(appliance: Appliance) -> None:
    with pytest.raises(FortiSIEMError, match=r"^400 on GET /query/events/1,2/0/1000: .*Invalid query 1,2"):
        run(appliance.by_password(), lambda c: c.search_events_by_query_id("1,2"))
    appliance.siem.switches.set("xml_error_under_200", True)
    assert run(appliance.by_password(), lambda c: c.search_events_by_query_id("1,2")).events == []


# Health and organizations


@pytest.mark.parametrize(("health", "status"), [("present", 200), ("forbidden", 403), ("missing", 404)])
def test_the_health_summary_shows_its_status(appliance: Appliance, connect: Connect, health: str, status: int) -> None:
    appliance.siem.switches.set("health_summary", health)
    assert run(connect(), lambda c: c.health()) == status


@pytest.mark.parametrize(("key", "kinds"), [("nodeType", ["Supervisor", "Worker"]), ("nodesType", [None, None])])
def test_the_client_reads_a_nodes_type_as_seen_and_not_as_documented(
    appliance: Appliance, plain: FortiSIEMClient, key: str, kinds: list[str | None]
) -> None:
    appliance.siem.switches.set("health_node_type_key", key)
    own, customer = plain.health_summary()
    assert (own.name, own.ok, customer.name, customer.ok) == ("Super", True, "Acme", False)
    assert [node.node_type for node in own.nodes] == kinds
    assert [(node.name, node.status) for node in customer.nodes] == [("collector-01", "No connection")]
    assert customer.nodes[0].reason[0]["attribute"] == "Last Event time Received"


@pytest.mark.parametrize(("version", "status"), [("7.5.1", 200), ("7.3.3", 404)])
def test_the_organizations_are_listed_as_xml(
    appliance: Appliance, plain: FortiSIEMClient, version: str, status: int
) -> None:
    appliance.siem.switches.set("version", version)
    domains = plain.rest_get("config/Domain")
    assert (domains.status_code, domains.headers["content-type"]) == (200, "application/xml")
    assert "<domainId>2000</domainId><initialized>true</initialized><name>Acme</name>" in domains.text
    assert plain.rest_get("/organization/list").status_code == status


# Access


@pytest.mark.parametrize("body", ["html", "text", "empty"])
def test_who_may_not_log_in_is_told_so_and_not_tried_again(appliance: Appliance, body: str) -> None:
    appliance.siem.switches.set("unauthorized_body", body)
    with pytest.raises(FortiSIEMError, match=r"^401 on POST /pub/incident: '"):
        listed(appliance.by_password("stranger"), **appliance.window)
    assert appliance.received() == ["POST /pub/incident 401"]


def test_a_token_without_async_opens_the_health_summary(appliance: Appliance, plain: FortiSIEMClient) -> None:
    token = plain.mint_token("client-1", "s3cret")
    assert plain.health(token) == 200
    assert plain.health("another") == 401


def test_parallel_calls_share_one_token(appliance: Appliance) -> None:
    async def parallel(client: AsyncFortiSIEMClient) -> int:
        await asyncio.gather(*(client.get_incident(number) for number in (1, 2, 3)))
        return await client.health()

    assert run(appliance.by_token(), parallel) == 200
    assert appliance.received() == [
        "POST /pub/security/oauth/token 200",
        *["POST /pub/incident 200"] * 3,
        "GET /system/health/summary 200",
    ]


def test_an_expired_token_is_renewed_once(appliance: Appliance) -> None:
    async def before_and_after(client: AsyncFortiSIEMClient) -> list[Incident | None]:
        before = await client.get_incident(1)
        appliance.clock.advance(15 * 60)
        return [before, await client.get_incident(1)]

    before, after = run(appliance.by_token(), before_and_after)
    assert before == after
    assert appliance.received() == [
        "POST /pub/security/oauth/token 200",
        "POST /pub/incident 200",
        "POST /pub/incident 401",
        "POST /pub/security/oauth/token 200",
        "POST /pub/incident 200",
    ]


def test_parallel_calls_each_renew_an_expired_token_and_meet_the_limit_on_token_requests(appliance: Appliance) -> None:
    async def after_expiry(client: AsyncFortiSIEMClient) -> list[Any]:
        await client.get_incident(1)
        appliance.clock.advance(15 * 60)
        return await asyncio.gather(*(client.get_incident(1) for _ in range(3)), return_exceptions=True)

    answers = run(appliance.by_token(), after_expiry)
    refused = [str(answer) for answer in answers if isinstance(answer, FortiSIEMError)]
    assert [answer.incident_id for answer in answers if isinstance(answer, Incident)] == [1]
    words = (
        'OAuth token mint failed (400): \'{"error":"BAD_REQUEST","message":"Rate limit exceeded. '
        "Limit is 1 token request per ClientId every 5 seconds\"}'"
    )
    assert refused == [words, words]


@pytest.mark.parametrize(
    ("demanded", "status", "words"),
    [
        ("unauthorized_user", 400, "Unauthorized user"),
        ("secret_expired", 400, "Client secret expired"),
        ("client_revoked", 400, "Client ID revoked"),
        ("internal_error", 500, "Internal server error occurred while issuing token"),
    ],
)
def test_a_refused_token_request_carries_fortisiems_words(
    appliance: Appliance, demanded: str, status: int, words: str
) -> None:
    appliance.siem.switches.set("token_answer", demanded)
    with pytest.raises(FortiSIEMError, match=rf"^OAuth token mint failed \({status}\): .*{words}"):
        run(appliance.by_token(), lambda c: c.get_incident(1))
    assert appliance.received() == [f"POST /pub/security/oauth/token {status}"]


@pytest.mark.parametrize(
    ("client_id", "words"), [("client-2", "Unauthorized user"), ("client-9", "Invalid ClientId or ClientSecret")]
)
def test_credentials_of_nobody_get_no_token(appliance: Appliance, client_id: str, words: str) -> None:
    with pytest.raises(FortiSIEMError, match=rf"^OAuth token mint failed \(400\): .*{words}"):
        run(appliance.by_token(client_id), lambda c: c.get_incident(1))


def test_a_second_client_gets_no_token_where_credentials_are_good_for_one(appliance: Appliance) -> None:
    appliance.siem.switches.set("token_single_use", True)
    assert run(appliance.by_token(), lambda c: c.health()) == 200
    appliance.clock.advance(5)
    with pytest.raises(FortiSIEMError, match=r"^OAuth token mint failed \(400\): .*Invalid input parameters"):
        run(appliance.by_token(), lambda c: c.health())


@pytest.mark.parametrize("version", TOKENLESS_VERSIONS)
def test_versions_before_7_5_1_issue_no_token(appliance: Appliance, version: str) -> None:
    appliance.siem.switches.set("version", version)
    with pytest.raises(FortiSIEMError, match=r"^OAuth token mint failed \(404\)"):
        listed(appliance.by_token(), **appliance.window)
    assert run(appliance.by_password(), lambda c: c.health()) == 200


def test_certificates_are_not_checked_unless_the_client_is_told_to(appliance: Appliance) -> None:
    assert listed(appliance.by_password(verify=False), **appliance.window) == appliance.newest_first()
    with pytest.raises(FortiSIEMError, match=r"failed after 3 attempts: .*CERTIFICATE_VERIFY_FAILED"):
        listed(appliance.by_password(verify=True), **appliance.window)
    assert appliance.received() == ["POST /pub/incident 200"]


def test_the_licence_is_read_in_a_session_since_the_public_path_is_forbidden(
    appliance: Appliance, plain: FortiSIEMClient
) -> None:
    assert plain.rest_get("system/license").status_code == 403
    licence = plain.license_info()
    assert (licence.serial, licence.type, licence.is_valid()) == ("FSMTESTLAB000001", "Service Provider", True)
    assert appliance.received() == ["GET /system/license 403", "POST /h5/sec/login 200", "GET /h5/sec/license 200"]


def test_credentials_that_the_client_makes_get_tokens_until_it_revokes_them(
    appliance: Appliance, plain: FortiSIEMClient
) -> None:
    made = plain.create_oauth_credential("playbooks")
    assert made.client_secret
    (shown,) = plain.list_oauth_credentials()
    assert (shown["id"], shown["name"], shown["clientId"]) == (made.id, "playbooks", made.client_id)
    assert made.client_secret not in str(shown)
    token = plain.mint_token(made.client_id, made.client_secret)
    assert plain.health(token) == 200
    plain.revoke_oauth_credential(made.id)
    assert plain.health(token) == 401
    appliance.clock.advance(5)
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        plain.mint_token(made.client_id, made.client_secret)


@pytest.mark.parametrize("version", TOKENLESS_VERSIONS)
def test_older_versions_let_the_client_make_no_credentials(
    appliance: Appliance, plain: FortiSIEMClient, version: str
) -> None:
    appliance.siem.switches.set("version", version)
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        plain.create_oauth_credential("playbooks")


def test_the_mcp_server_of_8_0_is_not_in_the_lab(plain: FortiSIEMClient) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        plain.mcp_session("any")


# Faults


@pytest.mark.parametrize(("failure", "status"), [("429", 429), ("503_html", 503)])
def test_a_product_that_is_busy_is_asked_three_times(appliance: Appliance, failure: str, status: int) -> None:
    appliance.siem.switches.set("failure", failure)
    words = f"^POST /pub/incident failed after 3 attempts: {status} on POST /pub/incident"
    with pytest.raises(FortiSIEMError, match=words):
        listed(appliance.by_password(), **appliance.window)
    assert appliance.received() == [f"POST /pub/incident {status}"] * 3


def test_a_product_that_was_busy_for_a_moment_is_listed(appliance: Appliance) -> None:
    class Recovering(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await super().handle_async_request(request)
            appliance.siem.switches.set("failure", "none")
            return answer

    appliance.siem.switches.set("failure", "503_html")
    client = appliance.by_password(transport=Recovering(verify=appliance.tls))
    assert listed(client, **appliance.window) == appliance.newest_first()
    assert appliance.received() == ["POST /pub/incident 503", "POST /pub/incident 200"]


def test_an_internal_error_is_told_at_once(appliance: Appliance) -> None:
    appliance.siem.switches.set("failure", "500")
    with pytest.raises(FortiSIEMError, match=r"^500 on POST /pub/incident: '<!DOCTYPE html>"):
        listed(appliance.by_password(), **appliance.window)
    assert appliance.received() == ["POST /pub/incident 500"]


def test_the_client_takes_a_login_page_for_a_list_without_incidents(appliance: Appliance) -> None:
    appliance.siem.switches.set("failure", "html_200")
    assert listed(appliance.by_password(), **appliance.window) == []
    assert run(appliance.by_password(), lambda c: c.get_incident(1)) is None
    with pytest.raises(ValueError, match="Input should be a valid dictionary or instance of Event"):
        run(appliance.by_password(), lambda c: c.get_associated_events(1))
    assert run(appliance.by_password(), lambda c: c.health()) == 200
