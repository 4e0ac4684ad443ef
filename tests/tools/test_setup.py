"""`make setup`, as a newcomer's machine runs it: from the lock alone, and refused in one sentence where it cannot be."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from importlib.metadata import distribution, version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("Makefile", "release/__init__.py", "release/lock.py")
# What a made-up package needs, by its name. Each is locked as 1.5, and offered as 1.6, too.
PACKAGES = {
    "made-runner": ("made-hooks<2,>=1",),
    "made-hooks": (),
    "made-plugin": ("made-runner>=1", "made-meter[files]>=1"),
    "made-meter": ("made-reader; extra == 'files'",),
    "made-reader": (),
}
NOT_OURS = ("MAKE", "PIP_", "BASE_PYTHON", "ARGS")  # what the tests' own make or machine has set


class Checkout:
    """A checkout with a lock of made-up packages, and the folder in which pip finds these."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "Ünter Lagen" / "clone"
        self.lock = self.folder / "requirements-dev.txt"
        self.environment = self.folder / ".venv"
        self.ready = self.environment / ".ready"
        for name in NEEDED:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.folder / name)
        self._offered = folder / "offered"
        self._offered.mkdir()
        locked = [self._packaging(), *(self._made_up(name, "1.5") for name in PACKAGES)]
        for name in PACKAGES:
            self._made_up(name, "1.6")
        self.lock.write_text("--only-binary :all:\n" + "".join(locked), "ascii")
        (self.folder / "requirements-dev.in").write_text("packaging\nmade-plugin  # not without it\n", "ascii")

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run make; pip knows nothing but what is offered here."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)}
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": self._offered.as_uri(), "PIP_CONFIG_FILE": os.devnull}
        return subprocess.run(
            [shutil.which("make") or "make", *arguments],
            cwd=self.folder,
            env={**ours, **pip, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def unlock(self, name: str) -> None:
        """Take a pin out of the lock."""
        lines = self.lock.read_text("ascii").splitlines(keepends=True)
        self.lock.write_text("".join(line for line in lines if not line.startswith(name)), "ascii")

    def installed(self) -> dict[str, str]:
        """Return the made-up packages that are installed, with their versions."""
        found = self.environment.glob("lib/python*/site-packages/made_*.dist-info")
        parts = (folder.stem.split("-") for folder in found)
        return {name.replace("_", "-"): number for name, number in parts}

    def _made_up(self, name: str, number: str) -> str:
        extras = ["Provides-Extra: files"] if name == "made-meter" else []
        return self._offer(name, number, [*extras, *(f"Requires-Dist: {each}" for each in PACKAGES[name])], {})

    def _packaging(self) -> str:
        files = [each for each in distribution("packaging").files or [] if each.suffix == ".py"]
        return self._offer("packaging", version("packaging"), [], {str(each): each.read_text() for each in files})

    def _offer(self, name: str, number: str, metadata: list[str], files: dict[str, str]) -> str:
        """Write a wheel, and return the line that locks it."""
        spelling = name.replace("-", "_")
        about = f"{spelling}-{number}.dist-info"
        tag = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        described = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {number}", *metadata, ""])
        files = {**files, f"{about}/METADATA": described, f"{about}/WHEEL": tag}
        record = "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"])
        wheel = self._offered / f"{spelling}-{number}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in {**files, f"{about}/RECORD": record}.items():
                archive.writestr(path, text)
        return f"{name}=={number} --hash=sha256:{sha256(wheel.read_bytes()).hexdigest()}\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def base_python() -> str:
    """The Python with the oldest pip of those at hand that can make .venv."""
    pips = {}
    for python in (str(Path(sys.base_prefix, "bin", "python3")), "/usr/bin/python3"):
        told = "import ensurepip, sys; assert sys.version_info >= (3, 11); print(ensurepip.version())"
        asked = subprocess.run([python, "-c", told], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            pips[python] = [int(part) for part in asked.stdout.split(".")]
    return min(pips, key=lambda python: pips[python])


def fake_python(path: Path, pretence: str) -> str:
    """Write a command that is this Python under a pretence, and does nothing but what -c asks for."""
    told = "import sys; exec(sys.argv[1]); exec(sys.argv[2])"
    python, statement = shlex.quote(sys.executable), shlex.quote(pretence)
    path.write_text(f'#!/bin/sh\n[ "$1" = -c ] || exit 99\nexec {python} -c {shlex.quote(told)} {statement} "$2"\n')
    path.chmod(0o755)
    return str(path)


# What is installed


def test_a_half_made_environment_is_made_anew_of_what_is_locked_though_newer_ones_are_offered(
    checkout: Checkout, base_python: str
) -> None:
    (checkout.environment / "bin").mkdir(parents=True)
    (checkout.environment / "bin" / "python").symlink_to("python-that-is-gone")
    made = checkout.make("setup", BASE_PYTHON=base_python)
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("Making .venv with the locked requirements")
    assert checkout.installed() == dict.fromkeys(PACKAGES, "1.5")
    again = checkout.make("setup", BASE_PYTHON="/none")
    assert (again.returncode, again.stderr) == (0, "")
    assert "Making" not in again.stdout


def test_a_lock_without_what_an_extra_needs_is_not_ready(checkout: Checkout, base_python: str) -> None:
    checkout.unlock("made-reader")
    made = checkout.make("setup", BASE_PYTHON=base_python)
    assert made.returncode == 2
    assert made.stderr.splitlines()[:2] == [
        "requirements-dev.txt does not bring made-reader, which made-meter[files] needs.",
        "`make lock` writes it anew from requirements-dev.in.",
    ]
    assert not checkout.ready.exists()


# When it is made


@pytest.fixture
def made(checkout: Checkout) -> Checkout:
    """A checkout with an environment that is ready, as far as make can see."""
    (checkout.environment / "bin").mkdir(parents=True)
    fake_python(checkout.environment / "bin" / "python", "pass")
    shutil.copy(checkout.lock, checkout.ready)
    return checkout


def would_be_made(checkout: Checkout) -> bool:
    told = checkout.make("-n", "setup", BASE_PYTHON=sys.executable)
    assert (told.returncode, told.stderr) == (0, "")
    return "-m venv --clear .venv" in told.stdout


def test_an_environment_that_is_ready_stays_though_the_lock_is_touched(made: Checkout) -> None:
    os.utime(made.ready, (0, 0))
    assert not would_be_made(made)


def test_an_environment_of_another_lock_is_made_anew(made: Checkout) -> None:
    made.unlock("made-runner")
    assert would_be_made(made)


def test_an_environment_whose_python_is_another_one_by_now_is_made_anew(made: Checkout) -> None:
    # As after an upgrade of the system: what is installed lies in the folder of the version before.
    fake_python(made.environment / "bin" / "python", "sys.modules['pip'] = None")
    assert would_be_made(made)


def test_an_environment_without_its_python_is_made_anew(made: Checkout) -> None:
    (made.environment / "bin" / "python").unlink()
    assert would_be_made(made)


# When it is refused

NEEDS = (
    "Python 3.11 or newer with its venv module is needed, and {}. "
    "Debian and Ubuntu have the module in python3-venv. BASE_PYTHON=... names another Python."
)


@pytest.mark.parametrize(
    "pretence", ["sys.version_info = (3, 10, 99)", "sys.modules['ensurepip'] = None", "sys.modules['venv'] = None"]
)
def test_a_python_that_cannot_make_the_environment_is_refused(
    checkout: Checkout, tmp_path: Path, pretence: str
) -> None:
    python = fake_python(tmp_path / "old python", pretence)
    refused = checkout.make("setup", BASE_PYTHON=python)
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[0] == NEEDS.format(f"{python} is not that")
    assert not checkout.environment.exists()


def test_a_python_that_there_is_not_is_refused(checkout: Checkout) -> None:
    refused = checkout.make("setup", BASE_PYTHON="/none/python3")
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[0] == NEEDS.format("/none/python3 is not that")


def test_where_no_python_will_do_the_need_is_said(checkout: Checkout, tmp_path: Path) -> None:
    commands = tmp_path / "commands"
    commands.mkdir()
    for name in ("sh", "date"):
        (commands / name).symlink_to(shutil.which(name) or name)
    fake_python(commands / "python3", "sys.version_info = (3, 9, 2)")
    refused = checkout.make("setup", PATH=str(commands))
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[0] == NEEDS.format("there is none on the PATH")
    assert not checkout.environment.exists()


def test_a_python_is_looked_for_beyond_the_first_on_the_path(checkout: Checkout, tmp_path: Path) -> None:
    fake_python(tmp_path / "python3", "sys.version_info = (3, 9, 2)")
    fake_python(tmp_path / "python3.14", "sys.modules['ensurepip'] = None")
    fake_python(tmp_path / "python3.13", "pass")
    told = checkout.make("-n", "setup", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert '"python3.13" -m venv --clear .venv' in told.stdout


def test_a_link_to_a_shared_environment_is_refused_and_what_it_leads_to_stays(
    checkout: Checkout, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "precious").touch()
    checkout.environment.symlink_to(shared)
    refused = checkout.make("setup", BASE_PYTHON=sys.executable)
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[0] == (
        ".venv is a symbolic link, and what it leads to would be emptied. Remove the link."
    )
    assert [each.name for each in shared.iterdir()] == ["precious"]
