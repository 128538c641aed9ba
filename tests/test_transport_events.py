"""Operations over server-sent events, as graphql-sse's clients and browsers read them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.door import Stage, served
from transport import DoorSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENTS = "text/event-stream"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server() -> AsyncIterator[Stage]:
    async with served() as stage:
        yield stage


@pytest.fixture
def stage(server: Stage) -> Stage:
    return server.renew()


class EventReader:
    """Reads the blocks of an event stream, comments too."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def block(self) -> dict[str, Any] | None:
        """Return the fields of the next block ("" for a comment), None at the end."""
        fields: dict[str, Any] = {}
        async with asyncio.timeout(10):
            async for line in self._lines:
                if not line and fields:
                    return fields
                name, _, value = line.partition(":")
                if line:
                    fields[name] = json.loads(value) if name == "data" and value.strip() else value.strip()
        return fields or None

    async def event(self) -> dict[str, Any] | None:
        """Return the next block that is no comment."""
        while (block := await self.block()) is not None and not block.keys() - {""}:
            pass
        return block


@asynccontextmanager
async def events(stage: Stage, query: str, accept: str = EVENTS, **headers: str) -> AsyncIterator[EventReader]:
    sent = {"accept": accept, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", stage.http, json={"query": query}, headers=sent) as response,
    ):
        yield EventReader(response)


class TestStreaming:
    async def test_each_answer_is_a_next_with_its_cursor_as_id(self, stage: Stage) -> None:
        async with events(stage, "subscription { count(to: 2) }") as reader:
            assert reader.response.status_code == 200
            assert reader.response.headers["content-type"] == "text/event-stream; charset=utf-8"
            assert "no-store" in reader.response.headers["cache-control"]
            for number in (1, 2):
                data = {"data": {"count": number}, "extensions": {"cursor": f"c{number}"}}
                assert await reader.event() == {"id": f"c{number}", "event": "next", "data": data}
            assert await reader.event() == {"event": "complete", "data": ""}
            assert await reader.event() is None

    async def test_the_first_bytes_come_before_the_first_event(self, stage: Stage) -> None:
        async with events(stage, "subscription { quiet }") as reader:
            assert await reader.block() == {"": ""}

    async def test_by_get_as_browsers_do(self, stage: Stage) -> None:
        async with httpx.AsyncClient() as client:
            parameters = {"query": "subscription { count(to: 1) }"}
            response = await client.get(stage.http, params=parameters, headers={"accept": EVENTS})
        assert "event: complete" in response.text

    async def test_a_query_is_one_event(self, stage: Stage) -> None:
        async with events(stage, "{ hello }") as reader:
            event = await reader.event()
            assert (event["event"], event["data"]["data"]) == ("next", {"hello": "Halo, Jakarta!"})
            assert await reader.event() == {"event": "complete", "data": ""}
        assert stage.hub.infos[0].way == "sse"

    async def test_a_mutation_by_get_is_405(self, stage: Stage) -> None:
        async with httpx.AsyncClient() as client:
            parameters = {"query": "mutation { slowly }"}
            response = await client.get(stage.http, params=parameters, headers={"accept": EVENTS})
        assert response.status_code == 405

    async def test_last_event_id_is_handed_on(self, stage: Stage) -> None:
        async with events(stage, "subscription { count(to: 0) }", last_event_id="c5") as reader:
            await reader.event()
        assert {info.last_event_id for info in stage.hub.infos} == {"c5"}

    @pytest.mark.parametrize(
        ("accept", "query", "type_"),
        [
            (f"application/graphql-response+json, application/json, {EVENTS}", "{ hello }", "application/graphql"),
            (f"application/graphql-response+json, application/json, {EVENTS}", "subscription { quiet }", EVENTS),
            (f"{EVENTS}, */*;q=0.1", "{ hello }", EVENTS),
            ("text/*", "{ hello }", EVENTS),
        ],
    )
    async def test_who_takes_both_gets_what_fits(self, stage: Stage, accept: str, query: str, type_: str) -> None:
        async with events(stage, query, accept) as reader:
            assert reader.response.headers["content-type"].startswith(type_)


class TestRefusing:
    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { expired }", "CURSOR_EXPIRED"),
            ("{ odd }", "INTERNAL"),
        ],
    )
    async def test_an_operation_is_refused_in_the_stream(self, stage: Stage, query: str, code: str) -> None:
        async with events(stage, query) as reader:
            assert reader.response.status_code == 200
            event = await reader.event()
            assert event and event["event"] == "next"
            assert event["data"]["errors"][0]["extensions"]["code"] == code
            assert await reader.event() == {"event": "complete", "data": ""}

    async def test_a_stream_that_breaks_off_tells_why(self, stage: Stage) -> None:
        async with events(stage, "subscription { breaks }") as reader:
            got = [await reader.event() for _ in range(4)]
        assert [event and event["event"] for event in got] == ["next", "next", "next", "complete"]
        assert got[2] and got[2]["data"] == {
            "errors": [{"message": "List again.", "extensions": {"code": "CURSOR_EXPIRED"}}]
        }

    async def test_a_bad_token_is_401(self, stage: Stage) -> None:
        async with events(stage, "subscription { quiet }", authorization="Bearer bad") as reader:
            assert reader.response.status_code == 401
            assert reader.response.headers["content-type"].startswith("application/json")


class TestLimits:
    async def test_more_streams_than_one_client_may_have_are_429(self, stage: Stage) -> None:
        stage.renew(DoorSettings(streams_per_client=1))
        async with events(stage, "subscription { quiet }") as first:
            await first.block()
            async with events(stage, "subscription { quiet }") as second:
                assert second.response.status_code == 429
                assert second.response.headers["retry-after"] == "30"
                (error,) = json.loads(await second.response.aread())["errors"]
                assert error["message"] == "At most 1 event streams may be open from one address."
                told = error["extensions"]
                assert (told["code"], told["retryAfter"]) == ("RATE_LIMITED", 30)
                assert (told["limited"], told["limit"], told["value"]) == ("streams_per_client", 1, 2)
        async with asyncio.timeout(10):
            await stage.hub.sources[0].closed.wait()
        async with events(stage, "subscription { count(to: 0) }") as reader:
            assert await reader.event() == {"event": "complete", "data": ""}


class TestAccept:
    @pytest.mark.parametrize("accept", ["*/*", "application/json", "application/graphql-response+json", "image/png"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_a_subscription_for_who_takes_no_events_is_406(self, stage: Stage, accept: str, method: str) -> None:
        query = {"query": "subscription { quiet }"}
        given: dict[str, Any] = {"params": query} if method == "GET" else {"json": query}
        async with httpx.AsyncClient() as client:
            response = await client.request(method, stage.http, headers={"accept": accept}, **given)
        assert response.status_code == 406
        assert not stage.hub.sources


class TestWaiting:
    async def test_a_quiet_stream_is_kept_alive_and_tells_its_position(self, stage: Stage) -> None:
        stage.renew(DoorSettings(ping_seconds=0.05))
        async with events(stage, 'subscription { quiet(cursor: "c7") }') as reader:
            assert await reader.event() == {"id": "c7"}
        async with events(stage, "subscription { quiet }") as reader:
            assert [await reader.block() for _ in range(2)] == [{"": ""}, {"": ""}]


class TestEnding:
    async def test_the_source_is_closed_when_the_client_goes(self, stage: Stage) -> None:
        async with events(stage, "subscription { flood(size: 10) }") as reader:
            await reader.event()
        async with asyncio.timeout(10):
            await stage.hub.sources[0].closed.wait()

    async def test_no_complete_when_the_hub_stops_so_that_clients_come_back(self, stage: Stage) -> None:
        async with events(stage, "subscription { quiet }") as reader:
            await reader.block()
            await stage.door.close_all()
            assert await reader.event() is None
        assert stage.hub.sources[0].closed.is_set()

    async def test_nor_when_the_token_runs_out(self, stage: Stage) -> None:
        stage.hub.expires_at = datetime.now(UTC) + timedelta(seconds=0.05)
        async with events(stage, "subscription { quiet }") as reader:
            assert await reader.event() is None
        assert stage.hub.sources[0].closed.is_set()

    async def test_of_which_a_comment_warns_in_time(self, stage: Stage) -> None:
        stage.hub.expires_at = datetime.now(UTC) + timedelta(seconds=90.5)
        stage.renew_settings(DoorSettings(expiry_warning_seconds=90))
        async with events(stage, "subscription { quiet }", authorization="Bearer abc") as reader:
            assert await reader.block() == {"": ""}
            assert await reader.block() == {"": "sessionExpiresInSeconds 90"}

    async def test_nor_when_the_credentials_are_revoked(self, stage: Stage) -> None:
        async with events(stage, "subscription { quiet }", authorization="Bearer abc") as reader:
            await reader.block()
            stage.hub.revoked.set()
            assert await reader.event() is None
        assert stage.hub.sources[0].closed.is_set()

    async def test_a_revocation_is_nothing_to_who_shows_none(self, stage: Stage) -> None:
        stage.hub.revoked.set()
        async with events(stage, "subscription { count(to: 1) }") as reader:
            event = await reader.event()
            assert event is not None and event["event"] == "next"

    async def test_one_that_comes_while_the_hub_stops_is_503(self, stage: Stage) -> None:
        await stage.door.close_all()
        async with events(stage, "subscription { quiet }") as reader:
            assert reader.response.status_code == 503
            assert reader.response.headers["retry-after"] == "1"
