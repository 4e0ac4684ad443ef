"""People with a login, the names and rights of API keys, roles, and who the caller is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.routing import Route

from ...kit.store import Store
from ...kit.switches import Switches
from ..accounts import Accounts
from ..caller import caller
from ..calls import Answer, Call, route
from ..records import bulk
from ..records.api import Listener
from ..records.errors import conflict, malformed, not_found
from ..records.modules import MODULES
from ..records.showing import single
from ..records.tables import Record
from ..records.writing import Writer, find
from ..refusals import Refusal
from ..shapes import Row
from .models import ACTIVE, INACTIVE, LOCAL_USER, Account, KeyBinding, Role
from .passwords import is_password, sealed
from .rights import RESOURCES, RIGHTS, checked, denied, shown
from .users import Users

CHANGED = "Password Changed sucessfully"  # the typing error is the appliance's
# Named as captured; what the lab keeps of them is nothing.
SETTINGS = (
    "auditlog_ttl_config authentication bin_ttl_config commentModification globalFilters "
    "historical_workflow_config navigation onboarding_guide playbook recommendation user workflow_log_config "
    "workflow_ttl_config workflow_vacuum_config"
)


class People:
    """The addresses of actors.

    Parameters:
        tell: told after each person that was written, as after any record.
    """

    def __init__(self, accounts: Accounts, users: Users, store: Store, switches: Switches, listener: Listener) -> None:
        self._accounts = accounts
        self._users = users
        self._store = store
        self._switches = switches
        self._listener = listener

    def routes(self) -> Iterable[Route]:
        """Return the addresses of people, bindings of API keys, and roles."""
        yield route("POST", "/api/3/people", self._create_person)
        yield route("PUT", "/api/3/people/{uuid}", self._change_person)
        yield route("POST", "/api/3/insert/people", self._insert_people)
        yield route("POST", "/api/3/resetpassword", self._reset_password)
        yield route("PUT", "/api/3/changepassword", self._change_password)
        yield route("GET", "/api/3/actors/current", self._current)
        yield route("GET", "/api/permissions/current", lambda call: (200, shown(self._rights())))
        yield route("GET", "/api/3/api_keys", self._list_bindings)
        yield route("POST", "/api/3/api_keys", self._bind)
        yield route("GET", "/api/3/api_keys/{uuid}", self._read_binding)
        yield route("PUT", "/api/3/api_keys/{uuid}", self._change_binding)
        yield route("DELETE", "/api/3/api_keys/{uuid}", self._unbind)
        yield route("GET", "/api/3/modules", lambda call: (200, _collection("modules", "Module", _modules())))
        yield route("GET", "/api/3/roles", self._list_roles)
        yield route("POST", "/api/3/roles", self._create_role)
        yield route("GET", "/api/3/roles/{uuid}", self._read_role)
        yield route("PUT", "/api/3/roles/{uuid}", self._change_role)
        yield route("DELETE", "/api/3/roles/{uuid}", self._delete_role)

    # People.

    def _create_person(self, call: Call) -> Answer:
        with self._store.transaction() as session, session.no_autoflush:
            row = self._person(session, self._people(session), call.fields)
        self._accounts.load()
        self._listener.record_written("create", "people", row, {})
        return 201, row

    def _change_person(self, call: Call) -> Answer:
        """Change a person and what its login may do; ``user.status`` lets it in or keeps it out."""
        fields = call.fields
        with self._store.transaction() as session, session.no_autoflush:
            writer = self._people(session)
            record = writer.update(find(session, "people", call.path["uuid"]), fields)
            session.flush()
            row = single(session, record)
        held: Row = {name: _iris(fields, name) for name in ("roles", "teams") if name in fields}
        if isinstance(fields.get("user"), dict):
            held["status"] = _whole(fields["user"].get("status"), INACTIVE)
        if held and (account := self._accounts.get(record.uuid)):
            self._users.change(account.uuid, **held)
        self._listener.record_written("update", "people", row, writer.changed[record.uuid])
        return 200, row

    def _insert_people(self, call: Call) -> Answer:
        wanted = self._switches["bulk_people_status"]
        if wanted == 400:
            raise Refusal(400, {"type": "TypeError", "message": "Internal Server Error"})  # as met on 7.6
        with self._store.transaction() as session, session.no_autoflush:
            writer = self._people(session)
            done, failures = bulk.each(bulk.rows_of(call.body), lambda row: self._person(session, writer, row), "POST")
        self._accounts.load()
        for row in done:
            self._listener.record_written("bulk insert", "people", row, {})
        if failures:
            return bulk.partial(done, failures)
        return wanted, {
            "@context": "/api/3/contexts/Person",
            "@id": None,
            "@type": "hydra:Collection",
            "hydra:member": done,
        }

    def _people(self, session: Session) -> Writer:
        return Writer(session, MODULES["people"], self._accounts.now(), caller().author)

    def _person(self, session: Session, writer: Writer, body: Any) -> Row:
        """Make a person and, where the body has a ``user``, its login. The password in it is not set."""
        if not isinstance(body, dict):
            raise malformed("A record must be a JSON object.")
        user = body.get("user")
        if user is None:
            record = writer.create(body)
        elif not isinstance(user, dict) or not isinstance(user.get("loginid"), str) or not user["loginid"]:
            raise malformed("user must be an object with a loginid.")
        elif self._taken(session, user["loginid"]):
            raise conflict("people", "loginid", user["loginid"])
        else:
            uuid = str(uuid4())
            record = writer.create(body | {"userId": uuid})
            session.add(self._account(uuid, record, body, user))
        session.flush()
        return single(session, record, "iris")

    def _taken(self, session: Session, loginid: str) -> bool:
        return session.scalar(select(Account.uuid).where(Account.loginid == loginid)) is not None

    def _account(self, uuid: str, record: Record, body: Row, user: Row) -> Account:
        return Account(
            uuid=uuid,
            loginid=user["loginid"],
            user_type=_whole(user.get("user_type"), LOCAL_USER),
            status=_whole(user.get("status"), INACTIVE),
            access_type=str(user.get("access_type") or body.get("accessType") or "Concurrent"),
            actor=record.iri,
            password=None,
            must_change=False,
            key=None,
            roles=_iris(body, "roles"),
            teams=_iris(body, "teams"),
        )

    def _reset_password(self, call: Call) -> Answer:
        """Set another person's password; a new one is active with it: assumed, for it can log in afterwards."""
        fields = call.fields
        account = self._accounts.named(fields.get("loginId"))
        if account is None or account.key:
            raise not_found(f"The user {fields.get('loginId')}")
        for name in ("uuid", "currentUUID"):  # a client was met to send neither
            if name in fields and self._accounts.get(fields[name]) is not account:
                raise malformed(f"{name} is not this user's.")
        if account.uuid == caller().account:
            raise denied("Your own password is changed at /api/3/changepassword.")
        must_change = self._switches["first_login"] == "reset"
        password = sealed(self._users.new_password(fields))
        self._users.change(account.uuid, password=password, status=ACTIVE, must_change=must_change)
        return 200, CHANGED

    def _change_password(self, call: Call) -> Answer:
        fields, account = call.fields, self._accounts.get(caller().account)
        if account is None or account is not self._accounts.get(fields.get("uuid")):
            raise denied("Only your own password is changed here.")
        if not is_password(fields.get("oldPassword"), account.password):
            raise malformed("oldPassword is wrong.")
        self._users.change(account.uuid, password=sealed(self._users.new_password(fields, "newPassword")))
        return 200, CHANGED

    # Who the caller is.

    def _rights(self) -> dict[str, set[str]]:
        account = self._accounts.get(caller().account)
        return self._accounts.rights_of(account) if account else {name: set(RIGHTS) for name in RESOURCES}

    def _current(self, call: Call) -> Answer:
        """Answer with the caller's record; the appliance itself is told as the administrator."""
        more = {"@permissions": shown(self._rights()), "@settings": {name: {} for name in SETTINGS.split()}}
        if not caller().actor:
            raise denied("The API key has no name yet. Give it one at /api/3/api_keys.")
        module, uuid = caller().actor.split("/")[3:]
        with self._store.transaction() as session:
            if module == "api_keys":
                row = {"@context": "/api/3/contexts/ApiKey"} | self._binding_row(session, self._binding(session, uuid))
            else:
                row = single(session, session.get_one(Record, (module, uuid)))
                row["name"] = " ".join(row[part] for part in ("firstname", "lastname") if row[part])
        return 200, row | more

    # Bindings of API keys.

    def _list_bindings(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            found = session.scalars(select(KeyBinding).order_by(KeyBinding.id))
            rows = [self._binding_row(session, binding) for binding in found]
        return 200, _collection("api_keys", "ApiKey", rows)

    def _read_binding(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            binding = self._binding(session, call.path["uuid"])
            row = self._binding_row(session, binding)
        return 200, row | (self._holds(binding) if call.query.get("$relationships") == "true" else {})

    def _bind(self, call: Call) -> Answer:
        fields = call.fields
        account = self._accounts.get(fields.get("userId"))
        if account is None or not account.key or account.actor:
            raise malformed("userId must be that of an API key which has no name yet.")
        now, uuid = self._accounts.now(), str(uuid4())
        with self._store.transaction() as session:
            binding = KeyBinding(
                uuid=uuid,
                name=_name(fields),
                account=account.uuid,
                created=now,
                modified=now,
                author=caller().author,
            )
            session.add(binding)
            session.flush()
            row = self._binding_row(session, binding)
        held = {"roles": _iris(fields, "roles"), "teams": _iris(fields, "teams")}
        self._users.change(account.uuid, actor=f"/api/3/api_keys/{uuid}", **held)
        return 201, row | held

    def _change_binding(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            binding = self._binding(session, call.path["uuid"])
            binding.name = _name({"name": binding.name} | call.fields)
            binding.modified = self._accounts.now()
            row = self._binding_row(session, binding)
        held = self._holds(binding)
        held |= {name: _iris(call.fields, name) for name in held if name in call.fields}
        self._users.change(binding.account, **held)
        return 200, row | held

    def _unbind(self, call: Call) -> Answer:
        """Remove a binding. The key stays, and may do nothing any more."""
        with self._store.transaction() as session:
            binding = self._binding(session, call.path["uuid"])
            session.execute(delete(KeyBinding).where(KeyBinding.uuid == binding.uuid))
        self._users.change(binding.account, actor=None, roles=[], teams=[])
        return 204, None

    def _binding(self, session: Session, uuid: str) -> KeyBinding:
        found = session.scalar(select(KeyBinding).where(KeyBinding.uuid == uuid))
        if found is None:
            raise not_found(f"/api/3/api_keys/{uuid}")
        return found

    def _holds(self, binding: KeyBinding) -> Row:
        account = self._accounts.get(binding.account)
        return {"roles": account.roles, "teams": account.teams} if account else {"roles": [], "teams": []}

    def _binding_row(self, session: Session, binding: KeyBinding) -> Row:
        module, uuid = binding.author.split("/")[3:]
        author = session.get(Record, (module, uuid))
        person = single(session, author) if author else binding.author
        return {
            "@id": f"/api/3/api_keys/{binding.uuid}",
            "@settings": f"/api/3/actors/{binding.uuid}/settings",
            "@type": "ApiKey",
            "avatar": None,
            "createDate": binding.created,
            "createUser": person,
            "id": binding.id,
            "modifyDate": binding.modified,
            "modifyUser": person,
            "name": binding.name,
            "recordTags": [],
            "userId": binding.account,
            "userType": "api_key",
            "uuid": binding.uuid,
        }

    # Roles.

    def _list_roles(self, call: Call) -> Answer:
        return 200, _collection("roles", "Role", [_role_row(role) for role in self._accounts.roles().values()])

    def _read_role(self, call: Call) -> Answer:
        role = self._accounts.roles().get(f"/api/3/roles/{call.path['uuid']}")
        if role is None:
            raise not_found(call.address)
        has_rights = call.query.get("$relationships") == "true"
        return 200, {"@context": "/api/3/contexts/Role"} | _role_row(role) | (_permissions(role) if has_rights else {})

    def _create_role(self, call: Call) -> Answer:
        rights = checked(call.fields.get("modulePermissions", []))
        text = str(call.fields.get("description") or "")
        role = Role(uuid=str(uuid4()), name=_name(call.fields), description=text, rights=rights)
        self._write_role(lambda session: session.add(role), role.name)
        return 201, _role_row(role) | _permissions(role)

    def _change_role(self, call: Call) -> Answer:
        fields, uuid = call.fields, call.path["uuid"]

        def change(session: Session) -> None:
            role = self._role(session, uuid)
            role.name = _name({"name": role.name} | fields)
            role.description = str(fields.get("description", role.description) or "")
            if "modulePermissions" in fields:
                role.rights = checked(fields["modulePermissions"])

        self._write_role(change, str(fields.get("name")))
        role = self._accounts.roles()[f"/api/3/roles/{uuid}"]
        return 200, _role_row(role) | _permissions(role)

    def _delete_role(self, call: Call) -> Answer:
        self._write_role(lambda session: session.delete(self._role(session, call.path["uuid"])), "")
        return 204, None

    def _role(self, session: Session, uuid: str) -> Role:
        role = session.get(Role, uuid)
        if role is None:
            raise not_found(f"/api/3/roles/{uuid}")
        return role

    def _write_role(self, write: Callable[[Session], None], name: str) -> None:
        try:
            with self._store.transaction() as session:
                write(session)
        except IntegrityError as error:
            raise conflict("roles", "name", name) from error
        self._accounts.load()


def _role_row(role: Role) -> Row:
    return {
        "@id": f"/api/3/roles/{role.uuid}",
        "@type": "Role",
        "description": role.description,
        "importedBy": [],
        "name": role.name,
        "uuid": role.uuid,
    }


def _permissions(role: Role) -> Row:
    """Return what a role grants, one entry for each resource that it names; their uuids are the resource's names."""
    names = RESOURCES if "*" in role.rights else sorted(role.rights)
    granted = {name: role.rights.get(name, role.rights.get("*", [])) for name in names}
    return {
        "modulePermissions": [
            {
                "@id": f"/api/3/module_permissions/{name}",
                "@type": "ModulePermission",
                "uuid": name,
                "module": _module(name),
                **{f"can{right.capitalize()}": right in granted[name] for right in RIGHTS},
                "fieldPermissions": [],
            }
            for name in names
        ]
    }


def _modules() -> list[Row]:
    """Return everything that a role may have rights on."""
    return [_module(name) for name in RESOURCES]


def _module(name: str) -> Row:
    return {"@id": f"/api/3/modules/{name}", "@type": "Module", "type": name, "uuid": name}


def _collection(name: str, kind: str, rows: list[Row]) -> Row:
    return {
        "@context": f"/api/3/contexts/{kind}",
        "@id": f"/api/3/{name}",
        "@type": "hydra:Collection",
        "hydra:member": rows,
        "hydra:totalItems": len(rows),
        "hydra:view": {"@id": f"/api/3/{name}", "@type": "hydra:PartialCollectionView"},
    }


def _iris(body: Row, key: str) -> list[str]:
    """Return what a request names in a list: records, their IRIs or their uuids."""
    given = body.get(key) or []
    if not isinstance(given, list):
        raise malformed(f"{key} must be a list.")
    uuids = [str(each.get("@id") if isinstance(each, dict) else each).rsplit("/", 1)[-1] for each in given]
    return [f"/api/3/{key}/{uuid}" for uuid in uuids]


def _name(fields: Row) -> str:
    name = fields.get("name")
    if not isinstance(name, str) or not name.strip():
        raise malformed("name must be a text that is not empty.")
    return name


def _whole(given: Any, default: int) -> int:
    if given is None:
        return default
    if type(given) is not int:
        raise malformed("user_type and status must be integers.")
    return given
