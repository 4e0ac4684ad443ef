"""What FortiMonitor shows: outages, log entries, servers, users and textkeys, read from their rows."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Dict, List, NamedTuple, Optional
from urllib.parse import urlsplit

from ...core.values import flag, moment, storable, text, whole_number
from .markers import Marker, marker_in, without_marker

OUTAGE = re.compile(r"/outage/(-?[1-9][0-9]{0,18})/?", re.ASCII)
SERVER = re.compile(r"/server/([1-9][0-9]{0,18})/?", re.ASCII)
USER = re.compile(r"/(?:user|contact)/([1-9][0-9]{0,18})/?", re.ASCII)
NOBODY = ("", "[]", "[null]", "{}", "none", "null", "n/a", "-")
FIRST_YEAR = 2005  # Panopta, which became FortiMonitor, was founded in 2006
ACTIVE, RESOLVED = "active", "resolved"


class Outage(NamedTuple):
    """An outage as FortiMonitor shows it. It has no id of its own: that is the last part of its URL."""

    id: int
    server_id: Optional[int]
    status: str
    type: str
    description: str
    marker: Marker
    server_name: str
    server_fqdn: str
    severity: str
    start: Optional[datetime]
    end: Optional[datetime]
    acknowledged_by: Optional[User]
    summary: str
    tags: List[str]
    metadata: Dict[str, Any]

    @property
    def is_resolved(self) -> bool:
        """Whether it has ended, by force or by itself. Of a status that nobody knows, the end tells."""
        return self.status == RESOLVED or (self.status != ACTIVE and self.end is not None)

    @property
    def title(self) -> str:
        """The first line of what its description says besides the marker, also where white space was folded."""
        line = next(iter(without_marker(self.description).splitlines()), "")
        return line.partition("[correlation_id:")[0].strip() or f"Incident {self.id}"

    def __str__(self) -> str:
        return f"{self.id} ({self.status})"


class User(NamedTuple):
    """A user of FortiMonitor. Where an action is done in somebody's name, the URL is what goes out."""

    id: int
    username: str
    name: str
    url: str

    def is_another_than(self, other: User) -> bool:
        """Tell whether two users are certainly not the same one: a deleted user, say, shows neither id nor name."""
        if self.id and other.id:
            return self.id != other.id
        return bool(self.username and other.username) and self.username.lower() != other.username.lower()

    def __str__(self) -> str:
        known = ", ".join(str(each) for each in (self.name, self.id) if each)
        if not self.username:
            return self.name or self.url or "somebody"
        return f"{self.username} ({known})" if known else self.username


class Server(NamedTuple):
    """A server as FortiMonitor lists it."""

    id: int
    name: str
    fqdn: str
    status: str = ""
    tags: Any = ()

    def __str__(self) -> str:
        return f"{self.id} ({self.name}, {self.fqdn})"


class LogEntry(NamedTuple):
    """An entry of an outage's log."""

    created: Optional[datetime]
    entry: str
    public: Optional[bool]
    user: Optional[str]


class Textkeys(NamedTuple):
    """A pair of textkeys under which something is measured, or a custom incident defined."""

    plugin_textkey: str
    resource_textkey: str
    label: str
    category: str


def outage_in(row: Dict[str, Any]) -> Outage:
    """Read an outage. Raises ValueError where it has no usable URL."""
    description = text(row.get("description"))
    metadata = _metadata(row.get("metadata"))
    return Outage(
        id=_id_of(row, OUTAGE),
        server_id=whole_number(row.get("server_id")),  # text in 2021, a number in 2026
        status=text(row.get("status")).strip().lower(),
        type=text(row.get("type")).strip().lower(),
        description=description,
        marker=marker_in(metadata, description),
        server_name=text(row.get("server_name")),
        server_fqdn=text(row.get("server_fqdn")),
        severity=text(row.get("severity")).strip().lower(),
        start=_time(row.get("start_time")),
        end=_time(row.get("end_time")),
        acknowledged_by=_acknowledger(row.get("acknowledged")),
        summary=text(row.get("summary")),
        tags=tags_in(row.get("tags")),
        metadata=metadata,
    )


def user_in(row: Dict[str, Any]) -> User:
    """Read a user or contact; one without a usable URL has the id 0."""
    url = text(row.get("url"))
    name = text(row.get("display_name")) or text(row.get("name"))  # a contact's name (assumed: no source)
    return User(id_in_url(url, USER) or 0, text(row.get("username")), name, url)


def server_in(row: Dict[str, Any]) -> Server:
    """Read a server. Raises ValueError where it has no usable URL."""
    name, fqdn, status = (text(row.get(key)) for key in ("name", "fqdn", "status"))
    return Server(_id_of(row, SERVER), name, fqdn, status, tags_in(row.get("tags")))


def log_entry_in(row: Dict[str, Any]) -> LogEntry:
    """Read an entry of a log. What a read shows is documented nowhere; these are the fields that a write takes."""
    user = row.get("user")
    who = text(user.get("url")) if isinstance(user, dict) else text(user)
    return LogEntry(_time(row.get("created")), text(row.get("entry")), flag(row.get("public")), who or None)


def textkeys_in(row: Dict[str, Any]) -> Optional[Textkeys]:
    """Read the textkeys of an agent resource or of a type of these, None where it has none."""
    plugin, resource = text(row.get("plugin_textkey")), text(row.get("resource_textkey"))
    label = text(row.get("label")) or text(row.get("formatted_name")) or text(row.get("name"))
    return Textkeys(plugin, resource, label, text(row.get("category"))) if plugin and resource else None


def id_in_url(url: str, pattern: re.Pattern[str]) -> Optional[int]:
    """Return the id at the end of a URL's path, None where it has none.

    Whatever host the URL names: behind a proxy or an alias, FortiMonitor names itself by another one. Nothing is ever
    sent to a URL that came in an answer; its id goes into a request to the configured address.
    """
    try:
        is_one = url.isprintable() and " " not in url.strip()  # a header that came twice has two in it
        path = urlsplit(url.strip()).path if is_one else ""
    except ValueError:
        return None
    # Only the last two segments: what stands before them is the address's own.
    match = pattern.fullmatch("/" + "/".join(path.rstrip("/").split("/")[-2:]))
    return whole_number(match.group(1)) if match else None  # 19 digits may be more than any database holds


def tags_in(value: Any) -> List[str]:
    """Read tags: a list, or one text with commas (seen)."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [tag for tag in (text(part).strip() for part in parts) if tag]


def _id_of(row: Dict[str, Any], pattern: re.Pattern[str]) -> int:
    number = id_in_url(text(row.get("url")), pattern)
    if number is None:
        raise ValueError("it has no usable URL")
    return number


def _time(value: Any) -> Optional[datetime]:
    """Read a time: RFC 2822 ("Fri, 05 Nov 2021 17:37:35 -0000", seen), or whatever else tells one."""
    found = moment(value, "seconds")
    if found is None:
        found = moment(value, "milliseconds")
        # A number of years to come stands for "never" in seconds, and for a time before FortiMonitor in milliseconds.
        found = found if found and found.year >= FIRST_YEAR else None
    return found


def _acknowledger(value: Any) -> Optional[User]:
    """Read who acknowledged. Not true or false but the whole user (seen 2026-02); of a deleted one, what is left."""
    if isinstance(value, dict):
        return user_in(value) if value else None
    shown = text(value).strip()
    if flag(value):
        return User(0, "", "somebody", "")
    is_nobody = flag(value) is False or shown.lower() in NOBODY
    return None if is_nobody else User(id_in_url(shown, USER) or 0, "", "", shown)


def _metadata(items: Any) -> Dict[str, Any]:
    # Only the empty list was ever captured; names and values are what a write of outage metadata takes.
    if isinstance(items, dict):
        return {text(name): storable(value) for name, value in items.items()}
    listed = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return {text(item["name"]): storable(item.get("value")) for item in listed if "name" in item}
