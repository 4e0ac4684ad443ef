"""What the tests of the lab need: its command line, and a FortiSOAR in this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyfsr import FortiSOAR

from lab.cli import main
from tests.support.playbooks import PASSWORD, USERNAME, Soar, running_soar, served_soar

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that starts ``python -m lab`` in a process group of its own; ``tmp_path/tmp`` takes temporary files.

    ``root`` is the working copy that it is started in, if it is not this one.
    """
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, root: Path = ROOT) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "lab", *arguments],
                cwd=root,
                env={"COLUMNS": "80", **os.environ, "TMPDIR": str(temporary)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.returncode is None:
            process.terminate()
            process.communicate(timeout=30)


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., str]]:
    """A function that runs a command which must fail with one line on stderr, and returns that line."""
    kept = {number: signal.getsignal(number) for number in SIGNALS}

    def run(*arguments: str) -> str:
        code = main(arguments)
        out, err = capsys.readouterr()
        assert (code, out, err.count("\n")) == (1, "", 1), err
        return err.strip()

    yield run
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def one_soar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soar]:
    with running_soar(tmp_path_factory.mktemp("soar")) as soar:
        yield soar


@pytest.fixture
def soar(one_soar: Soar) -> Soar:
    """A FortiSOAR as after its first start, asked without a network."""
    one_soar.product.reset()
    one_soar.clock.reset()
    return one_soar


@pytest.fixture(scope="session")
def one_served_soar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Soar, str, str]]:
    with served_soar(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture
def served(one_served_soar: tuple[Soar, str, str]) -> tuple[Soar, str, str]:
    """A FortiSOAR as after its first start, its address and its CA's file."""
    soar, _, _ = one_served_soar
    soar.product.reset()
    soar.clock.reset()
    return one_served_soar


@pytest.fixture
def client(served: tuple[Soar, str, str]) -> Iterator[FortiSOAR]:
    """pyfsr's client of that FortiSOAR."""
    _, url, ca = served
    made = FortiSOAR(url, username=USERNAME, password=PASSWORD, verify_ssl=ca)  # type: ignore[arg-type]  # requests takes a CA's file, too
    yield made
    made.session.close()
