"""Bytes to text and text to values: whatever a product sends, in linear time."""

from __future__ import annotations

import gzip
import json
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.package import module

decoding = module("core.http.decoding")
MOST = 1000

# Web pages: by how a body begins, never by what it holds.

PAGES = [
    "<!DOCTYPE html><html></html>",
    "<!doctype HTML PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN'>",
    "<html>",
    "<HTML lang=de>",
    "\n\t <html>",
    "<!-- saved from url --><html>",
    "<!-- one -->\n<!-- <error code=1> two -->\n<!DOCTYPE html>",
    "<!--[if IE]><![endif]--><html>",
    "<?xml version='1.0' encoding='UTF-8'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'>",
    "<head><title>Sign in</title></head>",
    "<script>location = '/login'</script>",
    "<meta http-equiv=refresh content='0; url=/login'>",
    "<body onload=go()>",
    "<center><h1>502 Bad Gateway</h1></center>",
    "<h1>It works</h1>",
]
NO_PAGES = [
    "",
    "OK",
    '"OK"',
    "Queries <html> are refused",
    '{"data": [{"incidentTitle": "Mail with <html> body seen"}]}',
    '["<!DOCTYPE html>"]',
    '"<html>"',
    "<response><error code='255'><description>html</description></error></response>",
    "<?xml version='1.0'?><domains><domain>html</domain></domains>",
    "<!-- <html> --><result/>",
    "<htmlish/>",
    "text\n<html>",
    "<",
    "<!--",
]


@pytest.mark.field_case("F1")
@pytest.mark.parametrize("is_declared", [True, False])
@pytest.mark.parametrize("text", PAGES)
def test_what_begins_as_a_web_page_is_one(text, is_declared):
    assert decoding.is_web_page(decoding.text_of(b"\xef\xbb\xbf" + text.encode(), ""), is_declared)


@pytest.mark.field_case("F1", "W3")
@pytest.mark.parametrize("text", NO_PAGES)
def test_what_holds_html_further_on_is_no_web_page(text):
    assert not decoding.is_web_page(text, is_declared=False)


@pytest.mark.parametrize(
    ("text", "is_page"), [("<login-portal>", True), ("Sign in <a>", False), ('{"a": "<a>"}', False)]
)
def test_any_tag_at_the_beginning_makes_a_declared_page_one(text, is_page):
    assert decoding.is_web_page(text, is_declared=True) is is_page


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(PAGES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(PAGES), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.field_case("F1", "W3")
@given(value=JSON_VALUES, is_declared=st.booleans())
def test_no_json_value_is_ever_a_web_page(value, is_declared):
    assert not decoding.is_web_page(json.dumps(value, ensure_ascii=False), is_declared)


# Content encodings.


def bare(content):
    deflating = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflating.compress(content) + deflating.flush()


ENCODED = {
    "none": ("", lambda content: content),
    "identity": ("identity", lambda content: content),
    "gzip": ("gzip", gzip.compress),
    "capitals": ("GZip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "bare deflate": ("deflate", bare),
    "two members": ("gzip", lambda content: gzip.compress(content[:2], mtime=0) + gzip.compress(content[2:], mtime=0)),
    "zeros behind": ("gzip", lambda content: gzip.compress(content, mtime=0) + b"\0" * 9),
    "twice": ("deflate, gzip", lambda content: gzip.compress(zlib.compress(content), mtime=0)),
}


@pytest.mark.field_case("F3")
@pytest.mark.parametrize("content", [b"", b"x", b'{"data":[],"total":0}', bytes(range(256)) * 3])
@pytest.mark.parametrize("kind", ENCODED)
def test_a_body_comes_out_of_its_content_encoding(kind, content):
    encoding, encode = ENCODED[kind]
    assert decoding.decompressed(encode(content), encoding, MOST) == content


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip, identity"])
def test_an_empty_body_is_empty_in_every_encoding(encoding):
    assert decoding.decompressed(b"", encoding, MOST) == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, br", "gzip;q=1", "\ud800"])
def test_an_encoding_that_is_not_known_is_named(encoding):
    with pytest.raises(decoding.Undecodable, match="which was not asked for"):
        decoding.decompressed(gzip.compress(b"x", mtime=0), encoding, MOST)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b'{"plain": true}', "gzip"),
        (b'{"plain": true}', "deflate"),
        (gzip.compress(b"x" * 500, mtime=0)[:-9], "gzip"),
        (gzip.compress(b"x" * 500, mtime=0)[:5], "gzip"),
        (zlib.compress(b"x" * 500)[:-3], "deflate"),
        (gzip.compress(b"x", mtime=0)[:-8] + bytes(8), "gzip"),
        (gzip.compress(b"x", mtime=0) + b"garbage", "gzip"),
    ],
)
def test_what_is_not_encoded_as_it_says_or_is_cut_is_an_error(body, encoding):
    with pytest.raises(decoding.Undecodable):
        decoding.decompressed(body, encoding, MOST)


BOMBS = {
    "gzip": gzip.compress(bytes(50_000_000), mtime=0),
    "deflate": zlib.compress(bytes(50_000_000)),
    "gzip, gzip": gzip.compress(gzip.compress(bytes(50_000_000), mtime=0)),
}


@pytest.mark.field_case("F3")
@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_is_an_error_before_it_is_inflated(encoding):
    with pytest.raises(decoding.TooLong):
        decoding.decompressed(BOMBS[encoding], encoding, MOST)


def test_many_small_members_count_together():
    with pytest.raises(decoding.TooLong):
        decoding.decompressed(gzip.compress(b"x" * 100, mtime=0) * 11, "gzip", MOST)
    assert len(decoding.decompressed(gzip.compress(b"x" * 100, mtime=0) * 10, "gzip", MOST)) == 1000


# Charsets.

TEXT = '{"title": "Müller"}'


@pytest.mark.field_case("F11")
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (TEXT.encode(), ""),
        (TEXT.encode(), "application/json"),
        (TEXT.encode(), "application/json; charset=utf-8"),
        (TEXT.encode(), 'application/json; charset="UTF8"'),
        (TEXT.encode(), "application/json; charset=x-unknown"),
        (TEXT.encode(), "application/json; charset=hex"),
        (TEXT.encode(), "application/json; charset=unicode_escape"),
        (TEXT.encode(), "application/json; charset=iso-8859-99"),
        (TEXT.encode(), "application/json; charset=\0"),
        (TEXT.encode("utf-8-sig"), ""),
        (TEXT.encode("utf-8-sig"), "application/json; charset=ISO-8859-1"),
        (TEXT.encode("utf-16"), ""),
        (TEXT.encode("utf-16-le"), ""),
        (TEXT.encode("utf-16-be"), "application/json"),
        (TEXT.encode("utf-32"), ""),
        (TEXT.encode("latin-1"), "application/json;charset=ISO-8859-1"),
        (TEXT.encode("latin-1"), "text/plain; Charset = 'iso-8859-15'; x=y"),
        (TEXT.encode("cp1252"), "application/json; charset=windows-1252"),
        (b"\n\t " + TEXT.encode() + b"\r\n\0\0", ""),
    ],
)
def test_a_byte_order_mark_or_the_declared_charset_decides_and_else_it_is_utf_8(body, content_type):
    assert decoding.text_of(body, content_type) == TEXT


@pytest.mark.field_case("F11")
@pytest.mark.parametrize(
    ("body", "text"), [(b"a\xe9b", "a\ufffdb"), (b"a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb"), (b"a\0b", "a\ufffdb")]
)
def test_bytes_that_make_no_sense_are_replaced(body, text):
    assert decoding.text_of(body, "") == text


@pytest.mark.field_case("F40")
@given(body=st.binary(), content_type=st.text() | st.sampled_from(["charset=utf-16", "charset=big5", "charset=idna"]))
def test_any_bytes_are_a_text_that_can_be_stored(body, content_type):
    text = decoding.text_of(body, content_type)
    assert "\0" not in text
    text.encode("utf-8")


# JSON.


@pytest.mark.field_case("F11", "K5")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": "b\tc\nd"}', {"a": "b\tc\nd"}),
        ('"\x1b[0m"', "\x1b[0m"),
        ('{"a": NaN, "b": Infinity, "c": -Infinity, "d": 1e999, "e": -1e999}', dict.fromkeys("abcde")),
        ("[5.0, 2.8E+07, -3.0, 1e3, 0.5, 9007199254740991.0]", [5, 28_000_000, -3, 1000, 0.5, 2**53 - 1]),
        ("[9007199254740993.0, 1e300]", [2.0**53, 1e300]),
        ("9223372036854775807", 2**63 - 1),
        ("1" * 5000, None),
        ("-" + "1" * 5000, None),
        ("0." + "1" * 5000, 0.1111111111111111),
        ('{"a": 1, "a": 2}', {"a": 2}),
        (r'"a\u0000b"', "a\ufffdb"),
        (r'"\ud800"', "\ufffd"),
        (r'{"\udc00a": ["\ud83d\ude00", "\ud83d"]}', {"\ufffda": ["\U0001f600", "\ufffd"]}),
        (r'"\\u0000"', r"\u0000"),
    ],
)
def test_json_is_taken_as_it_is_meant(text, value):
    read = decoding.json_value(text)
    assert read == value
    if isinstance(value, list):
        assert [type(each) for each in read] == [type(each) for each in value]


def test_what_is_nested_no_deeper_than_a_hundred_levels_is_read():
    assert json.dumps(decoding.json_value("[" * 100 + "]" * 100)) == "[" * 100 + "]" * 100


@pytest.mark.field_case("S17")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a": 1} trailing',
        '{"a": 1}{"b": 2}',
        '{"a": 1};',
        ")]}'\n{}",
        "{'a': 1}",
        "<html>",
        "[" * 101 + "]" * 101,
        "[" * 100_000,
        '{"a":' * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '["]]]]]]", ' * 200 + "1" + "]" * 200,
    ],
)
def test_what_is_no_json_of_use_is_refused_as_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        decoding.json_value(text)


@given(value=JSON_VALUES | st.floats(), behind=st.sampled_from([(",", ":"), (", ", ": ")]))
def test_every_json_value_that_can_be_stored_is_read_as_it_is(value, behind):
    text = json.dumps(value, ensure_ascii=False, separators=behind)
    read = decoding.json_value(decoding.text_of(text.encode("utf-8", "replace"), ""))
    json.dumps(read, allow_nan=False)
    assert "\\u0000" not in json.dumps(read)


# Time.


@pytest.mark.field_case("W13")
@pytest.mark.parametrize(
    "piece", ["a<", "<", "<!--", "<?", "<error ", "<error code", '\\"', '"', "[", "]", "{}", " ", "\\", "&lt;", '{"a":']
)
def test_four_hundred_kilobytes_of_anything_take_no_noticeable_time(piece):
    text = piece * (400_000 // len(piece))
    began = time.process_time()
    decoding.is_web_page(text, is_declared=True)
    decoding.is_deep(text)
    with pytest.raises(ValueError, match=r"."):
        decoding.json_value("[" + text)
    decoding.text_of(text.encode(), "")
    assert time.process_time() - began < 5  # what is quadratic takes minutes
