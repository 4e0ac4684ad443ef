"""The tables of administration."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from ..models import Base

ACTIVE, INACTIVE = 1, 2
LOCAL_USER, SSO_USER, API_KEY = 1, 6, 9  # 6 and 9 are documented; 1 is assumed


class Account(Base):
    """One login: a person's, or an API key's, which has a key in place of a password.

    ``actor`` is the IRI of the person or of the binding that gives the key its name, roles and teams.
    """

    __tablename__ = "account"

    uuid: Mapped[str] = mapped_column(primary_key=True)
    loginid: Mapped[str] = mapped_column(unique=True)
    user_type: Mapped[int]
    status: Mapped[int] = mapped_column(default=ACTIVE)
    access_type: Mapped[str] = mapped_column(default="Concurrent")
    actor: Mapped[str | None]
    password: Mapped[str | None]
    must_change: Mapped[bool] = mapped_column(default=False)
    key: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    roles: Mapped[list[str]] = mapped_column(JSON)
    teams: Mapped[list[str]] = mapped_column(JSON)


class KeyBinding(Base):
    """What makes an API key an actor: its name and who made it. Its roles and teams stand at its account."""

    __tablename__ = "api_key"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    account: Mapped[str]
    created: Mapped[float]
    modified: Mapped[float]
    author: Mapped[str]


class Role(Base):
    """A role: by resource, the rights that it grants."""

    __tablename__ = "role"

    uuid: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    rights: Mapped[dict[str, list[str]]] = mapped_column(JSON)


class Setting(Base):
    """A setting that is not at its default, such as how long tokens live."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class Deployment(Base):
    """One attempt to deploy a licence; ``terms`` are those that it brought, None where it failed."""

    __tablename__ = "licence_deployment"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    started: Mapped[float]
    source: Mapped[str]
    user: Mapped[str | None]
    message: Mapped[str | None]
    token: Mapped[str | None]
    terms: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class Activity(Base):
    """One line of the audit log. ``document`` has the rest of what is shown."""

    __tablename__ = "audit_activity"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    moment: Mapped[int] = mapped_column(index=True)  # milliseconds since 1970
    component: Mapped[str]
    operation: Mapped[str]
    entity_type: Mapped[str | None]
    entity_uuid: Mapped[str | None] = mapped_column(index=True)
    user_id: Mapped[str]
    title: Mapped[str]
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
