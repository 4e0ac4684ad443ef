"""The picklists that a fresh FortiSOAR of the lab has.

Severity, AlertStatus and the item New of AlertState carry the uuids of an 8.0 capture. All other items: assumed,
no source; an appliance has uuids of its own, so playbooks look items up by their text.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import NAMESPACE_URL, uuid5

PICKLISTS: Mapping[str, tuple[str, ...]] = {
    "Severity": ("Minimal", "Low", "Medium", "High", "Critical"),
    "AlertStatus": ("Open", "Investigating", "Pending", "Closed", "Re-Opened"),
    "AlertState": ("New", "Extracting Indicators", "Indicator Extracted", "Enrichment Completed"),
    "AlertType": (
        "Brute Force Attempts",
        "Command & Control",
        "Compliance",
        "Data Loss",
        "Denial of Service",
        "Exploit",
        "Insider Threat",
        "Lateral Movement",
        "Malware",
        "Network Outage",
        "Phishing",
        "Policy Violation",
        "Port Scan",
        "Privilege Escalation",
        "Reconnaissance",
        "Suspicious Email",
        "Suspicious Login",
        "Unauthorized Access",
        "Vulnerability",
        "Other / Unknown",
    ),
    "SLAState": ("Met", "Missed", "Awaiting Action", "Paused"),
    "EscalatedToIncident": ("Yes", "No"),
    "YesNo": ("Yes", "No"),
    "ClosureReason": ("Duplicate", "Exempt", "False Positive", "Risk Accept", "Resolved"),
    "DeviceType": ("Firewall", "Network", "Server", "Storage", "Workstation", "Other"),
    "EmailClassification": ("Benign", "Phishing", "Spam"),
    "KillChainPhase": (
        "Reconnaissance",
        "Weaponization",
        "Delivery",
        "Exploitation",
        "Installation",
        "Command & Control",
        "Actions on Objectives",
    ),
    "IncidentStatus": ("Open", "In Progress", "Pending", "Resolved", "Closed"),
    "IncidentCategory": ("Denial of Service", "Malware", "Network Outage", "Phishing", "Unauthorized Access", "Other"),
    "IncidentPhase": ("Detection", "Confirmation", "Containment", "Eradication", "Recovery", "Aftermath"),
    "DeliveryVector": ("Email", "External Media", "Network", "Web", "Other"),
    "IndicatorType": ("Domain", "Email Address", "FileHash-MD5", "FileHash-SHA256", "Host", "IP Address", "URL"),
    "IndicatorReputation": ("Good", "Malicious", "No Reputation Available", "Suspicious", "TBD"),
    "TrafficLightProtocol": ("White", "Green", "Amber", "Red"),
    "TaskStatus": ("Awaiting", "In Progress", "Completed", "Skipped"),
    "TaskPriority": ("Low", "Medium", "High"),
    "TaskType": ("Manual", "Approval"),
    "CommentType": ("Comment", "Reply"),
    "AttachmentType": ("Evidence", "Report", "Other"),
    "WarroomStatus": ("Active", "Closed"),
}

_CAPTURED = {
    "Severity": "4e80cba3-032f-48b4-ac03-17e3ec247aac",
    "AlertStatus": "33e964a9-d607-49f2-813c-7ce46141815a",
    "Severity/Minimal": "0d609b08-45e0-469f-8910-41145c0b7c03",
    "Severity/Low": "58d0753f-f7e4-403b-953c-b0f521eab759",
    "Severity/Medium": "b3c20a3a-ecfd-4adc-a225-0205968e6793",
    "Severity/High": "40187287-89fc-4e9c-b717-e9443d57eedb",
    "Severity/Critical": "7efa2220-39bb-44e4-961f-ac368776e3b0",
    "AlertStatus/Open": "7de816ff-7140-4ee5-bd05-93ce22002146",
    "AlertStatus/Investigating": "758925e7-629c-46d8-89db-fb36f5fbe88a",
    "AlertStatus/Pending": "a53d5465-75a6-4b7a-8144-4eccc23cea4a",
    "AlertStatus/Closed": "fac53e73-8d16-4189-98d5-95fbd1555232",
    "AlertStatus/Re-Opened": "891fb9d5-556c-44c6-9f7d-94a27dec732e",
    "AlertState/New": "a1bac09b-1441-45aa-ad1b-c88744e48e72",
}
COLORS: Mapping[str, str] = {
    "Severity/Minimal": "#42C5F3",
    "Severity/Low": "#16A34A",
    "Severity/Medium": "#D9BC00",
    "Severity/High": "#F06105",
    "Severity/Critical": "#B22222",
    "AlertStatus/Open": "#264EA1",
    "AlertStatus/Investigating": "#25A5AE",
    "AlertStatus/Pending": "#D9BC00",
    "AlertStatus/Closed": "#596374",
    "AlertStatus/Re-Opened": "#F19C3F",
}


def picklist_uuid(key: str) -> str:
    """Return the uuid of a picklist, ``Severity``, or of an item of it, ``Severity/High``."""
    return _CAPTURED.get(key) or str(uuid5(NAMESPACE_URL, f"picklist:{key}"))
