"""Random arrivals and random fetches: whatever comes is fetched, and no watermark passes what was not.

What may arrive late, and how long a call may take, stays within the overlap: without an overlap nothing comes late and
nothing changes during a call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Union

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.examples import examples
from tests.support.arrivals import (
    LISTED_BY_QUERY,
    LISTED_BY_START,
    NAMELESS,
    START,
    TIMELESS,
    Monitor,
    Place,
    Product,
    Siem,
    is_minor,
    nameless,
)
from tests.support.package import module

pytestmark = pytest.mark.timeout(3600)  # make prove takes its time

PAGE = 4
MOST_CHANGES = 3  # within one call, each in a second of its own
MOST_CALLS = 400


class Arrive(NamedTuple):
    """So many incidents arrive at once, by a part of what the overlap allows too late, or ahead of the clock.

    ``odd`` is what their rows lack, if anything.
    """

    number: int
    late: float
    odd: str = ""


class Recur(NamedTuple):
    """One of the incidents occurs again, where the product's incidents do."""

    which: int


class Pass(NamedTuple):
    """Time passes."""

    seconds: int


Change = Union[Arrive, Recur, Pass]


class Fetch(NamedTuple):
    """One call: what changes before which of its requests, which one fails, and what the playbook still stores."""

    most: int
    during: dict[int, Change]
    fails_at: int
    is_stored: bool


class World(NamedTuple):
    """A product, the overlap with which it is read, and whether minor incidents are left out."""

    source: str
    sorts: str
    paging: str
    overlap: int
    chooses: bool = False

    def wants(self, number: int) -> bool:
        """Tell whether an incident is to be fetched."""
        return not (self.chooses and is_minor(number))


SORTS = ["as asked", "as asked", "newest first"]
CHANGES = st.one_of(
    st.builds(
        Arrive,
        st.integers(1, 7),
        st.one_of(st.floats(0, 1), st.floats(-9, -1)),
        st.sampled_from(["", "", TIMELESS, NAMELESS]),
    ),
    st.builds(Recur, st.integers(0, 99)),
    st.builds(Pass, st.integers(1, 30)),
)
FETCHES = st.builds(
    Fetch,
    most=st.integers(1, 9),
    during=st.dictionaries(st.integers(1, 9), CHANGES, max_size=MOST_CHANGES),
    fails_at=st.sampled_from([0, 0, 0, 1, 2, 3]),
    is_stored=st.sampled_from([True, True, False]),
)
WORLDS = st.one_of(
    st.builds(
        World,
        st.just("FortiSIEM"),
        st.sampled_from(SORTS),
        st.sampled_from([LISTED_BY_QUERY, LISTED_BY_START]),
        st.sampled_from([0, 5, 20]),
        st.booleans(),
    ),
    st.builds(
        World, st.just("FortiMonitor"), st.sampled_from(SORTS), st.just(""), st.sampled_from([0, 5, 20]), st.booleans()
    ),
)


@pytest.fixture(scope="module", autouse=True)
def small_pages() -> Iterator[None]:
    """Let the package ask FortiSIEM for small pages; FortiMonitor sends small ones by itself."""
    listing, ingestion = module("clients.fortisiem.lists"), module("operations.ingestion")
    with pytest.MonkeyPatch.context() as patch:
        for place in (listing, ingestion):
            patch.setattr(place, "PAGE_SIZE", PAGE)
        yield


class Ingestion:
    """A playbook that fetches from a product, stores what came, and then the watermark."""

    def __init__(self, world: World) -> None:
        self.world = world
        is_siem = world.source == "FortiSIEM"
        self.product: Product = Siem(world.sorts, PAGE, world.paging) if is_siem else Monitor(world.sorts, PAGE)
        self.watermark = str(START * 1000)
        self.fetched: set[Place] = set()
        self.told: set[int] = set()  # odd incidents that came, or were named
        self.records: dict[str, int] = {}

    def change(self, change: Change) -> None:
        """Let something happen in the product."""
        if isinstance(change, Pass):
            self.product.now += change.seconds
        elif isinstance(change, Arrive):
            # What a call takes is a part of the overlap too.
            late = min(self.product.now - START, int(change.late * max(0, self.world.overlap - MOST_CHANGES)))
            before = set(self.product.times)
            for _ in range(change.number):
                self.product.arrive(late)
            if change.odd:
                self.product.odd |= dict.fromkeys(self.product.times.keys() - before, change.odd)
        elif isinstance(self.product, Siem) and self.product.times:
            self.product.recur(list(self.product.times)[change.which % len(self.product.times)])

    def during(self, changes: dict[int, Change]) -> Callable[[int], None]:
        """Return what happens before each request of a call."""

        def happen(number: int) -> None:
            if number in changes and self.world.overlap:
                self.product.now += 1
                change = changes[number]
                self.change(Pass(0) if isinstance(change, Pass) else change)

        return happen

    def fetch(self, call: Fetch) -> bool:
        """Fetch once, and check what came; return whether it is complete."""
        there = self.product.places()
        self.product.begin_call(self.during(call.during), call.fails_at)
        params = {
            "source": self.world.source,
            "watermark": self.watermark,
            "overlap": self.world.overlap,
            "lookback": 1,
            "max_results": call.most,
            "include_events": False,
            **({"severity": ["High", "Critical"]} if self.world.chooses else {}),
        }
        try:
            result = module("operations.ingestion").fetch_incidents(self.product.bridge, params)
        except module("core.errors").Failure:
            assert self.product.requests >= call.fails_at > 0
            return False
        assert result["count"] == len(result["incidents"]) <= call.most - result["left_out"]
        assert self.world.chooses or result["left_out"] == 0
        numbers = [row["incident"]["incident_id"] for row in result["incidents"]]
        assert all(map(self.world.wants, numbers))
        assert len(set(numbers)) == len(numbers)
        for number, row in zip(numbers, result["incidents"]):
            assert self.records.setdefault(row["source_id"], number) == number
        came = [self._place(row) for row in result["incidents"] if row["last_time"]]
        assert came == sorted(set(came))
        self.fetched.update(came)
        self._hear_of_odd(result)
        if call.is_stored:
            self.watermark = result["watermark"]
        self._check_passed(there & self.product.places(), result["watermark"])
        return bool(result["is_complete"])

    def _hear_of_odd(self, result: dict[str, Any]) -> None:
        """Take note of the odd incidents that came or were named; nothing else may be named."""
        timeless = {row["incident"]["incident_id"] for row in result["incidents"] if not row["last_time"]}
        named = {
            number
            for number, odd in self.product.odd.items()
            for each in result["skipped"]
            if each["row"] == str(number) or (odd == NAMELESS and nameless(number) in each["row"])
        }
        assert timeless | named <= self.product.odd.keys()
        assert len(named) == len(result["skipped"])
        self.told |= timeless | named

    def _place(self, row: dict[str, Any]) -> Place:
        moment = module("core.times").utc(row["last_time"])
        return int(moment.timestamp()), row["incident"]["incident_id"]

    def _check_passed(self, there: set[Place], watermark: str) -> None:
        """Check that the calls after a watermark come by all that was there before it and was not fetched."""
        parts = [int(part) for part in watermark.split("/")]
        looks_back_to = parts[-1] / 1000 - self.world.overlap
        last = (parts[0] / 1000, parts[1]) if len(parts) == 3 else (looks_back_to, -math.inf)
        wanted = {place for place in there if self.world.wants(place[1])}
        passed = {place for place in wanted if place <= last and place[0] < looks_back_to}
        assert {place for place in passed if place[1] not in self.told} <= self.fetched


# One is ahead of the clock by more than the overlap, and others come in time behind it.
AHEAD = [Arrive(1, 0), Arrive(1, -9), Fetch(9, {}, 0, True), Pass(30), Arrive(2, 0), Fetch(9, {}, 0, True), Pass(30)]
# One comes late, to before the place where the next call goes on; and more time passes than the overlap.
LATE_BEHIND_A_PLACE = [Pass(30), Arrive(2, 0), Pass(5), Arrive(1, 0), Fetch(1, {}, 0, True), Arrive(1, 1), Pass(30)]


@example(World("FortiSIEM", "as asked", LISTED_BY_START, 20), [*LATE_BEHIND_A_PLACE, Arrive(1, 0)], 9)
@example(World("FortiMonitor", "as asked", "", 20), [*LATE_BEHIND_A_PLACE, Arrive(1, 0)], 9)
@example(World("FortiSIEM", "as asked", LISTED_BY_QUERY, 20), AHEAD, 9)
@example(World("FortiMonitor", "as asked", "", 20), AHEAD, 9)
@examples(300)
@given(WORLDS, st.lists(st.one_of(CHANGES, FETCHES), max_size=25), st.integers(1, 9))
def test_whatever_arrives_is_fetched_and_no_watermark_passes_what_was_not(
    world: World, steps: list[Union[Change, Fetch]], most: int
) -> None:
    ingestion = Ingestion(world)
    for step in steps:
        if isinstance(step, Fetch):
            ingestion.fetch(step)
        else:
            ingestion.change(step)
    # In the end nothing changes any more: one run ends what is waiting, the next one looks back once more.
    for _ in range(2):
        calls = iter(range(MOST_CALLS))
        while not ingestion.fetch(Fetch(most, {}, 0, True)):
            next(calls)
    odd, wanted = ingestion.product.odd, {number for number in ingestion.product.times if world.wants(number)}
    # One without a time is left out like any other; what has no id cannot be told apart.
    assert ingestion.told >= {number for number in odd if number in wanted or odd[number] == NAMELESS}
    good = wanted - odd.keys()
    assert {place for place in ingestion.product.places() if place[1] in good} <= ingestion.fetched
    assert good <= set(ingestion.records.values()) <= wanted
    assert len(ingestion.records) == len(set(ingestion.records.values()))
