"""Times as analysts and playbooks write them, and as FortiMonitor wants them."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

PLAIN_UTC = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
EPOCH_SECONDS = re.compile(r"\d{1,11}(\.\d+)?", re.ASCII)


def utc(value: Any) -> datetime:
    """Read a time: ISO 8601 with offset, epoch seconds, or ``YYYY-MM-DD HH:MM:SS`` in UTC.

    Raises ValueError for anything else. A time without offset in another form is refused: it may be local.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("not a time")
    text = str(value).strip()
    if EPOCH_SECONDS.fullmatch(text):
        return _within_years(datetime.fromtimestamp(float(text), timezone.utc))
    if PLAIN_UTC.fullmatch(text):
        return _within_years(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc))
    moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))  # Python 3.9 does not know the Z
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return _within_years(moment.astimezone(timezone.utc))


def _within_years(moment: datetime) -> datetime:
    # Milliseconds taken for seconds end up in the far future.
    if not 1970 <= moment.year <= 2200:
        raise ValueError("out of range")
    return moment


def fortimonitor_time(moment: datetime) -> str:
    """Write a time as FortiMonitor's ``start_time``: UTC, ``YYYY-MM-DD HH:MM:SS``."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
