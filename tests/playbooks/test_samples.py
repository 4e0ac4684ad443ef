"""Every two-step sample runs as an analyst would first try it, and gives what its action gives."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.every_action import CALLS, REMEMBERING, assert_fits, assert_holds, changed
from tests.support.installed import INFO, output_schema
from tests.support.stories import (
    CLOSE,
    CLOSE_BY_HAND,
    CREATE,
    ESCALATE,
    FETCH,
    INGEST,
    MIRROR_MONITOR,
    MIRROR_SIEM,
    UNKNOWN,
    PlaybookLab,
)

TITLES = {each["operation"]: each["title"] for each in INFO["operations"] if each["visible"] and each["enabled"]}
STORIES = {CLOSE, CLOSE_BY_HAND, CREATE, ESCALATE, FETCH, INGEST, MIRROR_MONITOR, MIRROR_SIEM, UNKNOWN}
CALLED_BY_STORIES = {"> FortiMonitor Alert > Mirror", "> FortiSIEM Alert > Mirror"}


def test_there_is_one_sample_for_each_visible_action_and_it_has_two_steps(lab: PlaybookLab) -> None:
    samples = {name: workflow for name, workflow in lab.workflows().items() if name not in STORIES | CALLED_BY_STORIES}
    assert set(samples) == set(TITLES.values())
    assert {call.operation for call in CALLS.values()} >= set(TITLES)
    for operation, title in TITLES.items():
        start, action = samples[title]["steps"]
        assert (start["name"], action["name"]) == ("Start", title)
        assert action["arguments"]["operation"] == operation


# As text too, which the engine reads where it is JSON; not where that takes a fresh install.
FORMS = [
    (name, form)
    for name, call in CALLS.items()
    if call.operation in TITLES
    for form in (("typed", "text") if call.as_text and call.operation not in REMEMBERING else ("typed",))
]


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_sample_hands_its_parameters_to_its_action_and_gives_the_result(
    lab: PlaybookLab, name: str, form: str
) -> None:
    call = CALLS[name]
    lab.begin()
    lab.prepare(call, lab.configuration())
    lab.switch_on()
    before = lab.stored()
    params: dict[str, Any] = call.params | (call.as_text if form == "text" else {})

    run = lab.trigger(TITLES[call.operation], **params)

    assert run.status == "finished", run.result
    step = run.steps[TITLES[call.operation]]
    assert step["result"]["status"] == "Success"
    assert step["result"] == run.result
    assert_fits(output_schema(call.operation), run.result["data"])
    assert_holds(run.result["data"], lab.filled(call.data))
    assert sorted(lab.writes()) == sorted(call.writes)
    assert changed(before, lab.stored()) == lab.filled(call.changes)
