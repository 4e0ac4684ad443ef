"""Who may call: people with a password and a bearer token, API keys, and the appliance itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid4, uuid5

from sqlalchemy import select

from ..kit.clock import Clock
from ..kit.store import Store
from ..kit.switches import Switches
from .administration import rights
from .administration.models import ACTIVE, API_KEY, LOCAL_USER, Account, KeyBinding, Role
from .administration.passwords import claims_of, digest, is_password, sealed, token
from .administration.rights import denied
from .administration.settings import Settings
from .caller import APPLIANCE, PERSON, Caller
from .records.seeding import LOGIN_OF_ADMINISTRATOR, TEAM
from .refusals import Refusal

INVALID = "Invalid credentials or account locked"
FULL, TEAM_IRI = "Full App Permissions", f"/api/3/teams/{TEAM}"
ROLES: dict[str, tuple[str, dict[str, list[str]]]] = {  # names as seen; what they grant is assumed: no source
    FULL: ("All rights on everything.", rights.EVERYTHING),
    "SOC Manager": ("Works on all records, and runs playbooks.", rights.EVERYTHING | {"security": ["read"]}),
    "SOC Analyst": ("Works on records.", {"*": ["create", "execute", "read", "update"]} | {"security": ["read"]}),
    "Security Administrator": ("Manages users.", {name: list(rights.RIGHTS) for name in ("security", "people")}),
}
DAY = 86_400
PASSWORDS = "/api/auth/users"
OWN_KEY_DAYS = 3650  # of the key in the ready line: a kept lab must not lock its users out


@dataclass(frozen=True)
class Session:
    """What a person's token stands for: the login's uuid, and when it began, in seconds since 1970."""

    account: str
    began: float


class Accounts:
    """The logins of the local FortiSOAR, held in memory beside the store: every request asks for one.

    Parameters:
        username, password, api_key: of the administrator and the key that a fresh lab has.
        hide: takes each password and key that is seen here, to keep it out of the journal.
    """

    def __init__(
        self,
        username: str,
        password: str,
        api_key: str,
        clock: Clock,
        switches: Switches,
        store: Store,
        hide: Callable[[object], None],
    ) -> None:
        self._first = (username, password, api_key)
        self._clock = clock
        self._switches = switches
        self._store = store
        self.hide = hide
        self.settings = Settings(store)
        # Sessions end with the process; clients log in again. So does the key of the appliance itself.
        self._secret = secrets.token_bytes(32)
        self._sessions: dict[str, Session] = {}
        self.own_key = secrets.token_hex(16)
        self._accounts: dict[str, Account] = {}
        self._by_key: dict[str, str] = {}
        self._roles: dict[str, Role] = {}
        self.seed()

    def seed(self) -> None:
        """Make the first administrator, the first key and the roles unless they are there, and read all."""
        with self._store.transaction() as session:
            if session.scalar(select(Account.uuid).limit(1)) is None:
                session.add_all(self._first_rows())
        self.settings.load()
        self.load()

    def load(self) -> None:
        """Read what is stored, and end the sessions of accounts that are gone."""
        with self._store.transaction() as session:
            accounts = session.scalars(select(Account)).all()
            self._roles = {f"/api/3/roles/{role.uuid}": role for role in session.scalars(select(Role))}
        self._accounts = {account.uuid: account for account in accounts}
        self._by_key = {account.key["digest"]: account.uuid for account in accounts if account.key}
        self._sessions = {name: each for name, each in self._sessions.items() if each.account in self._accounts}

    # Coming in.

    def log_in(self, credentials: Any) -> str:
        """Return a bearer token for ``{"loginid", "password"}``; raise Refusal 401 where they do not suffice."""
        given = credentials if isinstance(credentials, dict) else {}
        account = self.named(given.get("loginid"))
        if account is None or account.status != ACTIVE or account.user_type == API_KEY:
            raise self._unauthorized(INVALID)
        if account.password is None:
            raise self._unauthorized("Password not set. Ask your administrator to set one.")
        if not is_password(given.get("password"), account.password):
            raise self._unauthorized(INVALID)
        if account.must_change:
            # The token opens nothing but the change of the password.
            raise Refusal(401, {"strategy": "reset", "token": self._token(account, session="")})
        name = uuid4().hex
        self._sessions[name] = Session(account.uuid, self.now())
        return self._token(account, name)

    def check(self, authorization: str, address: str = "") -> Caller:
        """Return who an ``Authorization`` header is; raise Refusal if it is nobody."""
        scheme, _, value = authorization.partition(" ")
        if scheme == "API-KEY":
            return self._key(value, address)
        if scheme == "Bearer":
            return self._bearer(value, address)
        raise self._unauthorized("Invalid credentials." if authorization else "Full authentication is required.")

    def permit(self, who: Caller, method: str, path: str) -> None:
        """Raise Refusal 403 unless a caller may do what a request asks."""
        if who.kind == "appliance":
            return
        if who.kind == "newcomer":
            if (method, path) != ("PUT", PASSWORDS):
                raise self._unauthorized("Invalid credentials.")
            return
        if who.kind == "key":
            rights.refuse_key(method, path, self._switches["bulk_with_api_key"] == "works")
        account = self._accounts[who.account]
        for resource, right in rights.needed(method, path):
            if right not in rights.granted(self._grants(account), resource):
                raise denied(f"You do not have the permission to {right} {resource}.")
        if rights.creates(method, path) and not account.teams:
            raise denied("A user must be on at least one team in order to create records.")

    # Going out.

    def log_out(self, name: str) -> None:
        """End one session."""
        self._sessions.pop(name, None)

    def log_out_all(self, uuid: str) -> None:
        """End every session of an account."""
        self._sessions = {name: each for name, each in self._sessions.items() if each.account != uuid}

    def is_logged_in(self, uuid: str) -> bool:
        """Tell whether an account has a session."""
        return any(each.account == uuid and not self._is_over(each.began) for each in self._sessions.values())

    # What there is.

    def all(self) -> list[Account]:
        """Return every account."""
        return list(self._accounts.values())

    def get(self, uuid: object) -> Account | None:
        """Return an account by its own uuid or its person's."""
        found = self._accounts.get(str(uuid))
        return found or next((each for each in self.all() if str(each.actor).rsplit("/", 1)[-1] == uuid), None)

    def named(self, loginid: object) -> Account | None:
        """Return an account by its login."""
        return next((account for account in self.all() if account.loginid == loginid), None)

    def roles(self) -> dict[str, Role]:
        """Return the roles by IRI."""
        return self._roles

    def rights_of(self, account: Account) -> dict[str, set[str]]:
        """Return the rights of an account, by resource."""
        grants = self._grants(account)
        return {resource: rights.granted(grants, resource) for resource in rights.RESOURCES}

    def _grants(self, account: Account) -> list[dict[str, list[str]]]:
        return [self._roles[iri].rights for iri in account.roles if iri in self._roles]

    def now(self) -> float:
        """Return the lab's time in seconds since 1970."""
        return self._clock.now().timestamp()

    def new_key(self, days: int, key: str = "") -> tuple[str, dict[str, Any]]:
        """Return a key and what is stored of it; the key itself is never stored."""
        key = key or secrets.token_hex(16)
        self.hide(key)
        now = int(self.now())
        stored = {"digest": digest(key), "tail": key[-4:], "status": "Active", "modified": now}
        return key, stored | {"until": now + days * DAY}

    def _key(self, value: str, address: str) -> Caller:
        if secrets.compare_digest(value.encode("utf-8", "replace"), self.own_key.encode()):
            return Caller("appliance", loginid=APPLIANCE.loginid, address=address)
        account = self._accounts.get(self._by_key.get(digest(value), ""))
        if account is None or not account.key or account.status != ACTIVE or account.key["status"] != "Active":
            raise self._unauthorized("Invalid credentials.")
        if account.key["until"] <= self.now():
            raise self._unauthorized("Invalid credentials.")
        return Caller("key", account.uuid, account.loginid, account.actor or "", address=address)

    def _bearer(self, text: str, address: str) -> Caller:
        claims = claims_of(text, self._secret)
        if claims is None:
            raise self._unauthorized("Invalid credentials.")
        is_newcomer = not claims["session"]
        is_known = is_newcomer or claims["session"] in self._sessions
        account = self._accounts.get(claims["uuid"]) if is_known else None
        if account is None or account.status != ACTIVE or is_newcomer is not account.must_change:
            raise self._unauthorized("Invalid credentials.")
        if self._is_over(claims["iat"]):
            raise Refusal(self._switches["expired_token_status"], {"message": "HMAC signature has expired"})
        kind: Literal["person", "newcomer"] = "newcomer" if is_newcomer else "person"
        return Caller(kind, account.uuid, account.loginid, account.actor or "", claims["session"], address)

    def _is_over(self, began: float) -> bool:
        lifetime: int = self.settings["token_lifetime"]
        return self.now() - began > lifetime

    def _token(self, account: Account, session: str) -> str:
        now = int(self.now())
        claims = {"uuid": account.uuid, "loginid": account.loginid, "session": session, "iat": now}
        return token(claims | {"exp": now + self.settings["token_lifetime"]}, self._secret)

    def _unauthorized(self, description: str) -> Refusal:
        if self._switches["unauthorized_body"] == "message":
            return Refusal(401, {"message": description})
        return Refusal(
            401,
            {
                "@context": "/api/3/contexts/Error",
                "@type": "Error",
                "hydra:title": "An error occurred",
                "hydra:description": description,
            },
        )

    def _first_rows(self) -> list[Any]:
        username, password, api_key = self._first
        roles = [
            Role(uuid=str(uuid5(NAMESPACE_URL, f"role:{name}")), name=name, description=about, rights=granted)
            for name, (about, granted) in ROLES.items()
        ]
        full = [f"/api/3/roles/{role.uuid}" for role in roles if role.name == FULL]
        held = {"roles": full, "teams": [TEAM_IRI], "status": ACTIVE, "must_change": False}
        person = Account(
            uuid=LOGIN_OF_ADMINISTRATOR,
            loginid=username,
            user_type=LOCAL_USER,
            access_type="Named",
            actor=PERSON,
            password=sealed(password),
            key=None,
            **held,
        )
        name = str(uuid5(NAMESPACE_URL, "account:key"))
        binding = str(uuid5(NAMESPACE_URL, "api_key:lab"))
        _, stored = self.new_key(OWN_KEY_DAYS, api_key)
        key = Account(
            uuid=name,
            loginid=name,
            user_type=API_KEY,
            access_type="Concurrent",
            actor=f"/api/3/api_keys/{binding}",
            password=None,
            key=stored,
            **held,
        )
        now = self.now()
        bound = KeyBinding(uuid=binding, name="lab", account=name, created=now, modified=now, author=PERSON)
        return [*roles, person, key, bound]
