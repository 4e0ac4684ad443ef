"""Is a release what its maker released? Checked are checksums, signature, and what the bills of materials are about.

A release is a folder, or a bundle, which is a folder in an archive. Nothing of it is unpacked or run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from lab.fortisoar.unpacking import BadArchive, read_members

from .bill import ENDING
from .checksums import SUMS, NotTrusted, read_sums
from .sshsig import SIGNATURE, fingerprint, public_keys, verify

BUNDLE = "-bundle.tgz"


class Verified(NamedTuple):
    """What was found to be in order.

    Parameters:
        files: names of those whose checksum is right.
        others: names of those that no checksum is of.
        signer: the fingerprint of the key that signed; None without a signature.
    """

    files: list[str]
    others: list[str]
    signer: str | None


def verified(place: Path, signer: Path | None = None) -> Verified:
    """Check a release: a folder, a bundle, or the folder of an archive.

    Parameters:
        signer: holds the public keys that may have signed it. With it, a release without a signature is refused.
    Raises: NotTrusted naming the files that are not what they should be.
    """
    if not place.exists():
        raise NotTrusted(f"{place} does not exist.")
    is_one_of_a_folder = place.is_file() and not place.name.endswith(BUNDLE)
    files = _Folder(place) if place.is_dir() else _Folder(place.parent) if is_one_of_a_folder else _in_bundle(place)
    key = _signed_by(files, signer)
    listed = read_sums(_there(files, SUMS))
    problems = [f"{name}: {problem}" for name, sum in listed.items() if (problem := _problem(files.get(name), sum))]
    if is_one_of_a_folder and place.name not in listed:
        problems.append(f"{place.name}: {SUMS} does not list it.")
    if problems:
        raise NotTrusted("\n".join(problems))
    _check_bills(files, listed)
    others = set() if is_one_of_a_folder else {*files} - {*listed, SUMS, SIGNATURE}
    return Verified(sorted(listed), sorted(others), fingerprint(key) if key else None)


class _Folder(Mapping[str, bytes]):
    """The files in a folder, read when they are asked for: there may be many others beside a release."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return (file.relative_to(self._folder).as_posix() for file in self._folder.rglob("*") if file.is_file())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _in_bundle(path: Path) -> dict[str, bytes]:
    """Return the files in a bundle's one folder."""
    try:
        members = read_members(path.read_bytes())
    except BadArchive as error:
        raise NotTrusted(f"{path.name}: {error}") from None
    return {each.name.partition("/")[2]: each.content for each in members if each.content is not None}


def _there(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise NotTrusted(f"{name}: it is missing.")
    return files[name]


def _problem(content: bytes | None, wanted: str) -> str | None:
    if content is None:
        return "it is missing."
    return None if sha256(content).hexdigest() == wanted else f"it is not the file that {SUMS} lists."


def _signed_by(files: Mapping[str, bytes], signer: Path | None) -> bytes | None:
    """Return the public key that signed the checksums, None where nobody did."""
    if signer is None and SIGNATURE not in files:
        return None
    key = verify(_there(files, SUMS), _there(files, SIGNATURE))
    if signer is not None and key not in public_keys(signer.read_bytes(), signer.name):
        raise NotTrusted(f"{SIGNATURE} was made by {fingerprint(key)}, a key that {signer.name} does not have.")
    return key


def _check_bills(files: Mapping[str, bytes], listed: Mapping[str, str]) -> None:
    """Check that there are bills of materials, each of an archive that is there, and that they cover every wheel."""
    covered: set[str] = set()
    names = [name for name in listed if name.endswith(ENDING)]
    for name in names:
        try:
            bill = json.loads(files[name])
            of = _hashes(bill["metadata"]["component"])
            covered |= {
                each for part in bill["components"] for file in part["externalReferences"] for each in _hashes(file)
            }
        except (ValueError, TypeError, LookupError):
            raise NotTrusted(f"{name}: it is no bill of materials as the build writes it.") from None
        if not of.intersection(listed.values()):
            raise NotTrusted(f"{name}: it is of another archive than the one that is there.")
    if not names:
        raise NotTrusted(f"{SUMS} lists no bill of materials (*{ENDING}).")
    for name, sum in listed.items():
        if name.endswith(".whl") and sum not in covered:
            raise NotTrusted(f"{name}: no bill of materials has it.")


def _hashes(holder: Any) -> set[str]:
    return {each["content"] for each in holder["hashes"]}
