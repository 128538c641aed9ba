"""The filter of reports as a client gives it, understood: codes and ids become rows, what makes no sense is refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from domain.places import Box, Point
from domain.sealing import Kind
from domain.search_query import SearchQuery, SearchRefused, parse_search
from domain.time import micros
from domain.visibility import Visibility
from domain.vocabulary import OPEN_STATUSES, ForwardingState, ReportStatus, Role
from resolvers.context import Context
from resolvers.errors import BadUserInput, Forbidden, Unauthenticated
from resolvers.permissions import require, ruled_by_role
from resolvers.viewer import Viewer
from storage.clock import now_in_micros
from storage.reports.filter.filtering import Near, ResolvedFilter
from storage.reports.filter.naming import (
    Named,
    UnknownCode,
    lie_in_no_city,
    named_by_reference,
    rows_named,
    sources_named,
)
from storage.reports.question import Question

MAX_IDS = 100
MAX_CODES = 1_000
EARTH_HALF_ROUND_M = 20_100_000
MAX_HOURS = 24 * 366 * 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BoundingBoxFilter:
    """A rectangle in degrees, edges included."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class NearFilter:
    """A circle; degrees and metres."""

    latitude: float
    longitude: float
    within_meters: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """As the contract has it. None: left out or null; lists are tuples, so that equal filters are one. An empty list
    matches nothing."""

    ids: tuple[str, ...] | None = None
    statuses: tuple[ReportStatus, ...] | None = None
    open: bool | None = None
    categories: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    agencies: tuple[str, ...] | None = None
    areas: tuple[str, ...] | None = None
    within: BoundingBoxFilter | None = None
    near: NearFilter | None = None
    reported_within_hours: int | None = None
    reported_after: datetime | None = None
    reported_before: datetime | None = None
    updated_after: datetime | None = None
    search: str | None = None
    has_photos: bool | None = None
    breached: bool | None = None
    duplicates: bool | None = None
    mine: bool | None = None
    confidential: bool | None = None
    forwardings: tuple[ForwardingState, ...] | None = None
    source_disagrees: bool | None = None


NO_FILTER = ReportFilter()

_RULED = {
    re.sub("[A-Z]", lambda big: f"_{big[0].lower()}", name): entry for name, entry in ruled_by_role("ReportFilter")
}
"""Fields that go by the viewer's role, with their entries in the table. `mine` goes by whether there is a person."""


async def resolve_filter(
    ctx: Context,
    given: ReportFilter | None,
    *,
    for_stream: bool = False,
    with_search: bool = True,
    argument: str = "filter",
) -> ResolvedFilter:
    """The filter with rows for codes. Raises BadUserInput, Unauthenticated and Forbidden.

    `for_stream`: subscriptions and `events` refuse `updatedAfter`; all of them but newReports have no search either.
    """
    asked = given or NO_FILTER
    await _require_rights(ctx, asked)
    _refuse_in_streams(asked, argument, for_stream=for_stream, with_search=with_search)
    _require_few(asked, argument)
    named = await _named(ctx, asked, argument)
    return ResolvedFilter(
        ids=_rows_of(ctx, asked.ids),
        statuses=_statuses(asked),
        categories=named.categories,
        sources=named.sources,
        agencies=named.agencies,
        areas=None if named.areas is None else named.areas.ids,
        whole_cities=None if named.areas is None else named.areas.whole_cities,
        box=None if asked.within is None else box_of(asked.within, f"{argument}.within"),
        near=_near(asked.near, f"{argument}.near"),
        reported_within_hours=_hours(asked.reported_within_hours, argument),
        reported_after=_moment(asked.reported_after, f"{argument}.reportedAfter"),
        reported_before=_moment(asked.reported_before, f"{argument}.reportedBefore"),
        updated_after=_moment(asked.updated_after, f"{argument}.updatedAfter"),
        search=_search(asked.search, argument),
        has_photos=asked.has_photos,
        breached=asked.breached,
        duplicates=asked.duplicates,
        mine=asked.mine,
        confidential=asked.confidential,
        forwardings=None if asked.forwardings is None else frozenset(map(str, asked.forwardings)),
        source_disagrees=asked.source_disagrees,
    )


async def _require_rights(ctx: Context, asked: ReportFilter) -> None:
    for name, entry in _RULED.items():
        if getattr(asked, name) is not None:
            require(ctx.viewer, entry)
    if asked.mine is not None:
        _require_person(ctx.viewer, await ctx.visibility())


def _require_person(viewer: Viewer, visibility: Visibility) -> None:
    """A partner passes on what others told it: none of that is its own, and an empty list would say that nothing came."""
    if visibility.followed:
        return
    if viewer.role is Role.PARTNER:
        code = viewer.partner or "your code"
        raise Forbidden(
            f'Partners have no reports of their own to filter by mine: use sources: ["{code}"], or show follow tokens.'
        )
    if not visibility.has_person:
        raise Unauthenticated("Sign in, or show a follow token, to filter by mine.")


def _refuse_in_streams(asked: ReportFilter, argument: str, *, for_stream: bool, with_search: bool) -> None:
    if for_stream and asked.updated_after is not None:
        raise BadUserInput("updatedAfter does not go here: use after.", argument=f"{argument}.updatedAfter")
    if not with_search and asked.search is not None:
        raise BadUserInput("search does not go here: events are judged on facts.", argument=f"{argument}.search")


def _require_few(asked: ReportFilter, argument: str) -> None:
    for name, most in _MOST:
        values = getattr(asked, name)
        if values is not None and len(values) > most:
            raise BadUserInput(
                f"{name} may have at most {most:,} entries, not {len(values):,}.", argument=f"{argument}.{name}"
            )


_MOST = (
    ("ids", MAX_IDS),
    ("categories", MAX_CODES),
    ("sources", MAX_CODES),
    ("agencies", MAX_CODES),
    ("areas", MAX_CODES),
)
_NONE_NAMED = Named()


async def _named(ctx: Context, asked: ReportFilter, argument: str) -> Named:
    try:
        named = _by_reference(ctx, asked)
        if named is None:
            return await _asked_for(ctx, asked)
        if (unless := named.areas and named.areas.unless) and await _lie_in_no_city(ctx, unless):
            named = replace(named, areas=replace(named.areas, whole_cities=None))
        if asked.sources is not None:
            found = await ctx.read(sources_named, await ctx.visibility(), asked.sources)
            named = Named(categories=named.categories, sources=found, agencies=named.agencies, areas=named.areas)
    except UnknownCode as error:
        raise BadUserInput(
            f"Nothing has the code {error.code!r} among the {error.what}.", argument=f"{argument}.{error.what}"
        ) from error
    return named


async def _lie_in_no_city(ctx: Context, provinces: frozenset[int]) -> bool:
    return await ctx.read(lie_in_no_city, await ctx.visibility(), provinces)


def _by_reference(ctx: Context, asked: ReportFilter) -> Named | None:
    """Without the store, as far as it can be; None where it has to be asked for all."""
    if asked.categories is None and asked.agencies is None and asked.areas is None:
        return _NONE_NAMED
    kept = ctx.parts.store.reference.known()
    if kept is None:
        return None
    return named_by_reference(
        kept, category_codes=asked.categories, agency_codes=asked.agencies, area_codes=asked.areas
    )


async def _asked_for(ctx: Context, asked: ReportFilter) -> Named:
    return await ctx.read(
        rows_named,
        category_codes=asked.categories,
        source_codes=asked.sources,
        agency_codes=asked.agencies,
        area_codes=asked.areas,
        visibility=await ctx.visibility(),
    )


def _rows_of(ctx: Context, ids: tuple[str, ...] | None) -> frozenset[int] | None:
    """An id that names no report matches nothing, just as one of a report that the viewer may not see."""
    if ids is None:
        return None
    rows = (ctx.row_of(Kind.REPORT, each) for each in ids)
    return frozenset(row for row in rows if row is not None)


def _statuses(asked: ReportFilter) -> frozenset[str] | None:
    statuses = None if asked.statuses is None else frozenset(asked.statuses)
    if asked.open is not None:
        of_state = OPEN_STATUSES if asked.open else frozenset(ReportStatus) - OPEN_STATUSES
        statuses = of_state if statuses is None else statuses & of_state
    return None if statuses is None else frozenset(map(str, statuses))


def box_of(given: BoundingBoxFilter, argument: str) -> Box:
    """The rectangle. Raises BadUserInput for one that is none."""
    return _sound(lambda: Box(given.west, given.south, given.east, given.north), argument)


def point_of(latitude: float, longitude: float, argument: str) -> Point:
    """The point. Raises BadUserInput for coordinates that are none."""
    return _sound(lambda: Point(latitude, longitude), argument)


def metres_of(metres: float, argument: str) -> float:
    """A radius in metres. Raises BadUserInput for one that is negative, no number, or longer than half round the Earth."""
    if not 0 <= metres <= EARTH_HALF_ROUND_M:
        raise BadUserInput(f"{argument} must be 0 to {EARTH_HALF_ROUND_M:,} m.", argument=argument)
    return metres


def _near(given: NearFilter | None, argument: str) -> Near | None:
    if given is None:
        return None
    point = point_of(given.latitude, given.longitude, argument)
    return Near(point, metres_of(given.within_meters, f"{argument}.withinMeters"))


def _hours(hours: int | None, argument: str) -> int | None:
    if hours is not None and not 1 <= hours <= MAX_HOURS:
        raise BadUserInput(
            f"reportedWithinHours must be 1 to {MAX_HOURS:,}.", argument=f"{argument}.reportedWithinHours"
        )
    return hours


def _moment(given: datetime | None, argument: str) -> int | None:
    return None if given is None else _sound(lambda: micros(given), argument)


def _search(text: str | None, argument: str) -> SearchQuery | None:
    if text is None:
        return None
    try:
        return parse_search(text)
    except SearchRefused as refused:
        raise BadUserInput(str(refused), argument=f"{argument}.search", reason=str(refused.code)) from refused


def _sound(make: Callable[[], T], argument: str) -> T:
    try:
        return make()
    except ValueError as error:
        raise BadUserInput(f"{argument}: {error}.", argument=argument) from error


async def question_of(ctx: Context, wanted: ResolvedFilter) -> Question:
    """What is asked of the store: by whoever asks here, at this moment."""
    return Question(await ctx.visibility(), wanted, now_in_micros(), ctx.parts.estimates)
