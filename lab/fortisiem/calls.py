"""One request as the handlers see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from starlette.responses import Response

from .accounts import Account
from .supervisor import Supervisor


@dataclass(frozen=True)
class Call:
    """One authenticated request. ``address`` is where it comes from, as limits count it."""

    caller: Account
    address: str
    path: dict[str, str]
    query: dict[str, list[str]]
    content_type: str
    body: bytes

    def last(self, name: str) -> Optional[str]:
        """Return the last value that the query string has for a name, or None."""
        values = self.query.get(name)
        return values[-1] if values else None


Handler = Callable[[Supervisor, Call], Response]
