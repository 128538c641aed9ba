"""The load generator: keep-alive connections, each with one request under way, bytes made beforehand.

It runs as a process of its own, on a core of its own, and does next to nothing for an answer: it finds the end of it,
notes how long it took, and sends the next request. So it drives a server that answers with bytes kept ready many times
faster than any that works for its answers (`python -m bench "load limit"`), and is not what is measured.

A job comes as JSON on standard input, the outcome leaves as JSON on standard output:
`{"port", "connections", "seconds", "warm", "requests": [base64, …], "processes": [pid, …]}` gives
`{"answers", "seconds", "cpu", "p50", "p99", "bytes", "bad", "first"}`: times of answers in ms, `cpu` the seconds that those
processes spent meanwhile, `bad` the answers with errors, `first` the first answer, or the first bad one.
"""

import asyncio
import base64
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import uvloop

from bench.processes import cpu_of

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
CHUNKS_END = b"0\r\n\r\n"
FEWEST = 20
"""Answers that a measurement is made of at least, unless ten times its seconds are over."""


@dataclass
class Tally:
    """What came back so far."""

    measuring: bool = False
    latencies: list[float] = field(default_factory=list)
    received: int = 0
    bad: int = 0
    first: bytes = b""


class Client(asyncio.Protocol):
    """One connection: sends a request, waits for the whole answer, sends the next."""

    def __init__(self, requests: Sequence[bytes], start: int, step: int, tally: Tally) -> None:
        self._requests = requests
        self._next = start % len(requests)
        self._step = step
        self._tally = tally
        self._buffer = b""
        self._needed = 0
        self._sent = 0.0
        self.stopping = False
        self.closed = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by descent
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        request = self._requests[self._next]
        self._next = (self._next + self._step) % len(self._requests)
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if self._needed == 0:
            self._needed = _length(self._buffer)
        if self._needed > 0 and len(self._buffer) < self._needed:
            return
        if self._needed < 0 and not self._buffer.endswith(CHUNKS_END):
            return
        if self._needed == 0:
            return
        self._note()

    def _note(self) -> None:
        tally = self._tally
        if tally.measuring:
            tally.latencies.append(time.perf_counter() - self._sent)
            tally.received += len(self._buffer)
        if not self._buffer.startswith(b"HTTP/1.1 200") or b'"errors"' in self._buffer:
            tally.bad += 1
            tally.first = tally.first if tally.bad > 1 else self._buffer
        elif not tally.first:
            tally.first = self._buffer
        self._buffer, self._needed = b"", 0
        if self.stopping:
            assert self._transport is not None
            self._transport.close()
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.stopping:
            self._tally.bad += 1
        if not self.closed.done():
            self.closed.set_result(None)


def _same(client: Client) -> Client:
    return client


def _length(buffer: bytes) -> int:
    """Bytes of the whole answer; -1: it comes in chunks; 0: its head is not here yet."""
    end = buffer.find(HEAD_END)
    if end < 0:
        return 0
    head = buffer[:end].lower()
    at = head.find(LENGTH)
    return -1 if at < 0 else end + 4 + int(head[at + len(LENGTH) :].partition(b"\r")[0])


async def drive(job: dict[str, Any]) -> dict[str, Any]:
    """Does a job."""
    requests = [base64.b64decode(each) for each in job["requests"]]
    loop, tally, count = asyncio.get_running_loop(), Tally(), job["connections"]
    clients = []
    for n in range(count):
        start = n * max(1, len(requests) // count)
        client = Client(requests, start, 1, tally)
        await loop.create_connection(partial(_same, client), "127.0.0.1", job["port"])
        clients.append(client)
    await asyncio.sleep(job["warm"])
    tally.measuring, began = True, time.perf_counter()
    cpu = cpu_of(job.get("processes", ()))
    await asyncio.sleep(job["seconds"])
    for _ in range(round(90 * job["seconds"])):  # a server so slow is measured for longer
        if len(tally.latencies) >= FEWEST:
            break
        await asyncio.sleep(0.1)
    tally.measuring, took = False, time.perf_counter() - began
    spent = cpu_of(job.get("processes", ())) - cpu
    for client in clients:
        client.stopping = True
    await asyncio.wait([client.closed for client in clients], timeout=10)
    return _told(tally, took, spent)


def _told(tally: Tally, took: float, cpu: float) -> dict[str, Any]:
    ordered = sorted(tally.latencies)
    count = len(ordered)

    def at(share: float) -> float:
        return round(ordered[min(count - 1, int(count * share))] * 1000, 3) if ordered else 0.0

    return {
        "answers": count,
        "seconds": took,
        "cpu": cpu,
        "p50": at(0.5),
        "p99": at(0.99),
        "bytes": tally.received,
        "bad": tally.bad,
        "first": tally.first.decode(errors="replace"),
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(drive(json.load(sys.stdin)))))
