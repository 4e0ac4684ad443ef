"""The named worlds of the lab, and the connector's promises in each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from lab.fortimonitor.switches import DECLARED
from lab.fortisiem.switches import SWITCHES
from lab.worlds import SHOWN_WITHIN, WORLDS
from tests.support.every_action import (
    CALLS,
    ESCALATION,
    INCIDENT,
    MARKER,
    NEW,
    REMEMBERING,
    InsideLab,
    changed,
    inside_lab,
)

SWITCHES_OF = {"fortimonitor": DECLARED, "fortisiem": SWITCHES}
NOT_ALL_READ = (
    "FortiMonitor's list of incidents could not be read in whole, so an earlier one of this event may have been missed."
)
NOT_YET_SHOWN = "FortiMonitor does not show the new incident yet; running the action again before it does would create a second one."


@pytest.fixture(scope="module")
def lab(archive: Path) -> Iterator[InsideLab]:
    with inside_lab(archive) as lab:
        yield lab


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, lab: InsideLab) -> Iterator[InsideLab]:
    with entered(lab, request.param) as lab_in_world:
        yield lab_in_world


@contextmanager
def entered(lab: InsideLab, name: str) -> Iterator[InsideLab]:
    """Put the products back and into a world until the end of the block."""
    lab.control.ask("POST", "/clock", {"reset": True})
    lab.fresh()
    lab.control.ask("PUT", "/world", {"world": name})
    yield lab
    lab.control.ask("PUT", "/world", {"world": "clean"})


# That an incident was never raised is not said where FortiMonitor's list cannot be read in whole, as in the messy world.
NOT_RAISED = ("state of one that was not raised", "close of one that was not raised")
NOT_IN_WHOLE = (
    "FortiMonitor Incident is required: the FortiSIEM incident has no external ticket, and FortiMonitor's list of incidents "
    "could not be read in whole. Nothing was changed."
)


def done(lab: InsideLab, action: str, params: dict[str, Any]) -> dict[str, Any]:
    """Execute an action that must succeed, and wait until every read shows what it did."""
    data: dict[str, Any] = lab.execute(action, params)
    lab.control.advance(SHOWN_WITHIN)
    return data


def standing(lab: InsideLab) -> dict[str, dict[str, Any]]:
    """Return by product what does not stand at its default."""
    return {
        product: {each["name"]: each["position"] for each in listed if each["position"] != each["positions"][0]}
        for product, listed in lab.control.ask("GET", "/switches").items()
    }


def test_a_world_names_positions_that_there_are_and_that_are_no_defaults() -> None:
    for positions in WORLDS.values():
        for product, wanted in positions.items():
            declared = {switch.name: list(switch.positions) for switch in SWITCHES_OF[product]}
            for name, position in wanted.items():
                assert position in declared[name][1:], f"{product}: {name}"


def test_a_world_is_entered_as_a_whole_and_leaves_nothing_of_the_one_before(lab: InsideLab) -> None:
    lab.control.switch("fortimonitor", page_cap=None)
    for name in ("messy", "captured", "clean"):
        lab.control.ask("PUT", "/world", {"world": name})
        found = {product: positions for product, positions in standing(lab).items() if positions}
        assert found == WORLDS[name]
    assert lab.control.ask("GET", "/worlds") == WORLDS


def test_there_is_no_other_world(lab: InsideLab) -> None:
    answer = requests.put(
        f"{lab.ready['control']['url']}/world", json={"world": "mess"}, headers=lab.control.headers, timeout=10
    )
    assert (answer.status_code, answer.json()) == (400, {"error": "There is no world 'mess'. Did you mean 'messy'?"})
    assert not any(standing(lab).values())


def test_an_event_has_one_incident_however_often_it_is_created(world: InsideLab) -> None:
    first = done(world, "create_custom_incident", INCIDENT)
    again = done(world, "create_custom_incident", INCIDENT)
    other = done(world, "create_custom_incident", {**INCIDENT, "correlation_id": "/api/3/alerts/43"})
    assert [each["outcome"] for each in (first, again, other)] == ["done", "already_done", "done"]
    assert first["incident_id"] == again["incident_id"] == NEW != other["incident_id"]
    switched = standing(world)["fortimonitor"]
    warnings = [NOT_ALL_READ] * ("odd_rows" in switched) + [NOT_YET_SHOWN] * ("shows_after_seconds" in switched)
    assert first["warning"] == other["warning"] == (" ".join(warnings) or None)
    stored = [incident["metadata"]["correlation_id"] for incident in world.monitor.incidents()]
    assert sorted(stored) == [MARKER, "/api/3/alerts/43"]


def test_an_incident_is_resolved_once_and_no_strangers(world: InsideLab) -> None:
    done(world, "create_custom_incident", INCIDENT)
    before = world.stored()
    stranger = {"incident": NEW, "expect_correlation_id": "/api/3/alerts/7"}
    assert "Nothing was changed." in world.failure("force_resolve_incident", stranger, world.configuration())
    assert world.stored() == before
    params = {"incident": NEW, "reason": "Over", "expect_correlation_id": MARKER}
    outcomes = [world.execute("force_resolve_incident", params)["outcome"] for _ in range(2)]
    assert outcomes == ["done", "already_done"]
    (incident,) = world.monitor.incidents()
    assert (incident["status"], incident["log"]) == ("resolved", ["Over"])


def test_a_comment_is_known_as_a_whole_entry(world: InsideLab) -> None:
    for comment in ("Not handled yet", "handled"):
        data = world.execute("update_siem_incident", {"incident_id": 1, "comments": comment, "verify": True})
        assert (data["outcome"], data["verified"]) == ("done", {"comments": "applied"})
    assert world.siem.incidents()[0]["incidentComments"].splitlines()[-1] == "handled"


def test_a_pair_is_escalated_once_and_closed_on_both_sides(world: InsideLab) -> None:
    outcomes = [done(world, "escalate_siem_incident", ESCALATION)["outcome"] for _ in range(2)]
    assert outcomes == ["done", "already_done"]
    params = {"incident_id": 1, "reason": "Handled"}
    outcomes = [world.execute("close_incident", params)["outcome"] for _ in range(2)]
    assert outcomes == ["done", "already_done"]
    (incident,) = world.monitor.incidents()
    siem = world.siem.incidents()[0]
    assert (incident["status"], incident["log"]) == ("resolved", ["Handled"])
    assert (siem["incidentStatus"], siem["incidentExtTicketId"], siem["incidentExtTicketState"]) == (
        2,
        str(NEW),
        "Closed",
    )


def test_lists_have_every_row_that_can_be_read_and_name_the_others(world: InsideLab) -> None:
    data = world.execute("list_siem_incidents", {"time_from": 0, "max_results": 100})
    assert [row["incident_id"] for row in data["incidents"]] == [7, 6, 5, 4, 3, 2, 1]
    is_odd = standing(world)["fortisiem"].get("odd_rows") == "no_object"
    assert bool(data["skipped"]) == is_odd
    assert not (is_odd and data["is_complete"])


def test_a_list_of_fortimonitor_has_every_incident_and_names_what_is_none(world: InsideLab) -> None:
    done(world, "create_custom_incident", INCIDENT)
    data = world.execute("list_fortimonitor_incidents", {"max_results": 100})
    assert {row["incident_id"] for row in data["incidents"]} == {2001, -3001, 2002, NEW}
    is_odd = "odd_rows" in standing(world)["fortimonitor"]
    assert bool(data["skipped"]) == is_odd
    assert data["is_complete"] == (not is_odd)


def test_a_new_description_keeps_the_marker(world: InsideLab) -> None:
    done(world, "create_custom_incident", INCIDENT)
    done(world, "update_fortimonitor_incident_description", {"incident": NEW, "description": "R&D's disk <full>"})
    again = done(world, "create_custom_incident", INCIDENT)
    assert (again["outcome"], again["incident_id"]) == ("already_done", NEW)
    shown = world.execute("get_fortimonitor_incident", {"incident": NEW})
    assert shown["correlation_id"] == MARKER


def test_a_note_is_added_once_and_read_back(world: InsideLab) -> None:
    done(world, "create_custom_incident", INCIDENT)
    params = {"incident": NEW, "note": "Seen by R&D", "user": 502}
    data = world.execute("add_fortimonitor_incident_note", params)
    assert (data["outcome"], data["confirmed_by"], data["warning"]) == ("done", "read_back", None)
    assert world.monitor.outage(NEW)["log"] == ["Seen by R&D"]


@pytest.mark.parametrize("sessions", ["kept", "forgotten"])
def test_no_account_acts_in_another_ones_session(lab: InsideLab, sessions: str) -> None:
    with entered(lab, "messy") as world:
        for product in ("fortimonitor", "fortisiem"):
            world.control.switch(product, session_cookies=sessions)
        for action, params, secret in (
            ("get_fortimonitor_incident", {"incident": 2002}, "fortimonitor_api_key"),
            ("comment_siem_incident", {"incident_id": 1, "comment": "Seen"}, "fortisiem_password"),
        ):
            wrong = world.configuration(**{secret: "not-the-secret-0123456789"})
            for _ in range(3):  # FortiSOAR has two workers
                world.execute(action, params)
                before = world.stored()
                assert " answered 401 to " in world.failure(action, params, wrong)
                assert world.stored() == before


# Every action. In the clean world, tests/lab/test_every_action.py has them on every version of FortiSIEM.


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("world_name", [name for name in WORLDS if name != "clean"])
def test_what_an_action_says_has_become_of_it_is_what_the_products_store(
    lab: InsideLab, world_name: str, name: str
) -> None:
    call = CALLS[name]
    with entered(lab, world_name) as world:
        if call.operation in REMEMBERING:
            world.install()
        for step in call.before:
            done(world, *step)
        before = world.stored()
        if world_name == "messy" and name in NOT_RAISED:
            assert NOT_IN_WHOLE in world.failure(call.operation, call.params)
            assert world.stored() == before
            return
        data = done(world, call.operation, call.params)
        after = world.stored()
        assert changed(before, after) == stored_in(world, world.filled(call.changes))
        assert outcome(data) == outcome(call.data)
        if call.again is not None:
            again = done(world, call.operation, call.params)
            assert world.stored() == after
            assert outcome(again) in {outcome(call.again), outcome(call.data)}


def outcome(data: Any) -> str | None:
    """Return what a result, or what is expected of one, says has become of it; None for what only reads."""
    return data.get("outcome") if isinstance(data, dict) else None


def stored_in(lab: InsideLab, changes: dict[str, Any]) -> dict[str, Any]:
    """Return changes as a world's FortiSIEM stores them: a comment may replace those before it."""
    if lab.siem.switches["comments_mode"] == "append":
        return changes
    return {
        name: {**change, "incidentComments": change["incidentComments"].splitlines()[-1]}
        if "incidentComments" in change
        else change
        for name, change in changes.items()
    }
