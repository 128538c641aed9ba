"""Any filter, any order, any viewer: SQL, the judging of events and plain Python agree; pages visit just what matches."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from domain.sealing import Kind
from domain.visibility import Visibility
from domain.vocabulary import Role
from resolvers.context import Context
from resolvers.filters import ReportFilter, resolve_filter
from resolvers.lists import ListResult, Paging
from resolvers.reports import ReportOrder, reports
from storage.rows import SeenReport
from tests.report_questions import Kept, expected, fixed_clock, kept, ordered, questions
from tests.report_rows import NOW

__all__ = ["fixed_clock", "kept"]


async def walk(next_page: Callable[[str | None], Awaitable[ListResult[SeenReport]]], *, backward: bool) -> list[int]:
    found: list[int] = []
    cursor, first = None, True
    while True:
        page = await next_page(cursor)
        assert (page.has_next if backward else page.has_previous) == (not first and bool(found))
        rows = [row.id for row in page.rows]
        found = rows + found if backward else found + rows
        if not (page.has_previous if backward else page.has_next):
            return found
        cursor, first = (page.start_cursor if backward else page.end_cursor), False


async def ask(
    kept: Kept, ctx: Context, f: ReportFilter, order: ReportOrder
) -> tuple[list[int], list[int], int, set[int]]:
    forward = await walk(lambda cursor: reports(ctx, f, order, Paging(first=17, after=cursor)), backward=False)
    backward = await walk(lambda cursor: reports(ctx, f, order, Paging(last=23, before=cursor)), backward=True)
    total = await (await reports(ctx, f, order, Paging(first=1))).count()
    resolved = await resolve_filter(ctx, f)
    visibility = await ctx.visibility()
    judged = {
        id_
        for id_, facets in kept.facets.items()
        if (
            visibility.sees(facets.visibility, facets.agency_id)
            or (f.mine and visibility.owns(id_, facets.reporter_id))
        )
        and resolved.matches(id_, facets, NOW, visibility)
    }
    return forward, backward, total, judged


pytestmark = pytest.mark.usefixtures("fixed_clock")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(question=questions())
def test_lists_counts_and_judging_agree_with_plain_python(
    kept: Kept, question: tuple[Role, str | None, ReportFilter, ReportOrder]
) -> None:
    role, agency, f, order = question
    if f.ids is not None:
        f = replace(f, ids=tuple(kept.city.parts.ids.encode(Kind.REPORT, int(id_)) for id_ in f.ids))
    ctx = kept.city.context(role, person=1, agency=agency)

    async def asked() -> tuple[Visibility, tuple[list[int], list[int], int, set[int]]]:
        try:
            return await ctx.visibility(), await ask(kept, ctx, f, order)
        finally:
            await ctx.close()

    visibility, (forward, backward, total, judged) = kept.run(asked())
    wanted = expected(kept, visibility, f)
    assert forward == ordered(wanted, order, visibility, f)
    assert backward == forward
    assert total == len(forward)
    if f.search is None and f.updated_after is None:
        assert judged == set(forward)
