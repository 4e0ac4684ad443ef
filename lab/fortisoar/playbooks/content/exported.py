"""The export of playbooks that a connector's archive brings."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ....kit.shallow_json import read_json
from ..definitions import Row

log = logging.getLogger(__name__)


def read_export(connector: Path) -> dict[str, list[Row]]:
    """Return the content of a connector's ``playbooks/playbooks.json``.

    Parameters:
        connector: the folder in which it is unpacked.
    Returns: its collections as ``data`` and its global variables as ``macros``. Both are empty if there is no such
        file, or none that can be read: such a connector is installed without playbooks (assumed: no source).
    """
    exported = _content(connector / "playbooks" / "playbooks.json")
    return {key: _objects(exported.get(key)) for key in ("data", "macros")}


def _content(file: Path) -> Row:
    if not file.is_file():
        return {}
    try:
        content = read_json(file.read_bytes())
    except ValueError as error:
        log.warning("%s cannot be read: %s", file, error)
        return {}
    return content if isinstance(content, dict) else {}


def _objects(rows: Any) -> list[Row]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
