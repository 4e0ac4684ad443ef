"""Finding connectors and configurations the way the appliance's addresses name them."""

from __future__ import annotations

from uuid import UUID

from packaging.version import Version
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kit.whole_numbers import whole_number
from .models import Configuration, InstalledConnector
from .refusals import refusal


def connectors_named(session: Session, name: str) -> list[InstalledConnector]:
    """Return the installed versions of a connector, the latest first."""
    rows = session.scalars(select(InstalledConnector).where(InstalledConnector.name == name))
    return sorted(rows, key=lambda row: Version(row.version.removesuffix("_dev")), reverse=True)


def find_connector(session: Session, name: str, version: object) -> InstalledConnector | None:
    """Return the asked version of a connector, else the latest installed one, else None."""
    rows = connectors_named(session, name)
    return next((row for row in rows if row.version == version), rows[0] if rows else None)


def connector_name(session: Session, given: object) -> str:
    """Return the name of a connector that is given by its name or its integer id."""
    number = whole_number(given)
    found = session.get(InstalledConnector, number) if number is not None else None
    return found.name if found else str(given)


def the_connector(session: Session, name: str, version: object) -> InstalledConnector:
    """Return a connector as ``find_connector`` does, or refuse with 404."""
    if found := find_connector(session, name, version):
        return found
    raise refusal(404, f"Connector {name} does not exists")


def the_connector_by_id(session: Session, number: int) -> InstalledConnector:
    """Return a connector by its integer id, or refuse with 404."""
    if found := session.get(InstalledConnector, number):
        return found
    raise refusal(404, f"Connector with id {number} does not exists")


def find_configuration(session: Session, key: str) -> Configuration | None:
    """Return a configuration by its UUID or its integer id."""
    if key.isdecimal():
        number = whole_number(key)
        return session.get(Configuration, number) if number is not None else None
    return session.scalar(select(Configuration).where(Configuration.config_id == key))


def the_configuration(session: Session, key: str) -> Configuration:
    """Return a configuration as ``find_configuration`` does, or refuse with 404."""
    if found := find_configuration(session, key):
        return found
    raise refusal(404, f"Configuration {key} does not exists")


def chosen_configuration(connector: InstalledConnector, given: object) -> Configuration | None:
    """Return the configuration that a UUID or display name means, or the default one if nothing is given.

    A lone configuration that is not the default is not picked.
    """
    if not given:
        return default_configuration(connector)
    return next((c for c in connector.configurations if given in (c.config_id, c.name)), None)


def default_configuration(connector: InstalledConnector) -> Configuration | None:
    """Return the connector's default configuration, if it has one."""
    return next((c for c in connector.configurations if c.default), None)


def is_uuid(text: object) -> bool:
    """Tell whether a value is a UUID's text."""
    try:
        UUID(str(text))
    except ValueError:
        return False
    return True
