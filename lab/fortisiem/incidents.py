"""The incidents themselves: found, made in numbers, cleared, and seen again."""

from __future__ import annotations

from typing import Any, Optional

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from .accounts import Account
from .models import Incident, Organization, TriggeringEvent
from .numbers import LARGEST

MINUTE = 60_000
DAYS_BACK = 5
AUTO_CLEARED = 1
FIRST_EVENT = 6_482_650_188_627_892_238

# What rules find, by category: event type, name, number and word of the severity.
KINDS = (
    (1, "PH_RULE_SNMP_DOWN", "SNMP Service Unavailable", 10, "HIGH", "Network"),
    (2, "PH_RULE_SERVER_CPU_CRIT", "Server CPU Critical", 7, "MEDIUM", "Server"),
    (3, "PH_RULE_CONFIG_CHANGE_FROM_BASELINE", "Running Config Changed From Baseline", 5, "MEDIUM", "Network"),
    (4, "PH_RULE_BRUTE_FORCE_LOGIN_SUCCESS", "Brute Force Login Success", 9, "HIGH", "Credential Access"),
    (5, "PH_RULE_LICENSE_EXPIRING", "License Expiring", 3, "LOW", "Licensing"),
    (4, "PH_RULE_MALWARE_FOUND", "Malware Found By Endpoint Protection", 8, "MEDIUM", "Execution"),
    (4, "PH_RULE_PORT_SCAN", "Port Scan Detected", 4, "LOW", "Discovery"),
)


# What an incident has in common with the one that it is the return of.
RECURRING = (
    "phCustId",
    "incidentTitle",
    "eventType",
    "eventName",
    "eventSeverity",
    "eventSeverityCat",
    "phIncidentCategory",
    "phSubIncidentCategory",
    "incidentRptIp",
    "incidentRptDevName",
    "incidentSrc",
    "incidentTarget",
    "incidentDetail",
    "attackTactic",
    "attackTechnique",
)


def find(session: Session, incident_id: Optional[int], caller: Account) -> Optional[Incident]:
    """Return the incident of an id if there is one and the caller may see it."""
    if incident_id is None or abs(incident_id) > LARGEST:
        return None
    incident = session.get(Incident, incident_id)
    return incident if incident and caller.sees(incident.organization.name) else None


def stored(session: Session) -> list[dict[str, Any]]:
    """Return every attribute of every incident, by id, with the organization's name as ``customer``."""
    rows = session.execute(
        select(*Incident.__table__.columns, Organization.name.label("customer"))
        .join(Organization, Organization.domainId == Incident.phCustId)
        .order_by(Incident.incidentId)
    )
    return [dict(row) for row in rows.mappings()]


def add_incidents(session: Session, now: int, count: int, same: dict[str, Any]) -> list[int]:
    """Add incidents of all kinds without events, last seen within the days before ``now``; return their ids.

    Parameters:
        same: attributes that all of them have alike.
    """
    first = _next(session, Incident.incidentId, 1)
    ids = list(range(first, first + count))
    if ids:
        session.execute(
            insert(Incident), [_varied(number, now, position, count) | same for position, number in enumerate(ids)]
        )
    return ids


def add_events(session: Session, incident_id: int, count: int) -> None:
    """Add triggering events to an incident: one each second, the last as it was last seen."""
    incident = session.get_one(Incident, incident_id)
    first = _next(session, TriggeringEvent.eventId, FIRST_EVENT)
    session.add_all(_event(incident, first + number, count - 1 - number) for number in range(count))


def clear_incident(session: Session, incident_id: int, now: int) -> None:
    """Clear an incident as FortiSIEM itself does when the clear condition of its rule is met."""
    incident = session.get_one(Incident, incident_id)
    incident.incidentStatus, incident.incidentClearedTime = AUTO_CLEARED, now
    incident.incidentClearedUser, incident.incidentClearedReason = "System", "Clear condition met"


def recur_incident(session: Session, incident_id: int, now: int) -> int:
    """Let an incident happen again, by one event more; return the id under which it is seen now.

    An active one is last seen now and counted once more. A cleared one comes back under a new id.
    Source: FortiSIEM Public API 7.5.1, triggeringEvents.
    """
    incident = session.get_one(Incident, incident_id)
    if incident.incidentStatus == 0:
        incident.incidentLastSeen, incident.count = now, incident.count + 1
    else:
        kept = {name: getattr(incident, name) for name in RECURRING}
        number = _next(session, Incident.incidentId, 1)
        incident = Incident(incidentId=number, incidentFirstSeen=now, incidentLastSeen=now, **kept)
        session.add(incident)
        session.flush()
    add_events(session, incident.incidentId, 1)
    return incident.incidentId


def _next(session: Session, column: Any, first: int) -> int:
    largest = session.scalar(select(func.max(column)))
    return first if largest is None else max(first, int(largest) + 1)


def _varied(number: int, now: int, position: int, count: int) -> dict[str, Any]:
    category, event_type, event_name, severity, word, below = KINDS[number % len(KINDS)]
    host, address = f"host-{number}.example.com", f"198.18.{number // 250 % 256}.{number % 250 + 1}"
    # A prime step shuffles them: the order of ids is not the order of times.
    last_seen = now - (position * 104_729 % count) * (DAYS_BACK * 1440 * MINUTE) // count
    status = number % 4 if number % 3 else 0
    return {
        "incidentId": number,
        "phCustId": 1,
        "incidentTitle": f"{event_name} on {host}",
        "eventType": event_type,
        "eventName": event_name,
        "eventSeverity": severity,
        "eventSeverityCat": word,
        "phIncidentCategory": category,
        "phSubIncidentCategory": below,
        "incidentFirstSeen": last_seen - number % 90 * MINUTE,
        "incidentLastSeen": last_seen,
        "incidentRptIp": address,
        "incidentRptDevName": host,
        "incidentTarget": f"hostIpAddr:{address}, hostName:{host},",
        "count": number % 9 + 1,
        "incidentStatus": status,
        "incidentClearedTime": last_seen + MINUTE if status else 0,
    }


def _event(incident: Incident, event_id: int, seconds_before: int) -> TriggeringEvent:
    return TriggeringEvent(
        eventId=event_id,
        incidentId=incident.incidentId,
        eventType="Generic_Syslog",
        receiveTime=incident.incidentLastSeen - seconds_before * 1000,
        rawMessage=f"<134>{incident.incidentRptDevName} app[{event_id % 10000}]: {incident.eventName}",
        attributes={
            "Event Type": "Generic_Syslog",
            "Reporting IP": incident.incidentRptIp,
            "Reporting Device": incident.incidentRptDevName,
        },
    )
