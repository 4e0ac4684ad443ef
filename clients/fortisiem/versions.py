"""What differs between versions of FortiSIEM, as far as this connector meets it.

A server is asked for what it has, not for its version: which account may read the version is documented nowhere. So
the table serves messages and diagnostics.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional

from ...core.values import whole_number


class Feature(NamedTuple):
    """Something that FortiSIEM has from a version on, and where it is described."""

    name: str
    version: str
    about: str


# Sources: FortiSIEM integration API guides 5.2.5 to 6.7.4; OpenAPI 7.5.1; release notes (fortisiem-api reference, 1.7).
FEATURES = (
    Feature("update", "5.2.5", "POST /incident/external"),
    Feature("lists", "6.3.0", "POST /pub/incident and /pub/incident/update/{id}"),
    Feature("events", "6.3.0", "GET /pub/incident/triggeringEvents; an object in place of a list from 6.7 on"),
    Feature("severity", "6.7.0", "severity and resolution in /incident/external"),
    Feature("pages", "6.7.0", "further pages of a list by queryId; 6.7 to 7.0.0 never deliver page 2 of exactly 2"),
    Feature("event queries", "7.3.3", "triggeringEvents as start, progress and result"),
    Feature("bearer", "7.5.0", "API tokens"),
    Feature("tokens", "7.5.1", "API tokens by client credentials"),
)


def since(name: str) -> str:
    """Return "FortiSIEM <version> or newer" for a feature."""
    version = next(feature.version for feature in FEATURES if feature.name == name)
    return f"FortiSIEM {version} or newer"


def features_of(version: Optional[str]) -> List[str]:
    """Return the names of what a version has; nothing for an unknown one."""
    parts = _parts(version or "")
    return [feature.name for feature in FEATURES if parts >= _parts(feature.version)]


def _parts(version: str) -> List[int]:
    """Return the three numbers of a version such as 7.5, 7.5.1 or 7.5.1.1234-5, nothing if it is none."""
    numbers = [whole_number(part) for part in (*version.split("-")[0].split("."), "0", "0")]
    return [] if None in numbers else [number or 0 for number in numbers[:3]]
