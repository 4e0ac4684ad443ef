"""What a support ticket needs: versions, configuration, reachability, the last requests."""

from __future__ import annotations

import ssl
import sys
from typing import Any, Dict, List

from ..clients.context import Context
from ..clients.fortisiem.client import FortiSIEM
from ..clients.fortisiem.versions import features_of
from ..core.errors import Failure
from ..core.http.request_log import recent
from ..core.manifest import manifest, secret_names
from ..core.redaction import MASK
from ..core.times import from_epoch, iso
from .results import Result


def get_diagnostics(context: Context, params: Dict[str, Any]) -> Result:
    """Collect what a support ticket needs, without secrets. A product that cannot be used is no failure here."""
    products = [_product(client) for client in context.enabled]
    shown = {name: _hidden(name, value) for name, value in context.config.items()}
    result: Result = context.redact.within(
        {
            "connector": {"name": manifest()["name"], "version": manifest()["version"]},
            "software": _software(),
            "configuration": shown,
            "products": products,
            "last_requests": _last_requests([product["address"] for product in products]),
        }
    )
    return result


def _product(client: Any) -> Result:
    is_usable = True
    try:
        message = client.check()
    except Failure as failure:
        is_usable, message = False, failure.explanation
    version = client.version() if isinstance(client, FortiSIEM) and is_usable else None
    return {
        "product": client.product,
        "address": client.address,
        "is_usable": is_usable,
        "message": message,
        "version": version,
        "features": features_of(version),
    }


def _hidden(name: str, value: Any) -> Any:
    if name in secret_names():
        return MASK
    if name == "ca_certificate":
        return "(set)"  # no secret, but a page long
    return value


def _software() -> Dict[str, str]:
    # Read from what is installed: importing a library for its version alone would cost its whole import.
    from importlib.metadata import PackageNotFoundError, version

    software = {"python": sys.version.split()[0]}
    for name in ("requests", "urllib3", "jsonschema"):
        try:
            software[name] = version(name)
        except PackageNotFoundError:
            software[name] = "unknown"
    return {**software, "openssl": ssl.OPENSSL_VERSION}


def _last_requests(origins: List[str]) -> List[Result]:
    return [
        {
            "at": iso(from_epoch(sent.at)),
            "product": sent.product,
            "method": sent.method,
            "path": sent.path,
            "status": sent.status,
            "milliseconds": sent.milliseconds,
        }
        for sent in recent(origins)
    ]
