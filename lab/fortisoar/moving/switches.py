"""What public sources leave open about export and import."""

from __future__ import annotations

from ...kit.switches import Switch

MOVING_SWITCHES = (
    Switch(
        "api_key_jobs",
        ("stall", "run"),
        "Whether an export or import that an API key asks for never gets under way, as met on 8.0, or runs.",
    ),
    Switch(
        "exported_secrets",
        ("encrypted", "left_out"),
        "Whether an export carries the passwords of configurations, encrypted with this FortiSOAR's own key, as one "
        "client tells, or leaves them out.",
    ),
    Switch(
        "import_job_created_status",
        (201, 200),
        "The HTTP status of a new import job; no capture exists.",
    ),
    Switch(
        "import_failure_status",
        ("Error", "Import Failed", "Failed"),
        "The status of an import job that failed: clients look for all three.",
    ),
    Switch(
        "unknown_template_status",
        (404, 400),
        "The HTTP status of an export with a template that does not exist; no capture exists.",
    ),
)
