"""Checks of the package under a name that tools can spell: FortiSOAR's own has dashes in it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from .archive import ROOT, shipped_files

SPELLABLE = "fortinet_incident_bridge"
# The command of import-linter is a script, which does not start where the checkout's path has a blank in it.
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def check_types(root: Path = ROOT) -> int:
    """Run mypy over the package's modules and return its exit code."""
    return _run(root, "-m", "mypy", "--config-file", str(root / "pyproject.toml"), "-p", SPELLABLE)


def check_layers(root: Path = ROOT) -> int:
    """Run import-linter over the package's modules and return its exit code."""
    return _run(root, "-c", LINT_IMPORTS, "--no-logo", "--no-cache", str(root / "pyproject.toml"))


def _run(root: Path, *arguments: str) -> int:
    """Run Python in a folder in which the package has its spellable name."""
    with tempfile.TemporaryDirectory() as folder:
        for file in shipped_files(root):
            if file.suffix == ".py":
                link = Path(folder, SPELLABLE, file.relative_to(root))
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(file)
        Path(folder, SPELLABLE, "__init__.py").touch()
        return subprocess.run([sys.executable, *arguments], cwd=folder, check=False).returncode  # noqa: S603 - our own command
