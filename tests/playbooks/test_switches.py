"""The shipped playbooks under every position of what is not settled about how FortiSOAR runs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.every_action import NEW, TEXTKEYS
from tests.support.interruptions import before_storing
from tests.support.stories import CLOSE, CREATE, ESCALATE, INGEST, POSITIONS, PlaybookLab, switched


@contextmanager
def severity_gone_meanwhile(lab: PlaybookLab, severity: str) -> Iterator[None]:
    """Take an item of a picklist away just before a playbook stores records, so that some of them are refused."""
    item = lab.item("Severity", severity)
    row = lab.api("GET", item)
    with before_storing(lab.soar.playbooks, lambda: lab.api("DELETE", item, status=204)):
        yield
    kept = {name: row[name] for name in ("uuid", "itemValue", "orderIndex", "color")}
    lab.api("POST", "/api/3/picklists", {**kept, "listName": row["listName"]}, 201)


def ingest(lab: PlaybookLab, status: str = "finished") -> None:
    run = lab.trigger(INGEST)
    assert run.status == status, run.result


@pytest.mark.parametrize(("switch", "position"), POSITIONS)
def test_incidents_are_ingested_escalated_and_closed_once(lab: PlaybookLab, switch: str, position: Any) -> None:
    with switched(lab, **{switch: position}):
        lab.begin(ESCALATE, CLOSE)
        lab.answer_wizard(sources="FortiSIEM", lookback="20000", overlap="300", max_results="500")
        ingest(lab)
        alerts, watermarks = lab.alerts(), lab.watermarks()
        assert len(alerts) == 7

        alert = alerts[lab.source_id(1)]["@id"]
        assert lab.press(ESCALATE, alert, server="1001", **TEXTKEYS).status == "finished"
        (closed,) = lab.close_alert(alert, closureNotes="Cable replaced")
        assert closed.status == "finished"
        assert lab.notes(alert)[1:] == [f"FortiMonitor incident {NEW}: done / FortiSIEM incident 1: done"]

        lab.api("DELETE", alerts[lab.source_id(2)]["@id"], status=204)
        lab.control.advance(60)
        lab.siem.recur_incident(2)
        lab.siem.add_incidents(1)
        ingest(lab)
        assert lab.alerts().keys() == alerts.keys() - {lab.source_id(2)} | {lab.source_id(8)}
        assert int(lab.watermarks()["FortiSIEM"]) > int(watermarks["FortiSIEM"])


@pytest.mark.parametrize("position", ["fails", "passes"])
def test_a_record_that_is_refused_keeps_the_watermark(lab: PlaybookLab, position: str) -> None:
    with switched(lab, refused_record_in_bulk=position):
        lab.begin()
        lab.answer_wizard(sources="FortiSIEM", lookback=20_000)
        with severity_gone_meanwhile(lab, "Low"):
            ingest(lab, "finished with error")
        stored = lab.alerts()
        (run,) = lab.runs(CREATE)
        assert run.status == "failed"
        assert lab.watermarks() == {}
        if position == "passes":
            missing = 7 - len(stored)
            assert 0 < missing < 7
            assert f"{missing} of 7 incidents were not stored, such as fortisiem:" in run.result["Error message"]

        ingest(lab)
        assert len(lab.alerts()) == 7
        assert lab.watermarks().keys() == {"FortiSIEM"}
