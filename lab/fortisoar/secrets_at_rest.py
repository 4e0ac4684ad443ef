"""Passwords in stored configurations: encrypted at rest, never shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from .fields import BLANK, Field, secret_names

MASK = "NULL"  # the appliance's literal, in both directions


class Vault:
    """Encrypts and decrypts the ``password`` fields of configurations.

    Parameters:
        key: a Fernet key.
        hide: takes each secret that is seen here, to keep it out of the journal.
    """

    def __init__(self, key: bytes, hide: Callable[[object], None]) -> None:
        self._fernet = Fernet(key)
        self._hide = hide

    def seal(self, fields: list[Field], values: dict[str, Any], kept: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the values as they are stored.

        Parameters:
            kept: the values stored so far, sealed. ``"NULL"`` keeps the stored secret; so does its ciphertext, which a
                client that reads and writes a record sends back.
        """
        secrets = secret_names(fields)
        sealed: dict[str, Any] = {}
        for name, value in values.items():
            if name not in secrets or value in BLANK:
                sealed[name] = value
            elif value == MASK:
                if name in (kept or {}):
                    sealed[name] = (kept or {})[name]
            elif self._is_ours(value):
                sealed[name] = value
            else:
                self._hide(value)
                sealed[name] = self._fernet.encrypt(json.dumps(value).encode()).decode()
        return sealed

    def open(self, fields: list[Field], values: dict[str, Any]) -> dict[str, Any]:
        """Return stored values with their secrets readable."""
        return {name: self._opened(value) if hidden else value for name, value, hidden in _marked(fields, values)}

    def masked(self, fields: list[Field], values: dict[str, Any]) -> dict[str, Any]:
        """Return stored values with each secret as ``"NULL"``."""
        return {name: MASK if hidden else value for name, value, hidden in _marked(fields, values)}

    def readable(self, fields: list[Field], values: dict[str, Any]) -> dict[str, Any]:
        """Return values of an export without the secrets that another FortiSOAR encrypted with its own key."""
        readable: dict[str, Any] = {}
        for name, value in values.items():
            if name in secret_names(fields) and self._is_ours(value):
                self._hide(self._opened(value))
            elif name in secret_names(fields) and _is_encrypted(value):
                continue
            readable[name] = value
        return readable

    def _opened(self, value: str) -> Any:
        return json.loads(self._fernet.decrypt(value))

    def _is_ours(self, value: Any) -> bool:
        try:
            self._fernet.decrypt(value)
        except (InvalidToken, TypeError, ValueError):  # ValueError for what is not ASCII
            return False
        return True


def _is_encrypted(value: Any) -> bool:
    """Tell whether a value looks like what Fernet makes: its version, and the time of its first 136 years."""
    return isinstance(value, str) and value.startswith("gAAAAA")


def _marked(fields: list[Field], values: dict[str, Any]) -> list[tuple[str, Any, bool]]:
    secrets = secret_names(fields)
    return [(name, value, name in secrets and value not in BLANK) for name, value in values.items()]
