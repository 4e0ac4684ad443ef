"""Values of an answer: products write the same thing in many forms, and none of them may stop a call.

Nothing here raises, and nothing takes longer than the length of its text.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple, TypeVar

Value = TypeVar("Value")
Skipped = List[Dict[str, str]]

EXACT = 2**53  # from here on a double no longer tells neighbouring whole numbers apart
LONGEST = 2**63
DEEPEST = 60  # levels; deeper data is hostile, and would end in a RecursionError somewhere else
SHORT = 60  # characters of a row that has no id, in a list of what was skipped
NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,3})?", re.ASCII)
DATE = re.compile(r"\d{8}", re.ASCII)  # 20261127 is a date: as seconds it would be one of 1970
DIGITS = re.compile(r"[+-]?\d{1,19}", re.ASCII)
UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")  # PostgreSQL takes neither NUL nor half a surrogate pair
REPLACEMENT = "\ufffd"
YES = ("true", "yes", "on", "y", "t")
NO = ("false", "no", "off", "n", "f")
UNREADABLE = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
BETWEEN_WORDS = re.compile(r"[\s_-]+")


def whole_number(value: Any) -> Optional[int]:
    """Return the 64-bit whole number that a value is, in whatever form; None where it is none.

    A double, or its text, from 2**53 on may be another number rounded, so it is none: an id must be exact. ``1,234``
    is none either: half of the world means a fraction by it.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -LONGEST <= value < LONGEST else None
    if isinstance(value, str):
        written = value.strip()
        if DIGITS.fullmatch(written):
            return whole_number(int(written))
        number = _decimal(written)
    else:
        number = value if isinstance(value, float) else None
    if number is None or not -EXACT < number < EXACT:
        return None
    return int(number) if number == int(number) else None


def _decimal(written: str) -> Any:
    """Return the exact number that a text writes, None where it writes none."""
    if not NUMBER.fullmatch(written):
        return None
    from decimal import Decimal  # at first use: most numbers are whole, and written so

    return Decimal(written)


def text(value: Any) -> str:
    """Return a value as text that can be stored: nothing for None, numbers plainly, lists and objects as JSON."""
    if isinstance(value, str):
        return UNSTORABLE.sub(REPLACEMENT, value)
    value = storable(value)
    if value is None:
        return ""
    number = whole_number(value)
    if number is not None:
        return str(number)
    return text(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))


def storable(value: Any) -> Any:
    """Return a value as JSON and databases hold it: NaN and infinity become None, broken characters are replaced."""
    return _storable(value, DEEPEST)


def _storable(value: Any, levels: int) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (dict, list)) and not levels:
        return "..."
    if isinstance(value, dict):
        return {text(name): _storable(each, levels - 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_storable(each, levels - 1) for each in value]
    return value


def flag(value: Any) -> Optional[bool]:
    """Return the yes or no that a value means, None where it means neither."""
    if whole_number(value) in (0, 1):
        return whole_number(value) == 1
    word = text(value).strip().casefold()
    return True if word in YES else False if word in NO else None


def folded(value: Any) -> str:
    """Return a word as it is compared: without letter case, white space, underscores and hyphens."""
    return BETWEEN_WORDS.sub("", text(value).casefold())


def read_rows(
    rows: Iterable[Any], read: Callable[[Dict[str, Any]], Value], id_key: str = "id"
) -> Tuple[List[Value], Skipped]:
    """Read rows one by one: one that cannot be read costs itself alone.

    Parameters:
        read: makes a value of a row, or raises, best ValueError with a reason such as "it has no ID".
        id_key: where a row has its id.
    Returns: the values, and for each row that was skipped ``row`` (its id, or how it begins) and ``reason``.
    """
    values: List[Value] = []
    skipped: Skipped = []
    for row in rows:
        if not isinstance(row, dict):
            skipped.append({"row": _short(row), "reason": "it is not an object"})
            continue
        try:
            values.append(read(row))
        except UNREADABLE as error:
            reason = text(str(error)) if type(error) is ValueError else f"it cannot be read ({type(error).__name__})"
            skipped.append({"row": _short(row.get(id_key)) or _short(row), "reason": reason})
    return values, skipped


def _short(value: Any) -> str:
    whole = text(value)
    return whole if len(whole) <= SHORT else whole[: SHORT - 3] + "..."


# Times.

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LATEST = datetime(2201, 1, 1, tzinfo=timezone.utc)  # whatever is later means "never"
NEVER = (0, 2**31 - 1, 2**32 - 1)  # epoch seconds: the largest ones that databases have stand for "never" too
PER_SECOND = {"seconds": 1, "milliseconds": 1000}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# The zones of RFC 2822, and others that no two countries use for different offsets. Hours east of Greenwich.
ZONES = {
    **{"z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "met": 1, "mest": 2},
    **{"eet": 2, "eest": 3, "msk": 3, "sgt": 8, "hkt": 8, "jst": 9, "kst": 9, "aest": 10, "aedt": 11, "nzst": 12},
    **{"nzdt": 13, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7},
}
LONGEST_TIME = 80  # characters
LEAP_SECOND = 60
HOURS_ALONE = 2  # digits of an offset without minutes
CLOCK = r"(?P<hour>\d{1,2}):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,20}))?)?"
ZONE = r"\s*(?P<zone>[A-Za-z]{1,5})?(?P<offset>[+-]\d{1,2}(?::?\d\d)?)?(?:\s*[\[(][^\])]*[\])])?"
MONTH = r"(?P<month>[A-Za-z]{3})[a-z]{0,6}"
WEEKDAY = r"(?:[A-Za-z]{3,9},?\s+)?"
FORMS = (  # texts, which are compiled at first use: most processes never read a time
    # ISO 8601 and its like; RFC 2822 and 850; C and Java
    rf"(?P<year>\d{{4}})([-/]?)(?P<month>\d\d)\2(?P<day>\d\d)(?:(?:[Tt_]|\s+)?{CLOCK})?{ZONE}",
    rf"{WEEKDAY}(?P<day>\d{{1,2}})[\s-]{MONTH}[\s-](?P<year>\d{{2,4}}),?\s+{CLOCK}{ZONE}",
    rf"{WEEKDAY}{MONTH}\s+(?P<day>\d{{1,2}})\s+{CLOCK}{ZONE}\s+(?P<year>\d{{4}})",
)


def moment(value: Any, unit: str = "milliseconds") -> Optional[datetime]:
    """Return the moment that a value shows, None where it shows none, or one that means "never".

    Read are the epoch as number or text, ISO 8601, RFC 2822 and their like. A time without a zone is in UTC; one with a
    zone that nobody knows is none. The leap second is the one before it.

    Parameters:
        unit: of a number since the epoch, seconds or milliseconds.
    """
    if isinstance(value, str):
        written = value.strip()
        if len(written) > LONGEST_TIME:
            return None
        number = None if DATE.fullmatch(written) else _decimal(written)
        return (None if number is None else _from_number(number, unit)) or _from_calendar(written)
    return _from_number(value, unit) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _from_number(number: Any, unit: str) -> Optional[datetime]:
    last = int((LATEST - EPOCH).total_seconds()) * PER_SECOND[unit]
    if not 0 < number < last or number in NEVER:
        return None
    return _meant(EPOCH + timedelta(**{unit: float(number)}))


def _from_calendar(written: str) -> Optional[datetime]:
    matches = (re.fullmatch(form, written, re.ASCII) for form in FORMS)
    parts = next((match.groupdict() for match in matches if match), None)
    if parts is None:
        return None
    east = _east(parts["zone"], parts["offset"])
    try:
        return None if east is None else _meant(_local(parts) - east)
    except (ValueError, OverflowError):
        return None


def _local(parts: Mapping[str, Any]) -> datetime:
    """Return the moment that the parts name, as if they were in UTC. Raises ValueError where there is none."""
    year, month, second = int(parts["year"]), parts["month"].lower(), int(parts["second"] or 0)
    century = {2: 2000 if year < 50 else 1900}.get(len(parts["year"]), 0)
    return datetime(
        century + year,
        int(month) if month.isdigit() else MONTHS.index(month) + 1,
        int(parts["day"]),
        int(parts["hour"] or 0),
        int(parts["minute"] or 0),
        59 if second == LEAP_SECOND else second,
        int((parts["fraction"] or "0")[:6].ljust(6, "0")),
        timezone.utc,
    )


def _east(zone: Optional[str], offset: Optional[str]) -> Optional[timedelta]:
    """Return how far east of Greenwich a time was written, None for a zone that nobody knows."""
    hours = ZONES.get((zone or "utc").lower())
    if hours is None:
        return None
    digits = (offset or "+0").lstrip("+-").replace(":", "")
    further = timedelta(hours=int(digits[:-2] or 0), minutes=int(digits[-2:]))
    if len(digits) <= HOURS_ALONE:
        further = timedelta(hours=int(digits))
    return timedelta(hours=hours) + (-further if offset and offset[0] == "-" else further)


def _meant(found: datetime) -> Optional[datetime]:
    """Return a moment, None where it stands for "never"."""
    is_meant = EPOCH < found < LATEST and (found - EPOCH).total_seconds() not in NEVER
    return found if is_meant else None
