"""Each field of each answer holds something else in turn: what an action then says is a sentence, in time, and true.

The products do with a request what they always do, and only say something odd of it. So what they store is compared
with what the action says. The combinations are not drawn but enumerated: they are the same in every run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from tests.properties.examples import IS_PROOF
from tests.support.every_action import CALLS, NAMED_BY_OTHERS, Call
from tests.support.installed import INFO, output_schema
from tests.support.odd_products import HEADERS, MISSING, ODD, TAKEN, Alteration, OddProducts, odd_products, places
from tests.support.package import ConnectorError, configuration, connector, module, with_token

CHANGED = module("core.errors").CHANGED
TOTAL_TIMEOUT = 55
MOST_REQUESTS = 100  # in a minute, by FortiMonitor's rate limit
LONGEST_MESSAGE = 2000
LEAST = 23_000  # alterations in all
IN_TEST = 101  # of so many alterations `make test` takes one; a prime, so that each odd value has its turn
BY_TOKEN = ("update", "get from FortiSIEM")
State = dict[str, Any]


@dataclass(frozen=True)
class Played:
    """What came of an action: its data, or the message of its failure, and what was then different in the products."""

    data: Any
    message: str
    changes: State
    requests: int
    seconds: float


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OddProducts]:
    with odd_products(tmp_path_factory.mktemp("products")) as made:
        yield made


def prepare(products: OddProducts, call: Call, config: dict[str, Any]) -> Played:
    """Run what a call needs before it, keep what is then stored, and run the call once with answers as they are."""
    products.reset()
    for operation, params in call.before:
        connector().execute(config, operation, params)
    products.keep()
    return play(products, call, config)


def play(products: OddProducts, call: Call, config: dict[str, Any], alteration: Alteration | None = None) -> Played:
    """Run an action on the products as they were kept, whose answers are altered."""
    products.put_back(alteration)
    began, data, message = products.clock.passed, None, ""
    try:
        data = connector().execute(config, call.operation, call.params)
    except ConnectorError as error:
        message = str(error)
    return Played(data, message, products.changes(), len(products.exchanges), products.clock.passed - began)


def alterations(products: OddProducts) -> Iterator[Alteration]:
    """Yield what can be altered of the answers that were given last."""
    seen: dict[str, int] = {}
    altered: set[tuple[str, Any]] = set()
    for exchange in products.exchanges:
        turn = seen[exchange.endpoint] = seen.get(exchange.endpoint, -1) + 1
        is_repeated = sum(each.endpoint == exchange.endpoint for each in products.exchanges) > 1
        headers = [name for name in HEADERS if name in exchange.headers]
        fields: list[Any] = [*headers, *(places(exchange.value) if exchange.value is not MISSING else [()])]
        for field, odd in product(fields, ODD):
            if isinstance(field, str) and not isinstance(ODD[odd], str) and odd != "missing":
                continue  # a header is text
            if (exchange.endpoint, field) not in altered:
                yield Alteration(exchange.endpoint, field, odd)
            if is_repeated:
                yield Alteration(exchange.endpoint, field, odd, turn)
        altered.update((exchange.endpoint, field) for field in fields)


# The judge.


def assert_is_true(call: Call, played: Played, clean: Played) -> None:
    """Assert that what an action said is a whole sentence or a whole result, and what came of it."""
    assert played.seconds <= TOTAL_TIMEOUT + TAKEN
    assert played.requests <= MOST_REQUESTS
    # Whatever is said, nothing is done twice, and nothing that was not asked for.
    assert_is_part(played.changes, clean.changes)
    if played.message:
        assert_is_a_true_sentence(played)
    else:
        assert_has_keys(output_schema(call.operation), played.data)
        json.dumps(played.data, allow_nan=False, ensure_ascii=False).encode()
        assert_is_a_true_result(call, played, clean)


def assert_is_a_true_sentence(played: Played) -> None:
    message = played.message
    assert message.endswith("."), message
    assert any(sentence in message for sentence in CHANGED.values()), message
    assert "Unexpected" not in message, message
    assert "Traceback" not in message, message
    assert len(message) <= LONGEST_MESSAGE, message
    assert not (CHANGED["no"] in message and played.changes), message
    assert not (CHANGED["yes"] in message and not played.changes), message


def assert_is_a_true_result(call: Call, played: Played, clean: Played) -> None:
    """Assert that what is said to be changed is, and nothing else; of many items each for itself."""
    data = played.data
    if not isinstance(data, dict) or "outcome" not in data:
        assert played.changes == clean.changes  # it says nothing of it: a request of the analyst's own, or a read
    elif "results" not in data:
        assert played.changes == (clean.changes if data["changed"] else {})
        assert (data["outcome"] == "done") == data["changed"]
    else:
        kind = "incident" if call.operation == "update_siem_incidents" else "outage"
        for result in data["results"]:
            name = f"{kind} {result['incident_id']}"
            if result["outcome"] != "unknown":
                assert (name in played.changes) == (result["outcome"] == "done"), result


def assert_is_part(changes: State, clean: State) -> None:
    """Assert that every change is one that the same call makes where answers are as they are documented."""
    for name, value in changes.items():
        assert name in clean, name
        if isinstance(value, dict):
            assert value.items() <= clean[name].items() if _is_flat(value) else value == clean[name], name
        else:
            assert value == clean[name], name


def _is_flat(value: State) -> bool:
    return not any(isinstance(each, (dict, list)) for each in value.values())


def assert_has_keys(schema: Any, data: Any, name: str = "") -> None:
    """Assert that a result has the keys of its output schema at every depth; lists may be empty."""
    if isinstance(schema, dict) and data is not None:
        assert isinstance(data, dict)
        assert name in NAMED_BY_OTHERS or set(data) <= set(schema)
        for key in data.keys() & schema.keys():
            assert_has_keys(schema[key], data[key], key)
    elif isinstance(schema, list) and not (
        name == "events" and data is None
    ):  # which could not be read, as skipped tells
        assert isinstance(data, list)
        for value in data:
            assert_has_keys(schema[0], value)


UNTRUE = {
    "done without a change": Played({"outcome": "done", "changed": True}, "", {}, 1, 0.0),
    "already done with a change": Played(
        {"outcome": "already_done", "changed": False}, "", {"outage 5": {"a": 1}}, 1, 0.0
    ),
    "nothing, with a change": Played(None, "No. Nothing was changed.", {"outage 5": {"a": 1}}, 1, 0.0),
    "another change": Played(None, "Whether anything was changed is unknown.", {"outage 5": {"a": 2}}, 1, 0.0),
    "a second change": Played(None, "Whether anything was changed is unknown.", {"outage 6": {"a": 1}}, 1, 0.0),
    "half a sentence": Played(None, "Nothing was changed. Look", {}, 1, 0.0),
    "a fault": Played(None, "Unexpected KeyError. Nothing was changed.", {}, 1, 0.0),
    "no word of changes": Played(None, "It broke.", {}, 1, 0.0),
    "a book": Played(None, "x" * 3000 + " Nothing was changed.", {}, 1, 0.0),
    "too late": Played(None, "Nothing was changed.", {}, 1, 56.0),
    "too many requests": Played(None, "Nothing was changed.", {}, 101, 0.0),
    "not a number": Played(
        {"outcome": "done", "changed": True, "attempts": float("nan")}, "", {"outage 5": {"a": 1}}, 1, 0.0
    ),
    "another key": Played({"outcome": "done", "changed": True, "odd": 1}, "", {"outage 5": {"a": 1}}, 1, 0.0),
}


@pytest.mark.parametrize("kind", UNTRUE)
def test_the_judge_finds_what_is_not_true(kind: str) -> None:
    clean = Played({"outcome": "done", "changed": True}, "", {"outage 5": {"a": 1}}, 1, 0.0)
    assert_is_true(CALLS["resolve"], clean, clean)
    with pytest.raises((AssertionError, ValueError)):
        assert_is_true(CALLS["resolve"], UNTRUE[kind], clean)


# Every action.


@pytest.mark.field_case("S17", "W19")
@pytest.mark.timeout(3600)  # make prove takes its time
@pytest.mark.parametrize("name", CALLS)
def test_whatever_a_field_of_an_answer_holds_what_an_action_says_is_true(products: OddProducts, name: str) -> None:
    """``make prove`` takes all of it, ``make test`` an even part."""
    call = CALLS[name]
    for config in configurations(name):
        clean = prepare(products, call, config)
        assert not clean.message, clean.message
        assert_is_true(call, clean, clean)
        for alteration in list(alterations(products))[:: 1 if IS_PROOF else IN_TEST]:
            try:
                assert_is_true(call, play(products, call, config, alteration), clean)
            except Exception as error:
                raise AssertionError(f"{alteration}: {error}") from error


def configurations(name: str) -> list[dict[str, Any]]:
    """Return the configurations by which a call is played; the answer with a token is one, too."""
    return [configuration(), *([with_token()] if name in BY_TOKEN else [])]


def test_no_fewer_fields_are_altered_than_there_were(
    products: OddProducts, record_property: Callable[[str, object], None]
) -> None:
    count = 0
    for name, call in CALLS.items():
        for config in configurations(name):
            prepare(products, call, config)
            count += sum(1 for _ in alterations(products))
    record_property("proved", f"{count:,} alterations of the answers to {len(CALLS)} calls")
    assert count >= LEAST


def test_every_action_is_played() -> None:
    assert {call.operation for call in CALLS.values()} == {each["operation"] for each in INFO["operations"]}
