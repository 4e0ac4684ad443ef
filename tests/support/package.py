"""The connector as FortiSOAR imports it: from the repository root, under the appliance's package name."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from vendor.connectors_sdk_shim.loader import ensure_sdk, import_module

ensure_sdk()
from connectors.core.connector import ConnectorError as ConnectorError  # noqa: E402 - there only from here on

ROOT = Path(__file__).resolve().parents[2]

FORTIMONITOR_URL = "https://fortimonitor.test/v2"
FORTISIEM_URL = "https://fortisiem.test"
API_KEY = "canary-fm-key-0123456789"
PASSWORD = 'canary-siem-pass+/=&% "word'
CLIENT_SECRET = "canary-client-secret-42"


WAIT_FIRST = "{} may still carry it out: wait 5 minutes, and look whether it did before running it again."


# Known once: the loader reads the whole info.json for each module and each connector.
_INFO = json.loads((ROOT / "info.json").read_text())
_PACKAGE = import_module(ROOT, "connector").__package__


def module(dotted: str) -> ModuleType:
    """Import one of the package's modules, such as "core.urls"."""
    return sys.modules.get(f"{_PACKAGE}.{dotted}") or import_module(ROOT, dotted)


def connector() -> Any:
    """Return a new connector object, as FortiSOAR makes one for every call."""
    return module("connector").FortinetIncidentBridge(info_json=_INFO)


def context(values: dict[str, Any], *secrets: str) -> Any:
    """Return what an action works with, as the connector makes it now, for a configuration as FortiSOAR hands it over."""
    valid, redact = module("core.configuration").valid_configuration(values), module("core.redaction").Redactor(secrets)
    return module("connector").FortinetIncidentBridge.make_context(valid, redact, logging.getLogger("test"))


def go_by(monkeypatch: pytest.MonkeyPatch, **timing: Callable[..., Any]) -> None:
    """Let every call go by another ``monotonic`` or ``wall`` clock, ``sleep`` or ``chance``."""
    made = partial(module("clients.context").Context, timing=module("core.deadline").Timing(**timing))
    monkeypatch.setattr(module("connector").FortinetIncidentBridge, "make_context", staticmethod(made))


def ageless(incident: dict[str, Any]) -> dict[str, Any]:
    """Return an incident without what follows from the clock, all of which must be there."""
    clocked = {"age_seconds", "age", "duration_seconds", "duration"}
    assert clocked <= incident.keys()
    return {name: value for name, value in incident.items() if name not in clocked}


def let_go() -> None:
    """Close the package's connections, and forget all that it keeps between calls."""
    module("core.process_state").STATE.let_go()


def configuration(**changes: Any) -> dict[str, Any]:
    """Return a configuration with both products on, as FortiSOAR hands it over."""
    values = {
        "config_id": "5f0f8a52-5a0e-4a7e-9f0e-000000000001",
        "name": "Test",
        "fortimonitor_sign_in": "API Key",
        "fortimonitor_url": FORTIMONITOR_URL,
        "fortimonitor_api_key": API_KEY,
        "fortisiem_sign_in": "Username and Password",
        "fortisiem_server": "fortisiem.test",
        "fortisiem_organization": "super",
        "fortisiem_username": "admin",
        "fortisiem_password": PASSWORD,
        "verify_ssl": True,
        "ca_certificate": "",
        "proxy_mode": "Own Proxy" if "proxy" in changes else "System Settings",
        "advanced": True,
        "connect_timeout": 5,
        "read_timeout": 30,
        "total_timeout": 55,
    }
    return {**values, **changes}


def with_token(**changes: Any) -> dict[str, Any]:
    """Return a configuration whose FortiSIEM side signs in with an API token."""
    token = {"fortisiem_client_id": "client-1", "fortisiem_client_secret": CLIENT_SECRET}
    return configuration(fortisiem_sign_in="API Token", **{**token, **changes})


def execute(operation: str, params: Any, config: dict[str, Any] | None = None) -> Any:
    """Run an action through the connector and return its data."""
    return connector().execute(config or configuration(), operation, params)
