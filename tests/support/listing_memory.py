"""The memory that a long list takes while it is read: ``python -m tests.support.listing_memory``.

In comes ``{"config": ..., "product": ...}``, out goes ``[rows, peak in bytes]``. It runs in a process of its own, since
the lab in the test's process takes memory too.
"""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from tests.support.package import context, let_go, module

FAR_AHEAD = datetime(2100, 1, 1, tzinfo=timezone.utc)


def rows(config: dict[str, Any], product: str) -> Iterator[Any]:
    """Return every outage, or every incident, of a product."""
    clients = context(config)
    if product == "fortimonitor":
        return clients.fortimonitor.outages()  # type: ignore[no-any-return]
    fields = module("clients.fortisiem.attributes").READ_FIELDS
    until = int(FAR_AHEAD.timestamp() * 1000)
    return clients.fortisiem.all_incidents(module("clients.fortisiem.lists").Wanted({}, 0, until, fields))  # type: ignore[no-any-return]


def main() -> None:
    """Measure one list."""
    order = json.load(sys.stdin)
    # What is made once, such as modules and connections, is made before.
    deque(zip(rows(order["config"], order["product"]), range(1)), maxlen=0)
    tracemalloc.start()
    number = sum(1 for _ in rows(order["config"], order["product"]))
    peak = tracemalloc.get_traced_memory()[1]
    let_go()
    sys.stdout.write(json.dumps([number, peak]))


if __name__ == "__main__":
    main()
