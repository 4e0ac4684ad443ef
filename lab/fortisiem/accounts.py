"""Who may call: accounts and API clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Account:
    """A user of one organization; an account of ``super`` sees all organizations."""

    organization: str
    username: str
    password: str = field(repr=False)
    role: Literal["admin", "read_only"] = "admin"

    @property
    def login(self) -> str:
        """The user name of Basic authentication, ``organization/username``."""
        return f"{self.organization}/{self.username}"

    def sees(self, customer: str) -> bool:
        """Tell whether the incidents of an organization are within this account's reach."""
        own = self.organization.casefold()
        return own in ("super", customer.casefold())


@dataclass(frozen=True)
class ApiClient:
    """OAuth client credentials. A token of theirs has the rights of the account ``username``."""

    client_id: str
    client_secret: str = field(repr=False)
    username: str
