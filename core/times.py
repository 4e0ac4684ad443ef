"""Times as analysts and playbooks write them, as the products want them, and as they show them."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, List, Optional

PLAIN_UTC = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
EPOCH_SECONDS = re.compile(r"(0|\d{9,11})(\.\d+)?", re.ASCII)  # the beginning, or from 1973 on: 20261127 is a date
ISO = (
    r"(?ai)(\d{4})-?(\d\d)-?(\d\d)[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,20}))?)?\s?"
    r"(Z|[+-]\d\d(?::?\d\d)?(?::\d\d)?)"
)


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
    return _within_years(_from_iso(text).astimezone(timezone.utc))


def _from_iso(text: str) -> datetime:
    found = re.fullmatch(ISO, text)
    if found is None:
        raise ValueError("no time with an offset")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    # Spelt out: Python 3.9 knows neither Z nor +0000 nor fractions of other lengths.
    digits = "+0000" if zone in ("Z", "z") else zone.replace(":", "").ljust(5, "0")
    offset = ":".join((digits[:3], digits[3:5], digits[5:])).rstrip(":")
    parts = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}.{(fraction or '')[:6].ljust(6, '0')}{offset}"
    return datetime.fromisoformat(parts)


def _within_years(moment: datetime) -> datetime:
    # Milliseconds taken for seconds end up in the far future.
    if not 1970 <= moment.year <= 2200:
        raise ValueError("out of range")
    return moment


def fortimonitor_time(moment: datetime) -> str:
    """Write a time as FortiMonitor's ``start_time``: UTC, ``YYYY-MM-DD HH:MM:SS``."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def epoch_milliseconds(moment: datetime) -> int:
    """Write a time as FortiSIEM's JSON API wants it."""
    return int(moment.timestamp() * 1000)


def shown_time(value: Any) -> Optional[datetime]:
    """Read a time as a product shows it, None where there is none or it is no time.

    FortiMonitor shows RFC 2822 ("Fri, 05 Nov 2021 17:37:35 -0000"), FortiSIEM epoch milliseconds with 0 for never.
    """
    try:
        if isinstance(value, str):
            moment = parsedate_to_datetime(value)
            return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
        return datetime.fromtimestamp(value / 1000, timezone.utc) if value else None
    except (TypeError, ValueError, IndexError, OverflowError, OSError):
        return None


def from_epoch(seconds: float) -> datetime:
    """Read epoch seconds."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def spelt_out(seconds: int) -> str:
    """Write a number of seconds in its two largest units, such as "1 h 30 min"."""
    parts: List[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(filter(None, parts[:2])) or "0 s"


def iso(moment: Optional[datetime]) -> Optional[str]:
    """Write a time as results show it: ISO 8601 in UTC, with seconds."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
