"""A subscriber over graphql-transport-ws, written by hand so that tests see every message."""

import json
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from websockets import Subprotocol
from websockets.sync.client import ClientConnection, connect


class Subscriber:
    """One operation on a socket of its own. `next` waits for a payload; `cursor` is the last that was told."""

    def __init__(
        self, url: str, query: str, variables: dict[str, Any] | None = None, *, init: dict[str, Any] | None = None
    ) -> None:
        self._url, self._query, self._variables, self._init = url, query, variables or {}, init or {}
        self._socket: ClientConnection | None = None
        self._awaits_position = False
        self._early: list[dict[str, Any]] = []
        self._closing = ExitStack()
        self.cursor: str | None = None

    def __enter__(self) -> Self:
        connecting = connect(self._url, subprotocols=[Subprotocol("graphql-transport-ws")], max_size=None)
        self._socket = self._closing.enter_context(connecting)
        self.send({"type": "connection_init", "payload": self._init})
        assert self.receive()["type"] == "connection_ack"
        payload = {"query": self._query, "variables": self._variables}
        self.send({"type": "subscribe", "id": "1", "payload": payload})
        while self._awaits_position and self.cursor is None:
            message = self.receive()
            if message["type"] != "ping":
                self._early.append(message)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    @property
    def port(self) -> int:
        """This end's port."""
        assert self._socket is not None
        port: int = self._socket.socket.getsockname()[1]
        return port

    def send(self, message: dict[str, Any]) -> None:
        """Sends one message."""
        assert self._socket is not None
        self._socket.send(json.dumps(message))

    def receive(self, seconds: float = 30) -> dict[str, Any]:
        """The next message, whatever it is; cursors of pings are taken note of, and pings answered."""
        assert self._socket is not None
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=seconds))
        if message["type"] == "ping":
            self.cursor = (message.get("payload") or {}).get("cursors", {}).get("1", self.cursor)
            self.send({"type": "pong"})
        if message["type"] == "next":
            self.cursor = message["payload"].get("extensions", {}).get("cursor", self.cursor)
        return message

    def next(self, seconds: float = 30) -> dict[str, Any]:
        """The data of the next payload. Raises AssertionError for an error, TimeoutError for none in time."""
        deadline = time.monotonic() + seconds  # pings go on coming, so each wait alone would never end
        while True:
            left = max(0.0, deadline - time.monotonic())
            message = self._early.pop(0) if self._early else self.receive(left)
            if message["type"] == "next":
                assert "errors" not in message["payload"], message
                data: dict[str, Any] = message["payload"]["data"]
                return data
            assert message["type"] in ("ping", "pong"), message

    def ready(self) -> "Subscriber":
        """Makes entering wait until the hub has told a position: whatever is committed afterwards comes."""
        self._awaits_position = True
        return self
