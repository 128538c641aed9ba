"""What lists and counts of reports are asked: by whom, for which, and when."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement

from domain.visibility import Visibility
from storage.reports.filter.filtering import ResolvedFilter
from storage.reports.seen import viewer_shape, viewer_values
from storage.rollups.estimates import Estimates


@dataclass(frozen=True, slots=True)
class Question:
    """The reports that match a filter, as one viewer may see them. `now` is the hub's clock in microseconds, which a page and
    its count share; `known` is what the way to the reports is chosen by, and changes no answer."""

    visibility: Visibility
    wanted: ResolvedFilter
    now: int
    known: Estimates | None = None

    def of(self, wanted: ResolvedFilter) -> "Question":
        """The same with another filter."""
        return replace(self, wanted=wanted)

    def where(self, dialect: str, *, since: bool = False, until: bool = False) -> ColumnElement[bool]:
        """The condition in SQL; `since` and `until` as ResolvedFilter.where has them."""
        return self.wanted.where(self.visibility, dialect, self.now, since=since, until=until)

    @property
    def shape(self) -> tuple[Hashable, Hashable]:
        """What the text of a statement depends on."""
        return viewer_shape(self.visibility), self.wanted.shape()

    def values(self, dialect: str) -> dict[str, Any]:
        """What a statement of this shape is given."""
        return {**viewer_values(self.visibility), **self.wanted.values(dialect, self.now)}
