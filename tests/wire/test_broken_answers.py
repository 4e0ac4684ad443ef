"""The request was sent and no whole answer came: never success, and never "nothing was changed" for a write."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.broken_products import OUTAGE_ID, Products
from tests.support.package import ConnectorError, configuration, execute
from tests.support.wire import answering, cutting, dripping, hanging, http_answer, resetting

CREATE = {"server": "1001", "description": "d", "plugin_textkey": "p", "resource_textkey": "r", "verify": False}
RESOLVE = {"incident": str(OUTAGE_ID)}
UPDATE = {"incident_id": 1, "comments": "c"}  # read before and after: only so a comment is known again
ACTIONS: dict[str, dict[str, Any]] = {
    "create_custom_incident": CREATE,
    "force_resolve_incident": RESOLVE,
    "update_siem_incident": UPDATE,
}
PATHS = {
    "create_custom_incident": "/v2/server/1001/custom_incident",
    "force_resolve_incident": f"/v2/outage/{OUTAGE_ID}/force_resolve",
    "update_siem_incident": "/phoenix/rest/incident/external",
}
UNKNOWN = "Whether anything was changed is unknown."
NOTHING = "Nothing was changed."


@pytest.fixture
def products():
    return Products()


def config_for(origin, **changes):
    return configuration(fortimonitor_url=f"{origin}/v2", fortisiem_server=origin, **changes)


def failure(operation, params, config):
    with pytest.raises(ConnectorError) as caught:
        execute(operation, params, config)
    return str(caught.value)


@pytest.mark.parametrize("operation", ACTIONS)
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_write_whose_answer_is_cut_at_any_byte_is_read_back_and_never_sent_again(
    serve, server_context, ca_pem, products, operation, secure
):
    server = serve(products, tls=server_context() if secure else None)
    config = config_for(server.origin, ca_certificate=ca_pem if secure else "")
    length = len(products.answer_of(server.origin, PATHS[operation]))
    for position in range(length + 1):
        products.reset()
        products.breaking = lambda answer, cut=position: cutting(answer[:cut])
        result = execute(operation, ACTIONS[operation], config)
        assert (result["outcome"], result["changed"], result["attempts"]) == ("done", True, 1), position
        is_believed = position == length and operation != "update_siem_incident"
        assert result["confirmed_by"] == ("response" if is_believed else "read_back"), position
        assert products.writes == 1, position
        if operation == "create_custom_incident":
            assert (result["incident_id"], len(products.created)) == (OUTAGE_ID, 1), position


@pytest.mark.parametrize("operation", ACTIONS)
def test_a_write_whose_answer_is_cut_at_any_byte_and_that_cannot_be_read_back_is_unknown(serve, products, operation):
    server = serve(products)
    products.readable = False
    for position in range(len(products.answer_of(server.origin, PATHS[operation]))):
        products.reset()
        products.breaking = lambda answer, cut=position: cutting(answer[:cut])
        message = failure(operation, ACTIONS[operation], config_for(server.origin))
        assert UNKNOWN in message, position
        assert f"broke the connection before its answer was whole to {_where(operation)}" in message, position
        assert products.writes == 1, position


def _where(operation):
    return f"{'PUT' if operation == 'force_resolve_incident' else 'POST'} {PATHS[operation]}"


BROKEN = {
    "reset": lambda answer: resetting,
    "closed": lambda answer: cutting(b""),
    "garbage": lambda answer: cutting(b"garbage\r\n\r\n"),
    "half": lambda answer: cutting(b"HTTP/1.1 201 Created\r\n"),
    "hung": lambda answer: hanging,
}


def quick(kind):
    """Return the shortest read timeout where a server hangs; elsewhere nothing is to depend on how fast it answers."""
    return {"read_timeout": 1} if kind == "hung" else {}


@pytest.mark.parametrize("operation", ACTIONS)
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_answer_to_a_write_that_was_carried_out_ends_as_done(serve, products, operation, kind):
    server = serve(products)
    products.breaking = BROKEN[kind]
    result = execute(operation, ACTIONS[operation], config_for(server.origin, **quick(kind)))
    assert (result["outcome"], result["confirmed_by"], products.writes) == ("done", "read_back", 1)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_create_that_was_not_carried_out_is_sent_once_and_unknown(serve, products, kind):
    server = serve(products)
    products.breaking, products.commits = BROKEN[kind], False
    message = failure("create_custom_incident", CREATE, config_for(server.origin, **quick(kind)))
    assert UNKNOWN in message
    assert "it will not create a second incident" in message
    assert (products.writes, products.created) == (1, [])


STATES = {
    "force_resolve_incident": RESOLVE,
    "update_siem_incident": {"incident_id": 1, "status": "Manually Cleared", "verify": False},
}


@pytest.mark.parametrize("operation", STATES)
@pytest.mark.parametrize("kind", BROKEN)
def test_a_state_that_was_not_set_is_repeated_after_a_read_and_not_set_unless_it_may_be_late(
    serve, products, operation, kind
):
    server = serve(products)
    products.breaking, products.commits = BROKEN[kind], False
    message = failure(operation, STATES[operation], config_for(server.origin, **quick(kind)))
    assert (UNKNOWN if kind == "hung" else NOTHING) in message
    assert "It was read back" in message
    assert products.writes == 3


@pytest.mark.parametrize("kind", BROKEN)
def test_a_comment_that_was_not_stored_is_never_sent_again(serve, products, kind):
    server = serve(products)
    products.breaking, products.commits = BROKEN[kind], False
    message = failure("update_siem_incident", UPDATE, config_for(server.origin, **quick(kind)))
    assert f"{UNKNOWN} It was read back: comments not applied." in message
    assert products.writes == 1


def test_a_broken_read_changed_nothing(serve):
    server = serve(resetting)
    message = failure("create_custom_incident", {**CREATE, "server": "Web"}, config_for(server.origin))
    assert message == (
        "Could not find server 'Web': FortiMonitor broke the connection before its answer was whole to GET /v2/server. "
        "Nothing was changed."
    )
    assert len(server.requests) == 3


def test_a_read_whose_connection_broke_is_sent_again_and_a_write_is_not(serve, products):
    broken: list[bytes] = []

    def behave(connection, server):
        is_write = server.requests[-1].startswith(b"POST")
        if len(broken) == 0 and not is_write:
            broken.append(server.requests[-1])
            resetting(connection, server)
        else:
            products(connection, server)

    server = serve(behave)
    result = execute("create_custom_incident", {**CREATE, "verify": True}, config_for(server.origin))
    assert (result["confirmed_by"], result["attempts"], products.writes) == ("read_back", 1, 1)
    assert [request.split(b" ")[0] for request in server.requests] == [b"POST", b"GET", b"GET"]


@pytest.mark.parametrize("operation", ACTIONS)
def test_a_server_that_hangs_for_good_ends_with_the_deadline(serve, operation):
    server = serve(hanging)
    message = failure(operation, ACTIONS[operation], config_for(server.origin, read_timeout=1, total_timeout=3))
    assert f"did not answer in time to {_where(operation)}" in message
    assert UNKNOWN in message
    assert sum(_where(operation).encode() in request for request in server.requests) == 1


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
    assert "wait 5 minutes, and look whether it did before running it again" in message
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
    assert f"a redirect to {target.origin}, which is not followed. {UNKNOWN}" in message
    assert [request.split(b" ")[0] for request in server.requests] == [b"PUT", b"GET"]
    assert target.requests == []


def test_the_key_travels_in_the_header_alone(serve):
    server = serve(answering(http_answer("204 No Content")))
    execute("force_resolve_incident", RESOLVE, config_for(server.origin))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == f"PUT {PATHS['force_resolve_incident']} HTTP/1.1".encode()
    assert head.count(b"canary-fm-key") == 1
    assert b"Authorization: ApiKey canary-fm-key-0123456789" in head
    assert body == b"{}"
