"""What the hub does by itself: the sources it reads, those that push to it, and the worker.

What reads sources is imported where there are any.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from domain.sink import Forwarder, new_holder
from resolvers.context import HubParts
from storage.sources.keeping import declare_sources
from storage.store import Store
from storage.together.crossing import Crossing
from storage.writing.surely import write_surely
from storage.writing.transaction import Operation
from transport.push import Receiver
from transport.settings.configuration import Settings
from wiring.place import Place
from worker.loops import Worker
from worker.work import Work

if TYPE_CHECKING:
    from wiring.sources import Sources


@asynccontextmanager
async def at_work(
    parts: HubParts, settings: Settings, crossing: Crossing, place: Place | None = None
) -> AsyncIterator[Mapping[str, Receiver]]:
    """Sources and worker, for as long as the block lasts; gives who takes pushes, by the code of the source."""
    holder = new_holder() if place is None else place.holder
    sources = _sources(parts, settings, crossing, holder)
    forwarders: Mapping[str, Forwarder] = {} if sources is None else sources.forwarders
    work = Work(parts.store, parts.photos, lambda: parts.areas, forwarders, parts.contacts_key)
    crossing.keep(Work, lambda: work)
    crossing.complete.set()
    worker = Worker(work, holder)
    parts.wake_outbox = worker.wake
    if sources is None:
        await _disable_all(parts.store)
    else:
        await sources.start()
        parts.wake_source = sources.wake
    await worker.start()
    try:
        yield {} if sources is None else sources.receivers
    finally:
        await worker.stop()
        if sources is not None:
            await sources.stop()


def _sources(parts: HubParts, settings: Settings, crossing: Crossing, holder: str) -> "Sources | None":
    """The sources of the configuration; None where there are none. Raises WrongSetting, in words, for one that cannot be."""
    if not settings.sources:
        return None
    from wiring.sources import Sources

    return Sources(parts, settings.sources, crossing, holder)


async def _disable_all(store: Store) -> None:
    """Where the last table of a source was taken away, nobody asks those any more that were read before."""
    await write_surely(store, Operation(partial(declare_sources, declared=[]), frozenset({"sources"})))
