"""Removing photos that no row refers to: of submissions that failed or were killed, and of what was erased."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from storage.photos.store import PhotoStore

GRACE = timedelta(hours=1)
"""How old a photo must be before it may be swept; must be longer than any submission can take."""

BATCH = 500
"""How many keys are asked about at once; SQLite takes up to 32,766 variables in a statement."""

Referenced = Callable[[Sequence[str]], Awaitable[set[str]]]
"""Which of these keys some row refers to, as a photo or as a thumbnail; asked of the primary, never of a replica."""


async def sweep(store: PhotoStore, referenced: Referenced, older_than: datetime) -> int:
    """Remove what was put before `older_than` (now minus GRACE) and is referred to by no row; gives how many files."""
    # Why this cannot take the photo of a submission that is just committing: a submission puts its photos first and
    # commits the rows that refer to them within the same request, under keys drawn for it alone. So a photo older than
    # GRACE belongs to a request that has long committed, and then `referenced`, asked after the keys were listed, sees
    # its row; or to one that never will. A retry draws new keys, hence no unreferenced key comes to life again later.
    removed = await store.drop_leftovers(older_than)
    batch: list[str] = []
    async for key in store.keys(older_than):
        batch.append(key)
        if len(batch) == BATCH:
            removed += await _sweep_batch(store, referenced, batch)
            batch = []
    return removed + await _sweep_batch(store, referenced, batch)


async def _sweep_batch(store: PhotoStore, referenced: Referenced, keys: Sequence[str]) -> int:
    if not keys:
        return 0
    kept = await referenced(keys)
    unused = [key for key in keys if key not in kept]
    for key in unused:
        await store.delete(key)
    return len(unused)
