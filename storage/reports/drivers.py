"""What a statement on reports may be driven by: an index, the values that are looked up in it, and how much they lead to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, literal_column, select

from domain.places import Box, bounding_box_around
from domain.squares import COARSE, FINE, Grid
from domain.visibility import Visibility
from domain.vocabulary import ReportStatus
from storage.estimates import Estimates
from storage.reports.filtering import ResolvedFilter
from storage.reports.seen import uses_true_places
from storage.tables import categories, reports

_MOST_SEEKS = 2_000
_MOST_SQUARES = 400
_ALL_STATUSES = sorted(map(str, ReportStatus))


@dataclass(frozen=True, slots=True)
class Driver:
    """An index: how many values are looked up in it, the share of all reports that they lead to, and what the statement
    asks for so that it can be used: conditions that the filter does not have, with their values."""

    index: str
    seeks: int
    share: float
    values: Callable[[], Mapping[str, Any]] = dict
    adding: Sequence[ColumnElement[bool]] = ()


def drivers_of(visibility: Visibility, f: ResolvedFilter, known: Estimates) -> Iterator[Driver]:
    """Those that a filter has values for. Its lists are not empty."""
    side = "" if uses_true_places(visibility, mine=f.own) else "public_"
    if f.sources is not None:
        yield Driver("ix_reports_source", len(f.sources), known.share_of(known.sources, f.sources))
    if f.areas is not None:
        yield from _by_area(f, side, known)
    if f.categories is not None or f.statuses is not None:
        yield from _by_kind(f, known)
    if (box := box_around(f)) is not None:
        for name, grid in (("fine", FINE), ("coarse", COARSE)):
            yield from _by_square(box, f"ix_reports_{side}{name}", side, grid, known)


def box_around(f: ResolvedFilter) -> Box | None:
    """A box that holds all that the filter wants of places."""
    return f.box if f.near is None or f.box is not None else bounding_box_around(f.near.point, f.near.metres)


def square_of(side: str, grid: Grid) -> ColumnElement[int]:
    """The square that a report lies in, as its index has it. `side`: what the columns of the place begin with."""
    return literal_column(grid.sql(f"reports.{side}latitude", f"reports.{side}longitude"), BigInteger())


@lru_cache(4)
def in_squares(side: str, grid: Grid) -> ColumnElement[bool]:
    """Whether a report lies in one of `squares`."""
    return square_of(side, grid).in_(bindparam("squares", expanding=True, type_=BigInteger()))


def _by_area(f: ResolvedFilter, side: str, known: Estimates) -> Iterator[Driver]:
    assert f.areas is not None
    share, among = known.share_of(known.areas, f.areas), len(f.categories or known.categories)
    if len(f.areas) * among > _MOST_SEEKS:
        return
    if f.categories is not None:
        share *= known.share_of(known.categories, f.categories)
        yield Driver(f"ix_reports_{side}area", len(f.areas) * among, share)
    else:
        yield Driver(f"ix_reports_{side}area", len(f.areas) * among, share, adding=(_any_category(),))


def _by_kind(f: ResolvedFilter, known: Estimates) -> Iterator[Driver]:
    share, adding = 1.0, list[ColumnElement[bool]]()
    if f.categories is None:
        adding.append(_any_category())
    else:
        share *= known.share_of(known.categories, f.categories)
    if f.statuses is None:
        adding.append(_any_status())
    else:
        share *= known.share_of(known.statuses, f.statuses)
    seeks = len(f.categories or known.categories) * len(f.statuses or _ALL_STATUSES)
    yield Driver("ix_reports_kind", seeks, share, dict if f.statuses is not None else _all_statuses, adding)


def _by_square(box: Box, index: str, side: str, grid: Grid, known: Estimates) -> Iterator[Driver]:
    squares = grid.number_over(box)
    if squares <= _MOST_SQUARES:
        share, adding = known.share_in(grid.around(box)), (in_squares(side, grid),)
        yield Driver(index, squares, share, lambda: {"squares": grid.over(box)}, adding)


def _all_statuses() -> Mapping[str, Any]:
    return {"any_status": _ALL_STATUSES}


@lru_cache(1)
def _any_category() -> ColumnElement[bool]:
    """Asked in the statement itself: a category that came a moment ago may have reports already."""
    return reports.c.category_id.in_(select(categories.c.id))


@lru_cache(1)
def _any_status() -> ColumnElement[bool]:
    return reports.c.status.in_(bindparam("any_status", expanding=True))
