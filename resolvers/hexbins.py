"""Reports counted by hexagon, for a map that is zoomed out."""

from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.filters import BoundingBoxFilter, ReportFilter, box_of, question_of, resolve_filter
from resolvers.lists import in_time
from storage.reports.counts.hexbins import RESOLUTIONS, TooManyCells, count_cells
from storage.rows import HexBinRow

MAX_CELLS = 5_000


async def hex_bins(
    ctx: Context, within: BoundingBoxFilter, resolution: int, given: ReportFilter | None = None
) -> list[HexBinRow]:
    """The cells of a resolution whose centre lies in the box, those with reports only, the fullest first.

    Raises BadUserInput (also for more than MAX_CELLS cells) and CountTimeout.
    """
    if resolution not in RESOLUTIONS:
        told = f"resolution must be {RESOLUTIONS.start} to {RESOLUTIONS.stop - 1}, not {resolution}."
        raise BadUserInput(told, argument="resolution")
    box = box_of(within, "within")
    question = await question_of(ctx, await resolve_filter(ctx, given))
    counted = ctx.read(count_cells, question, box, resolution, ctx.parts.settings.count_timeout, MAX_CELLS)
    try:
        return await in_time(ctx, counted)
    except TooManyCells as error:
        raise BadUserInput(
            f"These are more than {MAX_CELLS:,} cells: ask for a smaller box or a coarser resolution.",
            argument="resolution",
        ) from error
