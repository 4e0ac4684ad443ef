"""What FortiSIEM stores. Columns carry the names that its APIs give to the incident attributes."""

from __future__ import annotations

from typing import Any, Optional

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """The tables of FortiSIEM."""


class Organization(Base):
    """A tenant, called *domain* in the XML answers. Times are epoch milliseconds, as everywhere here."""

    __tablename__ = "organizations"

    domainId: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    initialized: Mapped[bool]
    created: Mapped[int]


class Incident(Base):
    """One incident. An attribute that was never set is empty text, or 0 for a time."""

    __tablename__ = "incidents"

    incidentId: Mapped[int] = mapped_column(primary_key=True)
    phCustId: Mapped[int] = mapped_column(ForeignKey("organizations.domainId"))
    incidentTitle: Mapped[str]
    eventType: Mapped[str]
    eventName: Mapped[str]
    eventSeverity: Mapped[int]
    eventSeverityCat: Mapped[str]
    phIncidentCategory: Mapped[int]
    phSubIncidentCategory: Mapped[str]
    incidentFirstSeen: Mapped[int]
    incidentLastSeen: Mapped[int]
    incidentRptIp: Mapped[str]
    incidentRptDevName: Mapped[str]
    incidentSrc: Mapped[str] = mapped_column(default="")
    incidentTarget: Mapped[str] = mapped_column(default="")
    incidentDetail: Mapped[str] = mapped_column(default="")
    attackTactic: Mapped[str] = mapped_column(default="")
    attackTechnique: Mapped[str] = mapped_column(default="")
    count: Mapped[int] = mapped_column(default=1)
    incidentStatus: Mapped[int] = mapped_column(default=0)
    incidentReso: Mapped[int] = mapped_column(default=1)
    incidentClearedTime: Mapped[int] = mapped_column(default=0)
    incidentClearedUser: Mapped[str] = mapped_column(default="")
    incidentClearedReason: Mapped[str] = mapped_column(default="")
    incidentComments: Mapped[str] = mapped_column(default="")
    incidentExtUser: Mapped[str] = mapped_column(default="")
    incidentExtTicketId: Mapped[str] = mapped_column(default="")
    incidentExtTicketState: Mapped[str] = mapped_column(default="")
    incidentExtTicketType: Mapped[str] = mapped_column(default="")
    incidentExtClearedTime: Mapped[int] = mapped_column(default=0)
    actionStatus: Mapped[str] = mapped_column(default="")

    organization: Mapped[Organization] = relationship(lazy="joined")


class TriggeringEvent(Base):
    """One of the events that made an incident. ``attributes`` maps the attributes' display names to text.

    The id is a 64-bit number, larger than what a double carries exactly.
    """

    __tablename__ = "triggering_events"

    eventId: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    incidentId: Mapped[int] = mapped_column(ForeignKey("incidents.incidentId"), index=True)
    eventType: Mapped[str]
    receiveTime: Mapped[int]
    rawMessage: Mapped[str]
    attributes: Mapped[dict[str, str]] = mapped_column(JSON)

    incident: Mapped[Incident] = relationship()


class TriggeringEventQuery(Base):
    """A query for the triggering events of an incident. ``asked`` counts the answers below 100 percent."""

    __tablename__ = "triggering_event_queries"

    queryId: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    caller: Mapped[str]
    address: Mapped[str]
    incidentId: Mapped[int]
    since: Mapped[Optional[int]]
    until: Mapped[Optional[int]]
    size: Mapped[int]
    started: Mapped[int]
    asked: Mapped[int] = mapped_column(default=0)
    read: Mapped[bool] = mapped_column(default=False)


class EventQuery(Base):
    """A finished XML event query: its result is the events of one incident."""

    __tablename__ = "event_queries"

    queryId: Mapped[str] = mapped_column(primary_key=True)
    incidentId: Mapped[int]


class IncidentQuery(Base):
    """A listing whose further pages may be asked for. ``asked`` counts, page by page, the answers "not ready"."""

    __tablename__ = "incident_queries"

    queryId: Mapped[str] = mapped_column(primary_key=True)
    caller: Mapped[str]
    listing: Mapped[dict[str, Any]] = mapped_column(JSON)
    asked: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)


class AccessToken(Base):
    """A token that was issued. Only its digest is kept."""

    __tablename__ = "access_tokens"

    digest: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    expires: Mapped[int]


class TokenRequests(Base):
    """What the limits on token requests need to know of one client ID."""

    __tablename__ = "token_requests"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]
    failures: Mapped[int] = mapped_column(default=0)
    blocked_until: Mapped[int] = mapped_column(default=0)


class MadeClient(Base):
    """An API client that an administrator made in the user interface. Only its secret's digest is kept."""

    __tablename__ = "made_clients"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    client_id: Mapped[str] = mapped_column(unique=True)
    secret: Mapped[str]
    login: Mapped[str]
    made: Mapped[int]
    token_minutes: Mapped[int]
    secret_minutes: Mapped[int]
    revoked: Mapped[bool] = mapped_column(default=False)


class GuiSession(Base):
    """Who is logged in to the user interface. ``token`` is what its ``s`` cookie holds."""

    __tablename__ = "gui_sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str]
    login: Mapped[str]
