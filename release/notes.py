"""``release_notes.md``: what the changelog says of the version that info.json names, as FortiSOAR shows it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from .archive import ROOT, BuildError

PAGE = "release_notes.md"
CHANGELOG = "CHANGELOG.md"
HEADINGS = {"Added": "What's Added", "Changed": "What's Improved", "Fixed": "What's Fixed"}


def release_notes(root: Path = ROOT) -> str:
    """Return the notes. Raises BuildError where the changelog has nothing of this version, or other headings."""
    version = json.loads((root / "info.json").read_text("ascii"))["version"]
    changelog = (root / CHANGELOG).read_text("utf-8")
    section = re.search(rf"^## \[{re.escape(version)}\].*?$(.*?)(?=^## |\Z)", changelog, re.DOTALL | re.MULTILINE)
    parts = re.split(r"^### (.+)\n", section[1], flags=re.MULTILINE)[1:] if section else []
    if not parts:
        raise BuildError(f"{CHANGELOG} has no list of what version {version} brings.")
    notes = []
    for heading, lines in zip(parts[::2], parts[1::2], strict=True):
        if heading not in HEADINGS:
            raise BuildError(f"{CHANGELOG} has '{heading}' in version {version}. Known are {', '.join(HEADINGS)}.")
        notes.append(f"#### {HEADINGS[heading]}\n\n{lines.strip()}\n")
    return "\n".join(notes)
