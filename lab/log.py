"""The lab's own log: a file in the state folder that is kept, otherwise stderr."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import LabError
from .state import WAY_OUT

LOG = logging.getLogger("lab")  # above those of all its modules; without a handler, logging writes to stderr
NAME = "lab.log"


@contextmanager
def log_in(folder: Path) -> Iterator[None]:
    """Write the lab's log to a file in a folder until the end of the block.

    Raises: LabError if it cannot be written.
    """
    path = folder / NAME
    try:
        path.touch(mode=0o600)
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise LabError(f"The lab's log {path} cannot be written: {error.strerror}. {WAY_OUT}") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    LOG.addHandler(handler)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        handler.close()


def log_place() -> str:
    """Return where the lab's log is, for whoever looks for it."""
    files = [handler.baseFilename for handler in LOG.handlers if isinstance(handler, logging.FileHandler)]
    return files[0] if files else "what the lab writes to stderr"
