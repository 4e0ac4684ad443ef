"""What public sources leave open about how FortiSOAR runs playbooks and stores their records."""

from __future__ import annotations

from ...kit.switches import Switch

PLAYBOOK_SWITCHES = (
    Switch(
        "do_until_delay_unit",
        ("seconds", "milliseconds"),
        "The unit of a do_until's delay: seconds by its examples, milliseconds by one note on the designer.",
    ),
    Switch(
        "manual_task_waits",
        (True, False),
        "Whether a Manual Task step waits until its task is completed or skipped, as its script is called wait, or "
        "just creates it.",
    ),
    Switch(
        "bulk_insert_starts_playbooks",
        (False, True),
        "Whether records of a bulk insert start post-create playbooks: seen not to on 7.6, while the guide says so of "
        "every record that is created.",
    ),
    Switch(
        "feed_starts_playbooks",
        (False, True),
        "Whether records of a feed start post-create and post-update playbooks: seen not to on 8.0, while the guide "
        "says so of every record that is ingested.",
    ),
    Switch(
        "bulk_delete_starts_playbooks",
        (True, False),
        "Whether records of a bulk delete start post-delete playbooks; no source.",
    ),
    Switch(
        "link_starts_playbooks",
        (True, False),
        "Whether a link that is made or undone at a relation's address starts post-update playbooks; no source.",
    ),
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
