"""Makes the hub's parts from a store, a photo store and the keys, and ends them in order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from domain.sealing import CursorCipher, IdCipher
from domain.shared_levels import SharedLevels
from resolvers.context import HubParts, HubSettings
from resolvers.pace import Pace
from resolvers.source_stream import SourceWatch
from storage.access.secrets import Secrets
from storage.events.tail import LogTail
from storage.photos.preparing import PhotoPreparer
from storage.photos.store import PhotoStore
from storage.places.boundaries import boundaries_imported_at
from storage.places.boundary_following import BoundaryFollower, read_area_map
from storage.rollups.estimates_kept import EstimatesKept
from storage.store import Store


@asynccontextmanager
async def hub_parts(
    store: Store, photos: PhotoStore, secrets: Secrets, settings: HubSettings, levels: SharedLevels | None = None
) -> AsyncIterator[HubParts]:
    """The parts, following the event log for as long as the block lasts. The store is open, migrated and seeded."""
    preparer = PhotoPreparer(settings.photos_at_once)
    tail, counted = LogTail(store), EstimatesKept(store)
    await tail.start()
    try:
        counted.start()
        imported_at = await boundaries_imported_at(store)
        parts = HubParts(
            store=store,
            photos=photos,
            preparer=preparer,
            ids=IdCipher(secrets.ids),
            cursors=CursorCipher(secrets.cursors),
            secret=secrets.hashes,
            contacts_key=secrets.contacts,
            areas=await read_area_map(store),
            settings=settings,
            log=tail,
            source_watch=SourceWatch(store),
            pace=Pace(store, settings, levels=levels),
            counted=counted,
        )
        tail.before_epoch = BoundaryFollower(store, imported_at, partial(setattr, parts, "areas")).look
        yield parts
    finally:
        await tail.stop()
        await counted.stop()
        await preparer.close()
