"""Photos that were put are there, whole and for good; those that were not, never; and what nobody needs goes.

The suite runs on every store in STORES; what only a folder can show is in the classes named after it, what only a
bucket can is in test_photo_bucket.py.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.photos import sweeping
from storage.photos.bucket import BucketPhotoStore
from storage.photos.folder import FolderPhotoStore
from storage.photos.store import InvalidPhotoKey, PhotoNotFound, PhotoStore, PhotoStoreUnavailable, new_key
from storage.photos.sweeping import sweep
from tests.buckets import Gateway

CHECKOUT = Path(__file__).resolve().parents[1]
PHOTO = bytes(range(256)) * 4000  # about a megabyte: several pieces

STORES = ("folder", "bucket")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PhotoStore]:
    if request.param == "folder":
        yield FolderPhotoStore(tmp_path / "photos")
        return
    gateway: Gateway = request.getfixturevalue("gateway")
    with closing(BucketPhotoStore(gateway.new_bucket("kota"))) as opened:
        yield opened


def in_an_hour() -> datetime:
    """A time that everything put by a test is older than."""
    return datetime.now(UTC) + timedelta(hours=1)


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - sweeping.GRACE


async def listed(keys: AsyncIterator[str]) -> set[str]:
    return {key async for key in keys}


async def put(store: PhotoStore, data: bytes = PHOTO) -> str:
    key = new_key()
    await store.put(key, data, "image/jpeg")
    return key


class TestKeeping:
    async def test_what_was_put_can_be_read_whole_and_in_pieces(self, store: PhotoStore) -> None:
        key = await put(store)
        assert await store.read(key) == PHOTO
        opened = await store.open(key)
        pieces = [piece async for piece in opened.pieces]
        assert b"".join(pieces) == PHOTO and len(pieces) > 1
        assert opened.size == len(PHOTO)
        assert await store.size(key) == len(PHOTO)

    async def test_photos_do_not_mix(self, store: PhotoStore) -> None:
        kept = {await put(store, f"photo {number}".encode()): number for number in range(20)}
        for key, number in kept.items():
            assert await store.read(key) == f"photo {number}".encode()

    async def test_a_photo_that_is_not_there_is_told_before_the_first_piece(self, store: PhotoStore) -> None:
        await put(store)
        missing: tuple[Callable[[str], Awaitable[object]], ...] = (store.open, store.read, store.size)
        for work in missing:
            with pytest.raises(PhotoNotFound):
                await work(new_key())

    async def test_deleted_is_gone_and_deleting_again_is_fine(self, store: PhotoStore) -> None:
        key, other = await put(store), await put(store)
        await store.delete(key)
        await store.delete(key)
        await store.delete(new_key())
        with pytest.raises(PhotoNotFound):
            await store.read(key)
        assert await listed(store.keys(in_an_hour())) == {other}

    async def test_a_reader_may_leave_in_the_middle(self, store: PhotoStore) -> None:
        opened = await store.open(await put(store))
        async for piece in opened.pieces:
            assert PHOTO.startswith(piece)
            break

    async def test_an_empty_store_has_no_keys_and_can_be_written(self, store: PhotoStore) -> None:
        assert await listed(store.keys(in_an_hour())) == set()
        assert await store.drop_leftovers(in_an_hour()) == 0
        await store.check()
        assert await listed(store.keys(in_an_hour())) == set()


class TestKeys:
    def test_keys_are_random_and_safe_in_addresses(self) -> None:
        keys = {new_key() for _ in range(1000)}
        assert len(keys) == 1000
        assert all(len(key) == 22 and set(key) <= set(BASE64_URL) for key in keys)

    @pytest.mark.parametrize(
        "key",
        [
            *("", "a" * 21, "a" * 23, "a" * 22 + "\n", "a" * 21 + "\0", "é" * 22),
            *("..", "../../etc/passwd", "/etc/passwd", "a" * 21 + "/", "..%2f" + "a" * 17, "a" * 20 + "\\."),
            "incoming/" + "a" * 13,
        ],
    )
    async def test_nothing_else_is_a_key(self, store: PhotoStore, key: str) -> None:
        asked: tuple[Callable[[str], Awaitable[object]], ...] = (store.open, store.read, store.size, store.delete)
        for work in asked:
            with pytest.raises(InvalidPhotoKey):
                await work(key)
        with pytest.raises(InvalidPhotoKey):
            await store.put(key, PHOTO, "image/jpeg")
        assert await listed(store.keys(in_an_hour())) == set()

    async def test_only_those_older_than_asked_are_listed(self, store: PhotoStore) -> None:
        keys = {await put(store) for _ in range(5)}
        assert await listed(store.keys(an_hour_ago())) == set()
        assert await listed(store.keys(in_an_hour())) == keys


BASE64_URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class TestSweeping:
    async def test_what_no_row_refers_to_goes_and_the_rest_stays(self, store: PhotoStore) -> None:
        kept, unused = {await put(store) for _ in range(3)}, {await put(store) for _ in range(4)}
        assert await sweep(store, referring_to(kept), in_an_hour()) == len(unused)
        assert await listed(store.keys(in_an_hour())) == kept
        assert await sweep(store, referring_to(kept), in_an_hour()) == 0

    async def test_what_was_put_within_the_hour_stays(self, store: PhotoStore) -> None:
        """A submission has put its photos and is about to commit the rows."""
        fresh = await put(store)
        assert await sweep(store, referring_to(set()), an_hour_ago()) == 0
        assert await store.read(fresh) == PHOTO

    async def test_a_row_that_is_committed_while_keys_are_listed_keeps_its_photo(self, store: PhotoStore) -> None:
        rows: set[str] = set()
        key = await put(store)

        async def commits_just_before(keys: Sequence[str]) -> set[str]:
            rows.add(key)
            return rows & set(keys)

        assert await sweep(store, commits_just_before, in_an_hour()) == 0
        assert await store.read(key) == PHOTO

    async def test_it_asks_in_batches(self, store: PhotoStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sweeping, "BATCH", 4)
        keys = {await put(store, b"small") for _ in range(10)}
        asked: list[Sequence[str]] = []

        async def nothing(batch: Sequence[str]) -> set[str]:
            asked.append(batch)
            return set()

        assert await sweep(store, nothing, in_an_hour()) == 10
        assert sorted(len(batch) for batch in asked) == [2, 4, 4]
        assert {key for batch in asked for key in batch} == keys


def referring_to(rows: set[str]) -> sweeping.Referenced:
    async def referenced(keys: Sequence[str]) -> set[str]:
        return rows & set(keys)

    return referenced


class TestFolderAndPowerCuts:
    async def test_bytes_and_names_are_on_the_disk_before_put_returns(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Watches the system calls of a put, in their order."""
        calls: list[tuple[str, str]] = []
        fsync, replace = os.fsync, os.replace

        def watched_fsync(descriptor: int) -> None:
            calls.append(("fsync", path_of(descriptor)))
            fsync(descriptor)

        def watched_replace(source: Path, target: Path) -> None:
            calls.append(("rename", str(target)))
            replace(source, target)

        monkeypatch.setattr(os, "fsync", watched_fsync)
        monkeypatch.setattr(os, "replace", watched_replace)
        root = tmp_path / "photos"
        key = await put(FolderPhotoStore(root))
        shard = root / key[:2]
        renamed = calls.index(("rename", str(shard / key)))
        assert [call for call, path in calls[:renamed] if path.startswith(str(root / "incoming") + "/")] == ["fsync"]
        assert ("fsync", str(tmp_path)) in calls[:renamed], "the root's own name"
        assert ("fsync", str(root)) in calls[:renamed], "the subfolder's name"
        assert calls[renamed + 1 :] == [("fsync", str(shard))], "the photo's name"

    async def test_a_hub_killed_between_write_and_rename_leaves_no_photo(self, tmp_path: Path) -> None:
        root, key = tmp_path / "photos", new_key()
        script = f"""
import asyncio, os, pathlib, signal
from storage.photos.folder import FolderPhotoStore
os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(FolderPhotoStore(pathlib.Path({str(root)!r})).put({key!r}, b"photo" * 1000, "image/jpeg"))
"""
        assert await exit_code(script) == -signal.SIGKILL
        store = FolderPhotoStore(root)
        with pytest.raises(PhotoNotFound):
            await store.read(key)
        assert await listed(store.keys(in_an_hour())) == set()
        assert len(list((root / "incoming").iterdir())) == 1
        assert await sweep(store, referring_to(set()), an_hour_ago()) == 0, "it may still be being written"
        assert await sweep(store, referring_to(set()), in_an_hour()) == 1
        assert list((root / "incoming").iterdir()) == []


async def exit_code(script: str) -> int:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, cwd=CHECKOUT)
    return await process.wait()


def made_read_only(folder: Path) -> Path:
    folder.chmod(0o500)
    return folder


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def path_of(descriptor: int) -> str:
    if sys.platform != "linux":
        pytest.skip("which file a descriptor stands for is read from /proc")
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


class TestFolderTroubles:
    async def test_a_folder_that_cannot_be_made_is_told_with_a_way_out(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("not a folder")
        store = FolderPhotoStore(tmp_path / "file" / "photos")
        for work in (store.check(), store.put(new_key(), PHOTO, "image/jpeg")):
            with pytest.raises(PhotoStoreUnavailable) as told:
                await work
            assert f"Photos cannot be kept in {tmp_path}/file/photos: Not a directory." in str(told.value)
            assert "Make the folder writable" in str(told.value)

    async def test_a_folder_that_is_not_ours_is_told(self, tmp_path: Path) -> None:
        if os.geteuid() == 0:
            pytest.skip("root may write everywhere")
        not_ours = made_read_only(tmp_path)
        with pytest.raises(PhotoStoreUnavailable, match="Permission denied"):
            await FolderPhotoStore(not_ours).check()

    async def test_a_full_disk_leaves_nothing_behind(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        store = FolderPhotoStore(tmp_path / "photos")
        await store.check()
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", full)
            with pytest.raises(PhotoStoreUnavailable, match="No space left on device"):
                await put(store)
        assert files_in(tmp_path) == []

    async def test_a_disk_that_is_not_mounted_is_not_a_missing_photo(self, tmp_path: Path) -> None:
        store = FolderPhotoStore(tmp_path / "photos")
        with pytest.raises(PhotoStoreUnavailable):
            await store.read(new_key())

    async def test_a_photo_deleted_under_its_reader_ends_the_reading(self, tmp_path: Path) -> None:
        store = FolderPhotoStore(tmp_path / "photos")
        key = await put(store)
        opened = await store.open(key)
        await store.delete(key)
        with pytest.raises(PhotoNotFound):
            [piece async for piece in opened.pieces]

    async def test_files_of_others_in_the_folder_are_left_alone(self, tmp_path: Path) -> None:
        store = FolderPhotoStore(tmp_path)
        key = await put(store)
        others = [tmp_path / "README", tmp_path / key[:2] / "notes.txt", tmp_path / "lost+found" / new_key()]
        for path in others:
            path.parent.mkdir(exist_ok=True)
            path.write_text("not a photo")
        assert await sweep(store, referring_to(set()), in_an_hour()) == 1
        assert all(path.is_file() for path in others)
