"""connector.py: dispatch, hooks, and the one place where failures are translated."""

from __future__ import annotations

import logging
import re
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.package import API_KEY, PASSWORD, ROOT, ConnectorError, configuration, connector, execute, module

manifest = module("core.manifest").manifest()


def test_every_declared_operation_is_implemented_and_no_other():
    assert set(module("operations").OPERATIONS) == {entry["operation"] for entry in manifest["operations"]}


@pytest.mark.parametrize("operation", ["delete_everything", "", None, 5, "__init__", ["get_diagnostics"], {}])
def test_an_unknown_operation_is_refused_with_those_that_there_are(operation):
    with pytest.raises(ConnectorError) as caught:
        execute(operation, {})
    assert str(caught.value).startswith("This connector has no operation ")
    assert str(caught.value).endswith(
        f"Nothing was changed. Its operations are: {', '.join(module('operations').OPERATIONS)}."
    )


@pytest.mark.parametrize("params", [["a"], "text", 5])
def test_parameters_that_are_no_object_are_refused(params):
    with pytest.raises(ConnectorError, match="They must be an object of names and values"):
        connector().execute(configuration(), "force_resolve_incident", params)


@pytest.mark.parametrize("params", [None, [], {}, ""])
def test_absent_parameters_are_required_parameters_that_are_missing(params):
    with pytest.raises(ConnectorError, match="FortiMonitor Incident is required"):
        connector().execute(configuration(), "force_resolve_incident", params)


def test_a_parameter_that_there_is_not_is_ignored_with_a_warning_in_the_result_and_in_the_log(caplog):
    result = execute("get_diagnostics", {"of_old": 1, "older": "", "vetust": "x"})
    warning = "Ignored: " + " ".join(
        f"There is no parameter '{name}'; this action has none." for name in ("of_old", "vetust")
    )
    assert result["warning"] == warning
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [warning]
    assert "warning" not in execute("get_diagnostics", [])


def test_a_secret_in_the_place_of_a_parameters_name_is_masked_in_the_warning(caplog):
    result = execute("get_diagnostics", {API_KEY: 1, f"Authorization: ApiKey {API_KEY}": 2})
    assert "There is no parameter '***'" in result["warning"]
    assert API_KEY not in str(result) + caplog.text


def test_of_many_parameters_that_there_are_not_five_are_named():
    warning = execute("get_diagnostics", {f"of_old_{number}": 1 for number in range(2000)})["warning"]
    assert warning.count("There is no parameter") == 5
    assert warning.endswith("There are 1995 more that do not exist.")


def test_a_parameter_that_there_is_not_is_named_where_the_others_do_not_suffice():
    with pytest.raises(ConnectorError) as caught:
        execute("update_siem_incident", {"incident_id": 1, "owner": "jdoe"})
    assert str(caught.value).startswith(
        "The parameters are not valid: There is no parameter 'owner'; the parameters are"
    )
    assert str(caught.value).endswith("At least one attribute to update must be given. Nothing was changed.")


def test_a_fault_of_our_own_shows_its_kind_and_place_and_neither_text_nor_traceback(monkeypatch, caplog):
    def broken(bridge, params):
        raise RuntimeError(f"oops {API_KEY} {PASSWORD}")

    monkeypatch.setitem(module("operations").OPERATIONS, "force_resolve_incident", broken)
    with pytest.raises(ConnectorError) as caught:
        execute("force_resolve_incident", {"incident": "5"})
    assert str(caught.value).startswith("Unexpected RuntimeError in the connector at test_connector.py:")
    assert str(caught.value).endswith("Whether anything was changed is unknown. Please report it with this line.")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert [record.exc_info for record in caplog.records] == [None]
    assert "oops" not in caplog.text + str(caught.value)


def test_the_log_names_every_place_of_a_fault_and_no_value(monkeypatch, caplog):
    def broken(bridge, params):
        return deeper(PASSWORD)

    def deeper(secret):
        raise ValueError(secret)

    monkeypatch.setitem(module("operations").OPERATIONS, "force_resolve_incident", broken)
    with pytest.raises(ConnectorError):
        execute("force_resolve_incident", {"incident": "5"})
    (record,) = caplog.records
    place = r"\w+\.py:\d+"
    assert re.fullmatch(
        rf"force_resolve_incident failed: unexpected ValueError at {place}( > (connector|results)\.py:\d+)+"
        rf"( > test_connector\.py:\d+){{2}}",
        record.getMessage(),
    )


class NoText(Exception):
    def __str__(self):
        raise RuntimeError(PASSWORD)


Rejected: Any = module("core.errors").Rejected


class NoTextOfAFailure(Rejected):  # type: ignore[misc]
    def __str__(self):
        raise RuntimeError(PASSWORD)


def endless(depth=0):
    return endless(depth + 1)


def raising(error):
    def act(*_):
        raise error

    return act


FAULTS = {
    "no text": (raising(NoText()), "NoText"),
    "a failure without a text": (raising(NoTextOfAFailure("x")), "NoTextOfAFailure"),
    "endless recursion": (lambda *_: endless(), "RecursionError"),
    "a secret as a key": (lambda *_: dict[str, int]()[PASSWORD], "KeyError"),
    "a surrogate": (lambda *_: f"{PASSWORD}\ud800".encode(), "UnicodeEncodeError"),
    "memory": (raising(MemoryError()), "MemoryError"),
    "the end of an iterator": (raising(StopIteration()), "StopIteration"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_leaves_as_a_connector_error_of_one_line(monkeypatch, caplog, fault):
    act, kind = FAULTS[fault]
    monkeypatch.setitem(module("operations").OPERATIONS, "force_resolve_incident", act)
    with pytest.raises(ConnectorError) as caught:
        execute("force_resolve_incident", {"incident": "5"})
    assert str(caught.value).startswith(f"Unexpected {kind} in the connector at ")
    (record,) = caplog.records
    assert len(record.getMessage()) < 2000
    assert PASSWORD not in record.getMessage() + str(caught.value)


def test_a_configuration_that_cannot_be_masked_leaves_as_a_connector_error_too():
    with pytest.raises(ConnectorError) as caught:
        execute("force_resolve_incident", {"incident": "5"}, configuration(fortimonitor_api_key=f"{API_KEY}\udc00"))
    assert API_KEY not in str(caught.value)


def test_a_surrogate_in_a_failure_is_replaced(monkeypatch):
    failure = module("core.errors").Rejected("a title \ud800 was refused")
    monkeypatch.setitem(module("operations").OPERATIONS, "force_resolve_incident", raising(failure))
    with pytest.raises(ConnectorError) as caught:
        execute("force_resolve_incident", {"incident": "5"})
    assert str(caught.value) == "a title ? was refused. Nothing was changed."


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_process_passes(monkeypatch, kind):
    monkeypatch.setitem(module("operations").OPERATIONS, "force_resolve_incident", raising(kind()))
    with pytest.raises(kind):
        execute("force_resolve_incident", {"incident": "5"})


def test_each_failure_is_one_line_in_the_log_without_a_secret(caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(ConnectorError):
        execute("force_resolve_incident", {"incident": API_KEY})
    assert len(caplog.records) == 1
    assert caplog.records[0].name == "connectors.fortinet-incident-bridge"
    assert API_KEY not in caplog.text
    assert "'***'" in caplog.text


HOOKS = {
    "on_update_config": (configuration(), configuration(), True),
    "on_delete_config": (configuration(),),
    "on_deactivate": (configuration(),),
    "teardown": (configuration(),),
}


@pytest.mark.parametrize("hook", HOOKS)
def test_the_hooks_that_end_something_let_go_of_everything_that_is_kept(hook):
    state = module("core.process_state").STATE
    closed = []
    session = SimpleNamespace(close=lambda: closed.append(True))
    with state.sessions.lent("account", lambda: session):
        pass
    caches = [cache for cache in vars(state).values() if isinstance(cache, module("core.process_state").Kept)]
    for cache in caches:
        cache.put("account", "kept")
    state.requests.append("sent")
    assert getattr(connector(), hook)(*HOOKS[hook]) is None
    assert [cache.get("account") for cache in caches] == [None] * len(caches)
    assert (len(caches), closed, len(state.sessions), len(state.requests)) == (9, [True], 0, 0)


def test_the_other_hooks_never_raise():
    assert connector().on_add_config({}, True) is None
    assert connector().on_activate(None) is None


def test_connector_py_can_be_read_in_a_minute():
    assert len((ROOT / "connector.py").read_text("ascii").splitlines()) < 100
