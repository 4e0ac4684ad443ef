"""What users give a command: JSON, in an option or in a file, and the ready file of a running lab."""

from __future__ import annotations

import json
import os.path
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import LabError

# What the commands read of a ready line.
READY = {
    "fortisoar": ("https", "ca", "api_key"),
    "fortimonitor": ("url", "api_key"),
    "fortisiem": ("url", "organization", "username", "password"),
    "control": ("url", "token"),
}
SHOWN = 20  # characters behind the place where JSON is broken


def json_option(option: str, text: str) -> Any:
    """Return the JSON value of an option: the text itself, or that of the file that it names with @."""
    if text.startswith("@"):
        return json_file(Path(text[1:]))
    if os.path.isfile(text):
        raise LabError(f"{option} must be JSON, and {text} is a file. Write @{text} to have it read.")
    return _parsed(option, text)


def json_file(path: Path) -> Any:
    """Return the JSON value in a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    return _parsed(str(path), text)


def json_object_file(path: Path, what: str = "") -> dict[str, Any]:
    """Return the JSON object in a file.

    Parameters:
        what: what the object should be, for whoever gave something else.
    """
    value = json_file(path)
    if not isinstance(value, dict):
        raise LabError(f"{path} must hold a JSON object{what and ', '}{what}.")
    return value


def ready_line(path: Path) -> dict[str, Any]:
    """Return what a running lab wrote into its ready file."""
    ready = json_file(path)
    if not (isinstance(ready, dict) and all(_has_texts(ready.get(part), keys) for part, keys in READY.items())):
        raise LabError(f"{path} is not the ready line of a lab.")
    if not os.path.isfile(ready["fortisoar"]["ca"]):
        # Only a lab that was killed leaves its ready file behind.
        raise LabError(f"The lab that wrote {path} is gone, and its authority with it. Start one: {serving(path)}")
    return ready


def serving(ready_file: Path | str) -> str:
    """Return the command that keeps a lab running."""
    return f"python -m lab serve --ready-file {ready_file}"


def _has_texts(part: Any, keys: tuple[str, ...]) -> bool:
    return isinstance(part, Mapping) and all(isinstance(part.get(key), str) for key in keys)


def _parsed(source: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        behind = text[error.pos : error.pos + SHOWN]
        place = f"before {behind!r}" if behind else "where it ends"
        raise LabError(
            f"{source} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}, {place}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise LabError(f"{source} is not JSON: {error}.") from error
