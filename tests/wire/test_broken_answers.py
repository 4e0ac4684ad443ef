"""The request was sent and no whole answer came: never success, and never "nothing was changed" for a write."""

from __future__ import annotations

import pytest

from tests.support.package import ConnectorError, configuration, execute
from tests.support.wire import answering, cutting, dripping, hanging, http_answer, resetting

CREATE = {"server": "1001", "description": "d", "plugin_textkey": "p", "resource_textkey": "r"}
RESOLVE = {"incident": "5"}
UPDATE = {"incident_id": 1, "comments": "c"}
UNKNOWN = "Whether anything was changed is unknown."


def created(origin):
    return http_answer("201 Created", b"", "Content-Type: application/json", f"Location: {origin}/v2/outage/-28000855")


ANSWERS = {
    "create_custom_incident": (CREATE, created),
    "force_resolve_incident": (RESOLVE, lambda origin: b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"),
    "update_siem_incident": (UPDATE, lambda origin: http_answer("200 OK", b'"OK"', "Content-Type: text/plain")),
}


def config_for(origin, **changes):
    return configuration(fortimonitor_url=f"{origin}/v2", fortisiem_server=origin, **changes)


def failure(operation, params, config):
    with pytest.raises(ConnectorError) as caught:
        execute(operation, params, config)
    return str(caught.value)


@pytest.mark.parametrize("operation", ANSWERS)
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_an_answer_that_is_cut_at_any_byte_is_never_success(serve, server_context, ca_pem, operation, secure):
    params, make = ANSWERS[operation]
    server = serve(answering(b""), tls=server_context() if secure else None)
    whole = make(server.origin)
    config = config_for(server.origin, ca_certificate=ca_pem if secure else "")
    for length in range(len(whole)):
        server.behave = cutting(whole[:length])
        message = failure(operation, params, config)
        assert UNKNOWN in message, length
        assert "broke the connection before its answer was whole to " in message, length
        assert len(server.requests) == length + 1
    server.behave = cutting(whole)
    result = execute(operation, params, config)
    assert result["outcome"] == "done"
    if operation == "create_custom_incident":
        assert result["incident_id"] == -28000855


@pytest.mark.parametrize("operation", ANSWERS)
@pytest.mark.parametrize(
    "behave",
    [resetting, cutting(b""), answering(b"garbage\r\n\r\n"), cutting(b"HTTP/1.1 201 Created\r\n")],
    ids=["reset", "closed", "garbage", "half"],
)
def test_a_broken_connection_is_one_request_and_an_unknown_outcome(serve, operation, behave):
    server = serve(behave)
    message = failure(operation, ANSWERS[operation][0], config_for(server.origin))
    assert UNKNOWN in message
    assert len(server.requests) == 1


def test_a_broken_read_changed_nothing(serve):
    server = serve(resetting)
    message = failure("create_custom_incident", {**CREATE, "server": "Web"}, config_for(server.origin))
    assert message == (
        "Could not find server 'Web': FortiMonitor broke the connection before its answer was whole to GET /v2/server. "
        "Nothing was changed."
    )


@pytest.mark.parametrize("operation", ANSWERS)
def test_a_server_that_hangs_ends_with_the_read_timeout(serve, operation):
    server = serve(hanging)
    message = failure(operation, ANSWERS[operation][0], config_for(server.origin, read_timeout=1))
    assert "did not answer in time to " in message
    assert UNKNOWN in message
    assert len(server.requests) == 1


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_drips_ends_with_the_deadline_long_before_it_has_finished(serve, part):
    answer = http_answer("200 OK", b'"OK"' + b" " * 10_000, "Content-Type: text/plain")
    start = answer[: answer.index(b"\r\n\r\n") + 4] if part == "body" else b""
    drip = dripping(answer[len(start) :])

    def behave(connection, server):
        connection.sendall(start)
        drip(connection, server)

    server = serve(behave)
    config = config_for(server.origin, read_timeout=1, total_timeout=2)
    message = failure("update_siem_incident", UPDATE, config)
    assert "did not answer in time to POST /phoenix/rest/incident/external" in message
    assert UNKNOWN in message


def test_an_answer_beyond_the_limit_is_not_read_to_its_end(serve):
    sent = []

    def endless(connection, server):
        connection.settimeout(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        while not server.stopped.is_set():
            connection.sendall(b"x" * 65536)
            sent.append(65536)

    server = serve(endless)
    message = failure("update_siem_incident", UPDATE, config_for(server.origin))
    assert "FortiSIEM sent more than 8388608 bytes for POST /phoenix/rest/incident/external." in message
    assert UNKNOWN in message
    assert sum(sent) < 64 * 1024 * 1024


def test_a_redirect_is_not_followed(serve):
    target = serve(answering(http_answer("204 No Content")))
    server = serve(answering(http_answer("307 Temporary Redirect", b"", f"Location: {target.origin}/v2/outage/5")))
    message = failure("force_resolve_incident", RESOLVE, config_for(server.origin))
    assert f"a redirect to {target.origin}, which is not followed. Nothing was changed." in message
    assert (len(server.requests), target.requests) == (1, [])


def test_the_key_travels_in_the_header_alone(serve):
    server = serve(answering(http_answer("204 No Content")))
    execute("force_resolve_incident", RESOLVE, config_for(server.origin))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"PUT /v2/outage/5/force_resolve HTTP/1.1"
    assert head.count(b"canary-fm-key") == 1
    assert b"Authorization: ApiKey canary-fm-key-0123456789" in head
    assert body == b"{}"
