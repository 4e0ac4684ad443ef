"""How many examples a property test takes: the one place besides the profiles in tests/conftest.py."""

from __future__ import annotations

from hypothesis import settings


def examples(in_test: int) -> settings:
    """Return the settings of a property with so many examples in ``make test``, and ten times as many in ``make prove``.

    Both profiles name how many a test takes that asks for 100.
    """
    profile = settings.default
    assert profile is not None
    return settings(max_examples=in_test * profile.max_examples // 100)
