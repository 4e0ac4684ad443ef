"""Ingestion from the lab's products while incidents arrive, calls fail and the lab is started anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import settings

from tests.support.incoming import CLEAN, CYCLE, NAMELESS, TIMELESS, messy, portions
from tests.support.package import go_by
from tests.support.soak import Ingestion, Soak, soak

STATUSES = (429, 500, 503)
MOST_CALLS = 200


class Size(NamedTuple):
    """How much arrives, and in how many cycles."""

    incidents: int
    outages: int
    cycles: int
    cycles_of_a_lab: int
    most: tuple[int, ...]  # that are fetched at once, by chance
    odd_rows: str


SIZES = {
    "test": Size(300, 200, 20, 10, (20, 50), "one_in_20"),
    "prove": Size(50_000, 20_000, 200, 20, (100, 1000, 1000, 5000), "one_in_200"),
}


@pytest.fixture(autouse=True)
def nothing_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the package wait for nothing."""
    go_by(monkeypatch, sleep=lambda seconds: None, chance=lambda: 1.0)


def recurrences(lab: Soak, random: Random) -> Callable[[int], None]:
    """Return what happens before every fourth request: an incident of FortiSIEM occurs again."""

    def recur(number: int) -> None:
        if number % 4 == 0:
            lab.incoming.recur(random)

    return recur


def run_cycle(lab: Soak, playbook: Ingestion, arriving: int, most: tuple[int, ...], random: Random) -> None:
    """Let so many incidents arrive, and fetch once."""
    lab.incoming.arrive(playbook.source, arriving, random)
    fault = (random.choice([1, 1, 2, 4]), random.choice(STATUSES)) if random.random() < 0.25 else (0, 0)
    playbook.cycle(lab, fault, random.random() >= 0.1, random.choice(most))


def finish(lab: Soak, playbook: Ingestion) -> None:
    """Fetch until nothing is waiting, and then until nothing is waiting once more."""
    for _ in range(2):
        calls = iter(range(MOST_CALLS))
        while not playbook.cycle(lab):
            next(calls)
            lab.clock.advance(60)  # FortiMonitor's limit on requests


@pytest.mark.timeout(900)
@pytest.mark.parametrize("world", ["clean", "messy"])
def test_every_incident_becomes_exactly_one_record(tmp_path: Path, figure: Callable[[str], None], world: str) -> None:
    size = SIZES["prove" if settings.get_current_profile_name() == "prove" else "test"]
    switches = CLEAN if world == "clean" else messy(size.odd_rows)
    random = Random(5)  # noqa: S311 - chance, not a secret
    totals = {"FortiSIEM": size.incidents, "FortiMonitor": size.outages}
    arriving = {source: portions(total, size.cycles, random) for source, total in totals.items()}
    playbooks = [Ingestion(source) for source in totals]
    ahead = 0.0
    for first in range(0, size.cycles, size.cycles_of_a_lab):
        with soak(tmp_path, ahead, switches) as lab:
            for front in lab.fronts.values():
                front.before = recurrences(lab, random)
            for cycle in range(first, first + size.cycles_of_a_lab):
                lab.clock.advance(CYCLE)
                for playbook in playbooks:
                    run_cycle(lab, playbook, arriving[playbook.source][cycle], size.most, random)
            ahead = lab.ahead
    with soak(tmp_path, ahead, switches) as lab:
        for playbook in playbooks:
            finish(lab, playbook)
            there = lab.incoming.last_times(playbook.source, 0)
            assert len(there) > totals[playbook.source]
            odd = {number: odd for number in there if (odd := lab.incoming.odd(number))}
            assert playbook.stored() == {number: time for number, time in there.items() if number not in odd}
            playbook.check_odd(odd)
            assert int(playbook.watermark) // 1000 == max(playbook.stored().values())
            assert (set(odd.values()) == {TIMELESS, NAMELESS}) == (world == "messy")
            assert len(playbook.records) == len(there) - list(odd.values()).count(NAMELESS)
            assert min(playbook.failures, playbook.unstored, playbook.waiting) > 0
            figure(
                f"Fetched from {playbook.source} in the {world} world: {len(there):,} incidents became "
                f"{len(playbook.records):,} records, {len(there) - len(playbook.records):,} were named as unreadable"
            )


@pytest.mark.parametrize(
    ("version", "paging"),
    [("6.4", "start_size"), ("6.7", "start_size"), ("6.7", "query_id"), ("7.0", "query_id"), ("7.5.1", "query_id")],
)
def test_a_moment_that_fills_more_than_a_page_is_fetched_from_every_version(
    tmp_path: Path, version: str, paging: str
) -> None:
    found: list[int] = []
    with soak(tmp_path, 0) as lab:
        lab.siem.switches.set("version", version)
        lab.siem.switches.set("paging_6_7", paging)
        lab.siem.add_incidents(700, incidentLastSeen=lab.siem.now())
        lab.siem.add_incidents(300)
        there = sorted(lab.incoming.last_times("FortiSIEM", 0))
        answer = {"watermark": "0", "is_complete": False}
        while not answer["is_complete"]:
            answer = lab.execute("fetch_incidents", source="FortiSIEM", watermark=answer["watermark"], max_results=333)
            found += [incident["incident"]["incident_id"] for incident in answer["incidents"]]
    assert sorted(found) == there  # each once
