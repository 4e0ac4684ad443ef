"""What is known of the requests that an application takes, beyond its routes: examples that make sense as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """An example of a request: its query and its body, as JSON carries it; None for no body."""

    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    media: str = "application/json"


@dataclass(frozen=True)
class Known:
    """What is known of one application. A route that is not in ``requests`` is served and described all the same.

    Parameters:
        security: OpenAPI's security schemes, one of which a request needs.
        path_values: values of the parameters of paths, by their names.
        requests: by method and path, as the routes write it.
    """

    title: str
    about: str
    security: Mapping[str, Any]
    path_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    requests: Mapping[str, Request] = field(default_factory=dict)


def key_in_authorization(prefix: str) -> dict[str, Any]:
    """Return the security scheme of a key that stands behind a word of the product's own."""
    about = f"{prefix}, a blank, and the key of the lab's ready line"
    return {"key": {"type": "apiKey", "in": "header", "name": "Authorization", "description": about}}
