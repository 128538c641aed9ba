"""The city's agencies."""

from collections.abc import Sequence

from resolvers.context import Context
from storage import reference
from storage.rows import AgencyRow


async def agency(ctx: Context, *, code: str) -> AgencyRow | None:
    """The agency of a code."""
    return await ctx.read(reference.agency_of_code, code)


async def agencies(ctx: Context) -> Sequence[AgencyRow]:
    """Every agency."""
    return await ctx.read(reference.all_agencies)


async def agencies_by_id(ids: Sequence[int], ctx: Context) -> list[AgencyRow | None]:
    """Agencies by row id."""
    kept = ctx.parts.store.reference.known()
    if kept is not None:
        try:
            return list(map(kept.agencies.__getitem__, ids))
        except KeyError:
            pass  # there is one that was added since
    found = await ctx.read(reference.agencies_by_id, ids)
    return [found.get(each) for each in ids]
