"""Areas, categories and agencies in memory: they are few, public, and hardly ever change.

Areas and agencies are only ever added. What changes of a category is whether it is sensitive, and that raises the log's
epoch: whoever polls the log forgets what he kept, and who changed it does so at once (docs/decisions/rows.md). Until they
are read anew, and for rows that are not among them, the store is asked in the operation's own snapshot.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection

from storage.events.appending import read_head
from storage.reference import all_agencies, all_areas, all_categories
from storage.rows import AgencyRow, AreaRow, CategoryRow

R = TypeVar("R", AreaRow, CategoryRow)
log = logging.getLogger("simpul.store")


@dataclass(frozen=True)
class Reference:
    """What there is, by row id, in an epoch of the log."""

    epoch: int
    areas: Mapping[int, AreaRow]
    categories: Mapping[int, CategoryRow]
    agencies: Mapping[int, AgencyRow]

    @cached_property
    def areas_by_code(self) -> Mapping[str, AreaRow]:
        """The areas by code."""
        return {row.code: row for row in self.areas.values()}

    @cached_property
    def categories_by_code(self) -> Mapping[str, CategoryRow]:
        """The categories by code."""
        return {row.code: row for row in self.categories.values()}

    @cached_property
    def agencies_by_code(self) -> Mapping[str, AgencyRow]:
        """The agencies by code."""
        return {row.code: row for row in self.agencies.values()}

    @cached_property
    def within_areas(self) -> Mapping[int, frozenset[int]]:
        """Each area's id with those of all areas within it, itself included."""
        return _with_all_below(self.areas.values())

    @cached_property
    def within_categories(self) -> Mapping[int, frozenset[int]]:
        """Each category's id with those of its children, itself included."""
        return _with_all_below(self.categories.values())


def _with_all_below(rows: Iterable[R]) -> dict[int, frozenset[int]]:
    parents = {row.id: row.parent_id for row in rows}
    below: dict[int, set[int]] = {row_id: set() for row_id in parents}
    for row_id in parents:
        above: int | None = row_id
        while above is not None and row_id not in below[above]:
            below[above].add(row_id)
            above = parents.get(above)
    return {row_id: frozenset(ids) for row_id, ids in below.items()}


def read_reference(conn: Connection) -> Reference:
    """All of it, as this snapshot sees it."""
    return Reference(
        read_head(conn).epoch,
        {row.id: row for row in all_areas(conn)},
        {row.id: row for row in all_categories(conn, include_inactive=True)},
        {row.id: row for row in all_agencies(conn)},
    )


Read = Callable[[Callable[[Connection], Reference]], Awaitable[Reference]]


class ReferenceKept:
    """What one process keeps. `read` reads in a snapshot of its own."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._kept: Reference | None = None
        self._reading: asyncio.Task[None] | None = None
        self._changes = 0

    def known(self) -> Reference | None:
        """What is kept; None while it is being read, which nobody waits for."""
        if self._kept is None and self._reading is None:
            self._reading = asyncio.create_task(self._fill(), name="reference data")
        return self._kept

    async def filled(self) -> Reference | None:
        """What is kept, once it was read; None where it changed meanwhile or could not be read."""
        self.known()
        if self._reading is not None:
            await asyncio.wait((self._reading,))
        return self._kept

    def forget(self) -> None:
        """Something changed: what is being read may be of before, and is not kept either."""
        self._changes += 1
        self._kept = None

    def see_epoch(self, epoch: int) -> None:
        """The log's epoch as it was just read: another than that of what is kept means that something changed."""
        if self._kept is not None and self._kept.epoch != epoch:
            self.forget()

    async def stop(self) -> None:
        """Leaves off reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _fill(self) -> None:
        changes = self._changes
        try:
            found = await self._read(read_reference)
            if changes == self._changes:
                self._kept = found
        except Exception:
            log.warning("the reference data could not be read", exc_info=True)
        finally:
            self._reading = None
