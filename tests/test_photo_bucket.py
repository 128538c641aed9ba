"""Photos in a bucket: what is told of one that cannot be used, what is tried again, and how little a reader holds."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.photos import bucket as bucket_store
from storage.photos.bucket import BucketPhotoStore
from storage.photos.bucket_address import BucketAddress, parse_bucket
from storage.photos.store import PhotoNotFound, PhotoStoreUnavailable, new_key
from tests.buckets import ACCESS_KEY, SECRET_KEY, Gateway, running_gateway
from tests.raw_server import Talk, hang, head, raw_server
from tests.running import free_port

PHOTO = bytes(range(256)) * 4000
WRONG_SECRET = "rahasia-yang-salah"
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>later</Message></Error>"


def in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def address(gateway: Gateway) -> BucketAddress:
    return gateway.new_bucket()


@pytest.fixture
def store(address: BucketAddress) -> Iterator[BucketPhotoStore]:
    with closing(BucketPhotoStore(address)) as opened:
        yield opened


async def words_of_check(address: BucketAddress) -> str:
    with closing(BucketPhotoStore(address)) as store, pytest.raises(PhotoStoreUnavailable) as told:
        await store.check()
    return str(told.value)


class TestAnAddress:
    def test_is_read_with_prefix_and_region(self) -> None:
        read = parse_bucket("https://s3.example:9000/foto-jakarta/hub/satu/?region=ap-southeast-3", "key", "secret")
        assert (read.endpoint, read.secure, read.bucket) == ("s3.example:9000", True, "foto-jakarta")
        assert (read.prefix, read.region) == ("hub/satu/", "ap-southeast-3")

    @pytest.mark.parametrize(
        "url",
        [
            *("", "s3://foto", "ftp://host/foto", "https://host", "https:///foto", "https://host/", "//host/foto"),
            *("https://key:secret@host/foto", "https://host/foto#x", "https://host/foto?region=x&other=y"),
            *("https://host/Foto", "https://host/ab", "https://host/a_b_c", "https://host/" + "a" * 64),
        ],
    )
    def test_that_is_none_is_refused_in_words_without_what_was_typed(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"must|may") as told:
            parse_bucket(url)
        assert "secret" not in str(told.value)

    def test_shows_no_key(self) -> None:
        address = parse_bucket("https://host/foto", "the-key", "the-secret")
        shown = f"{address} {address!r}"
        assert "the-key" not in shown and "the-secret" not in shown


class TestABucketThatCannotBeUsed:
    async def test_is_told_in_one_line_that_says_how_to_mend_it(self, address: BucketAddress) -> None:
        for wrong, hint in (
            (replace(address, bucket="no-such-bucket"), "there is no such bucket: make it"),
            (replace(address, secret_key=WRONG_SECRET), "mend SIMPUL_PHOTOS_SECRET_KEY"),
            (replace(address, access_key="nobody"), "mend SIMPUL_PHOTOS_ACCESS_KEY"),
            (replace(address, endpoint=f"127.0.0.1:{free_port()}"), "nobody listens there"),
            (replace(address, secure=True), "its certificate does not hold"),
        ):
            told = await words_of_check(wrong)
            assert hint in told and str(wrong) in told and "\n" not in told
            for secret in (SECRET_KEY, ACCESS_KEY, WRONG_SECRET):
                assert secret not in told

    @pytest.mark.parametrize("action", ["s3:GetObject", "s3:ListBucket"])
    async def test_because_strangers_may_is_refused(
        self, gateway: Gateway, address: BucketAddress, action: str
    ) -> None:
        gateway.make_public(address, action)
        assert "Anybody may read the bucket" in await words_of_check(address)
        assert gateway.names(address) == set(), "what was tried out is gone again"

    async def test_something_else_at_its_address_is_told(self) -> None:
        async with raw_server(saying_each(head("200 OK", "Content-Length: 2") + b"hi")) as url:
            with closing(store_at(url)) as store, pytest.raises(PhotoStoreUnavailable):
                await store.check()
        page = b"<html>not here</html>"
        answer = head("404 Not Found", "Content-Type: text/html", f"Content-Length: {len(page)}") + page
        async with raw_server(saying_each(answer)) as url:
            with closing(store_at(url)) as store, pytest.raises(PhotoStoreUnavailable, match="does not speak S3"):
                await store.read(new_key())

    async def test_that_hangs_is_given_up(self) -> None:
        async with raw_server(hang) as url:
            with closing(store_at(url, timeout=0.2)) as store, pytest.raises(PhotoStoreUnavailable, match="in time"):
                await store.read(new_key())

    async def test_that_hangs_for_all_keeps_nobody_waiting_for_a_thread_for_ever(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bucket_store, "AT_ONCE", 1)
        async with raw_server(hang) as url:
            with closing(store_at(url, timeout=0.2)) as store:
                outcomes = await asyncio.gather(*(store.read(new_key()) for _ in range(8)), return_exceptions=True)
        assert all(isinstance(outcome, PhotoStoreUnavailable) for outcome in outcomes)
        assert any("too much to do" in str(outcome) for outcome in outcomes)


class TestAnOutage:
    async def test_is_told_apart_from_a_missing_photo_and_passes(self, tmp_path: Path) -> None:
        with running_gateway(tmp_path / "gateway") as gateway, closing(BucketPhotoStore(gateway.new_bucket())) as store:
            key = new_key()
            await store.put(key, PHOTO, "image/jpeg")
            gateway.stop()
            for work in (store.read(key), store.read(new_key()), store.put(new_key(), PHOTO, "image/jpeg")):
                with pytest.raises(PhotoStoreUnavailable, match="nobody listens there"):
                    await work
            gateway.start()
            assert await store.read(key) == PHOTO, "what was acknowledged outlives a server that was killed"
            with pytest.raises(PhotoNotFound):
                await store.read(new_key())

    async def test_of_a_moment_is_not_noticed(self) -> None:
        server = Troubled(busy(), busy(), found(b"photo"))
        async with server.store() as store:
            assert await store.read(new_key()) == b"photo"
        assert server.requests == 3

    async def test_that_lasts_is_told_after_three_attempts(self) -> None:
        server = Troubled(*[busy()] * 9)
        async with server.store() as store:
            with pytest.raises(PhotoStoreUnavailable, match="SlowDown"):
                await store.read(new_key())
        assert server.requests == 3

    async def test_of_the_connection_within_a_photo_is_not_noticed(self) -> None:
        cut_off = head("206 Partial Content", "Content-Length: 5", "Content-Range: bytes 0-4/5") + b"pho"
        server = Troubled(cut_off, found(b"photo"))
        async with server.store() as store:
            assert await store.read(new_key()) == b"photo"

    async def test_what_is_refused_is_not_tried_again(self) -> None:
        refused = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        answer = head("403 Forbidden", "Content-Type: application/xml", f"Content-Length: {len(refused)}") + refused
        server = Troubled(*[answer] * 3)
        async with server.store() as store:
            with pytest.raises(PhotoStoreUnavailable, match="the keys do not allow it"):
                await store.read(new_key())
        assert server.requests == 1


class TestWhatItHolds:
    async def test_of_a_large_photo_is_a_few_pieces_at_most(self, store: BucketPhotoStore) -> None:
        key, size = new_key(), 32 * 1024 * 1024
        await store.put(key, bytes(size), "image/jpeg")
        tracemalloc.start()
        try:
            opened = await store.open(key)
            seen = sum([len(piece) async for piece in opened.pieces])
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert seen == opened.size == size
        assert peak < size / 8

    async def test_a_listing_goes_on_over_many_pages(
        self, store: BucketPhotoStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bucket_store, "_PAGE", 3)
        keys = [new_key() for _ in range(10)]
        for key in keys:
            await store.put(key, b"small", "image/jpeg")
        assert sorted([key async for key in store.keys(in_an_hour())]) == sorted(keys)

    async def test_the_layout_is_a_folders(self, store: BucketPhotoStore, gateway: Gateway) -> None:
        """So that any tool that copies folders to buckets moves a hub's photos."""
        key = new_key()
        await store.put(key, PHOTO, "image/jpeg")
        assert gateway.names(store._address) == {f"{key[:2]}/{key}"}

    async def test_others_objects_are_left_alone(self, gateway: Gateway) -> None:
        inner = gateway.new_bucket("kota")
        outer = replace(inner, prefix="")
        with closing(BucketPhotoStore(inner)) as store, closing(BucketPhotoStore(outer)) as others:
            key, theirs = new_key(), new_key()
            await store.put(key, PHOTO, "image/jpeg")
            await others.put(theirs, PHOTO, "image/jpeg")
            assert [each async for each in store.keys(in_an_hour())] == [key]
            assert [each async for each in others.keys(in_an_hour())] == [theirs]

    async def test_what_a_check_left_that_was_killed_is_dropped_in_time(
        self, store: BucketPhotoStore, gateway: Gateway
    ) -> None:
        store._put("incoming/abc", b"check", "text/plain")
        assert await store.drop_leftovers(datetime.now(UTC) - timedelta(hours=1)) == 0
        assert await store.drop_leftovers(in_an_hour()) == 1
        assert gateway.names(store._address) == set()


# ---------------------------------------------------------------- a server that plays a bucket in trouble


def store_at(url: str, timeout: float = 5.0) -> BucketPhotoStore:
    return BucketPhotoStore(parse_bucket(f"{url}/foto", ACCESS_KEY, SECRET_KEY, timeout=timeout))


def busy() -> bytes:
    told = ("Content-Type: application/xml", f"Content-Length: {len(SLOW_DOWN)}")
    return head("503 Slow Down", *told) + SLOW_DOWN


def found(data: bytes) -> bytes:
    told = (f"Content-Length: {len(data)}", f"Content-Range: bytes 0-{len(data) - 1}/{len(data)}")
    return head("206 Partial Content", *told) + data


def saying_each(answer: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return talk


class Troubled:
    """Gives these answers, one a request, and counts the requests."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = iter(answers)
        self.requests = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests += 1
        writer.write(next(self._answers))
        await writer.drain()

    @asynccontextmanager
    async def store(self) -> AsyncIterator[BucketPhotoStore]:
        async with raw_server(self.talk) as url:
            with closing(store_at(url)) as store:
                yield store
