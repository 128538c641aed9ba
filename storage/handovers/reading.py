"""Hand-overs of reports to other systems, as they are read. `writing.py` writes them."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, RowMapping, select, true

from domain.visibility import Visibility
from domain.vocabulary import ForwardingState
from storage.reports.seen import owned, visible_reports
from storage.rows import ForwardingRow
from storage.tables import forwardings, reports

UNDER_WAY = frozenset({ForwardingState.QUEUED, ForwardingState.SENT, ForwardingState.UNKNOWN})
"""States in which the report is not handed to the same system again."""

TO_SETTLE = frozenset({ForwardingState.UNKNOWN, ForwardingState.FAILED})
"""States that a dispatcher has to settle."""

_COLUMNS = [forwardings.c[name] for name in ForwardingRow.__dataclass_fields__]


def states_of_many(conn: Connection, report_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The states that each report's forwardings are in, each once, sorted; those without forwardings are left out."""
    rows = conn.execute(
        select(forwardings.c.report_id, forwardings.c.state)
        .where(forwardings.c.report_id.in_(sorted(set(report_ids))))
        .distinct()
        .order_by(forwardings.c.report_id, forwardings.c.state)
    )
    found: dict[int, tuple[str, ...]] = {}
    for row in rows:
        found[row.report_id] = (*found.get(row.report_id, ()), row.state)
    return found


def _shown(visibility: Visibility) -> ColumnElement[bool]:
    """Staff and the reporter see what became of a report elsewhere."""
    return true() if visibility.staff else owned(visibility)


def _select_seen(conn: Connection, visibility: Visibility, condition: ColumnElement[bool]) -> list[ForwardingRow]:
    statement = (
        select(*_COLUMNS)
        .join(reports, reports.c.id == forwardings.c.report_id)
        .where(visible_reports(visibility, own=True), _shown(visibility), condition)
        .order_by(forwardings.c.id)
    )
    return [ForwardingRow(*row) for row in conn.execute(statement)]


def forwardings_of_reports(
    conn: Connection, visibility: Visibility, report_ids: Collection[int]
) -> dict[int, list[ForwardingRow]]:
    """The forwardings of these reports, the oldest first; none for who may not see them."""
    found: dict[int, list[ForwardingRow]] = {report_id: [] for report_id in report_ids}
    for row in _select_seen(conn, visibility, forwardings.c.report_id.in_(sorted(found))):
        found[row.report_id].append(row)
    return found


def forwardings_by_id(conn: Connection, visibility: Visibility, ids: Collection[int]) -> dict[int, ForwardingRow]:
    """Forwardings by row id; none for who may not see them."""
    return {row.id: row for row in _select_seen(conn, visibility, forwardings.c.id.in_(sorted(set(ids))))}


def under_way(conn: Connection, report_id: int, source_id: int) -> int | None:
    """The forwarding of a report to a system that is on its way, arrived, or may have arrived."""
    statement = select(forwardings.c.id).where(
        forwardings.c.report_id == report_id,
        forwardings.c.source_id == source_id,
        forwardings.c.state.in_(sorted(UNDER_WAY)),
    )
    return conn.execute(statement.order_by(forwardings.c.id.desc()).limit(1)).scalar_one_or_none()


def read_forwarding(conn: Connection, forwarding_id: int) -> RowMapping:
    """A forwarding as it is kept, whoever may see it. Raises NoResultFound."""
    return conn.execute(select(forwardings).where(forwardings.c.id == forwarding_id)).mappings().one()
