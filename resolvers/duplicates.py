"""Reports that may be one: of a report that is there, and of one that is still being written."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from domain.duplicates import SEARCH_RADIUS_M, Sighting, score, sighting_words
from domain.places import Point, distance_m
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.filters import metres_of, point_of
from resolvers.outcomes import Submitted
from resolvers.reports import reports_of
from storage.clock import now_in_micros
from storage.reports.filter.naming import UnknownCode, category_named
from storage.reports.likeness import Candidate, Kind, Subject, candidates
from storage.rows import DuplicateRow, SeenReport

LEAST_SCORE = 0.25
"""What is less alike is not suggested; half of what is called probable (docs/duplicates.md)."""

MAX_SUGGESTIONS = 50
_ANY_WORDS = frozenset({"any"})


async def possible_duplicates_of(
    rows: Sequence[SeenReport], ctx: Context, *, first: int = 5
) -> list[list[DuplicateRow]]:
    """What each report may be one with, the most alike first. What it is merged with already is left out."""
    _require_first(first)
    placed = [(n, row) for n, row in enumerate(rows) if row.latitude is not None and row.longitude is not None]
    subjects = [Subject(_point(row), row.reported_at, row.category_id) for _, row in placed]
    answers: list[list[DuplicateRow]] = [[] for _ in rows]
    if not subjects:
        return answers
    kinds, found = await ctx.read(candidates, await ctx.visibility(), subjects, SEARCH_RADIUS_M)

    def rank_all() -> None:
        for (n, row), kind, near in zip(placed, kinds, found, strict=True):
            others = [each for each in near if each.report.id not in (row.id, row.duplicate_of_id)]
            answers[n] = _ranked(_sighting(row, kind), others, first, SEARCH_RADIUS_M)

    await asyncio.to_thread(rank_all)
    return answers


async def duplicates_of_submitted(outcomes: Sequence[Submitted], ctx: Context) -> list[list[DuplicateRow]]:
    """What each report that was just submitted may be one with; nothing for what was refused."""
    ids = [None if outcome.faults else outcome.report_id for outcome in outcomes]
    rows = await reports_of(ids, ctx)
    found = [row for row in rows if row is not None]
    alike = iter(await possible_duplicates_of(found, ctx))
    return [[] if row is None else next(alike) for row in rows]


async def possible_duplicates(
    ctx: Context,
    latitude: float,
    longitude: float,
    category: str | None = None,
    text: str | None = None,
    within_meters: float = 200.0,
    first: int = 5,
) -> list[DuplicateRow]:
    """What a report that is still being written may be one with. Raises BadUserInput."""
    _require_first(first)
    point = point_of(latitude, longitude, "location")
    radius = min(metres_of(within_meters, "withinMeters"), SEARCH_RADIUS_M)  # farther away none is alike enough
    subject = Subject(point, now_in_micros(), await _category(ctx, category))
    (kind,), (near,) = await ctx.read(candidates, await ctx.visibility(), [subject], radius)
    words = sighting_words(text or "")
    told = Sighting(kind.category, point.latitude, point.longitude, subject.reported_at, words, kind.parent)
    return await asyncio.to_thread(_ranked, told, near, first, radius)


def _require_first(first: int) -> None:
    if not 1 <= first <= MAX_SUGGESTIONS:
        raise BadUserInput(f"first must be 1 to {MAX_SUGGESTIONS}, not {first}.", argument="first")


async def _category(ctx: Context, code: str | None) -> int | None:
    """The row of a category, without its children: how near of kin they are the score judges."""
    if code is None:
        return None
    try:
        return await ctx.read(category_named, code)
    except UnknownCode as error:
        raise BadUserInput(f"No category has the code {code!r}.", argument="category") from error


def _ranked(told: Sighting, near: Sequence[Candidate], first: int, radius: float) -> list[DuplicateRow]:
    """The most alike. Reading words is the costly part: only those are read that could still come among the first."""
    point = _point_of(told)
    bounded = sorted(((_at_most(told, each), each) for each in near), key=lambda pair: (-pair[0], pair[1].report.id))
    best: list[DuplicateRow] = []
    for bound, each in bounded:
        if bound < LEAST_SCORE or (len(best) >= first and best[first - 1].score >= bound):
            break
        apart = distance_m(point, _point(each.report))
        alike = score(told, _sighting(each.report, each.kind))
        if alike >= LEAST_SCORE and apart <= radius:
            best.append(DuplicateRow(each.report, alike, apart))
            best.sort(key=lambda row: (-row.score, row.distance_m, row.report.id))
    return best[:first]


def _at_most(told: Sighting, each: Candidate) -> float:
    """The score if both used the very same words."""
    row, kind = each.report, each.kind
    other = Sighting(kind.category, row.latitude, row.longitude, row.reported_at, _ANY_WORDS, kind.parent)
    return score(replace(told, words=_ANY_WORDS), other)


def _sighting(row: SeenReport, kind: Kind) -> Sighting:
    words = sighting_words(row.text, row.title)
    return Sighting(kind.category, row.latitude, row.longitude, row.reported_at, words, kind.parent)


def _point(row: SeenReport) -> Point:
    assert row.latitude is not None and row.longitude is not None
    return Point(row.latitude, row.longitude)


def _point_of(told: Sighting) -> Point:
    assert told.latitude is not None and told.longitude is not None
    return Point(told.latitude, told.longitude)
