"""``make bench``: many updates at once against one after another, as a ratio within one run.

The lab's FortiSIEM runs in a process of its own behind its TLS proxy, which answers each request 20 ms late. The writes
are counted in FortiSIEM's journal: each run must have made exactly one for each incident.
"""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import click
import requests

from lab.running import running_lab
from tests.support.package import configuration, execute

NUMBER = 1000
LATENCY = 0.02  # seconds
CONCURRENCY = 8
FIRST = 8  # the id of the first incident that is not of the lab's own
WANTED = 7.0


def serve(pipe: Connection) -> None:
    """Run a lab with many incidents; answer each message with the ids that were written since the last one."""
    with running_lab(base_port=0) as lab:
        siem = lab.products["fortisiem"]
        siem.add_incidents(NUMBER, incidentStatus=0)  # type: ignore[attr-defined]
        late = {"kind": "delay", "product": "fortisiem", "seconds": LATENCY, "times": 0}
        requests.post(lab.ready["control"]["url"] + "/faults", json=late, timeout=10).raise_for_status()
        pipe.send((lab.ready["fortisiem"], Path(lab.ready["fortisoar"]["ca"]).read_text("ascii")))
        while _asked(pipe):
            entries = siem.journal.entries()
            pipe.send(sorted(int(entry.body["incidentId"]) for entry in entries if entry.path.endswith("/external")))
            siem.journal.clear()


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
    # Not a daemon: the lab starts processes of its own. It ends when the pipe does.
    server = spawning.Process(target=serve, args=(theirs,))
    server.start()
    theirs.close()  # else a server that fails would be waited for
    siem, certificate_authority = ours.recv()
    config = configuration(
        fortimonitor_enabled=False,
        fortisiem_server=siem["url"],
        fortisiem_username=siem["username"],
        fortisiem_password=siem["password"],
        ca_certificate=certificate_authority,
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
