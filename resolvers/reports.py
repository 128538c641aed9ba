"""Reports: one by id, code or a source's id; lists of them; and what each tells of other reports.

Who looks one report up sees its own hidden ones, with their true places; lists go by the viewer's class.
"""

from collections.abc import Mapping, Sequence, Set

from domain.sealing import Kind
from domain.vocabulary import ReportAction, Scope
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.outcomes import Done, Submitted
from resolvers.pace import pace_of
from resolvers.permissions import actions_on, has_scope
from resolvers.report_lists import duplicates, reports, reports_in_areas, reports_in_flood_areas
from storage.access.persons import persons_by_id
from storage.reports import supporting
from storage.reports.lists import listing
from storage.reports.lists.ordering import ReportOrder
from storage.rows import PersonRow, SeenReport
from storage.storable import storable

__all__ = [
    "ReportOrder",
    "duplicate_of",
    "duplicates",
    "report",
    "report_acted_on",
    "report_by_source_ref",
    "reporter_of",
    "reports",
    "reports_in_areas",
    "reports_in_flood_areas",
    "reports_of",
    "viewer_actions",
    "viewer_has_supported",
]


async def report(
    ctx: Context, *, id: str | None = None, code: str | None = None, columns: Set[str] | None = None
) -> SeenReport | None:
    """The report of an id or of a tracking code; None where there is none that this viewer may see."""
    if (id is None) == (code is None):
        raise BadUserInput("Give an id or a code: one of the two.")
    if id is not None:
        row_id = ctx.row_of(Kind.REPORT, id)
        looked_for = () if row_id is None else (row_id,)
        found = await ctx.read(listing.reports_by_id, await ctx.visibility(), looked_for, columns)
        return None if row_id is None else found.get(row_id)
    await pace_of(ctx).code_lookup(ctx.viewer)
    return await ctx.read(listing.report_by_code, await ctx.visibility(), _written(code or ""), columns)


def _written(code: str) -> str:
    """A tracking code as it is kept, however it was typed or read out: `k7mp 2wxr` is `K7MP-2WXR`."""
    letters = "".join(letter for letter in code.upper() if letter.isascii() and letter.isalnum())
    return f"{letters[:4]}-{letters[4:]}"


async def report_by_source_ref(
    ctx: Context, source: str, source_ref: str, *, columns: Set[str] | None = None
) -> SeenReport | None:
    """The report that a source gave this id; None where the viewer may see neither the report nor, fuzzed, its place."""
    if not (storable(source) and storable(source_ref)):
        return None
    return await ctx.read(listing.report_by_source_ref, await ctx.visibility(), source, source_ref, columns)


async def reports_of(
    ids: Sequence[int | None], ctx: Context, *, columns: Set[str] | None = None
) -> list[SeenReport | None]:
    """The reports of these row ids, None for each that is none or hidden; one's own hidden ones are there."""
    wanted = {row for row in ids if row is not None}
    found = await ctx.read(listing.reports_by_id, await ctx.visibility(), wanted, columns)
    return [None if row is None else found.get(row) for row in ids]


async def report_acted_on(
    outcomes: Sequence[Done], ctx: Context, *, columns: Set[str] | None = None
) -> list[SeenReport | None]:
    """The report of each outcome as it now is. An API key that may not read is told what became of what it did: of a
    report that it was refused to touch it sees nothing, unless it is the reporter's or told by its partner before."""
    ids, reads = [outcome.report_id for outcome in outcomes], has_scope(ctx.viewer, Scope.REPORTS_READ)
    found = await reports_of(ids, ctx, columns=columns if reads or columns is None else {*columns, "mine"})
    if reads:
        return found
    return [
        row if row is not None and (row.mine or not outcome.faults or isinstance(outcome, Submitted)) else None
        for row, outcome in zip(found, outcomes, strict=True)
    ]


async def duplicate_of(
    rows: Sequence[SeenReport], ctx: Context, *, columns: Set[str] | None = None
) -> list[SeenReport | None]:
    """The report that each was merged into, where the viewer may see it."""
    return await reports_of([row.duplicate_of_id for row in rows], ctx, columns=columns)


async def viewer_has_supported(rows: Sequence[SeenReport], ctx: Context) -> list[bool]:
    """Whether this person supports each. Support without an account goes by a key that reading does not show: False."""
    person_id = ctx.viewer.person_id
    if person_id is None:
        return [False] * len(rows)
    supported = await ctx.read(supporting.supported_by, [row.id for row in rows], [f"person:{person_id}"])
    return [row.id in supported for row in rows]


async def reporter_of(rows: Sequence[SeenReport], ctx: Context) -> list[PersonRow | None]:
    """Who told each: nobody where that is not known or the report is anonymous."""
    named = [None if row.anonymous else row.reporter_id for row in rows]
    wanted = {person for person in named if person is not None}
    found: Mapping[int, PersonRow] = await ctx.read(persons_by_id, wanted) if wanted else {}
    return [None if person is None else found.get(person) for person in named]


def viewer_actions(row: SeenReport, ctx: Context) -> list[ReportAction]:
    """What this viewer may do to a report now."""
    return actions_on(ctx.viewer, status=row.status, mine=row.mine, agency_id=row.agency_id)
