"""What runs inside a worker process: the connector's own code, and nothing of the lab around it.

A worker keeps a connector's modules loaded between calls, as the appliance's long-lived workers do, and makes a new
``Connector`` object for every call.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import sys
import threading
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, cast

from vendor.connectors_sdk_shim.loader import ensure_sdk, forget, load_connector

REPOSITORY = Path(__file__).resolve().parents[2]

_serials: dict[str, str] = {}


@dataclass(frozen=True)
class Job:
    """One call of one method of a connector.

    Parameters:
        folder: where the connector is installed.
        serial: the installation; when it changes, the code is imported afresh.
        method: a method of ``Connector``.
        answers: whether what the method returns matters.
    """

    folder: str
    serial: str
    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    answers: bool = True


@dataclass(frozen=True)
class Outcome:
    """How a call ended: with an answer as JSON text, or with a failure.

    ``connector_error`` tells a ``ConnectorError`` from any other exception; FortiSOAR words the two differently.
    """

    answer: str = "null"
    failure: str | None = None
    connector_error: bool = False
    stack_trace: str = ""


def prepare(environment: dict[str, str], site_packages: str, log: str) -> None:
    """Make a fresh process a worker: its log, its environment, its import path, and its end when the lab ends."""
    threading.Thread(target=_end_with_the_lab, daemon=True).start()
    _write_everything_to(log)
    os.environ.update(environment)
    sys.dont_write_bytecode = True
    ensure_sdk()
    # A connector that imports its own modules by absolute name must fail here as on the appliance, although the
    # repository's root holds modules of the same names.
    sys.path[:] = [site_packages] + [p for p in sys.path if p and Path(p).resolve() not in (REPOSITORY, Path.cwd())]


def run(job: Job) -> Outcome:
    """Load the connector and call it; never raise for what the connector does."""
    from connectors.core.connector import ConnectorError

    try:
        connector = _load(job)
        returned = getattr(connector, job.method)(*job.args, **job.kwargs)
        return Outcome(answer=_as_json(returned) if job.answers else "null")
    except ConnectorError as error:
        return Outcome(failure=_text(error), connector_error=True, stack_trace=traceback.format_exc())
    # SystemExit, KeyboardInterrupt and GeneratorExit as well: none of them may take the worker with it.
    except BaseException as error:  # noqa: BLE001 - whatever a connector raises is the answer
        return Outcome(failure=_text(error), stack_trace=traceback.format_exc())


def _text(error: BaseException) -> str:
    """Return an exception's text; it is the connector's code that makes it, and may fail in turn."""
    try:
        return str.__str__(str(error))
    except BaseException:  # noqa: BLE001
        return f"{type(error).__name__}, whose text cannot be had"


def ready() -> None:
    """Do nothing, so that the lab can have its workers started before they are needed."""


def _load(job: Job) -> Any:
    if _serials.get(job.folder) != job.serial:
        forget(Path(job.folder))
        _serials[job.folder] = job.serial
    return load_connector(Path(job.folder))


def _as_json(returned: Any) -> str:
    # The environment never reaches the HTTP answer, and may hold anything.
    answer = {key: value for key, value in returned.items() if key != "env"}
    try:
        return json.dumps(answer, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"What the connector returned cannot be written as JSON: {error}") from error


def _end_with_the_lab() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _write_everything_to(log: str) -> None:
    """Send the connectors' logger, and all that would be printed, to one file like the appliance's connectors.log."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        os.dup2(file, number)
        cast(TextIO, stream).reconfigure(line_buffering=True)  # type: ignore[attr-defined]
    os.close(file)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
    logger = logging.getLogger("connectors")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
