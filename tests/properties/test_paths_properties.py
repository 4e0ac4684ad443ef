"""No id, name or URL, whoever wrote it, leads a request to another path or origin.

The judges are independent of the connector: what ``requests`` would send, ``urlsplit`` of that, and ``ipaddress``.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import pytest
import requests
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.properties.examples import examples
from tests.support.package import configuration, context, module

pytestmark = pytest.mark.timeout(3600)  # make prove takes its time
paths = module("core.urls")

BASE = "https://fortimonitor.test/v2"
FORTIMONITOR = context(configuration()).fortimonitor
DIGITS = "0123456789"
# Everything that some parser of URLs is known to treat in its own way.
PIECES = [
    *("/", "//", "\\", ".", "..", "./", "../", ";", "?", "#", "@", ":", "&", "=", "%", "%%", "*", "~", "[", "]", "|"),
    *("%2e", "%2E%2e", "%2f", "%2F", "%5c", "%00", "%0a", "%23", "%3f", "%40", "%252e", "%252f", "%u002e"),
    *(
        "\0",
        "\t",
        "\n",
        "\r",
        "\r\n",
        " ",
        "\x0b",
        "\x1f",
        "\x7f",
        "\x85",
        "\xa0",
        "\xad",
        "\u200b",
        "\u2028",
        "\ufeff",
    ),
    *("\uff0e", "\u3002", "\uff61", "\u2024", "\uff0f", "\u2215", "\u2044", "\uff20", "\uff1a", "\uff1f", "\uff03"),
    *("\u0661", "\uff11", "\u00b2", "\u2460", "\u2488", "\u2100", "\u212a", "\u00df", "\u0130", "\ud800"),
    *("1", "-1", "0", "-28000855", "outage", "v2", "server", "force_resolve", "https", "http", "ftp", "file"),
    *("evil.test", "fortimonitor.test", "127.0.0.1", "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.1"),
    *("[::1]", "[fe80::1]", "[::ffff:169.254.169.254]", "[::]", "0", "0.0.0.1", "localhost", "443", "8443", "65536"),
    *("user:secret@", "://", "https://", "HTTPS://", "https:", "http://"),
]
CRAFTED = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
ADVERSARIAL = CRAFTED | st.text(max_size=30)
# Texts that are nearly right, since most of the above are refused at the first look.
HOSTS = st.sampled_from(
    [
        *("fortimonitor.test", "FortiMonitor.Test", "fortimonitor.test.", "evil.test", "fortimonitor.test.evil.test"),
        *("127.0.0.1", "10.0.0.5", "[::1]", "[fd00::5]", "[fe80::1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]"),
        *("169.254.169.254", "2852039166", "0xa9fea9fe", "0xa9.254.43518", "0251.0376.0251.0376", "169.254.43518"),
        *("0x0.0", "0", "[::]", "127.1", "2130706433", "\uff11\uff12\uff17.0.0.1", "1\u3002evil.test", "a\\b.test"),
    ]
)
URLS = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["https://", "http://", "HTTPS://", "//", "https:/", "https:\\\\", "ftp://", ""]),
    st.sampled_from(["", "", "", "user@", "user:secret@", "fortimonitor.test@", "fortimonitor.test\\@"]),
    HOSTS,
    st.sampled_from(["", "", ":443", ":8443", ":0", ":", ":65536", ":\uff14\uff14\uff13", ":44 3", ":-1", ":+1"]),
    st.sampled_from(["", "/", "/v2", "/v2/", "/v2/outage/", "/v2/outage/-28", "/v2/../x"]) | CRAFTED.map("/{}".format),
)


def sent(url: str) -> SplitResult:
    """Return the URL that ``requests`` would really send, taken apart again."""
    prepared = requests.Request("GET", url).prepare()
    assert prepared.url is not None
    return urlsplit(prepared.url)


def address_of(host: str) -> Any:
    """Return the address that a host is in the system's eyes, None if it is a name."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        try:
            found = ipaddress.ip_address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None
    return getattr(found, "ipv4_mapped", None) or found


@examples(1000)
@given(ADVERSARIAL)
@example("..")
@example("%2e%2e")
def test_a_text_in_a_path_stays_one_segment(text: str) -> None:
    try:
        filled = paths.path("/outage/{id}/force_resolve", id=text)
    except ValueError:
        return
    went = sent(BASE + filled)
    assert (went.scheme, went.netloc, went.query, went.fragment) == ("https", "fortimonitor.test", "", "")
    before, _, after = went.path.partition("/v2/outage/")
    assert before == ""
    segment, _, rest = after.partition("/")
    assert rest == "force_resolve"
    assert unquote(segment) == text


@examples(1000)
@given(ADVERSARIAL | st.integers() | st.booleans() | st.floats() | st.none() | st.integers().map("{:+d}".format))
@example("\u0661")
@example(" -28\n")
def test_an_id_is_a_number_and_goes_out_as_that_number(value: Any) -> None:
    number = paths.signed_id(value)
    if number is None:
        return
    assert not isinstance(value, bool)
    assert str(number) == str(value).strip()
    assert set(str(number)) <= set(DIGITS + "-")
    assert sent(f"{BASE}{paths.path('/outage/{id}', id=number)}").path == f"/v2/outage/{number}"


@examples(1000)
@given(URLS | ADVERSARIAL)
@example("https://fortimonitor.test\\@evil.test/v2")
@example("2852039166")
@example("https://[::ffff:a9fe:a9fe]/")
@example("https://fortimonitor.test/v2/%2e%2e/x")
@example("https://fortimonitor.test/@%")
def test_what_counts_as_a_base_url_is_where_requests_really_go(text: str) -> None:
    try:
        base = paths.base_url(text)
    except ValueError:
        return
    went = sent(base.url("/outage/1"))
    assert (went.scheme, went.hostname, went.port or paths.DEFAULT_PORTS[went.scheme]) == tuple(base.origin)
    assert went.username is None
    assert went.password is None
    assert (went.query, went.fragment) == ("", "")
    assert unquote(went.path) == unquote(f"{base.path}/outage/1")  # requests decodes what need not be encoded
    assert not {".", ".."} & set(went.path.split("/"))
    address = address_of(base.origin.host)
    if address is not None:
        assert not address.is_link_local
        assert not address.is_unspecified
    if went.scheme == "http":
        assert base.origin.host == "localhost" or address.is_loopback
    assert base.origin.host.isascii()
    again = paths.base_url(base.url(""))
    assert again == base


@examples(1000)
@given(URLS | ADVERSARIAL | CRAFTED.map(lambda text: f"{BASE}/outage/{text}"))
@example("//evil.test/v2/outage/1")
@example("https://fortimonitor.test/v2/../v1/outage/1")
def test_an_endpoint_is_taken_from_this_origin_alone(url: str) -> None:
    base = paths.base_url(BASE)
    endpoint = base.endpoint_of(url)
    if endpoint is None:
        return
    assert endpoint.startswith("/")
    # A relative URL is one of this product; an absolute one must be so in the eyes of requests too.
    absolute = re.match(r"[a-z][a-z0-9+.-]*:", url.strip(), re.I | re.ASCII)
    if absolute:
        try:
            went = sent(url.strip())
        except (requests.RequestException, UnicodeError):
            assume(False)
        # A host name with a dot at its end is the same name, spelled out.
        assert (went.scheme, (went.hostname or "").rstrip("."), went.port or 443) == tuple(base.origin)


@examples(1000)
@given(URLS | ADVERSARIAL | CRAFTED.map(lambda text: f"{BASE}/outage/{text}"))
@example("https://fortimonitor.test:443/v2/outage/-28/")
@example(f"{BASE}/outage/%2e%2e/outage/1")
@example(f"{BASE}/outage/1\t2")
def test_an_incident_that_is_named_is_one_of_this_fortimonitor(text: str) -> None:
    try:
        number = FORTIMONITOR.outage_id(text)
    except module("core.errors").InvalidInput:
        return
    # A URL may end in a slash, or in the semicolon of parameters that it does not have.
    assert re.search(rf"(^|[#/]){number}[/;]*\s*([?#].*)?$", text.strip(), re.S), "It is another number than the text's"
    went = sent(FORTIMONITOR.outage_url(number))
    assert went.geturl() == f"{BASE}/outage/{number}"
    if "://" in text:
        named = sent(text.strip())
        assert ((named.hostname or "").rstrip("."), named.port or 443, named.path.rstrip("/;")) == (
            "fortimonitor.test",
            443,
            f"/v2/outage/{number}",
        )
