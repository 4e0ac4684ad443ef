"""What is made inside pages that are written by hand: the text between ``<!-- made: NAME -->`` and ``<!-- end -->``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from lab.fortisiem.versions import VERSIONS

from .archive import ROOT, BuildError
from .form_table import form_table
from .markdown import code, table
from .troubleshooting import TROUBLES

PAGES = ("docs/README.md", "docs/by-http.md", "docs/troubleshooting.md")
BLOCK = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
LIBRARIES = ("requests", "urllib3", "jsonschema")
SETS = "tests/package/libraries"
NOTES = "release_notes.md"
# What an example of a configuration has in place of a text that only the reader knows.
EXAMPLES_OF_VALUES = {"password": "********", "text": "..."}


def filled_pages() -> dict[str, str]:
    """Return the pages with their blocks as they are made now, by path."""
    info = json.loads((ROOT / "info.json").read_text("utf-8"))
    return {path: _filled((ROOT / path).read_text("utf-8"), info) for path in PAGES}


def _filled(text: str, info: dict[str, Any]) -> str:
    def block(found: re.Match[str]) -> str:
        if found[2] not in BLOCKS:
            raise BuildError(f"Nothing makes the block {found[2]}. Those that are made: {', '.join(BLOCKS)}.")
        return f"{found[1]}\n{BLOCKS[found[2]](info)}\n{found[3]}"

    return BLOCK.sub(block, text)


def _versions(info: dict[str, Any]) -> str:
    oldest, newest = _pins("oldest"), _pins("newest-3.12")
    libraries = ", ".join(f"{name} {oldest[name]} to {newest[name]}" for name in LIBRARIES)
    return table(
        ("What", "Version"),
        (
            ("Connector", info["version"]),
            ("Published by", f"{info['publisher']}; certified: {'yes' if info['cs_approved'] else 'no'}"),
            ("FortiSOAR", "7.6 or newer. Not tested on a real appliance"),
            ("FortiMonitor", "API version 2. Not tested on a real account"),
            ("FortiSIEM", "5.2.5 or newer for updates, 6.3 or newer for all else. Not tested on a real server"),
            ("The local FortiSIEM of the tests", f"forms of {', '.join(VERSIONS)}"),
            ("Python", "3.9 and 3.12: the package's own tests run on both"),
            ("Libraries", libraries),
        ),
    )


def _pins(name: str) -> dict[str, str]:
    lines = (ROOT / SETS / f"{name}.txt").read_text("utf-8").splitlines()
    return dict(line.split()[0].split("==") for line in lines if "==" in line)


def _release_notes(info: dict[str, Any]) -> str:
    return re.sub(r"^#### (.*)$", r"**\1**", (ROOT / NOTES).read_text("utf-8").strip(), flags=re.MULTILINE) + "\n"


def _configuration(info: dict[str, Any]) -> str:
    return form_table(info["configuration"]["fields"])


def _actions(info: dict[str, Any]) -> str:
    shown = (action for action in info["operations"] if action["visible"])
    return table(
        ("Action", "What it does", "Category"),
        (
            (f"[{each['title']}](actions/{each['operation']}.md)", each["description"], each["category"])
            for each in shown
        ),
    )


def _playbooks(info: dict[str, Any]) -> str:
    collection = json.loads((ROOT / "playbooks" / "playbooks.json").read_text("ascii"))["data"][0]
    samples = {action["title"]: action["operation"] for action in info["operations"]}
    others = [each for each in collection["workflows"] if each["name"] not in samples]
    of_actions = [each["name"] for each in collection["workflows"] if each["name"] in samples]
    parts = [
        f"The collection is called *{collection['name']}*.\n",
        table(("Playbook", "What it does"), ((each["name"], each["description"]) for each in others)),
        "And one sample for each action, with the action's title:\n",
        "\n".join(f"- [{title}](actions/{samples[title]}.md)" for title in of_actions) + "\n",
    ]
    return "\n".join(parts)


def _troubles(info: dict[str, Any]) -> str:
    rows = (("\n".join(f"*{piece}*" for piece in each.seen), each.why, each.what_to_do) for each in TROUBLES)
    return table(("What you see", "Why", "What to do"), rows)


def _variables(info: dict[str, Any]) -> str:
    name, version = info["name"], info["version"]
    lines = (
        "FORTISOAR=https://fortisoar.example.com",
        "CA=fortisoar-ca.pem",
        "LOGIN=csadmin",
        "PASSWORD=...",
        "API_KEY=...",
        f"VERSION={version}",
        f"ARCHIVE={name}-{version}.tgz",
        "CONFIGURATION=configuration.json",
    )
    return code("\n".join(lines), "sh")


def _example_of_configuration(info: dict[str, Any]) -> str:
    values = _values(info["configuration"]["fields"])
    return code(json.dumps(values, indent=2), "json")


def _values(fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a form holds as it comes up; a required field without a default has something to replace."""
    values = {}
    for form in fields:
        if form.get("required") or form.get("value") not in (None, ""):
            values[form["name"]] = form.get("value", EXAMPLES_OF_VALUES.get(form["type"], ""))
        chosen = json.dumps(form["value"]) if form["type"] == "checkbox" else form.get("value")
        values.update(_values(form.get("onchange", {}).get(chosen, [])))
    return values


BLOCKS: dict[str, Callable[[dict[str, Any]], str]] = {
    "versions": _versions,
    "release-notes": _release_notes,
    "configuration": _configuration,
    "actions": _actions,
    "playbooks": _playbooks,
    "troubles": _troubles,
    "variables": _variables,
    "example-of-configuration": _example_of_configuration,
}
