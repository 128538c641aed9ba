"""People by row id, for who may see who it was."""

from collections.abc import Sequence

from resolvers.context import Context
from storage.access import persons
from storage.rows import PersonRow


async def persons_by_id(ids: Sequence[int], ctx: Context) -> list[PersonRow | None]:
    """People by row id."""
    found = await ctx.read(persons.persons_by_id, ids)
    return [found.get(each) for each in ids]
