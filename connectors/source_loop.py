"""One source's life: hold its lease, run it when it is due or asked for, say how it is doing, fetch its photos.

This is the outermost loop, so the only place (with the mapping of single records) where any exception is caught; each
is logged with its traceback and counted, and the loop goes on.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from connectors.base import Connector
from connectors.config import SourceConfig
from connectors.errors import PartlyUnavailable, SourceFailure, SourceUnavailable
from connectors.intake import Intake, to_its_end
from connectors.photos import PhotoFetcher
from connectors.schedule import Policy, Schedule
from domain.sink import Health, Lease, LeaseLost, Sink, SourceError

logger = logging.getLogger(__name__)

_ASIDE_AT_ONCE = 50


class _Internal(SourceFailure):
    """The hub itself failed to take in what came."""

    def __init__(self) -> None:
        super().__init__("the hub failed; the log has the traceback", SourceError.INTERNAL)


class SourceLoop:
    """Runs one source for as long as the process lives; several processes take turns by the source's lease."""

    def __init__(
        self,
        connector: Connector[SourceConfig],
        sink: Sink,
        policy: Policy,
        holder: str,
        photos_at_once: asyncio.Semaphore,
        rng: random.Random,
        clock: Callable[[], datetime],
    ) -> None:
        self.connector = connector
        self.intake = Intake(connector, sink, policy.grace_seconds)
        self.photos = PhotoFetcher(connector, sink, policy, photos_at_once)
        self.schedule = Schedule(policy, connector.config.poll_seconds, rng)
        self._sink = sink
        self._policy = policy
        self._holder = holder
        self._clock = clock
        self._woken = asyncio.Event()
        self._asked = False
        self._photos_due = asyncio.Event()
        self._failing_since: datetime | None = None
        self._lease: Lease | None = None

    def wake(self) -> None:
        """Runs the source now, whatever its schedule or breaker says."""
        self._asked = True
        self._woken.set()

    async def run(self) -> None:
        """Never ends by itself: holds the lease and works under it; without it, tries again to get it."""
        name = f"source:{self.connector.code}"
        while True:
            try:
                lease = await self._sink.acquire(name, self._holder, self._policy.lease_seconds)
                if lease is not None:
                    await self._work(lease)
            except* LeaseLost:
                logger.info("another process runs this source now", extra={"source": self.connector.code})
            except* Exception:
                self.intake.counts.internal_errors += 1
                logger.exception("a source's loop failed", extra={"source": self.connector.code})
            await asyncio.sleep(self._policy.lease_seconds / 3)

    async def _work(self, lease: Lease) -> None:
        """Everything that needs the lease, side by side. The first to fail ends all; the lease is given back."""
        self._lease = lease
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._renew(lease))
                group.create_task(self._poll())
                group.create_task(self._bring_photos())
        finally:
            held, self._lease = self._lease, None
            if held is not None:
                await self._give_back(held)

    async def _give_back(self, lease: Lease) -> None:
        try:
            await to_its_end(self._sink.release(lease), self._policy.grace_seconds)
        except LeaseLost:
            pass
        except Exception:  # a lease that cannot be given back ends by itself
            logger.exception("a lease could not be given back", extra={"source": self.connector.code})

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(self._policy.lease_seconds / 3)
            renewed = await self._renewed(lease)
            if renewed is None or renewed.token != lease.token:
                self._lease = None
                raise LeaseLost(lease.name)
            self._lease = lease = renewed

    async def _renewed(self, lease: Lease) -> Lease | None:
        try:
            return await self._sink.acquire(lease.name, self._holder, self._policy.lease_seconds)
        except Exception:  # the store may be away for a moment: the lease is ours until it ends
            logger.exception("a lease could not be renewed", extra={"source": self.connector.code})
            return lease if self._clock() < lease.expires_at else None

    @property
    def _held(self) -> Lease:
        if self._lease is None:
            raise LeaseLost(self.connector.code)
        return self._lease

    async def _poll(self) -> None:
        while True:
            await self._look_for_requests()
            asked, self._asked = self._asked, False
            self._woken.clear()
            wait = await self._run_once(asked)
            self._photos_due.set()
            await self._wait_until_due(wait)

    async def _wait_until_due(self, seconds: float) -> None:
        """Returns after so many seconds, or as soon as somebody asks for a run, here or through the store."""
        due = time.monotonic() + seconds
        while not self._woken.is_set() and (left := due - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(min(left, self._policy.request_poll_seconds)):
                    await self._woken.wait()
            except TimeoutError:
                await self._look_for_requests()

    async def _look_for_requests(self) -> None:
        if await self._sink.take_sync_requests(self.connector.code):
            self.wake()
        await self._retry_aside()

    async def _retry_aside(self) -> None:
        stored = await self._sink.aside_to_retry(self.connector.code, _ASIDE_AT_ONCE)
        if stored:
            await self.intake.retry(stored, self._held)

    async def _run_once(self, asked: bool) -> float:
        """One run and its report. Gives the seconds to wait before the next one."""
        begun = time.monotonic()
        failure = await self._attempt()
        took = time.monotonic() - begun
        wait = self.schedule.failed(failure) if failure else max(self.schedule.succeeded() - took, 0.0)
        self._log(failure)
        at = self._clock()
        await self._sink.health(
            Health(
                source=self.connector.code,
                state=self.schedule.state,
                at=at,
                succeeded=failure is None,
                error=failure.error if failure else None,
                next_attempt_at=at + timedelta(seconds=wait),
                answers_request=asked,
            ),
            self._held,
        )
        return wait

    async def _attempt(self) -> SourceFailure | None:
        """A run under its time limit. Gives what went wrong, in the closed vocabulary."""
        pages_before = self.intake.counts.pages
        try:
            async with asyncio.timeout(self._policy.run_seconds):
                if self.connector.polls:
                    await self.intake.run(self._held)
        except LeaseLost:
            raise
        except TimeoutError:
            late = SourceUnavailable("the run took longer than its limit", SourceError.TIMED_OUT)
            return PartlyUnavailable([late]) if self.intake.counts.pages > pages_before else late
        except SourceFailure as failure:
            return failure
        except Exception:
            self.intake.counts.internal_errors += 1
            logger.exception("a run failed within the hub", extra={"source": self.connector.code})
            return _Internal()
        return None

    def _log(self, failure: SourceFailure | None) -> None:
        """An outage is told once when it begins and once when it ends; the tries in between are for debugging."""
        told = {"source": self.connector.code, "state": str(self.schedule.state)}
        if failure is None:
            if self._failing_since is not None:
                away = (self._clock() - self._failing_since).total_seconds()
                logger.info("source %s is back", self.connector.code, extra={**told, "away_seconds": round(away)})
            self._failing_since = None
            return
        level = logging.WARNING if self._failing_since is None else logging.DEBUG
        self._failing_since = self._failing_since or self._clock()
        words = "source %s fails: %s"
        logger.log(level, words, self.connector.code, failure, extra={**told, "error": failure.error.name})

    async def _bring_photos(self) -> None:
        while True:
            tried = await self.photos.fetch_wanted()
            if tried:
                continue
            self._photos_due.clear()
            try:
                async with asyncio.timeout(self._policy.photo_poll_seconds):
                    await self._photos_due.wait()
            except TimeoutError:
                continue
