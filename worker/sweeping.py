"""Clears away what has had its time: photos that no row refers to, answers by key, facets past the resume horizon,
revocations of tokens that have all run out."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection, or_, select

from domain.report import KEYS_KEPT
from domain.sink import Lease
from storage.access.revocations import forget_revocations
from storage.clock import now_in_micros
from storage.events.reading import prune_facets
from storage.leases import require_lease
from storage.photos.store import PhotoStoreUnavailable
from storage.photos.sweeping import GRACE, sweep
from storage.tables import photos
from storage.writing.idempotency import forget_old
from storage.writing.transaction import Operation, Tx
from worker.turns import give_turn_back, take_turn
from worker.work import Work

EVERY_SECONDS = 600.0
_LEASE_SECONDS = 900.0
_AT_ONCE = 5_000
_KEYS_AT_ONCE = 500  # each is a condition of its own, and SQLite nests at most 1,000

log = logging.getLogger("simpul.worker")


class Sweeping:
    """Sweeps every ten minutes. The lease is kept in between, so that one process does it for all."""

    def __init__(self, work: Work, holder: str) -> None:
        self._work = work
        self._holder = holder
        self._lease: Lease | None = None

    async def round(self) -> float:
        """Sweeps once; returns the seconds until the next time."""
        self._lease = lease = await take_turn(self._work, "sweeping", self._holder, _LEASE_SECONDS)
        if lease is None:
            return EVERY_SECONDS
        await self._sweep_photos()
        old = now_in_micros() - KEYS_KEPT
        pruning = Operation(partial(_prune, lease=lease, older_than=old))
        while await self._work.store.write(pruning):
            pass
        return EVERY_SECONDS

    async def leave(self) -> None:
        """Lets another process sweep at once."""
        if self._lease is not None:
            await give_turn_back(self._work, self._lease)
            self._lease = None

    async def _sweep_photos(self) -> None:
        """A bucket that is out keeps nothing else from being cleared away; what lies in it waits for the next round."""
        try:
            await sweep(self._work.photos, self._referenced, datetime.now(UTC) - GRACE)
        except PhotoStoreUnavailable as error:
            log.warning("photos could not be swept: %s", error)

    async def _referenced(self, keys: Sequence[str]) -> set[str]:
        return await self._work.store.read(_in_use, keys)


def _in_use(conn: Connection, keys: Sequence[str]) -> set[str]:
    rows = conn.execute(
        select(photos.c.file_key, photos.c.thumbnail_key).where(
            or_(photos.c.file_key.in_(keys), photos.c.thumbnail_key.in_(keys))
        )
    )
    return {key for row in rows for key in row if key is not None}


def _prune(tx: Tx, lease: Lease, older_than: int) -> bool:
    """Takes away some of what is old; whether there may be more."""
    require_lease(tx.conn, lease)
    forget_revocations(tx, now_in_micros())
    emptied, forgotten = prune_facets(tx.conn, older_than, _AT_ONCE), forget_old(tx, older_than, _KEYS_AT_ONCE)
    return emptied == _AT_ONCE or forgotten == _KEYS_AT_ONCE
