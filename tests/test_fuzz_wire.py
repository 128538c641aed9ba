"""A real hub, and what no client would send it: byte by byte on the wire. It refuses, keeps its size, and lives."""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.fuzzing import CORPUS, damaged, drawn
from tests.raw_client import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame
from tests.running import RunningHub
from transport.server.bounded_http import MOST_WAITING

GET = b"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: hub\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
POST = (
    b"POST /graphql HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nContent-Length: 24\r\n"
    b'Connection: close\r\n\r\n{"query":"{__typename}"}'
)
CHUNKED = (
    b"POST /graphql HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    b'Connection: close\r\n\r\n18;a="b"\r\n{"query":"{__typename}"}\r\n0\r\nX-Trailer: 1\r\n\r\n'
)
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
INIT = frame(b'{"type":"connection_init"}')
MESSAGES = (
    b'{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}',
    b'{"type":"subscribe","id":"1","payload":{"query":"subscription { reportEvents { cursor } }"}}',
    b'{"type":"ping","payload":{"a":1}}',
    b'{"type":"complete","id":"1"}',
)
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def exchanged(hub: RunningHub, data: bytes) -> bytes:
    """What comes back for these bytes and nothing after them. A hub that leaves the line open says so by a timeout."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as connection:
        with suppress(ConnectionError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    told = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65_536):
            told += piece
    return told


def memory(hub: RunningHub, what: str = "VmRSS") -> int:
    """Bytes that the hub holds, or at most held (VmHWM)."""
    assert hub.process is not None
    told = Path(f"/proc/{hub.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in told.splitlines() if line.startswith(what))


@pytest.fixture
def living_hub(shared_hub: RunningHub) -> Iterator[RunningHub]:
    """A hub that must be well afterwards: it answers, has written no stack to its log, and nothing new to its store."""
    begun = len(shared_hub.log)
    yield shared_hub
    assert shared_hub.client.get("/healthz").json() == {"status": "ok"}
    assert shared_hub.data("{ reports { totalCount } }") == {"reports": {"totalCount": 0}}
    assert "Traceback" not in shared_hub.log[begun:]


def sound(told: bytes) -> bool:
    """Whether all that was said is HTTP of a status below 500, or nothing at all."""
    statuses = [int(status) for status in STATUS.findall(told)]
    return (not told or told.startswith(b"HTTP/1.1 ")) and all(status < 500 for status in statuses)


def corpus(family: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((CORPUS / family).iterdir())}


def test_sound_requests_are_answered(living_hub: RunningHub) -> None:
    """By clients that wait: what the other tests send is these, damaged."""
    for request in (GET, POST, CHUNKED):
        with socket.create_connection(("127.0.0.1", living_hub.port), timeout=20) as connection:
            connection.sendall(request)
            assert b'{"__typename":"Query"}' in read_all(connection)


def test_kept_requests_are_refused(living_hub: RunningHub) -> None:
    for name, data in corpus("http").items():
        told = exchanged(living_hub, data)
        assert sound(told), (name, told[:200])
        assert b'"data"' not in told, (name, told[:300])


def test_no_second_request_hides_in_a_first(living_hub: RunningHub) -> None:
    """Two lengths, a length beside chunks, blanks before a colon: what another server might cut elsewhere is cut nowhere."""
    smuggled = {name: data for name, data in corpus("http").items() if name.startswith("smuggled_")}
    assert len(smuggled) > 8
    for name, data in smuggled.items():
        told = exchanged(living_hub, data)
        assert STATUS.findall(told) == [b"400"], (name, told[:300])
        assert b'"status":"ok"' not in told, name


def test_damaged_requests(living_hub: RunningHub) -> None:
    for data in drawn(damaged(st.sampled_from([GET, POST, CHUNKED, GET + POST, HANDSHAKE])), 250):
        told = exchanged(living_hub, data)
        assert sound(told), (data, told[:200])


def test_noise(living_hub: RunningHub) -> None:
    noise = st.one_of(
        st.binary(min_size=1, max_size=200), st.text(max_size=60).map(lambda text: text.encode() + b"\r\n\r\n")
    )
    for data in drawn(noise, 100):
        assert sound(exchanged(living_hub, data)), data


def frames() -> st.SearchStrategy[bytes]:
    """One frame, mostly as it should be."""
    payloads = st.one_of(st.sampled_from(MESSAGES), damaged(st.sampled_from(MESSAGES)), st.binary(max_size=130))
    opcodes = st.sampled_from([TEXT, TEXT, TEXT, TEXT, CONTINUATION, BINARY, PING, PONG, CLOSE, 3, 11])
    whole = st.sampled_from([True, True, True, False])
    once = st.sampled_from([False, False, False, False, False, False, True])
    made = st.tuples(payloads, opcodes, whole, once, once)
    return made.map(lambda told: frame(told[0], told[1], fin=told[2], masked=not told[3], reserved=told[4]))


def closing_code(told: bytes) -> int | None:
    """With which code the hub closed a socket that it had opened; None where it did not say."""
    rest = told.partition(b"\r\n\r\n")[2]
    while len(rest) >= 2:
        length, at = rest[1] & 0x7F, 2
        if length >= 126:
            at = 4 if length == 126 else 10
            length = int.from_bytes(rest[2:at])
        if rest[0] & 0x0F == CLOSE:
            return int.from_bytes(rest[at : at + 2]) if length else 1005
        rest = rest[at + length :]
    return None


def talked(hub: RunningHub, data: bytes) -> bytes:
    """What a hub says to a socket's client that waits for the 101, and then until it is closed in good order."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as connection:
        connection.sendall(HANDSHAKE)
        told = connection.recv(65_536)
        with suppress(ConnectionError):
            connection.sendall(data)
            while closing_code(told) is None and (piece := connection.recv(65_536)):
                told += piece
        return told


def test_frames_in_any_order(living_hub: RunningHub) -> None:
    """Fragments of other messages, text as binary, reserved bits, long pings: closed with a code that is no failure of the hub."""
    codes = set()
    for introduced, sent in drawn(st.tuples(st.booleans(), st.lists(frames(), max_size=8)), 150):
        told = talked(living_hub, (INIT if introduced else b"") + b"".join(sent) + frame(b"no JSON"))
        assert told.startswith(b"HTTP/1.1 101 ")
        codes.add(closing_code(told))
    assert codes <= {None, 1000, 1001, 1002, 1003, 1005, 1007, 1009, *range(3_000, 4_500)}
    assert {1002, 4400} <= codes


def test_kept_frames(living_hub: RunningHub) -> None:
    """What is only begun is followed by enough to be read as something."""
    for name, data in corpus("frames").items():
        told = talked(living_hub, INIT + data + frame(b"no JSON") + b"\0" * 200)
        assert told.startswith(b"HTTP/1.1 101 "), name
        code = closing_code(told)
        assert code is None or code in (1000, 1002, 1007, 1009) or 4400 <= code < 4500, (name, code)


ENDLESS = {
    "one header": b"GET / HTTP/1.1\r\nHost: hub\r\nX: " + b"a" * 65_536,
    "headers": b"GET / HTTP/1.1\r\nHost: hub\r\n" + b"X: a\r\n" * 10_000,
    "headers behind a request": GET.replace(b"close", b"keep-alive")
    + b"GET / HTTP/1.1\r\n"
    + (b"X: " + b"a" * 500 + b"\r\n") * 160,
    "noise behind a request": GET.replace(b"close", b"keep-alive") + b"\x16\x03" + bytes(range(256)) * 240,
    "address": b"GET /" + b"a" * 65_536,
    "blank lines": b"\r\n" * 32_768,
    "trailers": CHUNKED[:-2] + b"X: a\r\n" * 10_000,
    "chunk extension": CHUNKED[: CHUNKED.index(b"18;a=")] + b"18;a=" + b"a" * 65_536,
    "pipelined requests": GET.replace(b"close", b"keep-alive") * 500,
    "empty fragments": INIT + frame(b"", TEXT, fin=False) + frame(b"", CONTINUATION, fin=False) * 10_000,
    "pings": INIT + frame(b"x" * 125, PING) * 500,
    "one frame": INIT + frame(b"a" * 100_000_000)[:65_536],
}
"""What begins like this and never ends."""


@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_ends_costs_a_bounded_memory(living_hub: RunningHub, what: str) -> None:
    """Sixteen megabytes of it, or as much of that as the hub takes: of all that, it holds a few."""
    before, begin = memory(living_hub), ENDLESS[what]
    again = begin if what == "pipelined requests" else begin[-60_000:]
    with socket.create_connection(("127.0.0.1", living_hub.port), timeout=2) as connection:
        if begin.startswith(INIT):
            connection.sendall(HANDSHAKE)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 101 ")
        with suppress(ConnectionError, TimeoutError):
            connection.sendall(begin)
            for _ in range(16_000_000 // len(again)):
                connection.sendall(again)
        held = memory(living_hub)
    assert held - before < 8_000_000


def test_of_requests_sent_at_once_so_many_are_answered_as_may_wait(living_hub: RunningHub) -> None:
    with socket.create_connection(("127.0.0.1", living_hub.port), timeout=20) as connection:
        with suppress(ConnectionError):
            connection.sendall(GET.replace(b"close", b"keep-alive") * 5_000)
        told = read_all(connection)
    assert sound(told)
    assert told.count(b'{"__typename":"Query"}') == 1 + MOST_WAITING


@pytest.mark.parametrize(
    "wrong", [b"\x16\x03\x01 no request\r\n\r\n", b"GET / HTTP/1.1\r\n" + (b"X: " + b"a" * 500 + b"\r\n") * 160]
)
def test_what_is_wrong_behind_a_request_is_not_its_answer(living_hub: RunningHub, wrong: bytes) -> None:
    """A refusal written at once would come before the answers that are owed, and a client would take it for one of them."""
    with socket.create_connection(("127.0.0.1", living_hub.port), timeout=20) as connection:
        connection.sendall(GET.replace(b"close", b"keep-alive") * 3 + wrong)
        told = read_all(connection)
    assert STATUS.findall(told) == [b"200"] * 3


def test_thousands_of_sockets_that_say_nothing_leave_nothing(living_hub: RunningHub) -> None:
    before = memory(living_hub)
    for _ in range(5):
        lines = [socket.create_connection(("127.0.0.1", living_hub.port)) for _ in range(200)]
        for line in lines:
            line.sendall(HANDSHAKE[:40])
        for line in lines:
            line.close()
    assert living_hub.client.get("/healthz").status_code == 200
    assert memory(living_hub) - before < 20_000_000
