"""Arbitrary answers of both products, which may repeat whatever they were sent."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from hypothesis import strategies as st

# What a product, a proxy or a library may make of a secret on its way back. Python's own tools are the judge.
ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "quoted": quote,
    "quoted wholly": lambda text: quote(text, safe=""),
    "quoted as a form": quote_plus,
    "in HTML": html.escape,
    "in JSON": lambda text: json.dumps(text)[1:-1],
    "in Python": lambda text: repr(text)[1:-1],
    "in hexadecimal": lambda text: text.encode().hex(),
    "in Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in Base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "in Base64 without its end": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
}
_PLAIN = st.characters(min_codepoint=33, max_codepoint=126)
_ANY = st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])
# The ends are such that no other text holds a secret, or the beginning of one, by chance.
SECRETS = (st.text(_PLAIN, min_size=2, max_size=24) | st.text(_ANY, min_size=2, max_size=24)).map("Q~{}~7z".format)
STATUSES = st.sampled_from([200, 201, 204, 301, 302, 400, 401, 403, 404, 405, 409, 410, 429, 500, 502, 503])
# {} is what they repeat.
SHAPES = (
    "{}",
    '{"message": "{}"}',
    '{"error": "{}", "message": "x"}',
    '{"{}": 1}',
    '{"result": {"code": 255, "description": "{}"}}',
    '<response><error code="255"><description>{}</description></error></response>',
    "<html><body>{}</body></html>",
    '{"outage_list": [{"url": "{}"}], "meta": {"next": null, "total_count": 1}}',
    '{"outage_list": [], "meta": {"next": null, "total_count": 0}}',
    '{"server_list": [{"url": "https://fortimonitor.test/v2/server/1001", "name": "{}", "fqdn": "a"}], "meta": {}}',
    '{"url": "https://fortimonitor.test/v2/outage/-28", "type": "{}", "status": "active", "description": "{}"}',
    '{"data": [{"incidentId": 1, "incidentStatus": "{}"}]}',
    '{"access_token": "token-{}", "expires_in": 15}',
    "",
)


@dataclass(frozen=True)
class Answer:
    """An answer that repeats a secret in one encoding, in its body and in some of its headers, after a filling."""

    status: int
    shape: str
    encoding: str
    headers: tuple[str, ...]
    filling: int

    def as_sent(self, secret: str) -> tuple[int, dict[str, str], str]:
        """Return status, headers and body."""
        repeated = ("x" * self.filling + " ").lstrip() + ENCODINGS[self.encoding](secret)
        fits = all(ord(sign) < 256 for sign in repeated)  # no header can carry other signs
        header = repeated if fits else quote(secret)
        headers = {
            name: f"https://fortimonitor.test/v2/{header}" if name == "Location" else header for name in self.headers
        }
        return self.status, headers, self.shape.replace("{}", repeated)


ANSWERS = st.builds(
    Answer,
    STATUSES,
    st.sampled_from(SHAPES),
    st.sampled_from(list(ENCODINGS)),
    st.lists(
        st.sampled_from(["ErrorMessage", "ErrorCode", "Location", "Content-Type", "Retry-After"]), unique=True
    ).map(tuple),
    st.sampled_from([0, 0, 0, *range(180, 300, 7)]),
)
