"""Export and import as a part of the local FortiSOAR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.routing import Route
from starlette.types import ASGIApp

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.switches import Switches
from ..configurations import Configurations
from ..connectors import Connectors
from ..files import Files
from ..jobs import Jobs
from ..playbooks.asking import Inside
from ..secrets_at_rest import Vault
from .collecting import Collector
from .exports import Exports
from .importing import Importer
from .imports import Imports


class Moving:
    """Export and import of one FortiSOAR.

    Parameters:
        folder: where connectors are unpacked.
        authorization: with which jobs call FortiSOAR's own API; ``connect`` gives it the API.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        switches: Switches,
        jobs: Jobs,
        files: Files,
        vault: Vault,
        folder: Path,
        connectors: Connectors,
        configurations: Configurations,
        authorization: str,
    ) -> None:
        self._jobs = jobs
        self._authorization = authorization
        self._inside: Inside | None = None
        collector = Collector(self._ask, store, vault, folder, switches)
        importer = Importer(self._ask, connectors, configurations)
        self._exports = Exports(store, clock, switches, jobs, files, collector)
        self._imports = Imports(store, clock, switches, jobs, files, importer)

    def connect(self, app: ASGIApp) -> None:
        """Take FortiSOAR's whole application as what jobs call, and go on with those that were under way."""
        self._inside = Inside(app, self._authorization)
        self._exports.resume()
        self._imports.resume()

    def routes(self) -> list[Route]:
        """Return the addresses of export and import."""
        return [*self._exports.routes(), *self._imports.routes()]

    def close(self) -> None:
        """Stop, once the jobs are stopped."""
        if self._inside:
            self._inside.close()

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        self._jobs.go_on()
        assert self._inside is not None
        return self._inside.ask(method, path, body)
