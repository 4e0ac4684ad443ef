"""The faults that strike on the wire, between the answer and the client.

Each function gets the connection, the answer that would have been sent, and the fault. It returns how much of the
answer it sent, and ends the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from .armed import Fault
from .connection import Connection
from .http import head_and_body

GARBAGE = b"\x15\x00\xff this is not HTTP\r\n\r\n"
# Says that it is an encrypted record of TLS 1.2 or 1.3, and carries no valid authentication tag.
BAD_RECORD = b"\x17\x03\x03\x00\x20" + bytes(32)
PLAIN_HTTP = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 15\r\nConnection: close\r\n\r\n"
    b"Plain HTTP only"
)


async def _hang(connection: Connection, answer: bytes, fault: Fault) -> bytes:
    await connection.left()
    return b""


async def _reset(connection: Connection, answer: bytes, fault: Fault) -> bytes:
    connection.reset()
    return b""


async def _close(connection: Connection, answer: bytes, fault: Fault) -> bytes:
    connection.drop()
    return b""


async def _cut_headers(connection: Connection, answer: bytes, fault: Fault) -> bytes:
    head, _ = head_and_body(answer)
    return await _send_and_drop(connection, head[: fault["at"]])


async def _cut_body(connection: Connection, answer: bytes, fault: Fault) -> bytes:
    head, body = head_and_body(answer)
    return await _send_and_drop(connection, head + body[: fault["at"]])


async def _cut(connection: Connection, answer: bytes, fault: Fault) -> bytes:
    return await _send_and_drop(connection, answer[: fault["at"]])


async def _garbage(connection: Connection, answer: bytes, fault: Fault) -> bytes:
    await _send_and_drop(connection, GARBAGE)
    return b""


async def _stale_keep_alive(connection: Connection, answer: bytes, fault: Fault) -> bytes:
    await connection.send(answer)
    connection.close()
    return answer


async def _tls_bad_record(connection: Connection, answer: bytes, fault: Fault) -> bytes:
    await connection.send_raw(BAD_RECORD)
    connection.drop()
    return b""


BREAKING: dict[str, Callable[[Connection, bytes, Fault], Awaitable[bytes]]] = {
    "hang": _hang,
    "reset": _reset,
    "close": _close,
    "cut_headers": _cut_headers,
    "cut_body": _cut_body,
    "cut": _cut,
    "garbage": _garbage,
    "stale_keep_alive": _stale_keep_alive,
    "tls_bad_record": _tls_bad_record,
}


async def dribble(connection: Connection, answer: bytes, fault: Fault) -> None:
    """Send an answer in small pieces."""
    for start in range(0, len(answer), fault["bytes"]):
        await connection.send(answer[start : start + fault["bytes"]])
        await asyncio.sleep(fault["seconds"])


async def speak_plain_http(connection: Connection) -> None:
    """Answer a client that wants TLS in plain HTTP."""
    await connection.receive()
    await connection.send(PLAIN_HTTP)
    connection.drop()


async def _send_and_drop(connection: Connection, part: bytes) -> bytes:
    await connection.send(part)
    connection.drop()
    return part
