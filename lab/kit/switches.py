"""Switches: the behaviours of a product on which public sources are silent or disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..names import unknown


@dataclass(frozen=True)
class Switch:
    """One behaviour that is not settled, with every position it may stand in.

    Parameters:
        name: snake_case, unique in its product.
        positions: the allowed values; the first is the default.
        about: one sentence: what it changes, and why it is not settled.
    """

    name: str
    positions: Sequence[Any]
    about: str


class Switches:
    """The switches of one product and where they stand."""

    def __init__(self, declared: Sequence[Switch]) -> None:
        self._declared = {switch.name: switch for switch in declared}
        self._standing: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self._standing.get(name, self._declared[name].positions[0])

    def set(self, name: str, position: Any) -> None:
        """Put a switch into a position; raise ValueError, naming what is allowed, if there is no such thing."""
        if name not in self._declared:
            raise ValueError(unknown("switch", name, sorted(self._declared)))
        allowed = self._declared[name].positions
        if not any(position == value and type(position) is type(value) for value in allowed):
            raise ValueError(f"Switch {name!r} cannot stand at {position!r}. Allowed: {', '.join(map(repr, allowed))}.")
        self._standing[name] = position

    def reset(self) -> None:
        """Put every switch back to its default."""
        self._standing.clear()

    def describe(self) -> list[dict[str, Any]]:
        """List every switch with its position, its positions and what it is about."""
        return [
            {"name": s.name, "position": self[s.name], "positions": list(s.positions), "about": s.about}
            for s in self._declared.values()
        ]
