"""A filter of reports whose codes and ids are rows already: as SQL for lists and counts, and in memory for streams.

Both readings must agree on every report; a test holds them together. Where a report lies is the place that this viewer
may see, and in a list of one's own reports (`mine`) the true one.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, not_, or_, select

from domain.places import Box, Point
from domain.search_query import SearchQuery
from domain.time import HOUR
from domain.visibility import Visibility
from domain.vocabulary import ReportVisibility
from storage.facets import Facets
from storage.reports.distance import millimetres_between, whole_millimetres, within
from storage.reports.searching import has_words
from storage.reports.seen import owned, place, uses_true_places, visible_reports
from storage.tables import forwardings, reports


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

    def where(self, visibility: Visibility, dialect: str, now: int) -> ColumnElement[bool]:
        """The condition of a statement on `reports`, what this viewer may see included. `now` is the hub's clock."""
        return and_(visible_reports(visibility, own=self.own), *_conditions(self, visibility, dialect, now))

    def matches(self, report_id: int, facets: Facets, at: int, visibility: Visibility) -> bool:
        """Whether a report of such facts matches at the time of an event. Whether the viewer may see it, who asks judges;
        words (`search`) and `updated_after` are no facts of an event and are left out here."""
        return all(holds(self, report_id, facets, at, visibility) for holds in _IN_MEMORY)


def _conditions(f: ResolvedFilter, visibility: Visibility, dialect: str, now: int) -> list[ColumnElement[bool]]:
    lies = place(visibility, mine=f.own)
    found: list[ColumnElement[bool]] = []
    for column, allowed in (
        (reports.c.id, f.ids),
        (reports.c.status, f.statuses),
        (reports.c.category_id, f.categories),
        (reports.c.source_id, f.sources),
        (reports.c.agency_id, f.agencies),
        (lies.area_id, f.areas),
    ):
        if allowed is not None:
            found.append(column.in_(sorted(allowed)) if allowed else false())
    if f.box is not None:
        found.append(lies.latitude.between(f.box.south, f.box.north))
        found.append(lies.longitude.between(f.box.west, f.box.east))
    if f.near is not None:
        found.append(within(lies.latitude, lies.longitude, f.near.point, f.near.metres))
    if f.search is not None:
        found.append(has_words(f.search, visibility, dialect, mine=f.own))
    if f.forwardings is not None:
        found.append(_forwarded(f.forwardings))
    return found + _times(f, now) + _flags(f, visibility)


def _times(f: ResolvedFilter, now: int) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    found += [reports.c.reported_at >= since for since in (f.earliest(now), f.reported_after) if since is not None]
    if f.reported_before is not None:
        found.append(reports.c.reported_at < f.reported_before)
    if f.updated_after is not None:
        found.append(reports.c.updated_at > f.updated_after)
    return found


def _flags(f: ResolvedFilter, visibility: Visibility) -> list[ColumnElement[bool]]:
    means = reports.c.source_status_means
    told: list[tuple[bool | None, ColumnElement[bool]]] = [
        (f.has_photos, reports.c.photo_count > 0),
        (f.breached, or_(reports.c.respond_breached, reports.c.resolve_breached)),
        (f.duplicates, reports.c.duplicate_of_id.is_not(None)),
        (f.mine, owned(visibility)),
        (f.confidential, reports.c.visibility == ReportVisibility.CONFIDENTIAL),
        (f.source_disagrees, and_(means.is_not(None), means != reports.c.status)),
    ]
    return [flag if wanted else not_(flag) for wanted, flag in told if wanted is not None]


def _forwarded(states: frozenset[str]) -> ColumnElement[bool]:
    if not states:
        return false()
    return exists(
        select(forwardings.c.id).where(forwardings.c.report_id == reports.c.id, forwardings.c.state.in_(sorted(states)))
    )


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
