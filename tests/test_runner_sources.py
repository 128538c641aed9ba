"""The runner, against sources that do everything wrong: what is stored, what is told, and that it goes on."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Connector, Page, Raw
from connectors.errors import NotAuthorised, PartlyUnavailable, SourceUnavailable
from connectors.intake import MAX_RAW
from connectors.runner import Runner
from connectors.schedule import Policy
from domain.records import MAX_BATCH, Batch
from domain.sink import Health, Lease, SourceError, StoredAside
from domain.vocabulary import SourceState
from tests.hostile_connector import Hostile, hangs, post
from tests.memory_sink import MemorySink, digest_of

QUICK = Policy(
    lease_seconds=60, run_seconds=20, request_poll_seconds=0.02, photo_poll_seconds=0.05, backoff_seconds=0.005,
    refused_seconds=0.05, failures_to_open=3, stop_seconds=1,
)  # fmt: skip
SEEKING = replace(QUICK, lease_seconds=0.6)
"""Asks for a lease, and renews it, every 0.2 s. For sinks whose clock stands: a busy machine must not end a lease."""
AWAY = SourceUnavailable("away", SourceError.REFUSED)
GOOD = Page([post(1)], {"n": 1})


@asynccontextmanager
async def running(
    sink: MemorySink, *connectors: Connector[Any], policy: Policy = QUICK, holder: str = "me"
) -> AsyncIterator[Runner]:
    runner = Runner(connectors, sink, policy=policy, holder=holder, rng=random.Random(1))
    await runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


async def ran(sink: MemorySink, connector: Hostile, until: Callable[[], bool], policy: Policy = QUICK) -> None:
    async with running(sink, connector, policy=policy):
        await sink.until(until)


class TestTakingIn:
    async def test_late_duplicated_and_reordered_records_make_no_difference(self) -> None:
        pages = [
            Page([post(3), post(1, late=9), post(3), post(2)], {"n": 3}),
            Page([post(2), post(1, late=9)], {"n": 3}),
        ]
        sink = MemorySink()
        await ran(sink, Hostile(pages), lambda: len(sink.healths) >= 3)
        assert set(sink.reports("hostile")) == {"1", "2", "3"}
        assert len(sink.created) == 3
        assert sink.updated == []

    async def test_an_edit_is_an_update(self) -> None:
        sink = MemorySink()
        await ran(sink, Hostile([Page([post(1)])], [Page([post(1, "surut")])]), lambda: bool(sink.updated))
        assert sink.reports("hostile")["1"].text == "surut"

    async def test_one_bad_record_is_kept_aside_and_the_rest_go_on(self) -> None:
        sink = MemorySink()
        page = Page([post(1), Raw("rubbish", {"a": [1]}), Raw("crash", None), post(2)], {"n": 2})
        async with running(sink, Hostile([page])) as runner:
            await sink.until(lambda: bool(sink.healths))
            assert runner.counts["hostile"].internal_errors >= 1
        assert set(sink.reports("hostile")) == {"1", "2"}
        assert {reason for reason, _ in sink.aside.values()} == {
            "nothing that anybody could read",
            "the connector failed on this record; see the log",
        }
        assert sink.healths[0].state is SourceState.UP

    async def test_a_huge_record_is_kept_aside_within_bounds(self) -> None:
        sink = MemorySink()
        await ran(sink, Hostile([Page([Raw("rubbish", "x" * 1_000_000), post(1)])]), lambda: bool(sink.healths))
        [(_, raw)] = sink.aside.values()
        assert len(raw) == MAX_RAW
        assert set(sink.reports("hostile")) == {"1"}

    async def test_batches_are_bounded_and_the_checkpoint_goes_with_the_last(self) -> None:
        sink = MemorySink()
        rubbish = [Raw("rubbish", number) for number in range(450)]
        page = Page([*(post(number) for number in range(450)), Raw("many", 700), *rubbish], {"n": 1})
        await ran(sink, Hostile([page], [Page([])]), lambda: bool(sink.checkpoints))
        assert all(len(batch.records) <= MAX_BATCH and len(batch.set_aside) <= MAX_BATCH for batch in sink.batches)
        assert len(sink.reports("hostile")) == 700
        assert len(sink.aside) == 450
        carrying = [place for place, batch in enumerate(sink.batches) if batch.checkpoint is not None]
        assert carrying == [len(sink.batches) - 1]

    async def test_backfill_is_passed_on(self) -> None:
        sink = MemorySink()
        script = ([Page([post(1)], {"n": 1}, backfill=True)], [Page([post(2)], {"n": 2})])
        await ran(sink, Hostile(*script), lambda: len(sink.reports("hostile")) == 2)
        assert [batch.backfill for batch in sink.batches[:2]] == [True, False]

    async def test_a_run_that_breaks_off_goes_on_from_what_was_stored(self) -> None:
        sink = MemorySink()
        connector = Hostile([GOOD, AWAY], [Page([post(2)], {"n": 2})])
        await ran(sink, connector, lambda: "2" in sink.reports("hostile"))
        assert connector.checkpoints[:2] == [None, {"n": 1}]

    async def test_a_page_that_the_store_refuses_is_brought_again(self) -> None:
        sink = MemorySink()
        refusals = 2

        def refuse(batch: Batch) -> None:
            nonlocal refusals
            if refusals:
                refusals -= 1
                raise OSError("disk full")

        sink.before_accept = refuse
        await ran(sink, Hostile([GOOD]), lambda: bool(sink.reports("hostile")))
        assert [health.error for health in sink.healths[:2]] == [SourceError.INTERNAL] * 2

    async def test_mapping_a_big_page_leaves_the_loop_its_turns(self) -> None:
        sink = MemorySink()
        turns = 0

        async def watch() -> None:
            nonlocal turns
            while not sink.healths:
                await asyncio.sleep(0)
                turns += 1

        watching = asyncio.create_task(watch())
        page = Page([Raw("slow", number) for number in range(300)])  # a millisecond each
        await ran(sink, Hostile([page], [Page([])]), lambda: bool(sink.healths))
        await watching
        assert len(sink.reports("hostile")) == 300
        assert turns >= 30

    async def test_what_was_kept_aside_is_tried_again_when_somebody_asks(self) -> None:
        sink = MemorySink()
        good, bad = post(7).to_text(), Raw("rubbish", 1).to_text()
        for raw in (good, bad, good[:20]):
            sink.aside["hostile", digest_of(raw)] = ("before", raw)
            sink.to_retry.append(StoredAside(digest_of(raw), "hostile", raw))
        await ran(sink, Hostile([Page([])]), lambda: "7" in sink.reports("hostile") and not sink.to_retry)
        await asyncio.sleep(0)
        assert ("hostile", digest_of(good)) not in sink.aside
        assert ("hostile", digest_of(bad)) in sink.aside


class TestHealth:
    async def test_an_outage_and_its_end(self) -> None:
        sink = MemorySink()
        await ran(sink, Hostile([GOOD], [AWAY], [AWAY], [AWAY], [AWAY], [GOOD]), lambda: _up_again(sink))
        states = [health.state for health in sink.healths[:6]]
        assert states == [
            SourceState.UP, SourceState.DEGRADED, SourceState.DEGRADED, SourceState.DOWN, SourceState.DOWN, SourceState.UP,
        ]  # fmt: skip
        failing = sink.healths[1:5]
        assert all(health.error is SourceError.REFUSED and not health.succeeded for health in failing)
        assert all(health.next_attempt_at and health.next_attempt_at >= health.at for health in sink.healths)
        assert sink.healths[5].error is None

    async def test_an_outage_is_logged_once_and_so_is_its_end(self, caplog: pytest.LogCaptureFixture) -> None:
        sink = MemorySink()
        with caplog.at_level(logging.INFO, logger="connectors"):
            await ran(sink, Hostile([GOOD], *([AWAY] for _ in range(8)), [GOOD]), lambda: _up_again(sink))
        told = [record.getMessage() for record in caplog.records if record.name == "connectors.source_loop"]
        assert told == ["source hostile fails: away", "source hostile is back"]

    async def test_a_partial_failure_is_degraded_and_never_down(self) -> None:
        sink = MemorySink()
        await ran(sink, Hostile([GOOD, PartlyUnavailable([AWAY])]), lambda: len(sink.healths) > 6)
        assert {health.state for health in sink.healths} == {SourceState.DEGRADED}
        assert set(sink.reports("hostile")) == {"1"}

    async def test_refused_credentials_are_down_at_once(self) -> None:
        sink = MemorySink()
        await ran(sink, Hostile([NotAuthorised("no")], [GOOD]), lambda: _up_again(sink))
        assert sink.healths[0].state is SourceState.DOWN
        assert sink.healths[0].error is SourceError.NOT_AUTHORISED

    async def test_a_fetch_that_never_ends_is_cut_off(self) -> None:
        sink = MemorySink()
        policy = replace(QUICK, run_seconds=0.05)
        await ran(sink, Hostile([hangs()], [GOOD]), lambda: _up_again(sink), policy)
        assert sink.healths[0].error is SourceError.TIMED_OUT

    async def test_a_long_first_sync_that_makes_progress_is_not_down(self) -> None:
        sink = MemorySink()
        policy = replace(QUICK, run_seconds=0.05)
        await ran(sink, Hostile([GOOD, hangs()]), lambda: len(sink.healths) >= 4, policy)
        assert {health.state for health in sink.healths} == {SourceState.DEGRADED}

    async def test_a_fault_of_our_own_is_told_as_such_and_the_loop_goes_on(self) -> None:
        sink = MemorySink()
        await ran(sink, Hostile([ZeroDivisionError("oops")], [GOOD]), lambda: _up_again(sink))
        assert sink.healths[0].error is SourceError.INTERNAL

    async def test_one_source_s_trouble_is_not_another_s(self) -> None:
        sink = MemorySink()
        bad = Hostile([hangs()], code="bad")
        async with running(sink, bad, Hostile([GOOD], code="good")):
            await sink.until(lambda: sum(health.source == "good" for health in sink.healths) >= 4)

    async def test_a_health_report_that_fails_does_not_end_the_source(self) -> None:
        class Forgetful(MemorySink):
            failures = 2

            async def health(self, health: Health, lease: Lease) -> None:
                if self.failures:
                    self.failures -= 1
                    raise OSError("the store is away")
                await super().health(health, lease)

        sink = Forgetful()
        await ran(sink, Hostile([GOOD]), lambda: bool(sink.healths), replace(QUICK, lease_seconds=0.15))


def _up_again(sink: MemorySink) -> bool:
    failed = [place for place, health in enumerate(sink.healths) if not health.succeeded]
    return bool(failed) and len(sink.healths) > failed[-1] + 1


class TestAsking:
    async def test_a_request_in_the_store_runs_the_source_at_once_and_is_answered(self) -> None:
        sink = MemorySink()
        async with running(sink, Hostile([GOOD], poll_seconds=3_600)):
            await sink.until(lambda: len(sink.healths) == 1)
            sink.requests.add("hostile")
            await sink.until(lambda: len(sink.healths) == 2)
        assert [health.answers_request for health in sink.healths] == [False, True]

    async def test_waking_asks_a_source_that_is_down(self) -> None:
        sink = MemorySink()
        policy = replace(QUICK, refused_seconds=3_600)
        async with running(sink, Hostile([NotAuthorised("no")], [GOOD], poll_seconds=3_600), policy=policy) as runner:
            await sink.until(lambda: len(sink.healths) == 1)
            assert runner.wake("hostile")
            await sink.until(lambda: len(sink.healths) == 2)
            assert not runner.wake("nobody")
        assert sink.healths[1].state is SourceState.UP

    async def test_a_source_that_is_switched_off_is_declared_and_left_alone(self) -> None:
        sink = MemorySink()
        connector = Hostile([GOOD], enabled=False, code="off")
        async with running(sink, connector, Hostile([GOOD])):
            await sink.until(lambda: bool(sink.healths))
        assert {told.code: told.enabled for told in sink.declared} == {"off": False, "hostile": True}
        assert connector.fetched == 0


class Clock:
    """Stands until it is set."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


class TestLeases:
    async def test_two_processes_never_run_one_source_together(self) -> None:
        sink = MemorySink()
        first, second = Hostile([GOOD]), Hostile([GOOD])
        async with running(sink, first, holder="a"), running(sink, second, holder="b"):
            await sink.until(lambda: len(sink.healths) >= 8)
            assert sorted([first.fetched > 0, second.fetched > 0]) == [False, True]

    async def test_another_process_goes_on_when_the_first_stops(self) -> None:
        sink = MemorySink(Clock())
        second = Hostile([GOOD])
        first_runner = Runner([Hostile([GOOD])], sink, policy=SEEKING, holder="a")
        await first_runner.start()
        await sink.until(lambda: bool(sink.healths))
        async with running(sink, second, policy=SEEKING, holder="b"):
            await first_runner.stop()
            assert "source:hostile" in sink.released
            before = len(sink.healths)
            await sink.until(lambda: len(sink.healths) > before)
        assert second.fetched

    async def test_what_comes_under_a_lost_lease_is_refused_and_the_lease_is_sought_again(self) -> None:
        clock = Clock()
        sink = MemorySink(clock)
        connector = Hostile([GOOD])
        async with running(sink, connector, policy=SEEKING):
            await sink.until(lambda: bool(sink.healths))
            sink.leases["source:hostile"] = Lease("source:hostile", "thief", 999, clock.now + timedelta(seconds=1))
            stored = len(sink.batches)
            await sink.until(lambda: sink.refused > 0)
            assert len(sink.batches) == stored
            clock.now += timedelta(seconds=2)
            await sink.until(lambda: sink.leases["source:hostile"].holder == "me")
            before = len(sink.healths)
            await sink.until(lambda: len(sink.healths) > before)

    async def test_a_store_that_is_away_for_a_moment_costs_no_lease(self) -> None:
        class Shaky(MemorySink):
            shaken = 0

            async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
                if name in self.leases and self.shaken < 1:
                    self.shaken += 1
                    raise OSError("the store is away")
                return await super().acquire(name, holder, seconds)

        sink = Shaky(Clock())
        async with running(sink, Hostile([GOOD]), policy=SEEKING):
            await sink.until(lambda: sink.shaken == 1)
            before = len(sink.healths)
            await sink.until(lambda: len(sink.healths) >= before + 5)
        assert {lease.token for lease in sink.leases.values()} <= {1}


class TestStopping:
    async def test_the_batch_that_is_being_stored_is_finished(self) -> None:
        begun, finish = asyncio.Event(), asyncio.Event()

        class Slow(MemorySink):
            async def accept(self, batch: Batch, lease: Lease) -> Any:
                begun.set()
                await finish.wait()
                return await super().accept(batch, lease)

        sink, connector = Slow(), Hostile([GOOD])
        runner = Runner([connector], sink, policy=QUICK)
        await runner.start()
        await begun.wait()
        stopping = asyncio.create_task(runner.stop())
        await asyncio.sleep(0.02)
        assert not stopping.done()
        finish.set()
        await stopping
        assert sink.checkpoints == {"hostile": {"n": 1}}
        assert sink.released == ["source:hostile"]
        assert connector.closed

    @pytest.mark.alone
    async def test_a_source_that_hangs_is_stopped_at_once(self) -> None:
        sink = MemorySink()
        runner = Runner([Hostile([hangs()])], sink, policy=QUICK)
        await runner.start()
        await sink.until(lambda: bool(sink.leases))
        begun = time.monotonic()
        await runner.stop()
        assert time.monotonic() - begun < 0.5

    async def test_a_store_that_hangs_does_not_hold_up_the_end_for_ever(self) -> None:
        class Stuck(MemorySink):
            async def accept(self, batch: Batch, lease: Lease) -> Any:
                await asyncio.Event().wait()

        sink = Stuck()
        runner = Runner([Hostile([GOOD])], sink, policy=replace(QUICK, grace_seconds=0.1, run_seconds=60))
        await runner.start()
        await sink.until(lambda: bool(sink.leases))
        await asyncio.sleep(0.02)
        async with asyncio.timeout(2):
            await runner.stop()
