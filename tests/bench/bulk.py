"""``make bench``: many updates at once against one after another, as a ratio within one run.

The lab's FortiSIEM runs in a process of its own and answers each request 20 ms late, over TLS. The lab's proxy for
faults is left out: what it takes for each request is most of what a connector that sends at once would wait for.
The writes are counted in FortiSIEM's journal: each run must have made exactly one for each incident.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from starlette.types import ASGIApp, Receive, Scope, Send

from lab.certificates import certificate_authority, server_tls
from lab.fortisiem import Account, FortiSiem
from lab.kit.clock import Clock
from lab.servers import HOST, Site, listening, serving
from tests.support.package import configuration, execute

NUMBER = 1000
LATENCY = 0.02  # seconds
CONCURRENCY = 8
FIRST = 8  # the id of the first incident that is not of the lab's own
WANTED = 7.0
USER, PASSWORD = "admin", "password-of-the-bench"


def late(app: ASGIApp) -> ASGIApp:
    """Return an application that hands each request on a little late."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(LATENCY)
        await app(scope, receive, send)

    return answer


def serve(pipe: Connection) -> None:
    """Run a FortiSIEM with many incidents; answer each message with the ids that were written since the last one."""
    with TemporaryDirectory() as folder, listening({"fortisiem": 0}) as listeners:
        authority = certificate_authority(Path(folder))
        siem = FortiSiem(Path(folder), Clock(), [Account("super", USER, PASSWORD)], [])
        siem.add_incidents(NUMBER, incidentStatus=0)
        listener = listeners["fortisiem"]
        with serving([Site(listener, late(siem.app), server_tls(authority))]):
            pipe.send((listener.getsockname()[1], (Path(folder) / "ca.pem").read_text("ascii")))
            while _asked(pipe):
                updates = [entry.body for entry in siem.journal.entries() if entry.path.endswith("/external")]
                pipe.send(sorted(int(update["incidentId"]) for update in updates))
                siem.journal.clear()
        siem.close()


def _asked(pipe: Connection) -> bool:
    try:
        return bool(pipe.recv())
    except EOFError:
        return False


def seconds_for(concurrency: int, config: dict[str, Any]) -> float:
    """Update every incident once and return how long it took."""
    items = [{"incident_id": FIRST + place, "external_ticket_id": f"{concurrency}-{place}"} for place in range(NUMBER)]
    began = time.perf_counter()
    result = execute("update_siem_incidents", {"items": items, "skip_done": False, "concurrency": concurrency}, config)
    taken = time.perf_counter() - began
    assert result["counts"]["done"] == NUMBER, result["counts"]
    return taken


def main() -> None:
    """Print the ratio."""
    spawning = multiprocessing.get_context("spawn")  # a fork would share the connector's connections
    ours, theirs = spawning.Pipe()
    server = spawning.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    theirs.close()  # else a server that fails would be waited for
    port, authority = ours.recv()
    config = configuration(
        fortimonitor_sign_in="Off",
        fortisiem_server=f"https://{HOST}:{port}",
        fortisiem_username=USER,
        fortisiem_password=PASSWORD,
        ca_certificate=authority,
        total_timeout=600,
    )
    taken = {}
    for concurrency in (1, CONCURRENCY):
        taken[concurrency] = seconds_for(concurrency, config)
        ours.send(True)
        assert ours.recv() == list(range(FIRST, FIRST + NUMBER)), "not exactly one write for each incident"
        click.echo(f"{NUMBER} updates, {LATENCY * 1000:.0f} ms late, {concurrency} at once: {taken[concurrency]:.2f} s")
    click.echo(f"ratio {taken[1] / taken[CONCURRENCY]:.2f}, wanted {WANTED:.0f} or more")
    ours.send(False)
    server.join()


if __name__ == "__main__":
    main()
