"""The licence: deployed, told, and read before it is deployed.

A licence of the lab is a base64 text of JSON, which ``licence_key`` makes; the vendor's are signed and unread here.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import select
from starlette.routing import Route

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.switches import Switches
from ..accounts import Accounts
from ..caller import caller
from ..calls import Answer, Call, route
from ..refusals import refusal
from ..shapes import SELF_AGENT, Row
from .models import ACTIVE, API_KEY, Deployment

NODE, NODE_NAME, VERSION = SELF_AGENT, "lab", "7.6.5-5662"
DEPLOYING = 2  # seconds of the lab's clock that a deployment takes: assumed, no source
PUBLIC_LICENCE = ("/api/public/license", "/api/public/license/")
DETAILS = ("/api/auth/license", "/api/auth/license/", "/auth/license", "/auth/license/")
TERMS = ("serial_no", "expiry_time", "hardware_key", "max_users", "entitlements", "type", "edition")
UNREADABLE = "The license key cannot be read."
SPENT = "The license token has been used before."
DAY = 86_400
ISSUED = "2026-01-02 03:04:05"  # when the first licence was deployed, for a clock that may be moved


def licence_key(**terms: Any) -> str:
    """Make a licence of the lab; what is not given is as in the one that a fresh lab has, but its serial number."""
    given = {
        "serial_no": "FSRVMLAB26000002",
        "expiry_time": "2036-01-01 00:00:00",
        "hardware_key": NODE,
        "max_users": 5,
        "entitlements": {"branding": "advanced"},
        "type": "Evaluation",
        "edition": "Enterprise",
    }
    return b64encode(json.dumps(given | terms).encode()).decode()


def terms_of(key: object) -> Row | None:
    """Return what a licence says, None if it is none."""
    try:
        terms: Any = json.loads(b64decode(str(key), validate=True))
        is_whole = isinstance(terms, dict) and set(terms) == set(TERMS) and isinstance(terms["max_users"], int)
        _moment(terms["expiry_time"] if is_whole else "")
    except ValueError:
        return None
    return terms if isinstance(terms, dict) else None


class Licence:
    """The licence of the one node."""

    def __init__(self, accounts: Accounts, store: Store, clock: Clock, switches: Switches) -> None:
        self._accounts = accounts
        self._store = store
        self._clock = clock
        self._switches = switches

    def seed(self) -> None:
        """Deploy the first licence, unless one was deployed."""
        with self._store.transaction() as session:
            if session.scalar(select(Deployment.id).limit(1)) is None:
                key = licence_key(serial_no="FSRVMLAB26000001")
                session.add(self._deployment(terms_of(key), started=_moment(ISSUED)))

    def routes(self) -> Iterable[Route]:
        """Return the addresses of the licence."""
        for address in PUBLIC_LICENCE:
            yield route("POST", address, self._act)
        for address in DETAILS:
            yield route("POST", address, self._deploy_again)
            yield route("GET", address, self._details)

    def _act(self, call: Call) -> Answer:
        actions = {
            "deploy_license": self._deploy,
            "get_status": self._status,
            "get_info": self._info,
            "install_flex_license": self._install_flex,
        }
        action = actions.get(str(call.fields.get("action")))
        if action is None:
            raise refusal(400, f"action must be one of {', '.join(actions)}.")
        if call.fields.get("nodeId") not in (None, NODE):
            raise refusal(400, f"There is no node {call.fields['nodeId']}.")
        return action(call.fields)

    def _deploy(self, fields: Row) -> Answer:
        return self._begin(terms_of(fields.get("license_key")), None)

    def _install_flex(self, fields: Row) -> Answer:
        """Begin the deployment of a token, which is spent even by a failure; that a second use fails is assumed."""
        data = fields.get("data")
        given = str(data.get("license_token")) if isinstance(data, dict) else ""
        with self._store.transaction() as session:
            is_spent = session.scalar(select(Deployment.id).where(Deployment.token == given).limit(1)) is not None
            terms = None if is_spent else terms_of(given)
            session.add(self._deployment(terms, given, SPENT if is_spent else UNREADABLE))
        return self._deployed()

    def _deploy_again(self, call: Call) -> Answer:
        """Deploy with a login, which works only while a valid licence is there."""
        if self._is_expired(self._terms()):
            raise refusal(400, "No valid license is deployed. Use /api/public/license.")
        return self._begin(terms_of(call.fields.get("license_key")), caller().account)

    def _begin(self, terms: Row | None, user: str | None) -> Answer:
        if terms is None and self._switches["bad_licence_status"] == 400:
            raise refusal(400, UNREADABLE)
        with self._store.transaction() as session:
            session.add(self._deployment(terms, user=user))
        return self._deployed()

    def _deployed(self) -> Answer:
        return 200, {} if self._switches["licence_deployed_body"] == "object" else None

    def _deployment(
        self,
        terms: Row | None,
        token: str | None = None,
        message: str = UNREADABLE,
        user: str | None = None,
        started: float | None = None,
    ) -> Deployment:
        return Deployment(
            started=self._now() if started is None else started,
            source=caller().address,
            user=user,
            message=None if terms else message,
            token=token,
            terms=terms,
        )

    def _status(self, fields: Row) -> Answer:
        with self._store.transaction() as session:
            last = session.scalars(select(Deployment).order_by(Deployment.id.desc()).limit(1)).one()
        status = "failed" if last.terms is None else "finished"
        row: Row = {"depl_status": status if last.started + DEPLOYING <= self._now() else "in_progress"}
        if "nodeId" not in fields:
            return 200, row | {"depl_message": last.message if row["depl_status"] == "failed" else None}
        return 200, row | {
            "depl_info": {
                "source": last.source,
                "user_id": last.user,
                "ws_session_id": None,
                "depl_start_time": datetime.fromtimestamp(last.started, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f"),
            }
        }

    def _info(self, fields: Row) -> Answer:
        terms = terms_of(fields.get("license_key"))
        if terms is None:
            raise refusal(400, UNREADABLE)
        if terms["type"] == "Subscription":
            # The vendor's network tells them, and only to a deployed one.
            unknown = dict.fromkeys(("max_users", "expiry_time"))
            terms = {name: value for name, value in terms.items() if name not in unknown}
            if self._switches["subscription_before_deployment"] == "null":
                terms |= unknown
        return 200, terms

    def _terms(self) -> Row:
        """Return what the licence says that was deployed last."""
        done = Deployment.started <= self._now() - DEPLOYING
        wanted = select(Deployment).where(done).order_by(Deployment.id.desc())
        with self._store.transaction() as session:
            return next(each.terms for each in session.scalars(wanted) if each.terms)

    def _details(self, call: Call) -> Answer:
        if call.query.get("param") != "license_details":
            raise refusal(400, "param must be license_details.")
        node = call.query.get("node_id", "SELF")
        is_known = node in ("SELF", NODE)
        if not is_known and self._switches["unknown_licence_node"] == 400:
            raise refusal(400, f"There is no node {node}.")
        terms = self._terms()
        row = self._told(terms)
        return 200, row | {"nodes": {NODE: self._node(terms)} if is_known else {}}

    def _told(self, terms: Row) -> Row:
        expired = [NODE] if self._is_expired(terms) else []
        users = terms["max_users"]
        common = {"entitlements": terms["entitlements"], "is_distributed": False, "role": None}
        return {
            "details": common | {"contracts": self._contracts(terms), "users": users},
            "device_uuid_changed": False,
            "device_uuid_changed_nodes": [],
            "duplicate": False,
            "duplicate_nodes": [],
            "edition": terms["edition"],
            "expired": bool(expired),
            "expired_nodes": expired,
            "expired_nodes_details": [{"nodeId": node, "nodeName": NODE_NAME} for node in expired],
            "expiring_on": terms["expiry_time"][:10],
            "is_cloud_instance": False,
            "product_name": "FortiSOAR",
            "remaining_days": self._remaining_days(terms),
            "setup_type": "single-node",
            "sub_type": None,
            "type": terms["type"],
            "users": users,
            "user_stats": self._user_stats(),
        }

    def _node(self, terms: Row) -> Row:
        users = terms["max_users"]
        stats = self._user_stats()
        used = stats["concurrent_active_users"] + stats["fixed_active_users"]
        return {
            "details": {
                "contracts": self._contracts(terms),
                "customer_name": None,
                "edition": terms["edition"],
                "entitlements": terms["entitlements"],
                "expiring_on": terms["expiry_time"][:10],
                "is_distributed": False,
                "issue_time": f"{ISSUED}.000000",
                "remaining_days": self._remaining_days(terms),
                "remaining_users": max(0, users - used),
                "role": None,
                "serial_no": terms["serial_no"],
                "sub_type": None,
                "total_users": users,
                "type": terms["type"],
            },
            "node": {
                "comment": "primary server",
                "health": {},
                "nodeId": NODE,
                "node_id": NODE,
                "nodeMetadata": {"fsrVersion": VERSION, "mode": "operational"},
                "nodeName": NODE_NAME,
                "role": "primary",
                "status": "active",
            },
        }

    def _contracts(self, terms: Row) -> Row:
        return {"expiry_time": terms["expiry_time"], "users": terms["max_users"]}

    def _user_stats(self) -> dict[str, int]:
        people = [each for each in self._accounts.all() if each.user_type != API_KEY and each.status == ACTIVE]
        stats = {}
        for kind, access in (("concurrent", "Concurrent"), ("fixed", "Named")):
            held = [each for each in people if each.access_type == access]
            stats[f"{kind}_active_users"] = len(held)
            stats[f"{kind}_logged_in_users"] = sum(self._accounts.is_logged_in(each.uuid) for each in held)
        return stats

    def _remaining_days(self, terms: Row) -> int:
        return max(0, int((_moment(terms["expiry_time"]) - self._now()) // DAY))

    def _is_expired(self, terms: Row) -> bool:
        return _moment(terms["expiry_time"]) <= self._now()

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _moment(text: object) -> float:
    return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
