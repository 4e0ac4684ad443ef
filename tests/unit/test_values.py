"""Values of an answer, in the many forms in which products write the same thing."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.package import module

values = module("core.values")
MOMENT = datetime(2021, 11, 5, 17, 37, 35, tzinfo=timezone.utc)
EPOCH = 1636133855
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.characters(categories=["Cs"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


# Whole numbers.


@pytest.mark.field_case("K2")
@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        (5.0, 5),
        (-0.0, 0),
        ("5", 5),
        (" 5 ", 5),
        ("-5", -5),
        ("+5", 5),
        ("007", 7),
        ("5.0", 5),
        ("5.", 5),
        ("700.0", 700),
        (2.8e07, 28000000),
        ("2.8E+07", 28000000),
        ("2.8e7", 28000000),
        (2**63 - 1, 2**63 - 1),
        (str(-(2**63)), -(2**63)),
        (float(2**53 - 1), 2**53 - 1),
        (f"{2**53 - 1}.0", 2**53 - 1),
    ],
)
def test_a_whole_number_is_read_in_every_form(value, number):
    assert values.whole_number(value) == number
    assert type(values.whole_number(value)) is int


@pytest.mark.field_case("K2")
@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        "",
        " ",
        "five",
        5.5,
        "5.5",
        "5.0000000000000000000000001",
        "1,234",
        "1 234",
        "1_000",
        "0x10",
        "\u0665",  # an Arabic five
        math.nan,
        math.inf,
        "NaN",
        float(2**53),
        6.482650188627892e18,
        "6.482650188627892E+18",
        f"{2**53}.0",
        2**63,
        str(2**63),
        "9" * 5000,
        "1e999",
        "1e-999",
        [5],
        {"id": 5},
    ],
)
def test_what_is_no_whole_number_or_a_rounded_one_is_none(value):
    assert values.whole_number(value) is None


# Texts.


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("x", "x"),
        (5, "5"),
        (5.0, "5"),
        (0.5, "0.5"),
        (True, "true"),
        (math.nan, ""),
        ([1, "a"], '[1,"a"]'),
        ({"a": None, "b": math.inf}, '{"a":null,"b":null}'),
        ("a\x00b\ud800c", "a\ufffdb\ufffdc"),
        (["\udfff"], '["\ufffd"]'),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_a_text_can_be_stored_whatever_came(value, shown):
    assert values.text(value) == shown


def test_data_that_is_nested_without_end_is_cut():
    endless: list[object] = []
    for _ in range(5000):
        endless = [endless]
    assert len(values.text(endless)) < 200
    assert "..." in values.text(endless)


@pytest.mark.field_case("F40", "K5")
@given(ANYTHING)
def test_whatever_came_can_be_stored_as_json(value):
    stored = json.dumps(values.storable(value), allow_nan=False, ensure_ascii=False)
    assert "\x00" not in stored
    stored.encode()
    values.text(value).encode()


@given(ANYTHING)
def test_nothing_that_comes_is_an_error(value):
    for read in (values.whole_number, values.flag, values.moment, values.folded):
        read(value)


# Yes and no, words.


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "true", " True ", "YES", "on"])
def test_every_yes_is_one(value):
    assert values.flag(value) is True


@pytest.mark.parametrize("value", [False, 0, 0.0, "0", "false", "FALSE", "no", "off"])
def test_every_no_is_one(value):
    assert values.flag(value) is False


@pytest.mark.parametrize("value", [None, "", 2, "maybe", [], [True], math.nan])
def test_what_is_neither_yes_nor_no_is_nothing(value):
    assert values.flag(value) is None


@pytest.mark.field_case("K3")
@pytest.mark.parametrize(
    "value", ["Manually Cleared", "MANUALLY_CLEARED", "manually-cleared", " manually  cleared ", "ManuallyCleared"]
)
def test_a_word_is_known_however_it_is_written(value):
    assert values.folded(value) == values.folded("Manually Cleared") != values.folded("Auto Cleared")


@pytest.mark.parametrize("value", ["", None, "Cleared", "Manually Cleared Again", 2])
def test_another_word_is_not_known(value):
    assert values.folded(value) not in (values.folded("Auto Cleared"), values.folded("Manually Cleared"))


# Times.


@pytest.mark.field_case("F9", "K4")
@pytest.mark.parametrize(
    "value",
    [
        EPOCH * 1000,
        EPOCH * 1000.0,
        f"{EPOCH}000",
        f" {EPOCH}000.0 ",
        "1.636133855E+12",
        "2021-11-05T17:37:35Z",
        "2021-11-05T17:37:35z",
        "2021-11-05T17:37:35",
        "2021-11-05 17:37:35",
        "2021-11-05T17:37:35+00:00",
        "2021-11-05T17:37:35+0000",
        "2021-11-05T18:37:35+01",
        "2021-11-05T23:07:35+05:30",
        "2021-11-05T12:37:35-05:00",
        "2021-11-05T17:37:35.000Z",
        "2021-11-05T17:37:35.000000000Z",
        "2021-11-05T17:37:35,0Z",
        "2021-11-05T18:37:35+01:00[Europe/Berlin]",
        "2021-11-05 17:37:35 UTC",
        "2021-11-05 13:37:35 EDT",
        "2021-11-05 18:37:35 CET",
        "2021-11-05 19:37:35 GMT+2",
        "2021/11/05 17:37:35",
        "20211105T173735Z",
        "20211105173735",
        "Fri, 05 Nov 2021 17:37:35 -0000",
        "Fri, 5 Nov 2021 17:37:35 GMT",
        "05 Nov 2021 12:37:35 EST",
        "Fri, 05 Nov 2021 18:37:35 +0100 (CET)",
        "Friday, 05-Nov-21 17:37:35 GMT",
        "Fri Nov  5 17:37:35 2021",
        "Fri Nov 05 13:37:35 EDT 2021",
    ],
)
def test_a_moment_is_read_in_every_form(value):
    assert values.moment(value) == MOMENT
    assert values.moment(value).utcoffset() == timedelta(0)


@pytest.mark.parametrize("value", [EPOCH, float(EPOCH), str(EPOCH), f"{EPOCH}.0"])
def test_a_number_may_count_seconds(value):
    assert values.moment(value, unit="seconds") == MOMENT


@pytest.mark.parametrize(
    ("value", "microseconds"), [("2021-11-05T17:37:35.5Z", 500000), ("2021-11-05T17:37:35.123456789Z", 123456)]
)
def test_a_fraction_of_a_second_is_kept_as_far_as_it_goes(value, microseconds):
    assert values.moment(value) == MOMENT.replace(microsecond=microseconds)


@pytest.mark.parametrize("value", ["20211105", "2021-11-05", "20211105T000000Z"])
@pytest.mark.parametrize("unit", ["seconds", "milliseconds"])
def test_a_day_is_its_beginning_and_no_number(value, unit):
    assert values.moment(value, unit) == datetime(2021, 11, 5, tzinfo=timezone.utc)


@pytest.mark.field_case("K4")
@pytest.mark.parametrize(
    "value", ["2016-12-31T23:59:60Z", "Sat, 31 Dec 2016 23:59:60 +0000", "2016-12-31T18:59:60-05:00"]
)
def test_a_leap_second_is_the_one_before_it(value):
    assert values.moment(value) == datetime(2016, 12, 31, 23, 59, 59, tzinfo=timezone.utc)


@pytest.mark.field_case("K4")
@pytest.mark.parametrize(
    "value",
    [
        0,
        0.0,
        "0",
        -1,
        "-1",
        -62135596800000,
        2**63 - 1,
        str(2**63 - 1),
        253402300799000,
        2147483647000,
        math.nan,
        math.inf,
        10**400,
        "1970-01-01T00:00:00Z",
        "1969-12-31 19:00:00 EST",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0000-00-00 00:00:00",
        "1899-12-30T00:00:00Z",
        "2038-01-19T03:14:07Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "Mon, 01 Jan 0001 00:00:00 +0000",
    ],
)
def test_what_means_never_is_no_moment(value):
    assert values.moment(value) is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "never",
        "N/A",
        "2021-02-30T00:00:00Z",
        "2021-11-05T25:00:00Z",
        "2021-11-05T17:37:61Z",
        "2021-11-05 17:37:35 XYZ",
        "11/05/2021 17:37:35",
        "Fri, 05 Foo 2021 17:37:35 GMT",
        "2021-11-05T17:37:35Z" + " x" * 100,
        "1" * 5000,
        "\u0662021-11-05",
        [EPOCH],
        {},
    ],
)
def test_what_is_no_time_is_no_moment(value):
    assert values.moment(value) is None


@given(st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=st.timezones()))
def test_every_moment_survives_iso_8601(moment):
    if moment.utcoffset().seconds % 60 == 0:
        assert values.moment(moment.isoformat()) == moment.astimezone(timezone.utc)


# Rows.


def test_a_bad_row_costs_itself_alone():
    def read(row):
        if "id" not in row:
            raise ValueError("it has no ID")
        return 10 // row["id"]

    rows = [{"id": 1}, {"id": 0}, None, {"name": "x" * 100}, "text", {"id": "a"}, {"id": 5}]
    assert values.read_rows(rows, read) == (
        [10, 2],
        [
            {"row": "0", "reason": "it cannot be read (ZeroDivisionError)"},
            {"row": "", "reason": "it is not an object"},
            {"row": '{"name":"' + "x" * 48 + "...", "reason": "it has no ID"},
            {"row": "text", "reason": "it is not an object"},
            {"row": "a", "reason": "it cannot be read (TypeError)"},
        ],
    )


def test_rows_may_have_their_id_under_another_name():
    def refuse(row):
        raise ValueError("no")

    assert values.read_rows([{"incidentId": 7, "id": 1}], refuse, "incidentId")[1][0]["row"] == "7"
