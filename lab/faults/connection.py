"""A client's connection: TCP, and on it TLS, with every byte and every ending under control."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

CHUNK = 65536
# As long as the appliance's nginx; FortiSOAR's servers in the lab do the same.
IDLE_SECONDS = 75
_Result = TypeVar("_Result")


class Connection:
    """A connection that a client has made.

    TLS is done here, in memory: asyncio's own can neither put a broken record on the wire nor close without a farewell.

    Parameters:
        reader, writer: the plain TCP streams.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._unread = b""
        # Waiting for the buffer then means that the kernel has every byte, so that nothing is lost at the end.
        writer.transport.set_write_buffer_limits(high=0)

    async def secure(self, context: ssl.SSLContext) -> None:
        """Do the server's side of the TLS handshake.

        Raises: ssl.SSLError if the two sides do not agree.
        """
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        await self._step(tls.do_handshake)
        self._tls = tls

    async def receive(self) -> bytes:
        """Return what the client sent next; nothing if it has left or stays silent for too long."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        if self._tls is None:
            return await self._receive_raw()
        tls = self._tls
        try:
            return await self._step(lambda: tls.read(CHUNK))
        except ssl.SSLError:
            return b""

    async def left(self) -> None:
        """Wait, as long as it takes, until the client has left."""
        while await self._reader.read(CHUNK):
            pass

    def give_back(self, data: bytes) -> None:
        """Let the next call of ``receive`` return this."""
        self._unread = data + self._unread

    async def send(self, data: bytes) -> None:
        """Send bytes and wait until the kernel has them."""
        if self._tls is None:
            await self.send_raw(data)
        else:
            self._tls.write(data)
            await self._flush()

    async def send_raw(self, data: bytes) -> None:
        """Send bytes as they are, past TLS."""
        self._writer.write(data)
        await self._writer.drain()

    def reset(self) -> None:
        """End with TCP RST."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def drop(self) -> None:
        """End with TCP FIN alone: over TLS, without a farewell."""
        self._writer.close()

    def close(self) -> None:
        """End as a server does that means it: over TLS, with a farewell that is not waited for."""
        if self._tls is not None and not self._writer.is_closing():
            with suppress(ssl.SSLError):
                self._tls.unwrap()
            self._writer.write(self._outgoing.read())
        self._writer.close()

    async def _step(self, step: Callable[[], _Result]) -> _Result:
        """Do one step of TLS, with as much of the wire in between as it wants."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self._flush()
                if received := await self._receive_raw():
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                # The client is told why, if it still listens.
                with suppress(OSError):
                    await self._flush()
                raise
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self.send_raw(data)

    async def _receive_raw(self) -> bytes:
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_SECONDS):
                return await self._reader.read(CHUNK)
        return b""
