"""The triggering events of the lab's standard incidents."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from .incidents import FIRST_EVENT
from .models import TriggeringEvent

BETWEEN = 30_000  # milliseconds from one event of an incident to its next

# By incident: event type, raw message, and what was parsed from it. {when} is the time in syslog's own form.
EVENTS: dict[int, list[tuple[str, str, dict[str, str]]]] = {
    1: [
        *(
            (
                "Win-Security-4625",
                "<13>{when} dc-01.example.com AgentDevice=WindowsLog EventID=4625 "
                f'Message="An account failed to log on." TargetUserName=jdoe IpAddress=198.51.100.23 IpPort={port}',
                {"Event Severity": "5", "User": "jdoe", "Source IP": "198.51.100.23"},
            )
            for port in (50112, 50118)
        ),
        (
            "Win-Security-4624",
            "<13>{when} dc-01.example.com AgentDevice=WindowsLog EventID=4624 "
            'Message="An account was successfully logged on." TargetUserName=jdoe IpAddress=198.51.100.23 IpPort=50121',
            {"Event Severity": "1", "User": "jdoe", "Source IP": "198.51.100.23"},
        ),
    ],
    2: [
        (
            "PH_DEV_MON_SNMP_DOWN",
            "<174>{when} super-01 phPerfMonitor: [PH_DEV_MON_SNMP_DOWN]:[eventSeverity]=PHL_CRITICAL,"
            "[hostName]=sw-core-02.example.com,[hostIpAddr]=192.0.2.54,[phLogDetail]=SNMP request timed out",
            {"Event Severity": "9", "Host Name": "sw-core-02.example.com", "Host IP": "192.0.2.54"},
        )
    ]
    * 2,
    3: [
        (
            "PH_DEV_MON_SYS_CPU_UTIL",
            "<174>{when} super-01 phPerfMonitor: [PH_DEV_MON_SYS_CPU_UTIL]:[eventSeverity]=PHL_INFO,"
            f"[hostName]=db-01.example.com,[hostIpAddr]=192.0.2.31,[cpuUtil]={percent},[pollIntv]=180",
            {"Event Severity": "1", "Host Name": "db-01.example.com", "Host IP": "192.0.2.31"},
        )
        for percent in ("96.1", "98.7", "97.4")
    ],
    4: [
        (
            "FortiGate-event-config",
            '<189>{when} fw-01.example.com devname="fw-01" type="event" subtype="system" level="notice" '
            'logdesc="Attribute configured" user="netops" ui="ssh(192.0.2.66)" action="Edit" cfgpath="firewall.policy"',
            {"Event Severity": "3", "User": "netops", "Source IP": "192.0.2.66"},
        )
    ],
    5: [
        (
            "PH_SYSTEM_LICENSE_EXPIRING",
            "<172>{when} super-01 phMonitor: [PH_SYSTEM_LICENSE_EXPIRING]:[eventSeverity]=PHL_WARNING,"
            "[hostName]=sensor-03.example.com,[phLogDetail]=Licence ends in 14 days",
            {"Event Severity": "4", "Host Name": "sensor-03.example.com"},
        )
    ],
    6: [
        (
            "Endpoint-Malware-Found",
            "<132>{when} laptop-17.acme.example CEF:0|Example|Endpoint Protection|9.2|1001|Malware found|8|"
            "suser=asmith dhost=laptop-17.acme.example fname=eicar.com act=quarantined cs1=EICAR-Test-File",
            {"Event Severity": "8", "User": "asmith", "Host Name": "laptop-17.acme.example"},
        )
    ]
    * 2,
    7: [
        (
            "FortiWeb-SQL-Injection",
            '<185>{when} waf-01.example.com type="attack" main_type="SQL Injection" src="2001:db8:51::23" '
            f'dst="{address}" src_mac="00:00:5e:00:53:af" http_url="/login.php?next=/admin&id=1" http_host='
            '"shop.example.com:8443"',
            {
                "Event Severity": "8",
                "Source IP": "2001:db8:51::23",
                "Destination IP": address,
                "Source MAC": "00:00:5e:00:53:af",
                "URI Stem": "/login.php",
            },
        )
        for address in ("192.0.2.80", "2001:db8:80::1")
    ],
}


def seeded_events(incidents: list[dict[str, Any]]) -> list[TriggeringEvent]:
    """Return the events of the standard incidents; the last of each was received as the incident was last seen."""
    events: list[TriggeringEvent] = []
    for incident in incidents:
        parsed = EVENTS[incident["incidentId"]]
        first = incident["incidentLastSeen"] - (len(parsed) - 1) * BETWEEN
        for number, (event_type, message, attributes) in enumerate(parsed):
            received = first + number * BETWEEN
            events.append(
                TriggeringEvent(
                    # The ids of all these events are the same double: who reads `id` cannot tell them apart.
                    eventId=FIRST_EVENT + len(events),
                    incidentId=incident["incidentId"],
                    eventType=event_type,
                    receiveTime=received,
                    rawMessage=message.format(when=_syslog_time(received)),
                    attributes={
                        "Event Type": event_type,
                        "Reporting IP": incident["incidentRptIp"],
                        "Reporting Device": incident["incidentRptDevName"],
                        **attributes,
                    },
                )
            )
    return events


def _syslog_time(milliseconds: int) -> str:
    when = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return f"{when:%b} {when.day:2} {when:%H:%M:%S}"
