"""What a warm call does not do again: open files, compile schemas, parse certificates, connect. What it may cost."""

from __future__ import annotations

import ssl
import sys
from typing import Any

import jsonschema
import pytest
import requests

from tests.support.package import configuration, connector, let_go, module
from tests.support.wire import answering, http_answer

CALLS = 20
WRITES: dict[str, tuple[dict[str, Any], bytes]] = {
    "force_resolve_incident": ({"incident": "-7"}, http_answer("204 No Content")),
    "update_siem_incident": (
        {"incident_id": 7, "status": "Manually Cleared", "comments": "Done.", "verify": False},
        http_answer("200 OK", b"OK"),
    ),
    "create_custom_incident": (
        {"server": "1001", "description": "Full", "plugin_textkey": "p", "resource_textkey": "r", "verify": False}
        | {
            "metadata": {"ticket": "INC-1"},
            "start_time": "2026-11-22T10:00:00Z",
            "correlation_id": "",
            "if_exists": "",
        },
        http_answer("201 Created", b"", "Location: /v2/outage/-7"),
    ),
}
opened: list[str] | None = None  # a hook cannot be taken away again


def _note_opening(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and opened is not None:
        opened.append(str(arguments[0]))


sys.addaudithook(_note_opening)


@pytest.fixture
def counted(monkeypatch):
    """Count what is done from here on, by its name."""
    counts = {"files": 0, "schemas": 0, "certificates": 0}

    def count(owner, name, kind):
        original = getattr(owner, name)

        def counting(*args, **kwargs):
            counts[kind] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, counting)

    count(jsonschema, "Draft7Validator", "schemas")
    count(ssl.SSLContext, "load_verify_locations", "certificates")
    count(ssl, "create_default_context", "certificates")
    monkeypatch.setattr(sys.modules[__name__], "opened", [])
    let_go()
    module("core.validation")._fits.cache_clear()
    return lambda: {**counts, "files": len(opened or [])}


@pytest.mark.parametrize("operation", WRITES)
def test_a_warm_write_opens_no_file_compiles_no_schema_and_parses_no_certificate(
    serve, server_context, ca_pem, counted, operation
):
    params, answer = WRITES[operation]
    server = serve(answering(answer), tls=server_context())
    config = configuration(
        fortimonitor_url=f"{server.origin}/v2", fortisiem_server=server.origin, ca_certificate=ca_pem
    )
    bridge, valid_parameters = connector(), module("operations.parameters").valid_parameters

    def call():
        assert bridge.execute(dict(config), operation, dict(params))["outcome"] == "done"
        valid_parameters("force_resolve_incidents", {"items": ["-7"]})

    call()
    cold = counted()
    assert cold["schemas"] == 1
    assert cold["certificates"] >= 1
    for _ in range(CALLS):
        call()
    assert counted() == cold
    assert (server.connections, len(server.requests)) == (1, 1 + CALLS)


def test_a_file_that_is_opened_is_counted(counted):
    before = counted()
    with open(__file__):
        assert counted() == {**before, "files": before["files"] + 1}


def calls_in(action):
    """Return how many Python functions an action calls in this thread, whatever else the machine does."""
    calls = 0

    def note(_frame, event, _argument):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("operation", WRITES)
def test_a_warm_write_calls_fewer_functions_than_a_bare_session_for_the_same_request(serve, operation):
    params, answer = WRITES[operation]
    server = serve(answering(answer))
    config = configuration(fortimonitor_url=f"{server.origin}/v2", fortisiem_server=server.origin)
    bridge, session = connector(), requests.Session()
    session.trust_env = False  # its share would grow with the machine's environment

    def ours():
        bridge.execute(config, operation, params)

    def bare():
        session.request(method, server.origin + target, headers=headers, data=body)

    ours()
    head, _, body = server.requests[-1].partition(b"\r\n\r\n")
    (method, target, _), *lines = (line.split(" ", 2) for line in head.decode("ascii").split("\r\n"))
    headers = {name.rstrip(":"): " ".join(value) for name, *value in lines if name not in ("Host:", "Content-Length:")}
    with session:
        bare()
        assert set(server.requests[-1].split(b"\r\n")) - {b"Connection: keep-alive"} == set(
            server.requests[-2].split(b"\r\n")
        )
        assert calls_in(ours) < calls_in(bare)


def test_each_call_of_a_function_counts():
    assert calls_in(lambda: [each() for each in [lambda: None] * 5]) in (
        6,
        7,
    )  # a comprehension was a function too once
