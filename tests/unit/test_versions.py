"""What differs between versions of FortiSIEM: which features a version has, and the words of the messages."""

from __future__ import annotations

import pytest

from tests.support.package import module

ALL = ["update", "lists", "events", "severity", "pages", "event queries", "bearer", "tokens"]
# How many of the features, in the order in which they came, each version has.
VERSIONS = {
    "5.2.4": 0,
    "5.2.5": 1,
    "5.4.0": 1,
    "6.2.1": 1,
    "6.3.0": 3,
    "6.3": 3,
    "6.6.5": 3,
    "6.7.0": 5,
    "6.7": 5,
    "6.10.0": 5,
    "7.0.0": 5,
    "7": 5,
    "7.3.2": 5,
    "7.3.3": 6,
    "7.4.2": 6,
    "7.5": 7,
    "7.5.0": 7,
    "7.5.0.1234": 7,
    "7.5.0-99": 7,
    "7.5.1": 8,
    "7.5.1.1234": 8,
    "7.5.1-99": 8,
    "7.10": 8,
    "10.0.0": 8,
}


def test_the_features_stand_in_the_order_in_which_they_came():
    features = module("clients.fortisiem.versions").FEATURES
    assert [feature.name for feature in features] == ALL
    numbers = [[int(part) for part in feature.version.split(".")] for feature in features]
    assert numbers == sorted(numbers)
    assert all(len(each) == 3 for each in numbers)
    assert all(feature.about for feature in features)


@pytest.mark.parametrize(("version", "number"), VERSIONS.items())
def test_a_version_has_what_came_with_it_or_before(version, number):
    assert module("clients.fortisiem.versions").features_of(version) == ALL[:number]


@pytest.mark.parametrize(
    "version", [None, "", "unknown", "v7.5.1", "7.x", "7.5.1 GA", "7..1", ".", "-7", "\u00b2", "7.\u00b2"]
)
def test_of_what_is_no_version_no_feature_is_known(version):
    assert module("clients.fortisiem.versions").features_of(version) == []


def test_a_feature_is_named_by_the_version_it_came_with():
    since = module("clients.fortisiem.versions").since
    assert {name: since(name) for name in ALL} == {
        "update": "FortiSIEM 5.2.5 or newer",
        "lists": "FortiSIEM 6.3.0 or newer",
        "events": "FortiSIEM 6.3.0 or newer",
        "severity": "FortiSIEM 6.7.0 or newer",
        "pages": "FortiSIEM 6.7.0 or newer",
        "event queries": "FortiSIEM 7.3.3 or newer",
        "bearer": "FortiSIEM 7.5.0 or newer",
        "tokens": "FortiSIEM 7.5.1 or newer",
    }
