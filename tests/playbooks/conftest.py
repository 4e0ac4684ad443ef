"""One lab for all tests of the shipped playbooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stories import PlaybookLab, playbook_lab


@pytest.fixture(scope="package")
def lab(archive: Path) -> Iterator[PlaybookLab]:
    with playbook_lab(archive) as lab:
        yield lab
