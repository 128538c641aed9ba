"""The orders of a list of reports."""

from enum import StrEnum

from domain.places import Point
from domain.visibility import Visibility
from storage.reports.filter.distance import millimetres
from storage.reports.seen import place
from storage.statements.keyset import Order
from storage.tables import reports


class ReportOrder(StrEnum):
    """How a list of reports is ordered."""

    NEWEST = "NEWEST"
    OLDEST = "OLDEST"
    RECENTLY_UPDATED = "RECENTLY_UPDATED"
    NEAREST = "NEAREST"
    MOST_SUPPORTED = "MOST_SUPPORTED"
    DUE_FIRST = "DUE_FIRST"


_BY_COLUMN = {
    ReportOrder.NEWEST: Order(reports.c.reported_at, reports.c.id, descending=True),
    ReportOrder.OLDEST: Order(reports.c.reported_at, reports.c.id),
    ReportOrder.RECENTLY_UPDATED: Order(reports.c.updated_at, reports.c.id, descending=True),
    ReportOrder.MOST_SUPPORTED: Order(reports.c.support_count, reports.c.id, descending=True),
    ReportOrder.DUE_FIRST: Order(reports.c.due_at, reports.c.id, nullable=True),
}


def order_of(by: ReportOrder, visibility: Visibility, *, mine: bool = False, origin: Point | None = None) -> Order:
    """The keyset of an order; NEAREST needs the point it is counted from, and goes by the place this viewer may see."""
    if by is not ReportOrder.NEAREST:
        return _BY_COLUMN[by]
    if origin is None:
        raise ValueError("NEAREST needs a point")
    lies = place(visibility, mine=mine)
    return Order(millimetres(lies.latitude, lies.longitude, origin), reports.c.id)


def key_columns(by: ReportOrder) -> tuple[str, ...] | None:
    """The columns that hold a row's key, which everybody sees as they are; None where it is computed."""
    order = _BY_COLUMN.get(by)
    return None if order is None else tuple(str(column.key) for column in order.columns)
