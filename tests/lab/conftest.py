"""What the tests of the lab's own command line need."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.cli import main

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that starts ``python -m lab`` in a process group of its own; ``tmp_path/tmp`` takes temporary files."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "lab", *arguments],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(temporary), "COLUMNS": "80"},
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
