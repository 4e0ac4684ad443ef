"""Run the connector as FortiSOAR would, in whatever Python this is, and print one JSON document of what came out.

``python exercise.py PLAN``, with a JSON file that holds: ``archive``; ``into``, an empty folder; ``loader``, the file
of the SDK stand-ins' loader; ``health``, a configuration; ``calls``, a list of config, operation and params.

Written for Python 3.9 and the standard library, so that what is tested is the connector and its requirements alone.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import logging
import socket
import sys
import tarfile
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List


class Lines(logging.Handler):
    """What the connector logged: its level and text."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.getMessage()}")


def main(plan: Dict[str, Any]) -> Dict[str, Any]:
    """Load the connector, check its health, make the calls, let it go; return everything that came out."""
    log = Lines()
    logging.getLogger("connectors").addHandler(log)
    loader = loaded(Path(plan["loader"]))
    folder = unpacked(Path(plan["archive"]), Path(plan["into"]))
    connector = loader.load_connector(folder)
    after_import = imported()
    health = connector.verify_health(plan["health"], active=True)
    results = [called(loader.load_connector(folder), call) for call in plan["calls"]]
    loader.load_connector(folder).teardown({})
    return {
        "python": list(sys.version_info[:2]),
        "imported_first": after_import,
        "imported_in_the_end": imported(),
        "versions": versions(),
        "health": health,
        "results": results,
        "log": log.lines,
        "left_open": sum(isinstance(each, socket.socket) and each.fileno() != -1 for each in gc.get_objects()),
    }


def loaded(path: Path) -> ModuleType:
    """Import a file without its folder, so that nothing beside it can be imported."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None  # noqa: PT018 - for the type checker
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def unpacked(archive: Path, into: Path) -> Path:
    """Unpack the archive and return its one folder."""
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            target = into / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())
    (folder,) = into.iterdir()
    return folder


def called(connector: Any, call: Dict[str, Any]) -> Dict[str, Any]:
    """Make one call; return the envelope, or the kind and the text of the failure."""
    try:
        envelope = connector._handle_operation(call, env={})
    except Exception as error:  # noqa: BLE001 - whatever is raised is the result
        return {"failed": type(error).__name__, "message": str(error)}
    return {"envelope": envelope}


def imported() -> List[str]:
    """Return the packages in memory that came from anywhere but the standard library and the connector."""
    files = ((name, getattr(module, "__file__", None) or "") for name, module in list(sys.modules.items()))
    return sorted({name.partition(".")[0] for name, file in files if "site-packages" in file} | ours())


def versions() -> Dict[str, str]:
    """Return the version of each package in memory whose distribution is called as it is."""
    found = ((each.metadata["Name"].replace("-", "_"), each.version) for each in distributions())
    there = imported()
    return {name: version for name, version in found if name in there}


def ours() -> set[str]:
    return {"lab", "release", "tests", "vendor", "core", "clients", "operations"} & set(sys.modules)


if __name__ == "__main__":
    json.dump(main(json.loads(Path(sys.argv[1]).read_text("utf-8"))), sys.stdout)
