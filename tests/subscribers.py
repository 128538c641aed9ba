"""A subscriber over graphql-transport-ws, written by hand so that tests see every message."""

import json
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect


class Subscriber:
    """One operation on a socket of its own. `next` waits for a payload; `cursor` is the last that was told."""

    def __init__(
        self, url: str, query: str, variables: dict[str, Any] | None = None, *, init: dict[str, Any] | None = None
    ) -> None:
        self._url, self._query, self._variables, self._init = url, query, variables or {}, init or {}
        self._socket: ClientConnection | None = None
        self.cursor: str | None = None

    def __enter__(self) -> Self:
        self._socket = connect(self._url, subprotocols=["graphql-transport-ws"], max_size=None)  # type: ignore[list-item]
        self.send({"type": "connection_init", "payload": self._init})
        assert self.receive()["type"] == "connection_ack"
        payload = {"query": self._query, "variables": self._variables}
        self.send({"type": "subscribe", "id": "1", "payload": payload})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._socket is not None
        self._socket.close()

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
        while True:
            message = self.receive(seconds)
            if message["type"] == "next":
                assert "errors" not in message["payload"], message
                data: dict[str, Any] = message["payload"]["data"]
                return data
            assert message["type"] in ("ping", "pong"), message

    def ready(self) -> "Subscriber":
        """Returns once the hub has taken the subscription up: it answers a ping in the order of messages."""
        self.send({"type": "ping"})
        while self.receive()["type"] != "pong":
            pass
        return self
