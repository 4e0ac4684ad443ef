"""What public sources leave open about how FortiSOAR runs playbooks and stores their records."""

from __future__ import annotations

from ...kit.switches import Switch

PLAYBOOK_SWITCHES = (
    Switch(
        "digits_in_set_variable",
        ("text", "number"),
        "Whether a Set Variable step makes a number of a text of digits: two published ingestion playbooks count on "
        "it, no capture shows it.",
    ),
    Switch(
        "undefined_attribute",
        ("fails", "empty"),
        "Whether a template that asks what is undefined for an attribute fails, as Jinja does by itself, or gets an "
        "empty text.",
    ),
    Switch(
        "updatemacro_creates",
        (False, True),
        "Whether updatemacro makes a global variable that is absent: measured not to, while one version of its title "
        "says Create/Update.",
    ),
    Switch(
        "refused_record_in_bulk",
        ("fails", "passes"),
        "Whether a bulk step of which a single record was refused fails; no source.",
    ),
    Switch(
        "upsert_of_deleted_record",
        ("conflict", "restore"),
        "Whether an upsert of a record in the recycle bin is refused, as its unique values are reserved, or restores "
        "it; no source.",
    ),
)
