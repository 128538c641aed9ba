"""A client of bare TCP: it speaks WebSocket frames or HTTP byte by byte, right or wrong, and reads only when told."""

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


class RawClient:
    """A TCP connection with a small receive buffer."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._rest = b""

    async def write(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._connection, data)

    async def read(self, size: int = 65_536) -> bytes:
        return await self._loop.sock_recv(self._connection, size)

    async def read_until(self, end: bytes) -> bytes:
        data = b""
        while end not in data:
            piece = await self.read()
            assert piece, f"the connection ended before {end!r}"
            data += piece
        return data

    async def rest(self) -> bytes:
        """All that comes until the other side ends, in whatever way."""
        data = b""
        try:
            while piece := await self.read():
                data += piece
        except ConnectionError:
            pass
        return data

    async def request(self, head: str, body: bytes = b"") -> None:
        """Send a request: its lines, and a body if there is one."""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        await self.write(f"{head}\r\nHost: hub\r\n{length}\r\n".encode() + body)

    async def upgrade(self, *lines: str, path: str = "/graphql") -> bytes:
        """Ask for a WebSocket; return the head of the answer."""
        key = base64.b64encode(os.urandom(16)).decode()
        await self.write(
            f"GET {path} HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n".encode()
            + "".join(f"{line}\r\n" for line in lines).encode()
            + b"\r\n"
        )
        head, end, self._rest = (await self.read_until(b"\r\n\r\n")).partition(b"\r\n\r\n")
        return head + end

    async def init(self) -> None:
        """Open a socket and introduce nobody in particular."""
        assert b" 101 " in await self.upgrade()
        await self.message(b'{"type": "connection_init"}')
        assert b"connection_ack" in (await self.frame())[1]

    async def subscribe(self, query: str) -> None:
        await self.message(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": query}}).encode())

    async def message(self, payload: bytes, opcode: int = TEXT, **more: bool) -> None:
        """Send one frame."""
        await self.write(frame(payload, opcode, **more))

    async def frame(self) -> tuple[int, bytes]:
        """Read one frame of the server: its opcode and its payload."""
        head = await self._exactly(2)
        length = head[1] & 0x7F
        if length >= 126:
            length = int.from_bytes(await self._exactly(2 if length == 126 else 8), "big")
        return head[0] & 0x0F, await self._exactly(length)

    async def closing(self) -> tuple[int, str]:
        """Read until the server closes the socket, and say so too: its code and its words."""
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                with suppress(ConnectionError):
                    await self.message(payload, CLOSE)
                return int.from_bytes(payload[:2], "big"), payload[2:].decode()

    async def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            piece = await self.read()
            assert piece, "the connection ended within a frame"
            self._rest += piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def frame(
    payload: bytes, opcode: int = TEXT, *, fin: bool = True, masked: bool = True, reserved: bool = False
) -> bytes:
    """One frame, masked as a client's must be (RFC 6455, 5.2) with a mask that changes nothing."""
    first = opcode | (0x80 if fin else 0) | (0x40 if reserved else 0)
    bit = 0x80 if masked else 0
    length = len(payload)
    if length < 126:
        head = bytes([first, bit | length])
    elif length < 65_536:
        head = bytes([first, bit | 126]) + struct.pack("!H", length)
    else:
        head = bytes([first, bit | 127]) + struct.pack("!Q", length)
    return head + (b"\0\0\0\0" if masked else b"") + payload


@asynccontextmanager
async def raw_client(port: int, *, from_address: str = "127.0.0.1") -> AsyncIterator[RawClient]:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.bind((from_address, 0))
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        yield RawClient(connection)
