"""uvicorn's HTTP, with an end to heads that grow or never come, and to answers that nobody takes."""

import asyncio
import logging
from typing import Any, cast

from transport.server.connections import Connections
from transport.server.whole_http import WholeHttp
from transport.settings.door_limits import DoorSettings

log = logging.getLogger("simpul.transport")

MOST_WAITING = 32
"""Requests that may wait behind another on one connection; uvicorn itself lets them pile up without end."""
REFUSED_SECONDS = 2.0
"""How long a connection whose head was refused stays, so that its client can read why."""


class BoundedHttp(WholeHttp):
    """A connection whose requests' heads are bounded in bytes and time, and whose reader may lag so long and no longer."""

    def __init__(self, *arguments: Any, settings: DoorSettings, connections: Connections, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._settings, self._connections = settings, connections
        self._in_head = True
        self._began = False  # a head, within the piece that is being read
        self._piece = 0  # bytes of the piece that is being read
        self._lines = 0  # of the last head that was all there
        self._came = 0  # bytes that came for the present head since the piece that it began in
        self._too_large = False
        self._host_unclear = False
        self._refused = False
        self._ends_after_answers = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._lag_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, and wait for the first head, unless this connection is one too many."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=self._settings.lag_bytes)
        if self._connections.enter(self.transport, self.client[0] if self.client else None):
            self._wait_for_head()
        else:
            self._turn_away()

    def _turn_away(self) -> None:
        """Say so and close at once: to wait until it is read would keep the very connection that there is no room for."""
        self._refused = True
        self.transport.write(_answer(b"429 Too Many Requests", "Too many connections are open.", b"retry-after: 10"))
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, and with it all that was waited for."""
        self._connections.leave(self.transport)
        self._stop_waiting_for_head()
        self._stop_lag_timer()
        super().connection_lost(exc)

    # Heads

    def data_received(self, data: bytes) -> None:
        """Take what came. A head that goes on and on is ended, be it one line."""
        if self._refused:
            return
        self._began = False
        self._piece = len(data)
        super().data_received(data)
        if self._refused or self.transport.is_closing():
            return
        if self._in_head:
            self._bound_head()
        elif self._has_cycle() and len(self.headers) > self._lines:
            self._bound_trailers()

    def _bound_trailers(self) -> None:
        """Lines that follow a body count as the head's own."""
        if self._told() > self._settings.head_bytes:
            self._too_large = True
            self.send_400_response("")

    def _bound_head(self) -> None:
        """A head is not all there: it may take so long from now on, and have so many bytes."""
        if not self._began:
            self._came += self._piece
        elif self._head_timer is None:
            self._wait_for_head()
        if self._came > self._settings.head_bytes or self._is_too_large():
            self._too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin a head, unless too many requests wait already."""
        if len(self.pipeline) >= MOST_WAITING:
            self._ends_after_answers = True
            raise ValueError("too many requests wait")  # the parser stops, and uvicorn refuses the request
        super().on_message_begin()
        if self._head_timer is not None:
            self._stop_waiting_for_head()
        self._in_head, self._began, self._came = True, True, 0

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._in_head, self._lines = False, len(self.headers)
        if self._head_timer is not None:
            self._stop_waiting_for_head()
        if self._came + self._piece > self._settings.head_bytes and self._is_too_large():
            self._too_large = True
            raise ValueError("head too large")  # the parser stops, and uvicorn refuses the request
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts != 1 and (hosts or self.parser.get_http_version() == "1.1"):
            self._host_unclear = True
            raise ValueError("no host, or several")
        super().on_headers_complete()

    def _is_too_large(self) -> bool:
        """Whether what the parser has handed on of a head is too much, which it can be only where so much has come."""
        most = self._settings.head_bytes
        return self._came + self._piece > most and self._told() > most

    def _told(self) -> int:
        """How many bytes the parser has handed on of the present head."""
        if cast(list[tuple[bytes, bytes]] | None, self.headers) is None:
            return 0
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, or one whose head is too large or names no one host, in words.

        Where other requests still have to be answered, those are; a refusal now would be read as the answer of one of them.
        """
        if self._ends_after_answers or self._is_answering():
            self._ends_after_answers = self._refused = True
            self._stop_waiting_for_head()
        elif self._too_large:
            most = self._settings.head_bytes
            self._refuse(b"431 Request Header Fields Too Large", f"The head of a request has at most {most} bytes.")
        elif self._host_unclear:
            self._refuse(b"400 Bad Request", "A request names its host in one header Host (RFC 9112, 3.2).")
        else:
            super().send_400_response(msg)

    def _is_answering(self) -> bool:
        """Whether a request that is all there is not answered yet."""
        whole = self._has_cycle() and not self.cycle.response_complete and not self.cycle.more_body
        return whole or bool(self.pipeline)

    def _refuse(self, status: bytes, words: str) -> None:
        self.transport.write(_answer(status, words))
        self._refused = True
        self._end_later()

    def _end_later(self) -> None:
        """Say that no more will be said; throw away what still comes, so that the client can read all."""
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(REFUSED_SECONDS, self.transport.close)

    def _wait_for_head(self) -> None:
        self._stop_waiting_for_head()
        self._head_timer = self.loop.call_later(self._settings.head_seconds, self._no_head)

    def _stop_waiting_for_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _no_head(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self._told():
            seconds = self._settings.head_seconds
            self._refuse(b"408 Request Timeout", f"The head of a request is waited for {seconds:g} seconds.")
        else:
            self.transport.close()

    def on_response_complete(self) -> None:
        """Go on with what waits; after that, end a connection that brought too much at once."""
        last = self._ends_after_answers and not self.pipeline
        super().on_response_complete()
        if last and not self.transport.is_closing():
            self._end_later()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection on to a WebSocket."""
        self._stop_waiting_for_head()
        super().handle_websocket_upgrade()

    # Readers that are slow, or do not read

    def pause_writing(self) -> None:
        """Wait for a reader that is `lag_bytes` behind, for `lag_seconds` at most, then break off."""
        super().pause_writing()
        if self._lag_timer is None:
            self._lag_timer = self.loop.call_later(self._settings.lag_seconds, self._break_off)

    def _break_off(self) -> None:
        log.info("an answer is not taken: broken off")
        self.transport.abort()

    def resume_writing(self) -> None:
        """Go on."""
        self._stop_lag_timer()
        super().resume_writing()

    def _stop_lag_timer(self) -> None:
        if self._lag_timer is not None:
            self._lag_timer.cancel()
            self._lag_timer = None


def _answer(status: bytes, words: str, *headers: bytes) -> bytes:
    """An answer in words, after which the connection is closed: for what never came to be a request."""
    body = words.encode()
    told = (
        b"content-type: text/plain; charset=utf-8",
        b"content-length: %d" % len(body),
        b"connection: close",
        *headers,
    )
    return b"\r\n".join((b"HTTP/1.1 " + status, *told, b"", body))
