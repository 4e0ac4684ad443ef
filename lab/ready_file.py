"""The ready file of a running lab: there as long as the lab runs, and no other lab's."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import LabError
from .state import write_whole


def expect_free(path: Path) -> None:
    """Raise LabError if a lab that runs wrote a ready file. What one that was killed left is in nobody's way."""
    with suppress(FileNotFoundError), _opened(path) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LabError(
                f"{path} is the ready file of another lab that runs. Name another one with --ready-file."
            ) from error


@contextmanager
def published(path: Path, line: str) -> Iterator[None]:
    """Keep a ready file with this line until the end of the block.

    Raises: LabError if it cannot be written, or is another lab's.
    """
    expect_free(path)
    write_whole(path, line + "\n")
    with _opened(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            with suppress(FileNotFoundError):
                if os.path.samestat(path.stat(), os.fstat(handle)):  # else somebody put another file in its place
                    path.unlink()


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LabError(f"{path} cannot be used: {error.strerror}.") from error
    try:
        yield handle
    finally:
        os.close(handle)
