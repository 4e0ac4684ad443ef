"""The ingestion playbooks, from both products into FortiSOAR's alerts, while everything fails once in a while."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import settings

from tests.support.incoming import CLEAN, NAMELESS, NAMES, TIMELESS, messy, portions
from tests.support.playbook_soak import FINE, TROUBLES, PlaybookSoak, Progress, playbook_soak, troubles


class Size(NamedTuple):
    """How much arrives, in how many cycles, and how many of these a lab lives."""

    incidents: int
    outages: int
    cycles: int
    cycles_of_a_lab: int
    odd_rows: str


SIZES = {
    "test": Size(60, 50, 10, 10, "one_in_20"),
    "prove": Size(50_000, 20_000, 200, 20, "one_in_200"),
}


@pytest.mark.timeout(7200)  # make prove takes its time
@pytest.mark.parametrize("world", ["clean", "messy"])
def test_every_incident_becomes_exactly_one_alert(
    archive: Path, tmp_path: Path, figure: Callable[[str], None], world: str
) -> None:
    size = SIZES["prove" if settings.get_current_profile_name() == "prove" else "test"]
    switches = CLEAN if world == "clean" else messy(size.odd_rows)
    random = Random(7)  # noqa: S311 - chance, not a secret
    totals = {"FortiSIEM": size.incidents, "FortiMonitor": size.outages}
    arriving = {product: portions(total, size.cycles, random) for product, total in totals.items()}
    going_wrong = troubles(size.cycles, random)
    progress = Progress()
    for first in range(0, size.cycles, size.cycles_of_a_lab):
        with playbook_soak(archive, tmp_path, progress, switches) as soak:
            for cycle in range(first, first + size.cycles_of_a_lab):
                soak.cycle({product: arriving[product][cycle] for product in NAMES}, going_wrong[cycle], random)
            soak.end_in_the_middle(random)
            if first + size.cycles_of_a_lab == size.cycles:
                soak.finish()
                judge(soak, totals, world, figure)
    assert {what for what, times in progress.happened.items() if times} == set(TROUBLES) - {FINE}


def judge(soak: PlaybookSoak, totals: dict[str, int], world: str, figure: Callable[[str], None]) -> None:
    """Fail unless every incident that has an id has exactly one alert, which shows it as it was last."""
    odd: set[str] = set()
    for product, total in totals.items():
        there = soak.incoming.last_times(product, 0)
        assert len(there) > total
        alerts = soak.alerts(product)
        assert alerts == soak.storable(there)
        figure(
            f"Ingested from {product} in the {world} world: {len(there):,} incidents became {len(alerts):,} alerts, "
            f"{len(there) - len(alerts):,} have nothing to name them"
        )
        odd |= {soak.incoming.odd(number) for number in there}
    assert odd == ({"", TIMELESS, NAMELESS} if world == "messy" else {""})
