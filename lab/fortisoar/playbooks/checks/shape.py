"""Checks that a playbook is written down whole enough to be read: without them, no other check can look at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

NEEDED = {"steps": ("uuid", "stepType"), "routes": ("uuid", "sourceStep", "targetStep")}


def check_shape(workflow: Any) -> Iterator[str]:
    """Check one playbook, which may be any JSON."""
    if not isinstance(workflow, dict):
        yield "a playbook must be an object"
        return
    if not workflow.get("uuid"):
        yield "the playbook has no uuid"
    for part, keys in NEEDED.items():
        rows = workflow.get(part) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            yield f"{part} must be a list of objects"
            continue
        for row in rows:
            for key in keys:
                if not isinstance(row.get(key), (str, dict)) or not row[key]:
                    yield f"the {part[:-1]} {row.get('name')!r} has no {key}"
