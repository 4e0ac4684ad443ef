"""The ingestion playbooks, from both products into FortiSOAR's alerts, while everything fails once in a while."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import settings

from tests.support.incoming import CLEAN, MESSY, NAMELESS, NAMES, TIMELESS, portions
from tests.support.playbook_soak import FINE, TROUBLES, Progress, playbook_soak, troubles


class Size(NamedTuple):
    """How much arrives, in how many cycles, and how many of these a lab lives."""

    incidents: int
    outages: int
    cycles: int
    cycles_of_a_lab: int


SIZES = {
    "test": {"clean": Size(900, 400, 10, 5), "messy": Size(420, 250, 10, 10)},
    "prove": dict.fromkeys(("clean", "messy"), Size(50_000, 20_000, 200, 20)),
}
WORLDS = {"clean": CLEAN, "messy": MESSY}


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("world", WORLDS)
def test_every_incident_becomes_exactly_one_alert(archive: Path, tmp_path: Path, world: str) -> None:
    size = SIZES["prove" if settings.get_current_profile_name() == "prove" else "test"][world]
    random = Random(7)  # noqa: S311 - chance, not a secret
    totals = {"FortiSIEM": size.incidents, "FortiMonitor": size.outages}
    arriving = {product: portions(total, size.cycles, random) for product, total in totals.items()}
    going_wrong = troubles(size.cycles, random)
    progress = Progress()
    for first in range(0, size.cycles, size.cycles_of_a_lab):
        with playbook_soak(archive, tmp_path, first, progress, WORLDS[world]) as soak:
            for cycle in range(first, first + size.cycles_of_a_lab):
                soak.cycle({product: arriving[product][cycle] for product in NAMES}, going_wrong[cycle], random)
            soak.end_in_the_middle(random)
    with playbook_soak(archive, tmp_path, size.cycles, progress, WORLDS[world]) as soak:
        soak.finish()
        odd: set[str] = set()
        for product, total in totals.items():
            there = soak.incoming.last_times(product, 0)
            assert len(there) > total
            assert soak.alerts(product) == soak.storable(there)
            odd |= {soak.incoming.odd(number) for number in there}
    assert odd == ({"", TIMELESS, NAMELESS} if world == "messy" else {""})
    assert {what for what, times in progress.happened.items() if times} == set(TROUBLES) - {FINE}
