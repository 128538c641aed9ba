"""uvicorn's WebSocket, made so that a client costs bounded memory and is told why it is closed, whatever it does.

uvicorn's `websockets-sansio` makes each `send` wait while its buffer is full. What was left open is closed here: pings that
a client sends without reading the pongs, buffers that never drain, messages of endless empty fragments, handshakes that
cannot be read, and closing frames that are lost because the connection is cut while the client still sends.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from transport.server.arrivals import Arrivals, Gate
from transport.server.connections import Connections
from transport.settings.door_limits import DoorSettings
from transport.sockets.messages import CloseCode

log = logging.getLogger("simpul.transport")

DRAIN_SECONDS = 10.0
"""How long a connection that is to be closed may take to hand over what was written to it."""
ANSWER_SECONDS = 2.0
"""How long a client that was told that the hub stops may take to answer."""
MOST_FRAGMENTS = 1_000
"""A message in more pieces than this is no message: empty ones would fill the memory without ever being too large."""
FRAMES = "simpul.frames"
"""What the scope's extensions call the protocol."""
LAGGING = "Too far behind: resume from your cursor"


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that owes at most one pong, waits for a slow reader so long and no longer, and closes in good order."""

    request: Any  # what was said in the handshake: None once that is forgotten
    response: Any
    scope: Any

    def __init__(self, *arguments: Any, settings: DoorSettings, connections: Connections, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.queue: Any = Arrivals()
        self.writable: Any = Gate()
        self._settings, self._connections = settings, connections
        self.passes_over: Callable[[bytes], bool] | None = None
        """Tells of a text that nothing is to be done about, so that it is not even queued."""
        self._kept = False
        self._owed_pong = b""
        self._lag_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, with as large a buffer as the settings say."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=self._settings.lag_bytes)

    def connection_lost(self, exc: Exception | None) -> None:
        """End, and with it the wait for a slow reader."""
        self._connections.leave(self.transport)
        self._stop_lag_timer()
        super().connection_lost(exc)

    # Frames that are ready

    def handle_connect(self, event: Request) -> None:
        """Take a handshake; the application finds this protocol in its scope, to write frames that are ready."""
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][FRAMES] = self

    def offer_frame(self, frame: bytes) -> bool:
        """Write a whole frame if that is possible without waiting for the reader; tell whether it was."""
        if self.close_sent or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True

    def write_frame(self, frame: bytes) -> None:
        """Write a whole frame. Raises ClientDisconnected once the socket is closed."""
        if self.disconnected or self.close_sent:
            raise ClientDisconnected
        self.transport.write(frame)

    async def drained(self) -> None:
        """Wait while the reader is too far behind. Raises ClientDisconnected once the socket is closed."""
        await self.writable.wait()
        if self.disconnected or self.close_sent:
            raise ClientDisconnected

    # Sockets that are served without a task

    def keep(self) -> None:
        """Stay open although the application returns, until `finish`."""
        self._kept = True

    def forget_handshake(self) -> None:
        """Let go of what was said in the handshake: of a quiet socket that is the half."""
        self.request = self.response = self.scope = None

    def finish(self) -> None:
        """End, when all was said; what was written still goes out."""
        if self.close_timer is None:
            self.transport.close()
        self._cut_off_later()

    async def run_asgi(self) -> None:
        """Run the application: to the end of the socket, unless it says that it keeps it."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            self._kept = False
        except BaseException:
            self._kept = False
            self.logger.exception("Exception in ASGI application\n")
            self.send_500_response()
        if not self.handshake_complete:
            self.send_500_response()
        if not self._kept:
            self.finish()

    # A handshake that cannot be read

    def data_received(self, data: bytes) -> None:
        """Take what came; a handshake that cannot be read is answered and ended."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    # Readers that are slow, or do not read

    def pause_writing(self) -> None:
        """Wait for a reader that is `lag_bytes` behind, for `lag_seconds` at most."""
        super().pause_writing()
        if self._lag_timer is None:
            self._lag_timer = self.loop.call_later(self._settings.lag_seconds, self._close_lagging)

    def resume_writing(self) -> None:
        """Go on; the pong that is owed comes before anything else."""
        self._stop_lag_timer()
        super().resume_writing()
        owed, self._owed_pong = self._owed_pong, b""
        if owed and not self.close_sent and not self.transport.is_closing():
            self.transport.write(owed)

    def _stop_lag_timer(self) -> None:
        if self._lag_timer is not None:
            self._lag_timer.cancel()
            self._lag_timer = None

    def _close_lagging(self) -> None:
        """Close with 1013. The application hears of it at once; the client when it has read what was before."""
        self._lag_timer = None
        if not self.close_sent and not self.transport.is_closing():
            log.info("a subscriber lags behind: closed with 1013")
            self.conn.send_close(CloseCode.TRY_AGAIN_LATER, LAGGING)
            self._close_in_good_order()
        self.disconnected = True  # whoever waits to send is told so, should the reader go on
        self.loop.call_later(DRAIN_SECONDS, self.transport.abort)

    def handle_ping(self) -> None:
        """Answer a ping, or, while nothing can be written, only the last of them (RFC 6455, 5.5.3)."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self._owed_pong = b"".join(self.conn.data_to_send())

    # Messages that are wrong

    def handle_cont(self, event: Frame) -> None:
        """Take a piece of a message, if it has not too many of them."""
        if self.close_sent:
            return
        if len(self.frames) < MOST_FRAGMENTS:
            super().handle_cont(event)
        else:
            self._fail(1009, f"A message in more than {MOST_FRAGMENTS} fragments")

    def send_receive_event_to_app(self) -> None:
        """Hand a message on, if its text is text: uvicorn would write a stack into the log for each that is not."""
        data = b"".join(self.frames)
        text = self.curr_msg_data_type == "text"
        if text and not _is_utf8(data):
            self._fail(1007, "Messages are UTF-8")
        elif text and self.passes_over is not None and self.passes_over(data):
            self.frames = []
        else:
            super().send_receive_event_to_app()

    def _fail(self, code: int, reason: str) -> None:
        self.frames = []
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        """Say why the socket is closed; throw away what still comes, so that the client can read it."""
        if self.close_sent:
            return
        self._close_in_good_order()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._cut_off_later()

    def _close_in_good_order(self) -> None:
        """Write the closing frame that was made, and wait a while for the client to take note of it."""
        told = self.conn.close_sent
        assert told is not None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": told.code, "reason": told.reason})
        self.close_sent = True
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    # Ending

    async def send(self, message: Any) -> None:
        """Send what the application says, unless the socket was closed meanwhile for what came on it: then nobody is there."""
        await self.writable.wait()
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def keepalive_timeout(self) -> None:
        """Cut off a peer that answers no pings, for it will not take the closing frame either."""
        super().keepalive_timeout()
        self._cut_off_later()

    def shutdown(self) -> None:
        """The server stops. uvicorn would close the connection at once: a client that sends something just then would learn
        that it is broken before it reads why, so one that was told has time to answer."""
        if self.close_timer is None:
            super().shutdown()
            return
        self.stop_keepalive()
        self.close_timer.cancel()
        self.close_timer = self.loop.call_later(ANSWER_SECONDS, self.transport.close)

    def _cut_off_later(self) -> None:
        """Cut off a peer that does not take what was written before the application was done with it."""
        if not self.disconnected:
            self.loop.call_later(DRAIN_SECONDS, cast(asyncio.WriteTransport, self.transport).abort)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
