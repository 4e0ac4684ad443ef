"""The page ``docs/actions.md``: every action with its parameters and what it returns, from info.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from vendor.connectors_sdk_shim.loader import import_module

from .archive import ROOT

PAGE = "docs/actions.md"
GROUPS = {
    "FortiMonitor": ("fortimonitor", "custom_incident", "force_resolve_incident", "textkeys"),
    "FortiSIEM": ("siem_incident", "fortisiem"),
    "Both products, and many incidents at once": ("",),
}
TOGETHER = {"escalate_siem_incident", "update_siem_incidents", "force_resolve_incidents"}
# What the products' documentation leaves open: too long for a form, and needed by whoever depends on it.
DOUBTS = {
    "`auto_close_duration`": "Only FortiMonitor's API schema has it. The unit is taken to be seconds.",
    "`plugin_textkey`, `resource_textkey`": "Whether FortiMonitor lists those of custom incidents is documented "
    "nowhere. What is not offered can be typed.",
    "choices of textkeys": "Where FortiSOAR does not hand over the other fields of the form, those of all types of "
    "resources are offered.",
    "`user` of a note": "It is optional in FortiMonitor's API schema, but FortiMonitor may insist on one.",
    "`comments`, `comment`": "Whether FortiSIEM appends a comment or overwrites those before depends on its version.",
}
INTRODUCTION = """\
# The actions

Every action is called with `POST /api/integration/execute/` or as a step of a playbook. Values may come as text (`"1"`,
`"true"`, JSON text) or in their own type. Times are ISO 8601 with offset, epoch seconds, or `YYYY-MM-DD HH:MM:SS` in
UTC; results show them as ISO 8601 in UTC. [Outcomes you can trust](outcomes.md) says what `outcome`, `changed`,
`confirmed_by` and `attempts` mean.

This page is made by `make docs` from `info.json`.
"""


def action_page() -> str:
    """Return the page's text."""
    info = json.loads((ROOT / "info.json").read_text("ascii"))
    shown = [action for action in info["operations"] if action["visible"]]
    parts = [INTRODUCTION]
    for title in GROUPS:
        parts.append(f"## {title}\n")
        for action in shown:
            if _group(action["operation"]) == title:
                parts += _action(action)
    return "\n".join([*parts, *_versions(), *_doubts()])


def _group(name: str) -> str:
    if name in TOGETHER:
        return list(GROUPS)[-1]
    return next(title for title, parts in GROUPS.items() if any(part in name for part in parts))


def _action(action: dict[str, Any]) -> Iterator[str]:
    yield f"### {action['title']}\n"
    yield f"`{action['operation']}`. {action['description']}\n"
    if action["parameters"]:
        yield _table(("parameter", "kind", "what it is"), map(_parameter, action["parameters"]))
    yield f"Returns {_returned(action['output_schema'])}.\n"


def _parameter(field: dict[str, Any]) -> Sequence[str]:
    kind = field["type"]
    if "options" in field:
        kind += ": " + ", ".join(field["options"])
    elif "apiOperation" in field:
        kind = "text, or a choice from FortiMonitor"
    default = f" Default: `{json.dumps(field['value'])}`." if "value" in field else ""
    return f"`{field['name']}` ({field['title']})", kind, field["description"] + default


def _returned(schema: Any) -> str:
    if isinstance(schema, list):
        return f"a list of {_returned(schema[0])}"
    return ", ".join(
        f"`{name}`" + (f" ({_returned(value)})" if _is_rows(value) else "") for name, value in schema.items()
    )


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and isinstance(value[0], dict)


def _versions() -> Iterator[str]:
    yield "## What needs which FortiSIEM\n"
    yield "A server is asked for what it has; an action that it cannot do says from which version on it can.\n"
    features = import_module(ROOT, "clients.fortisiem.versions").FEATURES
    yield _table(("from version", "what"), ((feature.version, feature.about) for feature in features))


def _doubts() -> Iterator[str]:
    yield "## What the products' documentation leaves open\n"
    yield _table(("what", "what is known"), DOUBTS.items())


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
