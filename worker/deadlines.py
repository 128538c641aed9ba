"""Records, with an event, that a deadline passed unmet: a fact from then on, never a comparison on reading."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Integer, Select, select

from domain.sink import Lease
from domain.vocabulary import EventKind, ReportVisibility
from storage.clock import now_in_micros
from storage.leases import require_lease
from storage.reports.changing import change
from storage.statements.prepared import one, prepared
from storage.tables import reports
from storage.writing.transaction import Operation, Tx
from worker.turns import give_turn_back, take_turn
from worker.work import Work

EVERY_SECONDS = 2.0
"""A breach is recorded within five seconds of its deadline."""
_LEASE_SECONDS = 20.0
_AT_ONCE = 100
"""So many are written together: they share commits, and what people write does not wait long behind them."""


class Deadlines:
    """Looks for deadlines that have passed. `clock` is in microseconds."""

    def __init__(self, work: Work, holder: str, clock: Callable[[], int] = now_in_micros) -> None:
        self._work = work
        self._holder = holder
        self._clock = clock

    async def round(self) -> float:
        """Records what is due; returns the seconds until the next look.

        The lease is taken where there is something to do: else an idle hub would write to its disk for nothing. It is held
        for this long only, so that nobody waits for its end.
        """
        now = self._clock()
        due = await self._work.store.read(passed, now, _AT_ONCE)
        if not due:
            return EVERY_SECONDS
        lease = await take_turn(self._work, "deadlines", self._holder, _LEASE_SECONDS)
        if lease is None:
            return EVERY_SECONDS
        try:
            await self._record_all(due, now, lease)
        finally:
            await give_turn_back(self._work, lease)
        return 0.0 if len(due) == _AT_ONCE else EVERY_SECONDS

    async def _record_all(self, due: Sequence[int], now: int, lease: Lease) -> None:
        """One that fails keeps no other from being recorded."""
        writes = (self._work.store.write(breach(self._work, report_id, now, lease)) for report_id in due)
        for fault in await asyncio.gather(*writes, return_exceptions=True):
            if fault is not None:
                raise fault


def breach(work: Work, report_id: int, now: int, lease: Lease) -> Operation[None]:
    """Records which of a report's deadlines have passed unmet at `now`, if it still owes them. Raises LeaseLost."""
    return Operation(partial(_record, work, report_id, now, lease), frozenset({f"report:{report_id}"}))


def _record(work: Work, report_id: int, now: int, lease: Lease, tx: Tx) -> None:
    require_lease(tx.conn, lease)
    row = tx.conn.execute(select(reports).where(reports.c.id == report_id)).one()
    if row.visibility == ReportVisibility.ERASED or row.due_at is None:  # since it was found
        return
    values: dict[str, Any] = {}
    if row.responded_at is None and row.respond_by is not None and row.respond_by <= now:
        values["respond_breached"] = True
    if row.resolved_at is None and row.resolve_by is not None and row.resolve_by <= now:
        values["resolve_breached"] = True
    if any(not getattr(row, name) for name in values):
        change(tx, work.areas(), report_id, EventKind.BREACHED, values=values)


def passed(conn: Connection, now: int, limit: int) -> list[int]:
    """Reports whose deadlines have passed without having been told, those of the earliest first. Each kind of deadline has an
    index of those that are unmet and not told: reports that broke theirs long ago are never looked at again."""
    found: list[tuple[int, int]] = []
    for columns in (
        ("respond_by", "responded_at", "respond_breached"),
        ("resolve_by", "resolved_at", "resolve_breached"),
    ):
        statement = prepared(conn, ("deadlines passed", columns), partial(_unmet, *columns))
        found += [(row[0], row[1]) for row in statement.rows(conn, {"now": now, "most": limit})]
    return list(dict.fromkeys(report_id for _, report_id in sorted(found)))[:limit]


def _unmet(by: str, met: str, breached: str) -> Select[int, int]:
    r = reports.c
    unmet = select(r[by], r.id).where(
        r[by] <= one("now"), r.due_at.is_not(None), r[met].is_(None), r[breached].is_(False)
    )
    shown = unmet.where(r.visibility != ReportVisibility.ERASED)
    return shown.order_by(r[by], r.id).limit(one("most", Integer))
