"""What every test may use: a running lab, the connector's archive, and ways to put the lab back."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import trustme
import urllib3
from hypothesis import settings

from lab.connector import build_archive

ROOT = Path(__file__).resolve().parent.parent

# The same examples in every run; `make prove` takes other and more ones each time.
settings.register_profile("test", max_examples=100, derandomize=True, deadline=None, print_blob=True)
settings.register_profile("prove", settings.get_profile("test"), max_examples=1000, derandomize=False)
settings.load_profile("test")


def pytest_configure() -> None:
    # Both take precedence over a CA that a test or the connector asks for.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        os.environ.pop(name, None)
    # The machine's authorities take 20 ms to read, again after each test that forgets; no test trusts them. One does.
    authority = Path(tempfile.mkdtemp(prefix="authority-")) / "authority.pem"
    trustme.CA().cert_pem.write_to_path(authority)
    atexit.register(shutil.rmtree, authority.parent)
    os.environ["SSL_CERT_FILE"] = requests.utils.DEFAULT_CA_BUNDLE_PATH = str(authority)
    # A run that is terminated ends like one that is interrupted: it prints the failures so far, and leaves no lab behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


FIGURE = "figure"


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """A function that has a line shown at the end of the run."""
    return lambda line: record_property(FIGURE, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for listed in terminalreporter.stats.values() for report in listed]
    told = (each for report in reports for each in getattr(report, "user_properties", ()))
    for line in dict.fromkeys(line for name, line in told if name == FIGURE):  # call and teardown both have it
        terminalreporter.write_line(str(line))


class Control:
    """The control API of a running lab.

    Parameters:
        ready: the ``control`` part of its ready line.
    """

    def __init__(self, ready: dict[str, str]) -> None:
        # Thousands of requests: what requests does besides would count.
        self._pool = urllib3.connection_from_url(ready["url"])
        self.headers = {"Authorization": f"Bearer {ready['token']}"}

    def reset(self, product: str | None = None) -> None:
        """Put a product, or the whole lab with its clock, back to the seed."""
        self.ask("POST", "/reset", {"product": product} if product else {})

    def switch(self, product: str, **positions: Any) -> None:
        """Put switches of a product into positions."""
        self.ask("PUT", f"/switches/{product}", positions)

    def switches(self, product: str) -> list[dict[str, Any]]:
        """Return the switches of a product."""
        listed: list[dict[str, Any]] = self.ask("GET", f"/switches/{product}")
        return listed

    def journal(self, product: str) -> list[dict[str, Any]]:
        """Return the requests that a product received."""
        entries: list[dict[str, Any]] = self.ask("GET", f"/journal/{product}")
        return entries

    def clear_journal(self, product: str) -> None:
        """Forget the requests that a product received."""
        self.ask("DELETE", f"/journal/{product}")

    def advance(self, seconds: float) -> None:
        """Move the lab's clock."""
        self.ask("POST", "/clock", {"advance": seconds})

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Send one request; fail with the lab's own words."""
        answer = self._pool.request(method, path, json=body, headers=self.headers, timeout=30, redirect=False)
        assert answer.status < 400, answer.data.decode()
        return answer.json() if answer.data else None

    def close(self) -> None:
        self._pool.close()


class LabProcess:
    """``python -m lab serve`` as a process of its own.

    ``ready`` is its ready line; ``fortisoar``, ``fortimonitor`` and ``fortisiem`` are its parts as attributes.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._errors = folder / "stderr.txt"
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lab", "serve", *options],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(folder)},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout
        self.line = self.process.stdout.readline()
        if not self.line:
            self.stop()
            pytest.fail(f"The lab did not start: {self.stderr()}")
        self.ready: dict[str, Any] = json.loads(self.line)
        self.fortisoar, self.fortimonitor, self.fortisiem = (
            SimpleNamespace(**self.ready[name]) for name in ("fortisoar", "fortimonitor", "fortisiem")
        )
        self.control = Control(self.ready["control"])

    def stderr(self) -> str:
        """Return what the lab said on stderr so far."""
        return self._errors.read_text()

    def stop(self) -> str:
        """Stop the lab as a service manager would; return what it printed after its ready line."""
        self.process.terminate()
        rest, _ = self.process.communicate(timeout=30)
        if hasattr(self, "control"):
            self.control.close()
        return rest


@pytest.fixture(scope="session")
def start_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LabProcess]]:
    """A function that starts a lab on free ports, with more options if given, and stops it at the end at the latest."""
    started: list[LabProcess] = []

    def start(*options: str) -> LabProcess:
        folder = tmp_path_factory.mktemp("lab")
        started.append(LabProcess(folder, "--ports", "0", *options))
        return started[-1]

    yield start
    for lab in started:
        if lab.process.returncode is None:
            lab.stop()


@pytest.fixture(scope="session")
def lab(start_lab: Callable[..., LabProcess]) -> LabProcess:
    """One running lab for the whole test run (for each worker of pytest-xdist its own)."""
    return start_lab()


@pytest.fixture
def fresh_lab(lab: LabProcess) -> LabProcess:
    """The lab as after its first start: nothing is installed, the clock shows real time."""
    lab.control.reset()
    return lab


@pytest.fixture
def fresh_products(lab: LabProcess) -> LabProcess:
    """The lab with FortiMonitor, FortiSIEM and the clock as after the first start; FortiSOAR is left as it is."""
    lab.control.ask("POST", "/clock", {"reset": True})
    for product in ("fortimonitor", "fortisiem"):
        lab.control.reset(product)
    lab.control.clear_journal("fortisoar")
    return lab


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The connector's archive, built from the working copy."""
    return build_archive(tmp_path_factory.mktemp("archive"))
