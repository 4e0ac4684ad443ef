"""Answers that are allowed, or at least sent: each is read for what it is, whatever its form on the wire."""

from __future__ import annotations

import gzip
import zlib

import pytest

from tests.support.package import ConnectorError, configuration, execute
from tests.support.wire import answering, cutting, http_answer

BODY = b'{"data":[],"total":0}'
VALUE = {"data": [], "total": 0}
CREATE = {"server": "1001", "description": "d", "plugin_textkey": "p", "resource_textkey": "r", "verify": False}
MOST = 8 * 1024 * 1024


def read(server, **config):
    config = configuration(fortisiem_server=server.origin, fortimonitor_sign_in="Off", **config)
    return execute("make_fortisiem_api_request", {"method": "GET", "endpoint": "/config/Domain"}, config)


def failure(server, **config):
    with pytest.raises(ConnectorError) as caught:
        read(server, **config)
    return str(caught.value)


def chunked(body, *headers, trailers=()):
    half = len(body) // 2
    pieces = b"".join(b"%x;note=1\r\n%b\r\n" % (len(piece), piece) for piece in (body[:half], body[half:]) if piece)
    head = "\r\n".join(["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *headers, "", ""]).encode()
    return head + pieces + b"0\r\n" + b"".join(b"%b\r\n" % trailer for trailer in trailers) + b"\r\n"


def raw(*lines, body=BODY):
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", b""]) + body


READABLE = {
    "gzip": http_answer("200 OK", gzip.compress(BODY, mtime=0), "Content-Encoding: gzip"),
    "deflate": http_answer("200 OK", zlib.compress(BODY), "Content-Encoding: deflate"),
    "gzip twice": http_answer("200 OK", gzip.compress(gzip.compress(BODY), mtime=0), "Content-Encoding: gzip, gzip"),
    "chunked": chunked(BODY),
    "chunked gzip": chunked(gzip.compress(BODY, mtime=0), "Content-Encoding: gzip"),
    "chunked with a length that means nothing": chunked(BODY, "Content-Length: 9999"),
    "trailers": chunked(BODY, "Trailer: X-Checksum", trailers=(b"X-Checksum: abc", b"ErrorCode: 17")),
    "a length that came twice": http_answer("200 OK", BODY, f"Content-Length: {len(BODY)}"),
    "a length that came twice on one line": raw(b"HTTP/1.1 200 OK", body=BODY).replace(
        b"Content-Length: 21", b"Content-Length: 21, 21"
    ),
    "100 before it": b"HTTP/1.1 100 Continue\r\n\r\n" + http_answer("200 OK", BODY),
    "102 and 103 before it": b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    + http_answer("200 OK", BODY),
    "many of 1xx": b"HTTP/1.1 199 X\r\nContent-Length: 5\r\n\r\n" * 30 + http_answer("200 OK", BODY),
    "101 headers": http_answer("200 OK", BODY, *(f"X-{number}: y" for number in range(101))),
    "1,000 headers": http_answer("200 OK", BODY, *(f"X-{number}: y" for number in range(1000))),
    "a value on two lines": raw(b"HTTP/1.1 200 OK", b"X-Long: a", b"\tb", b"  c"),
    "a line without a colon": raw(b"HTTP/1.1 200 OK", b"what is this"),
    "a name beyond ASCII": raw(b"HTTP/1.1 200 OK", "Schl\u00fcssel: 1".encode(), b"X\xff: 2"),
    "a name with a blank": raw(b"HTTP/1.1 200 OK", b"X Y: 1", b": 2"),
    "a mail's first line": raw(b"HTTP/1.1 200 OK", b"From me Thu Jan 1"),
    "bytes in a value": raw(b"HTTP/1.1 200 OK", b"X: \xff\x00\x01"),
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: %d\n\n%b" % (len(BODY), BODY),
    "no reason": raw(b"HTTP/1.1 200"),
    "HTTP/1.0": raw(b"HTTP/1.0 200 OK"),
    "a BOM": http_answer("200 OK", b"\xef\xbb\xbf" + BODY, "Content-Type: application/json"),
    "UTF-16": http_answer("200 OK", BODY.decode().encode("utf-16")),
    "declared as a page": http_answer("200 OK", BODY, "Content-Type: text/html; charset=ISO-8859-1"),
}


@pytest.mark.field_case("F3", "K6")
@pytest.mark.parametrize("kind", READABLE)
def test_an_odd_answer_is_read(serve, waits, kind):
    server = serve(answering(READABLE[kind]))
    for _ in range(2):  # the second one shows that the first was read to its end and no further
        assert read(server)["body"] == VALUE
    assert len(server.requests) == 2
    assert waits == []


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.0 200 OK\r\n\r\n" + BODY, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY]
)
def test_an_answer_that_ends_with_its_connection_is_read(serve, answer):
    assert read(serve(cutting(answer)))["body"] == VALUE


@pytest.mark.parametrize("status", ["204 No Content", "200 OK"])
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_no_body_is_no_body_though_it_is_said_to_be_encoded(serve, status, encoding):
    server = serve(answering(http_answer(status, b"", f"Content-Encoding: {encoding}")))
    assert read(server)["text"] == ""


BROKEN = {
    "br": (
        http_answer("200 OK", b"\x0b\x02\x80{}\x03", "Content-Encoding: br"),
        "the content encoding 'br', which was not",
    ),
    "zstd": (
        http_answer("200 OK", b"(\xb5/\xfd", "Content-Encoding: zstd"),
        "the content encoding 'zstd', which was not",
    ),
    "no gzip": (
        http_answer("200 OK", BODY, "Content-Encoding: gzip"),
        "a content encoding that the content does not have",
    ),
    "a cut gzip": (
        http_answer("200 OK", gzip.compress(BODY * 9, mtime=0)[:-12], "Content-Encoding: gzip"),
        "a compressed body that is cut",
    ),
    "a cut gzip in chunks": (
        chunked(gzip.compress(BODY * 9, mtime=0)[:-12], "Content-Encoding: gzip"),
        "a compressed body that is cut",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_body_that_does_not_come_out_of_its_encoding_is_a_broken_answer(serve, kind):
    answer, words = BROKEN[kind]
    server = serve(answering(answer))
    message = failure(server)
    assert f"FortiSIEM answered GET /phoenix/rest/config/Domain with {words}" in message
    assert message.endswith("Nothing was changed.")
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", BROKEN)
def test_a_write_whose_answer_does_not_come_out_of_its_encoding_is_unknown_and_sent_once(serve, kind):
    server = serve(answering(BROKEN[kind][0]))
    config = configuration(fortimonitor_url=f"{server.origin}/v2", fortisiem_sign_in="Off")
    with pytest.raises(ConnectorError, match="Whether anything was changed is unknown"):
        execute("create_custom_incident", CREATE, config)
    assert sum(request.startswith(b"POST") for request in server.requests) == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("in_chunks", [True, False])
def test_a_bomb_is_an_error(serve, encoding, in_chunks):
    bomb = (gzip.compress if encoding == "gzip" else zlib.compress)(bytes(MOST * 8))
    header = f"Content-Encoding: {encoding}"
    server = serve(answering(chunked(bomb, header) if in_chunks else http_answer("200 OK", bomb, header)))
    assert (
        f"FortiSIEM sent more than {MOST} bytes for GET /phoenix/rest/config/Domain. Nothing was changed."
        in failure(server)
    )


def test_a_compressed_body_that_is_cut_on_the_wire_is_a_lost_answer_which_is_asked_for_again(serve):
    answer = http_answer("200 OK", gzip.compress(BODY, mtime=0), "Content-Encoding: gzip")
    server = serve(cutting(answer[:-3]))
    assert "broke the connection before its answer was whole" in failure(server)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "kind", ["102 and 103 before it", "101 headers", "a value on two lines", "a line without a colon"]
)
def test_an_odd_answer_that_is_cut_anywhere_in_its_headers_is_not_taken_for_whole(serve, kind):
    answer = READABLE[kind]
    end = answer.rindex(b"\r\n\r\n") + 3
    for position in {1, end // 3, end // 2, end - 40, end - 1, end}:
        server = serve(cutting(answer[:position]))
        assert "broke the connection before its answer was whole" in failure(server)


def test_headers_that_do_not_end_are_an_error(serve):
    endless = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000
    assert "broke the connection before its answer was whole" in failure(serve(answering(endless)))


@pytest.mark.field_case("K6")
@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("ErrorMessage: G\u00fcnther fehlt".encode(), "G\u00fcnther fehlt"),
        (b"ErrorMessage: G\xfcnther fehlt", "G\u00fcnther fehlt"),
        ("ErrorMessage: \u30b5\u30fc\u30d0\u30fc".encode(), "\u30b5\u30fc\u30d0\u30fc"),
        (b"ErrorMessage: one\r\n two", "one two"),
        (b"ErrorMessage: a\x00b\x07", "a b"),
    ],
)
def test_a_refusals_header_is_shown_as_it_was_meant(serve, line, shown):
    server = serve(answering(b"HTTP/1.1 400 Bad\r\n" + line + b"\r\nErrorCode: 17\r\nContent-Length: 0\r\n\r\n"))
    assert f"answered 400 to GET /phoenix/rest/config/Domain: {shown} (ErrorCode 17)" in failure(server)


@pytest.mark.parametrize(
    ("location", "found"),
    [(b"Location: {}/v2/outage/-28\r\n 000855", None), (b"Location:\r\n {}/v2/outage/-28000855", -28000855)],
)
def test_an_id_on_two_lines_is_never_half_of_it(serve, location, found):
    def behave(connection, server):
        if server.requests[-1].startswith(b"POST"):
            line = location.replace(b"{}", server.origin.encode())
            connection.sendall(b"HTTP/1.1 201 Created\r\n" + line + b"\r\nContent-Length: 0\r\n\r\n")
        else:
            connection.sendall(http_answer("200 OK", b'{"outage_list": [], "meta": {"next": null, "total_count": 0}}'))

    server = serve(behave)
    config = configuration(fortimonitor_url=f"{server.origin}/v2", fortisiem_sign_in="Off")
    if found:
        assert execute("create_custom_incident", CREATE, config)["incident_id"] == found
    else:
        with pytest.raises(ConnectorError, match="does not name an incident of its own"):
            execute("create_custom_incident", CREATE, config)


# Cookies: none is kept, and none is sent.


COOKIES = [
    "Set-Cookie: JSESSIONID=A; Path=/",
    "Set-Cookie: JSESSIONID=A; Path=/; Domain=127.0.0.1; Max-Age=99999",
    "Set-Cookie2: JSESSIONID=A; Version=1",
    "set-cookie: a=1\r\nSet-Cookie: b=2; HttpOnly; SameSite=None; Secure",
]


@pytest.mark.field_case("F2", "F2b", "W1")
@pytest.mark.parametrize("cookie", COOKIES)
@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "302 Found"])
def test_no_cookie_is_ever_sent_to_whichever_account(serve, cookie, status):
    server = serve(answering(http_answer(status, BODY, cookie, "Location: /login")))
    for username in ("alice", "bob", "alice"):
        for organization in ("super", "OrgB"):
            config = {"fortisiem_username": username, "fortisiem_organization": organization}
            if status == "200 OK":
                read(server, **config)
            else:
                failure(server, **config)
    assert len(server.requests) == 6
    assert not any(b"cookie" in request.lower() for request in server.requests)


def test_no_cookie_is_sent_again_within_a_call(serve):
    server = serve(
        answering(http_answer("429 Slow down", b"", COOKIES[0], "Retry-After: 0"), http_answer("200 OK", BODY))
    )
    assert read(server)["attempts"] == 2
    assert not any(b"cookie" in request.lower() for request in server.requests)
