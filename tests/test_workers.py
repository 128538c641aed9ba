"""`serve --workers N`: several processes, one port, one store; events reach subscribers of all, and all end together."""

import http.client
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.family import Family
from tests.running import READY, RunningHub
from tests.subscribers import Subscriber

pytestmark = pytest.mark.slow(seconds=15)

SUBMIT = """
mutation ($input: SubmitReportInput!) { submitReport(input: $input) { report { id } userErrors { message } } }
"""
NEW = "subscription { newReports { report { text } } }"
MANGGARAI = {"latitude": -6.2088, "longitude": 106.8501}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    folder = tmp_path_factory.mktemp("together") / "data"
    folder.mkdir()
    running = RunningHub(folder, {"SIMPUL_ANONYMOUS_REPORTS_PER_HOUR": "10000"}, ("--workers", "3")).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def own_hub(hub_folder: Path) -> Iterator[RunningHub]:
    running = RunningHub(hub_folder, arguments=("--workers", "2")).start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.kill()


@pytest.fixture
def impatient_hub(hub_folder: Path) -> Iterator[RunningHub]:
    running = RunningHub(hub_folder, {"SIMPUL_HANG_SECONDS": "4"}, ("--workers", "2")).start()
    yield running
    assert running.stop() == 0


def submit(client: httpx.Client, text: str) -> str:
    told = {"text": text, "category": "flood", "location": MANGGARAI}
    answer = client.post("/graphql", json={"query": SUBMIT, "variables": {"input": told}}).json()
    report_id: str = answer["data"]["submitReport"]["report"]["id"]
    return report_id


@contextmanager
def a_client_of_each(hub: RunningHub) -> Iterator[dict[int, httpx.Client]]:
    """A kept connection to each process that serves; which one it is the system decides."""
    family = Family(hub)
    with ExitStack() as stack:
        found: dict[int, httpx.Client] = {}
        while found.keys() != family.workers:
            client = stack.enter_context(httpx.Client(base_url=hub.url, timeout=30))
            served_by = family.serving(_port_of(client))
            assert served_by is not None
            found.setdefault(served_by, client)
        yield found


def _port_of(client: httpx.Client) -> int:
    stream = client.get("/healthz").extensions["network_stream"]
    port: int = stream.get_extra_info("client_addr")[1]
    return port


@contextmanager
def a_subscriber_of_each(hub: RunningHub) -> Iterator[dict[int, Subscriber]]:
    family = Family(hub)
    with ExitStack() as stack:
        found: dict[int, Subscriber] = {}
        while found.keys() != family.workers:
            with ExitStack() as one_too_many:
                subscriber = one_too_many.enter_context(Subscriber(hub.socket_url, NEW).ready())
                served_by = family.serving(subscriber.port)
                assert served_by is not None
                if served_by not in found:
                    found[served_by] = subscriber
                    stack.push(one_too_many.pop_all())
        yield found


def test_it_says_once_that_it_is_ready(hub: RunningHub) -> None:
    assert hub.said.count(READY) == 1 and hub.tokens.keys() >= {"citizen", "admin"}
    assert len(Family(hub).workers) == 3


def test_it_says_which_processes_serve_and_which_one_writes(hub: RunningHub) -> None:
    family = Family(hub)
    (line,) = [line for line in hub.said.splitlines() if line.startswith("  processes")]
    named, _, writes = line.removeprefix("  processes   3 serve: ").partition("; ")
    assert {int(pid) for pid in named.split(", ")} == family.workers
    assert writes == f"{family.host} writes"


def test_what_any_process_takes_in_reaches_the_subscribers_of_all(hub: RunningHub) -> None:
    with a_client_of_each(hub) as clients, a_subscriber_of_each(hub) as subscribers:
        for number, client in enumerate(clients.values()):
            submit(client, f"Genangan {number}")
            for subscriber in subscribers.values():
                assert subscriber.next()["newReports"]["report"]["text"] == f"Genangan {number}"


def test_what_one_process_wrote_the_others_show_at_once(hub: RunningHub) -> None:
    with a_client_of_each(hub) as clients:
        for writer in clients.values():
            report_id = submit(writer, "Terlihat di mana-mana")
            for reader in clients.values():
                query = {"query": "query ($id: ID!) { report(id: $id) { text } }", "variables": {"id": report_id}}
                assert reader.post("/graphql", json=query).json()["data"]["report"]["text"] == "Terlihat di mana-mana"


def test_one_process_alone_has_the_leases(hub: RunningHub) -> None:
    """And the others are refused them, however often they ask."""
    with a_client_of_each(hub), closing(_database(hub)) as database:
        rows = database.execute("SELECT name, token, holder FROM leases WHERE name LIKE 'worker:%'").fetchall()
    assert {name: token for name, token, _ in rows}["worker:sweeping"] == 1


def _database(hub: RunningHub) -> Any:
    import sqlite3

    return sqlite3.connect(hub.folder / "simpul.db")


def test_the_leases_of_processes_that_died_are_taken_over(hub: RunningHub) -> None:
    """At once, although they were taken for longer than anybody would wait."""
    family = Family(hub)
    with closing(_database(hub)) as database:
        before = _sweeping(database)
        killed = family.workers
        for pid in killed:
            family.kill(pid)
        deadline = time.monotonic() + 15
        while _sweeping(database) == before:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        after = _sweeping(database)
    assert after[0] == before[0] + 1 and after[1] != before[1]


def _sweeping(database: Any) -> tuple[int, str]:
    row: tuple[int, str] = database.execute(
        "SELECT token, holder FROM leases WHERE name = 'worker:sweeping'"
    ).fetchone()
    return row


def test_a_process_that_dies_is_replaced_and_the_hub_answers_meanwhile(hub: RunningHub) -> None:
    family = Family(hub)
    host = family.host
    assert host is not None
    for victim in (host, min(family.workers - {host})):
        family.kill(victim)
        hub.client.close()
        del hub.__dict__["client"]  # its connection may have been to the one that died
        assert hub.data("{ __typename }") == {"__typename": "Query"}
        _wait(lambda: len(family.workers) == 3)
        submit(hub.client, "Masih bisa melapor")
        _wait(lambda: hub.log.count(" serves again, as pid ") == hub.log.count("; it is replaced"))
        assert hub.log.count(f"(pid {victim}) was ended by SIGKILL; it is replaced") == 1
    assert victim not in family.workers
    assert hub.log.count(f"pid {host} writes for all") == hub.log.count(f"pid {family.host} writes for all") == 1


def test_a_process_that_hangs_is_ended_and_replaced(impatient_hub: RunningHub) -> None:
    """The one that writes, and then another; what was acknowledged before is there after."""
    hub, family = impatient_hub, Family(impatient_hub)
    report = {"query": "query ($id: ID!) { report(id: $id) { text } }"}
    for of in (lambda: family.host, lambda: min(family.workers - {family.host})):
        with httpx.Client(base_url=hub.url, timeout=30) as client:
            told = submit(client, "Sebelum macet")
        victim = of()
        assert victim is not None
        os.kill(victim, signal.SIGSTOP)
        _wait(lambda pid=victim: pid not in family.workers and len(family.workers) == 2)
        assert hub.log.count(f"(pid {victim}) hangs: no sign of it for 4 s; it is ended") == 1
        _wait(lambda: hub.log.count(" serves again, as pid ") == hub.log.count("; it is replaced"))
        with httpx.Client(base_url=hub.url, timeout=30) as client:
            answer = client.post("/graphql", json=report | {"variables": {"id": told}}).json()
            assert answer["data"]["report"]["text"] == "Sebelum macet"
            submit(client, "Sesudah macet")


def test_who_comes_when_a_process_has_died_is_served_by_the_others(hub: RunningHub) -> None:
    """And need not wait until it is replaced: a third of them would come to its socket."""
    with a_client_of_each(hub):
        family = Family(hub)
        victim = min(family.workers - {family.host})
        others = family.workers - {victim}
    family.kill(victim)
    connections = [http.client.HTTPConnection("127.0.0.1", hub.port, timeout=30) for _ in range(24)]
    for each in connections:
        each.connect()
    for each in connections:
        each.request("GET", "/healthz")
        assert each.getresponse().read()
    assert {family.serving(each.sock.getsockname()[1]) for each in connections} == others
    for each in connections:
        each.close()
    with a_client_of_each(hub) as clients:  # the one in its place among them
        assert len(clients) == 3 and victim not in clients


def test_who_comes_while_a_process_stops_is_served_by_the_others(hub: RunningHub) -> None:
    """Somebody told one of them to stop, and it waits for the rest of a request."""
    family = Family(hub)
    with closing(_half_a_request(hub, but_not_to=family.host)) as held:
        victim = family.serving(held.getsockname()[1])
        assert victim is not None and family.listens(victim)
        os.kill(victim, signal.SIGTERM)
        _wait(lambda: not family.listens(victim))
        for _ in range(24):
            with closing(http.client.HTTPConnection("127.0.0.1", hub.port, timeout=30)) as connection:
                connection.request("GET", "/healthz")
                assert connection.getresponse().read()
        assert _runs(victim)
    _wait(lambda: not _runs(victim) and len(family.workers) == 3)


def _half_a_request(hub: RunningHub, but_not_to: int | None) -> socket.socket:
    """A connection on which the rest of a body is owed."""
    while True:
        connection = socket.create_connection(("127.0.0.1", hub.port))
        head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
        connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")  # it waits for the body
        if Family(hub).serving(connection.getsockname()[1]) != but_not_to:
            return connection
        connection.close()


def test_sigterm_ends_all_and_tells_every_subscriber(own_hub: RunningHub) -> None:
    family = Family(own_hub)
    workers = family.workers
    with a_subscriber_of_each(own_hub) as subscribers:
        os.kill(family.parent, signal.SIGTERM)
        for subscriber in subscribers.values():
            with pytest.raises(ConnectionClosed) as closed:
                subscriber.next()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
    assert own_hub.process is not None and own_hub.process.wait(30) == own_hub.stop() == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_when_the_parent_is_killed_its_children_stop(own_hub: RunningHub) -> None:
    family = Family(own_hub)
    workers = family.workers
    with a_subscriber_of_each(own_hub) as subscribers:
        family.kill(family.parent)
        for subscriber in subscribers.values():
            with pytest.raises(ConnectionClosed) as closed:
                subscriber.next()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
    assert own_hub.stop() == -signal.SIGKILL
    _wait(lambda: not any(_runs(pid) for pid in workers))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_wrong_setting_is_told_once(hub_folder: Path) -> None:
    hub = RunningHub(hub_folder, {"SIMPUL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}, ("--workers", "3"))
    with pytest.raises(AssertionError):
        hub.start()
    told = [line for line in hub.log.splitlines() if "SIMPUL_DATABASE_URL" in line]
    assert len(told) == 1 and "Traceback" not in hub.log


def test_a_folder_whose_path_leaves_no_room_for_a_socket_is_told_before_anything_starts(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    hub = RunningHub(folder, {}, ("--workers", "2"))
    with pytest.raises(AssertionError):
        hub.start()
    assert "too long for a socket. Set SIMPUL_DATA_DIR to a shorter one." in hub.log
    assert "Traceback" not in hub.log and "is ready" not in hub.log and not folder.exists()


def _wait(until: Any) -> None:
    """Nothing tells of the end of another's child."""
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)
