"""How many examples a property test takes: the one place besides the profiles in tests/conftest.py."""

from __future__ import annotations

from hypothesis import settings


def examples(in_test: int, in_prove: int | None = None) -> settings:
    """Return the settings of a property with so many examples in ``make test``, and in ``make prove`` ten times as many.

    Parameters:
        in_prove: where it is another number.

    Both profiles name how many a test takes that asks for 100.
    """
    profile = settings.default
    assert profile is not None
    if in_prove is not None and settings.get_current_profile_name() == "prove":
        return settings(max_examples=in_prove)
    return settings(max_examples=in_test * profile.max_examples // 100)
