"""The pages ``docs/actions.md`` and ``docs/actions/*.md``: every action with its form, an example and its output.

The forms come from info.json, the examples from what the lab executed last (see ``executed``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from vendor.connectors_sdk_shim.loader import import_module

from .archive import ROOT, BuildError
from .executed import CONFIGURATION, example_of, kept
from .form_table import form_table
from .markdown import as_json, code, table

INDEX = "docs/actions.md"
FOLDER = "docs/actions"
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

Every action is a step of a playbook, or a call of `POST /api/integration/execute/` ([by HTTP](by-http.md)). Values may
come as text (`"1"`, `"true"`, JSON text) or in their own type. Times are ISO 8601 with offset, epoch seconds, or
`YYYY-MM-DD HH:MM:SS` in UTC; results show them as ISO 8601 in UTC. [Outcomes you can trust](outcomes.md) says what
`outcome`, `changed`, `confirmed_by` and `attempts` mean, [Troubleshooting](troubleshooting.md) what errors mean.

Each page has an example that was executed in the [lab](../README.md#the-lab), with its answer. Addresses, times and
versions of software in the answers are replaced by examples; all else is what came.

These pages are made by `make docs` from `info.json` and `release/examples.py`.
"""
# What a request needs: product, method, path, and the permission in words. The first line that fits counts.
PERMISSIONS = (
    ("fortimonitor", "GET", r".*/outage(/.*)?", "read incidents"),
    ("fortimonitor", "GET", r".*/user(/.*)?", "read users"),
    ("fortimonitor", "GET", r".*/server(/.*)?", "read servers and their metrics"),
    ("fortimonitor", "POST", r".*/custom_incident", "create incidents"),
    ("fortimonitor", "POST|PUT", r".*/outage/.*", "change incidents"),
    ("fortisiem", "POST", r".*/incident/external|.*/incident/update/.*", "update incidents"),
    ("fortisiem", "GET|POST", r".*/pub/incident(/.*)?", "read incidents"),
    ("fortisiem", "GET", r".*/system/health/.*", "read the system's health"),
    ("fortisiem", "GET", r".*/config/Domain", "read organizations"),
)
WHO = {"fortimonitor": "In FortiMonitor, the role of the API key", "fortisiem": "In FortiSIEM, the role of the account"}
TITLES = {"fortimonitor": "FortiMonitor", "fortisiem": "FortiSIEM"}
ANY_REQUEST = ("make_fortimonitor_api_request", "make_fortisiem_api_request")


def shown_actions() -> list[str]:
    """Return the operations that have a page, in the order of info.json."""
    info = json.loads((ROOT / "info.json").read_text("utf-8"))
    return [action["operation"] for action in info["operations"] if action["visible"]]


def action_pages() -> dict[str, str]:
    """Return the text of each page, by path. Raises BuildError where the executed examples are not today's."""
    info = json.loads((ROOT / "info.json").read_text("utf-8"))
    actions = [action for action in info["operations"] if action["visible"]]
    executed = kept()
    for action in actions:
        _check_is_todays(action["operation"], executed)
    pages = {
        f"{FOLDER}/{action['operation']}.md": _page(action, info, executed[action["operation"]]) for action in actions
    }
    return {INDEX: _index(actions), **pages}


def _check_is_todays(operation: str, executed: dict[str, Any]) -> None:
    example, found = example_of(operation), executed.get(operation, {})
    if (found.get("params"), found.get("before")) != (example.params, [list(step) for step in example.before]):
        raise BuildError(f"The example of {operation} was not executed as it stands now. Run make docs.")


def _index(actions: list[dict[str, Any]]) -> str:
    parts = [INTRODUCTION]
    for title in GROUPS:
        parts.append(f"## {title}\n")
        rows = (_row(action) for action in actions if _group(action["operation"]) == title)
        parts.append(table(("Action", "Operation", "Category", "What it does"), rows))
    return "\n".join([*parts, *_versions(), *_doubts()])


def _row(action: dict[str, Any]) -> tuple[str, str, str, str]:
    name = action["operation"]
    return f"[{action['title']}](actions/{name}.md)", f"`{name}`", action["category"], action["description"]


def _group(name: str) -> str:
    if name in TOGETHER:
        return list(GROUPS)[-1]
    return next(title for title, parts in GROUPS.items() if any(part in name for part in parts))


def _versions() -> Iterator[str]:
    yield "## What needs which FortiSIEM\n"
    yield "A server is asked for what it has; an action that it cannot do says from which version on it can.\n"
    features = import_module(ROOT, "clients.fortisiem.versions").FEATURES
    yield table(("from version", "what"), ((feature.version, feature.about) for feature in features))


def _doubts() -> Iterator[str]:
    yield "## What the products' documentation leaves open\n"
    yield table(("what", "what is known"), DOUBTS.items())


def _page(action: dict[str, Any], info: dict[str, Any], executed: dict[str, Any]) -> str:
    return "\n".join(_parts(action, info, executed))


def _parts(action: dict[str, Any], info: dict[str, Any], executed: dict[str, Any]) -> Iterator[str]:
    name = action["operation"]
    yield f"# {action['title']}\n"
    yield f"{action['description']}\n"
    yield f"Operation `{name}`, category *{action['category']}*. Back to [all actions](../actions.md).\n"
    yield "## Permissions\n"
    yield "- In FortiSOAR, a role that may execute connectors."
    yield from (f"- {each}" for each in _permissions(name, executed["requests"]))
    yield "\n## Input parameters\n"
    yield form_table(action["parameters"]) if action["parameters"] else "This action has none.\n"
    yield "## Example\n"
    yield "[By HTTP](../by-http.md) says what `FORTISOAR`, `CA` and `TOKEN` hold.\n"
    yield from _before(executed["before"])
    yield code(_curl(name, info, executed["params"]), "sh")
    yield "The answer:\n"
    yield code(as_json(executed["answer"]), "json")
    yield "What the connector sent for it:\n"
    yield code("\n".join(_sent(each) for each in executed["requests"]))
    yield "## Output\n"
    yield "What `data` holds; the lists have any number of such elements:\n"
    yield code(as_json(action["output_schema"]), "json")


def _permissions(name: str, requests: list[str]) -> Iterator[str]:
    if name in ANY_REQUEST:
        yield f"{WHO['fortimonitor' if 'fortimonitor' in name else 'fortisiem']} must allow what you request."
        return
    needed: dict[str, list[str]] = {}
    for request in requests:
        product, method, path = request.split(" ", 2)
        if (permission := _permission(product, method, path)) not in needed.setdefault(product, []):
            needed[product].append(permission)
    for product, permissions in needed.items():
        yield f"{WHO[product]} must allow to {' and to '.join(permissions)}."


def _permission(product: str, method: str, path: str) -> str:
    for asked, methods, pattern, permission in PERMISSIONS:
        if asked == product and re.fullmatch(methods, method) and re.fullmatch(pattern, path):
            return permission
    raise BuildError(f"Nothing says which permission {method} {path} needs. Add it to PERMISSIONS in action_pages.py.")


def _before(steps: list[list[Any]]) -> Iterator[str]:
    if steps:
        names = ", then ".join(f"[`{name}`]({name}.md)" for name, _ in steps)
        yield f"Before it, {names} made what it works on.\n"


def _curl(name: str, info: dict[str, Any], params: dict[str, Any]) -> str:
    body = as_json(
        {
            "connector": info["name"],
            "version": info["version"],
            "config": CONFIGURATION,
            "operation": name,
            "params": params,
        }
    )
    return (
        'curl --cacert "$CA" --header "Authorization: Bearer $TOKEN" --header "Content-Type: application/json" \\\n'
        f"  \"$FORTISOAR/api/integration/execute/\" --data '{_quoted(body)}'"
    )


def _quoted(text: str) -> str:
    """Return a text as it stands between single quotes of a shell."""
    return text.replace("'", "'\\''")


def _sent(request: str) -> str:
    product, rest = request.split(" ", 1)
    return f"{TITLES[product]:12}  {rest}"
