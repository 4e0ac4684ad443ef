"""A run of the tests that does not come to its end still prints the failures that it has seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.package import ROOT

TESTS = """
import os, signal, threading, pytest

def test_that_fails():
    assert "seen" == "so far"

def test_that_does_not_end():
    {}

@pytest.mark.parametrize("number", range(4))
def test_more(number):  # a worker runs its last test when it knows that no more come
    pass
"""
WAITS = "threading.Event().wait(100)"
CRASHES = "os.kill(os.getpid(), signal.SIGKILL)"


def run(folder: Path, ends: str) -> subprocess.Popen[str]:
    (folder / "test_it.py").write_text(TESTS.format(ends))
    options = ["-v", "-n", "2", "-p", "tests.conftest", "-p", "no:randomly", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), str(folder)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_or_terminated_run_prints_its_failures(tmp_path: Path, number: signal.Signals) -> None:
    with run(tmp_path, WAITS) as tests:
        assert tests.stdout
        shown = iter(tests.stdout.readline, "")
        assert any("FAILED" in line for line in shown)
        os.killpg(tests.pid, number)  # as a terminal and timeout(1) do
        rest = "".join(shown)
    assert "E       AssertionError: assert 'seen' == 'so far'" in rest
    assert "1 failed" in rest.splitlines()[-1]
    assert tests.returncode == pytest.ExitCode.INTERRUPTED


def test_a_run_of_which_a_worker_crashes_prints_all_its_failures(tmp_path: Path) -> None:
    with run(tmp_path, CRASHES) as tests:
        printed, _ = tests.communicate()
    assert "E       AssertionError: assert 'seen' == 'so far'" in printed
    assert "2 failed" in printed.splitlines()[-1]
    assert tests.returncode == pytest.ExitCode.TESTS_FAILED
