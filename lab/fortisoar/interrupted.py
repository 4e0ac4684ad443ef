"""An installation that a lab was killed in: its code and its row belong together again at the next start."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import select

from ..kit.shallow_json import read_json
from ..kit.store import Store
from .models import InstalledConnector

UNPACKING, REPLACED = ".unpacking-", ".replaced"


def undo_interrupted(store: Store, folder: Path) -> None:
    """Put back what was put aside for code whose row was not written any more, and remove what is left besides.

    Parameters:
        folder: of the unpacked connectors.
    """
    with store.transaction() as session:
        installed = {each.folder_name: each.info for each in session.scalars(select(InstalledConnector))}
    for rest in folder.glob(f"{UNPACKING}*"):
        aside = rest / REPLACED
        for name, info in installed.items():
            if _manifest(aside) == info and _manifest(folder / name) != info:
                shutil.rmtree(folder / name, ignore_errors=True)
                aside.rename(folder / name)
        shutil.rmtree(rest, ignore_errors=True)


def _manifest(connector: Path) -> Any:
    """Return what an unpacked connector says of itself; None if it is not there in whole."""
    try:
        return read_json((connector / "info.json").read_bytes())
    except (OSError, ValueError):
        return None
