"""No secret value leaves the connector, whatever the road: messages and logs pass through here."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, Iterable, List, Set, Tuple
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 4  # A shorter secret would mask half of every text.


def fingerprint(*parts: str) -> str:
    """Return a name for an account under which things can be kept, and which does not show its secret."""
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()


class Redactor:
    """Mask known secret values, in every form in which they travel.

    Parameters:
        secrets: the values themselves; blank and very short ones are passed over.
    """

    def __init__(self, secrets: Iterable[Any] = ()) -> None:
        self._values: Set[str] = set()
        self._formed: Tuple[int, List[str]] = (0, [])  # of how many values; most calls never need them
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Any, *together_with: str) -> None:
        """Mask a value from now on, and the Basic credentials it makes with each name in ``together_with``."""
        secret = secret.strip() if isinstance(secret, str) else ""  # as it is sent
        if len(secret) >= SHORTEST:
            self._values.add(secret)
            self._values.update([f"{name}:{secret}" for name in together_with])

    def __call__(self, text: str) -> str:
        """Return the text with every secret masked, the longest first."""
        values = tuple(self._values)
        count, forms = self._formed
        if count != len(values):  # the first time, or a value came, perhaps from another thread; none ever goes
            forms = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)
            self._formed = (len(values), forms)
        for form in forms:
            text = text.replace(form, MASK)
        return text

    def within(self, value: Any) -> Any:
        """Return a JSON value with every secret masked in its texts, names of members included."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self.within(each) for each in value]
        if isinstance(value, dict):
            return {self(str(name)): self.within(each) for name, each in value.items()}
        return value


def _forms(value: str) -> Set[str]:
    import html  # at first use: its table of entities is large

    raw = value.encode("utf-8")
    encoded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    return {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        html.escape(value),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
        raw.hex(),
        *encoded,
        *(form.rstrip("=") for form in encoded),
    }
