"""The faults of a lab that runs elsewhere, over its control API."""

from __future__ import annotations

import json
from typing import Any

import requests

from ..errors import LabError

ANSWER_WITHIN = 10
Control = dict[str, str]  # the ``control`` part of a lab's ready line


def listed(control: Control) -> list[dict[str, Any]]:
    """Return the faults of a lab, used ones too."""
    return _asked("GET", control).json()["faults"]  # type: ignore[no-any-return]


def arm(control: Control, orders: Any) -> None:
    """Arm one fault or a list of them; raise LabError in the lab's words if it refuses."""
    _asked("POST", control, orders)


def clear(control: Control) -> None:
    """Forget every fault of a lab."""
    _asked("DELETE", control)


def _asked(method: str, control: Control, body: Any = None) -> requests.Response:
    url, content = f"{control['url']}/faults", "application/json"
    headers = {"Authorization": f"Bearer {control['token']}", "Content-Type": content}
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment has no way to loopback
        try:
            # Not `json=`, which refuses NaN itself: what is wrong with an order, the lab says.
            answer = session.request(method, url, data=json.dumps(body), headers=headers, timeout=ANSWER_WITHIN)
        except requests.RequestException as error:
            kind = type(error).__name__
            raise LabError(f"The lab at {control['url']} did not answer ({kind}). Is it running?") from error
    if answer.status_code == 400:
        raise LabError(answer.json()["error"])
    if answer.status_code == 401:
        raise LabError(
            f"The lab at {control['url']} refused the token. Is the ready file that of the lab which runs now?"
        )
    if not answer.ok:
        raise LabError(f"The lab at {control['url']} answered {answer.status_code}. Is it a lab of this version?")
    return answer
