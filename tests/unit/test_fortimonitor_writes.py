"""What FortiMonitor's other writing actions send, how often, and what each answer becomes."""

from __future__ import annotations

import html
from typing import Any, NamedTuple

import pytest
from responses import matchers

from tests.support.fortimonitor import (
    AMBIGUOUS,
    HEADERS,
    LATE,
    LOST,
    SIGN_IN,
    expect_get,
    expect_page,
    expect_put,
    marked,
    outage,
    undeclared,
    user,
)
from tests.support.package import API_KEY, FORTIMONITOR_URL, WAIT_FIRST, ConnectorError, configuration, execute, module

tag_of = module("clients.fortimonitor.markers").tag_of

INCIDENT = "/outage/-28000855"
SOAR = f"{FORTIMONITOR_URL}/user/502"
BY_ID = {"who": "502"}
NOTHING, UNKNOWN = "Nothing was changed.", "Whether anything was changed is unknown."
FAILED = "The API request failed due to an internal server error. Try again later."


class Write(NamedTuple):
    """An action, and what it amounts to on the wire."""

    action: str
    goal: str
    path: str
    params: dict[str, Any]
    body: dict[str, Any]
    deed: str
    shows: dict[str, Any] | None = None  # in an outage after it; None where no read shows it
    undone: str = "as it was"

    @property
    def where(self):
        return f"Could not {self.goal} incident -28000855: FortiMonitor answered {{}} to PUT /v2{INCIDENT}/{self.path}"

    def expect(self, http, **answer):
        expect_put(http, f"{INCIDENT}/{self.path}", self.body, **answer)

    def run(self, **params):
        return execute(self.action, {"incident": "-28000855", **self.params, **params})

    def failure(self, **params):
        with pytest.raises(ConnectorError) as caught:
            self.run(**params)
        return str(caught.value)

    def result(self, outcome="done", confirmed_by="response", attempts=1, status=204, warning=None):
        sent = {"method": "PUT", "path": f"/v2{INCIDENT}/{self.path}", "status": status} if attempts else {}
        further = {"acknowledged_by": SOAR} if self is ACKNOWLEDGE else {}
        told = f"{self.deed}." if outcome == "done" else f"already {self.deed}; nothing was changed."
        return {
            "summary": f"FortiMonitor incident -28000855 was {told}",
            "outcome": outcome,
            "changed": outcome == "done",
            "confirmed_by": confirmed_by,
            "attempts": attempts,
            "incident_id": -28000855,
            "incident_url": f"{FORTIMONITOR_URL}{INCIDENT}",
            "page_url": None,
            "request": sent,
            "warning": warning,
            **further,
        }


MARKED = marked("Disk is full now", "m")
ACKNOWLEDGE = Write(
    "acknowledge_fortimonitor_incident",
    "acknowledge",
    "acknowledge",
    BY_ID,
    {"who": SOAR, "should_broadcast": False},
    f"acknowledged by {SOAR}",
    {"acknowledged": {"url": SOAR}},
    "not acknowledged",
)
DESCRIBE = Write(
    "update_fortimonitor_incident_description",
    "update the description of",
    "description",
    {"description": "Disk is full now"},
    {"description": MARKED},
    "given its new description",
    {"description": MARKED},
)
SUMMARISE = Write(
    "set_fortimonitor_incident_summary",
    "set the summary of",
    "summary",
    {"summary": "Disk", **BY_ID},
    {"summary": "Disk", "who": SOAR},
    "given its new summary",
    {"summary": "Disk"},
)
TAG = Write(
    "set_fortimonitor_incident_tags",
    "set the tags of",
    "tags",
    {"tags": "disk, db ,disk,,"},
    {"tags": ["disk", "db"]},
    "given its new tags",
    {"tags": ["db", "disk"]},
)
CHANGES = [ACKNOWLEDGE, DESCRIBE, SUMMARISE, TAG]

LEAD = Write(
    "set_fortimonitor_incident_lead", "set the lead of", "lead", BY_ID, {"who": SOAR}, f"given the lead {SOAR}"
)
ESCALATE = Write(
    "escalate_fortimonitor_incident",
    "escalate",
    "escalate",
    BY_ID,
    {"who": SOAR},
    "escalated to its next scheduled alert",
)
BROADCAST = Write(
    "broadcast_fortimonitor_incident",
    "broadcast a message on",
    "broadcast",
    {"message": 'All "hands"\non deck', **BY_ID},
    {"message": 'All "hands"\non deck', "who": SOAR},
    "broadcast to everybody who was alerted of it",
)
DELAY = Write(
    "delay_fortimonitor_incident_alerts",
    "delay the alerts of",
    "delay/90",
    {"delay_in_seconds": "90", **BY_ID},
    {"who": SOAR},
    "kept from further alerts for 90 s",
)
ONCE = [LEAD, ESCALATE, BROADCAST, DELAY]

each_change = pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.path)
each_once = pytest.mark.parametrize("once", ONCE, ids=lambda each: each.path)
each_ambiguous = pytest.mark.parametrize("answer", AMBIGUOUS)


@pytest.fixture(autouse=True)
def nothing_undeclared(http):
    """Fail where a request was sent that the test does not expect."""
    yield
    assert undeclared(http) == []


def expect_read(http, change=None, **changes):
    """Expect a read that shows the incident as it was, or as a change leaves it."""
    shown = change.shows if change else {}
    expect_get(http, INCIDENT, json=outage(-28000855, "m", **{**shown, **changes}))


# What a read shows: acknowledgement, description, summary, tags.


@each_change
def test_a_change_is_sent_once_after_a_read_that_does_not_show_it(http, change):
    expect_read(http)
    change.expect(http)
    assert change.run() == change.result()


@each_change
def test_what_is_so_already_is_not_sent(http, change):
    expect_read(http, change)
    assert change.run() == change.result("already_done", "read_back", attempts=0)


@each_change
def test_nothing_is_sent_for_an_incident_that_cannot_be_read(http, change):
    expect_get(http, INCIDENT, status=404)
    assert change.failure().startswith(
        f"Could not read incident -28000855: FortiMonitor answered 404 to GET /v2{INCIDENT}. {NOTHING}"
    )


@pytest.mark.parametrize("status", [200, 202])
@each_change
def test_a_200_counts_where_a_read_shows_the_change(http, change, status):
    expect_read(http)
    change.expect(http, status=status)
    expect_read(http, change)
    assert change.run() == change.result(confirmed_by="read_back", status=status)


@each_change
def test_a_200_that_cannot_be_read_back_counts_by_its_word(http, change):
    expect_read(http)
    change.expect(http, status=200)
    expect_get(http, INCIDENT, status=500)
    assert change.run() == change.result(status=200)


@pytest.mark.field_case("W10")
@each_change
def test_a_202_that_no_read_shows_to_be_done_is_unknown(http, change):
    expect_read(http)
    for _ in range(3):
        change.expect(http, status=202)
        expect_read(http)
        expect_read(http)
    assert change.failure() == (
        f"{change.where.format(202)}, to be done later. {UNKNOWN} It was read back and is still {change.undone}. "
        f"{WAIT_FIRST.format('FortiMonitor')}"
    )


@pytest.mark.field_case("W10")
@each_change
def test_a_202_that_cannot_be_read_back_is_unknown(http, change):
    expect_read(http)
    change.expect(http, status=202)
    expect_get(http, INCIDENT, status=500)
    expect_get(http, INCIDENT, status=500)
    assert change.failure() == (
        f"{change.where.format(202)}, to be done later. {UNKNOWN} {WAIT_FIRST.format('FortiMonitor')}"
    )


@each_change
def test_a_200_without_effect_is_no_success(http, change, slept):
    expect_read(http)
    for _ in range(3):
        change.expect(http, status=200)
        expect_read(http)
        expect_read(http)
    assert change.failure() == (
        f"{change.where.format(200)} without effect. {NOTHING} It was read back and is still {change.undone}."
    )
    assert slept == [0.5, 1.0]


@each_ambiguous
@each_change
def test_an_ambiguous_change_that_a_read_shows_is_done_and_not_sent_again(http, change, answer):
    expect_read(http)
    change.expect(http, **answer)
    expect_read(http, change)
    assert change.run() == change.result(confirmed_by="read_back", status=answer.get("status"))


@each_ambiguous
@each_change
def test_an_ambiguous_change_is_sent_again_only_after_a_read_that_does_not_show_it(http, change, answer, slept):
    expect_read(http)
    for _ in range(2):
        change.expect(http, **answer)
        expect_read(http)
    change.expect(http)
    assert change.run() == change.result(attempts=3)
    assert slept == [0.5, 1.0]


@pytest.mark.parametrize("read", [{"status": 500}, {"status": 404}, SIGN_IN, {"json": []}])
@each_ambiguous
@each_change
def test_an_ambiguous_change_that_cannot_be_read_back_is_unknown_and_not_sent_again(http, change, answer, read):
    expect_read(http)
    change.expect(http, **answer)
    expect_get(http, INCIDENT, **read)
    assert UNKNOWN in change.failure()


@each_change
def test_after_three_tries_that_reads_show_to_be_undone_nothing_is_changed(http, change):
    expect_read(http)
    for _ in range(3):
        change.expect(http, status=500)
        expect_read(http)
    assert change.failure() == (
        f"{change.where.format(500)}. {NOTHING} It was read back and is still {change.undone}. {FAILED}"
    )


@each_change
def test_a_try_that_timed_out_may_still_be_carried_out_so_it_ends_as_unknown(http, change):
    expect_read(http)
    for answer in (LATE, {"status": 500}, LOST):
        change.expect(http, **answer)
        expect_read(http)
    assert change.failure() == (
        f"Could not {change.goal} incident -28000855: FortiMonitor broke the connection before its answer was whole to PUT "
        f"/v2{INCIDENT}/{change.path}. {UNKNOWN} It was read back and is still {change.undone}."
    )


@each_change
def test_a_change_that_is_refused_is_done_if_a_read_shows_it(http, change):
    expect_read(http)
    change.expect(http, status=400)
    expect_read(http, change)
    assert change.run() == change.result("already_done", "read_back", status=400)


REFUSED = "The request failed, often due to a missing or misconfigured parameter."
ADVICE_ON_400 = {
    "acknowledge": f"{REFUSED} FortiMonitor acknowledges outages, not anomalies, whose IDs are negative.",
    "description": f"{REFUSED} Only a custom incident's description can be replaced.",
}
ADVICE = [
    (401, "The API key provided is not valid. Check FortiMonitor API Key in the configuration."),
    (403, "The API key's role does not allow this. Check its roles under API keys."),
    (
        404,
        "The requested resource does not exist. IDs of custom incidents may be negative: the control panel may show the same "
        "number without its minus sign. If it is of another account, choose the configuration that owns it.",
    ),
    (405, "A read-only API key is the usual reason; check the key's role under API keys."),
]


@each_change
def test_a_refused_change_is_told_with_what_the_action_is_for(http, change):
    expect_read(http)
    change.expect(http, status=400, json={"who": "This field is invalid"})
    expect_read(http)
    advice = ADVICE_ON_400.get(change.path, REFUSED)
    assert change.failure() == f"{change.where.format(400)}: who: This field is invalid. {NOTHING} {advice}"


@pytest.mark.parametrize(("status", "advice"), ADVICE)
@each_change
def test_each_other_refusal_of_a_change_has_its_advice(http, change, status, advice):
    expect_read(http)
    change.expect(http, status=status)
    if status in (404, 405):  # which may also be how a state is refused
        expect_read(http)
    assert change.failure() == f"{change.where.format(status)}. {NOTHING} {advice}"


# Acknowledging.


def test_message_delay_and_broadcast_go_out_where_they_are_given(http):
    given = {"message": "Mine", "delay_in_seconds": "0", "should_broadcast": "true"}
    expect_read(http)
    expect_put(
        http,
        f"{INCIDENT}/acknowledge",
        {"who": SOAR, "message": "Mine", "delay_in_seconds": 0, "should_broadcast": True},
    )
    assert ACKNOWLEDGE.run(**given)["outcome"] == "done"


def test_who_acknowledged_an_incident_earlier_is_told(http):
    expect_read(http, acknowledged=user(501, "jane@example.com", "Jane"))
    result = ACKNOWLEDGE.run()
    assert (result["outcome"], result["acknowledged_by"]) == ("already_done", "jane@example.com (Jane, 501)")


@pytest.mark.parametrize("status", [400, 404, 500, 503, 200, 202])
@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (user(501, "jane@example.com", "Jane"), "jane@example.com (Jane, 501)"),
        (f"{FORTIMONITOR_URL}/user/501", f"{FORTIMONITOR_URL}/user/501"),
        ({"url": "https://api2.panopta.com/v2/contact/501", "name": "Night shift"}, "Night shift"),
    ],
)
def test_somebody_who_was_quicker_is_told_instead(http, status, shown, told):
    expect_read(http)
    ACKNOWLEDGE.expect(http, status=status)
    expect_read(http, acknowledged=shown)
    result = ACKNOWLEDGE.run()
    assert (result["outcome"], result["changed"], result["acknowledged_by"]) == ("already_done", False, told)


@pytest.mark.field_case("K12")
@pytest.mark.parametrize("status", [500, 200])
@pytest.mark.parametrize(
    "shown",
    [
        {"url": "https://api2.panopta.com/v2/user/502"},
        f"{FORTIMONITOR_URL}/user/502/",
        True,
        {"display_name": "Deleted user"},
        {"url": None, "username": None},
    ],
)
def test_an_acknowledger_who_may_be_the_same_one_is_no_other_one(http, status, shown):
    expect_read(http)
    ACKNOWLEDGE.expect(http, status=status)
    expect_read(http, acknowledged=shown)
    result = ACKNOWLEDGE.run()
    assert (result["outcome"], result["changed"], result["confirmed_by"]) == ("done", True, "read_back")


PAGING = ACKNOWLEDGE._replace(params={**BY_ID, "should_broadcast": True}, body={"who": SOAR, "should_broadcast": True})


@each_ambiguous
def test_an_acknowledgement_that_pages_people_is_never_sent_twice(http, answer):
    expect_read(http)
    PAGING.expect(http, **answer)
    expect_read(http)
    message = PAGING.failure()
    assert f"{UNKNOWN} It was read back and is still not acknowledged." in message
    assert "Could not acknowledge incident -28000855: FortiMonitor " in message


def test_an_acknowledgement_that_pages_people_is_done_if_a_read_shows_it(http):
    expect_read(http)
    PAGING.expect(http, status=500)
    expect_read(http, ACKNOWLEDGE)
    assert PAGING.run()["outcome"] == "done"


def test_a_200_to_an_acknowledgement_that_pages_people_is_not_followed_by_another(http):
    expect_read(http)
    PAGING.expect(http, status=200)
    expect_read(http)
    expect_read(http)
    assert PAGING.failure() == (
        f"{PAGING.where.format(200)} without effect. {UNKNOWN} It was read back and is still not acknowledged."
    )


# Description: the marker stays.


@pytest.mark.parametrize("places", [{"in_metadata": False}, {"in_description": False}, {}])
def test_the_marker_is_kept_wherever_it_stood(http, places):
    expect_get(http, INCIDENT, json=outage(-28000855, "m", **places))
    DESCRIBE.expect(http)
    assert DESCRIBE.run() == DESCRIBE.result()


@pytest.mark.parametrize(
    ("shown", "sent"),
    [
        ({"description": "Disk full\n[correlation_id: m]", "metadata": []}, MARKED),
        ({"description": marked("x" * 300, "m")[:255], "metadata": []}, f"[{tag_of('m')}] Disk is full now"),
        ({"description": html.escape(marked("Disk <full>", "m")).upper()}, MARKED),
        ({"description": "Disk full"}, MARKED),
    ],
)
def test_the_marker_goes_out_again_as_far_as_it_is_shown(http, shown, sent):
    expect_read(http, **shown)
    DESCRIBE._replace(body={"description": sent}).expect(http)
    assert DESCRIBE.run() == DESCRIBE.result()


UNMARKED = DESCRIBE._replace(body=DESCRIBE.params)


def test_an_incident_without_a_marker_gets_none(http):
    expect_get(http, INCIDENT, json=outage(-28000855, "m", in_metadata=False, in_description=False))
    UNMARKED.expect(http)
    assert UNMARKED.run() == UNMARKED.result()


def test_metadata_that_fortimonitor_adds_to_the_description_is_no_difference(http):
    expect_read(http, description=f"{MARKED}\nowner: SOC")
    assert DESCRIBE.run()["outcome"] == "already_done"
    expect_read(http)
    DESCRIBE.expect(http, status=500)
    expect_read(http, description=f"{MARKED}\nowner: SOC")
    assert DESCRIBE.run()["outcome"] == "done"


@pytest.mark.parametrize("longer", ["Disk is full now and then", "Disk is full now\nsince Monday"])
def test_a_description_can_be_shortened(http, longer):
    expect_read(http, metadata=[], description=longer)
    UNMARKED.expect(http)
    assert UNMARKED.run()["outcome"] == "done"


def test_a_description_that_merely_begins_like_the_new_one_does_not_show_it(http, slept):
    expect_read(http, metadata=[], description="Disk is full now and then")
    UNMARKED.expect(http, status=500)
    expect_read(http, metadata=[], description="Disk is full now and then")
    UNMARKED.expect(http)
    assert UNMARKED.run()["attempts"] == 2


def test_the_same_description_without_a_marker_is_not_sent_again(http):
    expect_read(http, metadata=[], description="Disk is full now")
    assert UNMARKED.run()["outcome"] == "already_done"


@pytest.mark.parametrize(
    ("description", "quoted"),
    [
        ("Now [correlation_id: other]", "[correlation_id:"),
        ("Now\n[ Correlation_ID : other]", "[ Correlation_ID :"),
        ("&#91;correlation_id: other]", "[correlation_id:"),
        ("\uff3bcorrelation_id\uff1aother", "[correlation_id:"),
        (f"[{tag_of('x')}] Disk", f"[{tag_of('x')}"),
        (f"  {tag_of('x').upper()}abc", tag_of("x").upper()),
        (f"&lt;{tag_of('x')}&gt;", f"<{tag_of('x')}"),
        (f"\n\n?({tag_of('x')})", f"({tag_of('x')}"),
    ],
)
def test_a_marker_is_not_taken_from_the_new_description(http, description, quoted):
    assert DESCRIBE.failure(description=description) == (
        f"The parameters are not valid: Description must not contain {quoted!r}; use Correlation ID. {NOTHING}"
    )


@pytest.mark.parametrize("text", [f"See {tag_of('x')}", "correlation_id: 5", "fsr-7 is down", "[correlation id] (x)"])
def test_what_only_speaks_of_a_marker_is_no_marker(http, text):
    expect_read(http)
    DESCRIBE._replace(body={"description": marked(text, "m")}).expect(http)
    assert DESCRIBE.run(description=text)["outcome"] == "done"


# What comes back in another form.

BETWEEN = "Disk <b>&amp;</b> \u00fc \u2460 \U0001f600\r\n is\tfull "
SAME = {
    "line ends": "Disk <b>&amp;</b> \u00fc \u2460 \U0001f600\n is\tfull",
    "folded": "Disk <b>&amp;</b> \u00fc \u2460 \U0001f600 is full",
    "escaped": "Disk &lt;b&gt;&amp;amp;&lt;/b&gt; \u00fc &#9312; \U0001f600\n is full",
    "unescaped": "Disk <b>&</b> \u00fc \u2460 \U0001f600\n is full",
    "composed": "Disk <b>&amp;</b> \u00fc 1 \U0001f600\n is full",
    "decomposed": "Disk <b>&amp;</b> u\u0308 \u2460 \U0001f600\n is full",
    "without the emoji": "Disk <b>&amp;</b> \u00fc \u2460 \n is full",
    "with a question mark": "Disk <b>&amp;</b> \u00fc \u2460 ??\n is full",
}
SUMMARY = SUMMARISE._replace(params={"summary": BETWEEN, **BY_ID}, body={"summary": BETWEEN.strip(), "who": SOAR})


@pytest.mark.field_case("F13")
@pytest.mark.parametrize("form", SAME)
def test_a_text_that_is_shown_in_another_form_is_the_same_text(http, form):
    shown = {"summary": SAME[form]}
    expect_read(http, **shown)
    assert SUMMARY.run() == SUMMARY.result("already_done", "read_back", attempts=0)
    for answer in ({"status": 200}, {"status": 500}, LATE):
        expect_read(http)
        SUMMARY.expect(http, **answer)
        expect_read(http, **shown)
        assert SUMMARY.run() == SUMMARY.result(confirmed_by="read_back", status=answer.get("status"))


LONG = f"Disk is full: {'x' * 300}"


@pytest.mark.parametrize("shown", [LONG[:255], f"{LONG[:250]}&l", f"{LONG[:250]}..."])
def test_a_new_text_that_differs_behind_where_texts_are_cut_may_be_there_all_the_same(http, shown):
    summary = f"{LONG}, since Monday"
    change = SUMMARISE._replace(params={"summary": summary, **BY_ID}, body={"summary": summary, "who": SOAR})
    expect_read(http, summary=shown)
    change.expect(http, status=200)
    expect_read(http, summary=shown)
    assert change.run() == change.result(status=200, warning=f"FortiMonitor shows {shown[:57] + '...'!r} instead.")


def test_a_new_text_that_differs_before_that_is_known_to_be_without_effect(http, slept):
    expect_read(http, summary=f"Another {LONG}")
    for _ in range(3):
        SUMMARISE.expect(http, status=200)
        for _ in range(2):
            expect_read(http, summary=f"Another {LONG}")
    assert "without effect. Nothing was changed." in SUMMARISE.failure()


OTHER_FORMS = [
    (SUMMARISE, {"summary": "before"}, {"summary": "Dis"}, "'Dis'"),
    (SUMMARISE, {"summary": "before"}, {"summary": "[Disk]"}, "'[Disk]'"),
    (SUMMARISE, {}, {"summary": "x" * 100}, repr("x" * 57 + "...")),
    (DESCRIBE, {}, {"description": marked("Disk is", "m")}, repr(marked("Disk is", "m"))),
    (DESCRIBE, {}, {"description": "Disk is full"}, "'Disk is full'"),
    (TAG, {"tags": ["a"]}, {"tags": ["disk"]}, """'["disk"]'"""),
    (TAG, {}, {"tags": "disk;db"}, """'["disk;db"]'"""),
]


@pytest.mark.parametrize(("change", "before", "after", "told"), OTHER_FORMS)
def test_what_is_shown_neither_as_before_nor_as_sent_is_done_with_a_warning(http, change, before, after, told):
    expect_read(http, **before)
    change.expect(http, status=200)
    expect_read(http, **after)
    assert change.run() == change.result(status=200, warning=f"FortiMonitor shows {told} instead.")


@pytest.mark.field_case("F13", "W10")
@pytest.mark.parametrize(("change", "before", "after", "told"), OTHER_FORMS)
@each_ambiguous
def test_what_is_shown_neither_as_before_nor_as_sent_leaves_an_ambiguous_change_unknown(
    http, change, before, after, told, answer
):
    expect_read(http, **before)
    change.expect(http, **answer)
    expect_read(http, **after)
    message = change.failure()
    assert UNKNOWN in message
    assert "is still as it was" not in message


@pytest.mark.field_case("F5")
@pytest.mark.parametrize("tags", ["disk,db", ["DISK", " db "], ["db", "disk", "db"], "DB, Disk ,"])
def test_tags_in_another_form_are_the_same_tags(http, tags):
    expect_read(http, tags=tags)
    assert TAG.run() == TAG.result("already_done", "read_back", attempts=0)


# An error in the body of a 2xx.

ERRORS = [
    ({"error": "who is not a valid user"}, "'who is not a valid user'"),
    ({"errors": ["who is not a valid user"]}, """'["who is not a valid user"]'"""),
    ({"success": False}, "'success: false'"),
    ({"status_code": 400, "message": "who is not a valid user"}, "'who is not a valid user'"),
    ({"code": "403", "detail": "who is not a valid user"}, "'who is not a valid user'"),
    ({"status": 422}, "'status: 422'"),
    ({"success": "false", "message": "who is not a valid user"}, "'who is not a valid user'"),
    ({"Error": {"code": 17}}, """'{"code":17}'"""),
    ({"result": {"error": "not yours"}, "id": 5}, "'not yours'"),
    ({"data": [{"ok": True}, {"error_message": "not yours"}]}, "'not yours'"),
    ([{"success": 0}], "'success: 0'"),
    ({"status": "error", "message": "no"}, "'no'"),
    ({"result": "FAILED"}, "'result: FAILED'"),
    ({"error": 17}, "'17'"),
    ({"error": True}, "'true'"),
]
NO_ERRORS = [
    {"error": None},
    {"error": ""},
    {"errors": []},
    {"error": False, "success": True},
    {"errors": {}, "error": "null"},
    {"error": 0, "status": "active"},
    {"error": "no", "errors": "false"},
    {"success": "true", "result": {"error": "None"}},
    {"metadata": {"error": "E42", "success": False}},
    {"entry": "error", "message": "failed"},
    "error",
    [],
]


@pytest.mark.field_case("W16")
@pytest.mark.parametrize(("body", "told"), ERRORS)
@each_once
def test_an_error_under_2xx_is_no_success_and_sent_once(http, once, body, told):
    once.expect(http, status=200, json=body)
    assert once.failure() == (
        f"{once.where.format(200)} with an error in its body: {told}. {UNKNOWN} Look into FortiMonitor whether it was "
        "done, before running the action again."
    )


@pytest.mark.field_case("W16")
@pytest.mark.parametrize("body", NO_ERRORS)
@each_once
def test_a_body_that_says_no_error_is_success(http, once, body):
    once.expect(http, status=200, json=body)
    assert once.run() == once.result(status=200)


@pytest.mark.parametrize(("body", "told"), ERRORS[::4])
@each_change
def test_an_error_under_2xx_is_settled_by_a_read(http, change, body, told):
    expect_read(http)
    change.expect(http, status=200, json=body)
    expect_read(http, change)
    assert change.run() == change.result(confirmed_by="read_back", status=200)
    expect_read(http)
    for _ in range(3):
        change.expect(http, status=200, json=body)
        expect_read(http)
    assert change.failure().startswith(
        f"{change.where.format(200)} with an error in its body: {told}. {NOTHING} It was read back and is still "
    )


@pytest.mark.parametrize(("body", "told"), ERRORS[::4])
@each_change
def test_an_error_under_2xx_that_no_read_settles_is_unknown(http, change, body, told):
    expect_read(http)
    change.expect(http, status=201, json=body)
    expect_get(http, INCIDENT, status=404)
    assert change.failure().startswith(f"{change.where.format(201)} with an error in its body: {told}. {UNKNOWN}")


def test_a_secret_in_such_an_error_is_masked_before_it_is_cut(http):
    ESCALATE.expect(http, status=200, json={"error": f"{'x' * 50}{API_KEY}"})
    message = ESCALATE.failure()
    assert f"{'x' * 50}***" in message
    assert API_KEY[:8] not in message


# Tags.


def test_no_tags_take_away_those_there_are(http):
    expect_read(http, tags=["disk"])
    expect_put(http, f"{INCIDENT}/tags", {"tags": []})
    assert TAG.run(tags=" , ")["outcome"] == "done"


@pytest.mark.parametrize("tags", [["disk"], ["disk", "db", "more"], [], None])
def test_other_tags_are_replaced(http, tags):
    expect_read(http, tags=tags)
    TAG.expect(http)
    assert TAG.run() == TAG.result()


# What no read shows: lead, escalation, broadcast, delay.


@pytest.mark.parametrize("status", [204, 200])
@each_once
def test_what_cannot_be_read_back_is_sent_once_and_counts_by_its_answer(http, once, status):
    once.expect(http, status=status)
    assert once.run() == once.result(status=status)


HAPPENED = [
    ({"status": 500}, "answered 500 to {}", FAILED),
    ({"status": 503}, "answered 503 to {}", WAIT_FIRST.format("FortiMonitor")),
    (
        SIGN_IN,
        "answered 200 to {} with a web page instead of an API answer",
        "Something between here and the product answered, such as a proxy or a login page. Check the address.",
    ),
    (LATE, "did not answer in time to {}", WAIT_FIRST.format("FortiMonitor")),
    (LOST, "broke the connection before its answer was whole to {}", ""),
]


@pytest.mark.parametrize(("answer", "happened", "advice"), HAPPENED)
@each_once
def test_what_cannot_be_read_back_is_never_sent_twice_and_ends_as_unknown(http, once, answer, happened, advice):
    once.expect(http, **answer)
    clause = happened.format(f"PUT /v2{INCIDENT}/{once.path}")
    assert once.failure() == (
        f"Could not {once.goal} incident -28000855: FortiMonitor {clause}. {UNKNOWN} {advice}".rstrip()
    )


@pytest.mark.parametrize(("status", "advice"), [(400, REFUSED), *ADVICE])
@each_once
def test_what_is_refused_is_not_done(http, once, status, advice):
    once.expect(http, status=status, headers={"ErrorMessage": "No"})
    assert once.failure() == f"{once.where.format(status)}: No. {NOTHING} {advice}"


@each_once
def test_a_rate_limit_refuses_before_anything_is_done_so_it_is_waited_for(http, once, slept):
    once.expect(http, status=429, headers={"Retry-After": "3"})
    once.expect(http)
    assert (once.run()["attempts"], slept) == (2, [3.0])


@pytest.mark.parametrize("seconds", [0, 31536000])
def test_the_delay_stands_in_the_path(http, seconds):
    expect_put(http, f"{INCIDENT}/delay/{seconds}", {"who": SOAR})
    assert DELAY.run(delay_in_seconds=seconds)["outcome"] == "done"


@pytest.mark.parametrize("seconds", [-1, 31536001])
def test_a_delay_has_its_limits(http, seconds):
    assert DELAY.failure(delay_in_seconds=seconds) == (
        f"The parameters are not valid: Delay In Seconds '{seconds}' is not between 0 and 31536000. {NOTHING}"
    )


# In whose name.


def expect_users(http, *rows, named="soar@example.com"):
    expect_page(http, "/user", list(rows), total=len(rows), query={"username": named})


@each_once
@pytest.mark.parametrize(
    ("who", "url"),
    [
        ("502", SOAR),
        (502, SOAR),
        (SOAR, SOAR),
        (f" {SOAR}/ ", SOAR),
        ("HTTPS://FORTIMONITOR.test:443/v2/user/502?full=true#top", SOAR),
        (f"{FORTIMONITOR_URL}/contact/601", f"{FORTIMONITOR_URL}/contact/601"),
    ],
)
def test_an_id_or_url_names_who_without_a_request(http, once, who, url):
    once._replace(body={**once.body, "who": url}).expect(http)
    assert once.run(who=who)["outcome"] == "done"


@pytest.mark.parametrize("write", [ESCALATE, LEAD, BROADCAST, DELAY], ids=lambda each: each.path)
@pytest.mark.parametrize("who", ["soar@example.com", "SOAR@Example.com"])
def test_a_user_name_is_looked_up_and_compared_in_any_case(http, write, who):
    expect_users(http, user(503, "soar@example.com.test"), user(), named=who)
    write.expect(http)
    assert write.run(who=who)["outcome"] == "done"


def test_who_acknowledged_is_told_by_name(http):
    expect_read(http)
    expect_users(http, user())
    ACKNOWLEDGE.expect(http)
    assert ACKNOWLEDGE.run(who="soar@example.com")["acknowledged_by"] == "soar@example.com (SOAR, 502)"


def test_a_summary_is_set_in_somebodys_name(http):
    expect_users(http, user())
    expect_read(http)
    SUMMARISE.expect(http)
    assert SUMMARISE.run(who="soar@example.com")["outcome"] == "done"


IS_NONE = "User 'soar@example.com' is no user's ID, user name or URL"


@each_once
@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], f"{IS_NONE}, or the API key cannot see it."),
        (
            [user(7, "soar@example.com.test", "Other")],
            f"{IS_NONE}. Similar users: soar@example.com.test (Other, 7).",
        ),
        (
            [user(n, f"u{n}", "U") for n in range(1, 12)],
            f"{IS_NONE}. Similar users: {', '.join(f'u{n} (U, {n})' for n in range(1, 11))} and 1 more.",
        ),
        (
            [user(), user(9, "SOAR@example.com", "Twin")],
            "User 'soar@example.com' is the name of several users: soar@example.com (SOAR, 502), SOAR@example.com (Twin, 9). "
            "Give the ID.",
        ),
        (
            [{**user(), "url": "https://elsewhere.test/v2/server/502"}],
            f"{IS_NONE}. Similar users: soar@example.com (SOAR).",
        ),
        (
            [user(7, "x" * 10_000, "Long"), user(8, "u8", "y" * 10_000), user(9, "u9", "Z")],
            f"{IS_NONE}. Similar users: {'x' * 147}..., u8 ({'y' * 143}..., u9 (Z, 9).",
        ),
    ],
)
def test_a_name_that_is_none_or_several_users_sends_nothing(http, once, rows, problem):
    expect_users(http, *rows)
    assert once.failure(who="soar@example.com") == (
        f"Could not {once.goal} incident -28000855: The parameters are not valid: {problem} {NOTHING}"
    )


@pytest.mark.parametrize(
    "who",
    [
        "https://elsewhere.test/v2/user/502",
        "http://fortimonitor.test/v2/user/502",
        "https://fortimonitor.test:8443/v2/user/502",
        "https://user@fortimonitor.test/v2/user/502",
        f"{FORTIMONITOR_URL}/server/502",
        f"{FORTIMONITOR_URL}/user/-502",
        f"{FORTIMONITOR_URL}/user/0",
        "https://fortimonitor.test/user/502",
    ],
)
@each_once
def test_a_url_of_anything_else_is_refused_and_nothing_is_asked(http, once, who):
    assert once.failure(who=who) == (
        f"Could not {once.goal} incident -28000855: The parameters are not valid: User {who!r} is not a URL such as "
        f"{FORTIMONITOR_URL}/user/501. {NOTHING}"
    )


@pytest.mark.parametrize("who", ["0", "-502", "5.0", "../502"])
def test_what_is_no_id_is_taken_for_a_name(http, who):
    expect_users(http, named=who)
    assert f"User {who!r} is no user's ID, user name or URL, or the API key cannot see it." in ESCALATE.failure(who=who)


@each_once
def test_a_look_up_that_fails_sends_nothing(http, once):
    expect_page(http, "/user", [], query={"username": "soar"}, status=500)
    assert once.failure(who="soar") == (
        f"Could not find user 'soar': FortiMonitor answered 500 to GET /v2/user. {NOTHING} {FAILED}"
    )


@pytest.mark.parametrize(
    "write", [write for write in [*CHANGES, *ONCE] if "who" in write.params], ids=lambda each: each.path
)
def test_somebody_must_be_named(http, write):
    assert write.failure(who=" ") == f"The parameters are not valid: User is required. {NOTHING}"


# Notes.

LOG = f"{INCIDENT}/outage_log"
NOTE = {"entry": "Looking into it", "public": False}
OTHER = {"entry": "Looking into it later"}


def expect_log(http, *rows, **answer):
    expect_page(http, LOG, list(rows), total=len(rows), **answer)


def expect_note(http, sent=NOTE, **answer):
    http.post(
        f"{FORTIMONITOR_URL}{LOG}",
        match=[matchers.json_params_matcher(sent, strict_match=True), matchers.header_matcher(HEADERS)],
        **{"status": 201, **answer},
    )


def note(**params):
    return execute("add_fortimonitor_incident_note", {"incident": "-28000855", "note": "Looking into it", **params})


def failed_note(**params):
    with pytest.raises(ConnectorError) as caught:
        note(**params)
    return str(caught.value)


def noted(confirmed_by="read_back", status: int | None = 201, warning: str | None = None):
    return {
        "summary": "FortiMonitor incident -28000855 was given the note.",
        "outcome": "done",
        "changed": True,
        "confirmed_by": confirmed_by,
        "attempts": 1,
        "incident_id": -28000855,
        "incident_url": f"{FORTIMONITOR_URL}{INCIDENT}",
        "page_url": None,
        "request": {"method": "POST", "path": f"/v2{LOG}", "status": status},
        "warning": warning,
    }


@pytest.mark.parametrize("status", [201, 200])
@pytest.mark.parametrize(
    "shown", ["Looking into it", " Looking\tinto it\r\n", "Looking into it\u200b", "Looking &#105;nto it"]
)
def test_a_note_is_added_once_and_read_back(http, status, shown):
    expect_log(http, OTHER)
    expect_note(http, status=status)
    expect_log(http, OTHER, {"entry": shown})
    assert note() == noted(status=status)


NOT_SHOWN = "FortiMonitor accepted the note; its log does not show it as it was sent, or not yet."
NOT_READ = f"The log could not be read back: FortiMonitor answered {{}} to GET /v2{LOG}{{}}."


@pytest.mark.parametrize(
    ("after", "warning"),
    [
        ({"rows": []}, NOT_SHOWN),
        ({"rows": [OTHER]}, NOT_SHOWN),
        ({"rows": [OTHER, {"entry": "Looking"}]}, NOT_SHOWN),
        ({"rows": [OTHER, {"entry": "SOAR: Looking into it"}]}, NOT_SHOWN),
        ({"status": 500}, NOT_READ.format(500, "")),
        ({"status": 403}, NOT_READ.format(403, "")),
        ({"json": {}}, NOT_READ.format(200, " without outage_log_list")),
    ],
)
def test_a_note_that_the_log_does_not_show_after_a_clean_answer_is_done_with_a_warning(http, after, warning):
    expect_log(http, OTHER)
    expect_note(http, headers={"Location": f"{FORTIMONITOR_URL}{LOG}/7"})
    expect_log(http, *after.get("rows", ()), **{name: value for name, value in after.items() if name != "rows"})
    assert note() == noted("response", warning=warning)


@pytest.mark.parametrize("answer", [{"status": 200}, {"status": 201}, {"status": 204}, {"status": 200, "json": "OK"}])
def test_a_note_that_neither_the_log_nor_a_location_confirms_is_looked_for_and_ends_as_unknown(http, answer):
    expect_log(http, OTHER)
    expect_note(http, **answer)
    for _ in range(4):
        expect_log(http, OTHER)
    assert failed_note() == (
        f"Could not add a note to incident -28000855: FortiMonitor answered {answer['status']} to POST /v2{LOG} without the "
        f"new note's address, and the log did not show the note afterwards. {UNKNOWN} Look into the incident's log before "
        "running the action again."
    )
    expect_log(http, OTHER)
    expect_note(http, **answer)
    expect_log(http, OTHER)
    expect_log(http, OTHER, NOTE)
    assert note() == noted(status=answer["status"])


@pytest.mark.parametrize(("body", "told"), ERRORS)
def test_a_note_whose_answer_says_an_error_is_looked_for_in_the_log(http, body, told):
    expect_log(http)
    expect_note(http, status=200, json=body)
    expect_log(http, NOTE)
    assert note() == noted(status=200)
    expect_log(http)
    expect_note(http, status=200, json=body)
    for _ in range(3):
        expect_log(http)
    assert failed_note() == (
        f"Could not add a note to incident -28000855: FortiMonitor answered 200 to POST /v2{LOG} with an error in its body: "
        f"{told}, and the log did not show the note afterwards. {UNKNOWN} Look into the incident's log before running the "
        "action again."
    )


def test_a_note_may_be_public_and_in_somebodys_name(http):
    expect_users(http, user())
    expect_log(http)
    expect_note(http, {"entry": "Looking into it", "public": True, "user": SOAR})
    expect_log(http, NOTE)
    assert note(public="true", user="soar@example.com") == noted()


@each_ambiguous
def test_a_note_that_the_log_shows_afterwards_is_added(http, answer, slept):
    expect_log(http, OTHER)
    expect_note(http, **answer)
    expect_log(http, OTHER, {"entry": " Looking into it\n"})
    assert note() == noted(status=answer.get("status"))
    assert slept == []


def test_a_note_that_the_log_shows_late_is_added(http, slept):
    expect_log(http)
    expect_note(http, status=500)
    expect_log(http)
    expect_log(http, status=500)
    expect_log(http, NOTE)
    assert note() == noted(status=500)
    assert slept == [1, 2]


def test_an_equal_note_of_earlier_is_not_taken_for_this_one(http):
    expect_log(http, NOTE)
    expect_note(http, status=500)
    for _ in range(3):
        expect_log(http, NOTE)
    assert UNKNOWN in failed_note()


@pytest.mark.parametrize("answer", [{"status": 201}, {"status": 500}, LATE])
@pytest.mark.parametrize("more", [NOTE, {**NOTE, "url": "2"}, {**NOTE, "created": "Fri, 05 Nov 2021 17:37:35 -0000"}])
def test_one_more_equal_note_is_this_one(http, answer, more):
    expect_log(http, NOTE, {**NOTE, "url": "1"})
    expect_note(http, **answer)
    expect_log(http, NOTE, {**NOTE, "url": "1"}, more)
    assert note() == noted(status=answer.get("status"))


@pytest.mark.parametrize(("answer", "happened", "_advice"), HAPPENED)
def test_a_note_that_the_log_does_not_show_is_never_added_twice_and_ends_as_unknown(
    http, answer, happened, _advice, slept
):
    expect_log(http)
    expect_note(http, **answer)
    for _ in range(3):
        expect_log(http, OTHER)
    clause = happened.format(f"POST /v2{LOG}")
    assert failed_note() == (
        f"Could not add a note to incident -28000855: FortiMonitor {clause}, and the log did not show the note afterwards. "
        f"{UNKNOWN} Look into the incident's log before running the action again."
    )
    assert slept == [1, 2]


def test_the_log_is_not_waited_for_beyond_the_deadline(http, slept):
    expect_log(http)
    expect_note(http, status=500)
    for _ in range(2):
        expect_log(http)
    params = {"incident": "-28000855", "note": "Looking into it"}
    with pytest.raises(ConnectorError, match="the log did not show the note afterwards"):
        execute("add_fortimonitor_incident_note", params, configuration(total_timeout=2))
    assert slept == [1]


@pytest.mark.parametrize(("status", "advice"), [(400, REFUSED), *ADVICE])
def test_a_note_that_is_refused_is_not_added(http, status, advice):
    expect_log(http)
    expect_note(http, status=status)
    assert failed_note() == (
        f"Could not add a note to incident -28000855: FortiMonitor answered {status} to POST /v2{LOG}. {NOTHING} {advice}"
    )


def test_nothing_is_added_to_a_log_that_cannot_be_read(http):
    expect_log(http, status=500)
    assert failed_note() == (
        f"Could not read the log of incident -28000855: FortiMonitor answered 500 to GET /v2{LOG}. {NOTHING} {FAILED}"
    )


def test_a_note_in_the_name_of_nobody_is_not_added(http):
    expect_users(http)
    assert failed_note(user="soar@example.com") == (
        f"The parameters are not valid: {IS_NONE}, or the API key cannot see it. {NOTHING}"
    )
