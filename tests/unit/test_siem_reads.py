"""get_siem_incident: the request that goes out, and what becomes of an incident as FortiSIEM shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from responses import matchers

from tests.support.package import PASSWORD, ConnectorError, ageless, execute, module, with_token
from tests.support.pair import INCIDENTS, expect_siem_read, expect_siem_row

# The documented row of 6.4, and what else is shown on request (7.5.1).
ROW = {
    "incidentTitle": "SNMP service down on wk5794.example.com",
    "eventSeverity": 10,
    "incidentFirstSeen": 1621941030000,
    "incidentReso": 1,
    "incidentRptIp": "172.30.57.94",
    "incidentLastSeen": 1621987770000,
    "incidentSrc": "",
    "count": 54,
    "attackTechnique": '[{"name": "Service Stop", "techniqueid": "T1489"}]',
    "eventType": "PH_RULE_SNMP_DOWN",
    "phIncidentCategory": 1,
    "phSubIncidentCategory": "Network",
    "incidentClearedTime": 1621987771999,
    "incidentTarget": "hostIpAddr:172.30.57.94, hostName:wk5794.example.com, ",
    "attackTactic": "Impact",
    "eventSeverityCat": "HIGH",
    "incidentDetail": None,
    "incidentRptDevName": "wk5794.example.com",
    "eventName": "SNMP Service Unavailable",
    "incidentStatus": 2,
    "customer": "Super",
    "incidentComments": "seen\nfixed",
    "incidentClearedReason": "fixed",
    "incidentClearedUser": "super/admin",
    "incidentExtUser": "ABC",
    "incidentExtTicketId": "-1000001",
    "incidentExtTicketState": "Closed",
    "incidentExtTicketType": "MEDIUM",
}
SHOWN = {
    "incident_id": 1,
    "page_url": None,
    "title": "SNMP service down on wk5794.example.com",
    "status": "Manually Cleared",
    "severity": "High",
    "severity_value": 10,
    "category": "Availability",
    "subcategory": "Network",
    "event_type": "PH_RULE_SNMP_DOWN",
    "event_name": "SNMP Service Unavailable",
    "resolution": "Open",
    "count": 54,
    "first_seen": "2021-05-25T11:10:30Z",
    "last_seen": "2021-05-26T00:09:30Z",
    "cleared_time": "2021-05-26T00:09:31Z",
    "cleared_by": "super/admin",
    "cleared_reason": "fixed",
    "organization": "Super",
    "reporting_ip": "172.30.57.94",
    "reporting_device": "wk5794.example.com",
    "tactics": "Impact",
    "techniques": [{"id": "T1489", "name": "Service Stop"}],
    "source": {"text": "", "attributes": {}},
    "target": {
        "text": "hostIpAddr:172.30.57.94, hostName:wk5794.example.com, ",
        "attributes": {"hostIpAddr": ["172.30.57.94"], "hostName": ["wk5794.example.com"]},
    },
    "detail": {"text": "", "attributes": {}},
    "comments": "seen\nfixed",
    "external_ticket_type": "Medium",
    "external_ticket_id": "-1000001",
    "external_ticket_state": "Closed",
    "external_assigned_user": "ABC",
    "other": {},
}
# What an incident shows that has no more than its id.
NOTHING_SET: dict[str, Any] = {
    **dict.fromkeys(SHOWN),
    "incident_id": 1,
    "techniques": [],
    **{name: {"text": "", "attributes": {}} for name in ("source", "target", "detail")},
    "other": {},
}
READ_FAILED = "Could not read FortiSIEM incident 1: FortiSIEM answered {} to POST /phoenix/rest/pub/incident"
NOTHING = "Nothing was changed."


def get(config=None, **params):
    return ageless(execute("get_siem_incident", {"incident_id": 1, **params}, config))


def failure(**params):
    with pytest.raises(ConnectorError) as caught:
        get(**params)
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def shown(http, **row):
    """Return what the action makes of an incident that shows only some attributes."""
    expect_siem_row(http, row)
    return get()


# The request, and the whole incident.


def test_an_incident_is_read_by_its_id_with_every_attribute_that_is_named(http):
    expect_siem_row(http, ROW)
    assert get() == SHOWN


def test_every_attribute_of_the_documentation_is_asked_for():
    assert set(module("clients.fortisiem.attributes").READ_FIELDS) == {"incidentId", *ROW}


@pytest.mark.parametrize("incident_id", [1, "1", " 1 "])
def test_an_id_is_taken_as_number_or_text(http, incident_id):
    expect_siem_row(http, {})
    assert get(incident_id=incident_id) == NOTHING_SET


def test_further_attributes_are_asked_for_and_shown_as_they_are(http):
    wanted = [*module("clients.fortisiem.attributes").READ_FIELDS, "phCustId", "noSuchThing"]
    expect_siem_read(http, wanted, {"phCustId": 2000, "incidentStatus": 0})
    result = get(fields=" phCustId, ,incidentStatus,noSuchThing, ")
    assert result["other"] == {"phCustId": 2000, "noSuchThing": None}
    assert result["status"] == "Active"


def test_an_id_that_is_shown_as_text_is_found(http):
    http.post(INCIDENTS, json={"data": [{"incidentId": "1", "incidentTitle": "t"}]})
    assert get()["title"] == "t"


def test_a_server_that_ignores_the_filter_does_not_make_another_incident_be_shown(http):
    http.post(INCIDENTS, json={"data": [{"incidentId": 2, "incidentTitle": "two"}, {"incidentId": 1}]})
    assert get() == NOTHING_SET


def test_a_token_that_is_refused_is_replaced_once_for_a_read_too(http):
    token = "https://fortisiem.test/phoenix/rest/pub/security/oauth/token"
    http.post(token, json={"access_token": "token-old-1", "expires_in": 15})
    http.post(INCIDENTS, match=[matchers.header_matcher({"Authorization": "Bearer token-old-1"})], status=401)
    http.post(token, json={"access_token": "token-new-2", "expires_in": 15})
    http.post(
        INCIDENTS,
        match=[matchers.header_matcher({"Authorization": "Bearer token-new-2"})],
        json={"data": [{"incidentId": 1}]},
    )
    assert get(with_token()) == NOTHING_SET


# Words, times, unset values.


@pytest.mark.parametrize("as_shown", [int, str])
@pytest.mark.parametrize(
    ("field", "key", "words"),
    [
        ("incidentStatus", "status", {0: "Active", 1: "Auto Cleared", 2: "Manually Cleared", 3: "System Cleared"}),
        (
            "incidentReso",
            "resolution",
            {0: "None", 1: "Open", 2: "True Positive", 3: "False Positive", 4: "In Progress"},
        ),
        (
            "phIncidentCategory",
            "category",
            {1: "Availability", 2: "Performance", 3: "Change", 4: "Security", 5: "Other"},
        ),
    ],
)
def test_numbers_that_stand_for_words_become_words_and_others_stay(http, field, key, words, as_shown):
    for number, word in {**words, 77: "77"}.items():
        assert shown(http, **{field: as_shown(number)})[key] == word


@pytest.mark.parametrize("field", ["eventSeverityCat", "incidentExtTicketType"])
def test_levels_are_written_as_in_the_form_and_others_stay(http, field):
    key = {"eventSeverityCat": "severity", "incidentExtTicketType": "external_ticket_type"}[field]
    for text, word in {
        "LOW": "Low",
        "MEDIUM": "Medium",
        "HIGH": "High",
        "Medium": "Medium",
        "Incident": "Incident",
    }.items():
        assert shown(http, **{field: text})[key] == word


@pytest.mark.parametrize("field", ["incidentFirstSeen", "incidentLastSeen", "incidentClearedTime"])
def test_times_are_milliseconds_and_what_is_none_is_nothing(http, field):
    key = {"incidentClearedTime": "cleared_time", "incidentLastSeen": "last_seen", "incidentFirstSeen": "first_seen"}[
        field
    ]
    for value, moment in {1621941030999: "2021-05-25T11:10:30Z", 0: None, None: None, "": None, 10**30: None}.items():
        assert shown(http, **{field: value})[key] == moment


@pytest.mark.parametrize("unset", ["", None])
def test_what_is_not_set_is_nothing_however_fortisiem_shows_it(http, unset):
    names = [
        *module("clients.fortisiem.attributes").SHOWN_ON_REQUEST,
        "attackTactic",
        "attackTechnique",
        "eventSeverityCat",
    ]
    names += ["incidentStatus", "incidentReso", "phIncidentCategory", "incidentSrc", "incidentTarget", "incidentDetail"]
    assert shown(http, **dict.fromkeys(names, unset)) == NOTHING_SET


# Attribute strings.


@pytest.mark.field_case("F7", "F8")
@pytest.mark.parametrize("field", ["incidentSrc", "incidentTarget", "incidentDetail"])
@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        (
            "hostIpAddr:172.30.57.94, hostName:web.example.com,",
            {"hostIpAddr": ["172.30.57.94"], "hostName": ["web.example.com"]},
        ),
        ("hostIpAddr:2001:db8::1, hostName:web, ", {"hostIpAddr": ["2001:db8::1"], "hostName": ["web"]}),
        ("srcIpAddr:::1", {"srcIpAddr": ["::1"]}),
        ("srcIpAddr:::ffff:10.1.1.1, user:bob", {"srcIpAddr": ["::ffff:10.1.1.1"], "user": ["bob"]}),
        ("hostMACAddr:00:1b:44:11:3a:b7, port:443,", {"hostMACAddr": ["00:1b:44:11:3a:b7"], "port": ["443"]}),
        (
            "infoURL:https://a.example.com:8443/x?y=1,2&z=a:b, user:CORP\\bob, ",
            {"infoURL": ["https://a.example.com:8443/x?y=1,2&z=a:b"], "user": ["CORP\\bob"]},
        ),
        ("fileName:C:\\a, b\\c.exe, procName:c.exe", {"fileName": ["C:\\a, b\\c.exe"], "procName": ["c.exe"]}),
        ("lastSeen:2025-11-05 17:37:30, count:2", {"lastSeen": ["2025-11-05 17:37:30"], "count": ["2"]}),
        ("msg:one, two, three, user:bob", {"msg": ["one, two, three"], "user": ["bob"]}),
        ("srcIpAddr:10.1.1.1, user:bob, srcIpAddr:10.1.1.2", {"srcIpAddr": ["10.1.1.1", "10.1.1.2"], "user": ["bob"]}),
        ("user:, hostName:web,", {"user": [""], "hostName": ["web"]}),
        ("user:bob,\n  hostName:web", {"user": ["bob"], "hostName": ["web"]}),
        ("  user_2: bob ,  hostName:web  ,  ", {"user_2": ["bob"], "hostName": ["web"]}),
        # Written without white space behind the commas.
        ("user:bob,hostName:web", {"user": ["bob"], "hostName": ["web"]}),
        (
            "hostIpAddr:172.30.57.94,hostName:wk1.example.com,",
            {"hostIpAddr": ["172.30.57.94"], "hostName": ["wk1.example.com"]},
        ),
        (
            "srcIpAddr:2001:db8::1,hostMACAddr:00:1b:44:11:3a:b7,lastSeen:2025-11-05 17:37:30,count:2",
            {
                "srcIpAddr": ["2001:db8::1"],
                "hostMACAddr": ["00:1b:44:11:3a:b7"],
                "lastSeen": ["2025-11-05 17:37:30"],
                "count": ["2"],
            },
        ),
        (
            "infoURL:https://a.example.com:8443/x?y=1,2&z=a:b,user:CORP\\bob",
            {"infoURL": ["https://a.example.com:8443/x?y=1,2&z=a:b"], "user": ["CORP\\bob"]},
        ),
        (
            "procName:/usr/bin/x,fileName:\\\\srv\\share\\a,b.txt,user:bob",
            {"procName": ["/usr/bin/x"], "fileName": ["\\\\srv\\share\\a,b.txt"], "user": ["bob"]},
        ),
        ("msg:one,two,three,user:bob", {"msg": ["one,two,three"], "user": ["bob"]}),
        ("user:bob, count:2,hostName:web", {"user": ["bob"], "count": ["2"], "hostName": ["web"]}),
        # What only looks like the name of an attribute.
        ("srcIpAddr:fe80::1,fe80::2, user:bob", {"srcIpAddr": ["fe80::1,fe80::2"], "user": ["bob"]}),
        ("srcIpAddr:fe80::1, fe80::2, user:bob", {"srcIpAddr": ["fe80::1, fe80::2"], "user": ["bob"]}),
        (
            "hostMACAddr:aa:bb:cc:dd:ee:ff,ab:bb:cc:dd:ee:ff,port:1",
            {"hostMACAddr": ["aa:bb:cc:dd:ee:ff,ab:bb:cc:dd:ee:ff"], "port": ["1"]},
        ),
        ("infoURL:http://a, https://b, user:bob", {"infoURL": ["http://a, https://b"], "user": ["bob"]}),
        ("fileName:C:\\a, D:\\b, user:bob", {"fileName": ["C:\\a, D:\\b"], "user": ["bob"]}),
        (
            "command:cmd /c a, user: bob, procName:cmd.exe",
            {"command": ["cmd /c a, user: bob"], "procName": ["cmd.exe"]},
        ),
        ("infoURL:https://a/x?q=1,list:2, user:bob", {"infoURL": ["https://a/x?q=1,list:2"], "user": ["bob"]}),
        ("hostIpAddr: 10.1.1.1, user: bob", {"hostIpAddr": ["10.1.1.1"], "user": ["bob"]}),
        ("user: , hostName:web", {"user": [""], "hostName": ["web"]}),
        ("https://a/b", {}),
        ("fe80::1", {}),
        ("failed logins, user: bob", {}),
        # JSON.
        (
            '{"command":"cmd /c a, user: bob","procName":"cmd.exe"}',
            {"command": ["cmd /c a, user: bob"], "procName": ["cmd.exe"]},
        ),
        (
            ' {"user": ["bob", "eve"], "port": 443.0, "more": {"a": "b, c:d"}, "none": null}',
            {"user": ["bob", "eve"], "port": ["443"], "more": ['{"a":"b, c:d"}'], "none": [""]},
        ),
        ('[{"hostName": "a"}, {"hostName": "b", "user": "x\ty"}]', {"hostName": ["a", "b"], "user": ["x\ty"]}),
        ('{"command":"cmd /c a, user: bob","procName":"cm', {}),
        ('["a, user: bob"]', {}),
        ("just words", {}),
        ("10:20, :x", {}),
    ],
)
def test_an_attribute_string_is_read_without_losing_a_value_and_kept_as_it_is(http, field, text, attributes):
    key = {"incidentSrc": "source", "incidentTarget": "target", "incidentDetail": "detail"}[field]
    assert shown(http, **{field: text})[key] == {"text": str(text), "attributes": attributes}


@pytest.mark.parametrize(
    ("value", "as_text", "attributes"),
    [
        (7, "7", {}),
        ({"hostName": "web", "port": 443}, '{"hostName":"web","port":443}', {"hostName": ["web"], "port": ["443"]}),
        ([{"hostName": "web"}], '[{"hostName":"web"}]', {"hostName": ["web"]}),
        (["a", 5], '["a",5]', {}),
        ("user:a\x00b", "user:a\ufffdb", {"user": ["a\ufffdb"]}),
    ],
)
def test_what_is_no_text_in_place_of_an_attribute_string_is_read_too(http, value, as_text, attributes):
    assert shown(http, incidentTarget=value)["target"] == {"text": as_text, "attributes": attributes}


@pytest.mark.parametrize(
    "part", [",", ", ", " ", "a:b,", ",fe80", "aa:", ", ab:", "aa:1,", "[", '{"a":', ",a", "ab: ,"]
)
def test_the_longest_attribute_string_is_read_at_once(part):
    """A reader that goes back again and again would take minutes for this."""
    module("clients.fortisiem.attributes").attribute_lists("ab:" + part * 100_000)
    module("clients.fortisiem.attributes").attribute_lists(part * 100_000)


# Rows of which parts are missing, or written in another form.


@pytest.mark.parametrize(
    "value",
    [
        "1700000000000",
        1700000000000.0,
        "1.7E+12",
        "2023-11-14T22:13:20Z",
        "2023-11-14 22:13:20",
        "Tue, 14 Nov 2023 22:13:20 GMT",
    ],
)
@pytest.mark.parametrize("field", ["incidentFirstSeen", "incidentLastSeen", "incidentClearedTime"])
def test_a_time_is_read_in_each_form(http, field, value):
    key = {"incidentClearedTime": "cleared_time", "incidentLastSeen": "last_seen", "incidentFirstSeen": "first_seen"}[
        field
    ]
    assert shown(http, **{field: value})[key] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("never", [-1, 2**63 - 1, 253402300799000, "0", "0001-01-01T00:00:00Z", "n/a", [], {}, True])
def test_a_time_that_means_never_or_nothing_costs_only_itself(http, never):
    result = shown(http, incidentTitle="t", incidentFirstSeen=never, incidentLastSeen=never)
    assert result == {**NOTHING_SET, "title": "t"}


@pytest.mark.parametrize("incident_id", [1.0, "1", "1.0", " 1 ", "1E+00"])
def test_an_id_is_known_in_each_form(http, incident_id):
    http.post(INCIDENTS, json={"data": [{"incidentId": incident_id}]})
    assert get() == NOTHING_SET


ROUNDED = 9007199254740994


@pytest.mark.field_case("K2")
@pytest.mark.parametrize("incident_id", [float(ROUNDED), f"{ROUNDED}.0", "9.007199254740994E+15", float(2**60)])
def test_an_id_that_may_be_rounded_is_no_id(http, incident_id):
    http.post(INCIDENTS, json={"data": [{"incidentId": incident_id}]})
    assert f"FortiSIEM shows no incident {ROUNDED}" in failure(incident_id=ROUNDED)


def test_numbers_as_doubles_are_the_same_numbers(http):
    doubles = {name: float(value) if isinstance(value, int) else value for name, value in ROW.items()}
    expect_siem_row(http, {**doubles, "incidentId": 1.0})
    assert get() == SHOWN


@pytest.mark.field_case("K3")
@pytest.mark.parametrize(
    ("field", "value", "key", "word"),
    [
        ("incidentStatus", "ACTIVE", "status", "Active"),
        ("incidentStatus", "1.0", "status", "Auto Cleared"),
        ("incidentStatus", "MANUALLY_CLEARED", "status", "Manually Cleared"),
        ("incidentStatus", "cleared manually", "status", "Manually Cleared"),
        ("incidentStatus", "externally cleared", "status", "Externally Cleared"),
        ("eventSeverityCat", "high", "severity", "High"),
        ("eventSeverityCat", " Medium ", "severity", "Medium"),
        ("phIncidentCategory", "SECURITY", "category", "Security"),
        ("phIncidentCategory", 4.0, "category", "Security"),
        ("incidentReso", "TruePositive", "resolution", "True Positive"),
        ("incidentReso", "in_progress", "resolution", "In Progress"),
        ("incidentExtTicketType", "low", "external_ticket_type", "Low"),
    ],
)
def test_a_word_is_known_however_it_is_written(http, field, value, key, word):
    assert shown(http, **{field: value})[key] == word


@pytest.mark.parametrize(
    ("customer", "name"),
    [
        ("Acme", "Acme"),
        ({"id": 2000, "name": "Acme"}, "Acme"),
        (["Acme"], "Acme"),
        ([{"name": "Acme"}, "Super"], "Acme, Super"),
        ({}, None),
        ([], None),
        (2000.0, "2000"),
    ],
)
def test_an_organization_is_a_name_whatever_holds_it(http, customer, name):
    assert shown(http, customer=customer)["organization"] == name


def test_what_no_database_holds_does_not_come_through(http):
    http.post(
        INCIDENTS,
        body='{"data": [{"incidentId": 1, "incidentTitle": "a\\u0000b\\ud800", "count": NaN, "eventSeverity": Infinity,'
        ' "incidentDetail": {"a": NaN}, "incidentFirstSeen": NaN, "x": {"y": [NaN, "\\u0000"]}}]}',
    )
    result = get(fields="x")
    assert result["title"] == "a\ufffdb\ufffd"
    assert (result["count"], result["severity_value"], result["first_seen"]) == (None, None, None)
    assert result["detail"] == {"text": '{"a":null}', "attributes": {"a": [""]}}
    assert result["other"] == {"x": {"y": [None, "\ufffd"]}}


CLEARED_BY_WORD = [
    "Auto Cleared",
    1,
    "2.0",
    3.0,
    "externally cleared",
    "Cleared",
    "CLOSED",
    "cleared by rule",
    "Resolved",
]


@pytest.mark.parametrize("status", CLEARED_BY_WORD)
def test_every_way_of_being_cleared_is_one(status):
    assert module("clients.fortisiem.attributes").is_cleared({"incidentStatus": status})


@pytest.mark.parametrize(
    "status", [0, "0.0", "active", "Not Cleared", "uncleared", "Unresolved", "Reopened", 4, None, ""]
)
def test_what_is_not_cleared_is_active(status):
    assert not module("clients.fortisiem.attributes").is_cleared({"incidentStatus": status, "incidentClearedTime": 0})


@pytest.mark.parametrize("status", [4, "7", None, ""])
def test_of_a_status_that_nobody_knows_the_time_of_clearing_tells(status):
    cleared = {"incidentStatus": status, "incidentClearedTime": 1700000000000}
    assert module("clients.fortisiem.attributes").is_cleared(cleared)
    assert not module("clients.fortisiem.attributes").is_cleared({**cleared, "incidentStatus": 0})


# A server that wants times with an id too.

WANTS_TIMES = [
    {"status": 400, "json": {"result": {"code": 255, "description": "timeFrom and timeTo are required"}}},
    {"status": 400, "body": "Invalid time range"},
    {"status": 400, "json": {"message": "Missing required parameter"}},
    {"json": {"result": {"code": 255, "description": "Time window is missing"}}},
    {"body": '<response><error code="255"><description>timeFrom is mandatory</description></error></response>'},
]


@pytest.mark.field_case("F29")
@pytest.mark.parametrize("refusal", WANTS_TIMES)
def test_a_server_that_wants_times_with_an_id_gets_them_from_then_on(http, refusal):
    expect_siem_row(http, **refusal)
    for _ in range(2):
        http.post(
            INCIDENTS,
            match=[
                matchers.json_params_matcher(
                    {"filters": {"incidentId": [1]}, "timeFrom": 1, "timeTo": 4102444800000}, strict_match=False
                )
            ],
            json={"total": 1, "data": [{"incidentId": 1}]},
        )
    assert get() == NOTHING_SET
    assert get() == NOTHING_SET


def test_a_server_that_refuses_times_too_is_not_asked_a_third_time(http):
    for _ in range(2):
        http.post(INCIDENTS, status=400, body="Invalid time range")
    assert failure().startswith(f"{READ_FAILED.format(400)}: Invalid time range. {NOTHING}")


# Techniques.


@pytest.mark.parametrize("in_a_text", [True, False])
def test_techniques_are_read_inside_of_a_text_or_not(http, in_a_text):
    listed = [{"name": "Brute Force", "techniqueid": "T1110"}, {"techniqueid": 7}, {"name": "x"}, "T1", None]
    assert shown(http, attackTechnique=json.dumps(listed) if in_a_text else listed)["techniques"] == [
        {"id": "T1110", "name": "Brute Force"},
        {"id": "7", "name": ""},
        {"id": "", "name": "x"},
    ]


@pytest.mark.parametrize("text", ["", "[]", "null", "T1489", "[{", '{"techniqueid": "T1"}', 5, {"techniqueid": "T1"}])
def test_what_is_no_list_of_techniques_is_none(http, text):
    assert shown(http, attackTechnique=text)["techniques"] == []


# Failures.


@pytest.mark.parametrize("rows", [[], [{"incidentId": 2}], [{"incidentId": 11}], [None, "1", {}], None])
def test_an_incident_that_is_not_shown_does_not_exist(http, rows):
    http.post(INCIDENTS, json={"total": len(rows or []), "data": rows})
    assert failure() == (
        f"FortiSIEM shows no incident 1. {NOTHING} Check the ID, and that the account sees the incident's organization; else choose the configuration that owns it."
    )


@pytest.mark.parametrize("answer", [{"json": []}, {"json": {}}, {"json": {"data": {}}}, {"body": "x"}, {"body": ""}])
def test_an_answer_without_a_list_is_no_incident(http, answer):
    expect_siem_row(http, **answer)
    assert failure() == f"{READ_FAILED.format(200)} without a list of incidents. {NOTHING}"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {"status": 400, "json": {"result": {"code": 255, "description": "Invalid field x"}}},
            f"{READ_FAILED.format(400)}: Invalid field x. {NOTHING} The request failed, often due to a missing or misconfigured parameter.",
        ),
        (
            {"status": 400, "body": "Invalid incident id"},
            f"{READ_FAILED.format(400)}: Invalid incident id. {NOTHING} Check that the incident exists in organization super.",
        ),
        (
            {"json": {"result": {"code": 255, "description": "Invalid field x"}}},
            f"{READ_FAILED.format(200)}: Invalid field x. {NOTHING}",
        ),
        (
            {"json": {"data": [], "error": "Query failed"}},
            f"{READ_FAILED.format(200)}: Query failed. {NOTHING}",
        ),
        (
            {"json": {"data": [{"incidentId": 2}], "errString": "Partial result", "code": 3}},
            f"{READ_FAILED.format(200)}: Partial result. {NOTHING}",
        ),
        (
            {"status": 403},
            f"{READ_FAILED.format(403)}. {NOTHING} Make sure that the account has the appropriate access.",
        ),
        (
            {"status": 404},
            f"{READ_FAILED.format(404)}. {NOTHING} The server does not have this resource. Check FortiSIEM Server; updating "
            "incidents needs FortiSIEM 5.2.5 or newer, reading them FortiSIEM 6.3.0 or newer.",
        ),
        (
            {"status": 503},
            f"{READ_FAILED.format(503)}. {NOTHING} The API request failed due to an internal server error. Try again later.",
        ),
        (
            {"status": 200, "body": "<html>Sign in</html>", "content_type": "text/html"},
            f"{READ_FAILED.format(200)} with a web page instead of an API answer. {NOTHING} Something between here and the "
            "product answered, such as a proxy or a login page. Check the address.",
        ),
        (
            {
                "status": 200,
                "body": '<response><error code="255"><description>No such field</description></error></response>',
            },
            f"{READ_FAILED.format(200)}: No such field. {NOTHING} The request failed, often due to a missing or misconfigured parameter.",
        ),
    ],
)
def test_each_refusal_of_a_read_changed_nothing_and_says_why(http, answer, message):
    expect_siem_row(http, **answer)
    assert failure() == message


def test_a_comment_that_looks_like_an_error_is_none(http):
    text = '<error code="255"><description>not ours</description></error>'
    assert shown(http, incidentComments=text)["comments"] == text


@pytest.mark.parametrize("incident_id", ["abc", 0, -1, 1.5, "", None])
def test_what_is_no_id_is_refused_before_anything_is_sent(http, incident_id):
    message = failure(incident_id=incident_id)
    assert message.startswith("The parameters are not valid: FortiSIEM Incident ID ")
    assert message.endswith(f". {NOTHING}")
