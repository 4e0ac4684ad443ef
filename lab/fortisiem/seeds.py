"""The lab's standard organizations and incidents."""

from __future__ import annotations

from typing import Any

from .models import Base, Incident, Organization
from .seed_events import seeded_events

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

AVAILABILITY, PERFORMANCE, CHANGE, SECURITY, OTHER = 1, 2, 3, 4, 5


def seeded(now: int) -> list[Base]:
    """Return the objects of a fresh FortiSIEM: 0 and 2 are internal organizations, 1 is Super, customers start at 2000.

    Parameters:
        now: the time, in epoch milliseconds; the incidents lie in the days before it.
    """
    organizations = [
        Organization(domainId=number, name=name, initialized=number not in (0, 2), created=now - 90 * DAY)
        for number, name in ((0, "system"), (1, "Super"), (2, "service"), (2000, "Acme"))
    ]
    incidents = _incidents(now)
    return [*organizations, *(Incident(**incident) for incident in incidents), *seeded_events(incidents)]


def _incidents(now: int) -> list[dict[str, Any]]:
    return [
        {
            "incidentId": 1,
            "phCustId": 1,
            "incidentTitle": "Brute force login success on dc-01.example.com",
            "eventType": "PH_RULE_BRUTE_FORCE_LOGIN_SUCCESS",
            "eventName": "Brute Force Login Success",
            "eventSeverity": 9,
            "eventSeverityCat": "HIGH",
            "phIncidentCategory": SECURITY,
            "phSubIncidentCategory": "Credential Access",
            "incidentFirstSeen": now - 40 * MINUTE,
            "incidentLastSeen": now - 5 * MINUTE,
            "incidentRptIp": "192.0.2.10",
            "incidentRptDevName": "dc-01.example.com",
            "incidentSrc": "srcIpAddr:198.51.100.23, user:jdoe,",
            "incidentTarget": "hostIpAddr:192.0.2.10, hostName:dc-01.example.com,",
            "incidentDetail": "failureCount:148, ",
            "attackTactic": "Credential Access",
            "attackTechnique": '[{"name": "Brute Force: Password Guessing", "techniqueid": "T1110.001"}]',
            "count": 12,
        },
        {
            "incidentId": 2,
            "phCustId": 1,
            "incidentTitle": "SNMP service down on sw-core-02.example.com",
            "eventType": "PH_RULE_SNMP_DOWN",
            "eventName": "SNMP Service Unavailable",
            "eventSeverity": 10,
            "eventSeverityCat": "HIGH",
            "phIncidentCategory": AVAILABILITY,
            "phSubIncidentCategory": "Network",
            "incidentFirstSeen": now - 13 * HOUR,
            "incidentLastSeen": now - 20 * MINUTE,
            "incidentRptIp": "192.0.2.54",
            "incidentRptDevName": "sw-core-02.example.com",
            "incidentTarget": "hostIpAddr:192.0.2.54, hostName:sw-core-02.example.com,",
            "attackTactic": "Impact",
            "attackTechnique": '[{"name": "Service Stop", "techniqueid": "T1489"}]',
            "count": 54,
        },
        {
            "incidentId": 3,
            "phCustId": 1,
            "incidentTitle": "CPU critical on db-01.example.com",
            "eventType": "PH_RULE_SERVER_CPU_CRIT",
            "eventName": "Server CPU Critical",
            "eventSeverity": 7,
            "eventSeverityCat": "MEDIUM",
            "phIncidentCategory": PERFORMANCE,
            "phSubIncidentCategory": "Server",
            "incidentFirstSeen": now - 2 * DAY,
            "incidentLastSeen": now - 2 * DAY + HOUR,
            "incidentRptIp": "192.0.2.31",
            "incidentRptDevName": "db-01.example.com",
            "incidentTarget": "hostIpAddr:192.0.2.31, hostName:db-01.example.com,",
            "incidentDetail": "cpuUtil:97.4, ",
            "count": 4,
            "incidentStatus": 1,
            "incidentClearedTime": now - 2 * DAY + 2 * HOUR,
            "incidentClearedUser": "System",
            "incidentClearedReason": "Clear condition met",
        },
        {
            "incidentId": 4,
            "phCustId": 1,
            "incidentTitle": "Running configuration changed on fw-01.example.com",
            "eventType": "PH_RULE_CONFIG_CHANGE_FROM_BASELINE",
            "eventName": "Running Config Changed From Baseline",
            "eventSeverity": 5,
            "eventSeverityCat": "MEDIUM",
            "phIncidentCategory": CHANGE,
            "phSubIncidentCategory": "Network",
            "incidentFirstSeen": now - 3 * DAY,
            "incidentLastSeen": now - 3 * DAY,
            "incidentRptIp": "192.0.2.1",
            "incidentRptDevName": "fw-01.example.com",
            "incidentSrc": "user:netops,",
            "incidentTarget": "hostIpAddr:192.0.2.1, hostName:fw-01.example.com,",
            "incidentStatus": 2,
            "incidentReso": 3,
            "incidentClearedTime": now - 3 * DAY + HOUR,
            "incidentClearedUser": "admin",
            "incidentClearedReason": "Planned change",
            "incidentComments": "Planned change",
            "incidentExtUser": "netops",
            "incidentExtTicketId": "4711",
            "incidentExtTicketState": "CLOSED",
            "incidentExtTicketType": "LOW",
        },
        {
            "incidentId": 5,
            "phCustId": 1,
            "incidentTitle": "Licence of sensor-03.example.com expires soon",
            "eventType": "PH_RULE_LICENSE_EXPIRING",
            "eventName": "License Expiring",
            "eventSeverity": 3,
            "eventSeverityCat": "LOW",
            "phIncidentCategory": OTHER,
            "phSubIncidentCategory": "Licensing",
            "incidentFirstSeen": now - 6 * DAY,
            "incidentLastSeen": now - 4 * DAY,
            "incidentRptIp": "192.0.2.77",
            "incidentRptDevName": "sensor-03.example.com",
            "incidentTarget": "hostIpAddr:192.0.2.77, hostName:sensor-03.example.com,",
            "count": 3,
            "incidentStatus": 3,
            "incidentClearedTime": now - 3 * DAY,
            "incidentClearedUser": "System",
        },
        {
            "incidentId": 6,
            "phCustId": 2000,
            "incidentTitle": "Malware found on laptop-17.acme.example",
            "eventType": "PH_RULE_MALWARE_FOUND",
            "eventName": "Malware Found By Endpoint Protection",
            "eventSeverity": 8,
            "eventSeverityCat": "MEDIUM",
            "phIncidentCategory": SECURITY,
            "phSubIncidentCategory": "Execution",
            "incidentFirstSeen": now - 3 * HOUR,
            "incidentLastSeen": now - 2 * HOUR,
            "incidentRptIp": "203.0.113.17",
            "incidentRptDevName": "laptop-17.acme.example",
            "incidentSrc": "user:asmith,",
            "incidentTarget": "hostIpAddr:203.0.113.17, hostName:laptop-17.acme.example,",
            "incidentDetail": "malwareName:EICAR-Test-File, ",
            "attackTactic": "Execution",
            "attackTechnique": '[{"name": "User Execution: Malicious File", "techniqueid": "T1204.002"}]',
            "count": 2,
        },
        {
            "incidentId": 7,
            "phCustId": 1,
            "incidentTitle": "SQL injection against shop.example.com",
            "eventType": "PH_RULE_WEB_SQL_INJECTION",
            "eventName": "SQL Injection Attack",
            "eventSeverity": 6,
            "eventSeverityCat": "MEDIUM",
            "phIncidentCategory": SECURITY,
            "phSubIncidentCategory": "Initial Access",
            "incidentFirstSeen": now - 90 * MINUTE,
            "incidentLastSeen": now - 30 * MINUTE,
            "incidentRptIp": "192.0.2.8",
            "incidentRptDevName": "waf-01.example.com",
            # Values with colons, and one attribute twice: what a reader that splits at each colon loses.
            "incidentSrc": "srcIpAddr:2001:db8:51::23, srcMACAddr:00:00:5e:00:53:af,",
            "incidentTarget": "destIpAddr:192.0.2.80, destIpAddr:2001:db8:80::1, hostName:shop.example.com,",
            "incidentDetail": "infoURL:https://shop.example.com:8443/login.php?next=/admin&id=1, attackCount:7, ",
            "attackTactic": "Initial Access",
            "attackTechnique": '[{"name": "Exploit Public-Facing Application", "techniqueid": "T1190"}]',
            "count": 7,
        },
    ]
