"""The store, brought up to date and seeded, and the parts that hang on it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial

from domain.areas import AreaMap
from resolvers.context import HubParts
from resolvers.parts import hub_parts
from storage.access.secrets import Secrets, load_secrets
from storage.leases import end_leases
from storage.photos.folder import FolderPhotoStore
from storage.photos.store import PhotoStore
from storage.seeding import seed
from storage.store import open_store, opened
from storage.together.crossing import Crossing
from storage.together.neighbours import Beside
from storage.writing.surely import write_surely
from storage.writing.transaction import Operation
from transport.settings.configuration import Settings
from wiring.place import Place


@asynccontextmanager
async def parts_of(
    settings: Settings, address: str, place: Place | None = None
) -> AsyncIterator[tuple[HubParts, Secrets, Crossing]]:
    """The hub's parts, its keys, and what may go between its processes; `address` is how clients reach it."""
    crossing = Crossing()
    beside = None if place is None else Beside(place.folder, crossing, place.of, first=place.first)
    async with AsyncExitStack() as stack:
        photos = stack.enter_context(closing(_photo_store(settings)))
        synchronous = settings.sqlite_synchronous.upper()
        store = await stack.enter_async_context(opened(open_store(settings.store_url, beside, synchronous=synchronous)))
        await photos.check()
        await write_surely(store, Operation(seed, frozenset({"seed"})))
        gone = _gone(settings, place)
        if gone is not None:
            await write_surely(store, Operation(partial(end_leases, holders=gone)))
        secrets = await store.read(load_secrets)
        for_resolvers = settings.for_resolvers(address, 1 if place is None else place.of)
        levels = None if place is None else place.levels
        async with hub_parts(store, photos, secrets, for_resolvers, levels) as parts:
            crossing.keep(HubParts, lambda: parts)
            crossing.keep(AreaMap, lambda: parts.areas)
            yield parts, secrets, crossing


def _gone(settings: Settings, place: Place | None) -> str | None:
    """How the names begin of holders of leases that are no more; None where there may be none. On SQLite, which one hub
    serves, none of those from before its start is left, however far off their clock was."""
    if settings.embedded_file is not None and (place is None or place.first):
        return ""
    return None if place is None else place.before


def _photo_store(settings: Settings) -> PhotoStore:
    """Where photos lie: in the bucket that is configured, else in the data folder."""
    bucket = settings.photo_bucket
    if bucket is None:
        return FolderPhotoStore(settings.photo_dir)
    from storage.photos.bucket import BucketPhotoStore

    return BucketPhotoStore(bucket)
