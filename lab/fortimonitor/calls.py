"""One admitted request, with all that a handler needs to answer it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kit.shallow_json import read_json
from ..kit.switches import Switches
from .answers import Refused, invalid, not_found
from .models import Outage, Server

# 18 digits fit into the database's integers.
ID = re.compile(r"-?[1-9][0-9]{0,17}", re.ASCII)
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
TIME = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

Named = TypeVar("Named", Server, Outage)


@dataclass(frozen=True)
class Call:
    """A request behind the gate. ``now`` is naive UTC, to the second."""

    session: Session
    switches: Switches
    base_url: str
    now: datetime
    route: str
    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: bytes

    def url(self, *segments: object) -> str:
        """Return the public URL of an object."""
        return "/".join([self.base_url, *map(str, segments)])

    def server(self) -> Server:
        """Return the server that the path names, or refuse with 404."""
        return self._named(Server, "server_id")

    def outage(self) -> Outage:
        """Return the outage that the path names, by its signed id or its hash, or refuse with 404."""
        if "hash" in self.path:
            outage = self.session.scalar(select(Outage).where(Outage.hash == self.path["hash"]))
            if outage is None:
                raise not_found()
            return outage
        return self._named(Outage, "outage_id")

    def _named(self, model: type[Named], parameter: str) -> Named:
        text = self.path[parameter]
        found = self.session.scalar(select(model).where(model.id == int(text))) if ID.fullmatch(text) else None
        if found is None:
            raise not_found()
        return found

    def json_object(self) -> dict[str, Any]:
        """Return the body, or refuse with 400 unless it is a JSON object (assumed: no source)."""
        try:
            value = read_json(self.body)
        except ValueError:
            raise Refused(400, "The request body is not valid JSON") from None
        if not isinstance(value, dict):
            raise Refused(400, "The request body must be a JSON object")
        return value

    def whole_number(self, name: str, default: int) -> int:
        """Return a query parameter that counts something, or refuse with 400."""
        text = self.query.get(name) or str(default)
        if not WHOLE_NUMBER.fullmatch(text):
            raise Refused(400, fields={name: invalid(name, "a valid integer")})
        return int(text)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """Return a query parameter that takes certain words, or refuse with 400."""
        word = self.query.get(name)
        if word and word not in allowed:
            only = f"This field is invalid; only these values are allowed: {', '.join(allowed)}"
            raise Refused(400, fields={name: only})
        return word or None

    def time(self, name: str) -> datetime | None:
        """Return a query parameter that is a time, or refuse with 400."""
        if not (text := self.query.get(name)):
            return None
        if (value := parsed_time(text)) is None:
            raise Refused(400, fields={name: invalid(name, "a valid date (YYYY-MM-DD HH:MM:SS)")})
        return value


def parsed_time(text: object) -> datetime | None:
    """Read a time as FortiMonitor takes it, ``YYYY-MM-DD HH:MM:SS`` in UTC; None if it is not one."""
    if not isinstance(text, str) or not TIME.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, TIME_FORMAT)
    except ValueError:
        return None


def shown_time(value: datetime | None) -> str | None:
    """Write a time as FortiMonitor gives it: RFC 2822, with the ``-0000`` that a naive time gets."""
    return None if value is None else format_datetime(value)
