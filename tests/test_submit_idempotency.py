"""idempotencyKey on every mutation: the same answer again, nothing made twice, also when two arrive at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.areas import AreaMap
from domain.report import KEYS_KEPT
from domain.vocabulary import Role
from resolvers import inputs
from resolvers.acting import comment, set_confidential, withdraw
from resolvers.outcomes import Submitted
from storage import tables
from storage.errors import OutcomeUnknown
from storage.photos.folder import FolderPhotoStore
from storage.reports.follow import follow_token_again
from storage.store import Store, open_store, opened
from storage.writing.idempotency import forget_old
from storage.writing.transaction import Operation
from tests.images import jpeg, plain_jpeg
from tests.writing import ANONYMOUS, BANDUNG, KEY, File, WritingHub, told, writing_hub


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[WritingHub]:
    async with writing_hub(store, tmp_path, area_map) as made:
        yield made


class TestTheSameKeyAgain:
    async def test_gives_the_same_report_and_token(self, hub: WritingHub) -> None:
        first = await hub.submit(idempotency_key=KEY, photos=(File(plain_jpeg()),))
        again = await hub.submit(idempotency_key=KEY, photos=(File(plain_jpeg()),))
        assert (again.report_id, again.follow_token) == (first.report_id, first.follow_token)
        assert first.follow_token is not None and told(again.faults) == []
        assert await hub.count(tables.reports) == 1 and len(hub.files()) == 2

    async def test_from_another_address_too(self, hub: WritingHub) -> None:
        first = await hub.submit(idempotency_key=KEY)
        again = await hub.submit(replace(ANONYMOUS, client="c" * 64), idempotency_key=KEY)
        assert again.report_id == first.report_id

    @pytest.mark.parametrize(
        "other",
        [
            {"text": "another text"},
            {"confidential": True},
            {"photos": (File(jpeg(6)),)},
            {"location": None, "area": "31.71.01.1001"},
        ],
        ids=["text", "confidential", "photos", "place"],
    )
    async def test_with_other_content_is_a_conflict_that_shows_nothing(self, hub: WritingHub, other: dict) -> None:
        await hub.submit(idempotency_key=KEY)
        conflict = await hub.submit(idempotency_key=KEY, **other)
        assert told(conflict.faults) == [("CONFLICT", "idempotencyKey")]
        assert conflict == Submitted(faults=conflict.faults)
        assert hub.files() == [] and await hub.count(tables.reports) == 1

    async def test_of_another_mutation_is_a_conflict(self, hub: WritingHub) -> None:
        done = await hub.submit(idempotency_key=KEY)
        given = inputs.WithdrawReport(
            report_id=hub.id(done.report_id or 0), follow_token=done.follow_token, idempotency_key=KEY
        )
        withdrawn = await hub.call(withdraw, given)
        assert told(withdrawn.faults) == [("CONFLICT", "idempotencyKey")]
        assert await hub.kinds(done.report_id or 0) == ["CREATED"]

    async def test_of_another_person_is_another_key(self, hub: WritingHub) -> None:
        one, other = await hub.person(Role.CITIZEN, "one"), await hub.person(Role.CITIZEN, "other")
        first = await hub.submit(one, idempotency_key=KEY)
        second = await hub.submit(other, idempotency_key=KEY)
        assert first.report_id != second.report_id and told(second.faults) == []

    async def test_of_a_partner_whoever_signs_for_it(self, hub: WritingHub) -> None:
        one = await hub.person(Role.PARTNER, "one", "dishub")
        colleague = await hub.person(Role.PARTNER, "colleague", "dishub")
        first = await hub.submit(one, idempotency_key=KEY)
        assert (await hub.submit(colleague, idempotency_key=KEY)).report_id == first.report_id

    async def test_after_faults_is_free(self, hub: WritingHub) -> None:
        assert told((await hub.submit(idempotency_key=KEY, location=BANDUNG)).faults) == [("OUT_OF_AREA", "location")]
        done = await hub.submit(idempotency_key=KEY)
        assert told(done.faults) == [] and done.report_id is not None

    async def test_shows_the_report_as_it_is_now(self, hub: WritingHub) -> None:
        done = await hub.submit(idempotency_key=KEY)
        report_id = hub.id(done.report_id or 0)
        hide = inputs.SetConfidential(report_id=report_id, confidential=True, follow_token=done.follow_token)
        assert told((await hub.call(set_confidential, hide)).faults) == []
        assert (await hub.submit(idempotency_key=KEY)).report_id == done.report_id

    async def test_a_comment_is_made_once(self, hub: WritingHub) -> None:
        done = await hub.submit()
        given = inputs.CommentOnReport(
            report_id=hub.id(done.report_id or 0),
            text="Sudah surut",
            follow_token=done.follow_token,
            idempotency_key=KEY,
        )
        first, again = await hub.call(comment, given), await hub.call(comment, given)
        assert first.comment_id == again.comment_id and await hub.count(tables.comments) == 1


class TestTwoAtOnce:
    async def test_make_exactly_one(self, hub: WritingHub) -> None:
        photos = (File(plain_jpeg()),)
        done = await asyncio.gather(*(hub.submit(idempotency_key=KEY, photos=photos) for _ in range(4)))
        assert len({each.report_id for each in done}) == len({each.follow_token for each in done}) == 1
        assert await hub.count(tables.reports) == 1
        assert len(hub.files()) == 2, "the photos of those that came second are deleted"

    async def test_with_other_content_make_one_and_a_conflict(self, hub: WritingHub) -> None:
        done = await asyncio.gather(*(hub.submit(idempotency_key=KEY, text=f"Banjir {n}") for n in range(4)))
        assert sorted(len(told(each.faults)) for each in done) == [0, 1, 1, 1]
        assert await hub.count(tables.reports) == 1

    async def test_on_two_processes_of_one_store(self, store_url: str, area_map: AreaMap, tmp_path: Path) -> None:
        async with (
            opened(open_store(store_url)) as one,
            opened(open_store(store_url)) as other,
            writing_hub(one, tmp_path, area_map) as here,
            writing_hub(other, tmp_path, area_map) as there,
        ):
            done = await asyncio.gather(*(each.submit(idempotency_key=KEY) for each in (here, there) * 3))
            assert len({each.report_id for each in done}) == 1 and await here.count(tables.reports) == 1


class TestKept:
    async def test_hashed_and_sealed(self, hub: WritingHub) -> None:
        done = await hub.submit(idempotency_key=KEY)
        (kept,) = await hub.rows(tables.idempotency)
        (token,) = await hub.rows(tables.report_follow_tokens)
        shown = repr([dict(kept), dict(token)])
        assert KEY not in shown and str(done.follow_token) not in shown
        read, report_id = hub.parts.store.read, done.report_id or 0
        assert await read(follow_token_again, report_id, KEY) == done.follow_token
        assert await read(follow_token_again, report_id, "z" * 22) is None

    async def test_without_a_key_the_token_is_shown_once(self, hub: WritingHub) -> None:
        await hub.submit()
        (token,) = await hub.rows(tables.report_follow_tokens)
        assert token["sealed"] is None

    async def test_forty_days(self, hub: WritingHub) -> None:
        await hub.submit(idempotency_key=KEY)
        (kept,) = await hub.rows(tables.idempotency)
        write = hub.parts.store.write
        assert await write(Operation(lambda tx: forget_old(tx, tx.now - KEYS_KEPT))) == 0
        assert await write(Operation(lambda tx: forget_old(tx, kept["created_at"] + 1))) == 1


class TestAnAnswerThatIsLost:
    async def test_keeps_the_photos_for_the_sweeper_to_judge(
        self, sqlite_store: Store, area_map: AreaMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with writing_hub(sqlite_store, tmp_path, area_map) as hub:
            write = sqlite_store.write

            async def lose(operation: Operation) -> None:
                await write(operation)
                raise OutcomeUnknown("the connection was lost at the commit")

            monkeypatch.setattr(sqlite_store, "write", lose)
            with pytest.raises(Exception, match="not known whether"):
                await hub.submit(idempotency_key=KEY, photos=(File(plain_jpeg()),))
            monkeypatch.undo()
            assert len(hub.files()) == 2
            again = await hub.submit(idempotency_key=KEY, photos=(File(plain_jpeg()),))
            assert again.follow_token is not None and await hub.count(tables.reports) == 1
            assert len(hub.files()) == 2

    async def test_a_photo_store_that_fails_leaves_nothing(
        self, sqlite_store: Store, area_map: AreaMap, tmp_path: Path
    ) -> None:
        async with writing_hub(sqlite_store, tmp_path, area_map) as hub:
            hub.parts.photos = _FailingPhotos(tmp_path / "photos", fail_at=3)
            with pytest.raises(OSError, match="disk full"):
                await hub.submit(photos=(File(plain_jpeg()), File(jpeg())))
            assert hub.files() == [] and await hub.count(tables.reports) == 0


class _FailingPhotos(FolderPhotoStore):
    """Runs out of disk at the n-th file."""

    def __init__(self, root: Path, fail_at: int) -> None:
        super().__init__(root)
        self._left = fail_at

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        self._left -= 1
        if not self._left:
            raise OSError("disk full")
        await super().put(key, data, content_type)
