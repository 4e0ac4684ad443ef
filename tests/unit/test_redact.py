"""Secrets in every form in which they travel."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from tests.support.package import module

Redactor = module("core.redaction").Redactor
SECRET = 'p\u00e4ss+/=&% "w"\n<1>'


def basic(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        html.escape(SECRET),
        json.dumps(SECRET)[1:-1],
        repr(SECRET)[1:-1],
        SECRET.encode().hex(),
        basic(SECRET),
        basic(f"super/admin:{SECRET}"),
        basic(f"super/admin:{SECRET}").rstrip("="),
        base64.urlsafe_b64encode(f"super/admin:{SECRET}".encode()).decode(),
    ],
)
def test_every_form_of_a_secret_is_masked(form):
    redact = Redactor()
    redact.add(SECRET, "super/admin")
    assert redact(f"before {form} after") == "before *** after"


def test_the_longest_secret_goes_first_so_that_no_rest_of_it_stays():
    assert Redactor(["abcd", "abcdefgh"])("abcdefgh abcd") == "*** ***"


@pytest.mark.parametrize("value", ["", "abc", None, 12345, True])
def test_blank_and_very_short_values_mask_nothing(value):
    assert Redactor([value])("abc 12345 True None") == "abc 12345 True None"
