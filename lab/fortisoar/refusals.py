"""How the local FortiSOAR says no."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that is answered with an error.

    Parameters:
        status: the HTTP status.
        body: the JSON body.
    """

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


def refusal(status: int, message: str) -> Refusal:
    """Make a refusal in the shape of ``/api/integration/``: ``{"message": ...}``."""
    return Refusal(status, {"message": message})
