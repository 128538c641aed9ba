"""The three roll-ups made anew from the reports: what they must be at any time, however they came to be."""

from sqlalchemy import Connection, delete, select

from storage.events.facets import read_many_facets
from storage.rollups.keeping import RollupChanges
from storage.tables import reports, rollup_area, rollup_cell, rollup_day

_AT_ONCE = 500


def rebuild_rollups(conn: Connection) -> int:
    """Counts every report anew; gives their number. Nobody may write meanwhile."""
    for table in (rollup_area, rollup_day, rollup_cell):
        conn.execute(delete(table))
    last, total = 0, 0
    while ids := _next_ids(conn, last):
        changes = RollupChanges()
        for facets in read_many_facets(conn, ids).values():
            changes.move(None, facets)
        changes.write(conn)
        last, total = ids[-1], total + len(ids)
    return total


def _next_ids(conn: Connection, last: int) -> list[int]:
    statement = select(reports.c.id).where(reports.c.id > last).order_by(reports.c.id).limit(_AT_ONCE)
    return list(conn.execute(statement).scalars())
