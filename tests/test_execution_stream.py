"""Streams: one execution a delivery, each in a fresh context, cursors and progress, and how they end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from execution import RequestRefused, Stream
from tests.door import Context, Mistake, TryHub, Who
from transport import RequestInfo


class Contexts:
    """Counts the contexts that were opened, and those that are open."""

    def __init__(self, hub: TryHub) -> None:
        self.hub = hub
        self.opened: list[Context] = []
        self.open = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Context]:
        context = Context(Who("somebody"), RequestInfo(kind="subscription", way="websocket"), self.hub)
        self.opened.append(context)
        self.open += 1
        try:
            yield context
        finally:
            self.open -= 1


@pytest.fixture
def contexts() -> Contexts:
    return Contexts(TryHub())


async def open_stream(contexts: Contexts, query: str, variables: dict[str, Any] | None = None) -> Stream:
    engine = contexts.hub.engine
    return await engine.subscribe(engine.prepare(query, None, variables), contexts)


async def test_each_delivery_is_executed_in_a_context_of_its_own(contexts: Contexts) -> None:
    stream = await open_stream(contexts, "subscription { count(to: 3) }")
    assert (len(contexts.opened), contexts.open) == (1, 0)
    assert [answer.data async for answer in stream] == [{"count": 1}, {"count": 2}, {"count": 3}]
    assert (len(contexts.opened), contexts.open) == (4, 0)


async def test_an_answer_carries_its_deliverys_cursor(contexts: Contexts) -> None:
    stream = await open_stream(contexts, "subscription { seen: count(to: 1) }")
    answer = await anext(stream)
    assert answer.payload() == {"data": {"seen": 1}, "extensions": {"cursor": "c1"}}


class Shaky(Contexts):
    """A hub whose field fails so many times, in whichever contexts, before it works again."""

    def __init__(self, hub: TryHub, failures: int, error: Exception) -> None:
        super().__init__(hub)
        subscription = hub.engine.schema.subscription_type
        assert subscription is not None
        self.failures, self._error = failures, error
        subscription.fields["count"].resolve = self._count

    def _count(self, number: int, _info: Any, **_given: Any) -> int:
        if self.failures:
            self.failures -= 1
            raise self._error
        return number


class TestAnEventWhoseAnswerFails:
    """Its readers go on behind it, and would never hear of it again."""

    async def test_within_the_hub_is_told_again_when_that_works(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("execution.engine._PAUSES", (0, 0, 0))
        contexts = Shaky(TryHub(), 3, OSError("the store is away"))
        answers = [each async for each in await open_stream(contexts, "subscription { count(to: 2) }")]
        assert [each.payload() for each in answers] == [
            {"data": {"count": number}, "extensions": {"cursor": f"c{number}"}} for number in (1, 2)
        ]
        assert contexts.open == 0

    async def test_for_good_is_told_as_that_and_those_after_it_are_not_held_up(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("execution.engine._PAUSES", (0, 0, 0))
        contexts = Shaky(TryHub(), 4, OSError("no such table"))
        answers = [each async for each in await open_stream(contexts, "subscription { count(to: 2) }")]
        assert [each.data for each in answers] == [None, {"count": 2}]
        assert [error["extensions"]["code"] for error in answers[0].errors or ()] == ["INTERNAL"]

    async def test_for_a_mistake_of_the_client_is_told_at_once(self) -> None:
        contexts = Shaky(TryHub(), 1, Mistake("not so", "BAD_USER_INPUT"))
        answers = [each async for each in await open_stream(contexts, "subscription { count(to: 2) }")]
        assert [each.data for each in answers] == [None, {"count": 2}]


async def test_the_resolver_has_its_arguments_coerced(contexts: Contexts) -> None:
    stream = await open_stream(
        contexts, "subscription ($after: String) { count(to: 9, after: $after) }", {"after": "c7"}
    )
    assert [answer.data async for answer in stream] == [{"count": 8}, {"count": 9}]


async def test_progress_covers_a_delivery_only_when_more_was_asked_for_since(contexts: Contexts) -> None:
    stream = await open_stream(contexts, "subscription { count(to: 3) }")
    await anext(stream)
    assert stream.progress() is None
    await anext(stream)
    assert stream.progress() == "c1"


async def test_nothing_is_asked_of_the_source_before_it_is_asked_of_the_stream(contexts: Contexts) -> None:
    stream = await open_stream(contexts, "subscription { count(to: 3) }")
    await anext(stream)
    assert contexts.hub.sources[0].handed_out == 1


async def test_a_resolver_that_refuses_refuses_the_subscription(contexts: Contexts) -> None:
    with pytest.raises(RequestRefused) as refused:
        await open_stream(contexts, "subscription { expired }")
    assert refused.value.code == "CURSOR_EXPIRED"
    assert refused.value.errors[0]["path"] == ["expired"]


async def test_a_source_that_breaks_off_ends_the_stream_with_its_error(contexts: Contexts) -> None:
    stream = await open_stream(contexts, "subscription { breaks }")
    assert [(await anext(stream)).data for _ in range(2)] == [{"breaks": 1}, {"breaks": 2}]
    with pytest.raises(RequestRefused) as refused:
        await anext(stream)
    assert refused.value.errors == [{"message": "List again.", "extensions": {"code": "CURSOR_EXPIRED"}}]


async def test_closing_a_stream_closes_its_source(contexts: Contexts) -> None:
    stream = await open_stream(contexts, "subscription { flood(size: 1) }")
    await anext(stream)
    await stream.aclose()
    assert contexts.hub.sources[0].closed.is_set()


class Lingering(Contexts):
    """Contexts that take long to close."""

    def __init__(self, hub: TryHub) -> None:
        super().__init__(hub)
        self.closing = asyncio.Event()

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Context]:
        async with super().__call__() as context:
            yield context
            self.closing.set()
            await asyncio.Event().wait()


async def test_whoever_leaves_just_as_it_was_opened_leaves_no_source_behind() -> None:
    contexts = Lingering(TryHub())
    opening = asyncio.create_task(open_stream(contexts, "subscription { count(to: 3) }"))
    await contexts.closing.wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert contexts.hub.sources[0].closed.is_set()
