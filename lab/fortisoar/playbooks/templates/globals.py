"""Names that playbooks' Jinja finds beside ``vars``: the platform's own, by the lab's clock.

The list is that of the platform's Jinja environment; it has no ``now`` or ``utcnow`` of its own. What needs a key
store or a connector's configuration (``keystore``, ``get_connector_config``) is left out, so that its use is an error.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import arrow
from arrow import Arrow

from ....kit.clock import Clock


class ArrowLibrary:
    """The ``arrow`` library as templates see it, on the lab's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def utcnow(self) -> Arrow:
        """Return the lab's time in UTC."""
        return arrow.get(self._clock.now())

    def now(self, tz: str = "UTC") -> Arrow:
        """Return the lab's time in a time zone."""
        return self.utcnow().to(tz)

    def get(self, *args: Any, **kwargs: Any) -> Arrow:
        """Read a time; without arguments, return the lab's."""
        return arrow.get(*args, **kwargs) if args else self.utcnow().to(kwargs.get("tzinfo", "UTC"))


def global_names(clock: Clock) -> dict[str, Any]:
    """Return the global names; Jinja's own, such as ``range``, stand beside them."""
    library = ArrowLibrary(clock)

    def relative(
        years: int = 0, months: int = 0, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0
    ) -> Any:
        # The form is assumed: no source.
        shifted = library.utcnow().shift(
            years=years, months=months, days=days, hours=hours, minutes=minutes, seconds=seconds
        )
        return shifted.int_timestamp

    return {
        "arrow": library,
        "uuid": lambda: str(uuid4()),
        "get_current_date": lambda: clock.now().strftime("%Y-%m-%d"),
        "get_current_datetime": lambda: clock.now().strftime("%Y-%m-%d %H:%M:%S"),
        "currentDateMinus": lambda days: int((clock.now() - timedelta(days=int(days))).timestamp()),
        "getRelativeDate": relative,
    }
