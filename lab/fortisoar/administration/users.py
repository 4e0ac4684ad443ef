"""Logins at ``/api/auth/users``: people's, and API keys that are made, changed and revoked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

from starlette.routing import Route

from ...kit.store import Store
from ...kit.switches import Switches
from ..accounts import INVALID, PASSWORDS, Accounts
from ..caller import caller
from ..calls import Answer, Call, route
from ..refusals import Refusal
from ..shapes import Row
from .models import ACTIVE, API_KEY, INACTIVE, Account
from .passwords import sealed

MASK = "x" * 28
DAY = 86_400


class Users:
    """The store of logins over HTTP.

    Its refusals are ``{"reason": ...}``, as met for an unknown login; the words of the others are our own.
    """

    def __init__(self, accounts: Accounts, store: Store, switches: Switches) -> None:
        self._accounts = accounts
        self._store = store
        self._switches = switches

    def routes(self) -> Iterable[Route]:
        """Return the addresses of logins."""
        for slash in ("", "/"):
            yield route("GET", f"{PASSWORDS}{slash}", self._list)
            yield route("POST", f"{PASSWORDS}{slash}", self._create_key)
            yield route("PUT", f"{PASSWORDS}{slash}", self._change)
            yield route("POST", f"/api/auth/query/users{slash}", self._query)

    def change(self, uuid: str, **values: Any) -> Account:
        """Change an account in the store and in memory, and end its sessions if it may no longer come in."""
        with self._store.transaction() as session:
            account = session.get_one(Account, uuid)
            for name, value in values.items():
                setattr(account, name, value)
        self._accounts.load()
        if account.status != ACTIVE:
            self._accounts.log_out_all(uuid)
        return account

    def _list(self, call: Call) -> Answer:
        """Answer with one login, or, where none is named, with all: assumed, no source."""
        query = call.query
        if "uuid" in query or "loginid" in query:
            found = self._accounts.named(query["loginid"]) if "loginid" in query else self._accounts.get(query["uuid"])
            if found is None:
                raise _wrong(INVALID)
            accounts = [found]
        else:
            accounts = self._accounts.all()
        return self._answer(accounts, query.get("show_api_key", "").lower() == "true")

    def _query(self, call: Call) -> Answer:
        users = call.fields.get("users")
        if not isinstance(users, list):
            raise _wrong("users must be a list of uuids.")
        found = [self._accounts.get(uuid) for uuid in users]
        return self._answer([each for each in found if each], call.fields.get("show_api_key") is True)

    def _answer(self, accounts: list[Account], with_key: bool) -> Answer:
        return 200, {"usersresp": [self._row(account, with_key) for account in accounts]}

    def _row(self, account: Account, with_key: bool) -> Row:
        row: Row = {
            "access_type": account.access_type,
            "api_key": self._key_row(account) | {"modify_date": account.key["modified"]} if account.key else None,
            "bind_name": None,
            "domain": None,
            "is_logged_in": self._accounts.is_logged_in(account.uuid),
            "loginid": account.loginid,
            "status": account.status,
            "tenant": None,
            "user_type": account.user_type,
            "uuid": account.uuid,
        }
        is_left_out = account.key is None and self._switches["api_key_of_a_person"] == "absent"
        if is_left_out or not with_key:
            del row["api_key"]
        return row

    def _key_row(self, account: Account, key: str = "") -> Row:
        stored = account.key or {}
        return {
            "key": key or MASK + stored["tail"],
            "retrievable": False,
            "status": stored["status"],
            "time_remaining": max(0, -(-int(stored["until"] - self._accounts.now()) // DAY)),
            "valid_until": stored["until"],
        }

    def _create_key(self, call: Call) -> Answer:
        fields = call.fields
        if type(fields.get("type")) is not int or fields["type"] != API_KEY:
            raise _wrong("type must be 9, as an integer: people are made at /api/3/people.")
        if type(fields.get("status")) is not int or fields["status"] not in (ACTIVE, INACTIVE):
            raise _wrong("status must be 1 or 2, as an integer.")
        if self._accounts.settings["retrievable_mode"]:
            raise _wrong("preserve_compatibility")  # what 7.6.5 and 8.0.0 fail with
        days = self._days(fields)
        key, stored = self._accounts.new_key(days)
        uuid = str(uuid4())
        with self._store.transaction() as session:
            session.add(
                Account(
                    uuid=uuid,
                    loginid=uuid,
                    user_type=API_KEY,
                    status=fields["status"],
                    access_type="Concurrent",
                    actor=None,
                    password=None,
                    must_change=False,
                    key=stored,
                    roles=[],
                    teams=[],
                )
            )
        self._accounts.load()
        return 201, {"api_key": {"key": key, "retrievable": False}, "uuid": uuid}

    def _change(self, call: Call) -> Answer:
        fields = call.fields
        if caller().kind == "newcomer":
            return self._set_first_password(fields)
        if isinstance(fields.get("update"), dict):
            return self._update(fields["update"])
        if fields.get("key_type") == "API_KEY":
            return self._change_key(fields)
        self._known(fields)
        return 200, {}  # a bare {uuid, status} was met to change nothing

    def _set_first_password(self, fields: Row) -> Answer:
        if fields.get("uuid") != caller().account:
            raise _wrong("The token is another user's.")
        self.change(caller().account, password=sealed(self.new_password(fields)), must_change=False)
        return 200, {}

    def new_password(self, fields: Row, key: str = "password") -> str:
        """Return a password that a request sets; raise Refusal 400 if it is none."""
        password = fields.get(key)
        if not isinstance(password, str) or not password:
            raise _wrong(f"{key} must be a text that is not empty.")
        self._accounts.hide(password)
        return password

    def _update(self, fields: Row) -> Answer:
        account = self._known(fields)
        if fields.get("status") not in (ACTIVE, INACTIVE):
            raise _wrong("status must be 1 or 2, as an integer.")
        access = fields.get("access_type", account.access_type)
        if access not in ("Named", "Concurrent"):
            raise _wrong("access_type must be Named or Concurrent.")
        self.change(account.uuid, status=fields["status"], access_type=access)
        return 200, {}

    def _change_key(self, fields: Row) -> Answer:
        account = self._known(fields)
        if not account.key:
            raise _wrong("The user has no API key.")
        operations: dict[str, Callable[[Row, Row], tuple[str, Row]]] = {
            "REVOKE": lambda stored, _: ("", stored | {"status": "Revoked"}),
            "ACTIVATE": lambda stored, _: ("", stored | {"status": "Active"}),
            "DEACTIVATE": lambda stored, _: ("", stored | {"status": "Inactive"}),
            "REGENERATE": lambda stored, _: self._accounts.new_key(self._days(fields, stored)),
            "RESET_VALIDITY": self._with_new_validity,
        }
        operation = operations.get(str(fields.get("operation")))
        if operation is None:
            raise _wrong(f"operation must be one of {', '.join(operations)}.")
        if account.key["status"] == "Revoked" and fields["operation"] != "REGENERATE":
            raise _wrong("The API key is revoked.")
        key, stored = operation(account.key, fields)
        stored = stored | {"modified": int(self._accounts.now())}
        changed = self.change(account.uuid, key=stored)
        return 200, {"api_key": self._key_row(changed, key), "uuid": account.uuid}

    def _with_new_validity(self, stored: Row, fields: Row) -> tuple[str, Row]:
        return "", stored | {"until": int(self._accounts.now()) + self._days(fields) * DAY}

    def _days(self, fields: Row, stored: Row | None = None) -> int:
        """Return how long a key shall be valid; a new value for one that is there keeps to its span: assumed."""
        least, most = (self._accounts.settings[f"api_key_validity_{end}"] for end in ("min", "max"))
        days: object = fields.get("api_key_validity")
        if days is None and stored:
            return int(max(least, min(most, int(stored["until"] - stored["modified"]) // DAY)))
        if not isinstance(days, int) or isinstance(days, bool) or not least <= days <= most:
            raise _wrong(f"api_key_validity must be a number of days from {least} to {most}, as an integer.")
        return days

    def _known(self, fields: Row) -> Account:
        account = self._accounts.get(fields.get("uuid"))
        if account is None:
            raise _wrong(INVALID)
        return account


def _wrong(reason: str) -> Refusal:
    return Refusal(400, {"reason": reason})
