"""A connector's requirements.txt: are they there, and the real pip to bring them."""

from __future__ import annotations

import subprocess
import sys
import threading
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement


class Requirements:
    """What connectors require, installed into one shared folder beside the lab's own packages.

    Parameters:
        folder: takes what pip installs; on the workers' import path.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()
        self._pip: subprocess.Popen[str] | None = None

    def missing(self, connector: Path) -> list[str]:
        """Return the lines of a connector's requirements.txt that no installed package satisfies."""
        return [line for line in _requirement_lines(connector) if not self._satisfied(line)]

    def install(self, connector: Path) -> str | None:
        """Run pip if something is missing; return None, or what is still wrong."""
        with self._lock:
            missing = self.missing(connector)
            if not missing:
                return None
            output = self._run_pip(connector / "requirements.txt")
            missing = self.missing(connector)
            return f"Not installed: {', '.join(missing)}. {output}" if missing else None

    def close(self) -> None:
        """Stop a pip that is still running."""
        if self._pip is not None:
            self._pip.kill()

    def _satisfied(self, line: str) -> bool:
        """Tell whether one line is met. Pip's options and bare addresses are left to pip: they count as not met."""
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            return False
        if requirement.marker is not None and not requirement.marker.evaluate():
            return True
        # The first one found counts, as in an import: the shared folder stands in front.
        found = next(iter(distributions(name=requirement.name, path=[str(self._folder), *sys.path])), None)
        return found is not None and requirement.specifier.contains(found.version, prereleases=True)

    def _run_pip(self, requirements: Path) -> str:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
        command += ["--retries", "1", "--upgrade", "--target", str(self._folder), "-r", str(requirements)]
        self._pip = subprocess.Popen(  # noqa: S603 - our own interpreter; the archive is one its user chose to run
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        with self._pip:
            output, _ = self._pip.communicate()
        self._pip = None
        return output.strip()


def _requirement_lines(connector: Path) -> list[str]:
    file = connector / "requirements.txt"
    if not file.is_file():
        return []
    lines = (line.split(" #")[0].strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
