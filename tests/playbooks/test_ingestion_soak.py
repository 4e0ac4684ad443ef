"""The ingestion playbooks, from both products into FortiSOAR's alerts, while everything fails once in a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import settings

from lab.fortimonitor.switches import DECLARED
from lab.fortisiem.switches import SWITCHES as SIEM_SWITCHES
from lab.fortisoar.playbooks.switches import PLAYBOOK_SWITCHES
from lab.kit.switches import Switch
from tests.support.every_action import ORDINARY
from tests.support.incoming import CLEAN, NAMELESS, NAMES, TIMELESS, messy, portions
from tests.support.playbook_soak import FINE, TROUBLES, PlaybookSoak, Progress, playbook_soak, troubles
from tests.support.stories import INGEST, PlaybookLab, playbook_lab


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


# What analysts made of an alert.

FETCHES = 50
SENT_ALIKE = ("content_encoding", "charset", "session_cookies")
# What decides how a list of incidents is asked for, sent and shown. What concerns writes, health and tokens is left out.
READ_BY_INGESTION = {
    "fortisiem": (
        *("paging_6_7", "page_not_ready", "page_not_ready_status", "two_page_defect", "severity_category_filter"),
        *("unset_attributes", "json_content_type", "largest_page", "further_pages", "total", "shows_after_seconds"),
        *("ids_need_times", "numbers", "times", "words", "attribute_lists", "organization_shown", "odd_rows"),
        *SENT_ALIKE,
    ),
    "fortimonitor": (
        *("metadata_in_description", "metadata_shown", "server_id_form", "page_cap", "severity_words", "start_time"),
        *("tags", "acknowledged", "description", "url_host", "total_count", "next", "odd_rows", "shows_after_seconds"),
        *SENT_ALIKE,
    ),
    "fortisoar": tuple(switch.name for switch in PLAYBOOK_SWITCHES),
}
SWITCHES = {"fortisiem": SIEM_SWITCHES, "fortimonitor": DECLARED, "fortisoar": PLAYBOOK_SWITCHES}


def positions(product: str) -> list[tuple[Switch, Any]]:
    """Return every position of a product's switches that ingestion has to do with; the first ones all stand meanwhile."""
    switches = {switch.name: switch for switch in SWITCHES[product]}
    named = [switches[name] for name in READ_BY_INGESTION[product]]
    return [(switch, position) for switch in named for position in switch.positions[1:]]


def at_once() -> Iterator[dict[str, tuple[Switch, Any]]]:
    """Return positions so that each occurs: one of each product at a time, as their ingestions are apart."""
    every = {product: positions(product) for product in SWITCHES}
    most = max(FETCHES, *map(len, every.values()))
    for together in zip(*(islice(cycle(each), most) for each in every.values()), strict=True):
        yield dict(zip(every, together, strict=True))


@pytest.mark.timeout(7200)  # make prove takes its time
def test_what_an_analyst_made_of_an_alert_outlives_fifty_fetches_in_every_position(archive: Path) -> None:
    """Each position is held for one fetch in `make test`, for fifty in `make prove`."""
    fetches_of_a_position = FETCHES if settings.get_current_profile_name() == "prove" else 1
    with playbook_lab(archive) as lab:
        lab.begin()
        lab.answer_wizard(sources="FortiSIEM and FortiMonitor", lookback=20_000, overlap=86_400)
        lab.trigger(INGEST)
        edited = [lab.source_id(1), lab.source_id(ORDINARY, "fortimonitor")]
        addresses = [lab.alerts()[each]["@id"] for each in edited]
        for address in addresses:
            lab.api("PUT", address, made(lab))
        before = [kept(lab.api("GET", address)) for address in addresses]
        for together in at_once():
            for product, (switch, position) in together.items():
                lab.control.switch(product, **{switch.name: position})
            for _ in range(fetches_of_a_position):
                rows = fetched_once_more(lab, addresses)
                assert "Emptied" not in [row["sourcedata"] for row in rows], together  # they were fetched
                assert [kept(row) for row in rows] == before, together
            for product, (switch, _) in together.items():
                lab.control.switch(product, **{switch.name: switch.positions[0]})


def made(lab: PlaybookLab) -> dict[str, Any]:
    """Return what an analyst makes of an alert, a field that the ingestion never fills among it."""
    return {
        "name": "Renamed",
        "severity": lab.item("Severity", "Minimal"),
        "status": lab.item("AlertStatus", "Pending"),
        "assignedTo": lab.api("GET", "/api/3/people")["hydra:member"][0]["@id"],
        "description": "<p>Mine</p>",
        "ticketID": "CHG-7",
    }


def kept(row: dict[str, Any]) -> dict[str, Any]:
    """Return an alert without what each fetch refreshes."""
    return {name: value for name, value in row.items() if name not in ("sourcedata", "modifyDate")}


def fetched_once_more(lab: PlaybookLab, addresses: list[str]) -> list[dict[str, Any]]:
    """Empty the source data of these alerts, let a minute pass and ingest; return the alerts."""
    for address in addresses:
        lab.api("PUT", address, {"sourcedata": "Emptied"})
    lab.control.advance(60)
    lab.trigger(INGEST)
    return [lab.api("GET", address) for address in addresses]
