"""What public sources leave open about FortiSOAR's connector API."""

from __future__ import annotations

from ..kit.switches import Switch

SWITCHES = (
    Switch(
        "coercion",
        (False, True),
        "Whether a connector receives integers and booleans as strings, and absent optional fields as '' or null; "
        "seen on some builds, not measured on 7.6 and 8.0.",
    ),
    Switch(
        "operation_in_envelope",
        ("null", "name"),
        "Whether 'operation' in an action's answer is null (7.6.5 capture) or the action's name (one 8.0 capture).",
    ),
    Switch(
        "unconfigured_health_status",
        (404, 400),
        "The HTTP status of a health check that finds no configuration; clients map 404, no capture exists.",
    ),
    Switch(
        "disconnected_http_status",
        (200, 400),
        "The HTTP status of a health check that ends as Disconnected; 200 is expected, clients read the body anyway.",
    ),
    Switch(
        "error_with_stack_trace",
        (False, True),
        "Whether the 400 of a failed action also carries 'stack_trace' and 'env'; the exact keys were never captured.",
    ),
    Switch(
        "unauthorized_body",
        ("hydra", "message"),
        "The body of a 401: a Hydra error (published description) or a plain 'message' (seen for expired sessions).",
    ),
    Switch(
        "expired_token_status",
        (401, 403),
        "The HTTP status for a bearer token that has expired; clients log in again on either.",
    ),
    Switch(
        "update_reply_status",
        ("object", "integer"),
        "What 'status' holds in the answer to an updated configuration: an object (8.0) or the active flag (7.x).",
    ),
    Switch(
        "existing_config_id",
        ("refuse", "update"),
        "Whether creating a configuration under an existing config_id is refused or updates it; accounts disagree.",
    ),
    Switch(
        "connector_name_suffices",
        (False, True),
        "Whether a configuration can be created without the connector's integer id: 500 as met on 7.6 and 8.0, or "
        "accepted as the vendor's guide says.",
    ),
    Switch(
        "delete_configuration_by_integer",
        (False, True),
        "Whether a configuration can be deleted by its integer id: 500 as met on 7.6.5, or 204 as in the guide.",
    ),
    Switch(
        "incomplete_configuration_status",
        (400, 500),
        "The HTTP status when a required configuration field is missing; both are told.",
    ),
)
