"""Photos in a folder: one file each, in subfolders by the first two characters of the key.

    <root>/Zk/ZkX3…     a photo, complete and durable
    <root>/incoming/…   one being written; renamed when it is on the disk

A subfolder has two characters, so no key can meet `incoming`.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from storage.photos.store import KEY_SHAPE, OpenPhoto, PhotoNotFound, PhotoStoreUnavailable, require_key

_CHUNK = 256 * 1024
_INCOMING = "incoming"
_P = ParamSpec("_P")
_T = TypeVar("_T")


class FolderPhotoStore:
    """A PhotoStore in `root`, which is made when first needed. All work on files happens in threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / _INCOMING
        self._durable: set[Path] = set()  # subfolders whose own names are known to be on the disk

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """See PhotoStore. The content type is a column; a folder has no place for it."""
        await self._in_thread(self._write, self._path(key), data)

    async def open(self, key: str) -> OpenPhoto:
        """See PhotoStore. No file stays open between pieces, so a reader who walks away leaves nothing behind."""
        size = await self.size(key)
        return OpenPhoto(size, self._pieces(self._path(key), size))

    async def read(self, key: str) -> bytes:
        """See PhotoStore."""
        return await self._in_thread(self._path(key).read_bytes)

    async def size(self, key: str) -> int:
        """See PhotoStore."""
        return (await self._in_thread(self._path(key).stat)).st_size

    async def delete(self, key: str) -> None:
        """See PhotoStore. Not synced: a file that a power cut brings back is swept again."""
        await self._in_thread(self._path(key).unlink, missing_ok=True)

    async def keys(self, older_than: datetime) -> AsyncIterator[str]:
        """See PhotoStore. Age is that of the file; one subfolder is listed at a time."""
        for shard in await self._in_thread(self._shards):
            for name in await self._in_thread(_older_files, shard, older_than):
                if KEY_SHAPE.fullmatch(name) and name.startswith(shard.name):
                    yield name

    async def drop_leftovers(self, older_than: datetime) -> int:
        """See PhotoStore: half-written files, left by a hub that was killed."""
        return await self._in_thread(self._drop_leftovers, older_than)

    async def check(self) -> None:
        """See PhotoStore: writes a small file and removes it."""
        await self._in_thread(self._try_out)

    def close(self) -> None:
        """See PhotoStore: a folder holds nothing."""

    def _path(self, key: str) -> Path:
        require_key(key)
        return self._root / key[:2] / key

    async def _in_thread(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        def translated() -> _T:
            with self._told():
                return work(*args, **kwargs)

        return await asyncio.to_thread(translated)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the system's errors into the store's."""
        try:
            yield
        except OSError as error:
            # A folder that is gone as a whole (a disk not mounted) is not the same as a photo that is gone.
            if isinstance(error, FileNotFoundError) and self._root.is_dir():
                raise PhotoNotFound("nothing is kept under this key") from error
            raise self._unavailable(error) from error

    def _unavailable(self, error: OSError) -> PhotoStoreUnavailable:
        return PhotoStoreUnavailable(
            f"Photos cannot be kept in {self._root}: {error.strerror or error}. Make the folder writable for the user "
            "that runs the hub and see that its disk is there, not full and not read-only; or choose another folder."
        )

    def _write(self, target: Path, data: bytes) -> None:
        try:
            written = self._write_incoming(data)
            self._make_durable(target.parent)
            written.replace(target)
            _sync_folder(target.parent)
        except FileNotFoundError as error:  # a folder vanished; for a put, no photo is "not found"
            raise self._unavailable(error) from error

    def _write_incoming(self, data: bytes) -> Path:
        self._make_durable(self._incoming)
        path = self._incoming / secrets.token_hex(16)
        try:
            with path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)  # a full disk needs the room
            raise
        return path

    def _make_durable(self, folder: Path) -> None:
        """Have a subfolder whose name, and the root's, are on the disk; synced once, even if another put made it."""
        if not self._root.is_dir():
            self._root.mkdir(parents=True, exist_ok=True)
            _sync_folder(self._root.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder not in self._durable:
            _sync_folder(self._root)
            self._durable.add(folder)

    async def _pieces(self, path: Path, size: int) -> AsyncIterator[bytes]:
        for start in range(0, size, _CHUNK):
            yield await self._in_thread(_piece, path, start)

    def _shards(self) -> list[Path]:
        if not self._root.is_dir():
            return []
        return [entry for entry in self._root.iterdir() if len(entry.name) == 2 and entry.is_dir()]

    def _drop_leftovers(self, older_than: datetime) -> int:
        if not self._incoming.is_dir():
            return 0
        leftovers = _older_files(self._incoming, older_than)
        for name in leftovers:
            (self._incoming / name).unlink(missing_ok=True)
        return len(leftovers)

    def _try_out(self) -> None:
        self._write_incoming(b"").unlink()


def _piece(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(_CHUNK)


def _older_files(folder: Path, older_than: datetime) -> list[str]:
    """Names of files last written before `older_than`; one that vanishes meanwhile is left out."""
    before = older_than.timestamp()
    names = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if entry.stat(follow_symlinks=False).st_mtime < before:
                    names.append(entry.name)
            except FileNotFoundError:
                continue
    return names


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, as fsync of a file does its bytes (see fsync(2))."""
    if sys.platform == "win32":  # cannot open folders, and keeps their names in order by itself
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
