"""The lab's standard servers, definitions, people and outages."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from .models import AgentResource, LogEntry, Outage, Person, ResourceType, Server

SERVER_ID = 1001
PLUGIN_TEXTKEY = "fortisoar.bridge"
RESOURCE_TEXTKEY = "fortisoar.incident"

SERVERS = {
    SERVER_ID: ("Web frontend", "web-01.example.com"),
    1002: ("Database", "db-01.example.com"),
    1003: ("Mail relay", "mail-01.example.com"),
    1004: ("Mail relay", "mail-02.example.com"),
    1005: ("Web frontend staging", "web-staging-01.example.com"),
}
DEFINED_ON = (SERVER_ID, 1003, 1004)
CPU_TYPE, CUSTOM_TYPE = 11, 12
CPU_ON_WEB = 82005


def fill(session: Session, now: datetime) -> None:
    """Put the standard objects into an empty database."""
    installed = now - timedelta(days=365)
    session.add_all(_people(installed))
    session.add_all(
        Server(
            id=number,
            name=name,
            fqdn=fqdn,
            tags=[fqdn.partition("-")[0]],
            group_id=430037,
            group_name="Default Server Group",
            created=installed,
        )
        for number, (name, fqdn) in SERVERS.items()
    )
    session.add_all(_resource_types())
    session.flush()
    session.add(AgentResource(id=CPU_ON_WEB, server_id=SERVER_ID, type_id=CPU_TYPE, severity="warning"))
    session.add_all(
        AgentResource(id=82100 + place, server_id=server, type_id=CUSTOM_TYPE)
        for place, server in enumerate(DEFINED_ON)
    )
    session.flush()
    session.add_all(_outages(now))


def _people(created: datetime) -> list[Person]:
    return [
        Person(id=501, username="oncall@example.com", display_name="On call", created=created),
        Person(id=502, username="soar@example.com", display_name="FortiSOAR", created=created),
        Person(id=601, kind="contact", username="night-shift@example.com", display_name="Night shift", created=created),
    ]


def _resource_types() -> list[ResourceType]:
    return [
        ResourceType(
            id=CPU_TYPE,
            category="CPU",
            label="CPU usage",
            platform="linux",
            plugin_textkey="cpu_usage",
            resource_textkey="usage_percentage",
            unit="percent",
        ),
        ResourceType(
            id=CUSTOM_TYPE,
            category="FortiSOAR",
            label="FortiSOAR incident",
            plugin_textkey=PLUGIN_TEXTKEY,
            resource_textkey=RESOURCE_TEXTKEY,
            custom=True,
        ),
    ]


def _outages(now: datetime) -> list[Outage]:
    """One resolved outage, one active anomaly with a negative id, one active outage: oldest first."""
    resolved = Outage(
        id=2001,
        type="outage",
        server_id=1002,
        description="HTTPS: connection refused",
        severity="critical",
        start_time=now - timedelta(days=2),
        end_time=now - timedelta(days=2) + timedelta(minutes=12),
        log=[LogEntry(entry="Outage resolved", created=now - timedelta(days=2) + timedelta(minutes=12))],
    )
    anomaly = Outage(
        id=-3001,
        type="anomaly",
        server_id=SERVER_ID,
        resource_id=CPU_ON_WEB,
        description="CPU usage above 90 percent",
        severity="warning",
        start_time=now - timedelta(days=1),
    )
    active = Outage(
        id=2002,
        type="outage",
        server_id=1002,
        description="Ping: no answer",
        severity="critical",
        start_time=now - timedelta(hours=2),
    )
    return [resolved, anomaly, active]
