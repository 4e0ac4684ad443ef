"""Each product tells the lab's time in its answers, as a server tells its own."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests


@pytest.mark.parametrize("product", ["fortisoar", "fortimonitor", "fortisiem"])
def test_an_answer_tells_the_labs_time(fresh_products: Any, product: str) -> None:
    ready = fresh_products.ready
    address = ready["fortisoar"]["https"] if product == "fortisoar" else ready[product]["url"]
    told = []
    for _ in range(2):
        answer = requests.get(address, verify=ready["fortisoar"]["ca"], timeout=10)
        told.append(parsedate_to_datetime(answer.headers["Date"]))
        fresh_products.control.advance(3600)
    assert 3600 <= (told[1] - told[0]).total_seconds() < 3700
