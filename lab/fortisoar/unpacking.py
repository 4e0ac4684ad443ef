"""Archives unpacked with care: every member is looked at here, whatever Python's own tarfile lets through."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

LARGEST = 50 * 2**20  # bytes unpacked, with the archive's own headers; the appliance's own limit is not known
MOST_MEMBERS = 5000
LONGEST_NAME = 255  # bytes of one file's name, as file systems have it
LONGEST_PATH = 1000
# A header that only describes the next one: a long name, or a PAX header. It is read at once and parsed slowly.
DESCRIBING = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
LARGEST_DESCRIPTION = 8 * 2**10


class BadArchive(Exception):
    """The importer would refuse this archive; the text says why."""


@dataclass(frozen=True)
class Member:
    """A file or a folder of an archive.

    Parameters:
        name: its path, with slashes.
        content: None for a folder.
        is_executable: whether a file may be executed.
    """

    name: str
    content: bytes | None
    is_executable: bool = False


def read_members(archive: bytes) -> list[Member]:
    """Return what a gzip-compressed tar archive holds.

    Raises: BadArchive for what is incomplete or too large, or could reach beyond the folder that it is unpacked in.
    """
    try:
        unpacked = _decompressed(archive)
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:", tarinfo=_Header) as tar:
            members = list(_members(tar, unpacked))
    except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, RecursionError) as error:
        raise BadArchive(f"The file is not a complete gzip-compressed tar archive: {error}.") from error
    _check_places(members)
    return members


def unpack(members: list[Member], folder: Path) -> None:
    """Write what ``read_members`` returned into an empty folder."""
    for member in members:
        path = folder / member.name
        if member.content is None:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(member.content)
        path.chmod(0o755 if member.is_executable else 0o644)


def _decompressed(archive: bytes) -> bytes:
    """Return the whole tar archive; a few kilobytes of gzip may hold gigabytes, so what comes out is counted."""
    with gzip.GzipFile(fileobj=io.BytesIO(archive)) as file:
        unpacked = file.read(LARGEST + 1)
    if len(unpacked) > LARGEST:
        raise _too_large()
    return unpacked


class _Header(tarfile.TarInfo):
    """A header as tarfile reads it, checked before tarfile acts on it."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        header = super().frombuf(buf, encoding, errors)
        if header.type in DESCRIBING and not 0 <= header.size <= LARGEST_DESCRIPTION:
            raise BadArchive(f"A name or PAX header of the archive is larger than {LARGEST_DESCRIPTION} bytes.")
        return header


def _members(tar: tarfile.TarFile, unpacked: bytes) -> Iterator[Member]:
    end = 0
    for number, member in enumerate(tar, start=1):
        if number > MOST_MEMBERS:
            raise BadArchive(f"The archive holds more than {MOST_MEMBERS} files and folders.")
        _check_kind(member)
        check_name(member.name)
        content = _content(tar, member)
        end = member.offset_data + _whole_blocks(content)
        yield Member(member.name, content, bool(member.mode & 0o100))
    # tarfile takes a header that it cannot read for the end of the archive.
    if unpacked[end:].strip(b"\0"):
        raise BadArchive("The archive goes on with what is no header of a file, behind its last readable member.")


def _check_kind(member: tarfile.TarInfo) -> None:
    if member.islnk() or member.issym():
        raise BadArchive(f"{member.name!r} is a link, neither a file nor a folder.")
    if not (member.isfile() or member.isdir()) or member.issparse():
        raise BadArchive(f"{member.name!r} is a special file, neither a file nor a folder.")
    if member.size < 0:
        raise BadArchive(f"The size of {member.name!r} is negative.")
    if member.size > LARGEST:
        raise _too_large()


def check_name(name: str) -> None:
    """Check that a member's name is a path within the folder that it is unpacked in; raise BadArchive."""
    parts = name.split("/")
    if not name.isprintable():
        raise BadArchive(f"{name!r} has characters that no file needs.")
    if "\\" in name or re.match("[A-Za-z]:", name):
        raise BadArchive(f"{name!r} is a path of Windows; folders are divided by slashes.")
    if name.startswith("/") or {"..", ".", ""} & set(parts):
        raise BadArchive(f"{name!r} does not start with a folder of the archive, or leaves it.")
    if len(name.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_NAME for part in parts):
        raise BadArchive(f"{name[:40]!r}... is too long: a name may have {LONGEST_NAME} bytes, a path {LONGEST_PATH}.")


def _check_places(members: list[Member]) -> None:
    """Check that each member has a place of its own."""
    files = {member.name for member in members if member.content is not None}
    folders = {member.name for member in members if member.content is None}
    folders |= {str(above) for member in members for above in PurePosixPath(member.name).parents}
    if both := files & folders:
        raise BadArchive(f"{min(both)!r} is both a file and a folder.")
    if twice := [name for name, count in Counter(member.name for member in members).items() if count > 1]:
        raise BadArchive(f"{twice[0]!r} is in the archive twice.")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    file = tar.extractfile(member)
    content = file.read() if file else None
    if content is not None and len(content) != member.size:
        raise BadArchive(f"The archive ends within {member.name!r}.")
    return content


def _whole_blocks(content: bytes | None) -> int:
    return -(-len(content or b"") // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _too_large() -> BadArchive:
    return BadArchive(f"The archive unpacks to more than {LARGEST} bytes.")
