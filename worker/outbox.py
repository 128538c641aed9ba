"""Sends what lies in the outbox: each row by one process, a few at once, and never again what may have arrived."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from domain.sink import Lease, LeaseLost, SubmissionUnknown
from storage.clock import now_in_micros
from worker.asking import STOPPED, Answer, ask
from worker.handing_over import Begun, DueRow, beginning, due_rows, ending, next_due
from worker.turns import STORE_FAILURES, give_turn_back, take_turn
from worker.work import Work

log = logging.getLogger("simpul.outbox")

EVERY_SECONDS = 5.0
"""How long a row can wait that nobody told this process of."""
AT_ONCE = 4
TIME_LIMIT = 45.0
_LEASE_SECONDS = 90.0  # longer than a round: its requests go out at the same time and end by their limit
_PAUSES = (0.2, 1.0, 3.0, 10.0)
"""Between the tries to record an answer, which is worth more than a few seconds' wait."""


class Outbox:
    """Looks for rows whose time has come. `time_limit` in seconds is that of one request, `clock` in microseconds."""

    def __init__(
        self,
        work: Work,
        holder: str,
        *,
        time_limit: float = TIME_LIMIT,
        clock: Callable[[], int] = now_in_micros,
    ) -> None:
        self._work = work
        self._holder = holder
        self._time_limit = time_limit
        self._clock = clock

    async def round(self) -> float:
        """Sends some of what is due; returns the seconds until the next look.

        The lease is held for this long only, so that after a restart nobody waits for its end.
        """
        due = await self._work.store.read(due_rows, self._clock(), AT_ONCE)
        if not due:
            return await self._until_next()
        lease = await take_turn(self._work, "outbox", self._holder, _LEASE_SECONDS)
        if lease is None:
            return EVERY_SECONDS
        try:
            await self._hand_over(due, lease)
        finally:
            await give_turn_back(self._work, lease)
        return 0.0 if len(due) == AT_ONCE else await self._until_next()

    async def _until_next(self) -> float:
        now = self._clock()
        at = await self._work.store.read(next_due, now)
        return EVERY_SECONDS if at is None else min(EVERY_SECONDS, (at - now) / 1_000_000)

    async def _hand_over(self, due: Sequence[DueRow], lease: Lease) -> None:
        """All of them at once; one that fails does not break off the others, whose requests may be under way."""
        ended = await asyncio.gather(*(self._one(row, lease) for row in due), return_exceptions=True)
        for fault in ended:
            if isinstance(fault, LeaseLost):
                log.warning("another process took over the outbox")
            elif fault is not None:
                raise fault

    async def _one(self, row: DueRow, lease: Lease) -> None:
        begun = await self._work.store.write(beginning(self._work, row, lease, self._clock()))
        if begun is None:
            return
        try:
            answer = await ask(self._work.forwarders[begun.target], begun.submission, self._time_limit)
        except asyncio.CancelledError:
            with contextlib.suppress(*STORE_FAILURES):  # then the next worker finds it begun: unknown all the same
                await self._work.store.write(ending(begun, SubmissionUnknown(STOPPED), self._clock()))
            raise
        await self._record(begun, answer)

    async def _record(self, begun: Begun, answer: Answer) -> None:
        """Keeps at it for a while: an answer that is lost here leaves it unknown what happened."""
        for pause in _PAUSES:
            try:
                return await self._work.store.write(ending(begun, answer, self._clock()))
            except STORE_FAILURES:
                log.warning("an answer could not be recorded yet", exc_info=True)
            await asyncio.sleep(pause)
        return await self._work.store.write(ending(begun, answer, self._clock()))
