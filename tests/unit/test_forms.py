"""The kinds of fields that forms have besides plain ones: several choices, lists of items, live choices, periods."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import pytest

from tests.support.package import ROOT, module

errors, manifest = module("core.errors"), module("core.manifest")
valid = module("operations.parameters").valid_parameters
NOTHING = "Nothing was changed."
STATUSES = "Active, Auto Cleared, Manually Cleared, System Cleared"


def failure(operation, params):
    with pytest.raises(errors.InvalidInput) as caught:
        valid(operation, params)
    return str(caught.value)


# Several choices.


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["Active"], ["Active"]),
        (["Active", "Auto Cleared"], ["Active", "Auto Cleared"]),
        ('["Active", "Auto Cleared"]', ["Active", "Auto Cleared"]),
        ("Active", ["Active"]),
        (" Active ,, Auto Cleared, ", ["Active", "Auto Cleared"]),
        ('"Active"', ["Active"]),
        ("['Active']", ["Active"]),
        ("['Active', \"Auto Cleared\"]", ["Active", "Auto Cleared"]),
        ("[Active]", ["Active"]),
    ],
)
def test_several_choices_are_read_from_a_list_its_json_or_python_text_or_text_with_commas(given, read):
    assert valid("list_siem_incidents", {"status": given})["status"] == read


@pytest.mark.parametrize("blank", [None, "", " ", [], "[]", ",", " , ", '""', "null"])
def test_no_choice_is_a_field_left_blank(blank):
    assert "status" not in valid("list_siem_incidents", {"status": blank})


@pytest.mark.parametrize(
    ("given", "shown", "fault"),
    [
        (["Active", "Closed"], """'["Active", "Closed"]'""", f"is not one of: {STATUSES}"),
        ("['Active', 'Closed']", """'["Active", "Closed"]'""", f"is not one of: {STATUSES}"),
        ("active", """'["active"]'""", f"is not one of: {STATUSES}"),
        ([None], "'[null]'", f"is not one of: {STATUSES}"),
        ([["Active"]], """'[["Active"]]'""", f"is not one of: {STATUSES}"),
        ("5", "'5'", "is not a list of choices"),
        (True, "'true'", "is not a list of choices"),
        ({"Active": 1}, """'{"Active": 1}'""", "is not a list of choices"),
    ],
)
def test_anything_else_is_refused_with_the_choices_there_are(given, shown, fault):
    assert failure("list_siem_incidents", {"status": given}) == (
        f"The parameters are not valid: Status {shown} {fault}. {NOTHING}"
    )


# Values in another form than their type's, as expressions, macros and other versions of FortiSOAR hand them over.


@pytest.mark.parametrize("given", [5, 5.0, "5", "5.0", " 5 ", "5e0", "+5", "\ufeff5"])
def test_a_whole_number_is_read_in_whatever_form(given):
    assert valid("list_siem_incidents", {"max_results": given})["max_results"] == 5


@pytest.mark.parametrize("given", [5.5, "5.5", "five", "1,234", True, [5], {"a": 5}, float("nan"), "5 5", 2.0**60])
def test_what_is_no_whole_number_is_refused(given):
    assert "Max Results" in failure("list_siem_incidents", {"max_results": given})


YES = [True, "true", "True", " TRUE ", "yes", "Yes", "on", "1", 1, "1.0", 1.0]
NO = [False, "false", "No", "off", "0", 0, 0.0]


@pytest.mark.parametrize(("given", "read"), [*((each, True) for each in YES), *((each, False) for each in NO)])
def test_a_tick_is_read_in_whatever_form(given, read):
    assert valid("update_siem_incident", {"incident_id": 1, "comments": "x", "verify": given})["verify"] is read


@pytest.mark.parametrize("given", [2, "2", "maybe", "ja", [True], {}, -1])
def test_what_is_no_tick_is_refused(given):
    message = failure("update_siem_incident", {"incident_id": 1, "comments": "x", "verify": given})
    assert " is not true or false. " in message


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("db, prod", "db, prod"),
        (["db", "prod"], "db,prod"),
        ('["db", "prod"]', "db,prod"),
        ("['db', 'prod']", "db,prod"),
        ([7, "a b"], "7,a b"),
    ],
)
def test_tags_are_read_from_text_with_commas_or_a_list(given, read):
    assert valid("set_fortimonitor_incident_tags", {"incident": -1, "tags": given})["tags"] == read


@pytest.mark.parametrize("given", [["a,b"], [["a"]], {"a": 1}, [True], [None]])
def test_tags_that_are_no_texts_are_refused_by_their_title(given):
    assert failure("set_fortimonitor_incident_tags", {"incident": -1, "tags": given}).startswith(
        "The parameters are not valid: Tags '"
    )


@pytest.mark.parametrize("given", [None, [], {}, "", ()])
def test_no_parameters_in_whatever_form_are_none(given):
    assert valid("get_diagnostics", given) == valid("get_diagnostics", {})


@pytest.mark.parametrize("given", [[1], ["a"], "a", 7, True])
def test_what_is_no_object_is_refused(given):
    assert failure("get_diagnostics", given) == (
        f"The parameters are not valid: They must be an object of names and values. {NOTHING}"
    )


@pytest.mark.parametrize("blank", [None, "", [], {}])
def test_a_blank_parameter_that_there_is_not_is_ignored(blank):
    ignored: list[str] = []
    assert "of_old" not in valid("list_siem_incidents", {"of_old": blank}, ignored)
    assert ignored == []


@pytest.mark.parametrize("value", ["x", 0, False, ["x"]])
def test_a_parameter_that_there_is_not_is_ignored_with_a_warning(value):
    ignored: list[str] = []
    assert "of_old" not in valid("list_siem_incidents", {"of_old": value}, ignored)
    assert [sentence.partition(":")[0] for sentence in ignored] == [
        "There is no parameter 'of_old'; the parameters are"
    ]


def test_a_parameter_that_there_is_not_is_named_beside_other_problems():
    ignored: list[str] = []
    with pytest.raises(errors.InvalidInput) as caught:
        valid("list_siem_incidents", {"of_old": "x", "older": None, "max_results": 0}, ignored)
    assert str(caught.value).startswith(
        "The parameters are not valid: There is no parameter 'of_old'; the parameters are"
    )
    assert str(caught.value).endswith(f" Max Results '0' is not between 1 and 25000. {NOTHING}")
    assert "older" not in str(caught.value)
    assert ignored == []


@pytest.mark.parametrize("blank", [None, "", [], {}])
def test_a_blank_parameter_that_there_is_not_is_ignored_however_close_its_name_comes(blank):
    """A cloned playbook passes every field that its form had."""
    ignored: list[str] = []
    assert valid("list_siem_incidents", {"statuses": blank}, ignored) == valid("list_siem_incidents", {})
    assert ignored == []


@pytest.mark.parametrize("name", ["max_result", "maxresults", "Max_Results", "max-results", "statuss"])
def test_a_misspelt_parameter_is_refused_with_the_name_that_comes_close(name):
    assert "comes close" in failure("list_siem_incidents", {name: "x"})


# Objects and numbers, in the forms in which FortiSOAR keeps them and its expressions render them.


@pytest.mark.parametrize("empty", [[], "[]", None, ""])
def test_an_object_without_members_may_come_as_an_empty_list(empty):
    given = {"method": "GET", "endpoint": "/user", "query": empty}
    assert valid("make_fortimonitor_api_request", given) == {"method": "GET", "endpoint": "/user"}


@pytest.mark.parametrize("text", ['{"a": "b", "c": null}', "{'a': 'b', 'c': None}", ' {"a": \'b\', "c": None}\n'])
def test_an_object_is_read_from_its_json_or_python_text(text):
    given = {"method": "GET", "endpoint": "/user", "query": text}
    assert valid("make_fortimonitor_api_request", given)["query"] == {"a": "b", "c": None}


def test_items_are_read_from_their_python_text():
    items = [{"incident_id": 1, "status": "Manually Cleared"}, {"incident_id": "2", "comments": "it's over"}]
    assert valid("update_siem_incidents", {"items": str(items)})["items"] == items


@pytest.mark.parametrize("text", ["{1: 'a'", "{'a': 1, 'b': {2}}", "{'a': 1j}", "[" * 100_000, "{'a': f()}"])
def test_what_only_looks_like_an_object_is_refused(text):
    given = {"method": "GET", "endpoint": "/user", "query": text}
    assert failure("make_fortimonitor_api_request", given).endswith(f"is not a JSON object. {NOTHING}")


@pytest.mark.parametrize("number", [-1000001, -1000001.0, "-1000001"])
def test_an_id_is_the_same_as_a_number_of_either_kind(number):
    assert valid("get_fortimonitor_incident", {"incident": number}) == {"incident": "-1000001"}


@pytest.mark.parametrize(("number", "text"), [(1.5, "1.5"), (float(2**53), "9007199254740992.0")])
def test_a_number_that_is_not_whole_for_certain_stays_as_it_is(number, text):
    assert valid("get_fortimonitor_incident", {"incident": number}) == {"incident": text}


# Lists of items.


@pytest.mark.parametrize("count", [1, 1000])
@pytest.mark.parametrize("operation", ["update_siem_incidents", "force_resolve_incidents"])
def test_one_to_a_thousand_items_are_taken_whatever_they_are(operation, count):
    assert valid(operation, {"items": [{"a": [1]}] * count})["items"] == [{"a": [1]}] * count


@pytest.mark.parametrize(("text", "read"), [("[1, 2]", [1, 2]), (' ["#-5"] ', ["#-5"]), ('[{"a": 1}]', [{"a": 1}])])
def test_items_are_read_from_json_text(text, read):
    assert valid("force_resolve_incidents", {"items": text})["items"] == read


@pytest.mark.parametrize("given", [[], [1] * 1001, "[]", "-1", "-1, -2", -1, True, {"items": [1]}, '{"a": 1}', "[1"])
def test_anything_else_is_no_list_of_items(given):
    message = failure("force_resolve_incidents", {"items": given})
    assert message.startswith("The parameters are not valid: Items '")
    assert message.endswith(f"' is not a JSON list of 1 to 1000 items. {NOTHING}")
    assert len(message) < 180


def test_a_json_field_that_is_no_list_of_items_wants_an_object():
    params = {"method": "POST", "endpoint": "/server", "body": [1]}
    assert failure("make_fortimonitor_api_request", params) == (
        f"The parameters are not valid: Body '[1]' is not a JSON object. {NOTHING}"
    )


# Choices that the form asks the product for.

LIVE = {
    "server": "list_server_choices",
    "user": "list_user_choices",
    "who": "list_user_choices",
    "plugin_textkey": "list_plugin_textkey_choices",
    "resource_textkey": "list_resource_textkey_choices",
}


def test_every_field_for_a_server_a_user_or_a_textkey_offers_live_choices_and_no_other_field_does():
    for action in manifest.manifest()["operations"]:
        for field in action["parameters"]:
            assert field.get("apiOperation") == LIVE.get(field["name"]), (action["operation"], field["name"])
            if "apiOperation" in field:
                assert field["type"] == "select"
                assert "options" not in field


@pytest.mark.parametrize(
    ("typed", "read"), [("web-01.example.com", "web-01.example.com"), (1001, "1001"), (" 7 ", "7")]
)
def test_a_field_with_live_choices_takes_typed_text_too(typed, read):
    assert valid("list_incident_textkeys", {"server": typed}) == {"server": read}


@pytest.mark.parametrize("given", [True, ["1001"], {"value": "1001"}])
def test_a_field_with_live_choices_takes_nothing_but_text(given):
    message = failure("list_fortimonitor_incidents", {"server": given})
    assert message.endswith(f" is not text. {NOTHING}")


@pytest.mark.parametrize("operation", sorted(set(LIVE.values())))
def test_what_fills_choices_may_be_handed_the_values_of_the_forms_other_fields(operation):
    assert operation in manifest.choice_operations()
    form = {"description": "Disk full", "metadata": "{", "start_time": "soon", "if_exists": "Fail"}
    assert valid(operation, form) == {}


def test_what_fills_no_choices_is_not():
    assert "list_siem_incidents" not in manifest.choice_operations()
    assert failure("list_siem_incidents", {"statuses": "Active"}) == (
        f"The parameters are not valid: There is no parameter 'statuses'; 'status' comes close. {NOTHING}"
    )


@pytest.mark.parametrize("blank", [None, "", " "])
def test_a_blank_field_of_a_form_is_told_apart_from_one_that_the_form_has_not(blank):
    assert valid("list_resource_textkey_choices", {"server": blank}) == {"server": ""}
    assert valid("list_resource_textkey_choices", {}) == {}


def test_the_own_parameters_of_what_fills_choices_are_checked_all_the_same():
    assert failure("list_plugin_textkey_choices", {"server": ["1001"], "description": "Disk full"}) == (
        f"The parameters are not valid: Server '[\"1001\"]' is not text. {NOTHING}"
    )


# Periods.

PERIODS = [
    ("list_fortimonitor_incidents", "started_after", "started_before", "Started After", "Started Before"),
    ("list_siem_incidents", "time_from", "time_to", "Time From", "Time To"),
    ("get_siem_incident_events", "time_from", "time_to", "Time From", "Time To"),
]


@pytest.mark.parametrize(("operation", "start", "end", "first", "second"), PERIODS)
def test_a_period_that_ends_before_it_begins_is_refused(operation, start, end, first, second):
    bounds = {start: "2026-11-22T10:00:01Z", end: "2026-11-22 10:00:00"}
    assert failure(operation, {"incident_id": 1, **bounds} if "events" in operation else bounds) == (
        f"The parameters are not valid: {first} must not be later than {second}. {NOTHING}"
    )


def test_a_period_may_be_one_moment_or_open_at_either_end():
    moment = datetime(2026, 11, 22, 10, tzinfo=timezone.utc)
    for given in ({"time_from": "1795341600", "time_to": "2026-11-22T11:00:00+01:00"}, {"time_from": 1795341600}):
        values = valid("list_siem_incidents", given)
        assert {name: values[name] for name in given} == dict.fromkeys(given, moment)
    assert valid("list_siem_incidents", {"time_to": "2026-11-22T10:00:00Z"})["time_to"] == moment


def test_a_bound_that_is_no_time_is_told_once_and_not_compared():
    assert failure("list_siem_incidents", {"time_from": "soon", "time_to": "2026-11-22T10:00:00Z"}) == (
        "The parameters are not valid: Time From 'soon' is not ISO 8601 with offset, epoch seconds, or 'YYYY-MM-DD HH:MM:SS' in "
        f"UTC. {NOTHING}"
    )


# Queries.


@pytest.mark.parametrize("value", [{"a": 1}, [1]])
def test_a_query_has_scalars_alone(value):
    params = {"endpoint": "/server", "query": {"ok": 1, "nested": value}}
    assert failure("make_fortimonitor_api_request", params) == (
        "The parameters are not valid: Query has a value that is not text, a number, true, false or null: 'nested'. "
        f"{NOTHING}"
    )


def test_the_body_of_a_request_of_the_analysts_own_may_be_nested():
    params = {"method": "POST", "endpoint": "/server", "body": {"a": {"b": [1]}}}
    assert valid("make_fortisiem_api_request", params)["body"] == {"a": {"b": [1]}}


# Rules of one action's parameters.

parameters = module("operations.parameters")
NO_MARKER = "must not contain '[correlation_id:'; use Correlation ID"
NO_LINE = "is not one line of at most 200 characters without brackets"
NO_SCALAR = "has a value that is not text, a number, true, false or null: 'a'"
LATER, EARLIER = "2026-11-22T10:00:01Z", "2026-11-22T10:00:00Z"
MARKED = ({"description": "x [correlation_id: y]"}, f"Description {NO_MARKER}")
BRACKET = ({"correlation_id": "a]b"}, f"Correlation ID 'a]b' {NO_LINE}")
NO_VALUE = "is what an expression without a value renders to"
UNNAMED = ({"correlation_id": "None"}, f"Correlation ID 'None' {NO_VALUE}")
Refused = tuple[dict[str, Any], str]
NESTED: Refused = ({"query": {"a": []}}, f"Query {NO_SCALAR}")
BACKWARDS = ({"time_from": LATER, "time_to": EARLIER}, "Time From must not be later than Time To")
NO_ITEMS: Refused = ({"items": {}}, "Items '{}' is not a JSON list of 1 to 1000 items")
# For each rule and shape, in their order, what breaks it and what is said.
BROKEN: dict[str, list[Refused]] = {
    "create_custom_incident": [
        MARKED,
        ({"metadata": {"a": []}}, f"Metadata {NO_SCALAR}"),
        ({"metadata": {"correlation_id": "x"}}, "Metadata must not have the key 'correlation_id'; use Correlation ID"),
        BRACKET,
        UNNAMED,
    ],
    "force_resolve_incident": [
        ({"expect_correlation_id": "a\nb"}, f"Expected Correlation ID 'a\\nb' {NO_LINE}"),
        ({"expect_correlation_id": "null"}, f"Expected Correlation ID 'null' {NO_VALUE}"),
    ],
    "list_fortimonitor_incidents": [
        (
            {"started_after": LATER, "started_before": EARLIER},
            "Started After must not be later than Started Before",
        )
    ],
    "update_fortimonitor_incident_description": [MARKED],
    "make_fortimonitor_api_request": [NESTED],
    "list_siem_incidents": [BACKWARDS],
    "get_siem_incident_events": [BACKWARDS],
    "make_fortisiem_api_request": [NESTED],
    "escalate_siem_incident": [MARKED, BRACKET, UNNAMED],
    "close_incident": [BRACKET, UNNAMED],
    "get_incident_state": [BRACKET, UNNAMED],
    "fetch_incidents": [
        ({"watermark": "x"}, "Watermark 'x' is not one that this action returned, such as 1700000000000")
    ],
    "update_siem_incidents": [NO_ITEMS],
    "force_resolve_incidents": [NO_ITEMS],
}


def test_a_rule_is_for_an_action_and_for_parameters_that_it_has():
    forms = manifest.operation_forms()
    assert all(
        set(names) <= forms[action].titles.keys() for action, rules in parameters.RULES.items() for _, _, names in rules
    )
    assert all(shapes.keys() <= forms[action].titles.keys() for action, shapes in parameters.SHAPES.items())


def test_no_rule_goes_without_what_breaks_it():
    ruled = {**parameters.SHAPES, **parameters.RULES}
    assert {action: len(rules) for action, rules in ruled.items()} == {a: len(broken) for a, broken in BROKEN.items()}


@pytest.mark.parametrize(
    ("operation", "given", "words"), [(action, *each) for action, broken in BROKEN.items() for each in broken]
)
def test_what_breaks_a_rule_is_refused_in_its_words(operation, given, words):
    assert f" {words}." in failure(operation, given)


TAKES_ID = [
    *((action, "correlation_id") for action, broken in BROKEN.items() if UNNAMED in broken),
    ("force_resolve_incident", "expect_correlation_id"),
]


@pytest.mark.field_case("W17")
@pytest.mark.parametrize(("operation", "name"), TAKES_ID)
@pytest.mark.parametrize(
    "empty",
    [
        "None",
        "null",
        "NULL",
        " undefined ",
        "Undefined",
        "nan",
        "NaN",
        "{}",
        "{ }",
        "()",
        '""',
        "''",
        '"None"',
        "'null'",
        "{{}}",
        "{{vars.alert.id}}",
        "{% raw %}x",
        "N/A",
        ",",
        float("nan"),
    ],
)
def test_a_correlation_id_that_stands_for_nothing_is_refused_by_name(operation, name, empty):
    shown = repr(str(empty).strip())
    assert f"Correlation ID {shown} {NO_VALUE}." in failure(operation, {name: empty})


@pytest.mark.field_case("W17")
@pytest.mark.parametrize(("operation", "name"), TAKES_ID)
@pytest.mark.parametrize("empty", ["[]", "['']", "[None]", {}, [], ["a"]])
def test_an_empty_list_or_object_is_no_correlation_id_either(operation, name, empty):
    assert "Correlation ID " in failure(operation, {name: empty})


@pytest.mark.parametrize(("operation", "name"), TAKES_ID)
@pytest.mark.parametrize("named", ["0", "None of these", "nano", "null-7", "/api/3/alerts/1", "x", "{a}", "-"])
def test_what_names_something_is_no_such_id(operation, name, named):
    assert "Correlation ID" not in failure(operation, {name: named, "unheard_of": 1})


@pytest.mark.parametrize(
    "key",
    ["correlation_id", "Correlation ID", " CORRELATION_ID ", "correlationId", "correlation-id", "correlation&#95;id"],
)
def test_metadata_has_no_key_that_could_be_taken_for_the_markers(key):
    assert f"Metadata must not have the key {key!r}; use Correlation ID." in failure(
        "create_custom_incident", {"metadata": {key: "x", "correlation": "y"}}
    )


def test_no_default_can_be_altered_for_the_next_call():
    forms = [manifest.configuration_form(), *manifest.operation_forms().values()]
    waiting = [field for form in forms for field in form.fields]
    for field in waiting:
        assert isinstance(field.default, (str, int, type(None))), field.name
        waiting += [child for children in field.children.values() for child in children]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_manifest_is_read_in_any_encoding_of_json(monkeypatch, tmp_path, encoding):
    (tmp_path / "info.json").write_text('{"label": "Br\u00fccke"}', encoding)
    monkeypatch.setattr(manifest, "__file__", str(tmp_path / "core" / "manifest.py"))
    assert manifest.manifest.__wrapped__() == {"label": "Br\u00fccke"}


@pytest.fixture
def new_process(monkeypatch):
    """The manifest as in a process that has not read it yet."""
    monkeypatch.setattr(manifest, "_handed_over", [])
    monkeypatch.setattr(manifest, "manifest", lru_cache(maxsize=1)(manifest.manifest.__wrapped__))


INFO = json.loads((ROOT / "info.json").read_text("ascii"))
ACTIONS = [action["operation"] for action in INFO["operations"]]


@pytest.mark.usefixtures("new_process")
def test_the_manifest_is_what_the_platform_hands_over_first():
    given = {**INFO, "label": "Br\u00fccke", "id": 7}
    manifest.prefer(given, ACTIONS)
    manifest.prefer(INFO, ACTIONS)
    assert manifest.manifest() == given


@pytest.mark.usefixtures("new_process")
@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        [],
        "info",
        {"name": INFO["name"], "version": INFO["version"]},
        {**INFO, "operations": INFO["operations"][1:]},
        {**INFO, "operations": [*INFO["operations"], {"operation": "x"}]},
        {**INFO, "operations": None},
        {**INFO, "configuration": {}},
        {**INFO, "configuration": {"fields": []}},
        {**INFO, "configuration": {"fields": [{"name": "server"}]}},
        {**INFO, "version": None},
    ],
)
def test_what_the_platform_hands_over_in_part_is_not_taken(given):
    manifest.prefer(given, ACTIONS)
    assert manifest.manifest() == INFO


def deep(levels):
    nested: Any = []
    for _ in range(levels):
        nested = [nested]
    return nested


@pytest.mark.parametrize("items", ["[" * 100_000, {"a": deep(5000)}])
def test_a_value_that_is_nested_too_deeply_is_refused_as_any_other(items):
    message = failure("force_resolve_incidents", {"items": items})
    assert message.startswith("The parameters are not valid: Item")
    assert message.endswith(NOTHING)
