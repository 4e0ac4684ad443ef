"""Log collection: made behind the answer, one at a time, and fetched as an archive that a password may lock."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from lab.fortisoar import FortiSoar
from lab.kit.clock import Clock
from lab.log import log_in
from tests.support.playbooks import KEY, PASSWORD, USERNAME, Soar

START = "/api/3/utils/log-collect"
PLAIN, LOCKED = "fortisoar-logs.tar.gz", "fortisoar-logs.tar.gz.gpg"


def fetch(soar: Soar, name: str, path: str = START) -> bytes:
    answer = soar.http.get(path, params={"filename": name})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{name}"')
    return answer.content


def collect(soar: Soar, **body: str) -> bytes:
    soar.product.switches.set("seconds_of_a_job", 0)
    name = soar.ask("POST", START, body)["filename"]
    soar.product.jobs.settle()
    return fetch(soar, name)


def held(archive: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        return {name: file.read().decode() for name, file in files.items() if file}


def unlocked(message: bytes, password: str) -> bytes:
    """Open an OpenPGP message by the letter of RFC 4880."""
    packets = {}
    while message:
        tag, size = message[0] & 0x3F, int.from_bytes(message[2:6], "big")
        packets[tag], message = message[6 : 6 + size], message[6 + size :]
    version, cipher, kind, digest, salt, count = (*packets[3][:4], packets[3][4:12], packets[3][12])
    assert (version, cipher, kind, digest) == (4, 9, 3, 8)  # AES-256 by an iterated and salted SHA-256
    octets = (16 + (count & 15)) << ((count >> 4) + 6)
    salted = salt + password.encode()
    key = hashlib.sha256((salted * (octets // len(salted) + 1))[:octets])
    plain = Cipher(AES(key.digest()), CFB(bytes(16))).decryptor().update(packets[18][1:])
    assert plain[14:16] == plain[16:18]
    assert plain[-20:] == hashlib.sha1(plain[:-20], usedforsecurity=False).digest()
    literal = plain[18:-22]
    assert literal[0] == 0xC0 | 11
    name = literal[8 : 8 + literal[7]]
    assert (literal[6:7], name.decode()) == (b"b", PLAIN)
    return literal[8 + len(name) + 4 :]


@pytest.fixture
def with_log(soar: Soar, tmp_path: Path) -> Iterator[Soar]:
    with log_in(tmp_path):
        yield soar


def test_one_collection_runs_at_a_time_and_is_fetched_when_it_is_done(soar: Soar) -> None:
    soar.product.switches.set("seconds_of_a_job", 3600)
    assert soar.ask("POST", START, {}) == {"filename": PLAIN}
    assert soar.ask("POST", START, {"password": "Test"}, 202) == {"filename": PLAIN}
    assert soar.ask("GET", f"{START}?filename={PLAIN}", status=202) == {"filename": PLAIN}
    soar.product.switches.set("log_collection_busy_body", "empty")
    assert soar.ask("GET", f"{START}?filename={PLAIN}", status=202) is None

    soar.clock.advance(3600)
    soar.product.jobs.settle()

    assert fetch(soar, PLAIN) == fetch(soar, PLAIN, "/api/3//utils/log-collect")
    assert soar.http.post("/api/3//utils/log-collect", json={}).status_code == 200


@pytest.mark.parametrize("name", [PLAIN, LOCKED, "other.tar.gz", "../fortisoar.sqlite", "a" * 300])
def test_what_was_not_collected_is_refused(soar: Soar, name: str) -> None:
    refused = soar.http.get(START, params={"filename": name})
    assert refused.status_code == 400
    assert refused.json()["message"] == f"There is no collected log file {name[:100]}. Collect the logs first."


def test_a_request_that_names_no_file_or_a_password_that_is_no_text_is_refused(soar: Soar) -> None:
    assert soar.ask("GET", START, status=400)["message"] == "The parameter filename is missing."
    assert soar.ask("POST", START, {"password": 1}, 400)["message"] == "password must be a text."
    assert soar.ask("POST", START, [], 400)["message"] == "The body must be a JSON object."
    assert soar.ask("GET", f"{START}?filename={PLAIN}", status=400)


def test_the_archive_holds_the_labs_logs_and_the_requests_without_secrets(with_log: Soar) -> None:
    logging.getLogger("lab.test").warning("Somebody wrote %s into the log", PASSWORD)
    with_log.ask("POST", "/auth/authenticate", {"credentials": {"loginid": USERNAME, "password": PASSWORD}})
    files = held(collect(with_log))
    assert "Somebody wrote *** into the log" in files["fortisoar-logs/lab.log"]
    requests = json.loads(files["fortisoar-logs/requests.json"])
    assert requests[0]["path"] == "/auth/authenticate"
    assert not any(secret in text for secret in (PASSWORD, f"API-KEY {KEY}") for text in files.values())


def test_a_password_locks_the_archive_as_gpg_does(soar: Soar) -> None:
    message = collect(soar, password="Größer als Test")
    assert "fortisoar-logs/requests.json" in held(unlocked(message, "Größer als Test"))
    with pytest.raises(AssertionError):
        unlocked(message, "Test")
    assert "Größer" not in json.dumps(soar.product.journal.as_json(), ensure_ascii=False)
    assert soar.ask("GET", f"{START}?filename={PLAIN}", status=400)  # there is only the locked one


def test_a_collected_archive_outlives_a_restart_and_goes_with_a_reset(tmp_path: Path) -> None:
    key = Fernet.generate_key()
    for is_first in (True, False):
        clock = Clock()
        product = FortiSoar(tmp_path, clock, USERNAME, PASSWORD, KEY, key, {}, workers=1)
        try:
            soar = Soar(product, clock)
            archive = collect(soar) if is_first else fetch(soar, PLAIN)
            assert "fortisoar-logs/requests.json" in held(archive)
            if not is_first:
                product.reset()
                assert soar.ask("GET", f"{START}?filename={PLAIN}", status=400)
        finally:
            product.close()
