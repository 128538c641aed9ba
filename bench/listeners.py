"""Subscribers over WebSocket, thousands in one process: connects, subscribes, and notes when each message came to the last.

A frame is looked at only as far as its length and the word `next` in it, so that the listeners are not what is measured.
A job comes as JSON on standard input, what was seen leaves on standard output:
`{"port", "store", "subscribers", "events", "query", "submits": [base64, …], "processes": [pid, …]}` gives
`{"lasts": [ms from the commit to the last subscriber, …], "cpu", "deliveries", "lost", "resident"}`: `cpu` the seconds
that those processes spent, `lost` the subscribers whose connection ended early, `resident` the bytes that the processes held.

The commit is seen where it happens, in the SQLite file `store` (commits.py): a server that executes an operation for each
subscriber before it sends anything, its answer to whoever submitted included, has begun the clock all the same. Where the
first delivery was seen before, the commit cannot have been later.
"""

import asyncio
import base64
import json
import sys
import time
from functools import partial
from typing import Any, cast

import uvloop

from bench.commits import Commits
from bench.processes import cpu_of, held_by

TEXT, PING, PONG = 0x1, 0x9, 0xA


def frame(kind: int, payload: bytes) -> bytes:
    """A client's frame: masked, with a mask of zeros."""
    head = bytes([0x80 | kind])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    else:
        head += bytes([0x80 | 126]) + len(payload).to_bytes(2)
    return head + b"\0\0\0\0" + payload


class Gate:
    """Opens when all subscribers have come so far."""

    def __init__(self, needed: int) -> None:
        self.needed = needed
        self.times: list[float] = []
        self.opened = asyncio.get_running_loop().create_future()

    def pass_one(self) -> None:
        """One more has come."""
        self.times.append(time.perf_counter())
        if len(self.times) == self.needed and not self.opened.done():
            self.opened.set_result(None)


class Subscriber(asyncio.Protocol):
    """One socket with one subscription. `gate` counts what happens next: subscribed, or a message."""

    gate: Gate

    def __init__(self, port: int, query: str) -> None:
        self._port = port
        self._query = query
        self._buffer = b""
        self._upgraded = False
        self.lost = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        if self._upgraded and not self._buffer and _is_one_next(data):
            self.gate.pass_one()
            return
        self._buffer = self._buffer + data if self._buffer else data
        if not self._upgraded:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise RuntimeError(head.decode())
            self._upgraded, self._buffer = True, rest
            self._write(TEXT, b'{"type":"connection_init","payload":{}}')
        while (payload := self._frame()) is not None:
            self._take(*payload)

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length == 126:
            length, start = int.from_bytes(buffer[2:4]), 4
        elif length == 127:
            length, start = int.from_bytes(buffer[2:10]), 10
        if len(buffer) < start + length:
            return None
        self._buffer = buffer[start + length :]
        return buffer[0] & 0x0F, buffer[start : start + length]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            self._write(PONG, payload)
        elif kind == TEXT:
            if b'"next"' in payload[:200] or b'"next"' in payload[-40:]:
                if b'"errors"' in payload:
                    raise RuntimeError(payload.decode())
                self.gate.pass_one()
            elif b'"connection_ack"' in payload:
                told = {"id": "1", "type": "subscribe", "payload": {"query": self._query}}
                self._write(TEXT, json.dumps(told).encode())
                self.gate.pass_one()
            elif b'"ping"' in payload:
                self._write(TEXT, b'{"type":"pong"}')
            elif b'"error"' in payload:
                raise RuntimeError(payload.decode())

    def _write(self, kind: int, payload: bytes) -> None:
        assert self._transport is not None
        self._transport.write(frame(kind, payload))


def _is_one_next(data: bytes) -> bool:
    """Whether this is one frame with a `next`, and nothing else: nearly all that is measured is."""
    return (
        data[:2] == b"\x81\x7e"
        and len(data) == 4 + (data[2] << 8 | data[3])
        and (b'"next"' in data[:204] or b'"next"' in data[-40:])
        and b'"errors"' not in data
    )


def _home(number: int) -> tuple[str, int]:
    """The address that a subscriber comes from: no more than two thousand share one, for a hub lets no client have all."""
    return f"127.0.0.{2 + number // 2_000}", 0


def _same(subscriber: Subscriber) -> Subscriber:
    return subscriber


async def _submit(port: int, request: bytes) -> None:
    """Submits a report."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
    )
    body = await reader.readexactly(length)
    writer.close()
    if b'"errors"' in body:
        raise RuntimeError(body.decode())


async def listen(job: dict[str, Any]) -> dict[str, Any]:
    """Does a job."""
    loop, many, port = asyncio.get_running_loop(), job["subscribers"], job["port"]
    commits = Commits(job["store"])
    subscribers = [Subscriber(port, job["query"]) for _ in range(many)]
    Subscriber.gate = Gate(many)
    for start in range(0, many, 50):
        some = enumerate(subscribers[start : start + 50], start)
        await asyncio.gather(
            *(loop.create_connection(partial(_same, s), "127.0.0.1", port, local_addr=_home(n)) for n, s in some)
        )
    await asyncio.wait_for(Subscriber.gate.opened, 120)
    await asyncio.sleep(job.get("settle", 2.0))
    resident = held_by(job["processes"])
    lasts: list[float] = []
    cpu = spent = 0.0
    for n, each in enumerate(job["submits"][: job["events"] + 1]):
        if n == 1:  # the first one warms
            cpu, lasts = cpu_of(job["processes"]), []
        Subscriber.gate = Gate(many)
        commits.watch()
        submitted = asyncio.ensure_future(_submit(port, base64.b64decode(each)))
        await asyncio.wait_for(Subscriber.gate.opened, 120)
        await submitted
        times = Subscriber.gate.times
        lasts.append((times[-1] - min(commits.seen(), times[0])) * 1000)
    spent = cpu_of(job["processes"]) - cpu
    commits.close()
    lost = sum(each.lost for each in subscribers)
    return {"lasts": lasts, "cpu": spent, "deliveries": many * len(lasts), "lost": lost, "resident": resident}


if __name__ == "__main__":
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(json.dumps(uvloop.run(listen(json.load(sys.stdin)))))
