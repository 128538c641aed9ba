"""Every code that graphql-transport-ws closes a socket with, from the hub as it is run (4500: test_hub_store_gone.py)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.running import RunningHub

pytestmark = pytest.mark.slow

INIT = {"type": "connection_init"}
FOLLOW = {"type": "subscribe", "id": "1", "payload": {"query": "subscription { newReports { id } }"}}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    folder = tmp_path_factory.mktemp("hub") / "data"
    folder.mkdir()
    hub = RunningHub(folder, {"SIMPUL_INIT_SECONDS": "1.5", "SIMPUL_BODY_BYTES": "20000"}).start()
    yield hub
    hub.stop()


@contextmanager
def socket_to(hub: RunningHub, protocol: str = "graphql-transport-ws") -> Iterator[ClientConnection]:
    with connect(hub.socket_url, subprotocols=[Subprotocol(protocol)]) as socket:
        yield socket


def closed_with(socket: ClientConnection) -> tuple[int, str]:
    """Reads until the hub closes the socket."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket.recv(timeout=20)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def after(hub: RunningHub, *messages: object) -> tuple[int, str]:
    """How a socket is closed on which these were sent: text as it is, bytes as binary, anything else as JSON."""
    with socket_to(hub) as socket:
        for message in messages:
            socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
        return closed_with(socket)


@pytest.mark.parametrize(
    "wrong", [b"{}", "{", '{"type": "start"}', '{"type": "subscribe", "payload": {"query": "{ now }"}}']
)
def test_4400(hub: RunningHub, wrong: str | bytes) -> None:
    code, reason = after(hub, INIT, wrong)
    assert code == 4400
    assert reason


def test_4401(hub: RunningHub) -> None:
    assert after(hub, FOLLOW) == (4401, "Unauthorized")


def test_4403(hub: RunningHub) -> None:
    forged = hub.token("admin")[:-4] + "AAAA"
    words = "This token does not hold: it was not signed for this hub, or was changed."
    assert after(hub, {**INIT, "payload": {"authorization": f"Bearer {forged}"}}) == (4403, words)


def test_4406(hub: RunningHub) -> None:
    with socket_to(hub, "graphql-ws") as socket:
        assert closed_with(socket) == (4406, "Subprotocol not acceptable")


def test_4408(hub: RunningHub) -> None:
    assert after(hub) == (4408, "Connection initialisation timeout")


def test_4409(hub: RunningHub) -> None:
    assert after(hub, INIT, FOLLOW, FOLLOW) == (4409, "Subscriber for 1 already exists")


def test_4429(hub: RunningHub) -> None:
    assert after(hub, INIT, INIT) == (4429, "Too many initialisation requests")


def test_1009_with_the_limit(hub: RunningHub) -> None:
    code, reason = after(hub, INIT, '"' + "x" * 100_000)
    assert code == 1009
    assert "20000" in reason
