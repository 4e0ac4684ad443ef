"""What is stored, in plain values and whatever the switches let the API show: for tests to count and compare."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .models import Notification, Outage, Person


def plain_incident(incident: Outage) -> dict[str, Any]:
    """Return what a custom incident was created with and what became of it; times as they are sent."""
    assert incident.resource is not None
    return {
        "id": incident.id,
        "server_id": incident.server_id,
        "plugin_textkey": incident.resource.type.plugin_textkey,
        "resource_textkey": incident.resource.type.resource_textkey,
        "description": incident.description,
        "metadata": incident.incident_metadata,
        "severity": incident.severity,
        "status": incident.status,
        "start_time": str(incident.start_time),
        "end_time": _time(incident.end_time),
        "auto_close_duration": incident.auto_close_duration,
        "log": [entry.entry for entry in incident.log],
    }


def plain_outage(outage: Outage) -> dict[str, Any]:
    """Return what people did to an outage; people by their user names."""
    return {
        "id": outage.id,
        "type": outage.type,
        "custom": outage.custom,
        "status": outage.status,
        "description": outage.description,
        "summary": outage.summary,
        "tags": outage.tags,
        "acknowledged_by": _name(outage.acknowledged_by),
        "lead": _name(outage.lead),
        "alerts_delayed_until": _time(outage.alerts_delayed_until),
        "metadata": {**outage.incident_metadata, **{item["name"]: item["value"] for item in outage.added_metadata}},
        "log": [entry.entry for entry in outage.log],
    }


def plain_notification(notification: Notification) -> dict[str, Any]:
    """Return one occasion on which people were paged."""
    return {
        "outage_id": notification.outage.id,
        "kind": notification.kind,
        "who": notification.who.username,
        "message": notification.message,
        "time": str(notification.created),
    }


def _time(value: datetime | None) -> str | None:
    return None if value is None else str(value)


def _name(person: Person | None) -> str | None:
    return None if person is None else person.username
