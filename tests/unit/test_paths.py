"""Ids, paths and origins."""

from __future__ import annotations

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.package import module

paths = module("core.urls")


@pytest.mark.parametrize("value", [1, -1, "1", "-28000855", " 7 ", "9" * 19, -(10**18)])
def test_signed_integers_and_their_text_are_ids(value):
    assert paths.signed_id(value) == int(value)


@pytest.mark.parametrize(
    "value", [0, "0", "00", "01", "-0", "1.0", 1.0, True, None, "", "x", "1\n2", "\u0661", "9" * 20, 10**19]
)
def test_nothing_else_is_an_id(value):
    assert paths.signed_id(value) is None


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_segment_that_would_collapse_is_refused(value):
    with pytest.raises(ValueError, match="cannot be a part of a path"):
        paths.path("/a/{id}/b", id=value)


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..")))
@settings(max_examples=1000, deadline=None)
def test_no_text_leaves_its_segment(text):
    try:
        filled = paths.path("/v2/outage/{id}/force_resolve", id=text)
    except UnicodeEncodeError:
        return  # a lone surrogate has no place in a URL
    sent = requests.Request("PUT", "https://a.test" + filled).prepare().path_url
    assert sent.count("/") == 4
    assert sent.startswith("/v2/outage/")
    assert sent.endswith("/force_resolve")
    assert "?" not in sent


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api2.panopta.com/v2", "https://api2.panopta.com/v2/x"),
        ("https://API2.Panopta.com.:443/v2/", "https://api2.panopta.com/v2/x"),
        ("siem.example.com", "https://siem.example.com/x"),
        (" siem:8443 ", "https://siem:8443/x"),
        ("10.0.0.5", "https://10.0.0.5/x"),
        ("https://[fd00::5]:8443", "https://[fd00::5]:8443/x"),
        ("http://127.0.0.1:9444/v2", "http://127.0.0.1:9444/v2/x"),
        ("http://localhost", "http://localhost/x"),
        ("http://[::1]:80", "http://[::1]/x"),
        ("http://[::ffff:127.0.0.1]", "http://[::ffff:127.0.0.1]/x"),
        ("https://[64:ff9b::10.0.0.5]", "https://[64:ff9b::10.0.0.5]/x"),
        ("https://[fd00:ec2::253]", "https://[fd00:ec2::253]/x"),
        ("https://a.test/x%2fy/v2", "https://a.test/x%2fy/v2/x"),
    ],
)
def test_an_address_is_a_host_a_host_with_port_or_a_url(text, url):
    assert paths.base_url(text).url("/x") == url


@pytest.mark.field_case("S18")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no host name"),
        ("https://", "no host name"),
        ("https://...", "no host name"),
        ("ftp://a.test", "must begin with https"),
        ("javascript://a.test", "must begin with https"),
        ("http://a.test", "plain http is allowed for this machine alone"),
        ("http://10.0.0.1", "plain http is allowed for this machine alone"),
        ("http://127.0.0.1.a.test", "plain http is allowed for this machine alone"),
        ("https://user@a.test", "user name"),
        ("https://:pw@a.test", "user name"),
        ("https://a.test?x=1", "query"),
        ("https://a.test?", "query"),
        ("https://a.test#x", "query"),
        ("https://a.test:0", "port"),
        ("https://a.test:", "port"),
        ("https://a.test:99999", "port"),
        ("https://a.test:x", "port"),
        ("https://a b.test", "characters"),
        ("https://a.test\\@b.test", "user name"),
        ("https://a%2f.test", "characters"),
        ("https://-a.test", "characters"),
        ("https://\u0430.test", "characters"),
        ("https://a.test/..\\v2", "plain"),
        ("https://a.test/../v2", "plain"),
        ("https://a.test/./v2", "plain"),
        ("https://a.test/%2e%2E/v2", "plain"),
        ("https://a.test/v%2", "plain"),
        ("https://169.254.169.254/latest", "link-local"),
        ("https://2852039166/", "link-local"),
        ("https://0xa9.254.43518/", "link-local"),
        ("https://[fe80::1]/", "link-local"),
        ("https://[::ffff:169.254.169.254]/", "link-local"),
        ("https://0.0.0.0", "link-local"),
        ("https://0", "link-local"),
        ("https://[::]", "link-local"),
        ("https://100.100.100.200", "metadata"),
        ("https://168.63.129.16", "metadata"),
        ("https://192.0.0.192", "metadata"),
        ("https://2822734096", "metadata"),
        ("https://[fd00:ec2::254]", "metadata"),
        ("https://[fd00:ec2::254%eth0]", "metadata"),
        ("https://[fd20:ce::254]", "metadata"),
        ("https://[::ffff:100.100.100.200]", "metadata"),
        ("https://[64:ff9b::169.254.169.254]", "link-local"),
        ("https://[64:ff9b::a9fe:a9fe]", "link-local"),
        ("https://[64:ff9b:1::a9fe:a9fe]", "link-local"),
        ("https://[64:ff9b::168.63.129.16]", "metadata"),
        ("https://[2002:a9fe:a9fe::]", "link-local"),
        ("https://[2002:a9fe:a9fe:1:2::3]", "link-local"),
        ("https://[::ffff:0:169.254.169.254]", "link-local"),
        ("https://[::169.254.169.254]", "link-local"),
        ("https://a.test/..%2foutside", "plain"),
        ("https://a.test/%2e%2e%2Foutside", "plain"),
        ("https://a.test/..%5coutside", "plain"),
        ("https://a.test/x%2f..", "plain"),
        ("https://a.test/%252e%252e/outside", "plain"),
        ("https://a\tb", "invisible"),
        ("https://a\nb/v2", "invisible"),
        ("https://a.test/v2\u200b/", "invisible"),
    ],
)
def test_any_other_address_is_refused_with_its_reason(text, reason):
    with pytest.raises(ValueError, match=reason):
        paths.base_url(text)


BASE = paths.base_url("https://a.test/v2")


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://a.test/v2/outage/5", "/outage/5"),
        ("HTTPS://A.test.:443/v2/outage/5?x#y", "/outage/5"),
        ("/v2/outage/5", "/outage/5"),
        ("outage/5", "/outage/5"),
        ("https://a.test/outage/5", None),
        ("/outage/5", None),
        ("https://a.test/v22/outage/5", None),
        ("//b.test/v2/outage/5", None),
        ("https://b.test/v2/outage/5", None),
        ("https://a.test.b.test/v2/outage/5", None),
        ("https://a.test@b.test/v2/outage/5", None),
        ("https://b.test@a.test/v2/outage/5", None),
        ("https://a.test:444/v2/outage/5", None),
        ("http://a.test/v2/outage/5", None),
        ("https://a.test:x/v2/outage/5", None),
        ("https://[x/v2/outage/5", None),
        ("mailto:a@a.test", None),
        ("https://a.test/v2/outage/1\t2", None),
        ("https://a.test/v2/outage/1\r\n2", None),
        ("https://a.test/v2/outage/1\x002", None),
    ],
)
def test_a_url_names_an_endpoint_only_if_it_is_of_the_same_origin_and_below_the_base(url, endpoint):
    assert BASE.endpoint_of(url) == endpoint


def test_an_origin_is_written_without_its_default_port():
    assert str(paths.base_url("https://a.test:443").origin) == "https://a.test"
    assert str(paths.base_url("http://[::1]:8080").origin) == "http://[::1]:8080"
