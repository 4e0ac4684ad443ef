"""A worker process: the unpacked archive, loaded as FortiSOAR loads it, called by JSON lines over pipes.

``python -m tests.support.worker FOLDER``. A line in is ``{"method": ..., "arguments": [...]}`` for a method of the
connector, or ``{"forget": true}``. A line out is ``{"data": ..., "failed": kind or null, "message": ..., "log": [...]}``.
Nothing in it waits between two requests, so that only the wire takes time.
"""

from __future__ import annotations

import json
import logging
import select
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ANSWERS_WITHIN = 90  # seconds; longer than any Total Timeout that a test asks for


class Worker:
    """A worker process as its parent sees it.

    Parameters:
        folder: the unpacked archive.
    """

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.support.worker", str(folder)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, method: str, *arguments: Any) -> dict[str, Any]:
        """Call a method of a new connector object; return how it ended and what was logged."""
        return self._ask({"method": method, "arguments": arguments})

    def forget(self) -> None:
        """Let it be as after its start: no connection, no token, nothing learnt about a server."""
        self._ask({"forget": True})

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=ANSWERS_WITHIN)

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], ANSWERS_WITHIN)
        assert ready, f"The call did not end within {ANSWERS_WITHIN} s: {order}"
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


class _Lines(logging.Handler):
    """Every line that anything in the process logs."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.getMessage()}")


def _serve(folder: Path) -> None:
    from vendor.connectors_sdk_shim.loader import import_module, load_connector

    load_connector(folder)
    timing = import_module(folder, "core.deadline").Timing(sleep=lambda seconds: None, chance=lambda: 1.0)
    context = partial(import_module(folder, "clients.context").Context, timing=timing)
    import_module(folder, "connector").FortinetIncidentBridge.make_context = staticmethod(context)
    log = _Lines()
    logging.basicConfig(level=logging.DEBUG, handlers=[log])
    for line in sys.stdin:
        order = json.loads(line)
        log.lines = []
        if "forget" in order:
            answer: dict[str, Any] = {}
            load_connector(folder).teardown({})
        else:
            answer = _called(load_connector(folder), order["method"], order["arguments"])
        print(json.dumps({**answer, "log": log.lines}), flush=True)  # noqa: T201 - the pipe to the parent


def _called(connector: Any, method: str, arguments: list[Any]) -> dict[str, Any]:
    try:
        data = getattr(connector, method)(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever is raised is the answer
        return {"data": None, "failed": type(error).__name__, "message": str(error)}
    return {"data": data, "failed": None, "message": ""}


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
