"""A lab that is killed in the middle of its work loses nothing that it acknowledged, and starts again."""

from __future__ import annotations

import json
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.conftest import FIGURE, ROOT, LabProcess
from tests.properties.examples import IS_PROOF
from tests.support.mutations import archive_of
from tests.support.playbooks import running_soar
from tests.support.shapes import INFO

MOMENTS = 100 if IS_PROOF else 3
MOST = 60  # writes that are acknowledged before the end: a busy machine takes its time for them
BATCH = 3  # records of one request, which are all there or none
MARK = re.compile(r"[a-z]+-[0-9]+-[0-9]+")

Write = Callable[[str], urllib3.BaseHTTPResponse]


class Client:
    """Who writes to a lab until it is gone. ``acknowledged`` has the marks of what it was told is done."""

    def __init__(self, lab: LabProcess, number: int) -> None:
        self.acknowledged: set[str] = set()
        self._number = number
        self._lab = lab
        lab.control.switch("fortisoar", bulk_with_api_key="works")
        self._pool = urllib3.PoolManager(ca_certs=lab.fortisoar.ca, retries=False, timeout=30, maxsize=5)
        writes: dict[str, Write] = {
            "alert": self._alert,
            "batch": self._batch,
            "comment": self._comment,
            "incident": self._incident,
            "note": self._note,
            "siem": self._siem_comment,
        }
        self._threads = [threading.Thread(target=self._work, args=each) for each in writes.items()]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for(self, acknowledged: int) -> None:
        """Wait until so many writes are acknowledged, while further ones are under way."""
        while len(self.acknowledged) < acknowledged and any(thread.is_alive() for thread in self._threads):
            time.sleep(0.001)

    def end(self) -> None:
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads)
        self._pool.clear()

    def _work(self, kind: str, write: Write) -> None:
        for place in count():
            mark = f"{kind}-{self._number}-{place}"
            try:
                answer = write(mark)
            except urllib3.exceptions.HTTPError:
                return  # the lab is gone
            assert answer.status < 300, answer.data
            self.acknowledged.add(mark)

    def _soar(self, path: str, body: Any) -> urllib3.BaseHTTPResponse:
        soar = self._lab.fortisoar
        headers = {"Authorization": f"API-KEY {soar.api_key}"}
        return self._pool.request("POST", f"{soar.https}/api/3/{path}", json=body, headers=headers)

    def _alert(self, mark: str) -> urllib3.BaseHTTPResponse:
        return self._soar("alerts", {"name": mark, "sourceId": mark})

    def _batch(self, mark: str) -> urllib3.BaseHTTPResponse:
        return self._soar("insert/alerts", {"data": [{"name": mark}] * BATCH})

    def _comment(self, mark: str) -> urllib3.BaseHTTPResponse:
        return self._soar("comments", {"content": mark})

    def _monitor(self, path: str, body: Any) -> urllib3.BaseHTTPResponse:
        monitor = self._lab.fortimonitor
        headers = {"Authorization": f"ApiKey {monitor.api_key}"}
        return self._pool.request("POST", f"{monitor.url}/{path}", json=body, headers=headers)

    def _incident(self, mark: str) -> urllib3.BaseHTTPResponse:
        monitor = self._lab.fortimonitor
        keys = {"plugin_textkey": monitor.plugin_textkey, "resource_textkey": monitor.resource_textkey}
        return self._monitor(f"server/{monitor.server_id}/custom_incident", {"description": mark, **keys})

    def _note(self, mark: str) -> urllib3.BaseHTTPResponse:
        user = f"{self._lab.fortimonitor.url}/user/501"
        return self._monitor("outage/2002/outage_log", {"entry": mark, "public": False, "user": user})

    def _siem_comment(self, mark: str) -> urllib3.BaseHTTPResponse:
        siem = self._lab.fortisiem
        headers = urllib3.make_headers(basic_auth=f"super/{siem.username}:{siem.password}")
        url = f"{siem.url}/phoenix/rest/incident/external"
        body = {"incidentId": str(1 + self._number % 6), "comments": mark}
        return self._pool.request("POST", url, json=body, headers=headers)


def stored(folder: Path) -> list[str]:
    """Return the mark of everything that a state folder holds, after a look at the health of its databases."""
    found = []
    for product, sql in {
        "fortisoar": "SELECT coalesce(json_extract(document, '$.name'), json_extract(document, '$.content')) FROM record "
        "WHERE module IN ('alerts', 'comments')",
        "fortimonitor": "SELECT description FROM outage WHERE custom UNION ALL SELECT entry FROM outage_log",
        "fortisiem": "SELECT incidentComments FROM incidents",
    }.items():
        with closing(sqlite3.connect(folder / f"{product}.sqlite")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
            found += [mark for (text,) in database.execute(sql) for mark in MARK.findall(text or "")]
    return found


def start(start_lab: Callable[..., LabProcess], folder: Path) -> LabProcess:
    # Another process may have taken the ports meanwhile, and that is not what is tried here.
    (folder / "ports.json").unlink(missing_ok=True)
    lab = start_lab("--state", str(folder))
    lab.control.switch("fortimonitor", rate_limit=False)
    return lab


@pytest.mark.timeout(30 * MOMENTS + 60)  # a start takes seconds, on a busy machine many
def test_a_lab_that_is_killed_while_it_writes_loses_nothing_that_it_acknowledged_and_starts_again(
    request: pytest.FixtureRequest, start_lab: Callable[..., LabProcess], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    seed = time.time_ns() if IS_PROOF else 0
    request.node.user_properties.append((FIGURE, f"Moments of a kill of seed {seed}"))
    chance = random.Random(seed)  # noqa: S311 - chance, not a secret
    acknowledged: set[str] = set()
    for number in range(MOMENTS):
        lab = start(start_lab, tmp_path)
        client = Client(lab, number)
        client.start()
        wanted = chance.randint(0, MOST)
        client.wait_for(wanted)
        time.sleep(chance.uniform(0, 0.02))
        lab.process.kill()
        client.end()
        lab.stop()
        assert len(client.acknowledged) >= wanted
        acknowledged |= client.acknowledged
        if number % 10 == 0:
            assert acknowledged - set(stored(tmp_path)) == set()

    lab = start(start_lab, tmp_path)
    found = stored(tmp_path)
    assert acknowledged - set(found) == set()
    assert {mark.partition("-")[0] for mark in acknowledged} == {
        "alert",
        "batch",
        "comment",
        "incident",
        "note",
        "siem",
    }
    batches = [mark for mark in found if mark.startswith("batch-")]
    assert {batches.count(mark) for mark in batches} == {BATCH}
    once = [mark for mark in found if mark.startswith(("alert-", "comment-", "note-"))]
    assert len(set(once)) == len(once)
    assert lab.stop() == ""
    figure(f"Killed {MOMENTS} times: {len(acknowledged)} writes acknowledged, {len(set(found))} found, none lost")


KILLED_WHILE_INSTALLING = """
import os, signal, sys
from pathlib import Path
from lab.fortisoar import connectors
from tests.lab.test_killed import replacement
from tests.support.playbooks import running_soar
with running_soar(Path(sys.argv[1])) as soar:
    soar.http.post(INSTALL, files={"file": ("odd.tgz", replacement("1.0.0", "Before"))}).raise_for_status()
    connectors.installation = lambda connector: os.kill(os.getpid(), signal.SIGKILL)
    soar.http.post(INSTALL, files={"file": ("odd.tgz", replacement(sys.argv[2], "After"))})
""".replace("INSTALL", "'/api/3/solutionpacks/install?$type=connector&$replace=true'")


def replacement(version: str, label: str) -> bytes:
    return archive_of({**INFO, "version": version, "label": label})


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_a_lab_that_is_killed_while_it_installs_a_connector_has_the_one_that_it_had(
    tmp_path: Path, version: str
) -> None:
    command = [sys.executable, "-c", KILLED_WHILE_INSTALLING, str(tmp_path), version]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    with running_soar(tmp_path) as soar:
        (row,) = soar.ask("GET", "/api/integration/connectors/")["data"]
        assert (row["version"], row["label"]) == ("1.0.0", "Before")
        folders = [path.name for path in (tmp_path / "connectors").iterdir() if path.name.startswith(".")]
        assert folders == []
        manifest = json.loads((tmp_path / "connectors" / "odd_1_0_0" / "info.json").read_text())
        assert manifest["label"] == "Before"
