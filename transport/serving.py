"""How uvicorn must be set up so that a client costs bounded memory, whatever it does or does not read.

uvicorn's `websockets-sansio` makes each `send` wait while its buffer (64 KB) is full. Two holes are closed here: pings that
a client sends without reading the pongs, and a connection that is to be closed but whose buffer never drains.
"""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

DRAIN_SECONDS = 10.0
"""How long a connection that is to be closed may take to hand over what was written to it."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, owing at most one pong, and cut off when its closing is not taken note of."""

    _owed_pong = b""

    def handle_ping(self) -> None:
        """Answer a ping, or, while nothing can be written, only the last of them (RFC 6455, 5.5.3)."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self._owed_pong = b"".join(self.conn.data_to_send())

    def resume_writing(self) -> None:
        """Send the pong that is owed before anything else."""
        super().resume_writing()
        owed, self._owed_pong = self._owed_pong, b""
        if owed and not self.close_sent and not self.transport.is_closing():
            self.transport.write(owed)

    def keepalive_timeout(self) -> None:
        """Cut off a peer that answers no pings, for it will not take the closing frame either."""
        super().keepalive_timeout()
        self._cut_off_later()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Cut off a peer that does not take what was written before the application was done with it."""
        super().on_task_complete(task)
        self._cut_off_later()

    def _cut_off_later(self) -> None:
        if not self.disconnected:
            self.loop.call_later(DRAIN_SECONDS, self.transport.abort)


def uvicorn_options(*, message_bytes: int = 1_000_000) -> dict[str, Any]:
    """Return the options that the door relies on, for `uvicorn.Config(app, **uvicorn_options())`.

    Messages are not compressed one by one: a compressor for each socket is most of what an idle subscriber costs. A peer
    may be silent for a minute before it is taken for dead, so that one which was held up can go on. On stopping, requests
    have ten seconds to finish.
    """
    return {
        "ws": BoundedWebSocket,
        "ws_max_size": message_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 60.0,
        "http": "httptools",
        "timeout_graceful_shutdown": 10,
    }
