"""Strict mocks: every declared request must come, in order, with the body that was declared, and no other."""

from __future__ import annotations

import pytest
import responses
from responses.registries import OrderedRegistry

from tests.support.package import go_by, let_go, module


@pytest.fixture
def http():
    """Answers to requests, used up in the order in which they are declared."""
    with responses.RequestsMock(assert_all_requests_are_fired=True, registry=OrderedRegistry) as mocked:
        yield mocked
    # The connector takes a request that no mock expected for a broken connection, so it has to be looked for.
    refused = [call.request for call in mocked.calls if "refused by Responses" in str(call.response)]
    assert not refused, [f"{request.method} {request.url}" for request in refused]


@pytest.fixture
def many_answers():
    """Answers to any number of requests, in place of declared ones."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


@pytest.fixture(autouse=True)
def nothing_kept():
    """Close connections and forget everything after each test."""
    yield
    let_go()


@pytest.fixture(autouse=True)
def slept(monkeypatch):
    """Let nothing sleep; return the list of waits that were asked for."""
    waits: list[float] = []
    go_by(monkeypatch, sleep=waits.append, chance=lambda: 1.0)
    return waits


@pytest.fixture
def fresh_marker(monkeypatch):
    """Make the marker of calls without a correlation id known."""
    monkeypatch.setattr(module("operations.creation"), "urandom", lambda size: (7).to_bytes(size, "big"))
