"""The faults that are armed, in their order, and which of them strikes.

All of this lives on the servers' event loop alone, so that nothing here needs a lock.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ..names import unknown
from .catalogue import CATALOGUE, PRODUCTS, Kind


@dataclass
class Fault:
    """One armed fault.

    Parameters:
        number: unique in the life of a lab.
        values: every key that its kind takes, with the defaults filled in.
        passed: how many that match were let through.
        hits: how many were struck.
    """

    number: int
    kind: Kind
    product: str
    values: dict[str, Any]
    passed: int = 0
    hits: int = 0

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def armed(self) -> bool:
        """Whether it can still strike."""
        times: int = self["times"]
        return times == 0 or self.hits < times

    def strikes(self) -> bool:
        """Count one match; return whether it is struck."""
        if not self.armed:
            return False
        if self.passed < self["skip"]:
            self.passed += 1
            return False
        self.hits += 1
        return True

    def fits(self, method: str, path: str) -> bool:
        """Return whether a request is one that it is meant for."""
        return self["method"] in (None, method) and (self["path"] is None or fnmatchcase(path, self["path"]))

    def as_json(self) -> dict[str, Any]:
        """Return it in a form that JSON can carry."""
        named = {"number": self.number, "kind": self.kind.name, "product": self.product}
        return {**named, **self.values, "hits": self.hits, "armed": self.armed}


class Faults:
    """Every fault of a lab, oldest first. The first one that fits and is armed strikes."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._numbers = itertools.count(1)

    def arm(self, orders: Any) -> list[Fault]:
        """Arm one order or a list of them, all or none; return what was armed.

        Raises: ValueError with a sentence about the first order that cannot be.
        """
        wanted = orders if isinstance(orders, list) else [orders]
        if not wanted:
            raise ValueError("The list is empty: nothing to arm.")
        parsed = [_parsed(order) for order in wanted]
        armed = [Fault(next(self._numbers), *parts) for parts in parsed]
        self._faults += armed
        return armed

    def on_connection(self, product: str) -> Fault | None:
        """Return the fault that strikes a new connection."""
        return self._first(fault for fault in self._faults if fault.product == product and fault.kind.at_accept)

    def on_request(self, product: str, method: str, path: str) -> Fault | None:
        """Return the fault that strikes a request."""
        return self._first(
            fault
            for fault in self._faults
            if fault.product == product and not fault.kind.at_accept and fault.fits(method, path)
        )

    def clear(self, product: str | None = None) -> None:
        """Forget the faults of a product, or all of them."""
        self._faults = [fault for fault in self._faults if product not in (None, fault.product)]

    def as_json(self) -> list[dict[str, Any]]:
        """Return the faults, used ones too, in a form that JSON can carry."""
        return [fault.as_json() for fault in self._faults]

    @staticmethod
    def _first(fitting: Any) -> Fault | None:
        return next((fault for fault in fitting if fault.strikes()), None)


def _parsed(order: Any) -> tuple[Kind, str, dict[str, Any]]:
    """Return the kind, the product and the values of an order; raise ValueError if it cannot be."""
    if not isinstance(order, dict):
        raise ValueError(f'A fault must be a JSON object such as {{"kind": "reset", "product": "{PRODUCTS[0]}"}}.')
    kind = _kind(order.get("kind"))
    takes = kind.takes
    given = {name: value for name, value in order.items() if name not in ("kind", "product")}
    if unknown := sorted(given.keys() - takes.keys()):
        raise ValueError(f"{kind.name} has no parameter {unknown[0]!r}. It has: product, {', '.join(takes)}.")
    product = order.get("product")
    if product not in PRODUCTS:
        raise ValueError(f"{kind.name}: product must be {' or '.join(PRODUCTS)}, not {product!r}.")
    for name, value in given.items():
        if not takes[name].values.hold(value):
            raise ValueError(f"{kind.name}: {name} must be {takes[name].values.words}, not {value!r}.")
    return kind, product, {name: given.get(name, parameter.default) for name, parameter in takes.items()}


def _kind(name: Any) -> Kind:
    if isinstance(name, str) and name in CATALOGUE:
        return CATALOGUE[name]
    raise ValueError(unknown("fault", name, CATALOGUE))
