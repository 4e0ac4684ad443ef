"""The hooks of a connector's life: ``on_add_config`` and its like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .models import InstalledConnector
from .worker import Job
from .workers import WorkerFailed, Workers


class HookFailed(Exception):
    """A hook raised, or its worker ended."""


class Hooks:
    """Calls hooks in a worker of their own.

    An action may change its own configuration through the API, and that runs a hook: with one pool for both, actions
    could take every worker and then wait for their own hooks.
    """

    def __init__(self, workers: Workers, folder: Path) -> None:
        self._workers = workers
        self._folder = folder

    def call(self, connector: InstalledConnector, method: str, *args: Any) -> None:
        """Call one hook; what it returns is ignored.

        Raises: HookFailed.
        """
        folder = str(self._folder / connector.folder_name)
        try:
            outcome = self._workers.call(Job(folder, connector.serial, method, args, answers=False))
        except WorkerFailed as failed:
            raise HookFailed(str(failed)) from failed
        if outcome.failure is not None:
            raise HookFailed(outcome.failure)
