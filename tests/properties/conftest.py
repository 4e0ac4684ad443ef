"""Properties run the connector many times: nothing of it waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.package import go_by


@pytest.fixture(scope="session", autouse=True)
def nothing_sleeps() -> Iterator[None]:
    """Let nothing sleep between two requests."""
    with pytest.MonkeyPatch.context() as patch:
        go_by(patch, sleep=lambda seconds: None, chance=lambda: 1.0)
        yield
