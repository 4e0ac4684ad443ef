"""What is told of the findings: on the terminal, as JSON, as SARIF, and the page of all rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from .package import Package
from .rules import RULES, Found, Rule, Scope, Severity

MOST_PLACES = 5
FIRST_OF_MANIFEST = "FSR3"
SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


class Finding(NamedTuple):
    """A rule, and where it is broken."""

    rule: Rule
    found: Found


def findings(package: Package, contribute: bool = False) -> list[Finding]:
    """Return what breaks the rules, errors first.

    Parameters:
        contribute: whether the rules for a contribution to Fortinet's repositories count, too.
    """
    rules = [rule for rule in RULES.values() if contribute or rule.scope is not Scope.CONTRIBUTE]
    if not package.info:  # all else would be found missing
        rules = [rule for rule in rules if rule.id < FIRST_OF_MANIFEST]
    found = [Finding(rule, each) for rule in rules for each in rule.look(package)]
    return sorted(found, key=lambda finding: (finding.rule.severity is not Severity.ERROR, finding.rule.id))


def as_text(found: list[Finding]) -> Iterator[str]:
    """Return the lines for the terminal: each rule once, with its places below it."""
    for id, places in groupby(found, lambda finding: finding.rule.id):
        yield from _told(RULES[id], [place for _, place in places])


def _told(rule: Rule, places: list[Found]) -> Iterator[str]:
    yield f"{rule.severity.value} {rule.id}: {rule.title}"
    yield f"  {rule.why} {rule.fix}"
    for place in places[:MOST_PLACES]:
        value = f": {place.value}" if place.value else ""
        allowed = f" (allowed: {place.allowed})" if place.allowed else ""
        yield f"    {place.where}{value}{allowed}"
    if len(places) > MOST_PLACES:
        yield f"    and {len(places) - MOST_PLACES} more; --form json has all"


def as_json(found: list[Finding]) -> str:
    """Return the findings as a JSON list."""
    rows = [
        {
            "rule": rule.id,
            "severity": rule.severity.value,
            "scope": rule.scope.name.lower(),
            "title": rule.title,
            "where": place.where,
            "value": place.value,
            "allowed": place.allowed,
            "why": rule.why,
            "fix": rule.fix,
        }
        for rule, place in found
    ]
    return json.dumps(rows, indent=2)


def as_sarif(found: list[Finding]) -> str:
    """Return the findings as SARIF 2.1.0, for tools that show them beside the code."""
    rules = list({rule.id: rule for rule, _ in found}.values())
    driver = {
        "name": "fortisoar-connector-check",
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.why},
                "help": {"text": rule.fix},
            }
            for rule in rules
        ],
    }
    results = [
        {
            "ruleId": rule.id,
            "level": rule.severity.value,
            "message": {"text": " ".join(filter(None, (rule.title, place.where, place.value, place.allowed)))},
            "locations": [_location(place.where)],
        }
        for rule, place in found
    ]
    run = {"tool": {"driver": driver}, "results": results}
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def rules_page() -> str:
    """Return the page that lists every rule."""
    lines = [
        "# What `python -m release check` looks at",
        "",
        f"{len(RULES)} rules, made from the code of `release/check`; do not edit this page.",
        "An error ends the command with 1, a warning does not.",
    ]
    for scope in Scope:
        lines += [
            "",
            f"## {scope.value[0].upper()}{scope.value[1:]}",
            "",
            "| rule | what must hold | why | what to do |",
            "|---|---|---|---|",
        ]
        for rule in RULES.values():
            if rule.scope is scope:
                told = f"{rule.title}{'' if rule.severity is Severity.ERROR else ' (warning)'}"
                lines.append(f"| {rule.id} | {_cell(told)} | {_cell(rule.why)} | {_cell(rule.fix)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


def _location(where: str) -> dict[str, Any]:
    file, _, line = where.partition(":")
    path = (
        file
        if "." in file and " " not in file
        else ("playbooks/playbooks.json" if where.startswith("playbook") else "info.json")
    )
    region = {"region": {"startLine": int(line)}} if line.isdigit() else {}
    return {"physicalLocation": {"artifactLocation": {"uri": path}, **region}}
