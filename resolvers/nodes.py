"""Anything by its id. What the viewer may not know of looks like what is not there: null, after as many statements."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from domain.sealing import InvalidId, Kind
from resolvers import agencies, areas, categories, comments, events, flood, forwarding, lapor, photos, reports, sources
from resolvers.context import Context
from resolvers.errors import BadUserInput, Forbidden
from resolvers.permissions import require_scope, rule_of

MOST = 100

ById = Callable[[Sequence[int], Context], Awaitable[Sequence[Any]]]

_BY_ID: dict[Kind, ById] = {
    Kind.REPORT: reports.reports_of,
    Kind.CATEGORY: categories.categories_by_id,
    Kind.AGENCY: agencies.agencies_by_id,
    Kind.AREA: areas.areas_by_id,
    Kind.FLOOD_AREA: flood.flood_areas_by_id,
    Kind.FLOOD_GAUGE: flood.flood_gauges_by_id,
    Kind.LAPOR_TICKET: lapor.tickets_by_id,
    Kind.SOURCE: sources.sources_by_id,
    Kind.PHOTO: photos.photos_by_id,
    Kind.COMMENT: comments.comments_by_id,
    Kind.FORWARDING: forwarding.forwardings_by_id,
    Kind.SET_ASIDE: sources.set_aside_by_id,
    Kind.REPORT_EVENT: events.events_by_id,
}


_TYPES_WITH_SCOPE = {
    Kind.REPORT: "Report",
    Kind.PHOTO: "Photo",
    Kind.COMMENT: "Comment",
    Kind.FORWARDING: "Forwarding",
    Kind.LAPOR_TICKET: "LaporTicket",
    Kind.REPORT_EVENT: "ReportEvent",
}
"""Kinds that an API key needs a scope to ask for, whether there is such a thing or not."""


async def nodes(ctx: Context, ids: Sequence[str]) -> list[Any]:
    """The rows that these ids name, in their order; None for each that names nothing this viewer may know of, Forbidden
    for each of a kind that its API key may not read."""
    if len(ids) > MOST:
        raise BadUserInput(f"ids may have at most {MOST} entries, not {len(ids)}.", argument="ids")
    named = [_decoded(ctx, each) for each in ids]
    refused = _refused(ctx)
    found: dict[tuple[Kind, int], Any] = {}
    for kind, by_id in _BY_ID.items():
        if kind in refused:
            continue
        wanted = sorted({row_id for each in named if each is not None and each[0] is kind for row_id in (each[1],)})
        if wanted:
            found |= zip(((kind, row_id) for row_id in wanted), await by_id(wanted, ctx), strict=True)
    return [None if each is None else refused.get(each[0]) or found.get(each) for each in named]


def _refused(ctx: Context) -> dict[Kind, Forbidden]:
    """The kinds that this viewer's API key was not given the scope for; each such id is an error of its own."""
    found: dict[Kind, Forbidden] = {}
    for kind, type_name in _TYPES_WITH_SCOPE.items():
        scope = rule_of(type_name).scope
        try:
            if scope is not None:
                require_scope(ctx.viewer, scope)
        except Forbidden as error:
            found[kind] = error
    return found


def _decoded(ctx: Context, public_id: str) -> tuple[Kind, int] | None:
    try:
        return ctx.parts.ids.decode(public_id)
    except InvalidId:
        return None
