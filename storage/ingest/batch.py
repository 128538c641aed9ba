"""One batch on its way into the store: what it needs to know of the hub, and what became of its records."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from shapely.errors import ShapelyError
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from domain.area_names import AreaNames
from domain.areas import AreaMap
from domain.sink import Accepted
from storage.ingest.set_aside import Aside, aside_key, kept_by_the_store
from storage.tables import areas, categories, sources
from storage.writing.transaction import Tx

log = logging.getLogger("simpul.ingest")

_OF_A_VALUE = ("22", "23", "54")
"""The classes of SQLSTATE that are a record's own fault: a value that cannot be, a constraint, something too large. Of
anything else (a full disk, no memory, a deadlock, a lost connection) the next record would die as well."""

_OF_THE_DATABASE = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_INTERRUPT,
    }
)
"""What SQLite says that is no record's fault. What it has no code for is Python's: a value that it does not bind."""

_PRIMARY = 0xFF
"""The part of SQLite's codes that is the kind; the rest tells which one."""


class Unfit(ValueError):
    """A record that the hub cannot take as it is; the text is the reason that an admin reads."""


class Outcome(StrEnum):
    """What became of one record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class CategoryFact:
    """What taking in needs of a category."""

    id: int
    agency_id: int | None


@dataclass(frozen=True, slots=True)
class SourceFact:
    """What taking in needs of a source."""

    id: int
    code: str
    kind: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The hub's codes, read once a batch."""

    categories: Mapping[str, CategoryFact]
    sources: Mapping[str, SourceFact]


def read_facts(conn: Connection) -> Facts:
    """The codes as they are now."""
    return Facts(
        {
            row.code: CategoryFact(row.id, row.agency_id)
            for row in conn.execute(select(categories.c.code, categories.c.id, categories.c.agency_id))
        },
        {
            row.code: SourceFact(row.id, row.code, row.kind)
            for row in conn.execute(select(sources.c.id, sources.c.code, sources.c.kind))
        },
    )


@lru_cache(maxsize=2)
def names_of(area_map: AreaMap) -> AreaNames:
    """The names of a map's areas."""
    return AreaNames(area_map.facts)


@dataclass(slots=True)
class Ingest:
    """A batch of one source in its transaction."""

    tx: Tx
    area_map: AreaMap
    facts: Facts
    source: SourceFact
    secret: bytes
    backfill: bool = False
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    asides: list[Aside] = field(default_factory=list)
    mapped: set[str] = field(default_factory=set)
    """Keys under which records of this batch may have been kept aside before: they leave that place."""
    told: set[str] = field(default_factory=set)
    """Numbers of reports and tickets that this batch told as they are now: what is aside of them from before is out of date."""
    _area_ids: dict[str, int] | None = None

    def area_id(self, code: str | None) -> int | None:
        """The row of an area's code."""
        if self._area_ids is None:
            self._area_ids = {row.code: row.id for row in self.tx.conn.execute(select(areas.c.code, areas.c.id))}
        return None if code is None else self._area_ids.get(code)

    def area_named(self, words: str | None) -> str | None:
        """The code of the area that a source's words mean."""
        return None if words is None else names_of(self.area_map).find(words)

    def subdistrict(self, name: str, city: str | None) -> str | None:
        """The code of a kelurahan by its name within a city."""
        return names_of(self.area_map).subdistrict(name, city)

    def category(self, code: str) -> CategoryFact:
        """A category by its code. Raises Unfit for one that the hub does not have."""
        found = self.facts.categories.get(code)
        if found is None:
            raise Unfit(f"the hub has no category {code!r}")
        return found

    def take(self, act: Callable[[], Outcome], aside: Callable[[str], Aside]) -> None:
        """Takes in one record; one that turns out unfit is kept aside with its reason, and leaves nothing else behind."""
        mark = self.tx.mark()
        savepoint = self.tx.conn.begin_nested()
        try:
            outcome = act()
            savepoint.commit()  # fails as well: SQLite writes words to their index only here
        except (Unfit, ValueError, OverflowError, DBAPIError) as fault:
            if isinstance(fault, DBAPIError) and not _is_the_records(fault):
                with suppress(DBAPIError):  # the whole transaction may be gone already
                    savepoint.rollback()
                raise
            savepoint.rollback()
            self.tx.reset(mark)
            if not isinstance(fault, Unfit):
                log.warning("a record of %s cannot be kept", self.source.code, exc_info=fault)
            self.asides.append(aside(str(fault) if isinstance(fault, Unfit) else "the store cannot keep this record"))
            return
        except BaseException:
            savepoint.rollback()
            raise
        self.counts[outcome] += 1

    def aside_key(self, kind: str, ref: str) -> str:
        """The key under which the store keeps one of this source's records aside: one row for one number."""
        return aside_key("\x1f".join((kind, self.source.code, ref)))

    def aside(self, kind: str, ref: str, reason: str, value: Any) -> Aside:
        """A record that the store cannot take as it is, on its way to being kept aside."""
        return Aside(self.aside_key(kind, ref), ref, reason, kept_by_the_store(kind, value))

    def count(self, outcome: Outcome, number: int = 1) -> None:
        """Counts records that needed no writing of their own."""
        self.counts[outcome] += number

    def hold_new_report(self, report_id: int) -> None:
        """A report made in this very transaction is nobody else's to lock: others cannot know of it yet."""
        self.tx.locked |= {f"report:{report_id}"}

    def accepted(self, set_aside: int = 0) -> Accepted:
        """What became of the batch."""
        return Accepted(
            self.counts[Outcome.CREATED],
            self.counts[Outcome.UPDATED],
            self.counts[Outcome.UNCHANGED],
            set_aside + len(self.asides),
        )


def _is_the_records(fault: DBAPIError) -> bool:
    """Whether another record would have been taken. If not, the batch fails as a whole and its source keeps it for later:
    set aside for a full disk it would be acknowledged, and every record after it."""
    if fault.connection_invalidated:
        return False
    if isinstance(fault.orig, sqlite3.Error):
        return getattr(fault.orig, "sqlite_errorcode", 0) & _PRIMARY not in _OF_THE_DATABASE
    return (getattr(fault.orig, "sqlstate", None) or "").startswith(_OF_A_VALUE)


@contextmanager
def unfit(reason: str) -> Iterator[None]:
    """What cannot be read within, because it is of another form, is unfit for this reason."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, ShapelyError) as fault:
        raise Unfit(reason) from fault
