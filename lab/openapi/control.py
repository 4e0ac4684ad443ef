"""What is known of the requests of the control API."""

from __future__ import annotations

from .known import Known, Request

FAULT = {
    "kind": "answer",
    "product": "fortimonitor",
    "method": "GET",
    "path": "/v2/*",
    "when": "before",
    "times": 1,
    "status": 500,
    "headers": {"A": "b"},
    "body": "b",
}
KNOWN = Known(
    title="The lab's control API",
    about="What is done to a running lab from outside.",
    security={"token": {"type": "http", "scheme": "bearer"}},
    path_values={"product": ("fortisoar", "fortimonitor", "fortisiem")},
    requests={
        "POST /reset": Request({"product": "fortimonitor"}),
        "PUT /switches/{product}": Request({"rate_limit": True, "page_cap": None}),
        "PUT /world": Request({"world": "clean"}),
        "POST /faults": Request([FAULT]),
        "POST /clock": Request({"advance": 0}),
    },
)
