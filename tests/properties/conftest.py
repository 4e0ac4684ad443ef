"""Properties run the connector many times: nothing of it waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.package import go_by


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was proved: a test records it as the property ``proved``."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in getattr(report, "user_properties", ()):
            if name == "proved" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")


@pytest.fixture(scope="session", autouse=True)
def nothing_sleeps() -> Iterator[None]:
    """Let nothing sleep between two requests."""
    with pytest.MonkeyPatch.context() as patch:
        go_by(patch, sleep=lambda seconds: None, chance=lambda: 1.0)
        yield
