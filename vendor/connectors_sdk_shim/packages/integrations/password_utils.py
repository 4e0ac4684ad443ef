"""Secrets at rest."""

from __future__ import annotations

from typing import Any, Optional


def manage_password(data: Any, action: str, force: Optional[bool] = None) -> Any:
    """Return the data unchanged.

    Differs from the appliance's, which encrypts or decrypts it: off the appliance a connector only ever holds decrypted
    values, and whoever stores them keeps them safe.
    """
    return data
