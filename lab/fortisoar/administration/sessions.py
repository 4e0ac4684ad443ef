"""Ending sessions, and the settings of logins."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.routing import Route

from ...kit.switches import Switches
from ..accounts import Accounts
from ..caller import caller
from ..calls import Answer, Call, route
from ..refusals import refusal
from .rights import denied


class Sessions:
    """The addresses that end sessions, and ``/api/auth/config``."""

    def __init__(self, accounts: Accounts, switches: Switches) -> None:
        self._accounts = accounts
        self._switches = switches

    def routes(self) -> Iterable[Route]:
        """Return the addresses of sessions."""
        for slash in ("", "/"):
            yield route("POST", f"/api/auth/token{slash}", self._log_others_out)
            yield route("POST", f"/api/3/logout{slash}", self._log_out)
            yield route("GET", f"/api/auth/config{slash}", self._accounts.settings.list)
            yield route("PUT", f"/api/auth/config{slash}", self._accounts.settings.change)

    def _log_others_out(self, call: Call) -> Answer:
        """End all sessions of some users, each named by its account's uuid or its person's."""
        if call.fields.get("action") != "logout":
            raise denied("This address only logs users out.")  # as a login it was met to be refused, with a token too
        users = call.fields.get("users")
        if not isinstance(users, list):
            raise refusal(400, "users must be a list of uuids.")
        found = {uuid: self._accounts.get(uuid) for uuid in map(str, users)}
        unknown = [uuid for uuid, account in found.items() if account is None]
        if unknown and self._switches["unknown_user_in_logout"] == 400:
            raise refusal(400, f"There is no user {unknown[0]}.")
        for account in found.values():
            if account:
                self._accounts.log_out_all(account.uuid)
        return 200, {} if self._switches["forced_logout_body"] == "object" else None

    def _log_out(self, call: Call) -> Answer:
        self._accounts.log_out(caller().session)
        return 204, None
