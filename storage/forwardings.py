"""Hand-overs of reports to other systems, and what became of them."""

from sqlalchemy import Connection, select

from storage.tables import forwardings


def states_of(conn: Connection, report_id: int) -> tuple[str, ...]:
    """The states that a report's forwardings are in, each once, sorted."""
    rows = conn.execute(select(forwardings.c.state).where(forwardings.c.report_id == report_id).distinct())
    return tuple(sorted(rows.scalars()))
