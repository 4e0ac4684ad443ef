"""Who uses a FortiSOAR in tests of its administration: people with tokens, and API keys."""

from __future__ import annotations

from typing import Any

from tests.support.playbooks import PASSWORD, USERNAME, Row, Soar


class Principal:
    """Somebody who asks a FortiSOAR with an ``Authorization`` of their own."""

    def __init__(self, soar: Soar, authorization: str) -> None:
        self._http = soar.http
        self.headers = {"Authorization": authorization}

    def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self._http.request(method, path, json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def get(self, path: str, status: int = 200) -> Any:
        return self.ask("GET", path, status=status)


def token(soar: Soar, loginid: str = USERNAME, password: str = PASSWORD) -> str:
    """Return a token of a login that must succeed."""
    given = {"credentials": {"loginid": loginid, "password": password}}
    made: str = Principal(soar, "").ask("POST", "/auth/authenticate", given)["token"]
    return made


def refusal_of_login(soar: Soar, loginid: str, password: str) -> Row:
    """Return the body of a login that must be refused."""
    given = {"credentials": {"loginid": loginid, "password": password}}
    refused: Row = Principal(soar, "").ask("POST", "/auth/authenticate", given, 401)
    return refused


def logged_in(soar: Soar, loginid: str = USERNAME, password: str = PASSWORD) -> Principal:
    """Return a person who has logged in."""
    return Principal(soar, f"Bearer {token(soar, loginid, password)}")


def new_key(admin: Principal, name: str = "", days: int = 30, **held: Any) -> tuple[str, str]:
    """Make an API key, with a binding if it has a name; return the key and the uuid of its login."""
    made = admin.ask("POST", "/api/auth/users", {"type": 9, "status": 1, "api_key_validity": days}, 201)
    if name:
        admin.ask("POST", "/api/3/api_keys", {"name": name, "userId": made["uuid"], **held}, 201)
    return made["api_key"]["key"], made["uuid"]


def new_person(admin: Principal, loginid: str, password: str = "", **more: Any) -> Row:
    """Make a person with a login, whose password is set if one is given."""
    user = {"loginid": loginid, "password": "unused", "email": loginid, "status": 1}
    person: Row = admin.ask("POST", "/api/3/people", {"firstname": loginid, "lastname": "L", "user": user, **more}, 201)
    if password:
        given = {"uuid": person["uuid"], "currentUUID": person["userId"], "loginId": loginid, "password": password}
        admin.ask("POST", "/api/3/resetpassword", given)
    return person


def role(admin: Principal, name: str) -> str:
    """Return the IRI of a role."""
    rows = admin.get("/api/3/roles")["hydra:member"]
    return next(str(row["@id"]) for row in rows if row["name"] == name)
