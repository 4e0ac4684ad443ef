"""Secrets in every form in which they travel."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from tests.support.package import module

Redactor, MASK = module("core.redaction").Redactor, "***"
SECRET = 'p\u00e4ss+/=&% "w"\n<1>'


def basic(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.field_case("W15")
@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").replace("%C3%A4", "%c3%a4").replace("%2F", "%2f"),
        quote(quote(SECRET)),
        html.escape(SECRET),
        html.escape(html.escape(SECRET)),
        SECRET.replace('"', "&#34;").replace("<", "&#x3c;"),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", "\\/").replace('\\"', "\\u0022"),
        json.dumps(json.dumps(SECRET))[3:-3],
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
    redact.add(SECRET)
    assert redact(f"before {form} after") == "before *** after"


def test_the_longest_secret_goes_first_so_that_no_rest_of_it_stays():
    assert Redactor(["abcd", "abcdefgh"])("abcdefgh abcd") == "*** ***"


@pytest.mark.parametrize(
    "form",
    [
        f"{SECRET[:6]}\n{SECRET[6:]}",
        f"{basic(SECRET)[:6]}\r\n {basic(SECRET)[6:]}",
        f"{quote(SECRET)[:7]}\\n{quote(SECRET)[7:]}",
    ],
)
def test_a_secret_on_two_lines_is_masked(form):
    assert Redactor([SECRET])(f"before {form} after") == "before *** after"


@pytest.mark.parametrize("whole", ["Authorization: Basic {}", "{}:"])
def test_a_secret_in_base64_of_something_longer_is_masked_with_all_of_it(whole):
    encoded = basic(whole.format(f"super/admin:{SECRET}"))
    assert Redactor([SECRET])(f"it got <{encoded}>, 12") == "it got <***>, 12"


@pytest.mark.parametrize("form", [SECRET, quote(SECRET), html.escape(SECRET), basic(SECRET), SECRET.encode().hex()])
@pytest.mark.parametrize("dots", ["...", "\u2026"])
def test_the_beginning_of_a_secret_that_was_cut_is_masked(form, dots):
    for length in range(9, len(form)):
        assert Redactor([SECRET])(f"not '{form[:length]}{dots}'").startswith("not '***"), form[:length]


def test_texts_that_are_escaped_otherwise_stay_as_they_are():
    text = "100%25 of &lt;b&gt; is\n \\u00e4, C:\\new + dGVzdA==..."
    assert Redactor([SECRET])(text) == text
    assert Redactor([SECRET])(f"{text} {quote(SECRET)} {text}") == f"{text} *** {text}"


def test_a_secret_that_is_a_number_is_masked_as_one_too():
    assert Redactor([12345678])("key 12345678.") == "key ***."
    assert Redactor(["12345678"]).within({"key": [12345678, 9, True]}) == {"key": [MASK, 9, True]}


def test_half_of_a_surrogate_pair_in_a_secret_stops_nothing():
    assert Redactor(["pass\ud800word"])("pass\ud800word pass\\ud800word") == "*** ***"


@pytest.mark.parametrize("value", ["", "abc", None, 123, True])
def test_blank_and_very_short_values_mask_nothing(value):
    assert Redactor([value])("abc 12345 True None") == "abc 12345 True None"
