"""When a crontab of five fields is due."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day_of_month", 1, 31),
    ("month_of_year", 1, 12),
    ("day_of_week", 0, 6),
)
LONGEST_LOOK = timedelta(days=366)


class BadCrontab(Exception):
    """A crontab that cannot be read; the text says why."""


def is_due(crontab: dict[str, str], after: datetime, until: datetime) -> bool:
    """Tell whether a crontab has a minute after one time and not after another; both are UTC without a zone.

    Raises: BadCrontab.
    """
    allowed = {name: _values(str(crontab.get(name, "*")), low, high) for name, low, high in FIELDS}
    zone = _zone(str(crontab.get("timezone") or "UTC"))
    minute = until.replace(second=0, microsecond=0)
    earliest = max(after, until - LONGEST_LOOK)
    while minute > earliest:
        local = minute.replace(tzinfo=timezone.utc).astimezone(zone)
        facts = {
            "minute": local.minute,
            "hour": local.hour,
            "day_of_month": local.day,
            "month_of_year": local.month,
            "day_of_week": local.isoweekday() % 7,
        }
        wrong = [name for name, fact in facts.items() if fact not in allowed[name]]
        if not wrong:
            return True
        # A day or an hour that is not allowed is passed over as a whole.
        hours = local.hour if set(wrong) - {"minute", "hour"} else 0
        minutes = local.minute if wrong != ["minute"] else 0
        minute -= timedelta(hours=hours, minutes=minutes + 1)
    return False


def _values(text: str, low: int, high: int) -> set[int]:
    chosen: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            start, end = (low, high) if span == "*" else (int(first), int(last or (high if step else first)))
            chosen.update(range(start, end + 1, int(step or 1)))
        except ValueError as error:
            raise BadCrontab(f"{text!r} is not a crontab field") from error
    if not chosen <= set(range(low, high + 1)):
        raise BadCrontab(f"{text!r} leaves {low} to {high}")
    return chosen


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadCrontab(f"There is no time zone {name!r}") from error
