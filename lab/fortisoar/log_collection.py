"""Log collection: the lab's own logs as one archive, made behind the answer and fetched later."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

from starlette.routing import Route

from ..kit.clock import Clock
from ..kit.journal import Journal
from ..kit.switches import Switch, Switches
from ..log import log_place
from .calls import Answer, Call, route
from .files import download
from .jobs import Jobs
from .openpgp import encrypted
from .refusals import refusal

PLAIN, ENCRYPTED = "fortisoar-logs.tar.gz", "fortisoar-logs.tar.gz.gpg"
TOP = "fortisoar-logs"
MOST_OF_A_LOG = 20 * 2**20  # bytes, from its end
# The guide prints the second one.
ADDRESSES = ("/api/3/utils/log-collect", "/api/3//utils/log-collect")

LOG_SWITCHES = (
    Switch(
        "log_collection_busy_body",
        ("filename", "empty"),
        "What the 202 of a log collection that is under way carries: the name of the file that will be there, or "
        "nothing; the guide tells the status only.",
    ),
)


class LogCollection:
    """The addresses of log collection.

    Parameters:
        folder: takes the collected archives.
        connectors_log: what connectors log.
    """

    def __init__(
        self, folder: Path, connectors_log: Path, journal: Journal, clock: Clock, switches: Switches, jobs: Jobs
    ) -> None:
        self._folder = folder
        self._connectors_log = connectors_log
        self._journal = journal
        self._clock = clock
        self._switches = switches
        self._jobs = jobs
        self._lock = threading.Lock()
        self._collecting: str | None = None

    def routes(self) -> list[Route]:
        """Return the addresses."""
        return [
            each
            for address in ADDRESSES
            for each in (route("POST", address, self._start), route("GET", address, self._fetch))
        ]

    def reset(self) -> None:
        """Forget what was collected, once the jobs are abandoned."""
        self._collecting = None
        for name in (PLAIN, ENCRYPTED):
            (self._folder / name).unlink(missing_ok=True)

    def _start(self, call: Call) -> Answer:
        password = call.fields.get("password")
        if not isinstance(password, str | None):
            raise refusal(400, "password must be a text.")
        if password:
            self._journal.hide(password)
        name = ENCRYPTED if password else PLAIN
        with self._lock:
            if self._collecting is not None:
                return self._busy()
            self._collecting = name
        self._jobs.start(self._collect, name, password)
        return 200, {"filename": name}

    def _fetch(self, call: Call) -> Answer:
        name = call.query.get("filename")
        if not name:
            raise refusal(400, "The parameter filename is missing.")
        if self._collecting is not None:
            return self._busy()
        # Only these two names: whatever else is asked for, no path is made of it.
        if name not in (PLAIN, ENCRYPTED) or not (self._folder / name).is_file():
            raise refusal(400, f"There is no collected log file {name[:100]}. Collect the logs first.")
        return 200, download(name, (self._folder / name).read_bytes())

    def _busy(self) -> Answer:
        body = {"filename": self._collecting} if self._switches["log_collection_busy_body"] == "filename" else None
        return 202, body

    def _collect(self, name: str, password: str | None) -> None:
        try:
            self._jobs.pause(1)
            made = int(self._clock.now().timestamp())
            archive = _packed(dict(self._logs()), made)
            self._folder.mkdir(exist_ok=True)
            unfinished = self._folder / f".{name}"
            unfinished.write_bytes(encrypted(archive, password, PLAIN, made) if password else archive)
            unfinished.replace(self._folder / name)
        finally:
            self._collecting = None

    def _logs(self) -> Iterator[tuple[str, bytes]]:
        """Yield the logs by name, without secrets."""
        for path in (self._connectors_log, Path(log_place())):
            if path.is_file():
                yield path.name, self._journal.without_secrets(_end_of(path)).encode()
        yield "requests.json", json.dumps(self._journal.as_json(), indent=1).encode()


def _end_of(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - MOST_OF_A_LOG))
        return file.read(MOST_OF_A_LOG).decode("utf-8", "replace")


def _packed(files: dict[str, bytes], made: int) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{TOP}/{name}")
            member.size, member.mtime = len(content), made
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=made)
