"""The Pythons that appliances run, each with the connector's requirements and nothing else."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".venv" / "pythons"
REQUIREMENTS = ROOT / "requirements.txt"
COME_WITH_VENV = {canonicalize_name(name) for name in ("pip", "setuptools")}


class Environment:
    """A virtual environment of one Python version.

    Parameters:
        version: such as "3.9".
        folder: where it lies.
    """

    def __init__(self, version: str, folder: Path) -> None:
        self.version = version
        self.python = folder / "bin" / "python"
        self._packages = folder / "lib" / f"python{version}" / "site-packages"

    def installed(self) -> set[NormalizedName]:
        """Return the names of what is installed, besides what every new environment has."""
        return {canonicalize_name(each.name) for each in distributions(path=[str(self._packages)])} - COME_WITH_VENV

    def needed(self, *names: str) -> set[NormalizedName]:
        """Return these packages and, by their metadata, everything that they need in this Python."""
        found: set[NormalizedName] = set()
        waiting = [canonicalize_name(name) for name in names]
        while waiting:
            if (name := waiting.pop()) not in found:
                found.add(name)
                waiting += self._requirements(name)
        return found

    def _requirements(self, name: str) -> list[NormalizedName]:
        found = distributions(name=name, path=[str(self._packages)])
        requirements = [Requirement(text) for package in found for text in package.requires or []]
        here = {"python_version": self.version, "python_full_version": f"{self.version}.0", "extra": ""}
        return [canonicalize_name(r.name) for r in requirements if r.marker is None or r.marker.evaluate(here)]


def environment(version: str) -> Environment:
    """Return an environment of that Python, made at the first call and after a change of the requirements.

    Skips the test if this machine has no such Python; fails it in CI, where there must be one.
    """
    python = interpreter(version)
    if python is None:
        reason = f"Python {version} is neither on the PATH nor installed by pyenv."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = CACHE / version
    with _alone(version):
        stamp = folder / "made-of.txt"
        made_of = f"{python}\n{REQUIREMENTS.read_text('ascii')}"
        if not stamp.is_file() or stamp.read_text("utf-8") != made_of:
            made = Environment(version, folder)
            _run(python, "-m", "venv", "--clear", folder)
            _run(made.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS)
            stamp.write_text(made_of, "utf-8")
    return Environment(version, folder)


def interpreter(version: str) -> Path | None:
    """Find a Python of that version. A pyenv shim on the PATH may be there and refuse to run."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"versions/{version}*/bin/python"))]
    return next((Path(each) for each in found if each and _is(Path(each), version)), None)


def _is(python: Path, version: str) -> bool:
    command = [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return told.returncode == 0 and told.stdout.strip() == version


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _alone(version: str) -> Iterator[None]:
    """Keep other test processes out meanwhile."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
