"""Source IDs: by what alerts know the incident they were made of, ``<product>:<host[:port]>:<id>``."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

SOURCE_ID = re.compile(r"(fortisiem|fortimonitor):([a-z0-9._:\[\]-]{1,270}):(-?[1-9][0-9]{0,18})", re.ASCII | re.I)


class SourceId(NamedTuple):
    """An incident of one server of a product. ``server`` is ``host`` or ``host:port``."""

    product: str
    server: str
    incident_id: str


def read_source_id(text: str) -> Optional[SourceId]:
    """Return what a Source ID names, product and server in small letters; None for any other text."""
    match = SOURCE_ID.fullmatch(text)
    return SourceId(match[1].lower(), match[2].lower(), match[3]) if match else None
