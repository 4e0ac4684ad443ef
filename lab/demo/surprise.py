"""What ends the tour: something did not happen as it should have."""

from __future__ import annotations

from ..errors import LabError


class Surprise(LabError):
    """Something did not happen as it should have."""


def expect(held: bool, otherwise: str) -> None:
    """Go on only if something held.

    Raises: Surprise with what is the case otherwise.
    """
    if not held:
        raise Surprise(otherwise)
