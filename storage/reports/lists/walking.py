"""How a statement gets to the reports that a filter asks for: by which index, and how far back in time at first.

The store's own planner knows neither how many reports a category has nor that ten would do, so it reads all of a city and
sorts them for the newest fifty. We know about both (storage/rollups/estimates.py) and say which index is walked. Most filters ask
for several values of what an index begins with, and then its order of time holds within each value only. Such a list is
read in *stretches* of time: first from a moment after which the filter has about as many reports as are wanted; if there
were too few, from longer and longer stretches before that. So a wrong guess costs time and no rows.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select

from domain.visibility import Visibility
from storage.reports.filter.conditions import SINCE, UNTIL
from storage.reports.filter.filtering import ResolvedFilter
from storage.reports.lists.drivers import Driver, drivers_of
from storage.reports.lists.ordering import ReportOrder
from storage.reports.lists.shares import shares_of
from storage.reports.question import Question
from storage.rollups.estimates import Estimates
from storage.statements.keyset import PREVIOUS, Span
from storage.tables import reports

_VISIT = 0.5
"""What it costs to look at a report in the order of time, as the costs of drivers are counted: its neighbours are at hand."""

_FIRST_STRETCH = 1.6
"""How many times the rows that are wanted the first stretch holds by estimate: more than once, since estimates are rough and a
second statement costs more than to sort some thirty rows for nothing."""
_LONGER = 2
"""How many times as long each stretch is as the one before: a few statements get anywhere, and the last of them reads no more
than about as much again as all before it."""
_MOST_STRETCHES = 12
"""Eleven of them hold by estimate three thousand times the rows that are wanted; where those are not enough the estimate is
wrong, and the last is all that is left."""
_EARLIEST, _LATEST = -(2**62), 2**62
"""Moments where there is no bound: beyond those of all reports, and whole numbers of 64 bits in both stores."""

Moment = int | None
Bounds = tuple[Moment, Moment]
"""The first moment that counts, and the first that does not any more."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A way. `index` is SQLite's hint; `since`, `until`: the statement has these bounds; `adding`: what it asks for
    besides the filter; `stretches`: values by name, to be given one after the other until a page is full."""

    index: str | None
    since: bool = False
    until: bool = False
    stretches: Sequence[Mapping[str, Any]] = ({},)
    adding: Sequence[ColumnElement[bool]] = ()

    @property
    def shape(self) -> Hashable:
        """What the text of the statement depends on, besides the filter's shape and the viewer."""
        return (self.index, self.since, self.until)

    def hinted(self, statement: Select[Any]) -> Select[Any]:
        """The statement with what the way adds to it."""
        added = statement.where(*self.adding)
        return added if self.index is None else added.with_hint(reports, f"INDEXED BY {self.index}", "sqlite")


AS_THE_STORE_THINKS = Walk(None)

_ORDERS = {
    ReportOrder.NEWEST: "ix_reports_newest",
    ReportOrder.OLDEST: "ix_reports_newest",
    ReportOrder.RECENTLY_UPDATED: "ix_reports_updated",
    ReportOrder.MOST_SUPPORTED: "ix_reports_supported",
}


def way_to_page(question: Question, by: ReportOrder, span: Span) -> Walk:
    """The way to one page of a list."""
    visibility, f, now, known = question.visibility, question.wanted, question.now, question.known
    if known is None or not known.total or _found_otherwise(f):
        return AS_THE_STORE_THINKS
    wanted, index = span.size + 1, _ORDERS.get(by)
    if by in (ReportOrder.NEWEST, ReportOrder.OLDEST):
        falling = (by is ReportOrder.NEWEST) != span.backward
        return _timed(visibility, f, wanted, _bounds(f, by, span, now), known, falling=falling)
    best, costs = _of_all(visibility, f, now, known)
    if index is not None and min(known.total, wanted / shares_of(f, known).whole) * _VISIT < costs:
        return Walk(index)
    return best


def way_beside(question: Question, by: ReportOrder, span: Span, side: str) -> Walk | None:
    """The way to any report on one side of a page, the row of the cursor included; None: the store's own."""
    f, known = question.wanted, question.known
    key = span.after if side == PREVIOUS else span.before
    timed = by in (ReportOrder.NEWEST, ReportOrder.OLDEST)
    if known is None or not known.total or _found_otherwise(f) or not timed or key is None or key[0] is None:
        return None
    low, high = f.since(question.now), f.reported_before
    later = (by is ReportOrder.NEWEST) == (side == PREVIOUS)
    if later:
        low = key[0] if low is None else max(low, key[0])
    else:
        high = key[0] + 1 if high is None else min(high, key[0] + 1)
    return _timed(question.visibility, f, 1, (low, high), known, falling=not later)


def way_to_all(question: Question) -> Walk:
    """The way to all reports that match, to count them."""
    known = question.known
    if known is None or not known.total or _found_otherwise(question.wanted):
        return AS_THE_STORE_THINKS
    return _of_all(question.visibility, question.wanted, question.now, known)[0]


def _found_otherwise(f: ResolvedFilter) -> bool:
    """What ids, words, changes and whose reports they are find, the store finds by those; and nothing at all by itself."""
    if f.ids is not None or f.search is not None or f.updated_after is not None or f.own:
        return True
    named = (f.areas, f.categories, f.statuses, f.sources, f.agencies)
    return any(each is not None and not each for each in named)


def _bounds(f: ResolvedFilter, by: ReportOrder, span: Span, now: int) -> Bounds:
    """By the filter and by the cursors."""
    first, last = (span.after, span.before) if by is ReportOrder.OLDEST else (span.before, span.after)
    low, high = f.since(now), f.reported_before
    if first is not None and first[0] is not None:
        low = first[0] if low is None else max(low, first[0])
    if last is not None and last[0] is not None:
        high = last[0] + 1 if high is None else min(high, last[0] + 1)
    return low, high


def _timed(
    visibility: Visibility, f: ResolvedFilter, wanted: int, bounds: Bounds, known: Estimates, *, falling: bool
) -> Walk:
    """The newest, or the oldest, between two moments."""
    shares, told = shares_of(f, known), known.told_between(*bounds)
    share = shares.whole
    chosen, cost = None, min(told, wanted / share) * _VISIT
    for each in drivers_of(visibility, f, known, shares):
        entries = min(told * share, _FIRST_STRETCH * wanted) * max(each.share / share, 1.0)
        if each.cost(entries) < cost:
            chosen, cost = each, each.cost(entries)
    if chosen is None:
        return _walk(None, [bounds])
    if chosen.seeks == 1:
        return _walk(chosen, [bounds])
    return _walk(chosen, list(_stretches(_FIRST_STRETCH * wanted / share, bounds, known, falling=falling)))


def _stretches(told: float, bounds: Bounds, known: Estimates, *, falling: bool) -> Iterator[Bounds]:
    """One behind the other, in which so many reports were told, then more and more; together they are what is between the
    bounds. The last is what is left: at most twice as much as the next would be, if there are not too many."""
    low, high = bounds
    before = 0.0 if low is None else known.told_before(low)
    until = float(known.total) if high is None else known.told_before(high)
    for _ in range(_MOST_STRETCHES - 1):
        if told * 2 >= until - before:
            break
        edge = known.moment_of(until - told if falling else before + told)
        if (low is None or low < edge) and (high is None or edge < high):
            yield (edge, high) if falling else (low, edge)
            low, high = (low, edge) if falling else (edge, high)
        told *= _LONGER
    yield low, high


def _walk(chosen: Driver | None, stretches: Sequence[Bounds]) -> Walk:
    since, until = (any(stretch[n] is not None for stretch in stretches) for n in range(2))
    values = {} if chosen is None else chosen.values()
    given = [{**values, **_bounded(stretch, since=since, until=until)} for stretch in stretches]
    if chosen is None:
        return Walk(_ORDERS[ReportOrder.NEWEST], since, until, given)
    return Walk(chosen.index, since, until, given, chosen.adding)


def _bounded(stretch: Bounds, *, since: bool, until: bool) -> dict[str, int]:
    found: dict[str, int] = {}
    low, high = stretch
    if since:
        found[SINCE] = _EARLIEST if low is None else low
    if until:
        found[UNTIL] = _LATEST if high is None else high
    return found


def _of_all(visibility: Visibility, f: ResolvedFilter, now: int, known: Estimates) -> tuple[Walk, float]:
    """The way to everything that matches, and what it costs."""
    low, high = f.since(now), f.reported_before
    told = known.told_between(low, high)
    best, cost = None, told * _VISIT
    for each in drivers_of(visibility, f, known, shares_of(f, known)):
        if each.cost(told * each.share) < cost:
            best, cost = each, each.cost(told * each.share)
    if best is not None:
        return Walk(best.index, stretches=(best.values(),), adding=best.adding), cost
    timed = low is not None or high is not None
    return Walk(_ORDERS[ReportOrder.NEWEST]) if timed else AS_THE_STORE_THINKS, cost
