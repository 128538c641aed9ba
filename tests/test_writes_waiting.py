"""Writes that wait for their group: fair turns for sources, a bound, and when to come again."""

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

import storage.writing.waiting
from storage.errors import Overloaded
from storage.store import Store
from storage.tables import outbox
from storage.writing.transaction import Lane, Operation, Tx
from storage.writing.waiting import Job, Waiting


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def nothing(_: Tx) -> None:
    return


def job(lane: Lane = Lane.PEOPLE) -> Job:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    return Operation(nothing, lane=lane), future


def lanes(jobs: list[Job]) -> list[Lane]:
    return [operation.lane for operation, _ in jobs]


class TestTurns:
    async def test_a_source_has_its_turn_in_every_fifth_group_of_a_flood(self) -> None:
        waiting = Waiting()
        for _ in range(3):
            waiting.put(job(Lane.SOURCES))
        turns = []
        for _ in range(15):
            for _ in range(300):
                waiting.put(job())
            group = waiting.take()
            waiting.done([])
            turns.append(lanes(group).count(Lane.SOURCES))
        assert turns == [0, 0, 0, 0, 1] * 3

    async def test_a_source_need_not_wait_where_nobody_else_does_and_is_alone_in_its_group(self) -> None:
        waiting = Waiting()
        for _ in range(2):
            waiting.put(job(Lane.SOURCES))
        assert [lanes(waiting.take()) for _ in range(3)] == [[Lane.SOURCES], [Lane.SOURCES], []]

    async def test_groups_are_as_large_as_the_pace_lets_them_be_done_in_time(self) -> None:
        clock = Clock()
        waiting = Waiting(clock)
        sizes = []
        for seconds_each in [0.02] * 40 + [0.0001] * 40:
            while len(waiting) < 300:
                waiting.put(job())
            group = waiting.take()
            clock.now += seconds_each * len(group)
            waiting.done([])
            sizes.append(len(group))
        assert (
            sizes[39] == storage.writing.waiting.SMALLEST_GROUP and sizes[-1] == storage.writing.waiting.LARGEST_GROUP
        )

    async def test_what_has_to_come_again_comes_first(self) -> None:
        waiting = Waiting()
        first, second = job(), job()
        waiting.put(first)
        assert waiting.take() == [first]
        waiting.put(second)
        waiting.done([first])
        assert waiting.take() == [first, second]


class TestBound:
    async def test_past_it_one_is_told_when_what_waits_will_be_done(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(storage.writing.waiting, "MAX_WAITING", 400)
        clock = Clock()
        waiting = Waiting(clock)
        for _ in range(80):  # at 20 a second
            for _ in range(storage.writing.waiting.SMALLEST_GROUP):
                waiting.put(job())
            clock.now += len(waiting.take()) / 20
            waiting.done([])
        for _ in range(400 - len(waiting)):
            waiting.put(job())
        with pytest.raises(Overloaded) as refused:
            waiting.put(job())
        assert 18 <= refused.value.retry_after <= 22
        waiting.put(job(Lane.SOURCES))  # a flood of people's does not refuse what sources bring

    async def test_a_burst_past_it_is_refused_and_what_was_taken_is_written(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(storage.writing.waiting, "MAX_WAITING", 30)
        outcomes = await asyncio.gather(*(store.write(_note(n)) for n in range(200)), return_exceptions=True)
        taken = [outcome for outcome in outcomes if not isinstance(outcome, Overloaded)]
        kept = await store.read(lambda conn: conn.execute(select(outbox.c.subject_id)).scalars().all())
        assert 30 <= len(taken) < 200 and sorted(kept) == sorted(taken)


def _note(number: int) -> Operation[int]:
    return Operation(partial(_write_note, number))


def _write_note(number: int, tx: Tx) -> int:
    tx.add(outbox, {"kind": "test", "subject_id": number, "available_at": 0, "attempts": 0})
    return number
