"""What reports are about."""

from collections.abc import Sequence

from resolvers.context import Context
from storage import reference
from storage.rows import CategoryRow


async def category(ctx: Context, *, code: str) -> CategoryRow | None:
    """The category of a code."""
    return await ctx.read(reference.category_of_code, code)


async def categories(ctx: Context, *, include_inactive: bool) -> Sequence[CategoryRow]:
    """The categories in the order that the city gave them."""
    return await ctx.read(reference.all_categories, include_inactive=include_inactive)


async def categories_by_id(ids: Sequence[int], ctx: Context) -> list[CategoryRow | None]:
    """Categories by row id."""
    kept = ctx.parts.store.reference.known()
    if kept is not None:
        try:
            return list(map(kept.categories.__getitem__, ids))
        except KeyError:
            pass  # there is one that was added since
    found = await ctx.read(reference.categories_by_id, ids)
    return [found.get(each) for each in ids]
