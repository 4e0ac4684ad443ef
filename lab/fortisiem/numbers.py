"""Numbers as callers write them."""

from __future__ import annotations

import re
from typing import Any, Optional

LARGEST = 2**63 - 1  # what the database can hold


def whole_number(value: Any) -> Optional[int]:
    """Read an integer or the text of one; anything else is None. JSON's true and false are not numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,30}", value):
        return int(value)
    return None
