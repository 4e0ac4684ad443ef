"""``make bench``: the processor time that loading the connector takes, as a ratio to ``import requests`` alone.

Each is a whole process, so that all of a fresh worker's cost counts; the two take turns. Byte code is written once,
before, as on an appliance.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile

import click

from tests.support.package import ROOT

RUNS = 20
WANTED = 1.25
REQUESTS = "import requests"
CONNECTOR = f"""
import importlib, sys, types
sys.path.insert(0, {str(ROOT / "vendor/connectors_sdk_shim/packages")!r})
import connectors
package = sys.modules["connectors.bridge"] = types.ModuleType("connectors.bridge")
package.__path__ = [{str(ROOT)!r}]
importlib.import_module("connectors.bridge.connector")
"""


def seconds_for(code: str, byte_code: str) -> float:
    """Run a process and return its processor time, that of the system for it included."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env={**environment, "PYTHONPYCACHEPREFIX": byte_code})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        seconds_for(CONNECTOR, folder)
        pairs = [(seconds_for(CONNECTOR, folder), seconds_for(REQUESTS, folder)) for _ in range(RUNS)]
    low, middle, high = statistics.quantiles([one / other for one, other in pairs], n=4)
    ours, bare = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    click.echo(
        f"loading the connector {ours:.0f} ms of the processor, import requests {bare:.0f} ms, {RUNS} runs: "
        f"ratio {middle:.2f} (quartiles {low:.2f} and {high:.2f}), wanted {WANTED:.2f} or less"
    )


if __name__ == "__main__":
    main()
