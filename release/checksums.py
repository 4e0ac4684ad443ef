"""``SHA256SUMS``: the checksums of a release's files, in the form of ``sha256sum``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256

SUMS = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64})  ((?:[\w-][\w.-]*/)*[\w-][\w.-]*)", re.ASCII)


class NotTrusted(Exception):
    """A release that is not what it should be."""


def sums(files: Mapping[str, bytes]) -> str:
    """Return the checksums of files, by name."""
    return "".join(f"{sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))


def read_sums(text: bytes) -> dict[str, str]:
    """Return the checksum of each file.

    Raises: NotTrusted where it has another form than ``sums`` writes, such as names that lead out of the folder.
    """
    lines = text.decode("ascii", "replace").splitlines()
    found = {line[2]: line[1] for line in map(LINE.fullmatch, lines) if line}
    if not found or "".join(f"{found[name]}  {name}\n" for name in sorted(found)).encode() != text:
        raise NotTrusted(f"{SUMS} has another form than the build writes.")
    return found
