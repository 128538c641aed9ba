"""A TCP proxy on the way to the hub that does what networks do: it cuts connections, refuses new ones, and stalls."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_PIECE = 4_096
_RESET = struct.pack("ii", 1, 0)


class CuttingProxy:
    """Connections on `port` go to the hub's port while it is `passing`."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.passing = True
        self.port = 0
        self.asked: list[bytes] = []
        """What each connection began with."""
        self.said = b""
        """What the hub said last, on whichever connection."""

    def cut(self) -> None:
        """Resets all connections, and each that comes from now on."""
        self.passing = False
        for writer in list(self._open):
            _reset(writer)

    def mend(self) -> None:
        """Lets connections through again."""
        self.passing = True

    def stall(self) -> None:
        """Takes nothing more from the hub, whoever waits for it."""
        self._flowing.clear()

    def flow(self) -> None:
        """Takes from the hub again."""
        self._flowing.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until either side ends it."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        self._open.add(writer)
        with suppress(ConnectionError, asyncio.CancelledError):
            if self.passing:
                await self._pass_on(reader, writer)
            else:
                _reset(writer)
        self._open.discard(writer)
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hub_reader, hub_writer = await self._to_hub()
        self._open.add(hub_writer)
        try:
            there = asyncio.create_task(self._pump_there(reader, hub_writer))
            back = asyncio.create_task(self._pump_back(hub_reader, writer))
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
            if there.done() and not back.done():
                back.cancel()
            there.cancel()
            await asyncio.wait((there, back))
        finally:
            self._open.discard(hub_writer)
            hub_writer.close()

    async def _pump_there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun = False
        with suppress(ConnectionError):
            while data := await reader.read(_PIECE):
                if not begun:
                    self.asked.append(data)
                    begun = True
                writer.write(data)
                await writer.drain()

    async def _pump_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await self._from_hub(reader):
                self.said = (self.said + data)[-_PIECE:]
                writer.write(data)
                await writer.drain()

    async def _from_hub(self, reader: asyncio.StreamReader) -> bytes:
        await self._flowing.wait()
        return await reader.read(_PIECE)

    async def _to_hub(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """With a small buffer, so that the hub notices soon that nobody reads."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _PIECE)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self._target_port))
        except OSError:
            connection.close()
            raise
        return await asyncio.open_connection(sock=connection, limit=_PIECE)

    async def stop(self) -> None:
        """Ends all that is open."""
        self.cut()
        for task in list(self._serving):
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection as a router does that has forgotten it."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


@asynccontextmanager
async def proxy_to(target_port: int) -> AsyncIterator[CuttingProxy]:
    """A proxy for the length of a block."""
    proxy = CuttingProxy(target_port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=_PIECE)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.stop()
