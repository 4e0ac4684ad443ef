"""The ports of a kept state folder: what was configured in it names them, so a new start takes the same."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import LabError
from .servers import listening, port_numbers
from .state import write_whole


@contextmanager
def listening_as_before(folder: Path) -> Iterator[dict[str, socket.socket]]:
    """Listen on the ports that a state folder's lab had; at its first start, on free ones, which are kept.

    Raises: LabError naming a port that is taken, or the file that is broken.
    """
    path = folder / "ports.json"
    is_first = not path.exists()
    way_out = (
        f"What was configured in {folder} names it. End what uses the port, or remove {path.name} there to take free "
        "ports and configure anew."
    )
    with listening(port_numbers(0) if is_first else _kept(path), way_out) as listeners:
        if is_first:
            ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
            write_whole(path, json.dumps(ports) + "\n")
        yield listeners


def _kept(path: Path) -> dict[str, int]:
    try:
        ports = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(path, str(error)) from error
    if not isinstance(ports, dict) or ports.keys() != port_numbers(0).keys():
        raise _broken(path, f"it must hold exactly {', '.join(sorted(port_numbers(0)))}")
    if wrong := [name for name, port in ports.items() if type(port) is not int or not 0 < port < 2**16]:
        raise _broken(path, f"{wrong[0]} must be the number of a port")
    return ports


def _broken(path: Path, reason: str) -> LabError:
    return LabError(f"{path} is broken: {reason}. Remove it to take free ports.")
