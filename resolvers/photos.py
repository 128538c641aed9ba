"""Photos of reports, and the addresses that they are served under.

A public report's photo has a plain address that anybody may read and keep for five minutes. Any other address is signed
and ends after ten minutes; it is given only to who may see the report.
"""

import hmac
import time
from collections.abc import Sequence, Set

from domain.sealing import keyed_hash
from domain.vocabulary import PhotoPhase, ReportVisibility
from resolvers.context import Context
from storage.reports.photos import reading
from storage.rows import PhotoRow, SeenReport

SIGNED_SECONDS = 600
_PUBLIC = ReportVisibility.PUBLIC.value
ADDRESS = ("address", "hidden", "report_visibility")
"""What a photo's addresses are made of."""


async def photos_of(
    reports: Sequence[SeenReport],
    ctx: Context,
    *,
    phase: PhotoPhase | None,
    include_hidden: bool,
    columns: Set[str] | None = None,
) -> list[Sequence[PhotoRow]]:
    """The photos of each report, of whose rows it reads id and visibility. The argument for hidden ones is guarded: staff
    only. `columns`: what is read of a photo; for its addresses those of ADDRESS."""
    shown = {report.id: report.visibility for report in reports}
    staff = (await ctx.visibility()).staff
    found = await ctx.read(
        reading.photos_of_reports,
        shown,
        staff=staff,
        phase=phase,
        include_hidden=include_hidden,
        columns=columns,
    )
    return [found[report.id] for report in reports]


async def photos_by_id(ids: Sequence[int], ctx: Context) -> list[PhotoRow | None]:
    """Photos by row id; None for those of reports that the viewer may not see."""
    found = await ctx.read(reading.photos_by_id, await ctx.visibility(), ids)
    return [found.get(each) for each in ids]


def photo_url(row: PhotoRow, ctx: Context) -> str:
    """Where the photo's bytes are."""
    return _address(row, ctx, "")


def thumbnail_url(row: PhotoRow, ctx: Context) -> str:
    """Where a small copy of it is."""
    return _address(row, ctx, "/thumbnail")


def _address(row: PhotoRow, ctx: Context, ending: str) -> str:
    path = f"{ctx.parts.settings.public_url}/photos/{row.address}{ending}"
    if row.report_visibility == _PUBLIC and not row.hidden:
        return path
    expires = int(time.time()) + SIGNED_SECONDS
    return f"{path}?expires={expires}&signature={signature(ctx.parts.secret, row.address, expires)}"


def signature(secret: bytes, address: str, expires: int) -> str:
    """Proves that the hub gave out this address, good until `expires` (seconds since 1970)."""
    return keyed_hash(secret, "photo", address, str(expires))[:32]


def signature_holds(secret: bytes, address: str, expires: str, shown: str) -> bool:
    """Whether a signed address is one that the hub gave out and that has not ended."""
    if not expires.isascii() or not expires.isdecimal() or len(expires) > 12 or not shown.isascii():
        return False
    return int(expires) >= time.time() and hmac.compare_digest(signature(secret, address, int(expires)), shown)
