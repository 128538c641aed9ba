"""How processes of one hub speak with each other: frames over a Unix socket, each of a kind, with a number and a body."""

import asyncio
import logging
from enum import IntEnum
from struct import Struct
from typing import cast

log = logging.getLogger("simpul.together")

_HEAD = Struct("!IBQ")
LONGEST = 64 * 1024 * 1024
"""Bytes of one frame's body. The largest write, a batch of 200 records with what is set aside of it, is a fifth of that."""


class Kind(IntEnum):
    """What a frame says. Its number is that of a write (WRITE, DONE, FAILED) or of the log (RANG)."""

    WELCOME = 0
    """The host has let the guest in. Until then nothing is handed over: it may be about to die."""
    WRITE = 1
    """A guest hands over an operation."""
    DONE = 2
    """It is committed; the body is its result."""
    FAILED = 3
    """It is undone; the body is the error."""
    RANG = 4
    """The log has reached this number."""
    LEAVING = 5
    """The host stops: hand over no more."""
    LEFT = 6
    """The guest has handed over its last."""


def framed(kind: Kind, number: int = 0, body: bytes = b"") -> bytes:
    """A frame as it goes over the socket."""
    return _HEAD.pack(len(body), kind, number) + body


class Frames(asyncio.Protocol):
    """One end of a connection. `came` is called for each frame, `lost` once when the other is gone."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._rest += data
        start = 0
        while len(self._rest) - start >= _HEAD.size:
            length, kind, number = _HEAD.unpack_from(self._rest, start)
            if length > LONGEST:
                log.error("a frame of %d bytes came from a process of this hub", length)
                self.close()
                return
            end = start + _HEAD.size + length
            if len(self._rest) < end:
                break
            self.came(Kind(kind), number, bytes(memoryview(self._rest)[start + _HEAD.size : end]))
            start = end
        del self._rest[:start]

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._transport = None
        self.lost()

    def send(self, kind: Kind, number: int = 0, body: bytes = b"") -> None:
        """Sends a frame; to one who is gone, nothing."""
        if self._transport is not None:
            self._transport.write(framed(kind, number, body))

    def close(self) -> None:
        """Ends the connection when all that was sent has gone out."""
        if self._transport is not None:
            self._transport.close()

    def came(self, kind: Kind, number: int, body: bytes) -> None:
        """A frame has come."""
        raise NotImplementedError

    def lost(self) -> None:
        """The connection is over."""
        raise NotImplementedError
