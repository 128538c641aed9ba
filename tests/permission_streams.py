"""Subscribers over a socket and over server-sent events, for whoever asks."""

import json
import queue
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import httpx

from tests.permission_world import Asker
from tests.running import RunningHub
from tests.subscribers import Subscriber

WAIT_SECONDS = 30.0


class SocketReader:
    """A subscription on a socket of its own; entered, it is open: it was told a position or an event, or is refused."""

    def __init__(self, hub: RunningHub, asker: Asker, text: str) -> None:
        self._subscriber = Subscriber(hub.socket_url, text, init=asker.init)
        self.refused: dict[str, Any] | None = None
        self._early: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._subscriber.__enter__()
        while self._subscriber.cursor is None and self.refused is None and not self._early:
            message = self._subscriber.receive(WAIT_SECONDS)
            if message["type"] == "error":
                self.refused = message["payload"][0]
            elif message["type"] == "next":
                self._early.append(message["payload"])
        return self

    def next(self) -> dict[str, Any]:
        """The payload of the next event."""
        while not self._early:
            message = self._subscriber.receive(WAIT_SECONDS)
            if message["type"] == "next":
                self._early.append(message["payload"])
        return self._early.pop(0)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._subscriber.__exit__(kind, error, trace)


class EventsReader:
    """The same as a stream of events; a thread reads it."""

    def __init__(self, hub: RunningHub, asker: Asker, text: str) -> None:
        headers = {"Accept": "text/event-stream", **asker.headers}
        self._client = httpx.Client(base_url=hub.url, timeout=WAIT_SECONDS, headers=headers)
        self._text = text
        self._closing = ExitStack()
        self._told: queue.Queue[dict[str, Any]] = queue.Queue()
        self._open = threading.Event()
        self.refused: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        self._closing.enter_context(self._client)
        streaming = self._client.stream("POST", "/graphql", json={"query": self._text})
        response = self._closing.enter_context(streaming)
        self._thread = threading.Thread(target=self._read, args=(response,), daemon=True)
        self._thread.start()
        assert self._open.wait(WAIT_SECONDS), "the stream told no position"
        return self

    def _read(self, response: httpx.Response) -> None:
        """Until the stream is closed: a position or a payload shows that it is open."""
        try:
            for line in response.iter_lines():
                if line.startswith("data:") and line.removeprefix("data:").strip():
                    payload = json.loads(line.removeprefix("data:"))
                    if payload.get("data") is None and payload.get("errors"):
                        self.refused = payload["errors"][0]
                    else:
                        self._told.put(payload)
                if line.startswith(("id:", "data:")):
                    self._open.set()
        except (httpx.TransportError, httpx.StreamError):
            return

    def next(self) -> dict[str, Any]:
        """The payload of the next event."""
        return self._told.get(timeout=WAIT_SECONDS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()
        self._thread.join(WAIT_SECONDS)


READERS: dict[str, Callable[[RunningHub, Asker, str], SocketReader | EventsReader]] = {
    "socket": SocketReader,
    "events": EventsReader,
}
