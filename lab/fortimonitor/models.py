"""What FortiMonitor stores. Times are naive and in UTC, to the second, as the API speaks of them."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """The tables of FortiMonitor."""


class User(Base):
    """A person who may acknowledge an outage."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    display_name: Mapped[str]
    created: Mapped[datetime]


class Server(Base):
    """A monitored instance."""

    __tablename__ = "server"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    fqdn: Mapped[str]
    status: Mapped[str] = mapped_column(default="active")
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    group_id: Mapped[int]
    group_name: Mapped[str]
    created: Mapped[datetime]


class ResourceType(Base):
    """A metric an agent can report; a custom one is what custom incidents are raised on."""

    __tablename__ = "agent_resource_type"

    id: Mapped[int] = mapped_column(primary_key=True)
    category: Mapped[str]
    label: Mapped[str]
    platform: Mapped[str] = mapped_column(default="all")
    plugin_textkey: Mapped[str]
    resource_textkey: Mapped[str]
    unit: Mapped[str] = mapped_column(default="")
    custom: Mapped[bool] = mapped_column(default=False)


class AgentResource(Base):
    """A metric on one server. Of a custom type, it is that server's custom incident definition."""

    __tablename__ = "agent_resource"

    id: Mapped[int] = mapped_column(primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("server.id"))
    type_id: Mapped[int] = mapped_column(ForeignKey("agent_resource_type.id"))
    severity: Mapped[str] = mapped_column(default="critical")

    type: Mapped[ResourceType] = relationship()


class Outage(Base):
    """An outage, an anomaly, or a custom incident. ``id`` is signed as the API shows it."""

    __tablename__ = "outage"

    sequence: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(unique=True)
    type: Mapped[str]
    custom: Mapped[bool] = mapped_column(default=False)
    server_id: Mapped[int] = mapped_column(ForeignKey("server.id"))
    resource_id: Mapped[int | None] = mapped_column(ForeignKey("agent_resource.id"))
    description: Mapped[str]
    incident_metadata: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    severity: Mapped[str]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime | None]
    auto_close_duration: Mapped[int | None]
    closes_at: Mapped[datetime | None]
    acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    # 15 characters, as in the captured object.
    hash: Mapped[str] = mapped_column(default=lambda: secrets.token_hex(8)[:15], unique=True)

    server: Mapped[Server] = relationship()
    resource: Mapped[AgentResource | None] = relationship()
    acknowledged_by: Mapped[User | None] = relationship()
    log: Mapped[list[LogEntry]] = relationship(order_by="LogEntry.id")

    @property
    def status(self) -> str:
        """``active`` until the outage has an end, then ``resolved``."""
        return "active" if self.end_time is None else "resolved"

    def resolve(self, at: datetime, entry: str) -> None:
        """End the outage and say why in its log."""
        self.end_time = at
        self.closes_at = None
        self.log.append(LogEntry(entry=entry, created=at))


class LogEntry(Base):
    """One line of an outage's log."""

    __tablename__ = "outage_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    outage_sequence: Mapped[int] = mapped_column(ForeignKey("outage.sequence"))
    entry: Mapped[str]
    public: Mapped[bool] = mapped_column(default=False)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created: Mapped[datetime]
