"""What FortiMonitor shows: outages, log entries, servers, users and textkeys, read from their rows."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Dict, List, NamedTuple, Optional

from ...core.errors import AnswerBroken
from ...core.times import shown_time
from ...core.urls import BaseUrl, signed_id

OUTAGE = re.compile(r"/outage/(-?[1-9][0-9]{0,18})/?", re.ASCII)
SERVER = re.compile(r"/server/([1-9][0-9]{0,18})/?", re.ASCII)
USER = re.compile(r"/(?:user|contact)/([1-9][0-9]{0,18})/?", re.ASCII)
MARKER_BEGINS = "[correlation_id:"
MARKER = re.compile(re.escape(MARKER_BEGINS) + r" ([^\[\]\x00-\x1f\x7f\u2028\u2029]{1,200})\]")


class Outage(NamedTuple):
    """An outage as FortiMonitor shows it. It has no id of its own: that is the last part of its URL."""

    id: int
    server_id: Optional[int]
    status: str
    type: str
    description: str
    marker: Optional[str]
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
        """Whether it has ended, by force or by itself."""
        return self.status == "resolved"

    def __str__(self) -> str:
        return f"{self.id} ({self.status})"


class User(NamedTuple):
    """A user of FortiMonitor. Where an action is done in somebody's name, the URL is what goes out."""

    id: int
    username: str
    name: str
    url: str

    def __str__(self) -> str:
        return f"{self.username} ({self.name}, {self.id})" if self.username else self.name or self.url


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


def outage_in(base: BaseUrl, row: Dict[str, Any]) -> Outage:
    """Read an outage. Raises AnswerBroken where it has no usable URL."""
    number = id_in_url(base, row.get("url"), OUTAGE)
    if number is None:
        raise AnswerBroken("FortiMonitor showed an outage without a usable URL", changed="no")
    description = _text(row, "description")
    metadata = _metadata(row.get("metadata"))
    acknowledged = row.get("acknowledged")
    return Outage(
        id=number,
        server_id=signed_id(row.get("server_id")),  # text in 2021, a number in 2026
        status=_text(row, "status"),
        type=_text(row, "type"),
        description=description,
        marker=marker_in(metadata, description),
        server_name=_text(row, "server_name"),
        server_fqdn=_text(row, "server_fqdn"),
        severity=_text(row, "severity"),
        start=shown_time(row.get("start_time")),
        end=shown_time(row.get("end_time")),
        # Not true or false but the whole user (seen 2026-02).
        acknowledged_by=user_in(base, acknowledged) if isinstance(acknowledged, dict) else None,
        summary=_text(row, "summary"),
        tags=_tags(row.get("tags")),
        metadata=metadata,
    )


def user_in(base: BaseUrl, row: Dict[str, Any]) -> User:
    """Read a user or contact; one without a usable URL has the id 0."""
    url = _text(row, "url")
    name = _text(row, "display_name") or _text(row, "name")  # a contact's name (assumed: no source)
    return User(id_in_url(base, url, USER) or 0, _text(row, "username"), name, url)


def server_in(base: BaseUrl, row: Dict[str, Any]) -> Server:
    """Read a server. Raises AnswerBroken where it has no usable URL."""
    number = id_in_url(base, row.get("url"), SERVER)
    if number is None:
        raise AnswerBroken("FortiMonitor listed a server without a usable URL", changed="no")
    return Server(number, _text(row, "name"), _text(row, "fqdn"), _text(row, "status"), _tags(row.get("tags")))


def log_entry_in(row: Dict[str, Any]) -> LogEntry:
    """Read an entry of a log. What a read shows is documented nowhere; these are the fields that a write takes."""
    public, user = row.get("public"), row.get("user")
    return LogEntry(
        created=shown_time(row.get("created")),
        entry=_text(row, "entry"),
        public=public if isinstance(public, bool) else None,
        user=str(user.get("url")) if isinstance(user, dict) else user if isinstance(user, str) else None,
    )


def textkeys_in(row: Dict[str, Any]) -> Optional[Textkeys]:
    """Read the textkeys of an agent resource or of a type of these, None where it has none."""
    plugin, resource = _text(row, "plugin_textkey"), _text(row, "resource_textkey")
    label = _text(row, "label") or _text(row, "formatted_name") or _text(row, "name")
    return Textkeys(plugin, resource, label, _text(row, "category")) if plugin and resource else None


def id_in_url(base: BaseUrl, url: Any, pattern: re.Pattern[str]) -> Optional[int]:
    """Return the id in a URL of this FortiMonitor, None for any other URL."""
    match = pattern.fullmatch(base.endpoint_of(url) or "") if isinstance(url, str) and url else None
    return int(match.group(1)) if match else None


def with_marker(description: str, marker: str) -> str:
    """Return a description that ends in a correlation marker.

    Metadata may or may not show in what FortiMonitor returns, and may or may not be rendered into the description;
    nothing public settles it. The description always comes back, so the marker stands there too.
    """
    return f"{description}\n{MARKER_BEGINS} {marker}]"


def is_marker(text: str) -> bool:
    """Tell whether a text can be a correlation marker: it is found again where it stands in a description."""
    return MARKER.fullmatch(f"{MARKER_BEGINS} {text}]") is not None


def marker_in(metadata: Dict[str, Any], description: str) -> Optional[str]:
    """Return the correlation marker that an outage carries in its metadata or else its description, None without."""
    if "correlation_id" in metadata:
        return str(metadata["correlation_id"])
    found = MARKER.findall(description)
    return found[-1] if found else None


def _metadata(items: Any) -> Dict[str, Any]:
    # Only the empty list was ever captured; names and values are what a write of outage metadata takes.
    listed = items if isinstance(items, list) else []
    return {str(item["name"]): item.get("value") for item in listed if isinstance(item, dict) and "name" in item}


def _text(row: Dict[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _tags(value: Any) -> List[str]:
    return [str(tag) for tag in value] if isinstance(value, list) else []
