"""The libraries that the connector runs with, as they are locked for each Python."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from .archive import BuildError

PYTHONS = ("3.9", "3.12")
LOCK = "tests/package/libraries/newest-{}.txt"
REQUIREMENTS = "-r requirements.txt"  # as the lock names it
# SPDX expressions. No lock has them; a test compares them with what the installed packages say.
LICENCES = {
    "attrs": "MIT",
    "certifi": "MPL-2.0",
    "charset-normalizer": "MIT",
    "idna": "BSD-3-Clause",
    "jsonschema": "MIT",
    "jsonschema-specifications": "MIT",
    "referencing": "MIT",
    "requests": "Apache-2.0",
    "rpds-py": "MIT",
    "typing-extensions": "PSF-2.0",
    "urllib3": "MIT",
}


@dataclass(frozen=True)
class Library:
    """One locked library.

    Parameters:
        hashes: SHA-256 of each of its files that may be installed.
        needed_by: names of libraries, or ``REQUIREMENTS``.
    """

    name: str
    version: str
    hashes: list[str] = field(default_factory=list)
    needed_by: list[str] = field(default_factory=list)


def libraries(python: str, root: Path) -> list[Library]:
    """Return what is locked for a Python, sorted by name. Raises BuildError where a library has no hash."""
    lock = LOCK.format(python)
    found: list[Library] = []
    for line in (root / lock).read_text("ascii").splitlines():
        if pin := re.match(r"([\w.-]+)==([^\s;\\]+)", line):
            found.append(Library(pin[1], pin[2]))
        elif of_file := re.match(r"    --hash=sha256:([0-9a-f]{64})", line):
            found[-1].hashes.append(of_file[1])
        elif needing := re.match(r"    # (?:via |  )(.+)", line):
            found[-1].needed_by.append(needing[1])
    for each in found:
        if not each.hashes:
            raise BuildError(f"{lock} has no hash of {each.name}. Run make lock.")
    return found
