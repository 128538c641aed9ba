"""A filter of reports whose codes and ids are rows already: as SQL for lists and counts, and in memory for streams.

Both readings must agree on every report; a test holds them together. Where a report lies is the place that this viewer
may see, and in a list of one's own reports (`mine`) the true one.
"""

from collections.abc import Callable, Hashable, Set
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, and_

from domain.places import Box, Point
from domain.search_query import SearchQuery
from domain.time import HOUR
from domain.visibility import Visibility
from domain.vocabulary import ReportVisibility
from storage.events.facets import Facets
from storage.reports.filter.conditions import conditions, shape_of, values_of
from storage.reports.filter.distance import millimetres_between, whole_millimetres
from storage.reports.seen import uses_true_places, visible_reports


@dataclass(frozen=True, slots=True)
class Near:
    """Within so many metres of a point."""

    point: Point
    metres: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedFilter:
    """None leaves a condition out; an empty set matches nothing. Times in microseconds.

    `statuses` has `open` worked in, `categories` and `areas` their descendants. `reported_after` is the first moment
    that counts, `reported_before` the first that does not any more; `updated_after` itself does not count, so that
    whoever asks again from the last `updatedAt` gets nothing twice. `whole_cities`: the cities that `areas` are exactly
    made of, where they are.
    """

    ids: frozenset[int] | None = None
    statuses: frozenset[str] | None = None
    categories: frozenset[int] | None = None
    sources: frozenset[int] | None = None
    agencies: frozenset[int] | None = None
    areas: frozenset[int] | None = None
    whole_cities: frozenset[int] | None = None
    box: Box | None = None
    near: Near | None = None
    reported_within_hours: int | None = None
    reported_after: int | None = None
    reported_before: int | None = None
    updated_after: int | None = None
    search: SearchQuery | None = None
    has_photos: bool | None = None
    breached: bool | None = None
    duplicates: bool | None = None
    mine: bool | None = None
    confidential: bool | None = None
    forwardings: frozenset[str] | None = None
    source_disagrees: bool | None = None

    @property
    def own(self) -> bool:
        """Whether the list is one of the viewer's own reports alone."""
        return self.mine is True

    def earliest(self, now: int) -> int | None:
        """From when on `reported_within_hours` lets reports be told."""
        return None if self.reported_within_hours is None else now - self.reported_within_hours * HOUR

    def since(self, now: int) -> int | None:
        """The first moment that counts of those that reports were told at, by both conditions."""
        earliest = self.earliest(now)
        if earliest is None or self.reported_after is None:
            return self.reported_after if earliest is None else earliest
        return max(earliest, self.reported_after)

    def has_only(self, *names: str) -> bool:
        """Whether no condition but these is set (`whole_cities` is none by itself)."""
        allowed = {*names, "whole_cities"}
        return all(getattr(self, field.name) is None for field in fields(self) if field.name not in allowed)

    def in_areas(self, areas: Set[int], whole_cities: frozenset[int] | None = None) -> "ResolvedFilter":
        """This filter, and within these areas too."""
        if self.areas is None:
            return replace(self, areas=frozenset(areas), whole_cities=whole_cities)
        both = None if self.whole_cities is None or whole_cities is None else self.whole_cities & whole_cities
        return replace(self, areas=self.areas & areas, whole_cities=both)

    def where(
        self, visibility: Visibility, dialect: str, now: int, *, since: bool = False, until: bool = False
    ) -> ColumnElement[bool]:
        """The condition of a statement on `reports`, what this viewer may see included. `now` is the hub's clock.

        Its values are named, and given with it. A statement that is kept for all filters of one `shape` is run with the
        `values` of each; `since`, `until`: see storage.reports.filter.conditions.
        """
        asked = conditions(self, visibility, dialect, now, since=since, until=until)
        return and_(visible_reports(visibility, own=self.own), *asked)

    def shape(self) -> Hashable:
        """What the text of `where` depends on, but for the viewer."""
        return shape_of(self)

    def values(self, dialect: str, now: int) -> dict[str, Any]:
        """The values of `where` by name."""
        return values_of(self, dialect, now)

    def matches(self, report_id: int, facets: Facets, at: int, visibility: Visibility) -> bool:
        """Whether a report of such facts matches at the time of an event. Whether the viewer may see it, who asks judges;
        words (`search`) and `updated_after` are no facts of an event and are left out here."""
        return all(holds(self, report_id, facets, at, visibility) for holds in _IN_MEMORY)


_Judge = Callable[[ResolvedFilter, int, Facets, int, Visibility], bool]


def _allows(f: ResolvedFilter, report_id: int, facets: Facets, _at: int, visibility: Visibility) -> bool:
    true_place = uses_true_places(visibility, mine=f.own)
    pairs: tuple[tuple[frozenset[Any] | None, Any], ...] = (
        (f.ids, report_id),
        (f.statuses, facets.status),
        (f.categories, facets.category_id),
        (f.sources, facets.source_id),
        (f.agencies, facets.agency_id),
        (f.areas, facets.area_id if true_place else facets.public_area_id),
    )
    return all(allowed is None or value in allowed for allowed, value in pairs)


def _lies_within(f: ResolvedFilter, _id: int, facets: Facets, _at: int, visibility: Visibility) -> bool:
    if f.box is None and f.near is None:
        return True
    true_place = uses_true_places(visibility, mine=f.own)
    latitude = facets.latitude if true_place else facets.public_latitude
    longitude = facets.longitude if true_place else facets.public_longitude
    if latitude is None or longitude is None:
        return False
    point = Point(latitude, longitude)
    if f.box is not None and not f.box.contains(point):
        return False
    return f.near is None or millimetres_between(f.near.point, point) <= whole_millimetres(f.near.metres)


def _was_told_in_time(f: ResolvedFilter, _id: int, facets: Facets, at: int, _visibility: Visibility) -> bool:
    if any(since is not None and facets.reported_at < since for since in (f.earliest(at), f.reported_after)):
        return False
    return f.reported_before is None or facets.reported_at < f.reported_before


def _has_flags(f: ResolvedFilter, report_id: int, facets: Facets, _at: int, visibility: Visibility) -> bool:
    told = (
        (f.has_photos, facets.has_photos),
        (f.breached, facets.breached),
        (f.duplicates, facets.duplicate),
        (f.mine, visibility.owns(report_id, facets.reporter_id)),
        (f.confidential, facets.visibility == ReportVisibility.CONFIDENTIAL),
        (f.source_disagrees, facets.source_disagrees),
    )
    if any(wanted is not None and wanted != flag for wanted, flag in told):
        return False
    return f.forwardings is None or not f.forwardings.isdisjoint(facets.forwardings)


_IN_MEMORY: tuple[_Judge, ...] = (_allows, _has_flags, _was_told_in_time, _lies_within)
