"""A hub whose store has gone: everybody is told that it is the hub's own failure, and nothing of what failed."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.postgres import fresh_database, run_sql
from tests.running import RunningHub
from tests.subscribers import Subscriber

pytestmark = pytest.mark.slow

NEW = "subscription { newReports { id } }"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub that has served, and whose database was then dropped under its feet."""
    folder: Path = tmp_path_factory.mktemp("hub") / "data"
    folder.mkdir()
    url = fresh_database("gone")
    hub = RunningHub(folder, {"SIMPUL_DATABASE_URL": url.replace("+asyncpg", "")}).start()
    hub.data("{ logCursor }")
    run_sql(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')
    yield hub
    hub.stop()


def assert_tells_nothing(words: str) -> None:
    for inside in ("asyncpg", "sqlalchemy", "Traceback", "SELECT", "postgres", "127.0.0.1", "database", ".py"):
        assert inside not in words


def test_4500_when_it_cannot_be_found_out_who_somebody_is(hub: RunningHub) -> None:
    with connect(hub.socket_url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        payload = {"authorization": f"Bearer {hub.token('citizen')}"}
        socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4500, "Internal server error")


def test_an_operation_on_a_socket_ends_in_an_error_with_an_id_that_the_log_has(hub: RunningHub) -> None:
    with Subscriber(hub.socket_url, NEW) as subscriber:
        message = subscriber.receive()
        assert message["type"] == "error"
        (error,) = message["payload"]
        assert error["extensions"]["code"] == "INTERNAL"
        assert error["extensions"]["id"] in hub.log
        assert_tells_nothing(json.dumps(message))


def test_so_does_an_event_stream(hub: RunningHub) -> None:
    answer = httpx.post(f"{hub.url}/graphql", json={"query": NEW}, headers={"Accept": "text/event-stream"}, timeout=20)
    assert answer.status_code == 200
    told = json.loads(answer.text.partition("data: ")[2].partition("\n")[0])
    assert told["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert told["errors"][0]["extensions"]["id"] in hub.log
    assert answer.text.endswith("event: complete\ndata:\n\n")
    assert_tells_nothing(answer.text)


def test_balancers_are_told_to_go_elsewhere(hub: RunningHub) -> None:
    answer = httpx.get(f"{hub.url}/healthz", timeout=20)
    assert answer.status_code == 503
    assert_tells_nothing(answer.text)
