"""A release: the archive, a bill of materials for each Python, and the checksums of all of them."""

from __future__ import annotations

import json
from pathlib import Path

from .archive import ROOT, build
from .bill import bill, bill_name
from .checksums import SUMS, sums
from .libraries import PYTHONS
from .sshsig import SIGNATURE


def make_release(folder: Path, root: Path = ROOT) -> list[Path]:
    """Write a release into a folder; return its files, the archive first.

    Like those of the archive, the bytes are the same wherever, whenever and by whomever they are made. Thus a
    signature stays while nothing has changed; one of another release is removed.
    """
    archive = build(folder, root)
    info = json.loads((root / "info.json").read_text("ascii"))
    made = [archive]
    for python in PYTHONS:
        made.append(folder / bill_name(archive, python))
        made[-1].write_text(bill(archive, info, python, root), "ascii", newline="\n")
    made.append(folder / SUMS)
    text = sums({each.name: each.read_bytes() for each in made[:-1]}).encode()
    if not made[-1].is_file() or made[-1].read_bytes() != text:
        (folder / SIGNATURE).unlink(missing_ok=True)
        made[-1].write_bytes(text)
    return made
