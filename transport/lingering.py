"""What becomes of a body that the hub does not want: it is thrown away, so that its sender can read why.

A request may be answered before all of it is there: 401, 413, 415. Closing then makes the sender's system drop the answer
together with the connection (a reset), and the client sees nothing. uvicorn goes on reading instead, without any bound;
here both the bytes and the seconds of that are bounded.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

LINGER_BYTES = 100_000_000
"""How much of an answered request's body is read and thrown away before the connection is closed."""
LINGER_SECONDS = 30.0
"""How long a connection waits for the rest of such a body."""


class LingeringHttp(HttpToolsProtocol):
    """uvicorn's HTTP, patient within bounds with clients that still send when they have their answer."""

    _thrown_away = 0
    _waiting: asyncio.TimerHandle | None = None

    def on_message_begin(self) -> None:
        """Begin the next request of the connection."""
        super().on_message_begin()
        self._thrown_away = 0

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, or throw it away when the request is answered."""
        super().on_body(body)
        if self._answered():
            self._thrown_away += len(body)
            if self._thrown_away > LINGER_BYTES:
                self.transport.close()

    def on_message_complete(self) -> None:
        """The whole request is in."""
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written: wait no more than so long for what is still to come of the request."""
        super().on_response_complete()
        if self._answered() and self.cycle.more_body and not self.transport.is_closing():
            self._waiting = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _answered(self) -> bool:
        cycle = cast(RequestResponseCycle | None, self.cycle)
        return cycle is not None and cycle.response_complete

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
