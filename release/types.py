"""Type checking of the package, under a name that mypy can spell: FortiSOAR's own has dashes in it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from .archive import ROOT, shipped_files

SPELLABLE = "fortinet_incident_bridge"


def check_types(root: Path = ROOT) -> int:
    """Run mypy over the package's modules and return its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        for file in shipped_files(root):
            if file.suffix == ".py":
                link = Path(folder, SPELLABLE, file.relative_to(root))
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(file)
        Path(folder, SPELLABLE, "__init__.py").touch()
        command = [sys.executable, "-m", "mypy", "--config-file", str(root / "pyproject.toml"), "-p", SPELLABLE]
        return subprocess.run(command, cwd=folder, check=False).returncode  # noqa: S603 - our own command
