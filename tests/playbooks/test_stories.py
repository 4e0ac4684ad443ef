"""The stories that ship: each with its happy path and every branch of failure, and what all three systems hold then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from lab.worlds import SHOWN_WITHIN, WORLDS
from tests.support.every_action import CLEARED, CREATED, ESCALATED, FM_STORED, NEW, ORDINARY, TEXTKEYS, changed
from tests.support.fortimonitor import marked
from tests.support.installed import TAG
from tests.support.stories import (
    CLOSE,
    CLOSE_BY_HAND,
    ESCALATE,
    MIRROR_MONITOR,
    MIRROR_SIEM,
    SIEM_1,
    UNKNOWN,
    PlaybookLab,
)

ASKED = {"server": "1001", **TEXTKEYS}
SIEM_2 = "fortisiem:127.0.0.1:2"
NO_SUCH_SIEM = "fortisiem:127.0.0.1:4242"
OF_MONITOR = f"fortimonitor:127.0.0.1:{NEW}"
NO_SUCH_OUTAGE = "fortimonitor:127.0.0.1:-4242"
EXTERNAL = "/phoenix/rest/incident/external"
RESOLVE = f"PUT /v2/outage/{NEW}/force_resolve"
NOTHING = "Nothing was changed."
UNREACHABLE = "cannot be reached: no connection could be made"

Arrange = Callable[[PlaybookLab], None]


def configured(**changes: Any) -> Arrange:
    return lambda lab: lab.configure_default(**changes)


def down(product: str) -> Arrange:
    return lambda lab: lab.strike("refuse", product)


def broken(product: str, kind: str, **order: Any) -> Arrange:
    return lambda lab: lab.strike(kind, product, when="before", **order)


def switched(product: str, **positions: Any) -> Arrange:
    return lambda lab: lab.control.switch(product, **positions)


# Each way in which a product can fail, and what the note says of it.
MONITOR_FAILS = {
    "down": (down("fortimonitor"), UNREACHABLE),
    "answers 500": (broken("fortimonitor", "500"), "FortiMonitor answered 500 to"),
    "wrong key": (configured(fortimonitor_api_key="wrong"), "FortiMonitor answered 401 to"),
    "switched off": (configured(fortimonitor_sign_in="Off"), "FortiMonitor is switched off"),
}
SIEM_FAILS = {
    "down": (down("fortisiem"), UNREACHABLE),
    "answers 500": (switched("fortisiem", failure="500"), "FortiSIEM answered 500 to"),
    "login page": (switched("fortisiem", failure="html_200"), "FortiSIEM"),
    "wrong password": (configured(fortisiem_password="wrong"), "FortiSIEM answered 401 to"),
    "switched off": (configured(fortisiem_sign_in="Off"), "FortiSIEM is switched off"),
}
EITHER_FAILS = [
    *(pytest.param(*each, id=f"FortiMonitor {name}") for name, each in MONITOR_FAILS.items()),
    *(pytest.param(*each, id=f"FortiSIEM {name}") for name, each in SIEM_FAILS.items()),
]


def escalation(lab: PlaybookLab) -> dict[str, Any]:
    """Return what an escalation of FortiSIEM's incident 1 changes in both products."""
    return {
        f"outage {NEW}": {
            **FM_STORED,
            "description": marked(
                "Brute force login success on dc-01.example.com (FortiSIEM incident 1, severity High)\nSource: "
                "srcIpAddr:198.51.100.23, user:jdoe\nTarget: hostIpAddr:192.0.2.10, hostName:dc-01.example.com",
                lab.source_id(1),
            ),
            "metadata": {"correlation_id": lab.source_id(1)},
        },
        "incident 1": {
            "incidentComments": lab.filled(f"Escalated to FortiMonitor: {{fortimonitor}}/outage/{NEW}"),
            "incidentExtTicketId": str(NEW),
            "incidentExtTicketState": "New",
        },
    }


def untouched(lab: PlaybookLab, alert: str) -> bool:
    """Tell whether an alert has still the status that it had, and no more than one note."""
    return lab.api("GET", alert)["status"]["itemValue"] == "Open" and len(lab.notes(alert)) == 1


# FortiSIEM incident escalated to FortiMonitor.


def escalated_note(lab: PlaybookLab, outcome: str) -> str:
    said = f"Escalated to FortiMonitor ({outcome}): incident {NEW}, {{fortimonitor}}/outage/{NEW}"
    return f"{lab.filled(said)} / FortiSIEM incident 1: external ticket {outcome}"


def test_an_escalation_creates_writes_the_ticket_back_and_notes_it_and_again_changes_nothing(lab: PlaybookLab) -> None:
    lab.begin(ESCALATE)
    alert, before = lab.alert(SIEM_1), lab.stored()

    run = lab.press(ESCALATE, alert, **ASKED)

    assert run.status == "finished"
    assert lab.notes(alert) == [escalated_note(lab, "done")]
    assert changed(before, lab.stored()) == escalation(lab)
    assert lab.writes() == ["POST /v2/server/1001/custom_incident", f"POST {EXTERNAL}"]

    lab.forget_requests()
    again = lab.press(ESCALATE, alert, **ASKED)
    assert (again.status, again.way) == ("finished", run.way)
    assert lab.notes(alert)[1:] == [escalated_note(lab, "already_done")]
    assert changed(before, lab.stored()) == escalation(lab)
    assert lab.writes() == []
    assert list(lab.alerts()) == [SIEM_1]


@pytest.mark.parametrize(("arrange", "said"), EITHER_FAILS)
def test_an_escalation_that_fails_is_noted_and_done_by_running_it_again(
    lab: PlaybookLab, arrange: Arrange, said: str
) -> None:
    lab.begin(ESCALATE)
    alert, before = lab.alert(SIEM_1), lab.stored()
    arrange(lab)

    run = lab.press(ESCALATE, alert, **ASKED)

    assert (run.status, run.way[-1]) == ("finished with error", "Note Failure")
    assert lab.stored() == before
    (note,) = lab.notes(alert)
    assert note.startswith("The escalation did not succeed as a whole. / ")
    assert said in note
    assert NOTHING in note
    assert note.endswith(TAG)

    lab.calm()
    lab.configure_default()
    lab.control.switch("fortisiem", failure="none")
    assert lab.press(ESCALATE, alert, **ASKED).status == "finished"
    assert lab.notes(alert)[1:] == [escalated_note(lab, "done")]
    assert changed(before, lab.stored()) == escalation(lab)


def test_an_unknown_incident_is_not_escalated(lab: PlaybookLab) -> None:
    lab.begin(ESCALATE)
    alert, before = lab.alert(NO_SUCH_SIEM), lab.stored()
    assert lab.press(ESCALATE, alert, **ASKED).status == "finished with error"
    assert lab.notes(alert) == [
        "The escalation did not succeed as a whole. / Could not escalate FortiSIEM incident 4242: FortiSIEM shows no incident 4242. "
        f"{NOTHING} Check the ID, and that the account sees the incident's organization; else choose the configuration that owns it.{TAG}"
    ]
    assert lab.stored() == before
    assert untouched(lab, alert)


@pytest.mark.parametrize("source_id", [OF_MONITOR, "servicenow:1", None])
def test_an_alert_that_is_not_from_fortisiem_is_not_escalated(lab: PlaybookLab, source_id: str | None) -> None:
    lab.begin(ESCALATE)
    alert, before = lab.alert(source_id), lab.stored()
    run = lab.press(ESCALATE, alert, **ASKED)
    assert (run.status, run.way[-1]) == ("finished", "Note Nothing Done")
    assert lab.notes(alert) == [
        "Not escalated to FortiMonitor. The alert is not from FortiSIEM, or its Source ID was changed."
    ]
    assert (lab.sent(), lab.stored()) == ([], before)


def test_an_escalation_of_which_a_part_is_done_does_not_say_that_it_is_not_escalated(lab: PlaybookLab) -> None:
    lab.begin(ESCALATE)
    alert, before = lab.alert(SIEM_1), lab.stored()
    lab.strike("500", "fortisiem", path=EXTERNAL, when="before")

    assert lab.press(ESCALATE, alert, **ASKED).status == "finished with error"

    assert changed(before, lab.stored()) == {f"outage {NEW}": escalation(lab)[f"outage {NEW}"]}
    (note,) = lab.notes(alert)
    assert f"FortiMonitor is done (incident {NEW}); FortiSIEM is not" in note
    assert "Not escalated to FortiMonitor" not in note

    lab.calm()
    lab.press(ESCALATE, alert, **ASKED)
    assert lab.notes(alert)[1:] == [escalated_note(lab, "done")]
    assert changed(before, lab.stored()) == escalation(lab)


# FortiSOAR record closed: close everywhere.


def closed_pair(lab: PlaybookLab, reason: str) -> dict[str, Any]:
    """Return what an escalation of FortiSIEM's incident 1 that was closed has changed in both products."""
    outage, incident = escalation(lab).values()
    return {
        f"outage {NEW}": {**outage, "status": "resolved", "log": [reason]},
        "incident 1": {
            **incident,
            **CLEARED,
            "incidentClearedReason": reason,
            "incidentComments": f"{incident['incidentComments']}\n{reason}",
            "incidentExtTicketState": "Closed",
        },
    }


def test_a_closed_alert_of_an_escalated_incident_is_closed_in_both_products_once(lab: PlaybookLab) -> None:
    lab.begin(CLOSE)
    alert, before = lab.alert(SIEM_1), lab.stored()
    lab.execute(*ESCALATED)
    lab.forget_requests()

    (run,) = lab.close_alert(alert, closureNotes="Cable replaced")

    assert (run.status, run.way[-1]) == ("finished", "Note Both Sides")
    assert lab.notes(alert) == [f"FortiMonitor incident {NEW}: done / FortiSIEM incident 1: done"]
    assert changed(before, lab.stored()) == closed_pair(lab, "Closed in FortiSOAR: Cable replaced")
    assert sorted(lab.writes()) == [f"POST {EXTERNAL}", RESOLVE]

    lab.forget_requests()
    lab.api("PUT", alert, {"status": lab.item("AlertStatus", "Re-Opened")})
    (again,) = lab.close_alert(alert)[-1:]
    assert again.status == "finished"
    assert lab.notes(alert)[1:] == [f"FortiMonitor incident {NEW}: already_done / FortiSIEM incident 1: already_done"]
    assert changed(before, lab.stored()) == closed_pair(lab, "Closed in FortiSOAR: Cable replaced")
    assert lab.writes() == []
    assert lab.alerts()[SIEM_1]["status"] == "Closed"


@pytest.mark.parametrize("world", WORLDS)
def test_a_pair_is_escalated_once_and_closed_once_in_every_world(lab: PlaybookLab, world: str) -> None:
    lab.begin(ESCALATE, CLOSE)
    lab.control.ask("PUT", "/world", {"world": world})
    alert = lab.alert(SIEM_1)
    for outcome in ("done", "already_done"):
        assert lab.press(ESCALATE, alert, **ASKED).status == "finished"
        assert lab.notes(alert)[-1] == escalated_note(lab, outcome)
        lab.control.advance(SHOWN_WITHIN)
    for outcome in ("done", "already_done"):
        run = lab.close_alert(alert, closureNotes="Cable replaced")[-1]
        assert run.status == "finished"
        assert lab.notes(alert)[-1] == f"FortiMonitor incident {NEW}: {outcome} / FortiSIEM incident 1: {outcome}"
        lab.api("PUT", alert, {"status": lab.item("AlertStatus", "Re-Opened")})
    (outage,) = lab.monitor.incidents()
    assert (outage["metadata"], outage["status"]) == ({"correlation_id": lab.source_id(1)}, "resolved")
    assert outage["log"] == ["Closed in FortiSOAR: Cable replaced"]
    incident = lab.siem.incidents()[0]
    assert (incident["incidentStatus"], incident["incidentExtTicketId"]) == (2, str(NEW))
    assert incident["incidentExtTicketState"] == "Closed"
    assert incident["incidentComments"].splitlines()[-1] == "Closed in FortiSOAR: Cable replaced"


@pytest.mark.parametrize("reason", [None, "Handled", '{"ticket": 7}', "[1, 2]", "{{ 7 * 7 }}", "50 % {of} it <done>"])
def test_a_closed_alert_of_an_incident_that_was_not_escalated_is_cleared_in_fortisiem_with_its_notes_as_they_are(
    lab: PlaybookLab, reason: str | None
) -> None:
    lab.begin(CLOSE)
    alert, before = lab.alert(SIEM_2), lab.stored()

    (run,) = lab.close_alert(alert, closureNotes=reason, closureReason=lab.item("ClosureReason", "False Positive"))

    assert (run.status, lab.notes(alert)) == (
        "finished",
        ["FortiSIEM incident 2: done / FortiMonitor: it was not escalated"],
    )
    text = f"Closed in FortiSOAR: {reason}" if reason else "Closed in FortiSOAR."
    assert changed(before, lab.stored()) == {
        "incident 2": {
            **CLEARED,
            "incidentClearedReason": text,
            "incidentComments": text,
            "incidentReso": 3,
        }
    }


def test_what_fortisiem_did_not_take_of_a_close_stands_in_the_note(lab: PlaybookLab) -> None:
    lab.begin(CLOSE)
    lab.control.switch("fortisiem", version="6.4")  # which knows no resolution, and says OK all the same
    alert = lab.alert(SIEM_2)
    lab.close_alert(alert, closureReason=lab.item("ClosureReason", "False Positive"))
    assert lab.notes(alert) == [
        "FortiSIEM incident 2: done (Read back: resolution not applied.) / FortiMonitor: it was not escalated"
    ]


def test_a_closed_alert_of_fortimonitor_is_resolved_there_alone_once(lab: PlaybookLab) -> None:
    lab.begin(CLOSE)
    lab.execute(*CREATED)
    lab.forget_requests()
    alert, before = lab.alert(OF_MONITOR), lab.stored()

    (run,) = lab.close_alert(alert, closureNotes="Disk replaced")
    assert (run.status, lab.notes(alert)) == ("finished", [f"FortiMonitor incident {NEW}: done"])
    lab.api("PUT", alert, {"status": lab.item("AlertStatus", "Open")})
    lab.close_alert(alert)

    assert lab.notes(alert)[1:] == [f"FortiMonitor incident {NEW}: already_done"]
    assert changed(before, lab.stored()) == {
        f"outage {NEW}": {"status": "resolved", "log": ["Closed in FortiSOAR: Disk replaced"]}
    }
    assert lab.writes() == [RESOLVE, RESOLVE]  # FortiMonitor itself refuses what is resolved already


@pytest.mark.parametrize(
    ("source_id", "arrange", "said"),
    [
        *(
            pytest.param(
                SIEM_2,
                arrange,
                f"Not closed everywhere: the FortiSIEM incident could not be read. / {said}",
                id=f"FortiSIEM {name}",
            )
            for name, (arrange, said) in SIEM_FAILS.items()
        ),
        pytest.param(
            SIEM_2,
            broken("fortisiem", "500", path=EXTERNAL),
            "Not cleared in FortiSIEM. / Could not update FortiSIEM incident 2: FortiSIEM answered 500 to",
            id="FortiSIEM refuses the update",
        ),
        pytest.param(
            NO_SUCH_SIEM,
            configured(),
            "Not closed everywhere: the FortiSIEM incident could not be read. / FortiSIEM shows no incident 4242.",
            id="no such incident in FortiSIEM",
        ),
        *(
            pytest.param(OF_MONITOR, arrange, f"Not resolved in FortiMonitor. / {said}", id=f"FortiMonitor {name}")
            for name, (arrange, said) in MONITOR_FAILS.items()
        ),
        pytest.param(
            NO_SUCH_OUTAGE,
            configured(),
            "Not resolved in FortiMonitor. / Could not resolve incident -4242: FortiMonitor answered 404 to",
            id="no such incident in FortiMonitor",
        ),
        pytest.param(
            f"fortimonitor:127.0.0.1:{ORDINARY}",
            configured(),
            f"Not resolved in FortiMonitor. / Could not resolve incident {ORDINARY}: it is an ordinary outage",
            id="ordinary outage",
        ),
    ],
)
def test_what_cannot_be_closed_is_noted_and_changes_nothing(
    lab: PlaybookLab, source_id: str, arrange: Arrange, said: str
) -> None:
    lab.begin(CLOSE)
    lab.execute(*CREATED)
    alert, before = lab.alert(source_id), lab.stored()
    arrange(lab)

    (run,) = lab.close_alert(alert)

    assert run.status == "finished with error"
    (note,) = lab.notes(alert)
    claim, _, why = said.partition(" / ")
    assert note.startswith(f"{claim} / ")
    assert why in note
    assert note.endswith(TAG)
    assert lab.stored() == before
    assert lab.alerts()[source_id]["status"] == "Closed"


@pytest.mark.parametrize(
    ("arrange", "done", "writes"),
    [
        pytest.param(
            configured(fortimonitor_api_key="wrong"),
            "incident 1",
            [RESOLVE, f"POST {EXTERNAL}"],
            id="FortiMonitor fails",
        ),
        pytest.param(
            broken("fortisiem", "500", path=EXTERNAL), f"outage {NEW}", [f"POST {EXTERNAL}"], id="FortiSIEM fails"
        ),
    ],
)
def test_a_close_that_is_half_done_is_noted_and_finished_by_closing_again(
    lab: PlaybookLab, arrange: Arrange, done: str, writes: list[str]
) -> None:
    lab.begin(CLOSE)
    alert, before = lab.alert(SIEM_1), lab.stored()
    lab.execute(*ESCALATED)
    arrange(lab)

    (run,) = lab.close_alert(alert, closureNotes="Handled")

    assert (run.status, run.way[-1]) == ("finished with error", "Note Both Sides")
    (note,) = lab.notes(alert)
    assert note.startswith("Not closed everywhere. / Could not close FortiSIEM incident 1")
    assert "is done" in note
    after = changed(before, lab.stored())
    # FortiSIEM's ticket is closed only once what it names is resolved.
    ticket = {"incidentExtTicketState": "New"} if done == "incident 1" else {}
    assert after[done] == {**closed_pair(lab, "Closed in FortiSOAR: Handled")[done], **ticket}
    (other,) = after.keys() - {done}
    assert after[other] == escalation(lab)[other]

    lab.calm()
    lab.configure_default()
    lab.forget_requests()
    lab.api("PUT", alert, {"status": lab.item("AlertStatus", "Open")})
    (again,) = lab.close_alert(alert, closureNotes="Handled")[-1:]
    assert again.status == "finished"
    assert lab.writes() == writes
    assert changed(before, lab.stored()) == closed_pair(lab, "Closed in FortiSOAR: Handled")


def test_the_ticket_of_another_system_is_noted_and_left_alone(lab: PlaybookLab) -> None:
    lab.begin(CLOSE)
    lab.execute("update_siem_incident", {"incident_id": 2, "external_ticket_id": "INC42"})
    alert, before = lab.alert(SIEM_2), lab.stored()
    (run,) = lab.close_alert(alert)
    assert run.status == "finished with error"
    (note,) = lab.notes(alert)
    assert note.startswith("Not closed everywhere. / ")
    assert f"the FortiSIEM incident has the external ticket 'INC42'. {NOTHING}" in note
    assert lab.stored() == before


@pytest.mark.parametrize(("source_id", "status"), [("servicenow:1", "Closed"), (None, "Closed"), (SIEM_2, "Pending")])
def test_other_alerts_and_other_statuses_close_nothing(lab: PlaybookLab, source_id: str | None, status: str) -> None:
    lab.begin(CLOSE)
    alert, before = lab.alert(source_id), lab.stored()
    lab.api("PUT", alert, {"status": lab.item("AlertStatus", status)})
    (run,) = lab.runs(CLOSE)
    assert (run.status, run.way[-1]) == ("finished", "Leave It")
    assert (lab.notes(alert), lab.sent(), lab.stored()) == ([], [], before)


def test_an_update_that_leaves_the_status_starts_nothing(lab: PlaybookLab) -> None:
    lab.begin(CLOSE)
    alert = lab.alert(SIEM_2, status="Closed")
    lab.api("PUT", alert, {"description": "Looked at"})
    assert lab.runs(CLOSE) == []


# Cleared there: mirror into FortiSOAR.


def statuses(lab: PlaybookLab) -> dict[str, tuple[str, str | None]]:
    return {source_id: (row["status"], row["closureNotes"]) for source_id, row in lab.alerts().items()}


def test_on_schedule_cleared_incidents_of_fortisiem_close_their_alerts_once(lab: PlaybookLab) -> None:
    lab.begin()
    for number in (1, 2, 3, 4, 5, 4242):
        lab.alert(f"fortisiem:127.0.0.1:{number}")
    lab.alert("servicenow:2")
    lab.schedule(MIRROR_SIEM)
    lab.siem.clear_incident(2)
    before = lab.stored()

    lab.pass_a_minute()

    open_ones = dict.fromkeys((SIEM_1, NO_SUCH_SIEM, "servicenow:2"), ("Open", None))
    closed = ("Closed", "The incident is cleared in FortiSIEM.")
    expected = {**open_ones, **dict.fromkeys((f"fortisiem:127.0.0.1:{number}" for number in (2, 3, 4, 5)), closed)}
    assert statuses(lab) == expected
    rows = lab.alerts()
    lab.pass_a_minute()
    assert lab.alerts() == rows
    lab.siem.clear_incident(1)
    lab.pass_a_minute()
    assert statuses(lab) == {**expected, SIEM_1: closed}
    assert lab.writes() == []
    assert changed(before, lab.stored()).keys() == {"incident 1"}


def test_on_schedule_resolved_incidents_of_fortimonitor_close_their_alerts_once(lab: PlaybookLab) -> None:
    lab.begin()
    lab.execute(*CREATED)
    lab.forget_requests()
    ordinary = f"fortimonitor:127.0.0.1:{ORDINARY}"
    for source_id in (OF_MONITOR, ordinary, NO_SUCH_OUTAGE, SIEM_1):
        lab.alert(source_id)
    lab.schedule(MIRROR_MONITOR)
    lab.pass_a_minute()
    expected = dict.fromkeys((OF_MONITOR, ordinary, NO_SUCH_OUTAGE, SIEM_1), ("Open", None))
    assert statuses(lab) == expected

    lab.monitor.resolve_outage(ORDINARY)
    lab.pass_a_minute()

    closed = ("Closed", "The incident is resolved in FortiMonitor.")
    assert statuses(lab) == {**expected, ordinary: closed}
    rows = lab.alerts()
    lab.pass_a_minute()
    assert lab.alerts() == rows
    lab.monitor.resolve_outage(NEW)
    lab.pass_a_minute()
    assert statuses(lab) == {**expected, ordinary: closed, OF_MONITOR: closed}
    assert lab.writes() == []


@pytest.mark.parametrize(
    ("name", "source_id", "arrange"),
    [
        pytest.param(MIRROR_SIEM, "fortisiem:127.0.0.1:3", SIEM_FAILS[name][0], id=f"FortiSIEM {name}")
        for name in ("answers 500", "wrong password")
    ]
    + [
        pytest.param(MIRROR_MONITOR, "fortimonitor:127.0.0.1:2001", MONITOR_FAILS[name][0], id=f"FortiMonitor {name}")
        for name in ("down", "wrong key")
    ],
)
def test_what_cannot_be_read_stays_open_and_is_mirrored_later(
    lab: PlaybookLab, name: str, source_id: str, arrange: Arrange
) -> None:
    lab.begin()
    lab.alert(source_id)
    arrange(lab)
    assert lab.trigger(name).status == "finished with error"
    assert statuses(lab) == {source_id: ("Open", None)}
    lab.calm()
    lab.configure_default()
    lab.control.switch("fortisiem", failure="none")
    assert lab.trigger(name).status == "finished"
    assert lab.alerts()[source_id]["status"] == "Closed"


def test_an_alert_that_the_mirror_closes_is_closed_everywhere_without_another_write(lab: PlaybookLab) -> None:
    lab.begin(CLOSE)
    alert = lab.alert(SIEM_2)
    lab.siem.clear_incident(2)
    before = lab.stored()
    lab.trigger(MIRROR_SIEM)
    lab.soar.playbooks.settle()
    assert lab.notes(alert) == ["FortiSIEM incident 2: already_done / FortiMonitor: it was not escalated"]
    assert (lab.writes(), lab.stored()) == ([], before)


# Started by hand.


def test_an_alerts_incidents_are_closed_by_hand_whatever_its_status_which_stays(lab: PlaybookLab) -> None:
    lab.begin(CLOSE, CLOSE_BY_HAND)
    alert, before = lab.alert(SIEM_1, status="Investigating"), lab.stored()
    lab.execute(*ESCALATED)
    lab.forget_requests()
    for outcome in ("done", "already_done"):
        run = lab.press(CLOSE_BY_HAND, alert)
        assert (run.status, run.way[-1]) == ("finished", "Note Both Sides")
        assert lab.notes(alert)[-1] == f"FortiMonitor incident {NEW}: {outcome} / FortiSIEM incident 1: {outcome}"
    assert changed(before, lab.stored()) == closed_pair(lab, "Closed in FortiSOAR.")
    assert sorted(lab.writes()) == [f"POST {EXTERNAL}", RESOLVE]
    assert lab.alerts()[SIEM_1]["status"] == "Investigating"
    assert lab.runs(CLOSE) == []


@pytest.mark.parametrize(
    ("mirror", "source_id", "button"),
    [
        (MIRROR_SIEM, "fortisiem:127.0.0.1:3", "Mirror FortiSIEM into Alerts"),
        (MIRROR_MONITOR, "fortimonitor:127.0.0.1:2001", "Mirror FortiMonitor into Alerts"),
    ],
)
def test_a_mirror_is_started_by_hand_without_a_record(
    lab: PlaybookLab, mirror: str, source_id: str, button: str
) -> None:
    lab.begin(mirror)
    lab.alert(source_id)
    (start,) = [step for step in lab.workflows()[mirror]["steps"] if step["name"] == "Start"]
    assert start["arguments"]["title"] == button
    assert lab.press(mirror).status == "finished"
    assert statuses(lab)[source_id][0] == "Closed"


# Alerts that something else ingested.


def foreign_alert(lab: PlaybookLab, number: int, product: str = "FortiSIEM", **fields: Any) -> str:
    """Create an alert as another connector does: with the incident's bare id in a field of its own."""
    return lab.alert(None, **{"source": f"Fortinet {product}", "ticketID": str(number), **fields})


def test_an_alert_of_another_connector_is_escalated_by_the_field_that_holds_the_id(lab: PlaybookLab) -> None:
    lab.begin(ESCALATE)
    alert, before = foreign_alert(lab, 1), lab.stored()
    with lab.with_values(ESCALATE, id_field="ticketID"):
        assert lab.press(ESCALATE, alert, **ASKED).status == "finished"
    assert lab.notes(alert) == [escalated_note(lab, "done")]
    assert changed(before, lab.stored()) == escalation(lab)


@pytest.mark.parametrize("name", [CLOSE, CLOSE_BY_HAND])
def test_an_alert_of_another_connector_is_closed_by_its_bare_source_id(lab: PlaybookLab, name: str) -> None:
    lab.begin(name)
    alert, before = lab.alert("2", source="FortiSIEM"), lab.stored()
    with lab.with_values(name, id_field="sourceId"):
        (run,) = lab.close_alert(alert) if name == CLOSE else [lab.press(name, alert)]
    assert (run.status, lab.notes(alert)) == (
        "finished",
        ["FortiSIEM incident 2: done / FortiMonitor: it was not escalated"],
    )
    assert changed(before, lab.stored()).keys() == {"incident 2"}


def test_an_alert_of_another_connector_for_fortimonitor_is_resolved_there(lab: PlaybookLab) -> None:
    lab.begin(CLOSE)
    lab.execute(*CREATED)
    alert = foreign_alert(lab, NEW, "FortiMonitor")
    with lab.with_values(CLOSE, id_field="ticketID"):
        (run,) = lab.close_alert(alert)
    assert (run.status, lab.notes(alert)) == ("finished", [f"FortiMonitor incident {NEW}: done"])


@pytest.mark.parametrize(
    ("id_field", "fields"),
    [
        pytest.param("", {}, id="off, as it ships"),
        pytest.param("ticketID", {"source": "ServiceNow"}, id="of another product"),
        pytest.param("ticketID", {"ticketID": None}, id="without an ID"),
        pytest.param("external_id", {}, id="without the field"),
    ],
)
def test_an_alert_that_is_not_known_by_the_setting_closes_nothing(
    lab: PlaybookLab, id_field: str, fields: dict[str, Any]
) -> None:
    lab.begin(CLOSE)
    alert, before = foreign_alert(lab, 2, **fields), lab.stored()
    with lab.with_values(CLOSE, id_field=id_field):
        (run,) = lab.close_alert(alert)
    assert (run.status, run.way[-1]) == ("finished", "Leave It")
    assert (lab.notes(alert), lab.sent(), lab.stored()) == ([], [], before)


def test_an_alerts_own_source_id_goes_before_the_field_of_another_connector(lab: PlaybookLab) -> None:
    lab.begin(CLOSE)
    alert = lab.alert(SIEM_2, source="FortiSIEM", ticketID="1")
    with lab.with_values(CLOSE, id_field="ticketID"):
        lab.close_alert(alert)
    assert lab.notes(alert) == ["FortiSIEM incident 2: done / FortiMonitor: it was not escalated"]


@pytest.mark.parametrize(("name", "setting"), [(ESCALATE, ASKED), (CLOSE_BY_HAND, {})])
def test_the_rule_for_source_ids_is_changed_in_one_place(lab: PlaybookLab, name: str, setting: dict[str, str]) -> None:
    lab.begin(name)
    alert = lab.alert("SIEM-2")
    rule = "fortisiem:127.0.0.1:{{vars.input.records[0].sourceId.split('-')[1]}}"
    with lab.with_values(name, source_id=rule):
        assert lab.press(name, alert, **setting).status == "finished"
    (note,) = lab.notes(alert)
    assert "FortiSIEM incident 2: " in note


@pytest.mark.parametrize(
    ("mirror", "product", "over", "open_"),
    [(MIRROR_SIEM, "FortiSIEM", 3, 2), (MIRROR_MONITOR, "FortiMonitor", 2001, ORDINARY)],
)
def test_a_mirror_closes_alerts_of_another_connector_where_it_is_told_their_field(
    lab: PlaybookLab, mirror: str, product: str, over: int, open_: int
) -> None:
    lab.begin()
    own = lab.alert(f"{product.lower()}:127.0.0.1:{over}")
    ended, going_on = foreign_alert(lab, over, product), foreign_alert(lab, open_, product)
    without_id = foreign_alert(lab, 0, product, ticketID=None)
    other = foreign_alert(lab, over, "FortiGate")

    def shown() -> list[str]:
        return [lab.api("GET", each)["status"]["itemValue"] for each in (own, ended, going_on, without_id, other)]

    lab.trigger(mirror)
    assert shown() == ["Closed", "Open", "Open", "Open", "Open"]
    with lab.with_values(mirror, id_field="ticketID"):
        assert lab.trigger(mirror).status == "finished"
    assert shown() == ["Closed", "Closed", "Open", "Open", "Open"]


# Records of another server than the configuration's.

# Where the lab's products are not: on another host, on another port of this one.
ELSEWHERE = ["another.example.com", "127.0.0.1:1"]
FOREIGN = [
    pytest.param(f"{product}:{server}:{number}", product, id=f"{product} at {server}")
    for product, number in (("fortisiem", 3), ("fortimonitor", 2001))  # which both are closed there
    for server in ELSEWHERE
]


def not_ours(lab: PlaybookLab, source_id: str, title: str) -> str:
    """Return what a note says of a record that the configuration's server does not own."""
    product = {"fortisiem": "FortiSIEM", "fortimonitor": "FortiMonitor"}[source_id.partition(":")[0]]
    server, here = source_id.split(":", 1)[1].rpartition(":")[0], urlsplit(lab.ready[product.lower()]["url"]).netloc
    return (
        f"The parameters are not valid: {title} '{source_id}' is of {product} at {server}, and this configuration's {product} "
        f"is {here}: choose the configuration that owns it. {NOTHING}{TAG}"
    )


@pytest.mark.parametrize("server", ELSEWHERE)
def test_an_alert_of_another_fortisiem_is_not_escalated_and_its_note_names_the_owner(
    lab: PlaybookLab, server: str
) -> None:
    lab.begin(ESCALATE)
    source_id = f"fortisiem:{server}:1"
    alert, before = lab.alert(source_id), lab.stored()
    assert lab.press(ESCALATE, alert, **ASKED).status == "finished with error"
    assert (lab.sent(), lab.stored()) == ([], before)
    assert lab.notes(alert) == [
        f"The escalation did not succeed as a whole. / {not_ours(lab, source_id, 'FortiSIEM Incident ID')}"
    ]


@pytest.mark.parametrize(("source_id", "product"), FOREIGN)
def test_a_closed_alert_of_another_server_closes_nothing_and_its_note_names_the_owner(
    lab: PlaybookLab, source_id: str, product: str
) -> None:
    lab.begin(CLOSE)
    alert, before = lab.alert(source_id), lab.stored()
    (run,) = lab.close_alert(alert)
    assert run.status == "finished with error"
    assert (lab.sent(), lab.stored()) == ([], before)
    claim, title = {
        "fortisiem": ("Not closed everywhere: the FortiSIEM incident could not be read.", "FortiSIEM Incident ID"),
        "fortimonitor": ("Not resolved in FortiMonitor.", "FortiMonitor Incident"),
    }[product]
    assert lab.notes(alert) == [f"{claim} / {not_ours(lab, source_id, title)}"]


@pytest.mark.parametrize(("source_id", "product"), FOREIGN)
def test_an_alert_of_another_server_is_not_mirrored_and_gets_one_note_however_often_it_is_tried(
    lab: PlaybookLab, source_id: str, product: str
) -> None:
    lab.begin()
    alert = lab.alert(source_id)
    mirror, title, name = {
        "fortisiem": (MIRROR_SIEM, "FortiSIEM Incident ID", "FortiSIEM"),
        "fortimonitor": (MIRROR_MONITOR, "FortiMonitor Incident", "FortiMonitor"),
    }[product]
    for _ in range(2):
        assert lab.trigger(mirror).status == "finished with error"
        assert statuses(lab) == {source_id: ("Open", None)}
        assert lab.notes(alert) == [f"Not mirrored from {name}. / {not_ours(lab, source_id, title)}"]
    assert lab.sent() == []


@contextmanager
def owned_by_another_configuration(lab: PlaybookLab, name: str) -> Iterator[None]:
    """Let the default configuration be one of other servers, and a playbook know the one that owns the lab's."""
    lab.configure_default(fortisiem_server="127.0.0.1:1", fortimonitor_url="https://127.0.0.1:1/v2")
    owners = {
        lab.source_id(1, product).rpartition(":")[0]: lab.configuration() for product in ("fortisiem", "fortimonitor")
    }
    with lab.with_values(name, configurations=f"{{{{ {owners} }}}}"):
        yield


def test_the_configuration_that_owns_an_alert_escalates_it(lab: PlaybookLab) -> None:
    lab.begin(ESCALATE)
    alert, before = lab.alert(lab.source_id(1)), lab.stored()
    with owned_by_another_configuration(lab, ESCALATE):
        assert lab.press(ESCALATE, alert, **ASKED).status == "finished"
    assert lab.notes(alert) == [escalated_note(lab, "done")]
    assert changed(before, lab.stored()) == escalation(lab)


def test_the_configuration_that_owns_an_alert_closes_its_incidents(lab: PlaybookLab) -> None:
    lab.begin(CLOSE)
    lab.execute(*ESCALATED)
    created = lab.execute("create_custom_incident", {**ASKED, "description": "Disk full", "correlation_id": "disk"})
    notes = {
        lab.source_id(1): f"FortiMonitor incident {NEW}: done / FortiSIEM incident 1: done",
        lab.source_id(2): "FortiSIEM incident 2: done / FortiMonitor: it was not escalated",
        lab.source_id(created["incident_id"], "fortimonitor"): f"FortiMonitor incident {created['incident_id']}: done",
    }
    with owned_by_another_configuration(lab, CLOSE):
        for source_id, note in notes.items():
            alert = lab.alert(source_id)
            (run,) = lab.close_alert(alert)
            assert run.status == "finished"
            assert lab.notes(alert) == [note]


@pytest.mark.parametrize(
    ("mirror", "product", "number"), [(MIRROR_SIEM, "fortisiem", 3), (MIRROR_MONITOR, "fortimonitor", 2001)]
)
def test_the_configuration_that_owns_an_alert_mirrors_it(
    lab: PlaybookLab, mirror: str, product: str, number: int
) -> None:
    lab.begin()
    lab.alert(lab.source_id(number, product))
    with owned_by_another_configuration(lab, mirror):
        assert lab.trigger(mirror).status == "finished"
    assert {row["status"] for row in lab.alerts().values()} == {"Closed"}


@pytest.mark.parametrize(
    "form", ['{{"configuration_id": "{}"}}', '{{"configuration_id":"{}","a":1}}', "{{'configuration_id': '{}'}}"]
)
def test_the_configuration_that_an_alert_came_by_is_read_however_its_source_data_is_written(
    lab: PlaybookLab, form: str
) -> None:
    """An appliance may hand over JSON as it stands, written anew without blanks, or as an object."""
    lab.begin(CLOSE, ESCALATE)
    came_by = {"sourcedata": form.format(lab.configuration())}
    alert, to_close = (lab.alert(lab.source_id(number), **came_by) for number in (1, 2))
    mirrored = [lab.alert(lab.source_id(3), **came_by), lab.alert(lab.source_id(2001, "fortimonitor"), **came_by)]
    lab.configure_default(fortisiem_server="127.0.0.1:1", fortimonitor_url="https://127.0.0.1:1/v2")
    lab.press(ESCALATE, alert, **ASKED)
    lab.close_alert(to_close)
    for mirror in (MIRROR_SIEM, MIRROR_MONITOR):
        lab.trigger(mirror)
    assert lab.notes(alert) == [escalated_note(lab, "done")]
    assert lab.notes(to_close) == ["FortiSIEM incident 2: done / FortiMonitor: it was not escalated"]
    assert {lab.api("GET", each)["status"]["itemValue"] for each in mirrored} == {"Closed"}


# Unknown outcome: ask, then re-run safely.


def unknown(lab: PlaybookLab, when: str) -> None:
    """Break the connection of every create, and refuse the reads that would tell what became of it.

    The first two lists look for an earlier incident.
    """
    lab.strike("reset", "fortimonitor", method="POST", when=when)
    lab.strike("answer", "fortimonitor", method="GET", path="/v2/server/1001/outage", skip=2, status=403, when="before")


def marker(alert: str) -> str:
    """Return the correlation id of an alert's incident."""
    return f"fortisoar:{alert.rpartition('/')[2]}"


def created_note(lab: PlaybookLab, alert: str, outcome: str) -> str:
    said = f"FortiMonitor incident {NEW} ({outcome}), correlation ID {marker(alert)}: {{fortimonitor}}/outage/{NEW}"
    return str(lab.filled(said))


def created(alert: str, description: str) -> dict[str, Any]:
    """Return what the story changes in both products."""
    return {
        f"outage {NEW}": {
            **FM_STORED,
            "description": marked(f"FortiSOAR alert: {description}", marker(alert)),
            "metadata": {"correlation_id": marker(alert)},
        }
    }


@pytest.mark.parametrize("name", ["Disk full", '{"disk": "full"}', "{{ 7 * 7 }}", "<b>50 % {full}</b>"])
def test_an_incident_is_created_once_with_the_alerts_name_as_it_is(lab: PlaybookLab, name: str) -> None:
    lab.begin(UNKNOWN)
    alert, before = lab.alert("phone:1", name=name), lab.stored()
    outcomes = [lab.press(UNKNOWN, alert, **ASKED).status for _ in range(2)]
    assert outcomes == ["finished", "finished"]
    assert lab.notes(alert) == [created_note(lab, alert, "done"), created_note(lab, alert, "already_done")]
    assert changed(before, lab.stored()) == created(alert, name)


@pytest.mark.parametrize(
    ("arrange", "asked", "said"),
    [
        *(pytest.param(arrange, {}, said, id=name) for name, (arrange, said) in MONITOR_FAILS.items()),
        pytest.param(configured(), {"server": "4242"}, "FortiMonitor answered 404 to", id="unknown server"),
        pytest.param(configured(), {"plugin_textkey": "none"}, "FortiMonitor answered 400 to", id="unknown textkey"),
        pytest.param(
            switched("fortimonitor", custom_incidents=False), {}, "FortiMonitor answered 400 to", id="feature off"
        ),
    ],
)
def test_a_create_that_fails_is_noted_without_asking(
    lab: PlaybookLab, arrange: Arrange, asked: dict[str, str], said: str
) -> None:
    lab.begin(UNKNOWN)
    alert, before = lab.alert("phone:1"), lab.stored()
    arrange(lab)
    run = lab.press(UNKNOWN, alert, **{**ASKED, **asked})
    assert (run.status, run.way[-1]) == ("finished with error", "Note Failure")
    (note,) = lab.notes(alert)
    assert note.startswith("No FortiMonitor incident was created. / ")
    assert said in note
    assert NOTHING in note
    assert lab.stored() == before


def test_an_unknown_outcome_is_asked_about_and_run_again_it_finds_the_incident(lab: PlaybookLab) -> None:
    lab.begin(UNKNOWN)
    alert, before = lab.alert("phone:1", name="Disk full"), lab.stored()
    unknown(lab, "after")
    run = lab.press(UNKNOWN, alert, **ASKED)
    assert (run.status, run.way[-1], lab.notes(alert)) == ("awaiting", "Ask the Analyst", [])
    question = lab.question(run)
    assert question["record"] == alert
    assert f"with the same correlation ID ({marker(alert)})" in question["input"]["schema"]["description"]

    lab.calm()
    run = lab.choose(run, "Run Again")

    assert run.status == "finished with error"  # of the first try
    assert lab.notes(alert) == [created_note(lab, alert, "already_done")]
    assert changed(before, lab.stored()) == created(alert, "Disk full")
    assert lab.press(UNKNOWN, alert, **ASKED).status == "finished"
    assert lab.notes(alert)[1:] == [created_note(lab, alert, "already_done")]
    assert changed(before, lab.stored()) == created(alert, "Disk full")


def test_an_outcome_that_stays_unknown_is_noted_and_the_next_run_creates_exactly_one_incident(lab: PlaybookLab) -> None:
    lab.begin(UNKNOWN)
    alert, before = lab.alert("phone:1", name="Disk full"), lab.stored()
    unknown(lab, "before")
    asked = lab.press(UNKNOWN, alert, **ASKED)
    assert asked.status == "awaiting"
    lab.calm()
    unknown(lab, "before")
    run = lab.choose(asked, "Run Again")
    assert (run.status, run.way[-1]) == ("finished with error", "Note Second Run")
    (note,) = lab.notes(alert)
    assert note.startswith(f"Run again with correlation ID {marker(alert)}; the outcome is still not known. / ")
    assert lab.stored() == before
    lab.calm()
    lab.press(UNKNOWN, alert, **ASKED)
    assert lab.notes(alert)[1:] == [created_note(lab, alert, "done")]
    assert changed(before, lab.stored()) == created(alert, "Disk full")


def test_the_analyst_may_leave_it_and_the_note_has_the_correlation_id(lab: PlaybookLab) -> None:
    lab.begin(UNKNOWN)
    alert, before = lab.alert("phone:1", name="Disk full"), lab.stored()
    unknown(lab, "after")
    run = lab.press(UNKNOWN, alert, **ASKED)
    lab.forget_requests()
    run = lab.choose(run, "Leave It")
    assert run.way[-1] == "Note Unknown Outcome"
    (note,) = lab.notes(alert)
    assert note.startswith(f"Whether FortiMonitor created an incident is unknown. Correlation ID: {marker(alert)} / ")
    assert lab.sent() == []
    assert changed(before, lab.stored()) == created(alert, "Disk full")
