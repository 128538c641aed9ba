"""uvicorn's HTTP with requests that are taken and answered in one piece (whole.py)."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from transport.server.lingering import LingeringHttp
from transport.server.unchunked import UnchunkedCycle
from transport.server.whole import EXTENSION

_JOINED = 65_536
"""Bytes up to which head and body are put together: beyond, copying costs more than writing twice."""


class WholeHttp(LingeringHttp):
    """A connection whose requests carry the extension."""

    def on_headers_complete(self) -> None:
        """The head is there: answer the request."""
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0" and self._has_cycle():
            self.cycle.__class__ = UnchunkedCycle
        extensions: Any = {EXTENSION: WholeRequest(self, self.cycle)}
        self.scope["extensions"] = extensions


class WholeRequest:
    """Implements whole.Whole on uvicorn's state of one request."""

    __slots__ = ("_cycle", "_protocol")

    def __init__(self, protocol: WholeHttp, cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle

    def body(self) -> bytes | None:
        """See whole.Whole. A client that waits to be told to send its body is told so by `receive`."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected or cycle.waiting_for_100_continue:
            return None
        body = bytes(cycle.body)
        cycle.body = bytearray()
        return body

    async def answer(self, status: int, lines: bytes, body: bytes) -> None:
        """See whole.Whole. Nothing is written to a client that has left; one that reads slowly is waited for."""
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        cycle.response_started = True
        cycle.waiting_for_100_continue = False
        self._write(self._head(status, lines), b"" if cycle.scope["method"] == "HEAD" else body)
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.scope["extensions"] = {}  # which hold this, which holds the cycle: nothing is left to the collector
        cycle.on_response()

    def _head(self, status: int, lines: bytes) -> bytes:
        usual = [b"%s: %s\r\n" % header for header in self._cycle.default_headers]
        last = b"\r\n" if self._cycle.keep_alive else b"connection: close\r\n\r\n"
        return b"".join((STATUS_LINE[status], *usual, lines, last))

    def _write(self, head: bytes, body: bytes) -> None:
        transport: Any = self._protocol.transport
        if len(body) <= _JOINED:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
