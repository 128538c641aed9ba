"""graphql-transport-ws to the letter: every message, every close code, and what is cancelled when."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from websockets.exceptions import InvalidStatus

from tests.door import SocketClient, Stage, served, socket_to
from transport import DoorSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server() -> AsyncIterator[Stage]:
    async with served() as stage:
        yield stage


@pytest.fixture
def stage(server: Stage) -> Stage:
    return server.renew()


@pytest_asyncio.fixture(loop_scope="module")
async def socket(stage: Stage) -> AsyncIterator[SocketClient]:
    async with socket_to(stage) as socket:
        await socket.init()
        yield socket


async def ended(stage: Stage) -> None:
    """Returns once the hub has noticed that no socket is open."""
    async with asyncio.timeout(10):
        while len(stage.door._sockets):  # noqa: ASYNC110  nothing is told when a socket is gone
            await asyncio.sleep(0)


class TestClosing:
    async def test_4406_for_another_subprotocol(self, stage: Stage) -> None:
        async with socket_to(stage, ["graphql-ws"]) as socket:
            assert await socket.close_code() == (4406, "Subprotocol not acceptable")

    async def test_4408_when_no_connection_init_comes(self, stage: Stage) -> None:
        stage.renew(DoorSettings(init_seconds=0.01))
        async with socket_to(stage) as socket:
            assert await socket.close_code() == (4408, "Connection initialisation timeout")

    async def test_4429_for_a_second_connection_init(self, socket: SocketClient) -> None:
        await socket.send("connection_init")
        assert await socket.close_code() == (4429, "Too many initialisation requests")

    async def test_4401_for_subscribe_before_connection_init(self, stage: Stage) -> None:
        async with socket_to(stage) as socket:
            await socket.subscribe("1", "{ hello }")
            assert await socket.close_code() == (4401, "Unauthorized")

    @pytest.mark.parametrize(
        ("authorization", "words"),
        [("Bearer bad", "The token is not valid."), ("Basic dXNlcjpwYXNz", "Authorization must be: Bearer <token>.")],
    )
    async def test_4403_for_a_bad_token(self, stage: Stage, authorization: str, words: str) -> None:
        async with socket_to(stage) as socket:
            await socket.send("connection_init", payload={"Authorization": authorization})
            assert await socket.close_code() == (4403, words)

    async def test_4409_for_an_id_in_use(self, socket: SocketClient) -> None:
        await socket.subscribe("1", "subscription { quiet }")
        await socket.subscribe("1", "{ hello }")
        assert await socket.close_code() == (4409, "Subscriber for 1 already exists")

    async def test_4500_for_the_hubs_own_failure_which_it_keeps_to_itself(self, stage: Stage) -> None:
        async with socket_to(stage) as socket:
            await socket.send("connection_init", payload={"authorization": "Bearer boom"})
            assert await socket.close_code() == (4500, "Internal server error")

    @pytest.mark.parametrize(
        "message",
        [
            "",
            "{",
            "[]",
            "null",
            "{}",
            '{"type": 1}',
            '{"type": "start"}',
            '{"type": "next", "id": "1", "payload": {}}',
            '{"type": "connection_ack"}',
            '{"type": "ping", "payload": "x"}',
            '{"type": "subscribe"}',
            '{"type": "subscribe", "id": "", "payload": {"query": "{ hello }"}}',
            '{"type": "subscribe", "id": 1, "payload": {"query": "{ hello }"}}',
            '{"type": "subscribe", "id": "1"}',
            '{"type": "subscribe", "id": "1", "payload": []}',
            '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
            '{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "variables": []}}',
            '{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "operationName": {}}}',
            '{"type": "complete"}',
            '{"type": "complete", "id": "' + "x" * 256 + '"}',
            '{"type": "subscribe", "id": "' + "x" * 256 + '", "payload": {"query": "{ hello }"}}',
            '{"type": "ping", "payload": ' + '{"x":' * 2_000 + "1" + "}" * 2_000 + "}",
            '{"type": "subscribe", "id": "\\ud800", "payload": {"query": "{ hello }"}}',
            b'{"type": "ping"}',
            b'{"type":"pong"}',
            '{"type":"pong"',
            '{"type":"pong","payload":[]}',
        ],
    )
    async def test_4400_for_what_the_protocol_does_not_know(self, socket: SocketClient, message: str | bytes) -> None:
        await socket.connection.send(message)
        code, reason = await socket.close_code()
        assert code == 4400
        assert reason

    @pytest.mark.parametrize(
        "payload",
        [{"authorization": 1}, {"followTokens": "x"}, {"followTokens": ["t"] * 21}, {"locale": []}],
    )
    async def test_4400_for_a_connection_init_that_makes_no_sense(self, stage: Stage, payload: Any) -> None:
        async with socket_to(stage) as socket:
            await socket.send("connection_init", payload=payload)
            assert (await socket.close_code())[0] == 4400

    async def test_4403_when_the_token_runs_out(self, stage: Stage) -> None:
        stage.hub.expires_at = datetime.now(UTC) + timedelta(seconds=0.05)
        async with socket_to(stage) as socket:
            await socket.init()
            await socket.subscribe("1", "subscription { quiet }")
            assert await socket.close_code() == (4403, "Token expired")
        assert stage.hub.sources[0].closed.is_set()

    async def test_4403_when_the_credentials_are_revoked(self, stage: Stage) -> None:
        async with socket_to(stage) as socket, socket_to(stage) as nobody:
            await socket.init({"authorization": "Bearer abc"})
            await socket.subscribe("1", "subscription { quiet }")
            await nobody.init()
            stage.hub.revoked.set()
            code, reason = await socket.close_code()
            assert code == 4403
            assert reason
            await nobody.subscribe("1", "{ hello }")
            assert (await nobody.receive())["type"] == "next"
        assert stage.hub.sources[0].closed.is_set()

    async def test_1013_when_it_cannot_be_told_just_now_who_it_is(self, stage: Stage) -> None:
        """Clients come back then, and do not sign in anew."""
        async with socket_to(stage) as socket:
            await socket.send("connection_init", payload={"authorization": "Bearer busy"})
            assert await socket.close_code() == (1013, "Come back.")

    async def test_4429_for_more_sockets_than_one_client_may_have(self, stage: Stage) -> None:
        stage.renew(DoorSettings(sockets_per_client=1))
        async with socket_to(stage) as first:
            await first.init()
            async with socket_to(stage) as second:
                assert await second.close_code() == (4429, "At most 1 sockets may be open from one address")
            await first.subscribe("1", "{ hello }")
            assert (await first.receive())["type"] == "next"
            await first.connection.close()
            await ended(stage)
            async with socket_to(stage) as third:
                await third.init()

    async def test_1000_for_a_socket_on_which_nothing_runs(self, stage: Stage) -> None:
        stage.renew(DoorSettings(idle_seconds=0.2))
        async with socket_to(stage) as busy, socket_to(stage) as idle:
            for socket in (busy, idle):
                await socket.init()
            await busy.subscribe("1", "subscription { quiet }")
            await idle.subscribe("1", "subscription { count(to: 0) }")
            assert await idle.receive() == {"type": "complete", "id": "1"}
            assert await idle.close_code() == (1000, "Idle: subscribe, or close the socket")
            await busy.subscribe("2", "{ hello }")
            assert (await busy.receive())["type"] == "next"

    async def test_1012_to_everybody_when_the_hub_stops(self, stage: Stage) -> None:
        async with socket_to(stage) as one, socket_to(stage) as other:
            await one.init()
            await one.subscribe("1", "subscription { quiet }")
            await other.init()
            await stage.door.close_all()
            assert await one.close_code() == (1012, "The hub is stopping")
            assert await other.close_code() == (1012, "The hub is stopping")
            async with socket_to(stage) as late:
                assert await late.close_code() == (1012, "The hub is stopping")
        assert stage.hub.sources[0].closed.is_set()


class TestOperations:
    async def test_a_query(self, socket: SocketClient) -> None:
        await socket.subscribe("q", "query ($n: String) { hello(name: $n) }", variables={"n": "Depok"})
        told = await socket.receive()
        assert (told["type"], told["id"], told["payload"]["data"]) == ("next", "q", {"hello": "Halo, Depok!"})
        assert await socket.receive() == {"type": "complete", "id": "q"}

    async def test_a_mutation(self, stage: Stage, socket: SocketClient) -> None:
        stage.hub.go_on.set()
        await socket.subscribe("m", "mutation { slowly }")
        assert (await socket.receive())["payload"]["data"] == {"slowly": "done"}
        assert await socket.receive() == {"type": "complete", "id": "m"}

    async def test_a_subscription_with_its_cursors(self, socket: SocketClient) -> None:
        await socket.subscribe("s", "subscription { count(to: 2) }")
        for number in (1, 2):
            payload = {"data": {"count": number}, "extensions": {"cursor": f"c{number}"}}
            assert await socket.receive() == {"type": "next", "id": "s", "payload": payload}
        assert await socket.receive() == {"type": "complete", "id": "s"}

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { count(to: 1) quiet }", "GRAPHQL_VALIDATION_FAILED"),
            ("query ($n: Int!) { reports(first: $n) { id } }", "BAD_USER_INPUT"),
            ("subscription { expired }", "CURSOR_EXPIRED"),
        ],
    )
    async def test_a_refusal_is_an_error_and_nothing_more(self, socket: SocketClient, query: str, code: str) -> None:
        await socket.subscribe("x", query)
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "x")
        assert message["payload"][0]["extensions"]["code"] == code
        await socket.subscribe("x", "{ hello }")
        assert (await socket.receive())["type"] == "next"

    async def test_a_stream_that_breaks_off_ends_with_an_error(self, socket: SocketClient) -> None:
        await socket.subscribe("b", "subscription { breaks }")
        types = [(await socket.receive())["type"] for _ in range(3)]
        assert types == ["next", "next", "error"]

    async def test_one_fields_failure_is_told_beside_the_data(self, socket: SocketClient) -> None:
        await socket.subscribe("q", "{ hello mistake }")
        payload = (await socket.receive())["payload"]
        assert payload["data"] == {"hello": "Halo, Jakarta!", "mistake": None}
        assert payload["errors"][0]["extensions"]["code"] == "RATE_LIMITED"

    async def test_an_answer_that_cannot_be_written_down_is_an_error(self, socket: SocketClient) -> None:
        await socket.subscribe("q", "{ odd }")
        message = await socket.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "INTERNAL")

    async def test_several_at_once(self, socket: SocketClient) -> None:
        await socket.subscribe("a", "subscription { quiet }")
        await socket.subscribe("b", "subscription { count(to: 1) }")
        await socket.subscribe("c", "{ hello }")
        got = [await socket.receive() for _ in range(4)]
        assert [m["type"] for m in got if m["id"] == "b"] == ["next", "complete"]
        assert [m["type"] for m in got if m["id"] == "c"] == ["next", "complete"]

    async def test_more_than_the_limit_are_refused_and_the_socket_stays(self, stage: Stage) -> None:
        stage.renew(DoorSettings(operations_per_socket=1))
        async with socket_to(stage) as socket:
            await socket.init()
            await socket.subscribe("a", "subscription { quiet }")
            await socket.subscribe("b", "{ hello }")
            message = await socket.receive()
            told = message["payload"][0]["extensions"]
            assert (message["type"], told["limited"], told["limit"]) == ("error", "operations_per_socket", 1)
            await socket.send("complete", "a")
            await socket.subscribe("b", "{ hello }")
            assert (await socket.receive())["type"] == "next"

    async def test_together_they_may_be_as_large_as_one_message(self, stage: Stage) -> None:
        """What they came in is kept while they run: a hundred of the largest would be a hundred megabytes a socket."""
        stage.renew(DoorSettings(body_bytes=10_000))
        async with socket_to(stage) as socket:
            await socket.init()
            await socket.subscribe("a", "subscription { quiet }" + " " * 6_000)
            await socket.subscribe("b", "subscription { quiet }" + " " * 6_000)
            message = await socket.receive()
            assert (message["type"], message["id"]) == ("error", "b")
            told = message["payload"][0]["extensions"]
            assert (told["code"], told["limited"], told["limit"]) == ("BAD_USER_INPUT", "body_bytes", 10_000)
            assert 12_000 < told["value"] < 13_000
            await socket.send("complete", "a")
            await socket.subscribe("b", "{ hello }" + " " * 6_000)
            assert (await socket.receive())["type"] == "next"


class TestLeaving:
    async def test_complete_ends_the_source_and_frees_the_id_at_once(self, stage: Stage, socket: SocketClient) -> None:
        await socket.subscribe("s", "subscription { flood(size: 10) }")
        await socket.receive()
        await socket.send("complete", "s")
        await socket.subscribe("s", "{ hello }")
        async with asyncio.timeout(10):
            await stage.hub.sources[0].closed.wait()
            while (message := await socket.receive())["payload"]["data"] != {"hello": "Halo, Jakarta!"}:
                assert "flood" in message["payload"]["data"]
        assert await socket.receive() == {"type": "complete", "id": "s"}

    async def test_complete_of_nothing_is_ignored(self, socket: SocketClient) -> None:
        await socket.send("complete", "never")
        await socket.subscribe("q", "{ hello }")
        assert (await socket.receive())["type"] == "next"

    async def test_a_query_is_cancelled_when_its_client_goes(self, stage: Stage) -> None:
        async with socket_to(stage) as socket:
            await socket.init()
            await socket.subscribe("q", "{ slow }")
            await stage.hub.slow_entered.wait()
        async with asyncio.timeout(10):
            await stage.hub.slow_cancelled.wait()

    async def test_a_source_is_closed_when_its_client_is_cut_off(self, stage: Stage, socket: SocketClient) -> None:
        await socket.subscribe("s", "subscription { flood(size: 10) }")
        await socket.receive()
        socket.connection.transport.abort()
        async with asyncio.timeout(10):
            await stage.hub.sources[-1].closed.wait()

    async def test_a_mutation_is_seen_through_when_its_client_goes(self, stage: Stage) -> None:
        async with socket_to(stage) as socket:
            await socket.init()
            await socket.subscribe("m", "mutation { slowly }")
            await stage.hub.slow_entered.wait()
        stage.hub.go_on.set()
        async with asyncio.timeout(10):
            await stage.door.close_all()
        assert stage.hub.done == ["slowly"]


class TestPinging:
    async def test_a_ping_is_answered_with_its_payload_also_before_the_init(self, stage: Stage) -> None:
        async with socket_to(stage) as socket:
            await socket.send("ping", payload={"n": 1})
            assert await socket.receive() == {"type": "pong", "payload": {"n": 1}}
            await socket.send("ping")
            assert await socket.receive() == {"type": "pong"}

    async def test_a_pong_needs_no_ping(self, socket: SocketClient) -> None:
        await socket.send("pong", payload={"any": "thing"})
        for compact in ('{"type":"pong"}', '{"type":"pong","payload":{"cursors":{}}}'):
            await socket.connection.send(compact)
        await socket.send("ping")
        assert await socket.receive() == {"type": "pong"}

    async def test_the_hub_pings_with_the_position_of_each_operation(self, stage: Stage) -> None:
        stage.renew(DoorSettings(ping_seconds=0.05))
        async with socket_to(stage) as socket:
            await socket.init()
            await socket.subscribe("far", 'subscription { quiet(cursor: "c7") }')
            await socket.subscribe("unknown", "subscription { quiet }")
            await socket.subscribe("done", "subscription { count(to: 0) }")
            assert await socket.receive() == {"type": "complete", "id": "done"}
            assert await socket.receive() == {"type": "ping", "payload": {"cursors": {"far": "c7"}}}


class TestExpiry:
    async def test_a_ping_warns_in_time(self, stage: Stage) -> None:
        stage.hub.expires_at = datetime.now(UTC) + timedelta(seconds=90.5)
        stage.renew_settings(DoorSettings(expiry_warning_seconds=90))
        async with socket_to(stage) as socket:
            await socket.init({"authorization": "Bearer abc"})
            assert await socket.receive() == {"type": "ping", "payload": {"cursors": {}, "sessionExpiresInSeconds": 90}}

    async def test_and_so_does_each_ping_from_then_on(self, stage: Stage) -> None:
        stage.hub.expires_at = datetime.now(UTC) + timedelta(seconds=60)
        stage.renew_settings(DoorSettings(ping_seconds=0.05))
        async with socket_to(stage) as socket:
            await socket.init({"authorization": "Bearer abc"})
            told = [(await socket.receive())["payload"]["sessionExpiresInSeconds"] for _ in range(3)]
        assert all(50 < seconds <= 60 for seconds in told)

    async def test_but_not_before(self, stage: Stage) -> None:
        stage.hub.expires_at = datetime.now(UTC) + timedelta(hours=1)
        stage.renew_settings(DoorSettings(ping_seconds=0.05))
        async with socket_to(stage) as socket:
            await socket.init({"authorization": "Bearer abc"})
            assert await socket.receive() == {"type": "ping", "payload": {"cursors": {}}}


class TestOrigins:
    """Browsers do not stop a page from opening a socket to elsewhere; the hub does."""

    @pytest.mark.parametrize(
        ("origin", "allowed"),
        [
            ("http://127.0.0.1:{port}", ()),
            ("https://127.0.0.1:{port}", ()),
            ("https://peta.example", ("https://peta.example",)),
            ("https://peta.example", ("https://peta.example:443",)),
            ("https://peta.example", ("*",)),
            ("null", ("*",)),
        ],
    )
    async def test_a_page_of_the_hub_and_of_an_allowed_site_connects(
        self, stage: Stage, origin: str, allowed: tuple[str, ...]
    ) -> None:
        stage.renew(DoorSettings(origins=allowed))
        async with socket_to(stage, origin=origin.format(port=stage.port)) as socket:
            await socket.init()

    @pytest.mark.parametrize(
        "origin",
        [
            "http://127.0.0.1",
            "http://127.0.0.1.evil.example:{port}",
            "http://evil.example",
            "https://peta.example:8443",
            "http://peta.example",
            "null",
            "http://[",
            "chrome-extension://abc",
        ],
    )
    async def test_any_other_page_is_refused_in_the_handshake(self, stage: Stage, origin: str) -> None:
        stage.renew(DoorSettings(origins=("https://peta.example",)))
        with pytest.raises(InvalidStatus) as refused:
            async with socket_to(stage, origin=origin.format(port=stage.port)):
                pass
        assert refused.value.response.status_code == 403


class TestWhatTheHubIsTold:
    async def test_who_and_in_which_language(self, stage: Stage) -> None:
        payload = {"Authorization": "Bearer abc", "followTokens": ["one", "two"], "locale": "EN", "apiKey": "key"}
        async with socket_to(stage, additional_headers={"Accept-Language": "id"}) as socket:
            await socket.init(payload)
            await socket.subscribe("q", "{ seen }")
            assert (await socket.receive())["payload"]["data"] == {"seen": "abc EN"}
        (shown,) = stage.hub.credentials
        assert (shown.bearer, shown.api_key, shown.follow_tokens) == ("abc", "key", ("one", "two"))
        (info,) = stage.hub.infos
        assert (info.way, info.private, info.follow_tokens) == ("websocket", True, ("one", "two"))

    async def test_headers_of_the_handshake_where_the_payload_is_silent(self, stage: Stage) -> None:
        headers = {"Authorization": "Bearer abc", "Accept-Language": "en", "Simpul-Follow-Token": "one"}
        async with socket_to(stage, additional_headers=headers) as socket:
            await socket.init()
            await socket.subscribe("q", "{ seen }")
            assert (await socket.receive())["payload"]["data"] == {"seen": "abc en"}
        assert stage.hub.credentials[0].follow_tokens == ("one",)
