"""What becomes of a body that the hub does not want: it is thrown away, so that its sender can read why.

A request may be answered before all of it is there: 401, 413, 415. Closing then makes the sender's system drop the answer
together with the connection (a reset), and the client sees nothing. uvicorn goes on reading instead, without any bound,
where the connection is to be kept, and closes where it is not; here the rest is read in both cases, and both the bytes and the
seconds of that are bounded.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

LINGER_BYTES = 100_000_000
"""How much of an answered request's body is read and thrown away before the connection is closed."""
LINGER_SECONDS = 30.0
"""How long a connection waits for the rest of such a body."""


class LingeringHttp(HttpToolsProtocol):
    """uvicorn's HTTP, patient within bounds with clients that still send when they have their answer."""

    _thrown_away = 0
    _waiting: asyncio.TimerHandle | None = None
    _closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._closed_later = cast(asyncio.Transport, _ClosedLater(self))

    def on_headers_complete(self) -> None:
        """The head is there: answer the request, on a connection that is not closed before its body is read."""
        super().on_headers_complete()
        self._thrown_away = 0
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None:
            cycle.transport = self._closed_later

    def close_when_read(self) -> None:
        """Say that nothing more will be written, and close once the request is in."""
        if self.transport.is_closing() or not self.cycle.more_body or not self.transport.can_write_eof():
            self.transport.close()
        else:
            self._closing = True
            self.transport.write_eof()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, or throw it away when the request is answered."""
        super().on_body(body)
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.response_complete:
            self._thrown_away += len(body)
            if self._thrown_away > LINGER_BYTES:
                self.transport.close()

    def on_message_complete(self) -> None:
        """The whole request is in."""
        if self._waiting is not None:
            self._stop_waiting()
        super().on_message_complete()
        if self._closing:
            self.transport.close()

    def on_response_complete(self) -> None:
        """The answer is written: wait no more than so long for what is still to come of the request."""
        super().on_response_complete()
        cycle = self.cycle
        if cycle.more_body and cycle.response_complete and not self.transport.is_closing():
            self._waiting = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _has_cycle(self) -> bool:
        return cast(RequestResponseCycle | None, self.cycle) is not None

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class _ClosedLater:
    """A connection as its requests see it: all is as ever, but closing it waits for the rest of the request."""

    def __init__(self, protocol: LingeringHttp) -> None:
        self._protocol = protocol

    def close(self) -> None:
        self._protocol.close_when_read()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol.transport, name)
