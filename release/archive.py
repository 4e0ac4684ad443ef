"""The archive that FortiSOAR imports: one folder named like the connector, byte for byte the same at every build."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHIPPED = (
    "info.json",
    "connector.py",
    "requirements.txt",
    "LICENSE",
    "release_notes.md",
    "core/*.py",
    "core/http/*.py",
    "clients/*.py",
    "clients/fortimonitor/*.py",
    "clients/fortisiem/*.py",
    "operations/*.py",
    "images/*.png",
    "playbooks/playbooks.json",
)
TEXT = {".json", ".md", ".py", ".txt", ""}


class BuildError(Exception):
    """A package that must not be shipped as it stands."""


def shipped_files(root: Path = ROOT) -> list[Path]:
    """Return the package's files, sorted. Raises BuildError where a pattern finds none."""
    files = []
    for pattern in SHIPPED:
        found = sorted(root.glob(pattern))
        if not found:
            raise BuildError(f"Nothing matches {pattern}: the package is not complete.")
        files += found
    return sorted(files)


def build(folder: Path, root: Path = ROOT) -> Path:
    """Write ``<name>-<version>.tgz`` into a folder and return its path.

    Times, owners and order are fixed, so that the same files make the same bytes.
    Raises BuildError where a file is missing or a text file is not ASCII (FortiSOAR reads some as latin-1).
    """
    info = json.loads((root / "info.json").read_text("utf-8"))
    for file in shipped_files(root):
        if file.suffix in TEXT and not file.read_bytes().isascii():
            raise BuildError(f"{file.relative_to(root)} is not ASCII only.")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{info['name']}-{info['version']}.tgz"
    target.write_bytes(gzip.compress(_tar(info["name"], root), mtime=0))
    return target


def _tar(name: str, root: Path) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for file in shipped_files(root):
            data = file.read_bytes()
            entry = tarfile.TarInfo(f"{name}/{file.relative_to(root).as_posix()}")
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return content.getvalue()
