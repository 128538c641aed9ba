"""Where photos cannot be made safe or kept, a report with photos is refused whole, and told when to try again."""

from pathlib import Path

import pytest

from domain.areas import AreaMap
from resolvers.errors import PhotosUnavailable
from storage.photos.folder import FolderPhotoStore
from storage.photos.store import PhotoStoreUnavailable
from storage.store import Store
from tests.images import jpeg, plain_jpeg
from tests.writing import File, WritingHub, nothing_left, told, writing_hub


class _FillsUp(FolderPhotoStore):
    """Has no room any more at the n-th file."""

    def __init__(self, root: Path, room: int) -> None:
        super().__init__(root)
        self._room = room

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        if self._room == 0:
            raise PhotoStoreUnavailable(f"Photos cannot be kept in {self._root}: No space left on device.")
        self._room -= 1
        await super().put(key, data, content_type)


async def refused(hub: WritingHub) -> PhotosUnavailable:
    with pytest.raises(PhotosUnavailable) as caught:
        await hub.submit(photos=(File(plain_jpeg()), File(jpeg())))
    assert await hub.parts.store.read(nothing_left)
    return caught.value


async def test_a_store_that_fills_up_leaves_nothing_and_tells_nothing_of_itself(
    store: Store, area_map: AreaMap, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with writing_hub(store, tmp_path, area_map) as hub:
        hub.parts.photos = _FillsUp(tmp_path / "photos", room=2)
        error = await refused(hub)
        assert hub.files() == []
    assert (error.code, error.extensions) == ("OVERLOADED", {"retryAfter": 30.0})
    assert str(tmp_path) not in str(error) and str(tmp_path) in caplog.text


async def test_without_a_process_for_pictures(sqlite_store: Store, area_map: AreaMap, tmp_path: Path) -> None:
    async with writing_hub(sqlite_store, tmp_path, area_map) as hub:
        await hub.parts.preparer.close()
        await refused(hub)
        assert told((await hub.submit()).faults) == [], "a report without photos is taken"
        assert hub.files() == []
