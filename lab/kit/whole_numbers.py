"""Whole numbers in addresses and queries, within what databases hold."""

from __future__ import annotations

import re

from starlette.convertors import IntegerConvertor, register_url_convertor

DIGITS = "[0-9]{1,18}"


class _Bounded(IntegerConvertor):
    regex = DIGITS


# What ``{number:int}`` of a route takes: an address with more digits leads nowhere.
register_url_convertor("int", _Bounded())


def whole_number(text: object) -> int | None:
    """Return the number that a text is, without a sign; None if it is none, or none that a database holds."""
    return int(str(text)) if re.fullmatch(DIGITS, str(text)) else None
