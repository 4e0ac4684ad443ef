"""A watermark: how far an ingestion has come, as ``operations.ingestion`` explains it."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Tuple

WRITTEN = r"([0-9]{1,14})(?:/(-?[0-9]{1,19})/([0-9]{1,14}))?"


class Watermark(NamedTuple):
    """How far an ingestion has come, in epoch milliseconds; while more is waiting, with an id and the newest time."""

    time: int
    id: Optional[int] = None
    newest: Optional[int] = None

    @classmethod
    def parse(cls, text: str) -> Watermark:
        """Read a watermark as ``str`` writes it. Raises ValueError where it is none."""
        match = re.fullmatch(WRITTEN, text)
        if match is None:
            raise ValueError("not a watermark")
        return cls(*(int(part) for part in match.groups() if part is not None))

    def __str__(self) -> str:
        return str(self.time) if self.id is None else f"{self.time}/{self.id}/{self.newest}"

    def begin(self, overlap: int) -> int:
        """Return the time from which to ask on."""
        return self.time if self.id is not None else max(0, self.time - overlap * 1000)

    def is_behind(self, place: Tuple[int, int]) -> bool:
        """Tell whether an incident, by its time and id, is still to come."""
        return self.id is None or place > (self.time, self.id)
