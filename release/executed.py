"""The examples as the lab executes them: the built archive, installed in the local FortiSOAR and asked over HTTPS.

What differs from run to run (addresses, times, what the machine has) is replaced by what would stand there on an
appliance, always the same. The rest is what came. It is kept in ``release/executed.json``, of which the pages are made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from lab.client import FortiSoarClient, execution
from lab.connector import built_archive, configuration_values
from lab.running import RunningLab, running_lab
from vendor.connectors_sdk_shim.loader import import_module

from .archive import ROOT, BuildError
from .examples import EXAMPLES, Example

FILE = "release/executed.json"
CONFIGURATION, CONFIGURATION_ID = "Production", "0c1b7e52-6f0e-4a53-9f6d-3b8f5f1d2a77"
PRODUCTS = {"fortimonitor": "api2.panopta.com", "fortisiem": "siem.example.com"}
SHOWN_NOW = datetime(2026, 2, 3, 8, 0, tzinfo=timezone.utc)
# The lab's objects lie whole half minutes before its start, and what an example makes lies some seconds after it.
GRAIN = 30.0
EARLY = 1.5  # seconds by which a time may seem to lie earlier, where a product leaves out fractions
NEAR = 2 * 365 * 86400  # seconds around now within which a number is a time
SOFTWARE = {
    "python": "3.9.18",
    "requests": "2.32.3",
    "urllib3": "1.26.20",
    "jsonschema": "4.17.3",
    "openssl": "OpenSSL 3.0.7 1 Nov 2022",
}
MILLISECONDS = 20
AGE, AGE_IN_WORDS = "age_seconds", "age"
JUST_NOW = re.compile(r"\d+ s")
# What workers remember of earlier examples would show in these: the connector is installed anew before them.
REMEMBERING = ("force_resolve_incidents", "get_diagnostics")
ISO = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:Z|\+00:00)?")
RFC_2822 = re.compile(r"\w{3}, \d\d \w{3} 20\d\d \d\d:\d\d:\d\d -0000")
SYSLOG = re.compile(r"(?<=>)\w{3} [ \d]\d \d\d:\d\d:\d\d")
EPOCH = re.compile(r"(?<![\d-])1\d{9}(?:\d{3})?(?!\d)")


def kept() -> dict[str, Any]:
    """Return the examples as they were executed last, by operation."""
    executed: dict[str, Any] = json.loads((ROOT / FILE).read_text("utf-8"))
    return executed


def as_kept(executed: Mapping[str, Any]) -> str:
    """Return the text of the file."""
    return json.dumps(executed, indent=1) + "\n"


def executed(operations: Iterable[str]) -> dict[str, Any]:
    """Execute the examples of some actions in a lab of their own; return each with its answer and its requests.

    Raises: LabError where one fails, BuildError where an action has none.
    """
    chosen = {name: example_of(name) for name in operations}
    with built_archive() as archive, running_lab(base_port=0) as lab, FortiSoarClient(lab.ready["fortisoar"]) as soar:
        connector = soar.install(archive)
        configuration = soar.configure(connector, CONFIGURATION, configuration_values(lab.ready))
        answers = {}
        for name, example in chosen.items():
            if name in REMEMBERING:
                connector = soar.install(archive)
            answers[name] = _Stage(lab, soar, connector, configuration["config_id"]).play(name, example)
        return answers


def example_of(operation: str) -> Example:
    """Return an action's example. Raises BuildError where it has none."""
    if operation not in EXAMPLES:
        raise BuildError(f"{operation} has no example. Add one to release/examples.py.")
    return EXAMPLES[operation]


class _Stage:
    """Products as after their start, for one example."""

    def __init__(
        self, lab: RunningLab, soar: FortiSoarClient, connector: dict[str, Any], configuration_id: str
    ) -> None:
        self._products = [lab.products[name] for name in PRODUCTS]
        self._soar = soar
        self._connector = connector
        self._steady = _Steady(lab.ready, configuration_id, datetime.now(timezone.utc))
        for product in self._products:
            product.reset()

    def play(self, name: str, example: Example) -> dict[str, Any]:
        for operation, params in example.before:
            self._execute(operation, params)
        for product in self._products:
            product.journal.clear()
        answer = self._execute(name, example.params)
        return {
            "before": [list(step) for step in example.before],
            "params": example.params,
            "answer": self._steady.value(answer),
            "requests": list(dict.fromkeys(self._requests())),
        }

    def _execute(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return self._soar.execute(execution(self._connector, CONFIGURATION, operation, params))

    def _requests(self) -> Iterator[str]:
        for product in self._products:
            for entry in product.journal.entries():
                yield f"{product.name} {entry.method} {entry.path}"


class _Steady:
    """Replaces what differs from run to run."""

    def __init__(self, ready: Mapping[str, Any], configuration_id: str, began: datetime) -> None:
        self._began = began
        self._configuration_id = configuration_id
        self._servers = {urlsplit(ready[name]["url"]).netloc: server for name, server in PRODUCTS.items()}

    def value(self, value: Any, name: str = "") -> Any:
        """Return a JSON value as pages show it."""
        if name == "milliseconds":
            return MILLISECONDS
        if name == AGE and isinstance(value, (int, float)):
            return int((value + EARLY) // GRAIN * GRAIN)
        if name == "software":
            return {each: SOFTWARE.get(each, "(its version)") for each in value}
        if name == AGE_IN_WORDS and isinstance(value, str):
            return JUST_NOW.sub("0 s", value)
        if isinstance(value, dict):
            return {key: self.value(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [self.value(part) for part in value]
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return int(EPOCH.sub(self._epoch, str(value)))
        return value

    def _text(self, text: str) -> str:
        text = self._placed(text).replace(self._configuration_id, CONFIGURATION_ID)
        text = ISO.sub(self._iso, text)
        text = RFC_2822.sub(self._rfc_2822, text)
        text = SYSLOG.sub(self._syslog, text)
        return EPOCH.sub(self._epoch, text)

    def _placed(self, text: str) -> str:
        """Put the shown addresses in place of the lab's, also into the tags that are made of them."""
        tag_of = import_module(ROOT, "clients.fortimonitor.markers").tag_of
        for netloc, server in self._servers.items():
            host = netloc.partition(":")[0]
            for source_id in set(re.findall(rf"forti\w+:{re.escape(netloc)}:-?\d+", text)):
                text = text.replace(tag_of(source_id), tag_of(source_id.replace(netloc, server)))
            text = text.replace(netloc, server)
            product = next(name for name, shown in PRODUCTS.items() if shown == server)
            text = text.replace(f"{product}:{host}:", f"{product}:{server}:")
        return text

    def _moved(self, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        seconds = (moment - self._began).total_seconds() + EARLY
        return SHOWN_NOW + timedelta(seconds=seconds // GRAIN * GRAIN)

    def _iso(self, found: re.Match[str]) -> str:
        text = found[0]
        moved = self._moved(datetime.fromisoformat(text.replace("Z", "+00:00"))).isoformat(sep=text[10])
        return moved[:19] + text[19:]

    def _rfc_2822(self, found: re.Match[str]) -> str:
        moved = self._moved(parsedate_to_datetime(found[0]))
        return format_datetime(moved.replace(tzinfo=None))  # without an offset it ends in -0000, as it came

    def _syslog(self, found: re.Match[str]) -> str:
        # It has no year: the one nearest to now is meant.
        dated = []
        for year in (self._began.year, self._began.year - 1):
            with suppress(ValueError):  # the 29th of February
                dated.append(datetime.strptime(f"{year} {found[0]} +0000", "%Y %b %d %H:%M:%S %z"))
        nearest = min(dated, key=lambda each: abs(each - self._began))
        moved = self._moved(nearest)
        return f"{moved:%b} {moved.day:2} {moved:%H:%M:%S}"

    def _epoch(self, found: re.Match[str]) -> str:
        unit = 1000 if len(found[0]) > len("1234567890") else 1
        moment = datetime.fromtimestamp(int(found[0]) / unit, timezone.utc)
        if abs((moment - self._began).total_seconds()) > NEAR:
            return found[0]
        return str(round(self._moved(moment).timestamp()) * unit)
