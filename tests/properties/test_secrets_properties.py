"""No secret leaves the connector, and nothing but a ConnectorError does, whatever comes back and whatever goes in."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import responses
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.answers import ANSWERS, ENCODINGS, SECRETS, Answer
from tests.properties.examples import examples
from tests.support.package import ConnectorError, configuration, connector, let_go

pytestmark = pytest.mark.timeout(3600)  # make prove takes its time

CHANGED = ("Nothing was changed.", "The change was made.", "Whether anything was changed is unknown.")
CREATE = {"server": "1001", "description": "Disk full", "plugin_textkey": "p", "resource_textkey": "r"}
CALLS: dict[str, dict[str, Any]] = {
    "create_custom_incident": CREATE,
    "create_custom_incident by name": {**CREATE, "server": "web", "correlation_id": "event"},
    "force_resolve_incident": {"incident": "-28"},
    "force_resolve_incident expecting": {"incident": "-28", "expect_correlation_id": "event"},
    "update_siem_incident": {"incident_id": 1, "status": "Active", "comments": "Done."},
    "check_health": {},
}
NAMES = ("fortimonitor_api_key", "fortisiem_password", "fortisiem_client_secret", "token")
# Which secrets a call sends, and so may get back; a token comes back only after it was handed out.
SENT = [
    (call, name)
    for call in CALLS
    for name in NAMES
    if (call == "check_health" and name != "token") or (call == "update_siem_incident") != (name == NAMES[0])
]
LEAST_SHOWN = 8  # characters; a part of a secret this long must not show either
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
CONFIGURATION = list(configuration())
NOWHERE = "http://127.0.0.1:1/v2"  # refuses connections


class Lines(logging.Handler):
    """What was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage() + str(record.exc_info or ""))


def without_addresses(drawn: dict[str, Any]) -> dict[str, Any]:
    """Leave out the values that may be taken for an address: a test asks nobody but this machine."""
    addresses = ("fortimonitor_url", "fortisiem_server", "proxy")
    return {name: value for name, value in drawn.items() if name not in addresses or isinstance(value, (dict, list))}


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collect what the process logs."""
    log, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    try:
        yield log.lines
    finally:
        root.setLevel(level)
        root.removeHandler(log)


@contextmanager
def answering(answers: list[Answer], secret: str) -> Iterator[None]:
    """Answer every request with the next of the answers, the last one ever after."""
    left = list(answers)

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        return (left.pop(0) if len(left) > 1 else left[0]).as_sent(secret)

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        for method in ("GET", "POST", "PUT"):
            mocked.add_callback(method, re.compile(".*"), callback=answer)
        yield


def outcome(call: str, config: Any, params: Any) -> tuple[Any, str]:
    """Run an action or the health check; return its data and the message of its failure."""
    let_go()
    try:
        if call == "check_health":
            return connector().check_health(config), ""
        return connector().execute(config, call.split(" ")[0], params), ""
    except ConnectorError as error:
        return None, str(error)


def assert_is_a_sentence(message: str) -> None:
    assert message.endswith("."), message
    assert any(sentence in message for sentence in CHANGED), message
    assert "Traceback" not in message
    assert "Unexpected" not in message, message


def parts_of(text: str) -> set[str]:
    """Return the text and its longest beginnings, if they are long enough to tell something."""
    return {text, *(text[:end] for end in range(max(LEAST_SHOWN, len(text) - 4), len(text)))}


@pytest.mark.field_case("W15")
@examples(1000)
@given(st.sampled_from(SENT), SECRETS, st.lists(ANSWERS, min_size=1, max_size=5))
def test_no_secret_that_comes_back_leaves(sent: tuple[str, str], secret: str, answers: list[Answer]) -> None:
    call, name = sent
    config = configuration()
    if name in ("token", "fortisiem_client_secret"):
        config |= {
            "fortisiem_sign_in": "API Token",
            "fortisiem_client_id": "c",
            "fortisiem_client_secret": "unused-1",
        }
    if name == "token":
        answers = [Answer(200, '{"access_token": "{}", "expires_in": 15}', "in JSON", (), 0), *answers]
    else:
        config[name] = f" {secret}\n"  # as it is pasted; what is sent is without the white space around it
    with logged() as lines, answering(answers, secret):
        data, message = outcome(call, config, CALLS[call])
    if message:
        assert_is_a_sentence(message)
        assert not re.search(r"<html|<body|<!doctype", message, re.I), message
    said = "\n".join([message, json.dumps(data, ensure_ascii=False), *lines])
    for encoding, encode in ENCODINGS.items():
        shown = [part for part in parts_of(encode(secret)) if part in said]
        assert not shown, f"The secret shows {encoding}: {said}"


@examples(1000)
@given(
    SECRETS | st.text(max_size=12).map("Q~{}~7z".format),
    st.sampled_from([call for call in CALLS if call != "check_health"]),
)
@example("key\nof two lines", "create_custom_incident")
@example("Schl\u00fcssel \u2603", "create_custom_incident")
def test_whatever_a_key_consists_of_the_failure_says_what_was_changed(key: str, call: str) -> None:
    config = configuration(
        fortimonitor_url=NOWHERE, fortisiem_server=NOWHERE, fortimonitor_api_key=key, fortisiem_password=key
    )
    data, message = outcome(call, config, CALLS[call])
    assert data is None
    assert_is_a_sentence(message)
    assert "Nothing was changed." in message, "Nothing was sent"
    if len(key.strip()) >= LEAST_SHOWN:
        assert key.strip() not in message


@examples(1000)
@given(
    st.sampled_from(list(CALLS)),
    st.dictionaries(st.sampled_from(CONFIGURATION), JSON_VALUES, max_size=4) | JSON_VALUES,
    st.dictionaries(st.sampled_from([*CREATE, "incident", "incident_id", "status", "metadata"]), JSON_VALUES)
    | JSON_VALUES,
)
def test_whatever_the_values_are_only_a_connector_error_comes_out(call: str, config: Any, params: Any) -> None:
    everywhere = {"fortimonitor_url": NOWHERE, "fortisiem_server": NOWHERE}
    if isinstance(config, dict):
        config = configuration(**everywhere) | without_addresses(config)
    if isinstance(params, dict):
        params = CALLS[call] | params
    data, message = outcome(call, config, params)
    assert data is None
    assert_is_a_sentence(message)
    assert "Nothing was changed." in message, "Nothing was sent"


@pytest.mark.field_case("S11")
@pytest.mark.parametrize("name", NAMES[:3])
@examples(100)
@given(drawn=st.dictionaries(st.sampled_from(CONFIGURATION), JSON_VALUES, max_size=3), secret=SECRETS)
def test_a_configuration_that_is_refused_does_not_show_its_secrets(
    name: str, drawn: dict[str, Any], secret: str
) -> None:
    config = configuration(fortimonitor_url=f"https://x:{secret}@y", fortisiem_server=secret)
    config = config | without_addresses(drawn) | {name: secret}
    with logged() as lines:
        _, message = outcome("check_health", config, {})
    assert_is_a_sentence(message)
    said = "\n".join([message, *lines])
    assert secret.strip() not in said, said
