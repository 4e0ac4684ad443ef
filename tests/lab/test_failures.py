"""A fault of the lab itself is a 500 that says where its traceback is, and the traceback is there."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.testclient import TestClient

from lab.kit.failures import FailureMiddleware
from lab.running import running_lab


class Broken(Exception):
    """What the lab does not expect."""


@contextmanager
def no_transaction() -> Iterator[None]:
    raise Broken("the database of this test")
    yield


def no_counters() -> dict[str, int]:
    raise Broken("the counters of this test")


def failing(request: Request) -> Response:
    raise Broken("in an application")


def meant(request: Request) -> Response:
    return PlainTextResponse("meant", 500)


async def cut_short(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise Broken("in the middle of its answer")


def test_every_server_of_a_kept_lab_names_the_log_that_holds_the_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_lab(tmp_path, base_port=0) as lab, requests.Session() as session:
        session.trust_env, session.verify = False, lab.ready["fortisoar"]["ca"]
        for product in lab.products.values():
            monkeypatch.setattr(product.store, "transaction", no_transaction)
        monkeypatch.setattr(lab.products["fortisiem"], "counters", no_counters)
        monitor, siem = lab.ready["fortimonitor"], lab.ready["fortisiem"]
        user = f"{siem['organization']}/{siem['username']}"
        asked: list[tuple[str, str, dict[str, Any], str]] = [
            (
                lab.ready["fortisoar"]["https"],
                "/api/integration/connectors/",
                {"headers": {"Authorization": f"API-KEY {lab.ready['fortisoar']['api_key']}"}},
                "message",
            ),
            (
                monitor["url"].removesuffix("/v2"),
                "/v2/outage",
                {"headers": {"Authorization": f"ApiKey {monitor['api_key']}"}},
                "message",
            ),
            (siem["url"], "/phoenix/rest/config/Domain", {"auth": (user, siem["password"])}, "message"),
            (
                lab.ready["control"]["url"],
                "/counters/fortisiem",
                {"headers": {"Authorization": f"Bearer {lab.ready['control']['token']}"}},
                "error",
            ),
        ]
        for origin, path, access, key in asked:
            answer = session.get(origin + path, timeout=10, **access)
            assert answer.status_code == 500, path
            log = tmp_path / "lab.log"
            told = re.fullmatch(
                rf"The lab failed at GET {path}\. The traceback is in {log}, under failure (\w+)\.", answer.json()[key]
            )
            assert told, answer.text
            written = log.read_text().partition(f"Failure {told[1]} at GET {path}\n")[2]
            assert written.startswith("Traceback (most recent call last):\n")
            assert "Broken: the " in written
        for product in lab.products.values():
            assert product.journal.entries()[-1].status == 500
        assert stat.S_IMODE(log.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", [Starlette, Router])
def test_without_a_state_folder_the_traceback_goes_to_stderr(kind: Any, caplog: pytest.LogCaptureFixture) -> None:
    client = TestClient(FailureMiddleware(kind(routes=[Route("/a", failing)])))
    answer = client.get("/a")
    told = re.fullmatch(
        r"The lab failed at GET /a\. The traceback is in what the lab writes to stderr, under failure (\w+)\.",
        answer.json()["message"],
    )
    assert (answer.status_code, list(answer.json())) == (500, ["message"])
    (record,) = caplog.records
    assert told
    assert record.getMessage() == f"Failure {told[1]} at GET /a"
    assert record.exc_info
    assert isinstance(record.exc_info[1], Broken)


def test_a_500_that_is_meant_is_left_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    answer = TestClient(FailureMiddleware(Starlette(routes=[Route("/a", meant)]))).get("/a")
    assert (answer.status_code, answer.text) == (500, "meant")
    assert caplog.records == []


def test_an_answer_that_breaks_off_is_cut_and_leaves_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Broken):
        TestClient(FailureMiddleware(cut_short)).get("/a")
    (record,) = caplog.records
    assert record.getMessage().endswith(" at GET /a")
