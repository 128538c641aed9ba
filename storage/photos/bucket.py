"""Photos in a bucket that speaks S3 (MinIO, AWS, Ceph …), laid out as in a folder, so that any copying tool moves them.

    <prefix>Zk/ZkX3…     a photo; S3 shows it whole once its one PUT is acknowledged, and nothing of it before
    <prefix>incoming/…   what `check` tried out; never a photo

Nothing is ever uploaded in parts, so an upload that was cut off leaves nothing behind. Why the hub hands out the bytes
itself, and why a reader holds no connection to the bucket: docs/decisions/photos.md.
"""

import asyncio
import io
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import Any, ParamSpec, TypeVar

import urllib3
from minio import Minio
from minio.datatypes import Object
from minio.error import S3Error

from storage.photos.bucket_address import BucketAddress
from storage.photos.bucket_failures import with_attempts
from storage.photos.store import KEY_SHAPE, OpenPhoto, PhotoStoreUnavailable, require_key

AT_ONCE = 16
"""Most requests to the bucket at a time, each in a thread; the others wait their turn."""

_PIECE = 512 * 1024
_PAGE = 1000  # what S3 lists at once
_INCOMING = "incoming/"
_CONNECT_SECONDS = 3.0
_P = ParamSpec("_P")
_T = TypeVar("_T")


class BucketPhotoStore:
    """A PhotoStore in a private bucket. `close` it when no photo is wanted any more."""

    def __init__(self, address: BucketAddress) -> None:
        self._address = address
        self._client = _client(address, signed=True)
        # Threads of its own: a bucket that hangs must not take those that everything else works in.
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="bucket")

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """See PhotoStore. The bucket checks the bytes against a digest that goes with them."""
        await self._in_thread(self._put, self._name(key), data, content_type)

    async def open(self, key: str) -> OpenPhoto:
        """See PhotoStore. Each piece is a request of its own, so a slow reader holds neither connection nor thread."""
        name = self._name(key)
        first, size = await self._in_thread(self._piece, name, 0)
        return OpenPhoto(size, self._pieces(name, first, size))

    async def read(self, key: str) -> bytes:
        """See PhotoStore."""
        opened = await self.open(key)
        return b"".join([piece async for piece in opened.pieces])

    async def size(self, key: str) -> int:
        """See PhotoStore."""
        return await self._in_thread(self._size, self._name(key))

    async def delete(self, key: str) -> None:
        """See PhotoStore."""
        await self._in_thread(self._remove, self._name(key))

    async def keys(self, older_than: datetime) -> AsyncIterator[str]:
        """See PhotoStore. Age goes by the bucket's clock; one page is held at a time."""
        async for listed in self._listed(self._address.prefix):
            key = str(listed.object_name).rpartition("/")[2]
            if KEY_SHAPE.fullmatch(key) and listed.object_name == self._name(key) and _older(listed, older_than):
                yield key

    async def drop_leftovers(self, older_than: datetime) -> int:
        """See PhotoStore: what a hub that was killed in the middle of `check` left."""
        leftovers = [each async for each in self._listed(self._address.prefix + _INCOMING) if _older(each, older_than)]
        for each in leftovers:
            await self._in_thread(self._remove, str(each.object_name))
        return len(leftovers)

    async def check(self) -> None:
        """See PhotoStore: writes a small object and removes it; raises, too, where strangers could read it."""
        name = f"{self._address.prefix}{_INCOMING}{secrets.token_hex(16)}"
        await self._in_thread(self._put, name, b"check", "text/plain")
        try:
            public = await self._in_thread(self._public, name)
        finally:
            await self._in_thread(self._remove, name)
        if public:
            raise PhotoStoreUnavailable(
                f"Anybody may read the bucket {self._address}, and photos of confidential reports would lie in it. Take"
                " away its public policy: the hub alone reads it, and serves photos itself."
            )

    def close(self) -> None:
        """Let go of threads and connections; requests under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client._http.clear()

    # ------------------------------------------------------------ on the event loop

    def _name(self, key: str) -> str:
        require_key(key)
        return f"{self._address.prefix}{key[:2]}/{key}"

    async def _pieces(self, name: str, first: bytes, size: int) -> AsyncIterator[bytes]:
        yield first
        for start in range(len(first), size, _PIECE):
            piece, _ = await self._in_thread(self._piece, name, start)
            yield piece

    async def _listed(self, prefix: str) -> AsyncIterator[Object]:
        # Each page is asked for by itself: a listing that failed half-way cannot be gone on with.
        after: str | None = None
        while page := await self._in_thread(self._page, prefix, after):
            for listed in page:
                yield listed
            after = str(page[-1].object_name)

    async def _in_thread(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Runs it within a bounded time, the waiting for a thread included; raises PhotoStoreError."""

        def translated() -> _T:
            return with_attempts(lambda: work(*args, **kwargs), self._address)

        try:
            async with asyncio.timeout(self._address.timeout * 4):
                return await asyncio.get_running_loop().run_in_executor(self._threads, translated)
        except TimeoutError as error:
            raise PhotoStoreUnavailable(
                f"Photos cannot be kept in {self._address}: it has too much to do, or does not answer."
            ) from error

    # ------------------------------------------------------------ in threads

    def _put(self, name: str, data: bytes, content_type: str) -> None:
        self._client.put_object(self._address.bucket, name, io.BytesIO(data), len(data), content_type=content_type)

    def _piece(self, name: str, start: int, length: int = _PIECE) -> tuple[bytes, int]:
        """A piece from `start`, and how many bytes there are in all."""
        response = self._client.get_object(self._address.bucket, name, offset=start, length=length)
        try:
            data = response.read()
        finally:
            response.close()
            response.release_conn()
        told = response.headers.get("Content-Range", "").rpartition("/")[2]
        return data, int(told) if told.isdecimal() else start + len(data)

    def _size(self, name: str) -> int:
        # Not by HEAD, which answers alike for a photo that is gone and a bucket that is.
        return self._piece(name, 0, 1)[1]

    def _remove(self, name: str) -> None:
        self._client.remove_object(self._address.bucket, name)  # S3 says yes where there is nothing, too

    def _page(self, prefix: str, after: str | None) -> list[Object]:
        listing = self._client.list_objects(self._address.bucket, prefix=prefix, recursive=True, start_after=after)
        return list(islice(listing, _PAGE))  # and no more: asking for the next one would fetch another page

    def _public(self, name: str) -> bool:
        """Whether who shows no key may read an object or list the bucket."""
        stranger = _client(self._address, signed=False)
        return _may(lambda: stranger.stat_object(self._address.bucket, name)) or _may(
            lambda: next(stranger.list_objects(self._address.bucket, prefix=self._address.prefix), None)
        )


def _client(address: BucketAddress, *, signed: bool) -> Minio:
    """A client that tries once: which failures are worth another attempt is decided in `bucket_failures`."""
    http = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=min(_CONNECT_SECONDS, address.timeout), read=address.timeout),
        maxsize=AT_ONCE,
        retries=False,
    )
    keys: dict[str, Any] = {"access_key": address.access_key, "secret_key": address.secret_key} if signed else {}
    return Minio(address.endpoint, secure=address.secure, region=address.region, http_client=http, **keys)


def _may(deed: Callable[[], object]) -> bool:
    try:
        deed()
    except S3Error:
        return False
    return True


def _older(listed: Object, older_than: datetime) -> bool:
    return listed.last_modified is not None and listed.last_modified < older_than
