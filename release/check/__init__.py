"""``python -m release check``: judge any connector by rules, each with its reason and its remedy.

Where the rules come from: what FortiSOAR's importer was seen to refuse, the checks that Fortinet runs on contributions,
those of its development kit, and what no tool looks at but an appliance trips over.
"""

from __future__ import annotations

from . import code, collection, files, forms, importing, manifest  # noqa: F401 - each registers its rules
from .package import Package, Unreadable, read
from .report import Finding, as_json, as_sarif, as_text, findings, rules_page
from .rules import RULES, Severity

PAGE = "docs/development/rules.md"

__all__ = [
    "PAGE",
    "RULES",
    "Finding",
    "Package",
    "Severity",
    "Unreadable",
    "as_json",
    "as_sarif",
    "as_text",
    "findings",
    "read",
    "rules_page",
]
