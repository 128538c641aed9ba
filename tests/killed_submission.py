"""Submits one report with two photos in a process of its own and is killed at a step that it is told.

    python -m tests.killed_submission DATABASE_URL FOLDER STEP

Killed means SIGKILL: nothing is tidied up. The steps are reached by wrapping real parts from outside; the product has no
hooks. Prints `acknowledged` if it is not killed.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.images import PreparedPhoto
from storage.photos.fair_turns import Promise
from storage.photos.folder import FolderPhotoStore
from storage.photos.preparing import PhotoPreparer
from storage.seeding import load_area_map
from storage.store import Store, open_store, opened
from storage.writing.transaction import Operation, Tx
from tests.images import jpeg, plain_jpeg
from tests.writing import KEY, File, writing_hub

STEPS = ("read", "prepared", "first kept", "all kept", "rows written", "committed")
"""Read from the request; made safe; one of four files kept; all kept; rows written and not committed; committed and not told."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(wanted: str) -> Callable[[str], None]:
    return lambda step: die() if step == wanted else None


class MortalFile(File):
    """The second file is read, and that is the end."""

    passing: Callable[[str], None]

    async def read(self) -> bytes:
        content = await super().read()
        self.passing("read")
        return content


class MortalPreparer(PhotoPreparer):
    def __init__(self, passing: Callable[[str], None]) -> None:
        super().__init__(at_once=2)
        self._passing = passing

    async def prepare_read(self, read: Callable[[], Awaitable[bytes]], promise: Promise) -> PreparedPhoto:
        photo = await super().prepare_read(read, promise)
        self._passing("prepared")
        return photo


class MortalPhotos(FolderPhotoStore):
    def __init__(self, root: Path, passing: Callable[[str], None]) -> None:
        super().__init__(root)
        self._passing, self._kept = passing, 0

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        await super().put(key, data, content_type)
        self._kept += 1
        self._passing("first kept")
        if self._kept == 4:
            self._passing("all kept")


def make_mortal(store: Store, passing: Callable[[str], None]) -> None:
    write = store.write

    async def mortal_write(operation: Operation[Any]) -> Any:
        def apply(tx: Tx) -> Any:
            value = operation.apply(tx)
            passing("rows written")
            return value

        value = await write(replace(operation, apply=apply))
        passing("committed")
        return value

    store.write = mortal_write  # type: ignore[method-assign]


async def main(url: str, folder: str, step: str) -> None:
    passing = die_at(step)
    files = (File(plain_jpeg()), MortalFile(jpeg()))
    files[1].passing = passing  # type: ignore[attr-defined]
    async with opened(open_store(url)) as store:
        areas = await store.read(load_area_map)
        async with writing_hub(store, Path(folder), areas) as hub:
            hub.parts.photos = MortalPhotos(Path(folder) / "photos", passing)
            hub.parts.preparer = MortalPreparer(passing)
            make_mortal(store, passing)
            await hub.submit(idempotency_key=KEY, photos=files)
            print("acknowledged", flush=True)
            await hub.parts.preparer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
