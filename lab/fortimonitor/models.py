"""What FortiMonitor stores. Times are naive and in UTC, to the second, as the API speaks of them."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """The tables of FortiMonitor."""


class Person(Base):
    """Somebody who may be told of an outage and act on it: a ``user`` or a ``contact``, as ``kind`` says."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(default="user")
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
    # Lists of many thousands are filtered by these and ordered by the start; ``custom`` counts the ids given away.
    __table_args__ = (
        Index("outage_by_start", "start_time"),
        Index("outage_by_end", "end_time", "start_time"),
        Index("outage_by_server", "server_id", "start_time"),
        Index("outage_by_closing", "closes_at"),
        Index("outage_by_custom", "custom"),
    )

    sequence: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(unique=True)
    type: Mapped[str]
    custom: Mapped[bool] = mapped_column(default=False)
    server_id: Mapped[int] = mapped_column(ForeignKey("server.id"))
    resource_id: Mapped[int | None] = mapped_column(ForeignKey("agent_resource.id"))
    description: Mapped[str]
    incident_metadata: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    added_metadata: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    metadata_rendered: Mapped[bool] = mapped_column(default=True)
    summary: Mapped[str] = mapped_column(default="")
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    severity: Mapped[str]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime | None]
    auto_close_duration: Mapped[int | None]
    closes_at: Mapped[datetime | None]
    shown_from: Mapped[datetime | None]  # None for always
    alerts_delayed_until: Mapped[datetime | None]
    acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    # 15 characters, as in the captured object.
    hash: Mapped[str] = mapped_column(default=lambda: secrets.token_hex(8)[:15], unique=True)

    server: Mapped[Server] = relationship()
    resource: Mapped[AgentResource | None] = relationship()
    acknowledged_by: Mapped[Person | None] = relationship(foreign_keys=acknowledged_by_id)
    lead: Mapped[Person | None] = relationship(foreign_keys=lead_id)
    log: Mapped[list[LogEntry]] = relationship(order_by="LogEntry.id", back_populates="outage")
    notifications: Mapped[list[Notification]] = relationship(order_by="Notification.id", back_populates="outage")

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
    outage_sequence: Mapped[int] = mapped_column(ForeignKey("outage.sequence"), index=True)
    entry: Mapped[str]
    public: Mapped[bool] = mapped_column(default=False)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]

    outage: Mapped[Outage] = relationship(back_populates="log")
    user: Mapped[Person | None] = relationship()


class Notification(Base):
    """One occasion on which somebody had people paged: an ``escalation`` or a ``broadcast``, as ``kind`` says."""

    __tablename__ = "notification"

    id: Mapped[int] = mapped_column(primary_key=True)
    outage_sequence: Mapped[int] = mapped_column(ForeignKey("outage.sequence"), index=True)
    kind: Mapped[str]
    who_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    message: Mapped[str | None]
    created: Mapped[datetime]

    outage: Mapped[Outage] = relationship(back_populates="notifications")
    who: Mapped[Person] = relationship()
