"""The hub's beginning and end, as a process under load: nobody gets in too early, nobody is dropped in silence."""

import json
import secrets
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.running import RunningHub, free_port
from tests.subscribers import Subscriber

SUBMIT = """
mutation ($input: SubmitReportInput!) {
  submitReport(input: $input) { report { code } userErrors { message } }
}
"""
ALL = """
query ($after: Cursor) { reports(first: 100, after: $after) { nodes { text } pageInfo { endCursor hasNextPage } } }
"""
NEW = "subscription { newReports { id } }"
MANGGARAI = {"latitude": -6.2088, "longitude": 106.8501}


def submission(key: str) -> dict[str, Any]:
    variables = {"text": f"Genangan {key}", "category": "flood", "location": MANGGARAI, "idempotencyKey": key}
    return {"query": SUBMIT, "variables": {"input": variables}}


def new_key() -> str:
    return secrets.token_urlsafe(24)


class HalfSent:
    """A request of which the hub has the head and half of the body."""

    def __init__(self, port: int) -> None:
        self.key = new_key()
        body = json.dumps(submission(self.key)).encode()
        self._rest = body[len(body) // 2 :]
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        )
        self._socket.sendall(head.encode() + b"\r\n" + body[: len(body) // 2])

    def finish(self) -> dict[str, Any]:
        """Sends the other half; the whole answer."""
        self._socket.sendall(self._rest)
        with closing(self._socket), closing(self._socket.makefile("rb")) as answer:
            told: dict[str, Any] = json.loads(answer.read().partition(b"\r\n\r\n")[2])
        return told


class Load:
    """Citizens who submit one report after another, each on a connection of his own, until the hub is gone."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.acknowledged: list[str] = []
        self.unanswered: list[str] = []
        self.some = threading.Event()

    def submit(self) -> None:
        while True:
            key = new_key()
            try:
                told = httpx.post(f"{self._url}/graphql", json=submission(key), timeout=20)
            except httpx.ConnectError:
                return  # the hub is gone: nothing was sent
            except httpx.TransportError:
                self.unanswered.append(key)
                return
            assert told.status_code == 200, told.text
            assert told.json()["data"]["submitReport"]["userErrors"] == []
            self.acknowledged.append(key)
            if len(self.acknowledged) > 20:
                self.some.set()


@contextmanager
def event_stream(hub: RunningHub) -> Iterator[Iterator[str]]:
    request = {"json": {"query": NEW}, "headers": {"Accept": "text/event-stream"}}
    with httpx.stream("POST", f"{hub.url}/graphql", timeout=20, **request) as response:  # type: ignore[arg-type]
        lines = response.iter_lines()
        next(lines)
        yield lines


def hub_under_load(folder: Path) -> RunningHub:
    return RunningHub(folder, {"SIMPUL_ANONYMOUS_REPORTS_PER_HOUR": "100000"})


@pytest.mark.slow
def test_on_sigterm_under_load_everybody_gets_his_answer_or_is_told(hub_folder: Path) -> None:
    hub = hub_under_load(hub_folder).start()
    assert hub.process is not None
    load = Load(hub.url)
    with ExitStack() as stack:
        workers = stack.enter_context(ThreadPoolExecutor(4))
        citizens = [workers.submit(load.submit) for _ in range(4)]
        subscriber = stack.enter_context(Subscriber(hub.socket_url, NEW).ready())
        stream = stack.enter_context(event_stream(hub))
        assert load.some.wait(30)
        half_sent = [HalfSent(hub.port) for _ in range(5)]
        hub.data("{ logCursor }")  # one after them: they have been taken in
        hub.process.send_signal(signal.SIGTERM)

        with pytest.raises(ConnectionClosed) as closed:
            while True:
                subscriber.next()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "The hub is stopping")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", hub.port), timeout=5).close()
        assert "event: complete" not in list(stream), "broken off, so that clients come back"
        for request in half_sent:
            assert request.finish()["data"]["submitReport"]["userErrors"] == []
        for citizen in citizens:
            citizen.result(20)
        assert hub.process.wait(20) == 0
    hub.stop()
    assert_each_is_there_once(hub.start(), [*load.acknowledged, *(each.key for each in half_sent)], load.unanswered)
    hub.stop()
    assert "Traceback" not in hub.log, hub.log


def assert_each_is_there_once(hub: RunningHub, acknowledged: list[str], unanswered: list[str]) -> None:
    """An unanswered one may or may not be: its key finds out, and makes it if it is not."""
    for key in unanswered:
        assert hub.client.post("/graphql", json=submission(key)).json()["data"]["submitReport"]["userErrors"] == []
    texts: list[str] = []
    after = None
    while True:
        page = hub.data(ALL, {"after": after})["reports"]
        texts += [node["text"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert sorted(texts) == sorted(f"Genangan {key}" for key in [*acknowledged, *unanswered])


@pytest.mark.slow
def test_nobody_gets_in_before_the_tables_are_up_to_date(hub_folder: Path) -> None:
    """While they are being made, whoever knocks is refused at once; he is not left to wait."""
    hub = RunningHub(hub_folder, port=free_port())
    with closing(sqlite3.connect(hub_folder / "simpul.db", isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")  # migrations wait for this
        with ThreadPoolExecutor(1) as pool:
            starting = pool.submit(hub.start)
            wait_until_taken(hub.port)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", hub.port), timeout=5)
            assert not starting.done()
            database.execute("ROLLBACK")
            starting.result(60)
    assert hub.client.get("/healthz").status_code == 200
    hub.stop()


def wait_until_taken(port: int) -> None:
    """Returns once a process has bound the port, which the hub does before it touches the store."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return
        time.sleep(0.02)
    raise AssertionError("the hub has not taken its port")
