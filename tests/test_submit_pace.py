"""Limits by address and pace for who has not signed in, and what looks like abuse: told, logged, recorded."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.areas import AreaMap
from domain.vocabulary import Role
from resolvers.context import HubSettings
from resolvers.errors import RateLimited
from resolvers.pace import Pace
from resolvers.reports import report
from storage.access.suspicions import recent_suspicions
from storage.store import Store
from tests.writing import ANONYMOUS, BANDUNG, KEY, told, writing_hub

ELSEWHERE = replace(ANONYMOUS, client="f" * 64)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def paced(sqlite_store: Store, area_map: AreaMap, tmp_path: Path) -> Any:
    clock = Clock()
    limits = {"anonymous_reports_per_hour": 3, "anonymous_acts_per_minute": 6, "code_lookups_per_minute": 4}
    async with writing_hub(sqlite_store, tmp_path, area_map, **limits) as hub:
        hub.parts.pace = Pace(sqlite_store, HubSettings("http://hub.test", **limits), clock)  # type: ignore[arg-type]
        yield hub, clock


async def suspicions(hub: Any) -> list[tuple[str, int]]:
    rows = await hub.parts.store.read(recent_suspicions, 0)
    return sorted((row["kind"], row["times"]) for row in rows)


def limit_of(refused: RateLimited) -> tuple[str, int, int]:
    """Which limit it was, as programs are told."""
    return refused.extensions["limited"], refused.extensions["limit"], refused.extensions["value"]


class TestReports:
    async def test_are_limited_by_the_hour_and_told_when_to_come_again(self, paced: Any, caplog: Any) -> None:
        hub, clock = paced
        for n in range(3):
            assert told((await hub.submit(text=f"Banjir nomor {n}")).faults) == []
        with caplog.at_level(logging.WARNING), pytest.raises(RateLimited) as refused:
            await hub.submit(text="Banjir lagi")
        assert 1190 < refused.value.extensions["retryAfter"] <= 1200
        assert limit_of(refused.value) == ("anonymous_reports_per_hour", 3, 4)
        assert str(refused.value).startswith("At most 3 reports an hour without signing in: try again in 1")
        assert await suspicions(hub) == [("TOO_MANY_REPORTS", 1)] and "TOO_MANY_REPORTS" in caplog.text
        assert told((await hub.submit(ELSEWHERE, text="Banjir di sini")).faults) == []
        clock.now += 1200
        assert told((await hub.submit(text="Banjir lagi")).faults) == []

    async def test_of_signed_in_people_are_not(self, paced: Any) -> None:
        hub, _ = paced
        citizen = await hub.person(Role.CITIZEN)
        for n in range(8):
            assert told((await hub.submit(citizen, text=f"Banjir nomor {n}")).faults) == []

    async def test_retries_and_faults_cost_no_report(self, paced: Any) -> None:
        hub, clock = paced
        await hub.submit(idempotency_key=KEY)
        for _ in range(10):
            assert told((await hub.submit(idempotency_key=KEY)).faults) == []
        for _ in range(3):
            await hub.submit(location=BANDUNG)
        clock.now += 60
        for n in range(2):
            assert told((await hub.submit(text=f"Banjir nomor {n}")).faults) == []

    async def test_refusals_are_counted_but_not_each_written_nor_logged(self, paced: Any, caplog: Any) -> None:
        hub, clock = paced
        for n in range(3):
            await hub.submit(text=f"Banjir nomor {n}")
        clock.now += 60
        for _ in range(3):
            with pytest.raises(RateLimited) as refused:
                await hub.submit(text="Banjir lagi")
        assert f"try again in {refused.value.extensions['retryAfter']:.0f} s" in str(refused.value)
        clock.now += 15
        with pytest.raises(RateLimited):
            await hub.submit(text="Banjir lagi")
        assert await suspicions(hub) == [("TOO_MANY_REPORTS", 4)]
        assert caplog.text.count("suspicion: TOO_MANY_REPORTS") == 2


class TestActs:
    async def test_are_limited_by_the_minute(self, paced: Any) -> None:
        hub, clock = paced
        for _ in range(6):
            await hub.submit(location=BANDUNG)
        with pytest.raises(
            RateLimited, match="At most 6 mutations a minute without signing in: try again in "
        ) as refused:
            await hub.submit(location=BANDUNG)
        assert limit_of(refused.value) == ("anonymous_acts_per_minute", 6, 7)
        clock.now += 10
        assert told((await hub.submit(location=BANDUNG)).faults) == [("OUT_OF_AREA", "location")]
        assert await suspicions(hub) == [("TOO_MANY_ACTS", 1)]


class TestCodes:
    async def test_are_guessed_slowly(self, paced: Any) -> None:
        hub, _ = paced
        async with hub.context() as ctx:
            for _ in range(4):
                assert await report(ctx, code="AAAA-BBBB") is None
            with pytest.raises(RateLimited, match="At most 4 look-ups by code a minute: try again in ") as refused:
                await report(ctx, code="AAAA-BBBB")
        assert limit_of(refused.value) == ("code_lookups_per_minute", 4, 5)
        assert await suspicions(hub) == [("TOO_MANY_CODES", 1)]


class TestSuspicious:
    async def test_the_same_words_again_and_again_are_accepted_and_noted(self, paced: Any) -> None:
        hub, _ = paced
        people = [replace(ANONYMOUS, client=str(n) * 64) for n in range(4)]
        done = [
            await hub.submit(person, text="Tolong, BANJIR!" if n % 2 else "tolong banjir")
            for n, person in enumerate(people)
        ]
        assert all(told(each.faults) == [] for each in done)
        rows = await hub.parts.store.read(recent_suspicions, 0)
        assert [(row["kind"], row["report_id"]) for row in rows] == [
            ("SAME_TEXT", done[3].report_id),
            ("SAME_TEXT", done[2].report_id),
        ]

    async def test_a_burst_from_one_address_is_accepted_and_noted(
        self, sqlite_store: Store, area_map: AreaMap, tmp_path: Path
    ) -> None:
        async with writing_hub(sqlite_store, tmp_path, area_map) as hub:
            hub.parts.pace = Pace(sqlite_store, hub.parts.settings)
            for n in range(6):
                assert told((await hub.submit(text=f"Banjir nomor {n}")).faults) == []
            assert await suspicions(hub) == [("BURST", 1), ("BURST", 1)]
