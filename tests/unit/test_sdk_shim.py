"""The loader and the stand-ins for FortiSOAR's SDK."""

from __future__ import annotations

import ast
import base64
import importlib
import json
import logging
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import requests
import responses

from vendor.connectors_sdk_shim import loader

loader.ensure_sdk()
sdk: Any = importlib.import_module("connectors.core.connector")
crudhub: Any = importlib.import_module("integrations.crudhub")
builtins: Any = importlib.import_module("connectors.cyops_utilities.builtins")

FORTISOAR = "https://127.0.0.1:9443"
SHIM = Path(loader.__file__).parent
CONNECTOR = """
    from connectors.core.connector import Connector
    from .words import WORD

    class Tiny(Connector):
        def execute(self, config, operation, params, **kwargs):
            return {"word": WORD}
"""

# a.txt with the text "guarded", locked with the password "infected" in the traditional way
GUARDED_ARCHIVE = base64.b64decode(
    "UEsDBBQAAQAAAAAAIQDSXn3wEwAAAAcAAAAFAAAAYS50eHQDRkkWjxRJqzavHoZPZ9c3TGj2UEsBAhQAFAABAAAAAAAhANJeffATAAAABwAA"
    "AAUAAAAAAAAAAAAAAAAAAAAAAGEudHh0UEsFBgAAAAABAAEAMwAAADYAAAAAAA=="
)

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Write a connector's folder; what was loaded from it is forgotten at the end."""
    made: list[Path] = []

    def write(folder: str = "tiny-one", info: Any = None, **files: str) -> Path:
        home = tmp_path / folder
        home.mkdir()
        made.append(home)
        manifest = {"name": "tiny-one", "version": "1.0.0"} if info is None else info
        (home / "info.json").write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
        for name, source in ({"connector": CONNECTOR, "words": "WORD = 'hello'"} | files).items():
            (home / f"{name}.py").write_text(dedent(source))
        return home

    yield write
    for home in made:
        loader.forget(home)


@pytest.fixture
def fortisoar(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    monkeypatch.setenv("FORTISOAR_URL", f"{FORTISOAR}/")
    monkeypatch.setenv("FORTISOAR_API_KEY", "the-key")
    monkeypatch.setenv("FORTISOAR_CA", "/lab/ca.pem")
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(builtins, "TMP_FILE_ROOT", tmp_path)
    return tmp_path


def returning(value: Any) -> Any:
    """Make a connector whose every operation returns, or raises, one value."""

    class Fixed(sdk.Connector):  # type: ignore[misc]
        def execute(self, config: Any, operation: Any, params: Any, **kwargs: Any) -> Any:
            if isinstance(value, Exception):
                raise value
            return value

        def check_health(self, config: Any = None) -> Any:
            return self.execute(config, None, None)

    return Fixed(info_json={"name": "fixed"})


def sent(mock: responses.RequestsMock) -> list[tuple[str | None, str | None, Any]]:
    return [
        (call.request.method, call.request.url, json.loads(call.request.body) if call.request.body else None)
        for call in mock.calls
    ]


def run_python(source: str, *path: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*path, SHIM.parents[1])))}
    command = [sys.executable, "-c", dedent(source)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


class TestLoader:
    def test_a_package_is_named_as_fortisoar_names_it(self) -> None:
        assert loader.package_name("fortinet-incident-bridge", "1.0.0") == "connectors.fortinet-incident-bridge_1_0_0"

    def test_a_connector_is_loaded_under_the_appliances_package_name_and_knows_its_manifest(self, make: Make) -> None:
        connector = loader.load_connector(make(info={"name": "tiny-one", "version": "2.10.3", "label": "Tiny"}))
        assert type(connector).__module__ == "connectors.tiny-one_2_10_3.connector"
        assert connector._info_json == {"name": "tiny-one", "version": "2.10.3", "label": "Tiny"}
        assert connector.execute({}, "any", {}) == {"word": "hello"}

    def test_every_load_makes_a_new_object_of_the_same_class(self, make: Make) -> None:
        folder = make()
        first, second = loader.load_connector(folder), loader.load_connector(folder)
        assert first is not second
        assert type(first) is type(second)

    def test_a_relative_folder_is_the_same_connector(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = make()
        first = loader.load_connector(folder)
        monkeypatch.chdir(folder.parent)
        assert type(loader.load_connector(Path(folder.name))) is type(first)

    def test_a_folder_with_an_init_runs_it_before_the_connector(self, make: Make) -> None:
        folder = make(
            __init__="from .words import WORD\nLOUD = WORD.upper()",
            connector=dedent(CONNECTOR) + "from . import LOUD\n",
        )
        assert loader.import_module(folder, "connector").LOUD == "HELLO"
        package: Any = sys.modules["connectors.tiny-one_1_0_0"]
        assert package.__file__ == str(folder / "__init__.py")

    def test_a_failing_init_is_a_load_error_and_leaves_nothing_behind(self, make: Make) -> None:
        with pytest.raises(loader.LoadError, match=r"failed: ValueError: not today$"):
            loader.load_connector(make(__init__="raise ValueError('not today')"))
        assert not [name for name in sys.modules if "tiny-one" in name]

    def test_of_several_concrete_classes_the_first_by_name_is_taken(self, make: Make) -> None:
        folder = make(
            connector="""
            from abc import abstractmethod
            from connectors.core.connector import Connector

            class Aardvark(Connector):
                pass

            class Zebra(Connector):
                def execute(self, config, operation, params, **kwargs):
                    return None

            class Badger(Zebra):
                pass

            class Ant:
                pass
            """
        )
        assert type(loader.load_connector(folder)).__name__ == "Badger"

    def test_nothing_but_the_connector_and_what_it_asks_for_is_imported(self, make: Make) -> None:
        loader.load_connector(make(lab="raise SystemExit('imported')"))
        assert sorted(name for name in sys.modules if "tiny-one" in name) == [
            "connectors.tiny-one_1_0_0",
            "connectors.tiny-one_1_0_0.connector",
            "connectors.tiny-one_1_0_0.words",
        ]

    def test_one_module_is_imported_without_the_connector(self, make: Make) -> None:
        folder = make()
        (folder / "core").mkdir()
        (folder / "core" / "errors.py").write_text("from ..words import WORD")
        assert loader.import_module(folder, "core.errors").WORD == "hello"
        assert "connectors.tiny-one_1_0_0.connector" not in sys.modules

    def test_an_absolute_import_between_a_connectors_own_modules_fails(self, make: Make) -> None:
        folder = make(tiny_words="WORD = 1", connector=CONNECTOR.replace("from .words", "from tiny_words"))
        with pytest.raises(loader.LoadError) as caught:
            loader.load_connector(folder)
        assert str(caught.value) == (
            f"Loading {folder}/connector.py failed: ModuleNotFoundError: No module named 'tiny_words'"
        )

    def test_loading_leaves_the_import_path_alone(self, make: Make) -> None:
        before = list(sys.path)
        loader.load_connector(make())
        assert sys.path == before

    def test_another_folder_with_the_same_name_and_version_takes_the_place_of_the_first(self, make: Make) -> None:
        first = loader.load_connector(make("one"))
        second = loader.load_connector(make("two", words="WORD = 'bye'"))
        assert (first.execute({}, "", {}), second.execute({}, "", {})) == ({"word": "hello"}, {"word": "bye"})

    def test_two_versions_stand_side_by_side(self, make: Make) -> None:
        old = make("old", info={"name": "tiny-one", "version": "1.0.1"})
        new = make("new", info={"name": "tiny-one", "version": "1.0.10"}, words="WORD = 'new'")
        loader.load_connector(old)
        loader.load_connector(new)
        loader.forget(old)
        assert "connectors.tiny-one_1_0_1.words" not in sys.modules
        assert "connectors.tiny-one_1_0_10.words" in sys.modules

    @pytest.mark.parametrize("by_name", [True, False])
    def test_a_forgotten_connector_is_imported_afresh(self, make: Make, by_name: bool) -> None:
        folder = make()
        old = loader.load_connector(folder)
        (folder / "words.py").write_text("WORD = 'a longer word'")
        loader.forget("connectors.tiny-one_1_0_0" if by_name else folder)
        assert not [name for name in sys.modules if "tiny-one" in name]
        new = loader.load_connector(folder)
        assert (old.execute({}, "", {}), new.execute({}, "", {})) == ({"word": "hello"}, {"word": "a longer word"})

    def test_a_folder_that_is_gone_can_be_forgotten(self, make: Make) -> None:
        folder = make()
        loader.load_connector(folder)
        folder.rename(folder.with_name("elsewhere"))
        loader.forget(folder)
        assert not [name for name in sys.modules if "tiny-one" in name]

    def test_forgetting_what_was_never_loaded_does_nothing(self, tmp_path: Path) -> None:
        before = set(sys.modules)
        loader.forget(tmp_path)
        loader.forget("connectors.never_1_0_0")
        assert set(sys.modules) == before

    def test_a_folder_without_a_manifest_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(loader.LoadError) as caught:
            loader.load_connector(tmp_path)
        assert str(caught.value) == f"There is no info.json in {tmp_path}."

    def test_a_manifest_that_is_no_json_is_refused_with_the_place(self, make: Make) -> None:
        with pytest.raises(loader.LoadError, match=r"info\.json is not valid JSON: .*line 1 column 2"):
            loader.load_connector(make(info="{name"))

    @pytest.mark.parametrize(
        "info", [[], {"name": "tiny-one"}, {"name": "", "version": "1.0.0"}, {"name": "x", "version": 1}]
    )
    def test_a_manifest_without_name_and_version_is_refused(self, make: Make, info: Any) -> None:
        with pytest.raises(loader.LoadError, match=r"info\.json must be an object whose name and version are texts\.$"):
            loader.load_connector(make(info=info))

    def test_a_folder_without_a_connector_module_is_refused(self, make: Make) -> None:
        folder = make()
        (folder / "connector.py").unlink()
        with pytest.raises(loader.LoadError) as caught:
            loader.load_connector(folder)
        assert str(caught.value) == f"There is no connector.py in {folder}."

    def test_a_connector_that_does_not_import_is_refused_with_the_cause_and_leaves_nothing_behind(
        self, make: Make
    ) -> None:
        folder = make(connector="from .words import WORD\nimport no_such_library")
        with pytest.raises(loader.LoadError) as caught:
            loader.load_connector(folder)
        assert str(caught.value) == (
            f"Loading {folder}/connector.py failed: ModuleNotFoundError: No module named 'no_such_library'"
        )
        assert isinstance(caught.value.__cause__, ModuleNotFoundError)
        assert not [name for name in sys.modules if "tiny-one" in name]

    def test_a_connector_with_a_syntax_error_is_refused_with_its_line(self, make: Make) -> None:
        with pytest.raises(loader.LoadError, match=r"SyntaxError: .*\(connector\.py, line 2\)$"):
            loader.load_connector(make(connector="x = 1\ndef ("))

    def test_a_connector_that_cannot_be_constructed_is_refused(self, make: Make) -> None:
        source = dedent(CONNECTOR) + "    def __init__(self, **kwargs):\n        raise KeyError('host')\n"
        with pytest.raises(loader.LoadError, match=r"failed: KeyError: 'host'$"):
            loader.load_connector(make(connector=source))

    def test_a_module_without_a_concrete_class_is_refused(self, make: Make) -> None:
        folder = make(connector="from connectors.core.connector import Connector\nclass Half(Connector):\n    pass\n")
        with pytest.raises(loader.LoadError) as caught:
            loader.load_connector(folder)
        assert str(caught.value) == f"There is no concrete subclass of Connector in {folder}/connector.py."
        assert not [name for name in sys.modules if "tiny-one" in name]


class TestEnsureSdk:
    def test_the_appliances_own_packages_go_before_the_stand_ins(self, tmp_path: Path) -> None:
        (tmp_path / "connectors" / "core").mkdir(parents=True)
        (tmp_path / "connectors" / "core" / "connector.py").write_text("REAL = True")
        printed = run_python(
            """
            import sys
            from vendor.connectors_sdk_shim import loader
            loader.ensure_sdk()
            from connectors.core.connector import REAL
            print(REAL, str(loader.PACKAGES) in sys.path)
            """,
            tmp_path,
        )
        assert printed == "True False\n"

    def test_a_mere_folder_named_connectors_does_not_hide_the_stand_ins(self, tmp_path: Path) -> None:
        (tmp_path / "connectors").mkdir()
        printed = run_python(
            """
            import sys
            from vendor.connectors_sdk_shim import loader
            loader.ensure_sdk()
            loader.ensure_sdk()
            from connectors.core.connector import Connector
            print(Connector.__module__, sys.path.count(str(loader.PACKAGES)))
            """,
            tmp_path,
        )
        assert printed == "connectors.core.base_connector 1\n"

    def test_an_sdk_that_is_there_but_broken_is_not_papered_over(self, tmp_path: Path) -> None:
        (tmp_path / "connectors" / "core").mkdir(parents=True)
        (tmp_path / "connectors" / "core" / "connector.py").write_text("import no_such_library")
        printed = run_python("from vendor.connectors_sdk_shim import loader; loader.ensure_sdk()", tmp_path)
        assert printed.endswith("ModuleNotFoundError: No module named 'no_such_library'\n")

    def test_the_base_class_is_importable_without_requests(self) -> None:
        printed = run_python(
            """
            import sys
            from vendor.connectors_sdk_shim import loader
            loader.ensure_sdk()
            import integrations.crudhub, connectors.core.utils, connectors.cyops_utilities.builtins
            print("requests" in sys.modules)
            """
        )
        assert printed == "False\n"

    @pytest.mark.parametrize("path", sorted(SHIM.rglob("*.py")), ids=lambda path: str(path.relative_to(SHIM)))
    def test_every_file_is_written_for_python_3_9_and_needs_nothing_but_requests(self, path: Path) -> None:
        source = path.read_bytes().decode("ascii")
        allowed = sys.stdlib_module_names | {"requests", "connectors", "integrations"}
        for node in ast.walk(ast.parse(source, feature_version=(3, 9))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [str(node.module)]
            assert {name.split(".")[0] for name in names} <= allowed


class TestConnector:
    def test_a_plain_value_is_wrapped_in_the_envelope(self) -> None:
        assert returning({"a": 1})._handle_operation({"config": {}, "operation": "x", "params": {}}) == {
            "operation": None,
            "status": "Success",
            "message": "",
            "data": {"a": 1},
            "env": {},
        }

    @pytest.mark.parametrize("value", [None, {}, [], 0, "", False])
    def test_an_empty_plain_value_stays_as_it_is(self, value: Any) -> None:
        data = returning(value)._handle_operation({})["data"]
        assert data == value
        assert type(data) is type(value)

    def test_execute_gets_the_three_inputs_and_the_keywords(self) -> None:
        calls = []

        class Spy(sdk.Connector):  # type: ignore[misc]
            def execute(self, *args: Any, **kwargs: Any) -> Any:
                calls.append((args, kwargs))

        inputs = {"config": {"c": 1}, "operation": "op", "params": {"p": 2}}
        Spy()._handle_operation(inputs, env={"request": {}})
        Spy()._handle_operation({})
        assert calls == [
            (({"c": 1}, "op", {"p": 2}), {"env": {"request": {}}}),
            (({}, "", {}), {}),
        ]

    def test_what_a_connector_puts_into_env_is_in_the_envelope(self) -> None:
        class Saver(sdk.Connector):  # type: ignore[misc]
            def execute(self, config: Any, operation: Any, params: Any, **kwargs: Any) -> Any:
                builtins.save_file_in_env(kwargs["env"], "a")
                builtins.save_file_in_env(kwargs["env"], "b")

        assert Saver()._handle_operation({}, env={})["env"] == {"files": ["a", "b"]}

    def test_a_tuple_is_read_as_data_and_binary_flag(self) -> None:
        connector = returning(({"a": 1}, True))
        assert connector._handle_operation({})["data"] == {"a": 1}
        assert connector._result.get_binary() is True

    def test_a_tuple_of_one_is_an_index_error(self) -> None:
        with pytest.raises(IndexError):
            returning((1,))._handle_operation({})

    def test_what_a_result_has_set_is_merged_into_the_envelope(self) -> None:
        result = sdk.Result()
        result.set_operation("op")
        result.set_status("Partial")
        result.set_message("half")
        result.set_data([1])
        assert returning(result)._handle_operation({}, env={"kept": 1}) == {
            "operation": "op",
            "status": "Partial",
            "message": "half",
            "data": [1],
            "env": {"kept": 1},
        }

    def test_the_empty_data_of_a_result_becomes_an_empty_list(self) -> None:
        result = sdk.Result()
        result.set_data({})
        assert returning(result)._handle_operation({})["data"] == []

    @pytest.mark.parametrize(("message", "expected"), [("", "the cause"), ("said so", "said so")])
    def test_a_failed_result_is_raised_with_its_message(self, message: str, expected: str) -> None:
        result = sdk.Result()
        result.set_result("Failed", message, ValueError("the cause"))
        with pytest.raises(Exception, match=f"^{expected}$") as caught:
            returning(result)._handle_operation({})
        assert type(caught.value) is Exception

    def test_an_exception_passes_unchanged(self) -> None:
        with pytest.raises(sdk.ConnectorError, match=r"^no luck$"):
            returning(sdk.ConnectorError("no luck"))._handle_operation({})

    def test_one_call_leaves_nothing_in_the_next(self) -> None:
        connector = returning({"a": 1})
        connector._handle_operation({}, env={"first": 1})
        assert connector._handle_operation({})["env"] == {}

    @pytest.mark.parametrize("returned", [None, False, True])
    def test_health_is_available_whatever_the_check_returns(self, returned: Any) -> None:
        assert returning(returned).verify_health({}, active=True) == {
            "message": "Connector is available",
            "status": "Available",
        }

    def test_health_is_disconnected_with_the_text_of_what_the_check_raised(self) -> None:
        assert returning(sdk.ConnectorError("no route")).verify_health({}, active=True) == {
            "message": "no route",
            "status": "Disconnected",
        }

    def test_health_is_deactivated_and_not_checked_unless_active(self) -> None:
        assert returning(sdk.ConnectorError("no route")).verify_health({}) == {
            "message": "Connector is available but not active. Please activate the connector to check the health.",
            "status": "Deactivated",
        }

    def test_execute_is_the_only_thing_a_connector_must_have(self) -> None:
        assert sdk.Connector.__abstractmethods__ == {"execute"}
        connector = returning(None)
        for hook, arguments in {
            "init": 0,
            "clean_up": 0,
            "handle_exception": 1,
            "on_app_start": 2,
            "on_add_config": 2,
            "on_update_config": 3,
            "on_delete_config": 1,
            "on_activate": 1,
            "on_deactivate": 1,
            "teardown": 1,
        }.items():
            assert getattr(connector, hook)(*[{}] * arguments) is None
        assert sdk.Connector.check_health(connector) is None

    def test_the_error_is_one_class_wherever_it_is_imported_from(self) -> None:
        base: Any = importlib.import_module("connectors.core.base_connector")
        assert sdk.ConnectorError is base.ConnectorError
        assert sdk.Connector is base.Connector
        assert sdk.Result is importlib.import_module("connectors.core.result").Result

    def test_loggers_are_named_under_connectors(self) -> None:
        assert sdk.get_logger("tiny") is logging.getLogger("connectors.tiny")
        assert sdk.get_logger() is logging.getLogger("connectors")


class TestApiHealthCheck:
    @responses.activate
    def test_a_good_answer_is_returned(self) -> None:
        responses.post("https://127.0.0.1/x", body="fine")
        answer = sdk.api_health_check("https://127.0.0.1/x", "POST", {"q": "1"}, "b", {"H": "1"}, False, "u", "p")
        request: Any = responses.calls[0].request
        assert answer.text == "fine"
        assert request.url == "https://127.0.0.1/x?q=1"
        assert request.body == "b"
        assert request.headers["H"] == "1"
        assert request.headers["Authorization"] == "Basic dTpw"
        assert request.req_kwargs["verify"] is False
        assert request.req_kwargs["timeout"] == 30

    @responses.activate
    @pytest.mark.parametrize(
        ("failure", "text"),
        [
            (requests.exceptions.SSLError("x"), "SSL certificate validation failed"),
            (
                requests.exceptions.ConnectTimeout("x"),
                "The request timed out while trying to connect to the remote server",
            ),
            (
                requests.exceptions.ReadTimeout("x"),
                "The server did not send any data in the allotted amount of time",
            ),
            (requests.exceptions.ConnectionError("x"), "Invalid endpoint or credentials"),
            (requests.exceptions.TooManyRedirects("round and round"), "round and round"),
        ],
    )
    def test_a_failure_has_the_platforms_text(self, failure: Exception, text: str) -> None:
        responses.get("https://127.0.0.1/", body=failure)
        with pytest.raises(sdk.ConnectorError, match=f"^{text}$"):
            sdk.api_health_check("https://127.0.0.1/")

    @responses.activate
    @pytest.mark.parametrize(
        ("status", "text"),
        [(401, "Invalid endpoint or credentials"), (403, "Unauthorized"), (404, "404 Not Found")],
    )
    def test_a_refusal_has_the_platforms_text(self, status: int, text: str) -> None:
        responses.get("https://127.0.0.1/", status=status)
        with pytest.raises(sdk.ConnectorError, match=f"^{text}$"):
            sdk.api_health_check("https://127.0.0.1/")


class TestCrudhub:
    @pytest.mark.parametrize("missing", ["FORTISOAR_URL", "FORTISOAR_API_KEY", "FORTISOAR_CA"])
    def test_without_its_binding_a_call_names_the_variables(
        self, fortisoar: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, missing: str
    ) -> None:
        monkeypatch.delenv(missing)
        with pytest.raises(sdk.ConnectorError) as caught:
            crudhub.make_request("/api/3/alerts", "GET")
        assert str(caught.value) == (
            "There is no FortiSOAR to call. Set the environment variables "
            f"FORTISOAR_URL, FORTISOAR_API_KEY, FORTISOAR_CA; missing: {missing}."
        )

    def test_a_request_carries_the_key_the_ca_and_the_body(self, fortisoar: responses.RequestsMock) -> None:
        fortisoar.post(f"{FORTISOAR}/api/3/alerts?a=1", json={"@id": "/api/3/alerts/1"})
        assert crudhub.make_request("/api/3/alerts?a=1", "POST", {"name": "x"}, timeout=1) == {"@id": "/api/3/alerts/1"}
        assert sent(fortisoar) == [("POST", f"{FORTISOAR}/api/3/alerts?a=1", {"name": "x"})]
        request: Any = fortisoar.calls[0].request
        assert request.headers["Authorization"] == "API-KEY the-key"
        assert request.req_kwargs["verify"] == "/lab/ca.pem"
        assert request.req_kwargs["timeout"] == 60

    def test_a_request_goes_around_the_users_proxies(
        self, fortisoar: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        fortisoar.get(f"{FORTISOAR}/x", json={})
        crudhub.make_request("/x", "GET")
        request: Any = fortisoar.calls[0].request
        assert not request.req_kwargs["proxies"]

    def test_an_answer_that_is_no_json_comes_as_bytes(self, fortisoar: responses.RequestsMock) -> None:
        fortisoar.get(f"{FORTISOAR}/api/3/files/1", body=b"\x00\xff")
        assert crudhub.make_request("/api/3/files/1", "GET") == b"\x00\xff"

    @pytest.mark.parametrize("iri", ["https://elsewhere.example/x", "@elsewhere.example/", "api/3/alerts"])
    def test_the_key_goes_to_no_other_address(self, fortisoar: responses.RequestsMock, iri: str) -> None:
        with pytest.raises(sdk.ConnectorError, match="is not a path on FortiSOAR"):
            crudhub.make_request(iri, "GET")

    def test_a_refusal_is_raised_with_its_body_and_address(self, fortisoar: responses.RequestsMock) -> None:
        fortisoar.get(f"{FORTISOAR}/x", json={"message": "no"}, status=404)
        with pytest.raises(requests.HTTPError) as caught:
            crudhub.make_request("/x", "GET")
        assert str(caught.value) == (
            f'404 Client Error: Not Found for url: {FORTISOAR}/x :: {{"message": "no"}} :: Url: {FORTISOAR}/x'
        )
        assert caught.value.response.status_code == 404

    @responses.activate
    def test_maybe_json_or_raise_gives_json_or_text_or_raises(self) -> None:
        responses.get("https://127.0.0.1/json", json=[1])
        responses.get("https://127.0.0.1/text", body="words")
        responses.get("https://127.0.0.1/bad", body="why", status=500)
        assert crudhub.maybe_json_or_raise(requests.get("https://127.0.0.1/json", timeout=1)) == [1]
        assert crudhub.maybe_json_or_raise(requests.get("https://127.0.0.1/text", timeout=1)) == "words"
        with pytest.raises(requests.HTTPError, match=r" :: why :: Url: https://127\.0\.0\.1/bad$"):
            crudhub.maybe_json_or_raise(requests.get("https://127.0.0.1/bad", timeout=1))

    def test_a_file_is_uploaded_as_a_form(self, fortisoar: responses.RequestsMock) -> None:
        form = responses.matchers.multipart_matcher({"file": ("a.txt", b"abc", "text/plain")})
        fortisoar.post(f"{FORTISOAR}/api/3/files", json={"@id": "/api/3/files/1"}, match=[form])
        assert crudhub.make_file_upload_request("a.txt", b"abc", "text/plain") == {"@id": "/api/3/files/1"}

    def test_records_are_ingested_in_batches_without_repeats(self, fortisoar: responses.RequestsMock) -> None:
        address = f"{FORTISOAR}/api/triggers/1/notrigger/the-uuid"
        fortisoar.post(address, json={"task_id": "1"})
        fortisoar.post(address, json={"task_id": "2"})
        records = [{"id": 1, "n": "old"}, {"no": 1}, {"id": 1, "n": "new"}, {"no": 1}]
        replies = crudhub.trigger_ingest_playbook(
            records, "/api/3/workflows/the-uuid/", {}, batch_size=2, dedup_field="id", pb_params={"p": 1}
        )
        assert replies == [{"task_id": "1"}, {"task_id": "2"}]

        def started(batch: list[Any]) -> Any:
            body = {"input": {"params": {"p": 1, "ingestedData": batch}}, "request": {"data": {}}}
            return ("POST", address, {**body, "useMockOutput": False, "globalMock": False})

        assert sent(fortisoar) == [started([{"id": 1, "n": "new"}, {"no": 1}]), started([{"no": 1}])]

    def test_a_password_is_handed_back_as_it_came(self) -> None:
        passwords: Any = importlib.import_module("integrations.password_utils")
        assert passwords.manage_password({"password": "x"}, "decrypt") == {"password": "x"}


class TestUpdateConfig:
    ADDRESS = f"{FORTISOAR}/api/integration/configuration/the-id/"
    STORED = {  # noqa: RUF012 - read only
        "agent": "self",
        "config": {"token": "*"},
        "config_id": "the-id",
        "connector": 80,
        "default": True,
        "health_status": {},
        "id": 58,
        "name": "main",
        "remote_status": {},
        "status": 1,
        "teams": [],
    }

    @pytest.fixture
    def update(self) -> Any:
        return importlib.import_module("connectors.core.utils").update_connnector_config

    def test_the_whole_record_is_put_back_with_the_new_values(
        self, fortisoar: responses.RequestsMock, update: Any
    ) -> None:
        fortisoar.get(self.ADDRESS, json=self.STORED)
        fortisoar.put(self.ADDRESS, json={"config_id": "the-id"})
        config = {"token": "new", "config_id": "the-id", "name": "main", "connector_info": {"a": 1}}
        assert update("tiny-one", "1.0.0", config, "the-id") == {"config_id": "the-id"}
        record = {
            "agent": "self",
            "config": {"token": "new", "connector_info": {"a": 1}},
            "connector": 80,
            "connector_name": "tiny-one",
            "connector_version": "1.0.0",
            "default": True,
            "name": "main",
            "status": 1,
            "teams": [],
        }
        assert sent(fortisoar) == [("GET", self.ADDRESS, None), ("PUT", self.ADDRESS, record)]
        assert config["config_id"] == "the-id"

    def test_a_named_agent_goes_before_the_stored_one(self, fortisoar: responses.RequestsMock, update: Any) -> None:
        fortisoar.get(self.ADDRESS, json=self.STORED)
        fortisoar.put(self.ADDRESS, json={})
        update(updated_config={}, configId="the-id", agent="other")
        body = sent(fortisoar)[1][2]
        assert body["agent"] == "other"
        assert "connector_name" not in body

    def test_an_unknown_configuration_is_refused_and_nothing_is_written(
        self, fortisoar: responses.RequestsMock, update: Any
    ) -> None:
        fortisoar.get(self.ADDRESS, json={"config_id": None, "config": {}, "name": ""})
        with pytest.raises(sdk.ConnectorError, match=r"^There is no configuration the-id\.$"):
            update("tiny-one", "1.0.0", {}, "the-id")

    def test_a_configuration_must_be_named(self, update: Any) -> None:
        with pytest.raises(sdk.ConnectorError, match="needs the configId"):
            update("tiny-one", "1.0.0", {})


class TestBuiltins:
    def test_an_attachments_file_is_downloaded_under_a_name_of_its_own(
        self, fortisoar: responses.RequestsMock, files: Path
    ) -> None:
        fortisoar.get(f"{FORTISOAR}/api/3/attachments/1", json={"file": {"@id": "/api/3/files/2"}})
        header = {"Content-Disposition": 'attachment; filename="../a.json"'}
        fortisoar.get(f"{FORTISOAR}/api/3/files/2", body=b"{}", headers=header)
        got = builtins.download_file_from_cyops("/api/3/attachments/1", None)
        assert got["filename"] == "../a.json"
        assert [path.name for path in files.iterdir()] == [got["cyops_file_path"]]
        assert (files / got["cyops_file_path"]).read_bytes() == b"{}"

    def test_a_file_without_a_declared_name_is_named_by_its_address(
        self, fortisoar: responses.RequestsMock, files: Path
    ) -> None:
        fortisoar.get(f"{FORTISOAR}/api/3/files/2", body=b"x")
        assert builtins.download_file_from_cyops("/api/3/files/2")["filename"] == "2"

    def test_a_file_is_uploaded_and_attached(self, fortisoar: responses.RequestsMock, files: Path) -> None:
        (files / "a").write_bytes(b"abc")
        form = responses.matchers.multipart_matcher({"file": ("a.txt", b"abc", "text/plain")})
        fortisoar.post(f"{FORTISOAR}/api/3/files", json={"@id": "/api/3/files/1"}, match=[form])
        attachment = {"name": "Evidence", "file": {"@id": "/api/3/files/1"}}
        body = responses.matchers.json_params_matcher({"name": "Evidence", "file": "/api/3/files/1"})
        fortisoar.post(f"{FORTISOAR}/api/3/attachments", json=attachment, match=[body])
        assert builtins.upload_file_to_cyops(file_path="a", filename="a.txt", name="Evidence") == attachment

    def test_a_file_is_uploaded_without_an_attachment(self, fortisoar: responses.RequestsMock, files: Path) -> None:
        (files / "a").write_bytes(b"abc")
        fortisoar.post(f"{FORTISOAR}/api/3/files", json={"@id": "/api/3/files/1"})
        assert builtins.upload_file_to_cyops("a", create_attachment=False) == {"@id": "/api/3/files/1"}

    def test_a_text_becomes_a_file_that_stays_in_the_folder(self, files: Path) -> None:
        assert builtins.create_file_from_string("abc", "../../a.txt") == {
            "md5": "900150983cd24fb0d6963f7d28e17f72",
            "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "filename": "a.txt",
            "content_length": 3,
            "content_type": "text/plain",
        }
        assert (files / "a.txt").read_text() == "abc"

    def test_artifacts_are_found_once_each(self) -> None:
        text = f"10.0.0.1 and 10.0.0.1, 999.1.1.1, a@b.org, https://c.example/d {'a' * 32} {'b' * 40} {'c' * 64}"
        assert builtins.extract_artifacts(text) == {
            "ip": ["10.0.0.1"],
            "url": ["https://c.example/d"],
            "email": ["a@b.org"],
            "md5": ["a" * 32],
            "sha1": ["b" * 40],
            "sha256": ["c" * 64],
        }
        assert builtins.extract_artifacts("nothing") == {}

    def test_an_archive_is_unpacked_inside_the_folder_and_removed(
        self, fortisoar: responses.RequestsMock, files: Path
    ) -> None:
        archive = BytesIO()
        with zipfile.ZipFile(archive, "w") as writing:
            writing.writestr("../evil.txt", "e")
            writing.writestr("deep/a.txt", "a")
        fortisoar.get(f"{FORTISOAR}/api/3/files/2", body=archive.getvalue())
        names = builtins.unzip_protected_file(file_iri="/api/3/files/2")["filenames"]
        assert [(files / name).read_text() for name in names] == ["a", "e"]
        assert [path.is_dir() for path in files.iterdir()] == [True]

    def test_a_protected_archive_is_unpacked_with_its_password(
        self, fortisoar: responses.RequestsMock, files: Path
    ) -> None:
        fortisoar.get(f"{FORTISOAR}/api/3/files/2", body=GUARDED_ARCHIVE)
        (name,) = builtins.unzip_protected_file("infected", "/api/3/files/2")["filenames"]
        assert (files / name).read_text() == "guarded"


class TestMakeCurl:
    @pytest.fixture
    def make_curl(self) -> Any:
        return importlib.import_module("connectors.debug_utils.curl_script").make_curl

    def test_the_command_says_the_whole_request_but_masks_the_authorization(self, make_curl: Any) -> None:
        headers = {"authorization": "ApiKey secret", "Accept": "application/json"}
        command = make_curl(
            "post", "https://h/x?a=1", headers=headers, params={"q": "a b"}, data={"k": "it's"}, verify_ssl=False
        )
        assert command == (
            "curl -X POST -H 'authorization: ***' -H 'Accept: application/json' "
            """--data '{"k": "it'"'"'s"}' --insecure 'https://h/x?a=1&q=a+b'"""
        )

    def test_a_plain_request_is_a_plain_command(self, make_curl: Any) -> None:
        assert make_curl("GET", "https://h/x") == "curl -X GET https://h/x"
        assert make_curl("GET", "https://h/x", params={"a": 1}, data="b") == "curl -X GET --data b 'https://h/x?a=1'"
