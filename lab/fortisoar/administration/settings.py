"""Settings of logins and of the audit log: those of ``/api/auth/config``, and how long activities are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...kit.store import Store
from ..calls import Answer, Call
from ..refusals import Refusal
from .models import Setting


@dataclass(frozen=True)
class Option:
    """One option of ``/api/auth/config``; ``most`` is its upper bound where one is known."""

    section: str
    key: str
    default: Any
    most: int | None = None


OPTIONS = (
    Option("API-KEYS", "api_key_validity_min", 1),
    Option("API-KEYS", "api_key_validity_max", 365),
    Option("API-KEYS", "retrievable_mode", False),
    Option("TOKEN", "idle_time", 30, most=360),  # minutes
    Option("TOKEN", "token_lifetime", 30 * 60, most=7200),  # seconds; the vendor's default
    Option("TOKEN", "max_session", 1440),  # minutes
)
BY_KEY = {option.key: option for option in OPTIONS}
AUDIT_DAYS = 365  # that activities are kept, unless automatic purging was stopped: assumed, no source


class Settings:
    """What was set, over the defaults. Held in memory: each request's token needs it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._values: dict[str, Any] = {}

    def load(self) -> None:
        """Read what is stored."""
        with self._store.transaction() as session:
            self._values = {row.name: row.value for row in session.query(Setting)}

    def __getitem__(self, name: str) -> Any:
        return self._values.get(name, BY_KEY[name].default if name in BY_KEY else AUDIT_DAYS)

    def set(self, name: str, value: Any) -> None:
        """Store a value."""
        with self._store.transaction() as session:
            session.merge(Setting(name=name, value=value))
        self._values[name] = value

    def list(self, call: Call) -> Answer:
        """Answer ``GET /api/auth/config``."""
        section = call.query.get("section")
        rows = [
            {
                "id": number,
                "section": option.section,
                "key": option.key,
                "dataType": "boolean" if isinstance(option.default, bool) else "integer",
                "value": self[option.key],
            }
            for number, option in enumerate(OPTIONS, start=1)
            if section in (None, "", option.section)
        ]
        return 200, {"hydra:member": rows, "hydra:totalItems": len(rows)}

    def change(self, call: Call) -> Answer:
        """Answer ``PUT /api/auth/config``."""
        name, value = str(call.fields.get("option")), call.fields.get("value")
        option = BY_KEY.get(name)
        if option is None:
            raise _wrong(f"The option {name} does not exist.")
        if type(value) is not type(option.default):
            raise _wrong(f"The value of {name} must be a {type(option.default).__name__}.")
        if isinstance(value, int) and not isinstance(value, bool) and not 1 <= value <= (option.most or 2**31):
            raise _wrong(f"The value of {name} must lie between 1 and {option.most or 2**31}.")
        self.set(name, value)
        return 200, {"response": "Success"}


def _wrong(message: str) -> Refusal:
    return Refusal(400, {"Error": message})
