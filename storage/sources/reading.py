"""Sources as they are read: all, some, how many records each has brought that a viewer may see."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, true

from domain.visibility import Visibility
from domain.vocabulary import SourceKind
from storage.lapor import seen_tickets
from storage.rollups.keeping import counted_for
from storage.rows import SourceRow
from storage.statements.prepared import many, prepared
from storage.tables import flood_areas, flood_gauges, lapor_tickets, rollup_area, sources
from storage.tables.rollups import ALL

_COLUMNS = [sources.c[name] for name in SourceRow.__dataclass_fields__]


def known_sources(visibility: Visibility) -> ColumnElement[bool]:
    """The sources that this class may know of. A partner is made one by its first report: were that confidential, the
    source alone would tell of it. So partners are told to those who see a report of theirs."""
    told = select(rollup_area.c.source_id).where(
        counted_for(visibility, rollup_area),
        rollup_area.c.area_id == ALL,
        rollup_area.c.source_id == sources.c.id,
        rollup_area.c.total > 0,
    )
    return or_(sources.c.kind != SourceKind.PARTNER, told.correlate(sources).exists())


def all_sources(conn: Connection, visibility: Visibility | None = None) -> list[SourceRow]:
    """Every source that this class may know of (None: that there is), the hub's own first, the others by name."""
    order = (sources.c.kind != SourceKind.HUB, sources.c.name, sources.c.id)
    known = true() if visibility is None else known_sources(visibility)
    return [SourceRow(*row) for row in conn.execute(select(*_COLUMNS).where(known).order_by(*order))]


def source_by_code(conn: Connection, code: str, visibility: Visibility | None = None) -> SourceRow | None:
    """The source of a code, if this class may know of it (None: if there is one)."""
    known = true() if visibility is None else known_sources(visibility)
    row = conn.execute(select(*_COLUMNS).where(sources.c.code == code, known)).first()
    return None if row is None else SourceRow(*row)


def sources_by_id(conn: Connection, ids: Collection[int]) -> dict[int, SourceRow]:
    """Sources by row id."""
    rows = prepared(conn, "sources by id", _by_id).rows(conn, {"ids": set(ids)})
    return {row[0]: SourceRow(*row) for row in rows}


def _by_id() -> Select[Any]:
    return select(*_COLUMNS).where(sources.c.id.in_(many("ids")))


def record_counts(conn: Connection, visibility: Visibility, ids: Sequence[int]) -> dict[int, int]:
    """How many reports, flood areas, gauges and tickets of each source this class of viewers may see."""
    wanted = sorted(set(ids))
    counts = dict.fromkeys(wanted, 0)
    told = (
        select(rollup_area.c.source_id, func.sum(rollup_area.c.total))
        .where(counted_for(visibility, rollup_area), rollup_area.c.area_id == ALL, rollup_area.c.source_id.in_(wanted))
        .group_by(rollup_area.c.source_id)
    )
    for source_id, total in conn.execute(told):
        counts[source_id] += int(total)
    for table in (flood_areas, flood_gauges):
        rows = conn.execute(
            select(table.c.source_id, func.count()).where(table.c.source_id.in_(wanted)).group_by(table.c.source_id)
        )
        for source_id, total in rows:
            counts[source_id] += total
    tickets = (
        select(lapor_tickets.c.source_id, func.count())
        .where(lapor_tickets.c.source_id.in_(wanted), seen_tickets(visibility))
        .group_by(lapor_tickets.c.source_id)
    )
    for source_id, total in conn.execute(tickets):
        counts[source_id] += total
    return counts
