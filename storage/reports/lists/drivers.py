"""What a statement on reports may be driven by: an index, the values that are looked up in it, and how much they lead to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, literal_column, select

from domain.squares import COARSE, FINE, Grid
from domain.visibility import Visibility
from domain.vocabulary import ReportStatus
from storage.reports.filter.filtering import ResolvedFilter
from storage.reports.lists.shares import Shares
from storage.reports.seen import uses_true_places
from storage.rollups.estimates import MOST_SQUARES, Estimates
from storage.tables import categories, reports

_MOST_SEEKS = 2_000
"""Values that one statement looks up: two milliseconds (`_SEEK`) before it has found anything."""
_ALL_STATUSES = sorted(map(str, ReportStatus))


_SEEK, _ENTRY, _ROW = 0.9, 0.15, 1.0
"""What it costs to look up a value in an index, to look at an entry of it, and at the report that this stands for:
microseconds, of which only the ratios count."""


@dataclass(frozen=True, slots=True)
class Driver:
    """An index: how many values are looked up in it, the share of all reports that they lead to, and the part of these of
    which the report itself has to be looked at, since the entry tells no more. `adding`: what the statement asks for so
    that the index can be used: conditions that the filter does not have, with their `values`."""

    index: str
    seeks: int
    share: float
    looked_at: float
    values: Callable[[], Mapping[str, Any]] = dict
    adding: Sequence[ColumnElement[bool]] = ()

    def cost(self, entries: float) -> float:
        """What it takes to go over so many entries."""
        return self.seeks * _SEEK + entries * (_ENTRY + _ROW * self.looked_at)


def drivers_of(visibility: Visibility, f: ResolvedFilter, known: Estimates, shares: Shares) -> Iterator[Driver]:
    """Those that a filter has values for. Its lists are not empty."""
    side = "" if uses_true_places(visibility, mine=f.own) else "public_"
    if f.sources is not None:
        yield Driver("ix_reports_source", len(f.sources), shares.sources, 1.0)
    if f.areas is not None:
        yield from _by_area(f, side, known, shares)
    if f.categories is not None or f.statuses is not None:
        yield from _by_kind(f, known, shares)
    if shares.box is not None:
        yield from _by_fine_square(side, known, shares)
        yield from _by_coarse_square(f, side, known, shares)


def square_of(side: str, grid: Grid) -> ColumnElement[int]:
    """The square that a report lies in, as its index has it. `side`: what the columns of the place begin with."""
    return literal_column(grid.sql(f"reports.{side}latitude", f"reports.{side}longitude"), BigInteger())


@lru_cache(4)
def in_squares(side: str, grid: Grid) -> ColumnElement[bool]:
    """Whether a report lies in one of `squares`."""
    return square_of(side, grid).in_(bindparam("squares", expanding=True, type_=BigInteger()))


def _by_area(f: ResolvedFilter, side: str, known: Estimates, shares: Shares) -> Iterator[Driver]:
    seeks = len(f.areas or ()) * len(f.categories or known.categories)
    if seeks <= _MOST_SEEKS:
        adding = () if f.categories is not None else (_any_category(),)
        looked_at = shares.statuses * shares.sources
        yield Driver(f"ix_reports_{side}area", seeks, shares.areas * shares.categories, looked_at, adding=adding)


def _by_kind(f: ResolvedFilter, known: Estimates, shares: Shares) -> Iterator[Driver]:
    adding = [*([_any_category()] if f.categories is None else []), *([_any_status()] if f.statuses is None else [])]
    seeks = len(f.categories or known.categories) * len(f.statuses or _ALL_STATUSES)
    values = dict if f.statuses is not None else _all_statuses
    yield Driver("ix_reports_kind", seeks, shares.categories * shares.statuses, shares.sources, values, adding)


def _by_fine_square(side: str, known: Estimates, shares: Shares) -> Iterator[Driver]:
    assert shares.box is not None
    box, squares = shares.box, FINE.number_over(shares.box)
    if squares <= MOST_SQUARES:
        looked_at = shares.categories * shares.statuses * shares.sources * shares.areas_in_box
        share, adding = known.share_in(FINE.around(box)), (in_squares(side, FINE),)
        yield Driver(f"ix_reports_{side}fine", squares, share, looked_at, lambda: {"squares": FINE.over(box)}, adding)


def _by_coarse_square(f: ResolvedFilter, side: str, known: Estimates, shares: Shares) -> Iterator[Driver]:
    assert shares.box is not None
    box, squares = shares.box, COARSE.number_over(shares.box)
    seeks = squares * len(f.categories or known.categories)
    if squares <= MOST_SQUARES and seeks <= _MOST_SEEKS:
        looked_at = shares.statuses * shares.sources * shares.areas_in_box
        share = known.share_in(COARSE.around(box)) * shares.categories
        adding = [in_squares(side, COARSE), *([_any_category()] if f.categories is None else [])]
        yield Driver(f"ix_reports_{side}coarse", seeks, share, looked_at, lambda: {"squares": COARSE.over(box)}, adding)


def _all_statuses() -> Mapping[str, Any]:
    return {"any_status": _ALL_STATUSES}


@lru_cache(1)
def _any_category() -> ColumnElement[bool]:
    """Asked in the statement itself: a category that came a moment ago may have reports already."""
    return reports.c.category_id.in_(select(categories.c.id))


@lru_cache(1)
def _any_status() -> ColumnElement[bool]:
    return reports.c.status.in_(bindparam("any_status", expanding=True))
