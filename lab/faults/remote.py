"""The faults of a lab that runs elsewhere, over its control API."""

from __future__ import annotations

import json
from typing import Any

import requests

from ..errors import LabError

ANSWER_WITHIN = 10


def listed(control_url: str) -> list[dict[str, Any]]:
    """Return the faults of a lab, used ones too."""
    return _asked("GET", control_url).json()["faults"]  # type: ignore[no-any-return]


def arm(control_url: str, orders: Any) -> None:
    """Arm one fault or a list of them; raise LabError in the lab's words if it refuses."""
    _asked("POST", control_url, orders)


def clear(control_url: str) -> None:
    """Forget every fault of a lab."""
    _asked("DELETE", control_url)


def _asked(method: str, control_url: str, body: Any = None) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment has no way to loopback
        try:
            # Not `json=`, which refuses NaN itself: what is wrong with an order, the lab says.
            answer = session.request(method, f"{control_url}/faults", data=json.dumps(body), timeout=ANSWER_WITHIN)
        except requests.RequestException as error:
            kind = type(error).__name__
            raise LabError(f"The lab at {control_url} did not answer ({kind}). Is it running?") from error
    if answer.status_code == 400:
        raise LabError(answer.json()["error"])
    if not answer.ok:
        raise LabError(f"The lab at {control_url} answered {answer.status_code}. Is it a lab of this version?")
    return answer
