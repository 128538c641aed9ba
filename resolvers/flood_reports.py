"""Which reports tell of water."""

from collections.abc import Sequence

from resolvers.context import Context
from resolvers.report_lists import FLOOD_CATEGORY
from storage.reports.filter.naming import rows_named
from storage.rows import SeenReport


async def flood_of(reports: Sequence[SeenReport], ctx: Context) -> list[SeenReport | None]:
    """Each report itself if it tells of a flood, by its category or because it tells a depth; None for the rest."""
    flood = (await ctx.read(rows_named, category_codes=[FLOOD_CATEGORY])).categories or frozenset()
    return [report if report.flood_depth_cm is not None or report.category_id in flood else None for report in reports]
