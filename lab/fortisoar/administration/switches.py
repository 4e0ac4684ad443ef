"""What public sources leave open about FortiSOAR's administration."""

from __future__ import annotations

from ...kit.switches import Switch

ADMINISTRATION_SWITCHES = (
    Switch(
        "bulk_with_api_key",
        ("refused", "works"),
        "Whether /api/3/insert, update, delete and bulkupsert refuse an API key with a 500, as captured on 7.6.5 for "
        "bulkupsert, or take it, as the guide, which says nothing of keys, lets one think.",
    ),
    Switch(
        "licence_deployed_body",
        ("object", "empty"),
        "The body of the answer to a deployed licence: {} or nothing; the guide shows its status alone.",
    ),
    Switch(
        "bad_licence_status",
        (400, 200),
        "The HTTP status for a licence key that cannot be read: no source. With 200 the deployment fails afterwards, "
        "and get_status says so.",
    ),
    Switch(
        "subscription_before_deployment",
        ("null", "absent"),
        "How get_info says that max_users and expiry_time of a Subscription are not known before its deployment.",
    ),
    Switch(
        "unknown_licence_node",
        (400, "empty"),
        "What licence details answer for a node_id that is no node: 400, or no nodes; no source.",
    ),
    Switch(
        "forced_logout_body",
        ("object", "empty"),
        "The body of the answer to a forced logout: {} or nothing; the guide shows the request alone.",
    ),
    Switch(
        "unknown_user_in_logout",
        ("ignored", 400),
        "What a forced logout does with a uuid that is no user's: no source.",
    ),
    Switch(
        "first_login",
        ("ordinary", "reset"),
        "Whether a password that an administrator has set must be changed at the first login; that this strategy "
        "exists was met, what makes a user fall under it was not.",
    ),
    Switch(
        "api_key_of_a_person",
        ("null", "absent"),
        "How a person's row at /api/auth/users says that it has no API key; only rows of keys were captured.",
    ),
    Switch(
        "bulk_people_status",
        (200, 201, 400),
        "What a bulk insert of people is answered with when all went well: 200 as the guide says, 201 as an older "
        "client expects, or the 400 TypeError that was met on 7.6.",
    ),
    Switch(
        "cluster_health_sections",
        ("trimmed", "whole"),
        "Whether section= leaves the other sections out of a node's health: the guide gives the parameter without an "
        "answer.",
    ),
    Switch(
        "unknown_health_node",
        ("empty", 400),
        "What cluster health answers for a nodeId that is no node: an empty list, or 400; no source.",
    ),
    Switch(
        "purged_audit_body",
        ("empty", "object"),
        "The body of the answer to a purge of the audit log: nothing or {}; the guide shows its status alone.",
    ),
    Switch(
        "audit_list_by_get",
        (405, "list"),
        "Whether GET /api/gateway/audit/activities exists: no source has it, and DELETE stands at this address.",
    ),
    Switch(
        "vacuum_answer",
        ("task_id", "result"),
        "What cleaning up the workflow tables is answered with: a task id, or a sentence like deleting is.",
    ),
)
