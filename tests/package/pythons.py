"""The Pythons and the libraries that appliances have: environments of the one with a set of the other, and nothing else.

A set is a file of tests/package/libraries that names every version, so that nothing is resolved.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from release.lock import pins

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".venv" / "pythons"
REQUIREMENTS = ROOT / "requirements.txt"
LIBRARIES = Path(__file__).with_name("libraries")


class Environment:
    """A virtual environment of one Python version with one set of libraries.

    Parameters:
        version: such as "3.9".
        libraries: the name of the set.
    """

    def __init__(self, version: str, libraries: str) -> None:
        self.version = version
        self.folder = CACHE / f"{version}-{libraries}"
        self.python = self.folder / "bin" / "python"
        self.packages = self.folder / "lib" / f"python{version}" / "site-packages"
        self.set = LIBRARIES / f"{libraries}.txt"

    def pinned(self) -> dict[NormalizedName, str]:
        """Return the versions that the set names."""
        return pins({}, self.set)

    def installed(self) -> dict[NormalizedName, str]:
        """Return the versions that are installed."""
        return {canonicalize_name(each.name): each.version for each in distributions(path=[str(self.packages)])}

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
        found = distributions(name=name, path=[str(self.packages)])
        requirements = [Requirement(text) for package in found for text in package.requires or []]
        here = {"python_version": self.version, "python_full_version": f"{self.version}.0", "extra": ""}
        return [canonicalize_name(r.name) for r in requirements if r.marker is None or r.marker.evaluate(here)]


def environment(version: str, libraries: str) -> Environment:
    """Return an environment of that Python with that set, made at the first call and after a change of either.

    Skips the test if this machine has no such Python; fails it in CI, where there must be one.
    """
    python = interpreter(version)
    if python is None:
        reason = f"Python {version} is neither on the PATH nor installed by pyenv."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    made = Environment(version, libraries)
    with _alone(made):
        stamp = made.folder / "made-of.txt"
        made_of = f"{python}\n{made.set.read_text('ascii')}"
        if not stamp.is_file() or stamp.read_text("utf-8") != made_of:
            _run(python, "-m", "venv", "--clear", "--without-pip", made.folder)
            _install(made)
            stamp.write_text(made_of, "utf-8")
    return made


def _install(made: Environment) -> None:
    """Install a set by our own pip, since one in each environment takes longer to put there than to use.

    Not by uv, which is faster still: it does not read from pip's configuration where packages come from.
    """
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile", "--only-binary", ":all:")
    place = ("--python-version", made.version, "--target", made.packages)
    _run(sys.executable, "-m", "pip", "install", *options, *place, "-r", made.set)


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
def _alone(made: Environment) -> Iterator[None]:
    """Keep other test processes out meanwhile."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{made.folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
