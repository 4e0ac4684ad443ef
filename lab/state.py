"""The lab's state folder: its lock, its keys, and files that appear whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from io import FileIO
from pathlib import Path

from cryptography.fernet import Fernet

from .errors import LabError

IS_SIGNED = re.compile(rb"[0-9]*\n?")
SIGNATURE_FITS = 100  # bytes
WAY_OUT = "Check that the disk has room and that everything there is yours to write, or name another folder."


@dataclass(frozen=True)
class Keys:
    """Every name and secret of one lab, random per state folder."""

    fortisoar_username: str
    fortisoar_password: str
    fortisoar_api_key: str
    fortisoar_encryption_key: str
    fortimonitor_api_key: str
    fortimonitor_read_only_api_key: str
    fortisiem_organization: str
    fortisiem_username: str
    fortisiem_password: str
    fortisiem_client_id: str
    fortisiem_client_secret: str
    control_token: str


@contextmanager
def state_folder(wanted: Path | None) -> Iterator[Path]:
    """Hold a state folder for one lab.

    Parameters:
        wanted: a folder to keep; None for a temporary one that is removed at the end.
    Raises: LabError if the folder cannot be written or another lab holds it.
    """
    before = os.umask(0o077)  # whatever the folder's own mode, what the lab makes in it is its owner's alone
    try:
        with _held(wanted) as folder:
            yield folder
    finally:
        os.umask(before)


@contextmanager
def _held(wanted: Path | None) -> Iterator[Path]:
    if wanted is None:
        with tempfile.TemporaryDirectory(prefix="fortinet-lab-", ignore_cleanup_errors=True) as made:
            yield Path(made).resolve()
        return
    folder = wanted.resolve()
    with _locked(folder):
        yield folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_links(folder)
        lock = os.fdopen(os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b", 0)
    except FileExistsError as error:
        raise LabError(f"The state folder {folder} is no folder. Choose another with --state.") from error
    except OSError as error:
        raise LabError(f"The state folder {folder} cannot be written: {error.strerror}. {WAY_OUT}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LabError(
                f"The state folder {folder} is in use by {_holder(lock)}. Stop it, or choose another with --state."
            ) from error
        _sign(lock)
        yield


def _sign(lock: FileIO) -> None:
    """Write into a lock whose it is; what somebody else wrote into a file of that name stays."""
    if IS_SIGNED.fullmatch(lock.read(SIGNATURE_FITS)):
        lock.seek(0)
        lock.truncate()
        lock.write(b"%d\n" % os.getpid())


def _holder(lock: FileIO) -> str:
    """Return who holds a lock."""
    number = lock.read(SIGNATURE_FITS).strip()
    return f"the lab of process {number.decode()}" if number.isdigit() else "another lab"


def _check_links(folder: Path) -> None:
    """Raise LabError for a link: what the lab writes would go to where it leads."""
    if links := sorted(path for path in folder.iterdir() if path.is_symlink()):
        raise LabError(f"{links[0]} is a symbolic link, and the lab follows none. Remove it, or choose another folder.")


def load_keys(folder: Path) -> Keys:
    """Read the keys of a state folder; make them at the first start.

    Raises: LabError if the file is there but broken: new keys would not open what the old ones encrypted.
    """
    path = folder / "keys.json"
    if not path.exists():
        keys = _new_keys()
        write_whole(path, json.dumps(asdict(keys), indent=2) + "\n")
        return keys
    try:
        return _parsed_keys(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LabError(f"{path} is broken: {error}. Restore it, or start with an empty state folder.") from error


def write_whole(path: Path, text: str) -> None:
    """Write a file that only its owner can read, so that a reader sees all of it or none.

    Raises: LabError if it cannot be written.
    """
    try:
        handle, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(part).replace(path)
        except OSError:
            Path(part).unlink()
            raise
    except OSError as error:
        raise LabError(f"{path} cannot be written: {error.strerror}.") from error


def _new_keys() -> Keys:
    return Keys(
        fortisoar_username="csadmin",
        fortisoar_password=secrets.token_urlsafe(18),
        fortisoar_api_key=secrets.token_hex(32),
        fortisoar_encryption_key=Fernet.generate_key().decode("ascii"),
        fortimonitor_api_key=secrets.token_hex(20),
        fortimonitor_read_only_api_key=secrets.token_hex(20),
        fortisiem_organization="super",
        fortisiem_username="soar",
        fortisiem_password=secrets.token_urlsafe(18),
        fortisiem_client_id=secrets.token_hex(16),
        fortisiem_client_secret=secrets.token_urlsafe(32),
        control_token=secrets.token_urlsafe(24),
    )


def _parsed_keys(text: str) -> Keys:
    values = json.loads(text)
    names = {field.name for field in fields(Keys)}
    if not isinstance(values, dict) or set(values) != names:
        raise ValueError(f"it must hold exactly {', '.join(sorted(names))}")
    if wrong := sorted(name for name, value in values.items() if not (isinstance(value, str) and value)):
        raise ValueError(f"{wrong[0]} must be a text that is not empty")
    Fernet(values["fortisoar_encryption_key"])
    return Keys(**values)
