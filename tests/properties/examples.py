"""How many examples a property test takes: the one place besides the profiles in tests/conftest.py."""

from __future__ import annotations

from hypothesis import settings

_PROFILE = settings.default
assert _PROFILE is not None
IS_PROOF = _PROFILE.max_examples >= 1000  # of the profile of `make prove`, whose tests take ten times as many


def examples(in_test: int, in_prove: int = 0) -> settings:
    """Return the settings of a property with so many examples in ``make test``, and ten times as many in ``make prove``.

    Parameters:
        in_prove: how many in ``make prove``, where that is another number.
    """
    return settings(max_examples=(in_prove or in_test * 10) if IS_PROOF else in_test)
