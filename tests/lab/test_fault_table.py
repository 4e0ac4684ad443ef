"""The table fault x action -> outcome holds, and the page that shows it is up to date."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from lab.faults.catalogue import AFTER, CATALOGUE
from lab.running import running_lab
from release.archive import ROOT
from release.fault_page import PAGE, fault_page
from release.fault_table import ACTIONS, CREATE, CREATE_NAMED, NOTHING, ROWS, Action, Outcome, Row, rows_of
from release.fault_table import outcomes as table
from tests.support.fault_lab import EVENT, FaultLab
from tests.support.package import go_by, let_go

STRIKES = [(kind.name, when) for kind in CATALOGUE.values() for when in kind.whens or (None,)]


def _named(row: Row, action: Action) -> str:
    given = [f"{name}={value}" for name, value in row.given.items()]
    return "-".join([row.kind, row.when or "connection", *given, str(ACTIONS.index(action)), action.operation])


CASES = [pytest.param(row, action, cell, id=_named(row, action)) for row, action, cell in table()]
CREATES = [
    pytest.param(row, action, id=_named(row, action))
    for row, action, cell in table()
    if action in (CREATE, CREATE_NAMED) and cell.says != NOTHING
]


@pytest.fixture(scope="module")
def fault_lab() -> Iterator[FaultLab]:
    with running_lab(base_port=0) as lab:
        struck = FaultLab(lab)
        yield struck
        struck.close()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the connector wait for nothing between two requests."""
    go_by(monkeypatch, sleep=lambda seconds: None, chance=lambda: 1.0)


@pytest.mark.parametrize(("kind", "when"), STRIKES)
def test_every_fault_of_the_catalogue_is_in_the_table(kind: str, when: str | None) -> None:
    assert rows_of(kind, when), f"Add Row({kind!r}, {when!r}, ...) to ROWS in release/fault_table.py."


def test_every_row_of_the_table_is_a_fault_of_the_catalogue_and_stands_there_once() -> None:
    assert {(row.kind, row.when) for row in ROWS} <= set(STRIKES)
    assert len({(row.kind, row.when, str(row.given)) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("row", "action", "expected"), CASES)
def test_the_table_says_what_becomes_of_an_action_under_a_fault(
    fault_lab: FaultLab, row: Row, action: Action, expected: Outcome
) -> None:
    outcome, said = fault_lab.outcome(row, action)
    assert outcome == expected, said
    if isinstance(said, str):
        assert row.message_of(action, fault_lab.origin(action)) in said
        assert row.message, f"Say in ROWS what the message is: {said}"


@pytest.mark.parametrize(("row", "action"), CREATES)
def test_a_create_that_is_run_again_with_the_correlation_id_that_it_named_leaves_exactly_one_incident(
    fault_lab: FaultLab, row: Row, action: Action
) -> None:
    _, said = fault_lab.outcome(row, action)
    marker = said["correlation_id"] if isinstance(said, dict) else _marker_in(said)
    assert (marker == EVENT) == (action is CREATE_NAMED)
    fault_lab.disarm()
    let_go()
    again = fault_lab.execute(action, correlation_id=marker)
    assert fault_lab.markers() == [marker]
    assert again["correlation_id"] == marker


def _marker_in(message: str) -> str:
    found = re.search(
        r"Wait 5 minutes, then run the action again with Correlation ID (\S+): it will not create a second incident",
        message,
    )
    assert found, message
    return found[1]


def test_only_a_refusal_after_the_deed_is_left_out_for_every_action() -> None:
    left_out = {(row.kind, row.when) for row in ROWS if not any(isinstance(cell, Outcome) for cell in row.cells)}
    refusals = [kind for kind in CATALOGUE if kind.startswith(("429_", "error_", "xml_"))]
    assert left_out == {(kind, AFTER) for kind in refusals}


def test_what_an_action_says_is_so_under_every_fault() -> None:
    for row, action, cell in table():
        assert cell.is_so, _named(row, action)


def test_the_page_is_what_the_table_makes() -> None:
    assert (ROOT / PAGE).read_text() == fault_page(), "run python -m release docs"
