"""Photos on their way in: read, made safe, kept under keys of their own before the commit, thrown away if that fails.

Whatever a crash leaves between keeping and commit is a file that no row refers to: the sweeper takes it.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from domain.image_errors import BrokenImage, ImageRefused, ImageTooLarge, UnsupportedImage
from domain.image_recognition import MAX_BYTES
from domain.photo import PreparedPhoto
from domain.report import PHOTOS_PER_REPORT
from resolvers.context import Context
from resolvers.errors import OutcomeUnknown, PhotosUnavailable, RateLimited
from resolvers.pace import client_name
from resolvers.refusal import fault
from resolvers.uploads import UploadedFile
from resolvers.user_errors import Fault, UserErrorCode
from storage.photos.fair_turns import Promise, TooManyWait
from storage.photos.preparing import PreparingUnavailable
from storage.photos.store import PhotoStore, PhotoStoreError
from storage.reports.creating import new_photo

_MEGABYTES = MAX_BYTES // 1_000_000
_TURNS_SECONDS = 15.0  # in which some of those that wait will have had their turn

log = logging.getLogger(__name__)

_REFUSALS: dict[type[ImageRefused], tuple[UserErrorCode, str, str]] = {
    UnsupportedImage: (
        UserErrorCode.UNSUPPORTED_MEDIA_TYPE,
        "Berkas ini bukan foto JPEG, PNG, WebP, atau HEIC.",
        "This file is no JPEG, PNG, WebP or HEIC photo.",
    ),
    BrokenImage: (
        UserErrorCode.BROKEN_MEDIA,
        "Foto ini rusak atau terpotong. Coba kirim ulang dari galeri.",
        "This photo is damaged or cut off. Try sending it again from your gallery.",
    ),
    ImageTooLarge: (
        UserErrorCode.TOO_LARGE,
        f"Foto ini terlalu besar. Paling besar {_MEGABYTES} MB.",
        f"This photo is too large. It may have {_MEGABYTES} MB at most.",
    ),
}


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """Uploaded files, and the SHA-256 of each, for telling a retry from another request.

    What is larger than may be, and all of too many, was not read and counts as empty. The bytes are not kept: they are
    read again, one file at a time, when it is made safe.
    """

    files: tuple[UploadedFile, ...] = ()
    digests: tuple[bytes, ...] = ()

    @property
    def too_many(self) -> bool:
        """Whether there are more than a report may have."""
        return len(self.files) > PHOTOS_PER_REPORT


async def read_files(files: Sequence[UploadedFile] | None) -> ReadFiles:
    """Reads what was uploaded."""
    files = tuple(files or ())
    too_many = len(files) > PHOTOS_PER_REPORT
    return ReadFiles(files, tuple([b"" if too_many else await _digest(file) for file in files]))


async def _digest(file: UploadedFile) -> bytes:
    return hashlib.sha256(await file.read() if file.size <= MAX_BYTES else b"").digest()


async def prepare_photos(ctx: Context, files: ReadFiles) -> tuple[list[PreparedPhoto], list[Fault]]:
    """Makes all of them safe at once, as far as the preparer has room; gives the photos, and a fault for each refused.

    Raises PhotosUnavailable, and RateLimited for a client of whom many wait already.
    """
    if not files.files:
        return [], []
    if files.too_many:
        return [], [_too_many()]
    most, more = ctx.parts.settings.photos_waiting_per_client, len(files.files)
    try:
        with ctx.parts.preparer.promised(client_name(ctx.viewer), more, most) as turns:
            outcomes = await asyncio.gather(*(_prepared(ctx, n, file, turns) for n, file in enumerate(files.files)))
    except TooManyWait as error:
        raise _too_many_wait(error.owed, more, most) from error
    photos = [outcome for outcome in outcomes if isinstance(outcome, PreparedPhoto)]
    return photos, [outcome for outcome in outcomes if isinstance(outcome, Fault)]


def _too_many_wait(waiting: int, more: int, most: int) -> RateLimited:
    words = (
        f"{waiting} photos of yours wait already to be made safe, and {most} may: try again in {_TURNS_SECONDS:g} s."
    )
    return RateLimited(words, _TURNS_SECONDS, limited="photos_waiting_per_client", limit=most, value=waiting + more)


async def _prepared(ctx: Context, position: int, file: UploadedFile, turns: Promise) -> PreparedPhoto | Fault:
    path = ("photos", str(position))
    if file.size > MAX_BYTES:
        return fault(*_REFUSALS[ImageTooLarge], *path)
    try:
        return await ctx.parts.preparer.prepare_read(file.read, turns)
    except ImageRefused as refusal:
        return fault(*_REFUSALS[type(refusal)], *path)
    except PreparingUnavailable as error:
        log.error("a photo could not be made safe: %s", error)
        raise PhotosUnavailable from error


def _too_many() -> Fault:
    return fault(
        UserErrorCode.TOO_MANY,
        f"Paling banyak {PHOTOS_PER_REPORT} foto untuk satu laporan.",
        f"A report has {PHOTOS_PER_REPORT} photos at most.",
        "photos",
    )


def kept(ctx: Context, photos: Sequence[PreparedPhoto]) -> "Kept":
    """Keeps the files for the length of a write (`async with`), which must end in `used`; else they are deleted again."""
    return Kept(ctx.parts.photos, photos)


class Kept:
    """Photos whose files are kept, and whether a row refers to them."""

    def __init__(self, store: PhotoStore, prepared: Sequence[PreparedPhoto]) -> None:
        self.photos = tuple([new_photo(photo) for photo in prepared])
        self.committed = False
        self._prepared = prepared
        self._store = store

    def used(self, *, replayed: bool) -> None:
        """The write is committed; `replayed`: it was a twin's, with files of its own."""
        self.committed = not replayed

    async def __aenter__(self) -> Self:
        """Raises PhotosUnavailable."""
        if self._prepared:
            try:
                await self._put()
            except BaseException as error:
                await self._left(error)
                raise
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self.photos and not self.committed:
            await self._left(error)

    async def _left(self, error: BaseException | None) -> None:
        """Deletes the files, but not where it is unknown whether the write happened: there they wait for the sweeper,
        which asks the rows. Raises PhotosUnavailable where they could not be kept."""
        if isinstance(error, OutcomeUnknown | asyncio.CancelledError):
            return
        await self._discard()
        if isinstance(error, PhotoStoreError):
            log.error("a photo could not be kept: %s", error)
            raise PhotosUnavailable from error

    async def _put(self) -> None:
        """Writes pictures and thumbnails. Raises PhotoStoreError, once no write is under way any more."""
        writes = []
        for photo, row in zip(self._prepared, self.photos, strict=True):
            writes.append(self._store.put(row.file_key, photo.data, row.content_type))
            writes.append(self._store.put(row.thumbnail_key, photo.thumbnail_data, row.thumbnail_type))
        failures = [outcome for outcome in await asyncio.gather(*writes, return_exceptions=True) if outcome]
        if failures:
            raise failures[0]

    async def _discard(self) -> None:
        """Deletes the files."""
        keys = [key for photo in self.photos for key in (photo.file_key, photo.thumbnail_key)]
        await asyncio.gather(*(self._store.delete(key) for key in keys), return_exceptions=True)
