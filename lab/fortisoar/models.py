"""The tables of the local FortiSOAR."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """Holds the tables of this product."""


class InstalledConnector(Base):
    """One version of one connector, unpacked in the connectors' folder.

    ``serial`` is new with every installation, so that a worker knows when to import the code afresh. ``collections``
    are the uuids of those that it brought and that nobody removed.
    """

    __tablename__ = "connector"
    __table_args__ = (UniqueConstraint("name", "version"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str]
    serial: Mapped[str]
    name: Mapped[str]
    version: Mapped[str]
    info: Mapped[dict[str, Any]] = mapped_column(JSON)
    active: Mapped[bool] = mapped_column(default=True)
    agent: Mapped[str]
    requirements: Mapped[str]
    collections: Mapped[list[str]] = mapped_column(JSON)
    created: Mapped[str]
    modified: Mapped[str]
    configurations: Mapped[list[Configuration]] = relationship(
        back_populates="connector", lazy="selectin", order_by="Configuration.id", cascade="all, delete-orphan"
    )

    @property
    def folder_name(self) -> str:
        """Return the name of the folder it is unpacked in, which is also the end of its package's name."""
        return f"{self.name}_{self.version.replace('.', '_')}"

    @property
    def tag(self) -> str:
        """Return what the appliance puts behind many messages: a capital V and no dot before the version."""
        return f"Connector :: {self.name}V{self.version}"


class Configuration(Base):
    """One named configuration of a connector. ``values`` holds secrets encrypted only."""

    __tablename__ = "configuration"
    __table_args__ = (UniqueConstraint("name", "connector_id", "agent"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    config_id: Mapped[str] = mapped_column(unique=True)
    connector_id: Mapped[int] = mapped_column(ForeignKey("connector.id"))
    name: Mapped[str]
    agent: Mapped[str]
    default: Mapped[bool]
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[int]
    teams: Mapped[list[str]] = mapped_column(JSON)
    health_status: Mapped[dict[str, Any]] = mapped_column(JSON)
    connector: Mapped[InstalledConnector] = relationship(back_populates="configurations", lazy="selectin")
