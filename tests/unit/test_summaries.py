"""The sentence of every write: it says what happened, and no more than is known."""

from __future__ import annotations

import pytest

from tests.support.package import module

summaries = module("operations.summaries")
NONE = {"done": 0, "already_done": 0, "failed": 0, "unknown": 0, "not_attempted": 0}


@pytest.mark.parametrize(
    ("counts", "summary"),
    [
        ({"done": 1}, "1 of 1 incident was resolved."),
        ({"done": 20}, "20 of 20 incidents were resolved."),
        (
            {"done": 18, "already_done": 1, "failed": 1},
            "18 of 20 incidents were resolved, 1 was already resolved, 1 failed.",
        ),
        ({"already_done": 2}, "0 of 2 incidents were resolved, 2 were already resolved."),
        (
            {"done": 1, "unknown": 2, "not_attempted": 3},
            "1 of 6 incidents was resolved, the outcome of 2 is unknown, 3 were not attempted.",
        ),
        ({"not_attempted": 1}, "0 of 1 incident were resolved, 1 was not attempted."),
    ],
)
def test_of_many_incidents_each_end_is_counted(counts, summary):
    assert summaries.of_many({**NONE, **counts}, "resolved") == summary


@pytest.mark.parametrize(
    ("fields", "verified", "not_taken", "confirmed_by", "told"),
    [
        ({"status": "Active"}, {}, [], "response", "status set to Active"),
        (
            {"status": "Manually Cleared", "comments": "Patched"},
            {},
            [],
            "read_back",
            "status set to Manually Cleared, comment added",
        ),
        ({"comments": "Seen"}, {}, [], None, "comment added; accepted without a confirmation"),
        (
            {"status": "Active", "comments": "Seen"},
            {"comments": "not applied"},
            [],
            "response",
            "status set to Active; comments not applied",
        ),
        ({"resolution": "True Positive"}, {}, ["resolution"], "response", "resolution not applied"),
        (
            {"resolution": "True Positive", "severity": "Low"},
            {"resolution": "not readable"},
            ["resolution"],
            "response",
            "severity set to Low; resolution not applied",
        ),
        (
            {"resolution": "True Positive"},
            {"resolution": "applied"},
            ["resolution"],
            "read_back",
            "resolution set to True Positive",
        ),
        ({"external_ticket_id": "7" * 100}, {}, [], "response", f"external ticket id set to {'7' * 57}..."),
        ({"comments": "Seen"}, {"comments": "not readable"}, [], "response", "comment added; comments not confirmed"),
    ],
)
def test_of_an_update_only_what_is_applied_counts_as_set(fields, verified, not_taken, confirmed_by, told):
    result = {"incident_id": 2, "confirmed_by": confirmed_by}
    summary = f"FortiSIEM incident 2: {told}."
    assert summaries.of_update(result, fields, verified, not_taken) == {"summary": summary, **result}
