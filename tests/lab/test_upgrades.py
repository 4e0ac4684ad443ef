"""A state folder of an older lab goes on in this one; one of a newer lab is refused and left as it is."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import urllib3
from cryptography.fernet import Fernet

from lab import upgrades
from lab.fortimonitor.models import Base as MonitorBase
from lab.fortisiem.models import Base as SiemBase
from lab.fortisoar import FortiSoar
from lab.fortisoar.models import Base as SoarBase
from lab.kit.clock import Clock
from lab.kit.store import Store
from lab.state import load_keys
from lab.upgrades import VERSION

STATES = Path(__file__).with_name("states")
BASES = {"fortisoar": SoarBase, "fortimonitor": MonitorBase, "fortisiem": SiemBase}
FIRST_DAY = """
CREATE TABLE user (id INTEGER PRIMARY KEY, username VARCHAR, display_name VARCHAR, created DATETIME);
INSERT INTO user VALUES (501, 'oncall@example.com', 'On call', '2025-11-28 04:32:26.000000');
CREATE TABLE outage_log (id INTEGER PRIMARY KEY, outage_sequence INTEGER, entry VARCHAR, public BOOLEAN,
    user_id INTEGER REFERENCES user (id), created DATETIME);
INSERT INTO outage_log VALUES (1, 1, 'Seen', 1, 501, '2025-11-28 04:32:26.000000');
"""
Refused = Callable[..., str]


def made(folder: Path, database: str, sql: str) -> Path:
    with closing(sqlite3.connect(folder / f"{database}.sqlite")) as connection:
        connection.executescript(sql)
    return folder / f"{database}.sqlite"


def rows(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def columns(path: Path) -> dict[str, set[str]]:
    names = [name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: {row[1] for row in rows(path, f"PRAGMA table_info({name})")} for name in names}


def state_of(version: str, folder: Path) -> Path:
    """Make a state folder as an older lab left it."""
    folder.mkdir()
    keys = vars(load_keys(folder))
    del keys["control_token"]  # the labs before the last of version 0 had none
    (folder / "keys.json").write_text(json.dumps(keys))
    for dump in (STATES / version).glob("*.sql"):
        made(folder, dump.stem, dump.read_text(encoding="utf-8"))
    return folder


@pytest.mark.parametrize("version", sorted(path.name for path in STATES.iterdir() if path.is_dir()))
def test_a_state_of_an_older_lab_goes_on_with_all_that_is_in_it(
    start_lab: Callable[..., Any], tmp_path: Path, version: str
) -> None:
    folder = state_of(version, tmp_path / "state")
    before = json.loads((folder / "keys.json").read_text())
    lab = start_lab("--state", str(folder))
    assert lab.control.ask("GET", "/clock")["now"]

    def read(url: str, authorization: str, query: Any = None) -> str:
        with urllib3.PoolManager(ca_certs=lab.fortisoar.ca) as pool:
            method = "GET" if query is None else "POST"
            answer = pool.request(method, url, headers={"Authorization": authorization}, json=query)
        assert answer.status == 200
        return answer.data.decode()

    soar, key = lab.fortisoar.https, f"API-KEY {lab.fortisoar.api_key}"
    assert "Kept alert" in read(f"{soar}/api/3/alerts", key)
    assert "Kept comment" in read(f"{soar}/api/3/comments", key)
    assert "Kept playbook" in read(f"{soar}/api/3/workflows", key)
    assert '"status": "finished"' in read(f"{soar}/api/wf/api/historical-workflows/", key)
    assert '"kept"' in read(f"{soar}/api/wf/api/dynamic-variable/", key)
    assert "Kept incident" in read(f"{lab.fortimonitor.url}/outage", f"ApiKey {lab.fortimonitor.api_key}")
    basic = urllib3.make_headers(basic_auth=f"super/{lab.fortisiem.username}:{lab.fortisiem.password}")
    wanted = {"timeFrom": 1, "timeTo": 4102444800000, "fields": ["incidentComments"]}
    assert "Kept comment" in read(f"{lab.fortisiem.url}/phoenix/rest/pub/incident", basic["authorization"], wanted)
    lab.stop()

    after = json.loads((folder / "keys.json").read_text())
    assert {name: after[name] for name in before} == before
    assert (folder / "version").read_text() == f"{VERSION}\n"
    for name, base in BASES.items():
        Store(tmp_path / f"{name}.sqlite", base).close()
        assert columns(folder / f"{name}.sqlite") == columns(tmp_path / f"{name}.sqlite")
        assert rows(folder / f"{name}.sqlite", "PRAGMA user_version") == [(VERSION,)]
        assert rows(folder / f"{name}.sqlite", "PRAGMA integrity_check") == [("ok",)]


OF_A_CONNECTOR = """
INSERT INTO connector VALUES (1, 'u', 's-1', 'kept', '1.0.0', '{}', 1, 'a', 'Completed', 'kept 1.0.0', '', '');
UPDATE workflow_collection SET serial = 's-1';
INSERT INTO workflow_version VALUES
    (1, '44444444-4444-4444-8444-444444444444', '11111111-1111-4111-8111-111111111111', 'First', 0, 1.5, '{"a": 1}');
UPDATE run SET status = 'awaiting';
INSERT INTO manual_input VALUES (1, 1, 1, '2026-11-28 04:37:15.745879', '{}');
INSERT INTO workflow_collection SELECT '55555555-5555-4555-8555-555555555555', NULL,
    json_set(document, '$.deletedAt', 1.5, '$.name', 'Thrown away') FROM workflow_collection;
"""


def test_playbooks_become_records_with_their_versions_and_stay_their_connectors(tmp_path: Path) -> None:
    path = made(tmp_path, "fortisoar", (STATES / "0" / "fortisoar.sql").read_text(encoding="utf-8") + OF_A_CONNECTOR)
    FortiSoar(tmp_path, Clock(), "u", "p", "k3y", Fernet.generate_key(), {}, workers=1).close()

    kept = "SELECT json_extract(document, '$.name') FROM record WHERE module = '{}'"
    assert rows(path, kept.format("workflow_collections")) == [("Kept",)]
    assert rows(path, kept.format("workflows")) == [("Kept playbook",)]
    assert rows(path, "SELECT collections FROM connector") == [('["33333333-3333-4333-8333-333333333333"]',)]
    (version,) = rows(path, "SELECT uuid, document FROM record WHERE module = 'workflow_versions'")
    assert version[0] == "44444444-4444-4444-8444-444444444444"
    assert json.loads(version[1]) | {"note": "First", "json": '{"a": 1}'} == json.loads(version[1])
    assert rows(path, "SELECT status FROM run") == [("terminated",)]
    assert rows(path, "SELECT count(*) FROM manual_input") == [(0,)]
    assert not {name for name in columns(path) if name.startswith("workflow")}
    assert rows(path, "SELECT count(*) > 20 FROM record WHERE module = 'workflow_step_types'") == [(1,)]


def test_what_is_only_new_gets_the_models_defaults_and_a_renamed_table_keeps_its_rows(tmp_path: Path) -> None:
    path = made(tmp_path, "fortimonitor", FIRST_DAY)
    Store(path, MonitorBase).close()
    assert rows(path, "SELECT id, kind, username FROM person") == [(501, "user", "oncall@example.com")]
    assert rows(path, "SELECT entry, user_id FROM outage_log") == [("Seen", 501)]
    assert rows(path, "PRAGMA foreign_key_list(outage_log)")[0][2:4] == ("person", "user_id")
    assert "ix_outage_log_outage_sequence" in {row[1] for row in rows(path, "PRAGMA index_list(outage_log)")}


def test_a_state_that_cannot_be_brought_forward_is_named_and_left_as_it_is(refused: Refused, tmp_path: Path) -> None:
    path = made(tmp_path, "fortisoar", "CREATE TABLE macro (id INTEGER PRIMARY KEY); INSERT INTO macro VALUES (1)")
    assert refused("serve", "--ports", "0", "--state", str(tmp_path)) == (
        f"Error: The data in {tmp_path} was made by an older lab, and cannot be brought forward: fortisoar.sqlite has "
        "no macro.name. Remove the folder, or name another one."
    )
    assert columns(path) == {"macro": {"id"}}


def test_a_step_that_is_interrupted_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(connection: Any) -> None:
        connection.exec_driver_sql("DROP TABLE outage_log")
        raise KeyboardInterrupt

    path = made(tmp_path, "fortimonitor", FIRST_DAY)
    monkeypatch.setattr(upgrades, "DATABASE_STEPS", {"fortimonitor": {1: interrupted}})
    with pytest.raises(KeyboardInterrupt):
        Store(path, MonitorBase)
    assert columns(path).keys() == {"user", "outage_log"}
    assert rows(path, "PRAGMA user_version") == [(0,)]


@pytest.mark.parametrize(
    ("change", "evidence"),
    [
        (f"PRAGMA user_version = {VERSION + 1}", f"it is in version {VERSION + 1}, and this lab knows none beyond {VERSION}"),
        ("ALTER TABLE record ADD COLUMN more TEXT", "fortisoar.sqlite has record.more, which this lab does not know"),
    ],
)  # fmt: skip
def test_a_database_of_a_newer_lab_is_refused_and_left_as_it_is(
    refused: Refused, tmp_path: Path, change: str, evidence: str
) -> None:
    path = tmp_path / "fortisoar.sqlite"
    Store(path, SoarBase).close()
    made(tmp_path, "fortisoar", change)
    before = path.read_bytes()
    assert refused("serve", "--ports", "0", "--state", str(tmp_path)) == (
        f"Error: The data in {tmp_path} was made by a newer lab: {evidence}. Start the newer one, or name another folder."
    )
    assert path.read_bytes() == before


def test_a_folder_of_a_newer_lab_is_refused_before_anything_in_it_is_touched(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "version").write_text(f"{VERSION + 1}\n")
    assert refused("serve", "--ports", "0", "--state", str(tmp_path)) == (
        f"Error: The data in {tmp_path} was made by a newer lab: it is in version {VERSION + 1}, and this lab knows none "
        f"beyond {VERSION}. Start the newer one, or name another folder."
    )
    assert {path.name for path in tmp_path.iterdir()} <= {"version", "lock", "lab.log"}


def test_a_version_that_cannot_be_read_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "version").write_text("one")
    line = refused("serve", "--ports", "0", "--state", str(tmp_path))
    assert re.fullmatch(
        rf"Error: {tmp_path}/version is broken: .+\. Restore it, or start with an empty state folder\.", line
    )
