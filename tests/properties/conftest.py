"""Properties run the connector many times: nothing of it waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.package import module


@pytest.fixture(scope="session", autouse=True)
def nothing_sleeps() -> Iterator[None]:
    """Let nothing sleep between two requests."""
    timing = module("core.deadline").Timing
    clocks = timing.__init__.__defaults__[:2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing.__init__, "__defaults__", (*clocks, lambda seconds: None, lambda: 1.0))
        yield
