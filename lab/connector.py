"""The connector in the lab: its archive built, and a configuration that points it at the lab's products."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .errors import LabError

ROOT = Path(__file__).resolve().parent.parent
NAME = "fortinet-incident-bridge"
PLAYBOOKS = ROOT / "playbooks" / "playbooks.json"


def operations() -> dict[str, dict[str, Any]]:
    """Return the operations of this working copy's info.json, by their names."""
    manifest = json.loads((ROOT / "info.json").read_text(encoding="utf-8"))
    return {operation["operation"]: operation for operation in manifest["operations"]}


@contextmanager
def built_archive() -> Iterator[Path]:
    """The connector's archive for as long as it is used. The working copy may be one that nobody can write to.

    Raises: LabError with the last thing that the build said.
    """
    with TemporaryDirectory(prefix="fortinet-archive-") as folder:
        yield build_archive(Path(folder))


def build_archive(into: Path) -> Path:
    """Build the connector's archive from this working copy into a folder; return its path.

    Raises: LabError with the last thing that the build said.
    """
    command = [sys.executable, "-m", "release", "build", "--into", str(into)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    if built.returncode:
        said = (built.stderr or built.stdout).strip().splitlines() or ["it said nothing"]
        raise LabError(f"The archive could not be built (python -m release build): {said[-1]}")
    return Path(built.stdout.strip().splitlines()[-1])


def configuration_values(ready: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration that points the connector at the lab's products.

    Parameters:
        ready: the lab's ready line.
    """
    return {
        "fortimonitor_sign_in": "API Key",
        "fortimonitor_url": ready["fortimonitor"]["url"],
        "fortimonitor_api_key": ready["fortimonitor"]["api_key"],
        "fortisiem_sign_in": "Username and Password",
        "fortisiem_server": ready["fortisiem"]["url"],
        "fortisiem_organization": ready["fortisiem"]["organization"],
        "fortisiem_username": ready["fortisiem"]["username"],
        "fortisiem_password": ready["fortisiem"]["password"],
        "verify_ssl": True,
        "ca_certificate": Path(ready["fortisoar"]["ca"]).read_text(encoding="ascii"),
        "proxy_mode": "System Settings",
        "advanced": True,
        "connect_timeout": 5,
        "read_timeout": 30,
        "total_timeout": 55,
    }
