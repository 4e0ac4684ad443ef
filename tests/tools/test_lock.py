"""The lock names all that set-up installs, so that nothing is resolved then, wherever that is."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import NormalizedName

from release.lock import LOCK, NAMED, ROOT, Environment, gaps, pins, requirements

SYSTEMS = {
    "Linux on x86-64": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    "Linux on ARM": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    "macOS on ARM": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def environment(system: str, python: str = "3.12") -> Environment:
    """Return the values of the environment's markers there."""
    here = {name: str(value) for name, value in default_environment().items()}
    versions = {"python_version": python, "python_full_version": f"{python}.0", "implementation_version": f"{python}.0"}
    return {**here, **SYSTEMS[system], **versions, "os_name": "posix"}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_lock_brings_what_every_locked_package_and_every_extra_needs(system: str, python: str) -> None:
    there = environment(system, python)
    locked = pins(there)
    assert {name: version(name) for name in locked} == locked  # whose requirements are read, here
    assert gaps(requirements(ROOT / NAMED, there), locked, there) == set()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that installs a made-up package with these lines in its metadata."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name: str, *lines: str) -> None:
        folder = tmp_path / f"{name.replace('-', '_')}-1.5.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("\n".join([f"Name: {name}", "Version: 1.5", *lines, ""]), "ascii")

    return install


def gaps_for(named: str, *locked: str) -> set[str]:
    return gaps([Requirement(named)], {NormalizedName(name): "1.5" for name in locked}, environment("macOS on ARM"))


def test_a_pin_that_is_missing_is_named_with_what_needs_it(installed: Callable[..., None]) -> None:
    installed(
        "made-runner", "Requires-Dist: Made_Hooks<2,>=1.5; sys_platform == 'darwin'", "Requires-Dist: made-colours"
    )
    installed("made-hooks")
    installed("made-colours")
    assert gaps_for("made-runner", "made-runner", "made-hooks", "made-colours") == set()
    assert gaps_for("made-runner", "made-runner", "made-colours") == {
        "requirements-dev.txt does not bring Made_Hooks<2,>=1.5, which made-runner needs."
    }
    assert gaps_for("made-runner", "made-hooks") == {
        "requirements-dev.txt does not bring made-runner, which requirements-dev.in needs."
    }


def test_a_pin_of_a_version_that_does_not_do_is_missing(installed: Callable[..., None]) -> None:
    installed("made-runner", "Requires-Dist: made-hooks>=1.6")
    installed("made-hooks")
    assert gaps_for("made-runner", "made-runner", "made-hooks") == {
        "requirements-dev.txt does not bring made-hooks>=1.6, which made-runner needs."
    }


def test_what_only_an_extra_needs_is_missing_too(installed: Callable[..., None]) -> None:
    installed("made-plugin", "Requires-Dist: made-meter[files]>=1")
    installed("made-meter", "Provides-Extra: files", "Requires-Dist: made-reader; extra == 'files'")
    installed("made-reader")
    assert gaps_for("made-plugin", "made-plugin", "made-meter", "made-reader") == set()
    assert gaps_for("made-plugin", "made-plugin", "made-meter") == {
        "requirements-dev.txt does not bring made-reader, which made-meter[files] needs."
    }
    assert gaps_for("made-meter", "made-meter") == set()  # nobody asks for the extra


def test_what_another_system_or_python_needs_is_not_missing(installed: Callable[..., None]) -> None:
    installed(
        "made-runner",
        "Requires-Dist: made-console; sys_platform == 'win32'",
        "Requires-Dist: made-past; python_version < '3.11'",
    )
    assert gaps_for("made-runner", "made-runner") == set()


def test_nothing_that_is_locked_is_built_where_it_is_installed() -> None:
    # What a build needs is in no lock.
    assert re.search(r"^--only-binary :all:$", (ROOT / LOCK).read_text("ascii"), re.M)
