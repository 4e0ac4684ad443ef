"""What configuration and parameters must mean, beyond what the form's types can say."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Dict, List

from . import times
from .errors import shown
from .manifest import Field, all_fields, configuration_fields
from .urls import base_url

MARKERS = ("correlation_id", "expect_correlation_id")
MARKER = re.compile(r"[^\[\]\x00-\x1f\x7f\u2028\u2029]{0,200}")
# As fetch_incidents returns it: a time, while more is waiting with the id behind it and the newest time.
WATERMARK = re.compile(r"[0-9]{1,14}(/-?[0-9]{1,19}/[0-9]{1,14})?")
SCALARS = ("metadata", "query")  # objects whose values stand in a text or a URL
PERIODS = (("started_after", "started_before"), ("time_from", "time_to"))
A_TIME = "ISO 8601 with offset, epoch seconds, or 'YYYY-MM-DD HH:MM:SS' in UTC"


def problems_of_configuration(values: Dict[str, Any]) -> List[str]:
    """Find what is wrong with a configuration whose values have their types."""
    problems = []
    if not values.get("fortimonitor_enabled") and not values.get("fortisiem_enabled"):
        problems.append("Use FortiMonitor or Use FortiSIEM must be on.")
    for name in ("fortimonitor_url", "fortisiem_server", "proxy"):
        if name in values:
            problems += _address_problem(name, values[name])
    key = values.get("fortimonitor_api_key", "")
    if not (key.isascii() and key.isprintable()):
        problems.append("FortiMonitor API Key has characters that cannot stand in a header.")
    if "ca_certificate" in values and not _is_pem(values["ca_certificate"]):
        problems.append("CA Certificate is not PEM text with at least one certificate.")
    return problems


def _address_problem(name: str, text: str) -> List[str]:
    title = next(field["title"] for field in all_fields(configuration_fields()) if field["name"] == name)
    try:
        if name == "proxy":
            _check_proxy(text)
        else:
            base_url(text)
    except ValueError as error:
        # The value is not repeated: an address that is wrong may hold a password.
        return [f"{title} is not a usable address: {error}."]
    return []


def _check_proxy(text: str) -> None:
    from urllib.parse import urlsplit

    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it must look like http://proxy.example.com:3128")
    if parts.port == 0:
        raise ValueError("its port must be a number from 1 to 65535")


def _is_pem(text: str) -> bool:
    import ssl

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError, TypeError):
        return False
    return bool(context.cert_store_stats()["x509"])


def problems_of_parameters(fields: List[Field], values: Dict[str, Any]) -> List[str]:
    """Find what is wrong with parameters whose values have their types; make moments of their times."""
    problems = []
    for field in fields:
        name, title = field["name"], field["title"]
        if name not in values:
            continue
        if field["type"] == "datetime":
            try:
                values[name] = times.utc(values[name])
            except (ValueError, OverflowError, OSError):
                problems.append(f"{title} {shown(values[name])} is not {A_TIME}.")
        if name == "watermark" and not WATERMARK.fullmatch(values[name]):
            problems.append(
                f"{title} {shown(values[name])} is not one that this action returned, such as 1700000000000."
            )
        if name in SCALARS:
            problems += [
                f"{title} has a value that is not text, a number, true, false or null: {shown(key)}."
                for key, value in values[name].items()
                if isinstance(value, (dict, list))
            ]
    return problems + _periods(fields, values) + _marker_problems(fields, values)


def _periods(fields: List[Field], values: Dict[str, Any]) -> List[str]:
    """Find periods that end before they begin."""
    titles = {field["name"]: field["title"] for field in fields}
    return [
        f"{titles[start]} must not be later than {titles[end]}."
        for start, end in PERIODS
        if isinstance(values.get(start), datetime)
        and isinstance(values.get(end), datetime)
        and values[start] > values[end]
    ]


def _marker_problems(fields: List[Field], values: Dict[str, Any]) -> List[str]:
    """Find what would make a correlation marker ambiguous: it is read back from metadata and description."""
    problems = []
    for field in fields:
        name, title = field["name"], field["title"]
        text = values.get(name, "")
        if name in MARKERS and not MARKER.fullmatch(text):
            problems.append(f"{title} {shown(text)} is not one line of at most 200 characters without brackets.")
        if name == "description" and "[correlation_id:" in text:
            problems.append(f"{title} must not contain '[correlation_id:'; use Correlation ID.")
        if name == "metadata" and "correlation_id" in (text or {}):
            problems.append(f"{title} must not have the key 'correlation_id'; use Correlation ID.")
    return problems
