"""``make bench``: how long the lab takes from its start to its ready line, and what 200 mixed requests a second cost it.

The three products are read and written side by side over TLS, as clients do it. Processor time counts what other work
on the machine cannot upset; the time on the clock says whether the lab keeps up here and now.
"""

from __future__ import annotations

import itertools
import os
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import urllib3

from tests.conftest import LabProcess

STARTS = 5
READY_WANTED = 3.0  # seconds
RATE = 200  # requests a second
SECONDS = 60
CLIENTS = 16
TICK = os.sysconf("SC_CLK_TCK")

Send = Callable[[], urllib3.BaseHTTPResponse]


@contextmanager
def started() -> Iterator[tuple[LabProcess, float]]:
    """Give a lab of its own, and the seconds that it took to its ready line."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        lab = LabProcess(Path(folder), "--ports", "0", "--state", f"{folder}/state")
        try:
            yield lab, time.monotonic() - began
        finally:
            lab.stop()


def processor_seconds(lab: LabProcess) -> float:
    """Return the processor time that the lab's process has taken so far, that of the system for it included."""
    fields = Path(f"/proc/{lab.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def mixed(lab: LabProcess) -> list[Send]:
    """Return requests of all kinds: as many reads as writes, of the three products alike."""
    pool = urllib3.PoolManager(ca_certs=lab.fortisoar.ca, retries=False, timeout=30, maxsize=CLIENTS)
    soar, monitor, siem = lab.fortisoar, lab.fortimonitor, lab.fortisiem
    basic = urllib3.make_headers(basic_auth=f"{siem.organization}/{siem.username}:{siem.password}")["authorization"]

    def request(url: str, authorization: str, body: Any = None, method: str = "POST") -> Send:
        headers = {"Authorization": authorization}
        return lambda: pool.request("GET" if body is None else method, url, json=body, headers=headers)

    def of_soar(path: str, body: Any = None) -> Send:
        return request(f"{soar.https}/api/{path}", f"API-KEY {soar.api_key}", body)

    def of_monitor(path: str, body: Any = None, method: str = "POST") -> Send:
        return request(f"{monitor.url}/{path}", f"ApiKey {monitor.api_key}", body, method)

    def of_siem(path: str, body: Any = None) -> Send:
        return request(f"{siem.url}/phoenix/rest/{path}", basic, body)

    incident = {
        "description": "Slow",
        "plugin_textkey": monitor.plugin_textkey,
        "resource_textkey": monitor.resource_textkey,
    }
    return [
        of_soar("3/alerts?$limit=30&$orderby=-id"),
        of_soar("3/alerts", {"name": "Slow", "source": "bench"}),
        of_soar("query/alerts", {"logic": "AND", "filters": [{"field": "source", "operator": "eq", "value": "bench"}]}),
        of_soar("3/comments", {"content": "Looked at"}),
        of_monitor("outage/active?limit=50"),
        of_monitor(f"server/{monitor.server_id}/custom_incident", incident),
        of_monitor("outage/2002"),
        of_monitor("outage/2002/summary", {"summary": "Slower", "who": f"{monitor.url}/user/501"}, "PUT"),
        of_siem("pub/incident?timeFrom=1&timeTo=4102444800000&size=50"),
        of_siem("incident/external", {"incidentId": "1", "externalTicketId": "T-1"}),
        of_siem("system/health/summary"),
        of_siem("incident/external", {"incidentId": "2", "incidentStatus": "0"}),
    ]


class Load:
    """So many requests a second from several clients; what is late is sent at once."""

    def __init__(self, sends: list[Send]) -> None:
        self.taken: list[float] = []
        self.errors: Counter[str] = Counter()
        self._sends = sends
        self._numbers = itertools.count()
        self._began = time.monotonic()

    def run(self) -> float:
        """Send all of it; return the seconds that it took."""
        clients = [threading.Thread(target=self._send) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return time.monotonic() - self._began

    def _send(self) -> None:
        for number in self._numbers:
            if number >= RATE * SECONDS:
                return
            time.sleep(max(0.0, self._began + number / RATE - time.monotonic()))
            began = time.monotonic()
            try:
                answer = self._sends[number % len(self._sends)]()
            except urllib3.exceptions.HTTPError as error:
                self.errors[type(error).__name__] += 1
            else:
                if answer.status >= 400:
                    self.errors[f"{answer.status} {answer.data[:60]!r}"] += 1
                self.taken.append(time.monotonic() - began)


def main() -> None:
    """Print the figures."""
    starts = []
    for _ in range(STARTS):
        with started() as (lab, seconds):
            starts.append((seconds, processor_seconds(lab)))
    on_clock, of_processor = (statistics.median(each) for each in zip(*starts, strict=True))
    click.echo(
        f"from the start of the lab to its ready line {on_clock:.1f} s ({of_processor:.1f} s of the processor), "
        f"{STARTS} starts, wanted {READY_WANTED:.0f} or less"
    )
    with started() as (lab, _):
        lab.control.switch("fortimonitor", rate_limit=False)
        before = processor_seconds(lab)
        load = Load(mixed(lab))
        seconds = load.run()
        used = processor_seconds(lab) - before
    middle, late = statistics.quantiles(load.taken, n=100)[49], statistics.quantiles(load.taken, n=100)[98]
    click.echo(
        f"{RATE * SECONDS} mixed requests in {seconds:.0f} s: {RATE * SECONDS / seconds:.0f} a second, wanted {RATE}; "
        f"{used / len(load.taken) * 1000:.1f} ms of the processor each; half answered in {middle * 1000:.0f} ms, "
        f"99 % in {late * 1000:.0f} ms; errors: {dict(load.errors) or 'none'}, wanted none"
    )


if __name__ == "__main__":
    main()
