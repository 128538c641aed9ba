"""What clients may spend: drawn before an operation runs, given back where it was not needed, told with every answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from execution import Limits
from tests.door import Numbers, Stage, TryHub, served, socket_to
from transport import Credentials, DoorSettings, RequestInfo
from transport.door import Account, BadRequest
from transport.http.request import Parameters
from transport.operations.documents import PersistedDocuments
from transport.operations.levels import OwnLevel, Rate
from transport.operations.running import Operations
from transport.operations.throttle import OPENING, Allowance, Throttle

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATE = Rate(100, 10)
HARDLY = 0.001
"""So little comes back that a test never sees it."""

SMALL = DoorSettings(
    cost_bucket=100, cost_per_second=HARDLY, trusted_cost_bucket=300, trusted_cost_per_second=HARDLY, ping_seconds=30
)
THREE = "{ reports(first: 3) { id } }"  # requested 10, for the little schema tells no size; 3 in fact
COST_OF_THREE = {
    "requested": 10,
    "actual": 3,
    "throttle": {"maximum": 100, "available": 97, "restoreRate": HARDLY},
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server() -> AsyncIterator[Stage]:
    async with served() as stage:
        yield stage


@pytest.fixture
def stage(server: Stage) -> Stage:
    return server.renew(SMALL)


async def post(stage: Stage, query: str = THREE, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(stage.http, json={"query": query}, headers=headers)


def available(response: httpx.Response) -> int:
    told: int = response.json()["extensions"]["cost"]["throttle"]["available"]
    return told


async def codes(stage: Stage, queries: list[str]) -> list[str]:
    """What each is refused with."""
    return [(await post(stage, query)).json()["errors"][0]["extensions"]["code"] for query in queries]


async def spend_all(stage: Stage) -> None:
    """Until 7 are left, of which a question for ten cannot be paid."""
    async with httpx.AsyncClient() as client:
        for _ in range(31):
            assert (await client.post(stage.http, json={"query": THREE})).status_code == 200


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class TestAllowance:
    async def test_it_fills_up_again_and_never_beyond_its_maximum(self) -> None:
        clock = Clock()
        allowance = Allowance(RATE, OwnLevel(RATE, clock))
        allowance.draw(100)
        with pytest.raises(BadRequest) as refused:
            allowance.draw(30)
        assert refused.value.extensions["retryAfter"] == 3.0
        clock.now += 2.9
        with pytest.raises(BadRequest):
            allowance.draw(30)
        clock.now += 0.1
        allowance.draw(30)
        clock.now += 3_600
        assert allowance.state() == {"maximum": 100, "available": 100, "restoreRate": 10}

    async def test_what_is_dearer_than_a_full_one_may_be_had_from_a_full_one(self) -> None:
        clock = Clock()
        allowance = Allowance(RATE, OwnLevel(RATE, clock))
        allowance.draw(150)
        assert allowance.state()["available"] == 0
        clock.now += 14.9
        with pytest.raises(BadRequest):
            allowance.draw(150)
        clock.now += 0.1
        allowance.draw(150)

    async def test_what_was_not_needed_comes_back(self) -> None:
        allowance = Allowance(RATE, OwnLevel(RATE, Clock()))
        allowance.draw(60)
        allowance.give_back(50)
        assert allowance.state()["available"] == 90
        allowance.give_back(-30)
        assert allowance.state()["available"] == 60

    async def test_what_happens_now_is_counted_and_never_below_nothing(self) -> None:
        allowance = Allowance(RATE, OwnLevel(RATE, Clock()))
        await allowance.count(60)
        assert allowance.state()["available"] == 40
        await allowance.count(60)
        assert allowance.state()["available"] == 0
        with pytest.raises(BadRequest) as refused:
            allowance.draw(10)
        assert refused.value.extensions["retryAfter"] == 1.0

    async def test_clients_are_told_apart_and_only_so_many_are_remembered(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("transport.operations.throttle.REMEMBERED", 3)
        throttle = Throttle(Rate(100, 10), Rate(300, 10), Clock())
        nobody = Account()
        throttle.allowance(nobody, "10.0.0.1").draw(50)
        assert throttle.allowance(nobody, "10.0.0.1").state()["available"] == 50
        assert throttle.allowance(nobody, "10.0.0.2").state()["available"] == 100
        assert throttle.allowance(Account("person:1"), "10.0.0.1").state()["available"] == 100
        assert throttle.allowance(Account("person:2", trusted=True), "10.0.0.1").state()["maximum"] == 300
        for number in range(100):
            throttle.allowance(nobody, f"10.1.0.{number}")
        assert len(throttle) == 3

    async def test_a_customer_of_ipv6_is_one_client_with_all_its_addresses(self) -> None:
        throttle = Throttle(Rate(100, 10), Rate(300, 10), Clock())
        throttle.allowance(Account(), "2001:db8:1:2::1").draw(50)
        assert throttle.allowance(Account(), "2001:db8:1:2:ffff::9").state()["available"] == 50
        assert throttle.allowance(Account(), "2001:db8:1:3::1").state()["available"] == 100


class TestOverHttp:
    async def test_an_answer_tells_what_it_cost(self, stage: Stage) -> None:
        assert (await post(stage)).json()["extensions"]["cost"] == COST_OF_THREE

    async def test_a_mutation_does_too(self, stage: Stage) -> None:
        stage.hub.go_on.set()
        cost = (await post(stage, "mutation { slowly }")).json()["extensions"]["cost"]
        assert (cost["requested"], cost["actual"]) == (0, 0)

    async def test_who_has_spent_all_is_told_when_to_come_back(self, stage: Stage) -> None:
        await spend_all(stage)
        response = await post(stage)
        assert response.status_code == 429
        (error,) = response.json()["errors"]
        told = error["extensions"]
        assert told["code"] == "COST_EXCEEDED"
        assert (told["limited"], told["limit"], told["value"]) == ("allowance", 7, 10)
        assert told["cost"]["requested"] == 10
        assert told["cost"]["throttle"] == {"maximum": 100, "available": 7, "restoreRate": HARDLY}
        assert int(response.headers["retry-after"]) >= told["retryAfter"] > 0
        assert "7 is left" in error["message"]

    async def test_persons_have_allowances_of_their_own_and_staff_larger_ones(self, stage: Stage) -> None:
        assert available(await post(stage)) == 97
        assert available(await post(stage, authorization="Bearer sari")) == 97
        assert available(await post(stage, authorization="Bearer sari")) == 94
        assert available(await post(stage, authorization="Bearer staff")) == 297

    async def test_what_failed_is_not_given_back(self, stage: Stage) -> None:
        response = await post(stage, "{ reports(first: 3) { id } mistake }")
        assert response.json()["data"]["mistake"] is None
        assert response.json()["extensions"]["cost"]["actual"] == 10
        assert available(response) == 90

    async def test_what_can_never_be_afforded_is_no_matter_of_time(self, stage: Stage) -> None:
        stage.hub.engine.limits = replace(stage.hub.engine.limits, cost=5)
        for accept in ("application/json", "application/graphql-response+json"):
            response = await post(stage, accept=accept)
            assert response.status_code == (200 if accept == "application/json" else 400)
            assert "retry-after" not in response.headers
            (error,) = response.json()["errors"]
            told = error["extensions"]
            assert (told["code"], told["limited"], told["limit"], told["value"]) == ("COST_EXCEEDED", "cost", 5, 10)
            assert "retryAfter" not in told
        stage.hub.engine.limits = Limits()
        assert available(await post(stage)) == 97  # nothing was drawn


class TestReading:
    """A document that was not read before costs a tenth of what it is longer than a thousand characters; what is wrong 20."""

    async def test_a_long_one_is_drawn_once(self, stage: Stage) -> None:
        long = THREE + " #" + "x" * 1_300
        assert [available(await post(stage, long)) for _ in range(2)] == [97 - 33, 97 - 33 - 3]

    async def test_also_where_it_is_refused(self, stage: Stage) -> None:
        assert (await post(stage, "{ hello }")).json()["data"]
        wrong = "{ nope } #" + "x" * 1_300
        assert await codes(stage, [wrong] * 2) == ["GRAPHQL_VALIDATION_FAILED", "COST_EXCEEDED"]
        assert (await post(stage, "{ hello }")).json()["data"]

    async def test_a_short_one_is_drawn_where_it_is_wrong_and_nothing_new_is_checked_for_who_has_spent_all(
        self, stage: Stage
    ) -> None:
        assert available(await post(stage)) == 97
        wrong = [f"{{ nope{number} }}" for number in range(3)] + ["{ hello", "{ nope4 }"]
        assert await codes(stage, wrong) == [
            *["GRAPHQL_VALIDATION_FAILED"] * 3,
            "GRAPHQL_PARSE_FAILED",
            "COST_EXCEEDED",
        ]
        assert available(await post(stage)) == 97 - 4 * 20 - 3  # what was read before runs on

    async def test_so_are_variables_that_are_wrong(self, stage: Stage) -> None:
        """Of a document that was read before; what was asked with right ones before runs on."""
        text = "query ($n: Int!) { reports(first: $n) { id } }"
        async with httpx.AsyncClient() as client:

            async def ask(given: object) -> httpx.Response:
                return await client.post(stage.http, json={"query": text, "variables": {"n": given}})

            assert available(await ask(3)) == 97
            refused = [(await ask(f"wrong {number}")).json()["errors"][0]["extensions"]["code"] for number in range(6)]
            assert refused == ["BAD_USER_INPUT"] * 4 + ["COST_EXCEEDED"] * 2
            assert available(await ask(3)) == 97 - 4 * 20 - 3

    async def test_planning_a_large_one_is_paid_once_and_below_nothing(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What it takes is known afterwards; who owes has nothing new planned until that is paid."""
        monkeypatch.setattr("execution.engine._FEW", 0)
        monkeypatch.setattr("execution.engine._A_FIELD", 20)
        before, after = available(await post(stage)), available(await post(stage))
        assert (97 - before) % 20 == 0 and before - after == 3
        large = "{ " + " ".join(f"h{number}: hello" for number in range(20)) + " }"
        assert await codes(stage, [large, "{ again: hello }"]) == ["COST_EXCEEDED"] * 2

    async def test_over_a_socket_and_in_a_batch_as_well(self, server: Stage) -> None:
        stage = server.renew(replace(SMALL, batch_operations=2))
        async with socket_to(stage) as socket:
            await socket.init()
            await socket.subscribe("q", "{ hello } #" + "x" * 1_200)
            assert (await socket.receive())["type"] == "next"
        async with httpx.AsyncClient() as client:
            asked = [{"query": f"{{ hello }} #{letter}" + "x" * 1_200} for letter in "ab"]
            answers = (await client.post(stage.http, json=asked)).json()
        assert [each["extensions"]["cost"]["throttle"]["available"] for each in answers] == [100 - 2 * 21, 100 - 3 * 21]


class TestOverStreams:
    async def test_a_query_over_a_socket_tells_and_is_drawn(self, stage: Stage) -> None:
        async with socket_to(stage) as socket:
            await socket.init()
            await socket.subscribe("q", THREE)
            told = await socket.receive()
            assert told["payload"]["extensions"]["cost"] == COST_OF_THREE
            assert (await socket.receive())["type"] == "complete"
        assert available(await post(stage)) == 94

    async def test_a_query_over_an_event_stream_does(self, stage: Stage) -> None:
        response = await post(stage, accept="text/event-stream")
        assert '"cost":{"requested":10,"actual":3' in response.text
        assert available(await post(stage)) == 94

    async def test_who_has_spent_all_is_refused_there_too(self, stage: Stage) -> None:
        await spend_all(stage)
        streamed = await post(stage, accept="text/event-stream")
        assert '"code":"COST_EXCEEDED"' in streamed.text and "event: complete" in streamed.text
        async with socket_to(stage) as socket:
            await socket.init()
            for number, query in enumerate((THREE, "subscription { count(to: 2) }")):
                await socket.subscribe(str(number), query)
                told = await socket.receive()
                assert told["type"] == "error"
                assert told["payload"][0]["extensions"]["code"] == "COST_EXCEEDED"
                assert told["payload"][0]["extensions"]["retryAfter"] > 0

    async def test_opening_a_subscription_is_drawn_and_its_events_tell_no_cost(self, stage: Stage) -> None:
        async with socket_to(stage) as socket:
            await socket.init()
            await socket.subscribe("s", "subscription { count(to: 2) }")
            answers = [await socket.receive() for _ in range(3)]
        assert [each["type"] for each in answers] == ["next", "next", "complete"]
        assert all("cost" not in each["payload"]["extensions"] for each in answers[:2])
        assert available(await post(stage)) == 97 - OPENING


class Told(Numbers):
    """Numbers, so many of them from before the subscription was opened."""

    def __init__(self, past: int, end: int) -> None:
        super().__init__(0, end)
        self._past = past

    @property
    def past(self) -> bool:
        return self.handed_out <= self._past


SUBSCRIPTION = "subscription { told { id } }"


def telling(past: int, end: int) -> TryHub:
    """A hub with a subscription to reports, one a delivery."""
    from graphql import build_schema

    from execution import Engine

    hub = TryHub()
    schema = build_schema("type Report { id: Int } type Query { a: Int } type Subscription { told: Report }")
    assert schema.subscription_type is not None

    async def subscribe(_: Any, info: Any) -> Told:
        return Told(past, end)

    schema.subscription_type.fields["told"].subscribe = subscribe
    schema.type_map["Report"].fields["id"].resolve = lambda row, info: row  # type: ignore[attr-defined]
    hub.engine = Engine(schema)
    return hub


class TestEvents:
    """One costs 1 here, and as much is drawn beforehand for the first."""

    async def taken(self, hub: TryHub, rate: Rate, most: int, seconds: float = 10) -> list[int]:
        operations = Operations(hub, PersistedDocuments(), Throttle(rate, rate))
        info = RequestInfo(kind="subscription", way="sse", client_address="10.0.0.1")
        nobody = await hub.identify(Credentials())
        run = operations.run(operations.prepare(Parameters(SUBSCRIPTION), nobody, "10.0.0.1"), nobody, info)
        got: list[int] = []

        async def take() -> None:
            async with aclosing(run.answers()) as answers:
                async for answer in answers:
                    assert answer.data is not None
                    got.append(answer.data["told"]["id"])
                    if len(got) == most:
                        return

        taking = asyncio.create_task(take())
        await asyncio.wait((taking,), timeout=seconds)
        taking.cancel()
        await asyncio.wait((taking,))
        return got

    async def test_what_happens_now_is_never_refused(self) -> None:
        rate = Rate(1 + OPENING, HARDLY)
        assert await self.taken(telling(0, 8), rate, 8) == [1, 2, 3, 4, 5, 6, 7, 8]

    async def test_what_is_replayed_waits_until_it_can_be_paid(self) -> None:
        rate = Rate(3 + OPENING, HARDLY)
        assert await self.taken(telling(8, 8), rate, 8, seconds=0.3) == [1, 2]

    async def test_and_goes_on_as_the_allowance_fills(self) -> None:
        rate = Rate(3 + OPENING, 1_000)
        assert await self.taken(telling(40, 42), rate, 42) == list(range(1, 43))
