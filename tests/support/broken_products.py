"""FortiMonitor and FortiSIEM in one, small and truthful, whose answers to writes can be broken on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from socket import socket
from typing import Any

from tests.support.wire import Behaviour, WireServer, http_answer

OUTAGE_ID = -28000855


class Products:
    """What both products remember, and how they answer.

    Parameters:
        breaking: makes the behaviour for a write's answer from the answer's bytes.
        commits: whether a write whose answer is broken is carried out.
        readable: whether reads are answered; else their answers are broken too.
    """

    def __init__(self) -> None:
        self.breaking: Callable[[bytes], Behaviour] | None = None
        self.commits = True
        self.readable = True
        self.reset()

    def reset(self) -> None:
        """Forget everything that was written."""
        self.created: list[str] = []
        self.resolved = False
        self.fields: dict[str, str] = {}
        self.writes = 0

    def __call__(self, connection: socket, server: WireServer) -> None:
        head, _, body = server.requests[-1].partition(b"\r\n\r\n")
        _, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        is_write = "custom_incident" in path or "force_resolve" in path or "external" in path
        if is_write:
            self.writes += 1
        if self.commits or not is_write:
            answer = self.answer(server.origin, path, json.loads(body) if body else {})
        else:
            answer = self.answer_of(server.origin, path)
        if self.breaking and (is_write or not self.readable):
            self.breaking(answer)(connection, server)
        else:
            connection.sendall(answer)

    def answer_of(self, origin: str, path: str) -> bytes:
        """Return the bytes with which a write is answered."""
        if "custom_incident" in path:
            return http_answer(
                "201 Created", b"", "Content-Type: application/json", f"Location: {origin}/v2/outage/{OUTAGE_ID}"
            )
        if "force_resolve" in path:
            return b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"
        return http_answer("200 OK", b'"OK"', "Content-Type: text/plain")

    def answer(self, origin: str, path: str, body: dict[str, Any]) -> bytes:
        """Carry a request out and return the bytes of its answer."""
        if path.startswith("/v2/server/1001/outage"):
            rows = [self.outage(origin, OUTAGE_ID - number) for number in range(len(self.created))]
            return _json({"outage_list": rows, "meta": {"next": None, "total_count": len(rows)}})
        if path.startswith("/v2/outage/") and "force_resolve" not in path:
            return _json(self.outage(origin, OUTAGE_ID))
        if path == "/phoenix/rest/pub/incident":
            return _json(
                {"data": [{"incidentId": 1, **{name: self.fields.get(name, "") for name in body["fields"][1:]}}]}
            )
        if "custom_incident" in path:
            self.created.append(body["metadata"]["correlation_id"])
        elif "force_resolve" in path:
            self.resolved = True
        else:
            names = {"comments": "incidentComments"}
            self.fields |= {names.get(key, key): value for key, value in body.items()}
        return self.answer_of(origin, path)

    def outage(self, origin: str, number: int) -> dict[str, Any]:
        """Return an outage with the marker of the create that made it."""
        marker = self.created[OUTAGE_ID - number] if self.created else "none"
        return {
            "url": f"{origin}/v2/outage/{number}",
            "server_id": 1001,
            "status": "resolved" if self.resolved else "active",
            "type": "anomaly",
            "description": f"d\n[correlation_id: {marker}]",
            "metadata": [],
        }


def _json(value: object) -> bytes:
    return http_answer("200 OK", json.dumps(value).encode(), "Content-Type: application/json")
