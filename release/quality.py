"""The quality scale: which of its rules the connector keeps, what holds each, and the tier that is reached.

The rules and tiers are those of Home Assistant's Integration Quality Scale, the only public one of its kind that names
every rule. ``quality.yaml`` says of each what it means here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from .archive import ROOT, BuildError
from .check import RULES
from .markdown import table

FILE = "quality.yaml"
PAGE = "docs/development/quality.md"
DONE, TODO, EXEMPT = "done", "todo", "exempt"
IN_TIERS = {
    "bronze": "action-setup appropriate-polling brands common-modules config-flow-test-coverage config-flow"
    " dependency-transparency docs-actions docs-conditions docs-high-level-description docs-installation-instructions"
    " docs-removal-instructions docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data"
    " test-before-configure test-before-setup unique-config-entry",
    "silver": "action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters"
    " entity-unavailable integration-owner log-when-unavailable parallel-updates reauthentication-flow test-coverage",
    "gold": "devices diagnostics discovery discovery-update-info docs-data-update docs-examples docs-known-limitations"
    " docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices"
    " entity-category entity-device-class entity-disabled-by-default entity-translations exception-translations"
    " icon-translations reconfiguration-flow repair-issues stale-devices",
    "platinum": "async-dependency inject-websession strict-typing",
}
TIERS = {tier: rules.split() for tier, rules in IN_TIERS.items()}
INTRODUCTION = """\
# Quality

The rules of Home Assistant's [Integration Quality Scale](https://developers.home-assistant.io/docs/core/integration-quality-scale/),
read for a FortiSOAR connector. A tier is reached if each of its rules, and of those below, is done or exempt. What is
done is held by tests and by [rules of `release check`](rules.md): they fail once it is no longer so.

This page is made by `make docs` from `quality.yaml`.
"""


class Kept(NamedTuple):
    """How one rule of the scale is kept.

    Parameters:
        here: what it means for a connector, or why it is exempt.
        held_by: tests as ``path::name``, and ids of rules of ``release check``.
    """

    status: str
    here: str
    held_by: list[str]


def quality(root: Path = ROOT) -> dict[str, Kept]:
    """Return how each rule of the scale is kept.

    Raises: BuildError naming each rule that is missing or unknown, and each check that is not there.
    """
    stated = yaml.safe_load((root / FILE).read_text("utf-8"))
    kept = {name: Kept(each["status"], each["here"], each.get("held_by", [])) for name, each in stated.items()}
    known = [name for rules in TIERS.values() for name in rules]
    problems = [f"{FILE} lacks {name}." for name in known if name not in kept]
    problems += [f"{FILE} has {name}, which the scale does not have." for name in kept if name not in known]
    problems += [problem for name, each in kept.items() for problem in _problems(name, each, root)]
    if problems:
        raise BuildError(" ".join(problems))
    return {name: kept[name] for name in known}


def _problems(name: str, kept: Kept, root: Path) -> Iterator[str]:
    if kept.status not in {DONE, TODO, EXEMPT}:
        yield f"{name} is neither {DONE}, {TODO} nor {EXEMPT}."
    if (kept.status == DONE) != bool(kept.held_by):
        yield f"{name} is {kept.status} {'and nothing holds it' if kept.status == DONE else 'and names what holds it'}."
    for check in kept.held_by:
        if check not in RULES and not _is_test(check, root):
            yield f"{name} is held by {check}, which is not there."


def _is_test(name: str, root: Path) -> bool:
    path, _, function = name.partition("::")
    return function.startswith("test_") and (root / path).is_file() and function in _functions(root / path)


@cache
def _functions(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}


def reached(kept: dict[str, Kept]) -> str | None:
    """Return the highest tier of which, as of those below, every rule is done or exempt."""
    highest = None
    for tier, rules in TIERS.items():
        if any(kept[name].status == TODO for name in rules):
            break
        highest = tier
    return highest


def in_words(kept: dict[str, Kept]) -> Iterator[str]:
    """Yield a line for each tier, and one for the tier that is reached."""
    for tier, rules in TIERS.items():
        counts = {status: sum(kept[name].status == status for name in rules) for status in (DONE, EXEMPT, TODO)}
        yield f"{tier.capitalize():8} " + ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    yield f"Reached: {reached(kept) or 'none'}."


def quality_page(root: Path = ROOT) -> str:
    """Return the page's text. Raises BuildError as ``quality`` does."""
    kept = quality(root)
    *tiers, highest = in_words(kept)
    parts = [INTRODUCTION, f"**{highest}**\n", "\n".join(f"- {' '.join(each.split())}" for each in tiers) + "\n"]
    for tier, rules in TIERS.items():
        rows = ((name, kept[name].status, kept[name].here, _checks(kept[name])) for name in rules)
        parts += [f"## {tier.capitalize()}\n", table(("rule", "", "what it means here", "held by"), rows)]
    return "\n".join(parts)


def _checks(kept: Kept) -> str:
    return "\n".join(f"`{check}`" for check in kept.held_by)
