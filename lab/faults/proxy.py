"""The proxy in front of one product: it relays unchanged what no fault strikes."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress

import h11

from ..kit.clock import Clock
from .answers import answer_to, bad_request
from .armed import Fault, Faults
from .breaking import BREAKING, dribble, speak_plain_http
from .catalogue import AFTER, BEFORE
from .connection import Connection
from .http import Answer, Product, Request, keeps_open, read_request
from .wire import Seen, Wire

# How often a uvicorn server looks whether it should end; this one ends among them.
TICK = 0.1


class Proxy:
    """Accept the clients of a product, and hand it their requests.

    Parameters:
        product: the product's name.
        listener: the public socket, on which clients speak TLS.
        behind: where the product itself listens for plain HTTP.
        tls: the contexts of the server's side: the good one as ``None``, and one for each fault of the handshake.
        faults: what may strike.
        wire: where connections and requests are written down.
        clock: the lab's time.

    ``ready`` is set once it accepts; it ends soon after ``should_exit``.
    """

    def __init__(
        self,
        product: str,
        listener: socket.socket,
        behind: tuple[str, int],
        tls: Mapping[str | None, ssl.SSLContext],
        faults: Faults,
        wire: Wire,
        clock: Clock,
    ) -> None:
        self.ready = threading.Event()
        self.should_exit = False
        self._product = product
        self._listener = listener
        self._behind = Product(behind)
        self._tls = tls
        self._faults = faults
        self._wire = wire
        self._clock = clock
        self._attending: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Relay until ``should_exit``; then end every connection at once, whatever a fault does with it."""
        server = await asyncio.start_server(self._accepted, sock=self._listener)
        self.ready.set()
        while not self.should_exit:
            await asyncio.sleep(TICK)
        server.close()
        attending = list(self._attending)
        for task in attending:
            task.cancel()
        await asyncio.gather(*attending, return_exceptions=True)
        self._behind.close()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._attend(Connection(reader, writer)))
        self._attending.add(task)
        task.add_done_callback(self._attending.discard)

    async def _attend(self, connection: Connection) -> None:
        """Serve one client to its end."""
        self._wire.connected()
        fault = self._faults.on_connection(self._product)
        # The client may leave at any moment, and the product when the lab stops.
        with suppress(OSError):
            try:
                if fault is None:
                    await self._serve_over_tls(connection, self._tls[None])
                elif fault.kind.name == "refuse":
                    connection.reset()
                elif fault.kind.name == "plain_http":
                    await speak_plain_http(connection)
                else:
                    await self._serve_over_tls(connection, self._tls[fault.kind.name])
            finally:
                connection.drop()

    async def _serve_over_tls(self, connection: Connection, context: ssl.SSLContext) -> None:
        await connection.secure(context)
        try:
            while (request := await self._next_request(connection)) and await self._answered(connection, request):
                pass
        except h11.RemoteProtocolError as error:
            await connection.send(bad_request(error.error_status_hint))
        connection.close()

    async def _next_request(self, connection: Connection) -> Request | None:
        self._wire.idle.add(connection)
        try:
            began = await connection.receive()
        finally:
            self._wire.idle.discard(connection)
        connection.give_back(began)
        return await read_request(connection) if began else None

    async def _answered(self, connection: Connection, request: Request) -> bool:
        """Answer one request; return whether the connection goes on."""
        fault = self._faults.on_request(self._product, request.method, request.path)
        seen = self._wire.requested(request.method, request.path, fault.kind.name if fault else None)
        if fault is not None and fault.kind.name != "delay":
            return await self._struck(connection, request, seen, fault)
        answer = await (self._delayed(request, seen, fault) if fault else self._forwarded(request, seen))
        await connection.send(answer.raw)
        return answer.keeps_open

    async def _struck(self, connection: Connection, request: Request, seen: Seen, fault: Fault) -> bool:
        # The commit point: with "after", the product has done all its work before the fault does anything.
        own = (await self._forwarded(request, seen)).raw if fault["when"] == AFTER else None
        answer = answer_to(request, fault, own, self._clock.now())
        if fault.kind.name in BREAKING:
            sent = await BREAKING[fault.kind.name](connection, answer, fault)
            seen.closed_behind = sent == answer and keeps_open(request, answer)
            return False
        await (dribble(connection, answer, fault) if fault.kind.name == "dribble" else connection.send(answer))
        return keeps_open(request, answer)

    async def _delayed(self, request: Request, seen: Seen, fault: Fault) -> Answer:
        if fault["when"] == BEFORE:
            await asyncio.sleep(fault["seconds"])
        answer = await self._forwarded(request, seen)
        if fault["when"] == AFTER:
            await asyncio.sleep(fault["seconds"])
        return answer

    async def _forwarded(self, request: Request, seen: Seen) -> Answer:
        seen.forwarded = True
        return await self._behind.ask(request)
