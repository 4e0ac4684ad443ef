"""The audit log: what was done in the lab, by whom, from where.

Records tell what is written to them (``Trail.record_written``). What else is audited is a table here: requests, and
what is written down of them once they are answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, func, insert, select
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...kit.shallow_json import read_json
from ...kit.store import Store
from ...kit.switches import Switches
from ...kit.whole_numbers import whole_number
from ..accounts import Accounts
from ..caller import Caller, caller
from ..calls import Answer, Call, route
from ..records.modules import MODULES
from ..refusals import refusal
from ..shapes import Row
from .models import Activity

BASES = ("/api/gateway/audit", "/gateway/audit")
OPERATIONS = (
    "Create|Update|Delete|Bulk Delete|Bulk Insert|Soft Delete|Archival Start|Archival Failure|Restore|Link|"
    "Unlink|Import|Update During Import|Overwrite During Import|Comment|Event|Trigger|Resume|Retry|Terminate|"
    "Version Created|Version Deleted|Login Success|Login Failed|Log Out|Install|Uninstall|Upgrade|AddConfig|"
    "DeleteConfig|UpdateConfig|Executed Action|Activate|Deactivate|Validate|Replication Failed|Publish|Clone|"
    "Revert|Collect|Start|Stop|Pre-Processing(Drop)|Pre-Processing(Update)|Pre-Processing(Fail)"
)
OF_MODULES = "Create|Update|Link|Unlink|Comment|Trigger|Import|Update During Import|Replication Failed|Executed Action"
TOLD = {  # by what records tell: the operation, and its word in the title
    "create": ("Create", "Created"),
    "update": ("Update", "Updated"),
    "delete": ("Delete", "Deleted"),
    "bulk insert": ("Bulk Insert", "Created"),
    "bulk delete": ("Bulk Delete", "Deleted"),
    "link": ("Link", "Linked"),
    "unlink": ("Unlink", "Unlinked"),
}
UNTOLD = {"modifyDate", "modifyUser", "createDate", "createUser", "@context", "@type", "@id", "uuid", "id", "link"}
DAY = 86_400_000  # milliseconds
LARGEST = 2**20  # bytes of a body that is read for what it is about
# The lines of the request that is being answered.
_pending: ContextVar[list[Row] | None] = ContextVar("pending", default=None)


@dataclass(frozen=True)
class Told:
    """A request that was answered, as rules read it: ``body`` and ``answer`` are objects, else empty."""

    parts: tuple[str, ...]
    body: Row
    status: int
    answer: Row


Line = tuple[str, str, str, Row]  # the operation, the title, the entity's uuid, its data


@dataclass(frozen=True)
class Rule:
    """Requests that are audited, and what is written down of one."""

    method: str
    path: re.Pattern[str]
    component: str
    entity: str
    line: Callable[[Told], Line]


def _login(told: Told) -> Line:
    credentials = told.body.get("credentials")
    name = str(credentials.get("loginid")) if isinstance(credentials, dict) else ""
    if told.status == 200:
        return "Login Success", f"User [{name}] logged in", "", {"loginid": name}
    return "Login Failed", f"User [{name}] failed to log in", "", {"loginid": name}


def _logout(told: Told) -> Line:
    return "Log Out", f"User [{caller().loginid}] logged out", caller().account, {}


def _forced_logout(told: Told) -> Line:
    users = [str(user) for user in told.body.get("users") or []]
    return "Log Out", f"Users [{', '.join(users)}] were logged out", "", {"users": users}


def _installed(told: Told) -> Line:
    name, version = told.answer.get("name"), told.answer.get("version")
    return "Install", f"Connector [{name} {version}] Installed", str(told.answer.get("uuid")), {"name": name}


def _executed(told: Told) -> Line:
    connector, operation = told.body.get("connector"), told.body.get("operation")
    status = told.answer.get("status")
    about = {"connector": connector, "operation": operation, "status": status}
    return "Executed Action", f"Action [{operation}] of connector [{connector}] Executed", "", about


def _triggered(told: Told) -> Line:
    tasks = told.answer.get("task_ids") or [told.answer.get("task_id")]
    return "Trigger", f"Playbook [{told.parts[-1]}] Triggered", str(told.parts[-1]), {"task_ids": tasks}


def _plain(operation: str, what: str, word: str) -> Callable[[Told], Line]:
    def line(told: Told) -> Line:
        name = told.answer.get("name") or told.body.get("name") or told.parts[0]
        uuid = told.answer.get("config_id") or told.answer.get("uuid") or told.parts[0]
        return operation, f"{what} [{name}] {word}", str(uuid), {}

    return line


def _switched(told: Told) -> Line:
    word = "Activate" if told.body.get("active") else "Deactivate"
    return word, f"Connector [{told.answer.get('name')}] {word}d", told.parts[0], {}


def _rule(method: str, path: str, component: str, entity: str, line: Callable[[Told], Line]) -> Rule:
    return Rule(method, re.compile(path), component, entity, line)


RULES = (
    _rule("POST", "/auth/authenticate", "das", "User", _login),
    _rule("POST", "/api/3/logout/?", "das", "User", _logout),
    _rule("POST", "/api/auth/token/?", "das", "User", _forced_logout),
    _rule("POST", "/api/3/solutionpacks/install", "crudhub", "Connector", _installed),
    _rule(
        "DELETE",
        "/api/integration/connectors/([^/]+)/",
        "sdk",
        "Connector",
        _plain("Uninstall", "Connector", "Removed"),
    ),
    _rule("PUT", "/api/integration/connectors/([^/]+)/", "sdk", "Connector", _switched),
    _rule(
        "POST",
        "/api/integration/configuration/()",
        "sdk",
        "Configuration",
        _plain("AddConfig", "Configuration", "Added"),
    ),
    _rule(
        "PUT",
        "/api/integration/configuration/([^/]+)/",
        "sdk",
        "Configuration",
        _plain("UpdateConfig", "Configuration", "Updated"),
    ),
    _rule(
        "DELETE",
        "/api/integration/configuration/([^/]+)/",
        "sdk",
        "Configuration",
        _plain("DeleteConfig", "Configuration", "Deleted"),
    ),
    _rule("POST", "/api/integration/execute/", "sdk", "Connector", _executed),
    _rule("POST", "/api/triggers/1/(?:(?:notrigger|action|deferred)/)?([^/]+)", "sealab", "Playbook", _triggered),
    _rule(
        "DELETE", "/api/wf/api/workflows/delete/()", "sealab", "Workflow", _plain("Delete", "Playbook logs", "Deleted")
    ),
)
EVEN_IF_REFUSED = {"/auth/authenticate", "/api/integration/execute/"}


class Trail:
    """The audit log and its addresses."""

    def __init__(self, accounts: Accounts, store: Store, switches: Switches) -> None:
        self._accounts = accounts
        self._store = store
        self._switches = switches

    def routes(self) -> Iterable[Route]:
        """Return the addresses of the audit log."""
        for base in BASES:
            yield route("POST", f"{base}/activities", self._query)
            yield route("GET", f"{base}/activities", self._by_get)
            yield route("DELETE", f"{base}/activities", self._purge)
            yield route("POST", f"{base}/activities/count", self._count)
            yield route("DELETE", f"{base}/activities/ttl", self._keep_for_good)
            yield route("GET", f"{base}/activities/{{number:int}}", self._read)
            yield route("GET", f"{base}/operations", self._operations)

    # Writing.

    def record_written(self, change: str, module: str, row: Row, changed: Row) -> None:
        """Write down what was done to a record."""
        operation, word = TOLD[change]
        singular = MODULES[module].type
        name = _name(row)
        data = (
            {
                field: {"oldData": _shown(old), "newData": _shown(row.get(field))}
                for field, old in sorted(changed.items())
            }
            if change == "update"
            else {field: _shown(value) for field, value in row.items() if value is not None and field not in UNTOLD}
            | {"@id": row["@id"], "UUID": row["uuid"]}
        )
        more: Row = {}
        title = f"{singular} [{name}] {word}"
        if link := row.get("link"):
            data = {}
            about = {"iri": link["@id"], "type": link["@id"].split("/")[3], "displayName": _name(link)}
            more = {"linkEntityDetails": about | {"singularName": link["@type"]}}
            title = f"{link['@type']} [{_name(link)}] {word} {'to' if change == 'link' else 'from'} {singular} [{name}]"
        more |= {"displayName": name, "entitySingularName": singular}
        self._write(caller(), "crudhub", operation, title, "EntityRecord", row["uuid"], data, more)

    def answered(self, rule: Rule, who: Caller, told: Told) -> None:
        """Write down a request of the table."""
        operation, title, uuid, data = rule.line(told)
        self._write(who, rule.component, operation, title, rule.entity, uuid, data, {})

    def _write(
        self,
        who: Caller,
        component: str,
        operation: str,
        title: str,
        entity_type: str,
        entity_uuid: str,
        data: Row,
        more: Row,
    ) -> None:
        account = self._accounts.get(who.account)
        document = {
            "data": data,
            "displayName": None,
            "entitySingularName": entity_type,
            "source": who.address,
            "subComponent": None,
            "teamIris": account.teams if account else [],
            "user": who.loginid,
            "userOwnerIris": [],
        }
        row = {
            "moment": self._now(),
            "component": component,
            "operation": operation,
            "entity_type": entity_type,
            "entity_uuid": entity_uuid or None,
            "user_id": who.account,
            "title": title,
            "document": document | more,
        }
        pending = _pending.get()
        if pending is None:
            self.keep([row])
        else:
            pending.append(row)

    def keep(self, rows: list[Row]) -> None:
        """Store lines."""
        with self._store.transaction() as session:
            session.execute(insert(Activity), rows)

    # Reading.

    def _query(self, call: Call) -> Answer:
        fields = call.fields
        page, size = _number(fields, "page", 0), _number(fields, "limit", 10)
        with self._store.transaction() as session:
            self._forget_old(session)
            wanted = select(Activity).where(*_conditions(fields)).order_by(Activity.id.desc())
            rows = [_row(each) for each in session.scalars(wanted.limit(size).offset(page * size))]
        return 200, {"content": rows, "first": page == 0, "number": page}

    def _by_get(self, call: Call) -> Answer:
        if self._switches["audit_list_by_get"] == 405:
            raise refusal(405, "Request method 'GET' not supported")
        return self._query(replace(call, body={}))

    def _count(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            self._forget_old(session)
            wanted = select(func.count()).select_from(Activity).where(*_conditions(call.fields))
            return 200, {"total": session.scalar(wanted)}

    def _read(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            found = session.get(Activity, call.path["number"])
            if found is None:
                raise refusal(404, f"There is no activity {call.path['number']}.")
            return 200, _row(found)

    def _operations(self, call: Call) -> Answer:
        return 200, (OF_MODULES if call.query.get("operationType") == "module_detail" else OPERATIONS).split("|")

    # Purging.

    def _keep_for_good(self, call: Call) -> Answer:
        self._accounts.settings.set("audit_days", None)
        return self._purged()

    def _purge(self, call: Call) -> Answer:
        seconds = whole_number(call.query.get("uptoDate", ""))
        if seconds is None:
            raise refusal(400, "uptoDate must be a number of seconds since 1970.")
        with self._store.transaction() as session:
            session.execute(delete(Activity).where(Activity.moment < seconds * 1000))
        return self._purged()

    def _purged(self) -> Answer:
        return 200, {} if self._switches["purged_audit_body"] == "object" else None

    def _forget_old(self, session: Any) -> None:
        days = self._accounts.settings["audit_days"]
        if days is not None:
            session.execute(delete(Activity).where(Activity.moment < self._now() - days * DAY))

    def _now(self) -> int:
        return int(self._accounts.now() * 1000)


class AuditMiddleware:
    """Have what a request did written into the audit log at once, before its answer leaves."""

    def __init__(self, app: ASGIApp, trail: Trail) -> None:
        self.app = app
        self.trail = trail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        pending: list[Row] = []
        _pending.set(pending)

        async def answering(message: Message) -> None:
            if message["type"] == "http.response.start" and pending:
                await run_in_threadpool(self.trail.keep, pending)
            await send(message)

        rule, parts = _rule_for(scope)
        if rule is None:
            await self.app(scope, receive, answering)
        else:
            await self._told(rule, parts, scope, receive, answering)

    async def _told(self, rule: Rule, parts: tuple[str, ...], scope: Scope, receive: Receive, send: Send) -> None:
        sent, answered = bytearray(), bytearray()
        status = 0
        held: list[Message] = []

        async def listening() -> Message:
            message = await receive()
            sent.extend(message.get("body", b"")[: LARGEST - len(sent)])
            return message

        async def answering(message: Message) -> None:
            nonlocal status
            held.append(message)
            if message["type"] == "http.response.start":
                status = message["status"]
                return
            answered.extend(message.get("body", b""))
            if not message.get("more_body"):
                if status < 400 or scope["path"] in EVEN_IF_REFUSED:
                    told = Told(parts, _object(sent), status, _object(answered))
                    self.trail.answered(rule, caller(), told)
                for each in held:
                    await send(each)

        await self.app(scope, listening, answering)


def _rule_for(scope: Scope) -> tuple[Rule | None, tuple[str, ...]]:
    for rule in RULES:
        if rule.method == scope["method"] and (found := rule.path.fullmatch(scope["path"])):
            return rule, found.groups()
    return None, ()


def _object(content: bytearray) -> Row:
    try:
        value = read_json(bytes(content)) if content else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _conditions(fields: Row) -> list[Any]:
    """Return what a query asks for. ``filterParams``, ``user`` and ``sort`` are passed over, as on the appliance."""
    columns = {
        "entityUuid": Activity.entity_uuid,
        "entityType": Activity.entity_type,
        "operation": Activity.operation,
        "component": Activity.component,
        "userId": Activity.user_id,
    }
    wanted: list[Any] = []
    for name, column in columns.items():
        value = fields.get(name)
        if isinstance(value, list):
            if len(value) > 1:
                raise refusal(400, f"{name} must be one text.")
            continue  # a list of one is passed over, too
        if value not in (None, ""):
            wanted.append(column == str(value))
    if "startDate" in fields:
        wanted.append(Activity.moment >= _number(fields, "startDate", 0))
    if "endDate" in fields:
        wanted.append(Activity.moment <= _number(fields, "endDate", 0))
    if fields.get("search"):
        wanted.append(Activity.title.icontains(str(fields["search"]), autoescape=True))
    return wanted


def _number(fields: Row, name: str, default: int) -> int:
    number = whole_number(fields.get(name, default))
    if number is None:
        raise refusal(400, f"{name} must be a whole number.")
    return number


def _row(activity: Activity) -> Row:
    return activity.document | {
        "component": activity.component,
        "entityType": activity.entity_type,
        "entityUuid": activity.entity_uuid,
        "id": activity.id,
        "operation": activity.operation,
        "title": activity.title,
        "transactionDate": activity.moment,
        "userId": activity.user_id,
    }


def _name(row: Row) -> str:
    """Return what people call a record."""
    whole = " ".join(str(row[part]) for part in ("firstname", "lastname") if row.get(part))
    keys = ("name", "title", "value", "hostname", "ip", "itemValue", "email")
    return whole or next((str(row[key]) for key in keys if row.get(key)), str(row.get("id") or row["uuid"]))


def _shown(value: Any) -> Any:
    """Return a field's value as people read it."""
    return _name(value) if isinstance(value, dict) and "uuid" in value else value
