"""The local FortiSOAR's API: key sets, statuses and words as the appliance has them, and connectors that misbehave."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import select
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from starlette.testclient import TestClient

from lab.fortisoar import FortiSoar
from lab.fortisoar.archive import LARGEST_MANIFEST
from lab.fortisoar.requirements import Requirements
from lab.fortisoar.unpacking import LARGEST, LARGEST_DESCRIPTION, MOST_MEMBERS
from lab.fortisoar.worker import Job
from lab.fortisoar.workers import WorkerFailed, Workers
from lab.kit.clock import Clock
from lab.kit.product import Product

ROOT = Path(__file__).resolve().parents[2]
KEY = Fernet.generate_key()
MISLEADING = "Connector with same name is already active."
TAG = "Connector :: probeV1.2.0"
FAILED = "CS-INTEGRATION-5: Error occurred while executing the connector action ERROR :: "
SECRET = "s3cret-value"

CODE = """
import datetime
import json
import os
import signal
import sys
import threading

from connectors.core.connector import Connector, ConnectorError, get_logger

from .helper import NUMBER

logger = get_logger("probe")
CALLS = []


class Unpleasant(Exception):
    pass


class Unspeakable(Exception):
    def __str__(self):
        raise SystemExit("no text")


class Refused(ConnectorError):
    def __str__(self):
        return 5


class Probe(Connector):
    def execute(self, config, operation, params, **kwargs):
        CALLS.append(operation)
        return getattr(self, operation)(config, params, kwargs)

    def check_health(self, config):
        if config.get("server") == "down":
            raise ConnectorError("The server is down")
        if config.get("server") == "killer":
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    def echo(self, config, params, kwargs):
        return {"config": config, "params": params, "kwargs": kwargs, "number": NUMBER}

    def calls(self, config, params, kwargs):
        return {"calls": len(CALLS), "pid": os.getpid(), "marker": os.environ.get("MARKER"), "path": sys.path}

    def fail(self, config, params, kwargs):
        raise Unpleasant("it broke")

    def refuse(self, config, params, kwargs):
        raise ConnectorError("I will not")

    def leave(self, config, params, kwargs):
        sys.exit(3)

    def interrupt(self, config, params, kwargs):
        raise KeyboardInterrupt("interrupted")

    def end_generator(self, config, params, kwargs):
        raise GeneratorExit("ended")

    def speechless(self, config, params, kwargs):
        raise Unspeakable

    def wordless(self, config, params, kwargs):
        raise Refused

    def close_all(self, config, params, kwargs):
        os.closerange(3, 4096)

    def crash(self, config, params, kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    def hang(self, config, params, kwargs):
        threading.Event().wait()

    def not_a_number(self, config, params, kwargs):
        return {"value": float("nan")}

    def moment(self, config, params, kwargs):
        return datetime.datetime.now()

    def nothing(self, config, params, kwargs):
        return None

    def surrogate(self, config, params, kwargs):
        return chr(0xD800)

    def chatter(self, config, params, kwargs):
        print("printed by the connector")
        logger.warning("logged by the connector")

    def _note(self, *what):
        if os.environ.get("HOOKS"):
            with open(os.environ["HOOKS"], "a") as notes:
                notes.write(json.dumps(what) + chr(10))

    def on_add_config(self, config, active):
        self._note("on_add_config", config, active)
        if config.get("server") == "unwelcome":
            raise ConnectorError("not this server")

    def on_update_config(self, old_config, new_config, active):
        self._note("on_update_config", old_config["server"], new_config["server"], active)

    def on_delete_config(self, config):
        self._note("on_delete_config", config["server"])

    def on_activate(self, config):
        self._note("on_activate", config.get("server"))

    def on_deactivate(self, config):
        self._note("on_deactivate", config.get("server"))

    def teardown(self, config):
        self._note("teardown", config.get("server"))
"""


def field(name: str, kind: str = "text", required: bool = False, **more: Any) -> dict[str, Any]:
    title = name.replace("_", " ").title()
    return {"name": name, "title": title, "type": kind, "required": required, "editable": True, "visible": True} | more


def action(name: str, *parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"operation": name, "title": name.title(), "description": name, "parameters": list(parameters)} | more


def manifest() -> dict[str, Any]:
    methods = [
        "calls",
        "fail",
        "refuse",
        "leave",
        "interrupt",
        "end_generator",
        "speechless",
        "wordless",
        "close_all",
        "crash",
        "hang",
        "not_a_number",
        "moment",
        "nothing",
        "surrogate",
        "chatter",
        "unwritten",
    ]
    return {
        "name": "probe",
        "label": "Probe",
        "version": "1.2.0",
        "description": "Shows what the platform does.",
        "publisher": "Community",
        "category": "Utilities",
        "configuration": {
            "fields": [
                field("server", required=True),
                field("port", "integer"),
                field("password", "password", required=True),
                field(
                    "method",
                    "select",
                    options=["Token"],
                    onchange={"Token": [field("token", "password", required=True), field("scope")]},
                ),
                field("verify_ssl", "checkbox", value=True, onchange={"false": [field("reason")]}),
            ]
        },
        "operations": [
            action(
                "echo", field("text", required=True), field("count", "integer"), field("note"), category="utilities"
            ),
            action("free", is_config_required=False),
            *[action(method) for method in methods],
        ],
    }


def packed(info: Any = None, **files: str | None) -> bytes:
    """Make an archive of the probe; further files by path, ``None`` leaves one out."""
    info = manifest() if info is None else info
    contents: dict[str, str | None] = {
        "probe/info.json": info if isinstance(info, str) else json.dumps(info),
        "probe/connector.py": CODE,
        "probe/helper.py": "NUMBER = 1\n",
    }
    return tar_of({**contents, **files})


def tar_of(contents: dict[str, str | None], *members: tarfile.TarInfo) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for path, text in contents.items():
            if text is not None:
                member = tarfile.TarInfo(path)
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
        for member in members:
            tar.addfile(member)
    return target.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fortisoar")


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def one_for_all(folder: Path, clock: Clock) -> Iterator[FortiSoar]:
    environment = {"HOOKS": str(folder / "hooks.txt"), "MARKER": "of the lab"}
    made = FortiSoar(folder, clock, "csadmin", "pa55", "k3y", KEY, environment, workers=1, call_limit=3)
    yield made
    made.close()


@pytest.fixture
def soar(one_for_all: FortiSoar, folder: Path, clock: Clock) -> FortiSoar:
    one_for_all.reset()
    clock.reset()
    (folder / "hooks.txt").write_text("")
    return one_for_all


@pytest.fixture
def client(soar: FortiSoar) -> TestClient:
    return TestClient(soar.app, base_url="https://127.0.0.1", headers={"Authorization": "API-KEY k3y"})


@pytest.fixture
def connector(client: TestClient) -> dict[str, Any]:
    return install(client)


@pytest.fixture
def configured(client: TestClient, connector: dict[str, Any]) -> dict[str, Any]:
    return configure(client, connector)


def install(client: TestClient, content: bytes | None = None, replace: bool = False) -> dict[str, Any]:
    answer = upload(client, packed() if content is None else content, replace)
    assert answer.status_code == 200, answer.text
    row: dict[str, Any] = answer.json()
    return row


def upload(client: TestClient, content: bytes, replace: bool = False) -> Any:
    query = "$type=connector" + ("&$replace=true" if replace else "")
    files = {"file": ("probe.tgz", content, "application/gzip")}
    return client.post(f"/api/3/solutionpacks/install?{query}", files=files)


def configure(client: TestClient, connector: dict[str, Any], **more: Any) -> dict[str, Any]:
    config = {"server": "srv", "password": SECRET, "verify_ssl": True} | more.pop("config", {})
    body = {"connector": connector["id"], "name": "Main", "default": True, "config": config} | more
    answer = client.post("/api/integration/configuration/", json=body)
    assert answer.status_code == 201, answer.text
    row: dict[str, Any] = answer.json()
    return row


def execute(client: TestClient, operation: str, **more: Any) -> Any:
    body = {"connector": "probe", "version": "1.2.0", "operation": operation, "params": {}} | more
    return client.post("/api/integration/execute/", json=body)


def health(client: TestClient, query: str = "") -> Any:
    return client.get(f"/api/integration/connectors/healthcheck/probe/1.2.0/{query}")


def details(client: TestClient) -> dict[str, Any]:
    row: dict[str, Any] = client.post("/api/integration/connectors/probe/1.2.0/", json={}).json()
    return row


def failure(message: str) -> dict[str, Any]:
    return {"message": message, "status": "failed", "_status": False}


def hooks(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "hooks.txt").read_text().splitlines()]


def test_installing_configuring_running_and_removing_a_connector_are_in_the_audit_log(client: TestClient) -> None:
    connector = install(client)
    config = configure(client, connector)
    client.put(f"/api/integration/configuration/{config['config_id']}/", json=config | {"name": "Other"})
    execute(client, "echo", config="Other", params={"text": "x"})
    for active in (False, True):
        client.put(f"/api/integration/connectors/{connector['id']}/", json={"active": active})
    client.delete(f"/api/integration/configuration/{config['config_id']}/")
    client.delete(f"/api/integration/connectors/{connector['id']}/")
    lines = client.post("/api/gateway/audit/activities", json={}).json()["content"]
    assert [(line["operation"], line["title"]) for line in reversed(lines)] == [
        ("Install", "Connector [probe 1.2.0] Installed"),
        ("AddConfig", "Configuration [Main] Added"),
        ("UpdateConfig", "Configuration [Other] Updated"),
        ("Executed Action", "Action [echo] of connector [probe] Executed"),
        ("Deactivate", "Connector [probe] Deactivated"),
        ("Activate", "Connector [probe] Activated"),
        ("DeleteConfig", f"Configuration [{config['config_id']}] Deleted"),
        ("Uninstall", f"Connector [{connector['id']}] Removed"),
    ]
    assert SECRET not in json.dumps(lines)


# ---- who may come in


def test_a_login_gives_a_bearer_token_that_opens_the_api(client: TestClient) -> None:
    answer = client.post("/auth/authenticate", json={"credentials": {"loginid": "csadmin", "password": "pa55"}})
    assert answer.status_code == 200
    assert list(answer.json()) == ["token"]
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert client.get("/api/integration/connectors/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "credentials",
    [{"loginid": "csadmin", "password": "no"}, {"loginid": "no", "password": "pa55"}, {}, None, "csadmin"],
)
def test_wrong_credentials_are_401_with_a_hydra_error(client: TestClient, credentials: Any) -> None:
    answer = client.post("/auth/authenticate", json={"credentials": credentials})
    assert answer.status_code == 401
    assert answer.json() == {
        "@context": "/api/3/contexts/Error",
        "@type": "Error",
        "hydra:title": "An error occurred",
        "hydra:description": "Invalid credentials or account locked",
    }


@pytest.mark.parametrize("header", ["", "API-KEY wrong", "API-KEY", "Bearer wrong", "Basic k3y", "k3y"])
def test_a_wrong_authorization_is_401(client: TestClient, header: str) -> None:
    assert client.get("/api/integration/connectors/", headers={"Authorization": header}).status_code == 401
    assert client.get("/api/3/people", headers={"Authorization": header}).status_code == 401


def test_a_401_can_be_a_plain_message(client: TestClient, soar: FortiSoar) -> None:
    soar.switches.set("unauthorized_body", "message")
    answer = client.get("/api/3/people", headers={"Authorization": "API-KEY wrong"})
    assert (answer.status_code, answer.json()) == (401, {"message": "Invalid credentials."})


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_lives_thirty_minutes_of_the_labs_clock(
    client: TestClient, soar: FortiSoar, clock: Clock, status: int
) -> None:
    soar.switches.set("expired_token_status", status)
    credentials = {"loginid": "csadmin", "password": "pa55"}
    token = client.post("/auth/authenticate", json={"credentials": credentials}).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    clock.advance(30 * 60 - 5)
    assert client.get("/api/3/people", headers=headers).status_code == 200
    clock.advance(10)
    answer = client.get("/api/3/people", headers=headers)
    assert (answer.status_code, answer.json()) == (status, {"message": "HMAC signature has expired"})


def test_the_version_is_public(client: TestClient) -> None:
    assert client.get("/api/version", headers={"Authorization": ""}).json() == {"version": "7.6.5-5662"}
    assert client.get("/cyops_version.json", headers={"Authorization": ""}).status_code == 404


def test_people_are_a_hydra_collection(client: TestClient) -> None:
    people = client.get("/api/3/people").json()
    assert people["@type"] == "hydra:Collection"
    assert len(people["hydra:member"]) == people["hydra:totalItems"] == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/integration/connectors"),
        ("POST", "/api/integration/execute"),
        ("GET", "/api/wf/api/workflows"),
        ("GET", "/api/integration/connectors/healthcheck/probe/1.2.0?config=x"),
    ],
)
def test_a_missing_slash_looks_like_bad_credentials(client: TestClient, method: str, path: str) -> None:
    for header in ("API-KEY k3y", ""):
        answer = client.request(method, path, headers={"Authorization": header})
        assert (answer.status_code, answer.json()) == (403, {"detail": "Could not validate HMAC fingerprint"})


def test_bodies_must_be_json_objects(client: TestClient) -> None:
    for path in ("/api/integration/execute/", "/api/integration/connectors/1/"):
        assert client.post(path).status_code == 415
        assert client.post(path, content="{}", headers={"Content-Type": "text/plain"}).status_code == 415
        for body in ("{", "[]", '{"a": NaN}', f'{{"a": {DEEP}}}'):
            assert client.post(path, content=body, headers={"Content-Type": "application/json"}).status_code == 400


def test_the_journal_holds_no_password(client: TestClient, soar: FortiSoar) -> None:
    client.post("/auth/authenticate", json={"credentials": {"loginid": "csadmin", "password": "pa55"}})
    (entry,) = soar.journal.entries()
    assert (entry.path, entry.status, entry.body["credentials"]["password"]) == ("/auth/authenticate", 200, "***")


# ---- installing and showing connectors

LIST_KEYS = {
    "active",
    "agent",
    "category",
    "config_count",
    "configuration",
    "contributor",
    "created",
    "description",
    "development",
    "help_online",
    "icon_large",
    "icon_small",
    "id",
    "ingestion_supported",
    "install_result",
    "label",
    "modified",
    "name",
    "publisher",
    "remote_status",
    "rpm_full_name",
    "rpm_installed",
    "status",
    "system",
    "tags",
    "version",
}
DETAIL_KEYS = LIST_KEYS | {
    "config_schema",
    "cs_approved",
    "cs_compatible",
    "help_file",
    "icon_large_name",
    "icon_small_name",
    "installed",
    "operations",
    "playbook_collections",
    "requirements_installed",
    "vendor_version",
}


def test_an_upload_is_answered_with_the_connectors_record(client: TestClient, folder: Path) -> None:
    exported = {"data": [{"name": "Sample - Probe - 1.2.0"}]}
    row = install(client, packed(**{"probe/playbooks/playbooks.json": json.dumps(exported)}))
    assert set(row) == (DETAIL_KEYS - {"config_schema", "icon_small"}) | {"uuid", "workspace_connector"}
    assert isinstance(row["id"], int)
    assert row["operations"] == [{} for _ in manifest()["operations"]]
    assert (row["status"], row["requirements_installed"], row["active"]) == ("Completed", "In-Progress", True)
    assert row["install_result"] == {"message": "Success", "output": ""}
    assert row["playbook_collections"][0]["name"] == "Sample - Probe - 1.2.0"
    assert (folder / "connectors" / "probe_1_2_0" / "connector.py").read_text() == CODE
    assert [path.name for path in (folder / "connectors").iterdir()] == ["probe_1_2_0"]


def test_the_list_shows_a_fresh_connector(client: TestClient, connector: dict[str, Any]) -> None:
    answer = client.get("/api/integration/connectors/?name=probe").json()
    (row,) = answer.pop("data")
    assert answer == {
        "itemsPerPage": 30,
        "nextPage": None,
        "previousPage": None,
        "status": "Success",
        "totalItems": 1,
    }
    assert set(row) == LIST_KEYS
    assert row["id"] == connector["id"]
    assert (row["category"], row["tags"], row["configuration"], row["config_count"]) == (["Utilities"], [], [], 0)
    assert row["remote_status"] == {"message": "Success", "output": "", "status": "finished"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row["created"])
    assert re.fullmatch(r"[0-9a-f]{32}", row["agent"])


def test_the_list_names_configurations_but_no_values(client: TestClient, configured: dict[str, Any]) -> None:
    (row,) = client.get("/api/integration/connectors/").json()["data"]
    assert row["config_count"] == 1
    assert row["configuration"] == [
        {"config_id": configured["config_id"], "default": True, "id": configured["id"], "name": "Main"}
    ]


def test_the_list_has_pages_by_number(client: TestClient, connector: dict[str, Any]) -> None:
    for minor in (3, 4):
        install(client, packed(manifest() | {"version": f"1.{minor}.0"}))
    pages = [client.get(f"/api/integration/connectors/?page={n}&page_size=1").json() for n in (1, 2, 3)]
    assert [(p["previousPage"], p["nextPage"]) for p in pages] == [(None, 2), (1, 3), (2, None)]
    assert [p["data"][0]["version"] for p in pages] == ["1.2.0", "1.3.0", "1.4.0"]
    assert {(p["totalItems"], p["itemsPerPage"]) for p in pages} == {(3, 1)}
    assert client.get("/api/integration/connectors/?$limit=1&page=x").json()["itemsPerPage"] == 30


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name=probe", 1),
        ("name=prob", 0),
        ("search=PROB", 1),
        ("search=zzz", 0),
        ("active=true", 1),
        ("active=false", 0),
        ("configured=true", 0),
        ("configured=false", 1),
        ("unheard_of=1", 1),
    ],
)
def test_the_list_can_be_filtered(client: TestClient, connector: dict[str, Any], query: str, found: int) -> None:
    assert client.get(f"/api/integration/connectors/?{query}").json()["totalItems"] == found


def test_details_come_by_id_and_by_name(client: TestClient, connector: dict[str, Any]) -> None:
    by_id = client.post(f"/api/integration/connectors/{connector['id']}/", json={})
    assert set(by_id.json()) == DETAIL_KEYS
    assert by_id.json() | {"requirements_installed": ""} == details(client) | {"requirements_installed": ""}
    assert by_id.json()["config_schema"] == manifest()["configuration"]
    echo = by_id.json()["operations"][0]
    assert echo["parameters"] == manifest()["operations"][0]["parameters"]
    assert (echo["connector"], echo["roles"], echo["category"]) == (connector["id"], [], "utilities")
    assert "category" not in by_id.json()["operations"][1]
    assert len({operation["id"] for operation in by_id.json()["operations"]}) == len(manifest()["operations"])


def test_details_of_a_missing_version_are_those_of_the_latest(client: TestClient, connector: dict[str, Any]) -> None:
    install(client, packed(manifest() | {"version": "1.10.0"}))
    answer = client.post("/api/integration/connectors/probe/7.7.7/?format=json", json={})
    assert answer.json()["version"] == "1.10.0"
    assert client.post("/api/integration/connectors/nobody/1.0.0/", json={}).status_code == 404
    assert client.post("/api/integration/connectors/4711/", json={}).status_code == 404


def test_details_are_not_for_get(client: TestClient, connector: dict[str, Any]) -> None:
    for path in (f"connectors/{connector['id']}", "connectors/probe/1.2.0"):
        answer = client.get(f"/api/integration/{path}/")
        assert answer.json() == {"message": "Get method for this API is forbidden, Please use POST method"}


def test_all_details_come_without_pages_or_operations(client: TestClient, configured: dict[str, Any]) -> None:
    path = "/api/integration/connector_details/?format=json&configured=true&active=true"
    answer = client.post(path, json={}).json()
    assert set(answer) == {"data", "status"}
    assert set(answer["data"][0]) == DETAIL_KEYS
    (row,) = client.post(f"{path}&exclude=operation", json={}).json()["data"]
    assert set(row) == DETAIL_KEYS - {"operations"}
    assert client.post(f"{path}&ingestion_supported=true", json={}).json()["data"] == []
    one = client.post("/api/integration/connector_details/probe/1.2.0/?operation=fail", json={}).json()
    assert [operation["operation"] for operation in one["operations"]] == ["fail"]


def test_an_output_schema_is_the_manifests(client: TestClient) -> None:
    info = manifest()
    info["operations"][0]["output_schema"] = {"text": ""}
    install(client, packed(info))
    path = "/api/integration/connector_output_schema/probe/1.2.0/?format=json"
    found = client.post(path, json={"operation": "echo", "config": "", "params": {}}).json()
    assert found == {"data": {"output_schema": {"text": ""}}, "status": "Success"}
    assert client.post(path, json={"operation": "none"}).json()["data"] == {"output_schema": {}}


def test_what_is_not_there_is_404(client: TestClient) -> None:
    answer = client.get("/api/nothing")
    assert (answer.status_code, answer.json()) == (404, {"message": "The local FortiSOAR has no GET /api/nothing"})
    assert client.post("/api/integration/connectors/healthcheck/", json={}).status_code == 404


def test_nothing_is_under_development(client: TestClient, connector: dict[str, Any]) -> None:
    assert client.post("/api/integration/connector/development/list/", json={}).json()["data"] == []


# ---- what the importer refuses


def broken(**changes: Any) -> bytes:
    info = manifest() | changes
    return packed({key: value for key, value in info.items() if value is not ...})


def link(name: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return member


def entry(
    name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, pax: dict[str, str] | None = None
) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.size, member.pax_headers = kind, size, pax or {}
    return member


def gzipped(*parts: tarfile.TarInfo | bytes) -> bytes:
    """Compress an archive made of headers, whatever they claim, and of bytes."""
    return gzip.compress(b"".join(p if isinstance(p, bytes) else p.tobuf(tarfile.GNU_FORMAT) for p in parts))


RAW = gzip.decompress(packed())
SECOND_HEADER = RAW.index(b"probe/connector.py")
MEGABYTE = gzip.compress(bytes(2**20))  # gzip files may follow each other
LONG_NAME = gzipped(entry("././@LongLink", tarfile.GNUTYPE_LONGNAME, 300 * 2**20))
LONG_PAX = gzipped(entry("probe/pax", tarfile.XHDTYPE, 300 * 2**20))
NESTED_NAMES: list[tarfile.TarInfo | bytes] = [
    entry("././@LongLink", tarfile.GNUTYPE_LONGNAME, 5),
    b"name".ljust(512, b"\0"),
] * 2000
DEEP = "[" * 100_000 + "]" * 100_000
DEEPER_THAN_ALLOWED = "[" * 102 + "]" * 102


def with_field(**more: Any) -> bytes:
    return broken(configuration={"fields": [field("a", **more)]})


def with_parameters(parameters: Any) -> bytes:
    return broken(operations=[action("echo") | {"parameters": parameters}])


TWO = [action("a"), action("a") | {"title": "B"}]
BROKEN = {
    "not a gzip": (b"PK\x03\x04", "not a complete gzip"),
    "cut short": (packed()[:-200], "not a complete gzip"),
    "without its last 20 bytes": (packed()[:-20], "not a complete gzip"),
    "wrong checksum": (packed()[:-8] + b"\0\0\0\0" + packed()[-4:], "CRC check failed"),
    "empty": (b"", "not a complete gzip"),
    "gzip of nothing": (gzip.compress(b""), "not a complete gzip"),
    "tar cut in a header": (gzipped(RAW[: SECOND_HEADER + 100]), "goes on with what is no header"),
    "tar cut in a file": (gzipped(RAW[: SECOND_HEADER + 1000]), "not a complete gzip"),
    "broken header": (gzipped(RAW.replace(b"probe/connector.py", b"probe/c0nnector.py")), "goes on with what is no"),
    "no info.json": (packed(**{"probe/info.json": None}), "exactly one info.json"),
    "two info.json": (packed(**{"probe/more/info.json": "{}"}), "exactly one info.json"),
    "no connector.py": (packed(**{"probe/connector.py": None}), "exactly one connector.py"),
    "two connector.py": (packed(**{"probe/old/connector.py": ""}), "exactly one connector.py"),
    "other folder": (tar_of({"other/info.json": json.dumps(manifest()), "other/connector.py": ""}), "top folder"),
    "two folders": (packed(**{"README/a.txt": ""}), "top folder"),
    "file beside": (packed(**{"README": ""}), "top folder"),
    "deep manifest": (tar_of({"probe/a/info.json": json.dumps(manifest()), "probe/connector.py": ""}), "top folder"),
    "bad JSON": (packed("{"), "not valid JSON"),
    "no object": (packed("[]"), "must be an object"),
    "path upwards": (packed(**{"probe/../../evil": ""}), "leaves it"),
    "absolute path": (packed(**{"/etc/evil": ""}), "leaves it"),
    "folder upwards": (tar_of({}, entry("probe/..", tarfile.DIRTYPE)), "leaves it"),
    "drive letter": (packed(**{"C:/evil": ""}), "path of Windows"),
    "backslash": (packed(**{"probe/..\\\\evil": ""}), "path of Windows"),
    "NUL in a name": (tar_of({}, entry("probe/x", pax={"path": "probe/a\0b"})), "characters that no file"),
    "line end in a name": (packed(**{"probe/a\nb": ""}), "characters that no file"),
    "name that is no UTF-8": (packed(**{"probe/\udcff": ""}), "characters that no file"),
    "name of 300 characters": (packed(**{"probe/" + "n" * 300: ""}), "is too long"),
    "path of 1200 characters": (packed(**{"probe/" + "n/" * 600: ""}), "is too long"),
    "dot folder": (packed(**{"./probe/evil": ""}), "does not start"),
    "symbolic link": (tar_of({}, link("probe/link")), "is a link"),
    "hard link": (tar_of({}, link("probe/link", tarfile.LNKTYPE)), "is a link"),
    "device": (tar_of({}, link("probe/dev", tarfile.CHRTYPE)), "is a special file"),
    "block device": (tar_of({}, entry("probe/dev", tarfile.BLKTYPE)), "is a special file"),
    "named pipe": (tar_of({}, entry("probe/pipe", tarfile.FIFOTYPE)), "is a special file"),
    "sparse file": (gzipped(entry("probe/holes", tarfile.GNUTYPE_SPARSE)), "is a special file"),
    "unknown kind": (tar_of({}, entry("probe/odd", b"?")), "is a special file"),
    "file that claims too much": (gzipped(entry("probe/large", size=LARGEST + 1)), "unpacks to more than"),
    "file that claims more than there is": (gzipped(entry("probe/a", size=2**20), bytes(1024)), "not a complete gzip"),
    "too large together": (gzipped(entry("probe/a", size=9)) + MEGABYTE * 51, "unpacks to more than"),
    "name of 300 MB": (LONG_NAME + MEGABYTE * 300, "unpacks to more than"),
    "PAX header of 300 MB": (LONG_PAX + MEGABYTE * 300, "unpacks to more than"),
    "long GNU name": (
        gzipped(entry("././@LongLink", tarfile.GNUTYPE_LONGNAME, LARGEST_DESCRIPTION + 1), bytes(2**15)),
        "A name or PAX header of the archive is larger",
    ),
    "long PAX header": (
        tar_of({}, entry("probe/a", pax={"comment": "x" * LARGEST_DESCRIPTION})),
        "A name or PAX header",
    ),
    "nested names": (gzipped(*NESTED_NAMES), "not a complete gzip"),
    "negative size of a name": (
        gzipped(entry("././@LongLink", tarfile.GNUTYPE_LONGNAME, -1)),
        "A name or PAX header",
    ),
    "negative size": (gzipped(entry("probe/a", size=-1024)), "is negative"),
    "negative PAX size": (tar_of({}, entry("probe/a", pax={"size": "-1024"})), "is negative"),
    "too many": (
        gzipped(*(entry(f"probe/{n}", tarfile.DIRTYPE) for n in range(MOST_MEMBERS + 1))),
        f"more than {MOST_MEMBERS} files and folders",
    ),
    "file above a file": (packed(**{"probe/a": "", "probe/a/b": ""}), "'probe/a' is both a file and a folder"),
    "file below a file": (packed(**{"probe/a/b": "", "probe/a": ""}), "'probe/a' is both a file and a folder"),
    "file and folder": (tar_of({"probe/a": ""}, entry("probe/a", tarfile.DIRTYPE)), "'probe/a' is both a file and"),
    "file twice": (tar_of({"probe/a": "1"}, entry("probe/a")), "'probe/a' is in the archive twice"),
    "folder twice": (tar_of({}, *[entry("probe/a", tarfile.DIRTYPE)] * 2), "'probe/a' is in the archive twice"),
    "large info.json": (broken(description="x" * LARGEST_MANIFEST), "info.json is larger than"),
    "deep info.json": (packed(DEEP), "nests more than 100 levels deep"),
    "info.json deeper than allowed": (packed(DEEPER_THAN_ALLOWED), "nests more than 100 levels deep"),
    "info.json with NaN": (broken(rating=float("nan")), "NaN is not JSON"),
    "info.json with a number of 5000 digits": (packed('{"n": ' + "1" * 5000 + "}"), "not valid JSON"),
    "deep playbooks": (packed(**{"probe/playbooks/playbooks.json": DEEP}), "playbooks.json cannot be stored: it nests"),
    "connector's name of 300 characters": (broken(name="n" * 300), "more than 200 characters"),
    "version of 300 digits": (broken(version=f"1.0.{'1' * 300}"), "more than 200 characters"),
    "name with a digit first": (broken(name="1probe"), "name must begin"),
    "name with a dot": (broken(name="pro.be"), "name must begin"),
    "no name": (broken(name=...), "name must begin"),
    "short version": (broken(version="1.0"), "version must be"),
    "version with v": (broken(version="v1.0.0"), "version must be"),
    "version as number": (broken(version=1), "version must be"),
    "empty label": (broken(label=""), "label must not"),
    "null operations": (broken(operations=None), "operations must be"),
    "missing operations": (broken(operations=...), "operations must be"),
    "operation without name": (broken(operations=[{"title": "A"}]), "needs its operation"),
    "operation without title": (broken(operations=[{"operation": "a"}]), "needs its title"),
    "operation twice": (broken(operations=TWO), "same operation"),
    "title twice": (broken(operations=[action("a"), action("b") | {"title": "A"}]), "same title"),
    "annotation in two categories": (
        broken(operations=[action(n, annotation="x", category=n) for n in ("a", "b")]),
        "two categories",
    ),
    "annotation that is no text": (broken(operations=[action("a", annotation=["x"])]), "annotation of a must be"),
    "parameters that are a number": (with_parameters(5), "parameters of echo must be a list"),
    "parameters without a name": (with_parameters([{"title": "A"}]), "parameters of echo must be a list"),
    "parameter's onchange as a list": (with_parameters([field("a", onchange=[1])]), "onchange of a must be an object"),
    "fields that are a number": (broken(configuration={"fields": 5}), "configuration.fields must be a list"),
    "field named by a number": (broken(configuration={"fields": [{"name": 5}]}), "configuration.fields must be"),
    "onchange as a list": (with_field(onchange=[field("b")]), "onchange of a must be an object"),
    "onchange as a text": (with_field(onchange="b"), "onchange of a must be an object"),
    "onchange without a list": (with_field(onchange={"x": 5}), "onchange of a must be a list of objects"),
    "null configuration": (broken(configuration=None), "configuration must not"),
    "field called name": (broken(configuration={"fields": [field("name")]}), "may be called name"),
    "nested field called default": (
        broken(configuration={"fields": [field("a", "select", onchange={"x": [field("default")]})]}),
        "may be called default",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_archive_gets_the_misleading_text_and_the_labs_reason(
    client: TestClient, folder: Path, case: str
) -> None:
    content, reason = BROKEN[case]
    answer = upload(client, content)
    assert answer.status_code == 400
    assert set(answer.json()) == {"message", "lab_reason"}
    assert answer.json()["message"] == MISLEADING
    assert reason in answer.json()["lab_reason"]
    assert client.get("/api/integration/connectors/").json()["totalItems"] == 0
    assert list((folder / "connectors").iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "1.0.0_dev"},
        {"configuration": {}},
        {"configuration": ...},
        {"operations": []},
        {"description": ..., "publisher": ..., "category": ...},
        {"name": "_probe"},
    ],
)
def test_the_importer_does_not_ask_for_more(client: TestClient, changes: dict[str, Any]) -> None:
    info = {key: value for key, value in (manifest() | changes).items() if value is not ...}
    name = info["name"]
    install(client, tar_of({f"{name}/info.json": json.dumps(info), f"{name}/connector.py": "this is no Python"}))


def test_an_upload_needs_its_type_and_its_file(client: TestClient) -> None:
    path = "/api/3/solutionpacks/install"
    assert client.post(path, files={"file": ("a.tgz", packed())}).status_code == 400
    assert client.post(f"{path}?$type=connector", files={"other": ("a.tgz", packed())}).status_code == 400
    torn = client.post(f"{path}?$type=connector", content=b"--", headers={"Content-Type": "multipart/form-data"})
    assert (torn.status_code, torn.json()) == (400, {"message": "Missing boundary in multipart."})
    by_name = client.post(path, params={"$type": "connector"}, json={"name": "probe", "version": "1.2.0"})
    assert "no Content Hub" in by_name.json()["message"]


# ---- replacing, activating, uninstalling


def test_the_same_version_again_needs_replace(client: TestClient, connector: dict[str, Any]) -> None:
    answer = upload(client, packed())
    assert (answer.status_code, answer.json()["message"]) == (400, MISLEADING)
    assert "installed already" in answer.json()["lab_reason"]


def test_a_replaced_connector_is_imported_afresh(client: TestClient, configured: dict[str, Any], folder: Path) -> None:
    assert execute(client, "echo", params={"text": "x"}).json()["data"]["number"] == 1
    install(client, packed(**{"probe/helper.py": "NUMBER = 2\n"}), replace=True)
    assert execute(client, "echo", params={"text": "x"}).json()["data"]["number"] == 2
    assert hooks(folder)[-1] == ["teardown", "srv"]


def test_a_replacement_takes_the_configurations_over(client: TestClient, configured: dict[str, Any]) -> None:
    info = manifest() | {"version": "1.3.0"}
    fields = info["configuration"]["fields"]
    fields[0]["type"] = "password"
    fields.pop(4)
    row = install(client, packed(info), replace=True)
    assert client.get("/api/integration/connectors/").json()["totalItems"] == 1
    (kept,) = client.get(f"/api/integration/configuration/?connector={row['id']}").json()["data"]
    assert kept["config"] == {"server": "NULL", "password": "NULL"}
    assert (kept["config_id"], kept["status"], kept["default"]) == (configured["config_id"], 1, True)
    data = execute(client, "echo", version="", params={"text": "x"}).json()["data"]
    assert (data["config"]["password"], data["config"]["server"]) == (SECRET, "srv")


@pytest.mark.parametrize("case", ["version of 300 digits", "deep playbooks", "without its last 20 bytes"])
def test_a_refused_replacement_leaves_the_installed_connector_in_place(
    client: TestClient, configured: dict[str, Any], folder: Path, case: str
) -> None:
    content, reason = BROKEN[case]
    answer = upload(client, content, replace=True)
    assert (answer.status_code, answer.json()["message"]) == (400, MISLEADING)
    assert reason in answer.json()["lab_reason"]
    assert [path.name for path in (folder / "connectors").iterdir()] == ["probe_1_2_0"]
    assert execute(client, "echo", params={"text": "x"}).json()["data"]["number"] == 1
    assert "teardown" not in [hook for hook, *_ in hooks(folder)]


def test_a_replacement_that_cannot_be_completed_leaves_the_installed_connector_in_place(
    client: TestClient, configured: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(connector: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("lab.fortisoar.connectors.installation", failing)
    replacement = packed(manifest() | {"version": "1.3.0"}, **{"probe/helper.py": "NUMBER = 2\n"})
    assert upload(client, replacement, replace=True).status_code == 500
    assert [path.name for path in (folder / "connectors").iterdir()] == ["probe_1_2_0"]
    assert [row["version"] for row in client.get("/api/integration/connectors/").json()["data"]] == ["1.2.0"]
    assert execute(client, "echo", params={"text": "x"}).json()["data"]["number"] == 1


def test_a_new_required_field_leaves_a_configuration_partial(client: TestClient, configured: dict[str, Any]) -> None:
    info = manifest() | {"version": "2.0.0"}
    info["configuration"]["fields"].append(field("region", required=True))
    install(client, packed(info), replace=True)
    (kept,) = client.get("/api/integration/configuration/").json()["data"]
    assert (kept["config_id"], kept["status"]) == (configured["config_id"], 0)


def test_versions_stand_side_by_side_without_replace(client: TestClient, connector: dict[str, Any]) -> None:
    other = install(client, packed(manifest() | {"version": "1.3.0"}))
    assert other["id"] != connector["id"]
    assert [r["version"] for r in client.get("/api/integration/connectors/").json()["data"]] == ["1.2.0", "1.3.0"]


def test_a_deactivated_connector_says_so(client: TestClient, configured: dict[str, Any], folder: Path) -> None:
    path = f"/api/integration/connectors/{configured['connector']}/"
    answer = client.put(path, json={"id": configured["connector"], "active": False, "agent": configured["agent"]})
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    assert health(client).json()["status"] == "Deactivated"
    assert health(client).json()["message"] == (
        "Connector is available but not active. Please activate the connector to check the health."
    )
    assert execute(client, "calls").json() == failure(f"{FAILED}Connector probe is not active")
    assert client.put(path, json={"active": True}).json()["active"] is True
    assert hooks(folder)[-2:] == [["on_deactivate", "srv"], ["on_activate", "srv"]]
    assert client.put(path, json={"active": "yes"}).status_code == 400


def test_an_uninstall_is_204_and_leaves_nothing(client: TestClient, configured: dict[str, Any], folder: Path) -> None:
    path = f"/api/integration/connectors/{configured['connector']}/"
    answer = client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert hooks(folder)[-1] == ["teardown", "srv"]
    assert list((folder / "connectors").iterdir()) == []
    assert client.get("/api/integration/configuration/").json()["totalItems"] == 0
    assert client.delete(path).status_code == 404
    assert client.delete("/api/integration/connectors/probe/").status_code == 404


# ---- configurations


def test_a_created_configuration_is_answered_as_captured(
    client: TestClient, connector: dict[str, Any], folder: Path
) -> None:
    row = configure(
        client, connector, config={"method": "Token", "token": "t0ken", "unheard_of": 1}, status=1, teams=[]
    )
    config_id = row.pop("config_id")
    assert re.fullmatch(r"[0-9a-f-]{36}", config_id)
    assert isinstance(row.pop("id"), int)
    assert row == {
        "agent": connector["agent"],
        "config": {
            "server": "srv",
            "password": "NULL",
            "verify_ssl": True,
            "method": "Token",
            "token": "NULL",
        },
        "connector": connector["id"],
        "connector_name": "probe",
        "connector_version": "1.2.0",
        "default": True,
        "health_status": {},
        "name": "Main",
        "remote_status": {},
        "status": {
            "message": "Connector probe version 1.2.0 as been configured successfully",
            "status": "finished",
        },
        "teams": [],
    }
    ((hook, given, active),) = hooks(folder)
    assert (hook, given["password"], given["token"], active) == ("on_add_config", SECRET, "t0ken", True)
    assert (given["config_id"], given["name"], given["status"]) == (config_id, "Main", 1)


def test_a_single_read_shows_ciphertext_and_details_show_null(client: TestClient, configured: dict[str, Any]) -> None:
    one = client.get(f"/api/integration/configuration/{configured['config_id']}/").json()
    keys = "agent config config_id connector default health_status id name remote_status status teams"
    assert set(one) == set(keys.split())
    assert one["config"]["password"] not in (SECRET, "NULL")
    assert one["status"] == 1
    assert client.get(f"/api/integration/configuration/{configured['id']}/").json() == one
    (shown,) = details(client)["configuration"]
    assert shown == one | {"config": one["config"] | {"password": "NULL"}}


def test_an_unknown_configuration_reads_as_an_empty_record(client: TestClient) -> None:
    for key in ("00000000-0000-4000-8000-000000000000", "Main", "4711"):
        answer = client.get(f"/api/integration/configuration/{key}/")
        assert answer.status_code == 200
        assert answer.json() == {
            "agent": None,
            "config": {},
            "config_id": None,
            "connector": None,
            "default": False,
            "health_status": None,
            "name": "",
            "remote_status": None,
        }


def test_no_secret_is_readable_in_any_file(
    client: TestClient, configured: dict[str, Any], folder: Path, soar: FortiSoar
) -> None:
    execute(client, "calls")
    (folder / "hooks.txt").unlink()
    for path in folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    (folder / "hooks.txt").write_text("")


def test_configurations_are_listed_and_filtered(client: TestClient, configured: dict[str, Any]) -> None:
    second = configure(client, {"id": configured["connector"]}, name="Second", default=False)

    def names(query: str) -> list[str]:
        answer = client.get(f"/api/integration/configuration/?{query}").json()
        return [row["name"] for row in answer["data"]]

    assert names("") == ["Main", "Second"]
    assert names("name=Second") == ["Second"]
    assert names(f"config_id={second['config_id']}") == ["Second"]
    assert names(f"connector={configured['connector']}&active=True") == ["Main", "Second"]
    assert names("connector=4711") == []
    assert names("active=false") == []
    assert names("page_size=1&page=2") == ["Second"]
    assert names("unheard_of=1") == ["Main", "Second"]
    answer = client.get("/api/integration/configuration/?connector=probe")
    assert (answer.status_code, answer.json()) == (400, {"message": "Unknown error occurred"})


def test_a_name_is_used_once_per_connector(client: TestClient, configured: dict[str, Any]) -> None:
    body = {"connector": configured["connector"], "name": "Main", "config": {"server": "a", "password": "b"}}
    answer = client.post("/api/integration/configuration/", json=body)
    assert (answer.status_code, answer.json()) == (
        400,
        {"message": "The fields name, connector, agent must make a unique set."},
    )
    other = install(client, packed(manifest() | {"version": "1.3.0"}))
    assert configure(client, other)["name"] == "Main"


def test_a_name_that_another_configuration_has_is_refused_in_an_update(
    client: TestClient, configured: dict[str, Any]
) -> None:
    second = configure(client, {"id": configured["connector"]}, name="Second")
    body = {"name": "Main", "config": {"server": "a", "password": "b"}}
    answer = client.put(f"/api/integration/configuration/{second['config_id']}/", json=body)
    assert (answer.status_code, answer.json()) == (
        400,
        {"message": "The fields name, connector, agent must make a unique set."},
    )
    rows = client.get("/api/integration/configuration/").json()["data"]
    assert [row["name"] for row in rows] == ["Main", "Second"]


@pytest.mark.parametrize("password", ["pässwörd", "\u0663"])
def test_a_password_may_have_letters_of_any_alphabet(
    client: TestClient, connector: dict[str, Any], password: str
) -> None:
    configure(client, connector, config={"password": password})
    answer = execute(client, "echo", params={"text": "x"}).json()
    assert answer["data"]["config"]["password"] == password


def test_a_new_default_takes_the_flag_from_its_siblings(client: TestClient, configured: dict[str, Any]) -> None:
    configure(client, {"id": configured["connector"]}, name="Second")
    rows = client.get("/api/integration/configuration/").json()["data"]
    assert [(row["name"], row["default"]) for row in rows] == [("Main", False), ("Second", True)]


@pytest.mark.parametrize("status", [400, 500])
def test_a_missing_top_level_value_is_refused_and_a_missing_child_is_not(
    client: TestClient, soar: FortiSoar, connector: dict[str, Any], status: int
) -> None:
    soar.switches.set("incomplete_configuration_status", status)
    body = {"connector": connector["id"], "name": "Main", "config": {"server": "", "password": "NULL"}}
    answer = client.post("/api/integration/configuration/", json=body)
    assert answer.status_code == status
    assert "Server, Password have either blank value or not provided" in answer.json()["message"]
    assert client.get("/api/integration/configuration/").json()["totalItems"] == 0
    configure(client, connector, config={"method": "Token"})


def test_a_configuration_needs_the_integer_id_of_its_connector(
    client: TestClient, soar: FortiSoar, connector: dict[str, Any]
) -> None:
    body = {
        "connector_name": "probe",
        "connector_version": "9.9.9",
        "name": "Main",
        "config": {"server": "a", "password": "b"},
    }
    path = "/api/integration/configuration/"
    assert client.post(path, json=body).status_code == 500
    assert client.post(path, json=body | {"connector": "probe"}).status_code == 500
    assert client.post(path, json=body | {"connector": 4711}).status_code == 400
    soar.switches.set("connector_name_suffices", True)
    assert client.post(path, json=body).json()["connector_version"] == "1.2.0"


@pytest.mark.parametrize(
    "change", [{"name": " "}, {"name": None}, {"config": None}, {"config_id": "no uuid"}, {"agent": "elsewhere"}]
)
def test_a_malformed_configuration_is_refused(
    client: TestClient, connector: dict[str, Any], change: dict[str, Any]
) -> None:
    body = {"connector": connector["id"], "name": "Main", "config": {"server": "a", "password": "b"}} | change
    assert client.post("/api/integration/configuration/", json=body).status_code == 400
    assert client.get("/api/integration/configuration/").json()["totalItems"] == 0


def test_a_given_config_id_is_taken_and_a_second_use_depends(
    client: TestClient, soar: FortiSoar, connector: dict[str, Any]
) -> None:
    own = "7b0cbd7c-8c9e-4d51-9c1b-4d1c8b6f2a10"
    assert configure(client, connector, config_id=own)["config_id"] == own
    body = {
        "connector": connector["id"],
        "config_id": own,
        "name": "Renamed",
        "config": {"server": "b", "password": "NULL"},
    }
    assert client.post("/api/integration/configuration/", json=body).status_code == 400
    soar.switches.set("existing_config_id", "update")
    assert client.post("/api/integration/configuration/", json=body).json()["name"] == "Renamed"
    assert client.get("/api/integration/configuration/").json()["totalItems"] == 1


def test_an_update_replaces_everything_but_a_null_secret(
    client: TestClient, configured: dict[str, Any], folder: Path
) -> None:
    path = f"/api/integration/configuration/{configured['config_id']}/"
    body = {"name": "Renamed", "default": True, "config": {"server": "other", "password": "NULL"}}
    answer = client.put(path, json=body)
    assert answer.status_code == 200
    row = answer.json()
    assert row["config"] == {"server": "other", "password": "NULL"}
    assert row["status"] == {"status": "finished", "message": "Configuration Renamed has been updated successfully"}
    assert not {"connector_name", "connector_version"} & set(row)
    assert execute(client, "echo", params={"text": "x"}).json()["data"]["config"]["password"] == SECRET
    assert hooks(folder)[-1] == ["on_update_config", "srv", "other", True]
    client.put(path, json=body | {"config": {"server": "other", "password": "rotated"}})
    assert execute(client, "echo", params={"text": "x"}).json()["data"]["config"]["password"] == "rotated"


def test_a_read_and_a_write_of_the_same_record_keep_the_secret(client: TestClient, configured: dict[str, Any]) -> None:
    path = f"/api/integration/configuration/{configured['config_id']}/"
    assert client.put(path, json=client.get(path).json()).status_code == 200
    assert execute(client, "echo", params={"text": "x"}).json()["data"]["config"]["password"] == SECRET


def test_an_update_may_answer_with_an_integer_status(
    client: TestClient, soar: FortiSoar, configured: dict[str, Any]
) -> None:
    soar.switches.set("update_reply_status", "integer")
    body = {"name": "Main", "config": {"server": "a", "password": "NULL"}}
    assert client.put(f"/api/integration/configuration/{configured['config_id']}/", json=body).json()["status"] == 1


def test_a_refused_update_changes_nothing(client: TestClient, configured: dict[str, Any]) -> None:
    path = f"/api/integration/configuration/{configured['config_id']}/"
    before = client.get(path).json()
    assert client.put(path, json={"name": "New", "config": {"server": "a"}}).status_code == 400
    assert client.get(path).json() == before
    assert client.put("/api/integration/configuration/nobody/", json={"name": "a", "config": {}}).status_code == 404


def test_a_configuration_is_deleted_by_its_uuid(
    client: TestClient, soar: FortiSoar, configured: dict[str, Any], folder: Path
) -> None:
    base = "/api/integration/configuration"
    assert client.delete(f"{base}/{configured['id']}/").status_code == 500
    answer = client.delete(f"{base}/{configured['config_id']}/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert hooks(folder)[-1] == ["on_delete_config", "srv"]
    assert client.get(f"{base}/").json()["totalItems"] == 0
    assert client.delete(f"{base}/{configured['config_id']}/").status_code == 404
    again = configure(client, {"id": configured["connector"]})
    soar.switches.set("delete_configuration_by_integer", True)
    assert client.delete(f"{base}/{again['id']}/").status_code == 204


def test_a_hook_that_raises_gives_500_with_the_configuration_stored(
    client: TestClient, connector: dict[str, Any]
) -> None:
    body = {"connector": connector["id"], "name": "Main", "config": {"server": "unwelcome", "password": "b"}}
    answer = client.post("/api/integration/configuration/", json=body)
    assert (answer.status_code, answer.json()) == (500, {"message": "not this server"})
    assert client.get("/api/integration/configuration/").json()["totalItems"] == 1


# ---- health


def test_health_has_the_seven_keys_and_ignores_what_the_check_returns(
    client: TestClient, configured: dict[str, Any]
) -> None:
    expected = {
        "_status": True,
        "config_id": configured["config_id"],
        "message": "Connector is available",
        "name": "probe",
        "request_id": None,
        "status": "Available",
        "version": "1.2.0",
    }
    for query in ("", "?config=Main", f"?config={configured['config_id']}", "?config=unheard-of"):
        answer = health(client, query)
        assert (answer.status_code, answer.json()) == (200, expected)
    (row,) = details(client)["configuration"]
    assert row["health_status"] == {"message": "Connector is available", "status": "Available"}


@pytest.mark.parametrize("status", [200, 400])
def test_a_check_that_raises_is_disconnected(
    client: TestClient, soar: FortiSoar, configured: dict[str, Any], status: int
) -> None:
    soar.switches.set("disconnected_http_status", status)
    configure(client, {"id": configured["connector"]}, name="Down", default=False, config={"server": "down"})
    answer = health(client, "?config=Down")
    assert answer.status_code == status
    assert (answer.json()["status"], answer.json()["message"]) == ("Disconnected", "The server is down")
    assert health(client).json()["status"] == "Available"


@pytest.mark.parametrize("status", [404, 400])
def test_without_a_default_configuration_there_is_no_health(
    client: TestClient, soar: FortiSoar, connector: dict[str, Any], status: int
) -> None:
    soar.switches.set("unconfigured_health_status", status)
    configure(client, connector, default=False)
    for query, named in (("", "get_default_config"), ("?config=other", "other")):
        answer = health(client, query)
        assert answer.status_code == status
        assert answer.json()["message"] == (
            f"Could not find a configuration matching the id {named} or the default configuration"
        )
    assert health(client, "?config=Main").status_code == 200


def test_a_connector_without_configuration_is_healthy_without_one(client: TestClient) -> None:
    install(client, broken(configuration={}))
    assert (health(client).json()["status"], health(client).json()["config_id"]) == ("Available", None)
    assert client.get("/api/integration/connectors/healthcheck/nobody/1.0.0/").status_code == 404


def test_a_health_check_that_kills_its_worker_is_400(client: TestClient, connector: dict[str, Any]) -> None:
    configure(client, connector, config={"server": "killer"})
    answer = health(client)
    assert (answer.status_code, answer.json()["status"]) == (400, "failed")
    assert "the worker process ended during verify_health" in answer.json()["message"]


# ---- actions


def test_success_has_exactly_four_keys(client: TestClient, configured: dict[str, Any]) -> None:
    answer = execute(client, "echo", params={"text": "hi", "count": 3}, config=configured["config_id"])
    assert answer.status_code == 200
    data = answer.json().pop("data")
    assert answer.json() == {"data": data, "message": "", "operation": None, "status": "Success"}
    assert data["params"] == {"text": "hi", "count": 3}
    assert data["kwargs"] == {"env": {}}
    assert data["config"] == {
        "server": "srv",
        "password": SECRET,
        "verify_ssl": True,
        "config_id": configured["config_id"],
        "name": "Main",
        "status": 1,
    }


@pytest.mark.parametrize("named", ["Main", "", None, ...])
def test_a_configuration_is_meant_by_name_or_by_default(
    client: TestClient, configured: dict[str, Any], named: Any
) -> None:
    configure(client, {"id": configured["connector"]}, name="Second", default=False, config={"server": "second"})
    config = {} if named is ... else {"config": named}
    assert execute(client, "echo", params={"text": "x"}, **config).json()["data"]["config"]["server"] == "srv"
    data = execute(client, "echo", params={"text": "x"}, config="Second").json()["data"]
    assert data["config"]["server"] == "second"


@pytest.mark.parametrize("version", ["", None, "7.7.7"])
def test_without_a_version_the_latest_runs(client: TestClient, configured: dict[str, Any], version: Any) -> None:
    newer = install(client, packed(manifest() | {"version": "1.10.0"}, **{"probe/helper.py": "NUMBER = 10\n"}))
    configure(client, newer)
    assert execute(client, "echo", version=version, params={"text": "x"}).json()["data"]["number"] == 10


def test_an_action_is_run_by_its_connectors_id_and_with_the_guides_name_for_a_version(
    client: TestClient, configured: dict[str, Any]
) -> None:
    install(client, packed(manifest() | {"version": "1.3.0"}))
    for given in (
        {"connector": configured["connector"], "version": "1.2.0"},
        {"connector": str(configured["connector"]), "version": "1.2.0"},
        {"connector": "probe", "version": None, "connector_version": "1.2.0"},
    ):
        answer = execute(client, "echo", config=configured["config_id"], params={"text": "x"}, **given)
        assert (answer.status_code, answer.json()["status"]) == (200, "Success"), answer.text
    assert execute(client, "echo", connector=77).json() == failure(f"{FAILED}Connector 77 does not exists")


def test_the_operation_may_be_named_in_the_envelope(
    client: TestClient, soar: FortiSoar, configured: dict[str, Any]
) -> None:
    soar.switches.set("operation_in_envelope", "name")
    assert execute(client, "nothing").json() == {
        "data": None,
        "message": "",
        "operation": "nothing",
        "status": "Success",
    }


@pytest.mark.parametrize(
    ("request_body", "message"),
    [
        ({"connector": "nobody"}, f"{FAILED}Connector nobody does not exists"),
        ({"operation": "fail"}, f"{FAILED}it broke"),
        ({"operation": "refuse"}, f"I will not {TAG}"),
        ({"operation": "leave"}, f"{FAILED}3"),
        ({"operation": "no_such"}, f"{FAILED}Operation no_such not found"),
        ({"operation": "unwritten"}, f"{FAILED}'Probe' object has no attribute 'unwritten'"),
        (
            {"operation": "echo", "params": {"text": "", "count": 0}},
            f"Invalid params provided :: Parameters Text have either blank value or not provided {TAG}",
        ),
        ({"operation": "echo", "params": [1]}, f"Invalid params provided :: params must be an object {TAG}"),
        (
            {"operation": "echo", "config": "other"},
            "INTEGRATION-12: Could not find a connector configuration matching the given configuration id or name "
            f"other {TAG}",
        ),
    ],
)
def test_a_failure_is_400_with_the_platforms_words(
    client: TestClient, configured: dict[str, Any], request_body: dict[str, Any], message: str
) -> None:
    answer = execute(client, **({"operation": "calls"} | request_body))
    assert (answer.status_code, answer.json()) == (400, failure(message))


def test_a_lone_configuration_that_is_not_the_default_is_not_picked(
    client: TestClient, connector: dict[str, Any]
) -> None:
    configure(client, connector, default=False)
    message = "INTEGRATION-12: Could not find a connector configuration matching the given configuration id or name "
    assert execute(client, "calls", config="").json() == failure(f"{message} {TAG}")


def test_an_action_that_needs_no_configuration_runs_without(client: TestClient, connector: dict[str, Any]) -> None:
    assert execute(client, "free").json() == failure(f"{FAILED}'Probe' object has no attribute 'free'")


def test_a_failure_may_carry_its_stack_trace(client: TestClient, soar: FortiSoar, configured: dict[str, Any]) -> None:
    soar.switches.set("error_with_stack_trace", True)
    body = execute(client, "fail").json()
    assert set(body) == {"message", "status", "_status", "stack_trace", "env"}
    assert "Unpleasant: it broke" in body["stack_trace"]


@pytest.mark.parametrize(
    ("operation", "words"),
    [("not_a_number", "not JSON compliant"), ("moment", "Object of type datetime is not JSON serializable")],
)
def test_a_result_that_is_no_json_is_a_clear_400(
    client: TestClient, configured: dict[str, Any], operation: str, words: str
) -> None:
    answer = execute(client, operation)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(f"{FAILED}What the connector returned cannot be written as JSON: ")
    assert words in answer.json()["message"]


def test_text_that_utf_8_cannot_carry_still_arrives(client: TestClient, configured: dict[str, Any]) -> None:
    assert execute(client, "surrogate").json()["data"] == "\ud800"


def test_coercion_hands_over_strings_and_blanks(client: TestClient, soar: FortiSoar, connector: dict[str, Any]) -> None:
    soar.switches.set("coercion", True)
    configure(client, connector, config={"port": 443, "method": "Token", "token": "t", "verify_ssl": False})
    data = execute(client, "echo", params={"text": "hi", "count": 3}).json()["data"]
    assert data["params"] == {"text": "hi", "count": "3", "note": ""}
    config = {key: data["config"][key] for key in ("port", "verify_ssl", "scope", "reason", "token", "status")}
    assert config == {"port": "443", "verify_ssl": "false", "scope": "", "reason": "", "token": "t", "status": 1}
    configure(client, connector, name="Bare")
    data = execute(client, "echo", params={"text": "hi"}).json()["data"]
    assert data["params"] == {"text": "hi", "count": None, "note": ""}
    assert (data["config"]["port"], data["config"]["method"]) == (None, None)
    assert not {"token", "scope", "reason"} & set(data["config"])


# ---- worker processes


def test_a_worker_keeps_modules_and_makes_no_visit_to_the_labs_process(
    client: TestClient, configured: dict[str, Any]
) -> None:
    first, second = (execute(client, "calls").json()["data"] for _ in range(2))
    assert second["calls"] == first["calls"] + 1
    assert first["pid"] == second["pid"] != os.getpid()
    assert first["marker"] == "of the lab"
    assert str(ROOT) not in first["path"]


def test_a_crash_costs_one_call(client: TestClient, configured: dict[str, Any]) -> None:
    assert execute(client, "crash").json() == failure(
        f"{FAILED}the worker process ended during _handle_operation (exit code -9)"
    )
    assert execute(client, "nothing").status_code == 200


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("leave", f"{FAILED}3"),
        ("interrupt", f"{FAILED}interrupted"),
        ("end_generator", f"{FAILED}ended"),
        ("speechless", f"{FAILED}Unspeakable, whose text cannot be had"),
        ("wordless", f"Refused, whose text cannot be had {TAG}"),
    ],
)
def test_whatever_a_connector_raises_is_that_calls_failure_and_its_worker_stays(
    client: TestClient, configured: dict[str, Any], operation: str, words: str
) -> None:
    worker = execute(client, "calls").json()["data"]["pid"]
    answer = execute(client, operation)
    assert (answer.status_code, answer.json()["message"]) == (400, words)
    assert execute(client, "calls").json()["data"]["pid"] == worker


def test_a_connector_that_closes_every_file_of_its_worker_costs_one_call(
    client: TestClient, configured: dict[str, Any]
) -> None:
    assert execute(client, "close_all").json()["message"].startswith(f"{FAILED}the worker process")
    assert execute(client, "nothing").status_code == 200


def test_a_hang_costs_one_call(client: TestClient, configured: dict[str, Any]) -> None:
    assert execute(client, "hang").json() == failure(
        f"{FAILED}_handle_operation was stopped: it did not return within 3 s"
    )
    assert execute(client, "nothing").status_code == 200


def test_a_worker_that_dies_idle_is_replaced(client: TestClient, configured: dict[str, Any]) -> None:
    os.kill(execute(client, "calls").json()["data"]["pid"], signal.SIGKILL)
    for _ in range(5):  # the first may still be given to the dead worker's pool
        if execute(client, "nothing").status_code == 200:
            break
    assert execute(client, "nothing").status_code == 200


def test_what_a_connector_prints_or_logs_goes_to_its_log(
    client: TestClient, configured: dict[str, Any], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    execute(client, "chatter")
    log = (folder / "connectors.log").read_text()
    assert "printed by the connector" in log
    assert "connectors.probe: logged by the connector" in log
    assert capfd.readouterr() == ("", "")


def test_code_that_cannot_be_loaded_fails_its_calls_only(client: TestClient) -> None:
    install(client, packed(broken_info(), **{"probe/connector.py": "import helper\n"}))
    answer = execute(client, "calls")
    assert answer.status_code == 400
    assert "ModuleNotFoundError: No module named 'helper'" in answer.json()["message"]


def broken_info() -> dict[str, Any]:
    return manifest() | {"configuration": {}}


LONELY = """
import os, sys
from pathlib import Path
from lab.kit.clock import Clock
from lab.fortisoar.worker import Job
from lab.fortisoar.workers import Workers

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    workers = Workers(1, 60, {}, folder, folder / "connectors.log")
    job = Job(str(folder), "1", "_handle_operation", ({"operation": "pid"},), {})
    print(workers.call(job).answer, flush=True)
    sys.stdin.read()
"""
PID = """
import os
from connectors.core.connector import Connector

class Lonely(Connector):
    def execute(self, config, operation, params, **kwargs):
        return os.getpid()
"""


def test_workers_end_when_the_lab_is_killed(tmp_path: Path) -> None:
    (tmp_path / "lonely.py").write_text(LONELY)
    (tmp_path / "connector.py").write_text(PID)
    (tmp_path / "info.json").write_text('{"name": "lonely", "version": "1.0.0"}')
    command = [sys.executable, str(tmp_path / "lonely.py"), str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as lab:
        assert lab.stdout is not None
        worker = json.loads(lab.stdout.readline())["data"]
        handle = os.pidfd_open(worker)
        lab.kill()
    try:
        assert select.select([handle], [], [], 60)[0] == [handle]
    finally:
        os.close(handle)


def test_a_call_that_waits_when_the_lab_stops_is_answered(tmp_path: Path) -> None:
    for path, text in {"connector.py": CODE, "helper.py": "NUMBER = 1", "info.json": json.dumps(manifest())}.items():
        (tmp_path / path).write_text(text)
    workers = Workers(1, 60, {}, tmp_path, tmp_path / "connectors.log")
    hang = Job(str(tmp_path), "1", "_handle_operation", ({"operation": "hang"},))
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(workers.call, hang)
        workers.close()
        with pytest.raises(WorkerFailed):
            waiting.result(timeout=60)
    with pytest.raises(WorkerFailed, match="the lab is stopping"):
        workers.call(hang)


# ---- requirements


def wheel(folder: Path) -> Path:
    """Make a tiny package for pip, so that nothing leaves the machine."""
    path = folder / "lab_probe_dependency-1.0-py3-none-any.whl"
    info = "lab_probe_dependency-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lab_probe_dependency.py", "NUMBER = 42\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: lab-probe-dependency\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def dependencies(client: TestClient, method: str = "GET") -> Any:
    path = "/api/integration/connectors/dependencies_check/probe/1.2.0/"
    return client.request(method, path, json={} if method == "POST" else None).json()


@pytest.mark.parametrize("text", [None, "", "# nothing\n", "pytest>=1 # here\n", 'nowhere; python_version < "3"\n'])
def test_requirements_that_are_met_are_completed(client: TestClient, text: str | None) -> None:
    install(client, packed(**{"probe/requirements.txt": text}))
    assert dependencies(client) == {"dependencies_installed": True, "message": None}
    assert dependencies(client, "POST") == {"dependencies_installed": True, "message": None}
    assert details(client)["requirements_installed"] == "Completed"


def test_requirements_that_cannot_be_met_are_failed(client: TestClient) -> None:
    install(client, packed(**{"probe/requirements.txt": "--no-index\nlab-probe-missing\npytest>=9999\n"}))
    answer = dependencies(client, "POST")
    assert answer["dependencies_installed"] is False
    assert answer["message"].startswith("Not installed: --no-index, lab-probe-missing, pytest>=9999.")
    assert details(client)["requirements_installed"] == "Failed"


def test_pip_brings_what_is_missing_and_workers_find_it(client: TestClient, tmp_path: Path) -> None:
    lines = f"lab-probe-dependency @ {wheel(tmp_path).as_uri()}\n"
    helper = "from lab_probe_dependency import NUMBER\n"
    content = packed(broken_info(), **{"probe/requirements.txt": lines, "probe/helper.py": helper})
    install(client, content)
    assert dependencies(client, "POST") == {"dependencies_installed": True, "message": None}
    assert dependencies(client) == {"dependencies_installed": True, "message": None}
    assert execute(client, "echo", params={"text": "x"}).json()["data"]["number"] == 42


def test_requirements_are_judged_by_version(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("pytest<1\nPYTEST\n")
    assert Requirements(tmp_path / "packages").missing(tmp_path) == ["pytest<1"]


def test_a_requirement_in_another_charset_is_not_met(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"pytest\n\xe9t\xe9\n")
    assert Requirements(tmp_path / "packages").missing(tmp_path) == ["\ufffdt\ufffd"]


# ---- the product


def test_it_is_a_product_of_the_lab(soar: FortiSoar, client: TestClient, configured: dict[str, Any]) -> None:
    product: Product = soar
    product.switches.set("coercion", True)
    product.seed()
    product.reset()
    assert product.name == "fortisoar"
    assert product.switches["coercion"] is False
    assert product.journal.entries() == []
    assert client.get("/api/integration/connectors/").json()["totalItems"] == 0


def test_a_kept_folder_goes_on(tmp_path: Path) -> None:
    for first in (True, False):
        made = FortiSoar(tmp_path, Clock(), "u", "p", "k", KEY, {}, workers=1)
        client = TestClient(made.app, base_url="https://127.0.0.1", headers={"Authorization": "API-KEY k"})
        if first:
            configure(client, install(client))
        else:
            assert execute(client, "echo", params={"text": "x"}).json()["data"]["config"]["password"] == SECRET
        made.close()
