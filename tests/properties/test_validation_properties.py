"""Any JSON value of any field is either read into the field's type, or refused by the field's title."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.examples import examples
from tests.support.package import configuration, module, with_token

pytestmark = pytest.mark.timeout(3600)  # make prove takes its time

errors, manifest = module("core.errors"), module("core.manifest")
valid_configuration = module("core.configuration").valid_configuration
valid_parameters = module("operations.parameters").valid_parameters

READ_AS: dict[str, Any] = {
    "text": str,
    "textarea": str,
    "password": str,
    "select": str,
    "integer": int,
    "checkbox": bool,
    "json": dict,
    "datetime": datetime,
    "multiselect": list,
}


def every_field(fields: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield fields and, at any depth, those that appear when one of them changes."""
    for field in fields:
        yield field
        for children in field.get("onchange", {}).values():
            yield from every_field(children)


def sample(field: dict[str, Any]) -> Any:
    """Return a value that a required field takes."""
    samples = {"integer": 1, "json": [1]}  # the only JSON fields that are required are lists of items
    return field["options"][0] if "options" in field else samples.get(field["type"], "x")


REQUIRED: dict[str, dict[str, Any]] = {
    action["operation"]: {field["name"]: sample(field) for field in action["parameters"] if field["required"]}
    for action in manifest.manifest()["operations"]
}
PARAMETERS = [
    (action["operation"], field)
    for action in manifest.manifest()["operations"]
    for field in action["parameters"]
    if action["visible"]  # what fills drop-downs is told what is blank
]
FIELDS = list(every_field(manifest.manifest()["configuration"]["fields"]))
# What FortiSOAR, a playbook or a person is likely to hand over, besides anything at all.
LIKELY: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(
            "",
            " ",
            "0",
            "1",
            "-1",
            "443",
            " 5 ",
            "1.0",
            "1e3",
            "9" * 19,
            "9" * 25,
            "\u0661",
            "NaN",
            "true",
            "False",
            "yes",
        ),
        *(
            "Active",
            "Active, Low",
            '["Security"]',
            ",",
            "[1, 2]",
            ["Active"],
            ["Low", "High"],
            ["Nothing"],
            [{}] * 1001,
        ),
        *("{}", "[]", "null", '{"a": 1}', '{"a": [1]}', "[correlation_id: x]", "a\nb", "2026-11-22 10:00:00"),
        *("2026-11-22T10:00:00Z", "2026-11-22T10:00:00", "1700000000", "1700000000000", "https://a.test/v2", "a.test"),
        *("http://a.test", "https://u:p@a.test", "{{vars.input}}", "Low", "API Token", "Return Existing"),
        *(0, 1, -1, 55, 10**30, 1.0, 0.5, True, False, None, [], {}, [1], {"a": 1}, {"a": {}}, {"correlation_id": 1}),
    ]
)
JSON_VALUES = LIKELY | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def assert_is_read(field: dict[str, Any], values: dict[str, Any]) -> None:
    """Assert that a field's value, if it has one, is of the field's type and within its limits."""
    if field["name"] not in values:
        assert not field["required"]
        return
    value = values[field["name"]]
    if field["name"] == "items":
        assert type(value) is list
        assert 1 <= len(value) <= 1000
        return
    assert type(value) is READ_AS[field["type"]]
    if field["type"] == "select" and "options" in field:  # else the form asks FortiMonitor for them
        assert value in field["options"]
    if field["type"] == "multiselect":
        assert value
        assert all(each in field["options"] for each in value)
    if field["type"] == "integer":
        limits = field.get("validation", {})
        assert limits.get("minlength", value) <= value <= limits.get("maxlength", value)
    if isinstance(value, str):
        assert value != ""
        assert value == value.strip() or field["name"] in PASSWORDS


PASSWORDS = ("fortisiem_password", "proxy_password")  # which may begin and end with blanks


def assert_names(field: dict[str, Any], refused: Any) -> None:
    """Assert that a refusal says which field it is about, in whole sentences, and that nothing was changed."""
    assert all(field["title"] in problem and problem.endswith(".") for problem in refused.problems), refused.problems
    assert str(refused).endswith("Nothing was changed.")


@examples(1000)
@given(st.sampled_from(PARAMETERS), JSON_VALUES)
def test_a_parameter_is_read_into_its_type_or_refused_by_its_title(
    parameter: tuple[str, dict[str, Any]], value: Any
) -> None:
    operation, field = parameter
    try:
        values = valid_parameters(operation, REQUIRED[operation] | {field["name"]: value})
    except errors.InvalidInput as refused:
        assert_names(field, refused)
    else:
        assert_is_read(field, values)


@examples(1000)
@given(st.sampled_from(FIELDS), JSON_VALUES, st.booleans())
def test_a_field_of_the_configuration_is_read_into_its_type_or_refused_by_its_title(
    field: dict[str, Any], value: Any, by_token: bool
) -> None:
    config = (with_token() if by_token else configuration()) | {field["name"]: value}
    try:
        values = valid_configuration(config)
    except errors.InvalidInput as refused:
        if field["name"] in ("fortimonitor_sign_in", "fortisiem_sign_in", "proxy_mode"):
            return  # what appears when one of these changes may be missing, and is named instead
        assert_names(field, refused)
    else:
        if field["name"] in values:
            assert_is_read(field, values)
        assert valid_configuration(values) == values


@examples(1000)
@given(st.dictionaries(st.sampled_from([field["name"] for field in FIELDS]), JSON_VALUES))
def test_a_configuration_that_was_validated_validates_again_to_the_same(config: dict[str, Any]) -> None:
    try:
        values = valid_configuration({**with_token(), **config})
    except errors.InvalidInput:
        return
    assert valid_configuration(values) == values


@examples(1000)
@given(st.sampled_from(sorted(REQUIRED.keys() - manifest.choice_operations())), st.text(), JSON_VALUES)
def test_a_parameter_that_is_not_declared_is_refused_or_ignored_by_its_name(
    operation: str, name: str, value: Any
) -> None:
    if name in manifest.operation_forms()[operation].titles:
        return
    ignored: list[str] = []
    message = ""
    try:
        valid_parameters(operation, REQUIRED[operation] | {name: value}, ignored)
    except errors.InvalidInput as refused:
        message = str(refused)
    is_named = ["There is no parameter" in text for text in [message, *ignored] if text]
    assert is_named == [True] or value in (None, "", [], {})
    assert not message or "comes close" in message
