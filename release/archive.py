"""The archive that FortiSOAR imports: one folder named like the connector, byte for byte the same at every build."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import tarfile
from collections.abc import Mapping
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
OS_BYTE, UNKNOWN_OS = 9, 255  # in the header of gzip, RFC 1952
TEXT = {".json", ".md", ".py", ".txt", ""}


class BuildError(Exception):
    """A package that must not be shipped as it stands."""


def shipped_files(root: Path = ROOT) -> list[Path]:
    """Return the package's files, sorted.

    Raises: BuildError where a pattern finds none, or what is no plain file that belongs to the project.
    """
    files = []
    for pattern in SHIPPED:
        found = sorted(root.glob(pattern))
        if not found:
            raise BuildError(f"Nothing matches {pattern}: the package is not complete.")
        files += found
    known = tracked(root)
    for file in files:
        name = file.relative_to(root).as_posix()
        if file.resolve() != root.resolve() / name:
            raise BuildError(f"{name} is a link, and what it leads to would be shipped. Remove it.")
        if file.name.startswith("."):
            raise BuildError(f"{name} is hidden, and would be shipped. Remove it.")
        if known and name not in known:
            raise BuildError(f"{name} would be shipped, but Git does not know it. Add it to Git, or move it away.")
    return sorted(files)


def tracked(root: Path) -> set[str]:
    """Return the files that Git knows; none where this is no checkout."""
    if not (root / ".git").exists():
        return set()
    command = ["git", "-C", str(root), "ls-files", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603 - our own command
    except (OSError, subprocess.CalledProcessError):
        return set()
    return set(listed.stdout.split("\0"))


def build(folder: Path, root: Path = ROOT) -> Path:
    """Write ``<name>-<version>.tgz`` into a folder and return its path.

    Times, owners, order and the ends of lines are fixed, so that the same files make the same bytes everywhere.
    Raises BuildError where a file is missing or a text file is not ASCII (FortiSOAR reads some as latin-1).
    """
    info = json.loads((root / "info.json").read_text("utf-8"))
    for file in shipped_files(root):
        if file.suffix in TEXT and not file.read_bytes().isascii():
            raise BuildError(f"{file.relative_to(root)} is not ASCII only.")
    target = folder / f"{info['name']}-{info['version']}.tgz"
    return write_archive(target, info["name"], _contents(root), tarfile.USTAR_FORMAT)


def _contents(root: Path) -> dict[str, bytes]:
    contents = {file.relative_to(root).as_posix(): file.read_bytes() for file in shipped_files(root)}
    as_on_windows = (name for name in contents if Path(name).suffix in TEXT)
    return {**contents, **{name: contents[name].replace(b"\r\n", b"\n") for name in as_on_windows}}


def write_archive(target: Path, name: str, files: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> Path:
    """Write an archive with one folder, in which the files stand by their paths; return its path.

    Times, owners, order and rights are fixed, so that the same files make the same bytes everywhere.
    """
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as tar:
        for path, data in sorted(files.items()):
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    compressed = bytearray(gzip.compress(content.getvalue(), mtime=0))
    compressed[OS_BYTE] = UNKNOWN_OS  # Python 3.13 writes its own system there, those before 255
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(compressed)
    return target
