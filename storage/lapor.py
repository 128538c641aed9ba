"""Reads LAPOR's tickets and the agencies' responses, as far as a viewer may see them.

A ticket that is joined to a report is seen exactly by those who see the report, and by nobody to whom the report's place
is moved: its words and its area would tell the true one. So is one that repeats a report without being joined to it. Any
other is everybody's, but for those that LAPOR keeps confidential and those that are held back until a forwarding is
settled.
"""

from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, not_, or_, select

from domain.visibility import Visibility
from storage.reports.seen import blurred, viewer_shape, viewer_values, visible_reports
from storage.rows import LaporResponseRow, LaporTicketRow, Page
from storage.statements.keyset import Order, Span, read_page
from storage.statements.lean import columns_of, maker_of
from storage.statements.prepared import many, prepared
from storage.statements.time_limit import limited
from storage.tables import lapor_responses, lapor_tickets, reports

_TICKET = [lapor_tickets.c[name] for name in LaporTicketRow._fields]
_RESPONSE = [lapor_responses.c[name] for name in LaporResponseRow._fields]
_LAST_CHANGED_FIRST = Order(lapor_tickets.c.ticket_updated_at, lapor_tickets.c.id, descending=True, nullable=True)


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """None leaves a condition out; no statuses at all match nothing. `updated_after` itself does not count."""

    statuses: frozenset[str] | None = None
    updated_after: int | None = None

    def where(self) -> ColumnElement[bool]:
        """The condition on `lapor_tickets`."""
        conditions: list[ColumnElement[bool]] = []
        if self.statuses is not None:
            of_these = lapor_tickets.c.status.in_(sorted(self.statuses)) if self.statuses else false()
            conditions.append(of_these)
        if self.updated_after is not None:
            conditions.append(lapor_tickets.c.ticket_updated_at > self.updated_after)
        return and_(True, *conditions)


def seen_tickets(visibility: Visibility, *, own: bool = False) -> ColumnElement[bool]:
    """The tickets that this viewer may see; with `own` also those of reports that it told itself."""
    apart: list[ColumnElement[bool]] = [lapor_tickets.c.report_id.is_(None)]
    if not visibility.all_confidential:
        apart += [lapor_tickets.c.confidential.is_(False), lapor_tickets.c.held.is_(False)]
    echoes_none = lapor_tickets.c.echoed_id.is_(None)
    apart.append(or_(echoes_none, _seen_as_it_is(lapor_tickets.c.echoed_id, visibility, own=own)))
    return or_(and_(*apart), _seen_as_it_is(lapor_tickets.c.report_id, visibility, own=own))


def _seen_as_it_is(report_id: ColumnElement[Any], visibility: Visibility, *, own: bool) -> ColumnElement[bool]:
    """Whether the viewer sees the report, with its true place."""
    seen = select(reports.c.id).where(
        reports.c.id == report_id, visible_reports(visibility, own=own), not_(blurred(visibility, own=own))
    )
    return seen.correlate(lapor_tickets).exists()


def _looked_up(
    conn: Connection,
    visibility: Visibility,
    column: str,
    asked: Collection[Any],
    columns: Set[str] | None = None,
) -> list[LaporTicketRow]:
    wanted = columns_of(LaporTicketRow, columns, "id", column)

    def build() -> Select[Any]:
        named = lapor_tickets.c[column].in_(many("asked"))
        read = [lapor_tickets.c[name] for name in wanted]
        return select(*read).where(named, seen_tickets(visibility, own=True)).order_by(lapor_tickets.c.id)

    statement = prepared(conn, ("tickets by", column, wanted, viewer_shape(visibility)), build)
    found = statement.rows(conn, {**viewer_values(visibility), "asked": set(asked)})
    return list(map(maker_of(LaporTicketRow, wanted), found))


def ticket_by_tracking_id(conn: Connection, visibility: Visibility, tracking_id: str) -> LaporTicketRow | None:
    """The ticket that LAPOR gave this number."""
    return next(iter(_looked_up(conn, visibility, "tracking_id", [tracking_id])), None)


def tickets_by_id(conn: Connection, visibility: Visibility, ids: Collection[int]) -> dict[int, LaporTicketRow]:
    """Tickets by row id."""
    found = _looked_up(conn, visibility, "id", ids)
    return {row.id: row for row in found}


def tickets_of_reports(
    conn: Connection, visibility: Visibility, report_ids: Collection[int], columns: Set[str] | None = None
) -> dict[int, LaporTicketRow]:
    """The ticket of each report that has one; of several the one that the hub had last. `columns`: what is read of it."""
    found = _looked_up(conn, visibility, "report_id", report_ids, columns)
    return {row.report_id: row for row in found if row.report_id is not None}


def _matching(visibility: Visibility, wanted: TicketFilter, *columns: ColumnElement[Any]) -> Select[Any]:
    return select(*columns).select_from(lapor_tickets).where(wanted.where(), seen_tickets(visibility))


def list_tickets(conn: Connection, visibility: Visibility, wanted: TicketFilter, span: Span) -> Page[LaporTicketRow]:
    """A page of the tickets that match, those that changed last at LAPOR first and those without a time at the end."""
    matching = _matching(visibility, wanted, *_TICKET)
    return read_page(conn, matching, _LAST_CHANGED_FIRST, span, lambda row: LaporTicketRow(*row))


def count_tickets(conn: Connection, visibility: Visibility, wanted: TicketFilter, seconds: float) -> int:
    """The number of tickets that match. Raises CountTimedOut."""
    with limited(conn, seconds):
        return int(conn.execute(_matching(visibility, wanted, func.count())).scalar_one())


def responses_of(conn: Connection, ticket_ids: Sequence[int]) -> dict[int, list[LaporResponseRow]]:
    """What agencies answered to each of these tickets, oldest first; whoever sees a ticket sees its responses."""
    found: dict[int, list[LaporResponseRow]] = {each: [] for each in ticket_ids}
    for row in map(LaporResponseRow._make, prepared(conn, "responses", _responses).rows(conn, {"tickets": found})):
        found[row.ticket_id].append(row)
    return found


def _responses() -> Select[Any]:
    of_tickets = select(*_RESPONSE).where(lapor_responses.c.ticket_id.in_(many("tickets")))
    return of_tickets.order_by(lapor_responses.c.at, lapor_responses.c.position)
