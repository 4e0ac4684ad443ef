"""Three configurations in one FortiSOAR: two organizations of one FortiSIEM, two accounts of FortiMonitor at one
address, and a FortiSIEM and a FortiMonitor of their own. What nobody owns would land in the lab's standard products.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from random import Random
from typing import Any

from pyfsr import FortiSOAR
from sqlalchemy import delete
from starlette.types import ASGIApp, Receive, Scope, Send

from lab.connector import NAME
from lab.fortimonitor import FortiMonitor
from lab.fortimonitor.models import LogEntry, Outage
from lab.fortisiem import Account, FortiSiem
from lab.fortisiem.models import Organization
from lab.kit.journal import Entry
from lab.kit.product import Product
from lab.servers import HOST, Site, listening, serving
from lab.worlds import enter
from tests.support.every_action import LISTS
from tests.support.package import let_go
from tests.support.stories import (
    CLOSE,
    CLOSE_BY_HAND,
    ESCALATE,
    FETCH,
    MACROS,
    MIRROR_MONITOR,
    MIRROR_SIEM,
    UNKNOWN,
    WF,
    PlaybookLab,
    Row,
)

ACME, GLOBEX, BRANCH = "Acme", "Globex", "Branch"
ORGANIZATIONS = {ACME: 2000, GLOBEX: 2001, BRANCH: 1}
EVERYTHING = 14_400  # minutes to look back: what the products begin with is ten days old at most
ASKED = {"server": "1001", "plugin_textkey": "fortisoar.bridge", "resource_textkey": "fortisoar.incident"}
BY = "x-account"
MINUTE, QUARTER = 60, 900  # seconds
ACTIVE = {"incidentStatus": 0, "incidentClearedTime": 0}


class Accounts:
    """One address of several accounts, each with an application; journals name the account in a header.

    Parameters:
        accounts: by what a request's ``Authorization`` is, the account and its application.
    """

    def __init__(self, accounts: Mapping[str, tuple[str, ASGIApp]]) -> None:
        self._accounts = {key.encode(): (name.encode(), app) for key, (name, app) in accounts.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name, app = self._accounts[dict(scope["headers"])[b"authorization"]]
        await app({**scope, "headers": [*scope["headers"], (BY.encode(), name)]}, receive, send)


@dataclass(frozen=True)
class Owner:
    """A configuration, and what it owns."""

    name: str
    config_id: str
    siem: FortiSiem
    siem_at: str
    monitor: FortiMonitor
    monitor_at: str

    def siem_incidents(self) -> dict[int, Row]:
        """Return the FortiSIEM incidents of its organization by id."""
        rows = {row["incidentId"]: row for row in self.siem.incidents()}
        every = self.name == BRANCH  # an account of super sees all organizations
        return {number: row for number, row in rows.items() if every or row["phCustId"] == ORGANIZATIONS[self.name]}

    def outages(self) -> dict[int, bool]:
        """Return the outages of its account that are not years old: whether each is resolved."""
        statement = "SELECT id, end_time IS NOT NULL FROM outage WHERE start_time > '2020-02-01' ORDER BY id"
        with self.monitor.store.transaction() as session:
            return {number: bool(over) for number, over in session.connection().exec_driver_sql(statement)}

    def ended_by_monitoring_alone(self) -> set[str]:
        """Return the Source IDs of those that are no custom incidents, and so cannot be force-resolved."""
        with self.monitor.store.transaction() as session:
            rows = session.connection().exec_driver_sql("SELECT id FROM outage WHERE NOT custom")
            return {f"{self.monitor_at}:{number}" for (number,) in rows}

    def closed(self) -> dict[str, bool]:
        """Return whether each of its incidents is closed in the product, by Source ID."""
        siem = {f"{self.siem_at}:{number}": row["incidentStatus"] != 0 for number, row in self.siem_incidents().items()}
        return siem | {f"{self.monitor_at}:{number}": over for number, over in self.outages().items()}


class Several:
    """The three configurations at work."""

    def __init__(self, lab: PlaybookLab, owners: Mapping[str, Owner], fetches: Mapping[str, str]) -> None:
        self.lab = lab
        self.owners = owners
        self.closed_by_analysts: set[str] = set()
        self._fetches = fetches

    # The products.

    def arrive(self, random: Random) -> None:
        """Let something happen in the products: in each an incident or not, and in one of them one ends."""
        for owner in self.owners.values():
            if random.random() < 0.5:
                now = owner.siem.now() // 1000 * 1000  # some of the ways to write a time know whole seconds alone
                seen = {"incidentFirstSeen": now, "incidentLastSeen": now}
                owner.siem.add_incidents(1, phCustId=ORGANIZATIONS[owner.name], **seen, **ACTIVE)
            if random.random() < 0.5:
                owner.monitor.add_outages(1, custom=random.random() < 0.7)
        owner = random.choice(list(self.owners.values()))
        active = [number for number, row in owner.siem_incidents().items() if row["incidentStatus"] == 0]
        if random.random() < 0.5 and active:
            owner.siem.clear_incident(random.choice(active))
        lasting = [number for number, over in owner.outages().items() if not over]
        if random.random() < 0.5 and lasting:
            owner.monitor.resolve_outage(random.choice(lasting))

    # The analysts.

    def work(self, random: Random) -> None:
        """Let an analyst escalate an open alert, create an incident for one, and close two, of those that were ingested."""
        ingested = {each: row["@id"] for each, row in self.lab.alerts().items() if row["status"] == "Open"}
        owned = (source_id for owner in self.owners.values() for source_id in owner.closed())
        open_ones = [(source_id, ingested[source_id]) for source_id in owned if source_id in ingested]
        from_siem = [address for source_id, address in open_ones if source_id.startswith("fortisiem:")]
        if from_siem and random.random() < 0.8:
            self.lab.press(ESCALATE, random.choice(from_siem), **ASKED)
        if open_ones and random.random() < 0.3:
            self.lab.press(UNKNOWN, random.choice(open_ones)[1], **ASKED)
        if open_ones and random.random() < 0.3:
            self.lab.press(CLOSE_BY_HAND, random.choice(open_ones)[1])
        if open_ones and random.random() < 0.9:
            source_id, address = random.choice(open_ones)
            self.close(source_id, address)

    def mistake(self, random: Random) -> None:
        """Let an analyst take another configuration than the one that owns an incident: it must be refused."""
        owner, other = random.sample(list(self.owners.values()), 2)
        source_id = random.choice(list(owner.closed()))
        if source_id.startswith("fortisiem:"):
            update = {"incident_id": source_id, "status": "Manually Cleared", "comments": "By mistake", "verify": False}
            message = self.lab.failure("update_siem_incident", update, other.name)
        else:
            message = self.lab.failure("force_resolve_incident", {"incident": source_id}, other.name)
        assert "hoose the configuration that owns it" in message
        assert "Nothing was changed." in message

    def close(self, source_id: str, address: str) -> None:
        """Close an alert as an analyst does, and wait for what that starts."""
        self.lab.api("PUT", address, {"status": self.lab.item("AlertStatus", "Closed")})
        self.lab.soar.playbooks.settle()
        self.closed_by_analysts.add(source_id)

    # Time.

    def until_the_next(self, seconds: int) -> None:
        """Move the clock to a second past the next minute or quarter, and wait until all that is due has run."""
        self.lab.control.advance(seconds + 1 - self.now().timestamp() % seconds)
        self.lab.soar.playbooks.schedules.look()
        self.lab.soar.playbooks.settle()

    def now(self) -> datetime:
        """Return the lab's time."""
        return self.lab.siem.clock.now()

    # What came of it.

    def watermarks(self) -> dict[tuple[str, str], str]:
        """Return the watermarks by configuration and product; fail if one is nobody's."""
        rows = self.lab.api("GET", f"{MACROS}?format=json&limit=100")["hydra:member"]
        found = {row["name"]: row["value"] for row in rows}
        names = {
            (owner, product): f"IncidentBridge{product}LastPull_{fetch.replace('-', '_')}"
            for owner, fetch in self._fetches.items()
            for product in ("FortiSIEM", "FortiMonitor")
        }
        assert found.keys() <= set(names.values()), f"watermarks of nobody among {sorted(found)}"
        return {key: found[name] for key, name in names.items() if name in found}

    def newest(self) -> dict[tuple[str, str], str]:
        """Return the watermarks that there should be when all is ingested: the last time of each one's own incidents."""
        times: dict[tuple[str, str], str] = {}
        for owner in self.owners.values():
            times[owner.name, "FortiSIEM"] = str(
                max(row["incidentLastSeen"] for row in owner.siem_incidents().values())
            )
            with owner.monitor.store.transaction() as session:
                last = session.connection().exec_driver_sql("SELECT max(start_time) FROM outage").scalar_one()
            moment = datetime.fromisoformat(last).replace(tzinfo=timezone.utc)
            times[owner.name, "FortiMonitor"] = str(int(moment.timestamp()) * 1000)
        return times

    def assert_each_write_was_its_owners(self) -> dict[str, int]:
        """Fail if something was written where it is not owned; return how many writes of each kind there were."""
        for untouched in (self.lab.siem, self.lab.monitor):
            assert untouched.journal.entries() == [], f"the default configuration's {untouched.name} was asked"
        count = dict.fromkeys(self.owners, 0)
        owners_of_alerts = {
            row["@id"].rpartition("/")[2]: json.loads(row["sourcedata"])["configuration_id"]
            for row in self.lab.alerts().values()
            if row["sourcedata"]
        }
        for product in {id(one): one for owner in self.owners.values() for one in (owner.siem, owner.monitor)}.values():
            for entry in product.journal.entries():
                # A 404 wrote nothing: it is how FortiMonitor answers another account's key.
                if entry.method != "GET" and entry.path != LISTS and entry.status != 404:
                    owner = self.owners[entry.headers[BY]]
                    assert product in (owner.siem, owner.monitor)
                    assert _names_one_of(owner, entry, owners_of_alerts), entry
                    count[owner.name] += 1
        return count

    def recorded_owners(self) -> dict[str, str]:
        """Return the configuration that each ingested alert says it came by; fail if an incident has two alerts."""
        return {
            source_id: json.loads(row["sourcedata"])["configuration_id"]
            for source_id, row in self.lab.alerts().items()
            if row["sourcedata"]
        }


def _names_one_of(owner: Owner, entry: Entry, owners_of_alerts: Mapping[str, str]) -> bool:
    """Tell whether a write is to an incident of its account, or creates one for an incident or an alert of its own."""
    if entry.path.endswith("/incident/external"):
        return int(entry.body["incidentId"]) in owner.siem_incidents()
    if entry.path.endswith("/custom_incident"):
        server, _, number = entry.body["metadata"]["correlation_id"].rpartition(":")
        if server == "fortisoar":
            return owners_of_alerts[number] == owner.config_id
        return server == owner.siem_at and int(number) in owner.siem_incidents()
    return int(entry.path.split("/outage/")[1].partition("/")[0]) in owner.outages()


@contextmanager
def several(lab: PlaybookLab, folder: Path, world: str) -> Iterator[Several]:
    """Serve the products of three configurations, and set up the ingestion and the stories for them."""
    clock = lab.siem.clock
    with ExitStack() as stack:
        listeners = stack.enter_context(
            listening(dict.fromkeys(("shared siem", "siem", "shared monitor", "monitor"), 0))
        )
        at = {name: f"{HOST}:{listener.getsockname()[1]}" for name, listener in listeners.items()}

        def siem(name: str, *accounts: str) -> FortiSiem:
            made = FortiSiem(
                _made(folder / name), clock, [Account(each, "soar", f"{each}'s password") for each in accounts], []
            )
            stack.callback(made.close)
            return made

        def monitor(name: str, where: str) -> FortiMonitor:
            made = FortiMonitor(
                _made(folder / f"of {name}"), clock, f"http://{at[where]}/v2", f"key-of-{name}", "read-only"
            )
            stack.callback(made.close)
            return made

        shared, own = siem("shared", ACME, GLOBEX), siem("own", "super")
        monitors = {
            ACME: monitor(ACME, "shared monitor"),
            GLOBEX: monitor(GLOBEX, "shared monitor"),
            BRANCH: monitor(BRANCH, "monitor"),
        }
        _share(shared)
        _number_on(monitors[GLOBEX])
        products: list[Product] = [shared, own, *monitors.values()]
        for product in products:
            enter(world, {product.name: product})
        shared.switches.set("updates_reach", "any_organization")  # so that FortiSIEM itself prevents nothing
        of_shared = {_basic(name): (name, shared.app) for name in (ACME, GLOBEX)}
        keys = {name: {f"ApiKey key-of-{name}": (name, each.app)} for name, each in monitors.items()}
        sites = {
            "shared siem": Accounts(of_shared),
            "siem": Accounts({_basic("super"): (BRANCH, own.app)}),
            "shared monitor": Accounts(keys[ACME] | keys[GLOBEX]),
            "monitor": Accounts(keys[BRANCH]),
        }
        stack.enter_context(serving([Site(listeners[name], app) for name, app in sites.items()]))
        stack.callback(let_go)
        owners = {}
        for name, made in monitors.items():
            where = "siem" if name == BRANCH else "shared siem"
            organization = "super" if name == BRANCH else name
            row = lab.configure(
                name,
                fortimonitor_url=made.base_url,
                fortimonitor_api_key=f"key-of-{name}",
                fortisiem_server=f"http://{at[where]}",
                fortisiem_organization=organization,
                fortisiem_username="soar",
                fortisiem_password=f"{organization}'s password",
            )
            addresses = (
                f"fortisiem:{at[where]}",
                f"fortimonitor:{at['monitor' if name == BRANCH else 'shared monitor']}",
            )
            owners[name] = Owner(
                name, row["config_id"], own if name == BRANCH else shared, addresses[0], made, addresses[1]
            )
        lab.begin(ESCALATE, CLOSE, CLOSE_BY_HAND, UNKNOWN)
        fetches = _set_up_ingestion(lab)
        for name in (MIRROR_SIEM, MIRROR_MONITOR):
            _schedule(lab, name)
        lab.forget_requests()
        for owner in owners.values():
            owner.siem.journal.clear()
            owner.monitor.journal.clear()
        yield Several(lab, owners, fetches)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _basic(organization: str) -> str:
    login = f"{organization}/soar:{organization}'s password"
    return f"Basic {base64.b64encode(login.encode()).decode()}"


def _share(siem: FortiSiem) -> None:
    """Let the incidents of a FortiSIEM be those of two organizations, in turn."""
    with siem.store.transaction() as session:
        session.add(Organization(domainId=ORGANIZATIONS[GLOBEX], name=GLOBEX, initialized=True, created=siem.now()))
        session.flush()
        session.connection().exec_driver_sql("UPDATE incidents SET phCustId = 2000 + incidentId % 2")


def _number_on(monitor: FortiMonitor) -> None:
    """Let the outages of an account have other ids than another one's: FortiMonitor numbers those of all accounts."""
    with monitor.store.transaction() as session:
        session.execute(delete(LogEntry))
        session.execute(delete(Outage))
    for custom in (False, True):
        monitor.add_outages(5000, custom=custom, active=False)
    # Those are years old, with ids that no account gets to; the next ones follow on their number.
    with monitor.store.transaction() as session:
        session.connection().exec_driver_sql(
            "UPDATE outage SET id = id + CASE WHEN id < 0 THEN -1000000000 ELSE 1000000000 END, start_time = '2020-01-01 00:00:00.000000', "
            "end_time = '2020-01-01 00:00:00.000000'"
        )


def _set_up_ingestion(lab: PlaybookLab) -> dict[str, str]:
    """Run the wizard on each configuration, every five minutes; return the UUID of each one's playbook that fetches."""
    soar = lab.ready["fortisoar"]
    client: Any = FortiSOAR(soar["https"], username=soar["username"], password=soar["password"], verify_ssl=soar["ca"])
    fetches = {}
    for name in ORGANIZATIONS:
        setup = client.connectors.data_ingest_wizard(NAME, config=name, cron="*/5 * * * *")
        clones = client.workflow_collections.get(setup.collection_uuid).workflows
        (fetch,) = [dict(each) for each in clones if each["name"] == FETCH]
        steps = [dict(step) for step in fetch["steps"]]
        (answers,) = [step for step in steps if step["name"] == "Configuration"]
        answers["arguments"] = {**answers["arguments"], "sources": "FortiSIEM and FortiMonitor", "lookback": EVERYTHING}
        lab.api("PUT", f"/api/3/workflows/{fetch['uuid']}", {"steps": steps})
        fetches[name] = fetch["uuid"]
    client.session.close()
    return fetches


def _schedule(lab: PlaybookLab, name: str) -> None:
    """Let a playbook run every quarter of an hour."""
    when = {**dict.fromkeys(("hour", "day_of_week", "day_of_month", "month_of_year"), "*"), "timezone": "UTC"}
    workflow = f"/api/3/workflows/{lab.workflows()[name]['uuid']}"
    kwargs = {"wf_iri": workflow, "exit_if_running": True}
    body = {"name": name, "crontab": {**when, "minute": "*/15"}, "kwargs": kwargs}
    lab.api("POST", f"{WF}/scheduled/?format=json", body, 201)
