"""connector.py: dispatch, hooks, and the one place where failures are translated."""

from __future__ import annotations

import logging

import pytest

from tests.support.package import API_KEY, PASSWORD, ROOT, ConnectorError, configuration, connector, execute, module

manifest = module("core.manifest").manifest()


def test_every_declared_operation_is_implemented_and_no_other():
    assert set(module("operations").OPERATIONS) == {entry["operation"] for entry in manifest["operations"]}


@pytest.mark.parametrize("operation", ["delete_everything", "", None, 5, "__init__"])
def test_an_unknown_operation_is_refused_with_those_that_there_are(operation):
    with pytest.raises(ConnectorError) as caught:
        execute(operation, {})
    assert str(caught.value).startswith("This connector has no operation ")
    assert str(caught.value).endswith(
        f"Nothing was changed. Its operations are: {', '.join(module('operations').OPERATIONS)}."
    )


@pytest.mark.parametrize("params", [[], "text", 5])
def test_parameters_that_are_no_object_are_refused(params):
    with pytest.raises(ConnectorError, match="They must be an object of names and values"):
        connector().execute(configuration(), "force_resolve_incident", params)


def test_absent_parameters_are_required_parameters_that_are_missing():
    with pytest.raises(ConnectorError, match="Incident is required"):
        connector().execute(configuration(), "force_resolve_incident", None)


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


def test_each_failure_is_one_line_in_the_log_without_a_secret(caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(ConnectorError):
        execute("force_resolve_incident", {"incident": API_KEY})
    assert len(caplog.records) == 1
    assert caplog.records[0].name == "connectors.fortinet-incident-bridge"
    assert API_KEY not in caplog.text
    assert "'***'" in caplog.text


def test_the_hooks_that_end_something_close_connections_and_forget_tokens():
    deadline = module("core.deadline").Deadline(55)
    tokens = module("clients.fortisiem.tokens")
    hooks = {
        "on_update_config": (configuration(), configuration(), True),
        "on_delete_config": (configuration(),),
        "on_deactivate": (configuration(),),
        "teardown": (configuration(),),
    }
    for count, (hook, arguments) in enumerate(hooks.items()):
        assert tokens.token("k", deadline, lambda number=count: (f"token-{number}", 60)) == f"token-{count}"
        assert getattr(connector(), hook)(*arguments) is None


def test_the_other_hooks_never_raise():
    assert connector().on_add_config({}, True) is None
    assert connector().on_activate(None) is None


def test_connector_py_can_be_read_in_a_minute():
    assert len((ROOT / "connector.py").read_text("ascii").splitlines()) < 100
