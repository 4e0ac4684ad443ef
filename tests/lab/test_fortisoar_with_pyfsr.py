"""The local FortiSOAR under a client that was written against the real one: pyfsr, over TLS."""

from __future__ import annotations

import io
import json
import ssl
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.fernet import Fernet
from pyfsr import FortiSOAR
from pyfsr.exceptions import APIError, ConfigurationExistsError, ConfigValidationError

from lab.fortisoar import FortiSoar
from lab.kit.clock import Clock
from lab.servers import Site, listening, serving

# A FortiSOAR, its base URL and its CA's file; the last is Any because pyfsr declares verify_ssl as bool alone.
Address = tuple[FortiSoar, str, Any]

INFO = """{
  "name": "sample-product", "label": "Sample Product", "version": "1.0.0", "category": "Utilities",
  "publisher": "Community", "description": "Speaks to nothing at all.",
  "configuration": {"fields": [
    {"title": "Server", "name": "server", "type": "text", "required": true, "editable": true, "visible": true},
    {"title": "API Key", "name": "api_key", "type": "password", "required": true, "editable": true, "visible": true},
    {"title": "Verify SSL", "name": "verify_ssl", "type": "checkbox", "required": false, "value": true,
     "editable": true, "visible": true}]},
  "operations": [
    {"operation": "greet", "title": "Greet", "parameters": [
      {"title": "Name", "name": "name", "type": "text", "required": true, "editable": true, "visible": true}]},
    {"operation": "show_key", "title": "Show Key", "parameters": []},
    {"operation": "rotate", "title": "Rotate Key", "parameters": []}]
}"""
CODE = """
from connectors.core.connector import Connector, ConnectorError
from connectors.core.utils import update_connnector_config


class Sample(Connector):
    def execute(self, config, operation, params, **kwargs):
        if operation == "rotate":
            fresh = dict(config, api_key="rotated")
            return update_connnector_config("sample-product", "1.0.0", fresh, config["config_id"])["config"]
        if operation == "show_key":
            return {"length": len(config["api_key"]), "key": config["api_key"]}
        return {"greeting": "Hello " + params["name"], "server": config["server"]}

    def check_health(self, config):
        if config["server"] != "https://there.example":
            raise ConnectorError("Nobody answers at " + config["server"])
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """Serve one FortiSOAR over TLS; give it with its base URL and its CA's file."""
    folder = tmp_path_factory.mktemp("live")
    authority = trustme.CA()
    ca = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with listening({"https": 0}) as listeners:
        url = f"https://127.0.0.1:{listeners['https'].getsockname()[1]}"
        environment = {"FORTISOAR_URL": url, "FORTISOAR_API_KEY": "k3y", "FORTISOAR_CA": str(ca)}
        soar = FortiSoar(folder, Clock(), "csadmin", "pa55", "k3y", Fernet.generate_key(), environment, workers=1)
        with serving([Site(listeners["https"], soar.app, tls)]):
            yield soar, url, str(ca)
        soar.close()


@pytest.fixture(autouse=True)
def own_ca_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["password", "API key"])
def client(request: pytest.FixtureRequest, address: Address) -> Iterator[FortiSOAR]:
    soar, url, ca = address
    soar.reset()
    if request.param == "password":
        made = FortiSOAR(url, username="csadmin", password="pa55", verify_ssl=ca)
    else:
        made = FortiSOAR(url, api_key="k3y", verify_ssl=ca)
    yield made
    made.session.close()


@pytest.fixture
def archive(tmp_path: Path) -> str:
    return packed(tmp_path, INFO)


@pytest.fixture
def installed(client: FortiSOAR, archive: str) -> dict[str, Any]:
    row: dict[str, Any] = client.connectors.install_from_file(archive)
    return row


@pytest.fixture
def configured(client: FortiSOAR, installed: dict[str, Any]) -> Any:
    return configure(client)


def packed(folder: Path, info: str) -> str:
    path = folder / "sample-product.tgz"
    with tarfile.open(path, mode="w:gz") as tar:
        for name, text in {"info.json": info, "connector.py": CODE}.items():
            member = tarfile.TarInfo(f"sample-product/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return str(path)


def configure(client: FortiSOAR, **more: Any) -> Any:
    config = {"server": "https://there.example", "api_key": "first"} | more.pop("config", {})
    given: dict[str, Any] = {"name": "Main", "version": "1.0.0", "default": True} | more
    return client.connectors.create_configuration("sample-product", config, **given)


def test_an_installed_connector_is_listed_with_its_id(client: FortiSOAR, installed: dict[str, Any]) -> None:
    assert isinstance(installed["id"], int)
    (listed,) = client.connectors.list_configured(refresh=True)
    assert (listed.id, listed.name, listed.version, listed.status) == (
        installed["id"],
        "sample-product",
        "1.0.0",
        "Completed",
    )
    assert client.connectors.find_installed_connectors("sample product")[0].active is True


def test_the_definition_carries_schema_and_operations(client: FortiSOAR, installed: dict[str, Any]) -> None:
    definition = client.connectors.definition("sample-product", version="1.0.0")
    assert [field.name for field in definition.config_schema.fields] == ["server", "api_key", "verify_ssl"]
    assert [operation.operation for operation in definition.operations] == ["greet", "show_key", "rotate"]
    assert client.connectors.connector_detail("sample-product")["installed"] is True


def test_a_created_configuration_hides_its_secret(client: FortiSOAR, configured: Any) -> None:
    assert configured.config == {"server": "https://there.example", "api_key": "NULL", "verify_ssl": True}
    assert client.connectors.resolve_config("sample-product", "Main") == configured.config_id
    (row,) = client.connectors.list_configurations(name="Main", connector="sample-product")
    assert (row.config_id, row.status) == (configured.config_id, 1)


def test_a_second_configuration_of_the_same_name_is_recognised(client: FortiSOAR, configured: Any) -> None:
    with pytest.raises(ConfigurationExistsError):
        configure(client)
    assert configure(client, exist_ok=True).config_id == configured.config_id


def test_a_mistyped_field_is_refused_before_it_is_sent(client: FortiSOAR, installed: dict[str, Any]) -> None:
    with pytest.raises(ConfigValidationError, match="did you mean"):
        configure(client, config={"servr": "x"})


def test_health_is_checked_by_default_by_name_and_by_id(client: FortiSOAR, configured: Any) -> None:
    for config in (None, "Main", configured.config_id):
        checked = client.connectors.healthcheck("sample-product", version="1.0.0", config=config)
        assert (checked.status, checked.message, checked.ok) == ("Available", "Connector is available", True)
        assert checked.config_id == configured.config_id


def test_health_tells_why_it_is_disconnected(client: FortiSOAR, installed: dict[str, Any]) -> None:
    configure(client, config={"server": "https://nowhere.example"})
    checked = client.connectors.healthcheck("sample-product")
    assert (checked.status, checked.message) == ("Disconnected", "Nobody answers at https://nowhere.example")


def test_health_without_a_configuration_is_no_config(client: FortiSOAR, installed: dict[str, Any]) -> None:
    assert client.connectors.healthcheck("sample-product", version="1.0.0").status == "no-config"


@pytest.mark.parametrize("config", [None, "Main"])
def test_an_action_runs_with_the_stored_secret(client: FortiSOAR, configured: Any, config: str | None) -> None:
    result = client.connectors.execute("sample-product", "greet", params={"name": "you"}, config=config)
    assert result.ok
    assert result.data == {"greeting": "Hello you", "server": "https://there.example"}
    assert client.connectors.execute("sample-product", "show_key").data["key"] == "first"


def test_a_failed_action_carries_the_platforms_words(client: FortiSOAR, configured: Any) -> None:
    with pytest.raises(APIError, match="Parameters Name have either blank value or not provided"):
        client.connectors.execute("sample-product", "greet")


def test_an_action_may_change_its_own_configuration(client: FortiSOAR, configured: Any) -> None:
    assert client.connectors.execute("sample-product", "rotate").data["api_key"] == "NULL"
    assert client.connectors.execute("sample-product", "show_key").data["key"] == "rotated"


def test_an_update_changes_one_field_and_keeps_the_secret(client: FortiSOAR, configured: Any) -> None:
    updated = client.connectors.update_configuration(
        "sample-product",
        configured.config_id,
        {"server": "https://other.example", "api_key": "NULL"},
        name="Renamed",
        default=True,
    )
    assert (updated.name, updated.config["server"]) == ("Renamed", "https://other.example")
    assert client.connectors.execute("sample-product", "show_key").data["key"] == "first"


def test_making_a_configuration_the_default_keeps_the_secret(client: FortiSOAR, configured: Any) -> None:
    second = configure(client, name="Second", config={"api_key": "second"})
    client.connectors.set_default_configuration("sample-product", name="Main")
    rows = {row.config_id: row.default for row in client.connectors.list_configurations()}
    assert rows == {configured.config_id: True, second.config_id: False}
    assert client.connectors.execute("sample-product", "show_key").data["key"] == "first"


def test_dependencies_and_output_schema_can_be_asked_for(client: FortiSOAR, configured: Any) -> None:
    assert client.connectors.dependencies_status("sample-product").dependencies_installed is True
    assert client.connectors.install_dependencies("sample-product")["dependencies_installed"] is True
    assert client.connectors.output_schema("sample-product", "greet")["data"] == {"output_schema": {}}
    assert client.connectors.ingestion_sources() == []


def test_a_replacement_keeps_the_configuration(client: FortiSOAR, configured: Any, tmp_path: Path) -> None:
    newer = packed(tmp_path, json.dumps(json.loads(INFO) | {"version": "1.1.0"}))
    assert client.connectors.install_from_file(newer, replace=True)["version"] == "1.1.0"
    assert client.connectors.resolve_version("sample-product") == "1.1.0"
    assert client.connectors.healthcheck("sample-product", config="Main").config_id == configured.config_id


def test_a_configuration_and_its_connector_can_be_removed(client: FortiSOAR, configured: Any) -> None:
    client.connectors.delete_configuration(configured.config_id)
    assert client.connectors.list_configurations() == []
    client.connectors.uninstall("sample-product")
    assert client.connectors.list_configured(refresh=True) == []


def test_the_version_is_told(client: FortiSOAR) -> None:
    assert client.version() == "7.6.5-5662"


def test_an_expired_token_is_renewed_by_the_client(address: Address, archive: str) -> None:
    soar, url, ca = address
    soar.reset()
    made = FortiSOAR(url, username="csadmin", password="pa55", verify_ssl=ca)
    made.session.headers["Authorization"] = "Bearer out-of-date"
    assert made.connectors.list_configured() == []
    made.session.close()


def test_a_wrong_api_key_is_recognised(address: Address) -> None:
    _, url, ca = address
    with pytest.raises(APIError, match="Invalid API key"):
        FortiSOAR(url, api_key="wrong", verify_ssl=ca)
