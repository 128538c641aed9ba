"""Asking sources to be read now, and records to be tried again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from domain.areas import AreaMap
from domain.sealing import Kind
from domain.vocabulary import Role
from resolvers import inputs, sources_acting
from resolvers.sources_acting import retry_set_aside, sync_source
from resolvers.viewer import Viewer
from storage import tables
from storage.store import Store
from storage.writing.transaction import Operation
from tests.writing import ANONYMOUS, KEY, WritingHub, told, words_of, writing_hub


@dataclass
class Scene:
    hub: WritingHub
    admin: Viewer
    dispatcher: Viewer
    woken: list[str] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self, code: str) -> None:
        self.woken.append(code)
        self.called.set()

    async def write(self, statement: Any, values: Any = None) -> Any:
        return await self.hub.parts.store.write(Operation(lambda tx: tx.conn.execute(statement, values)))

    async def source(self, code: str, **values: Any) -> int:
        told_of = {"code": code, "name": code, "kind": "CITIZEN_APP", "state": "UP", "reconstructed": False}
        told_of |= {"set_aside_count": 0, "sync_requested": False, "change": 0} | values
        await self.write(insert(tables.sources), told_of)
        rows = await self.hub.rows(tables.sources, tables.sources.c.code == code)
        return int(rows[0]["id"])

    async def aside(self, source_id: int, *keys: str) -> list[str]:
        for key in keys:
            values = {"source_id": source_id, "key": key, "reason": "no text", "raw": "{}", "first_seen_at": 1}
            await self.write(insert(tables.set_aside), values | {"attempts": 1, "retry_requested": False})
        rows = await self.hub.rows(tables.set_aside, tables.set_aside.c.key.in_(keys))
        return [self.hub.id(row["id"], Kind.SET_ASIDE) for row in rows]


@pytest.fixture
async def scene(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Scene]:
    async with writing_hub(store, tmp_path, area_map) as hub:
        made = Scene(hub, await hub.person(Role.ADMIN), await hub.person(Role.DISPATCHER))
        hub.parts.wake_source = made.wake
        yield made


class TestSyncSource:
    async def given(self, scene: Scene, viewer: Viewer, code: str = "qlue", key: str | None = None) -> Any:
        return await scene.hub.call(sync_source, inputs.SyncSource(source=code, idempotency_key=key), viewer)

    async def test_asks_and_wakes(self, scene: Scene) -> None:
        row = await scene.source("qlue")
        for _ in range(2):
            done = await self.given(scene, scene.admin, key=KEY)
            assert (done.source_id, told(done.faults)) == (row, [])
        (kept,) = await scene.hub.rows(tables.sources, tables.sources.c.id == row)
        assert kept["sync_requested"] and scene.woken == ["qlue"]

    async def test_shows_the_source_also_where_the_key_was_used_for_another(self, scene: Scene) -> None:
        await scene.source("qlue")
        other = await scene.source("lapor")
        await self.given(scene, scene.admin, key=KEY)
        done = await self.given(scene, scene.admin, "lapor", key=KEY)
        assert (told(done.faults), done.source_id) == ([("CONFLICT", "idempotencyKey")], other)

    async def test_is_for_admins(self, scene: Scene) -> None:
        row = await scene.source("qlue")
        refused = await self.given(scene, scene.dispatcher)
        assert (told(refused.faults), refused.source_id) == ([("FORBIDDEN", "source")], row)
        assert words_of(refused.faults) == ["Only admins may do this."]
        assert told((await self.given(scene, ANONYMOUS)).faults) == [("UNAUTHENTICATED", "source")]

    async def test_of_what_is_not_there_or_not_read(self, scene: Scene) -> None:
        await scene.source("qlue", state="DISABLED")
        assert told((await self.given(scene, scene.admin, "nothing")).faults) == [("NOT_FOUND", "source")]
        assert told((await self.given(scene, scene.admin, "a\0")).faults) == [("NOT_FOUND", "source")]
        for code in ("qlue", "simpul"):
            done = await self.given(scene, scene.admin, code)
            assert told(done.faults) == [("NOT_POSSIBLE_IN_STATE", "source")]


class TestRetrySetAside:
    async def given(self, scene: Scene, *ids: str, viewer: Viewer | None = None, key: str | None = None) -> Any:
        given = inputs.RetrySetAside(ids=ids, idempotency_key=key)
        return await scene.hub.call(retry_set_aside, given, viewer or scene.admin)

    async def test_waits_for_the_connector_and_counts(self, scene: Scene) -> None:
        ids = await scene.aside(await scene.source("qlue"), "a", "b", "c")

        async def connector() -> None:
            await scene.called.wait()
            assert all(row["retry_requested"] for row in await scene.hub.rows(tables.set_aside))
            await scene.write(delete(tables.set_aside).where(tables.set_aside.c.key != "b"))
            again = update(tables.set_aside).values(attempts=2, retry_requested=False)
            await scene.write(again)

        done, _ = await asyncio.gather(self.given(scene, *ids, key=KEY), connector())
        assert (done.mapped, done.still_aside, told(done.faults)) == (2, 1, [])
        again = await self.given(scene, *ids, key=KEY)
        assert (again.mapped, again.still_aside) == (2, 1) and scene.woken == ["qlue"]

    async def test_does_not_wait_for_ever(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sources_acting, "RETRY_SECONDS", 0.2)
        ids = await scene.aside(await scene.source("qlue"), "a")
        done = await self.given(scene, *ids)
        assert (done.mapped, done.still_aside) == (0, 1)

    async def test_all_or_nothing(self, scene: Scene) -> None:
        ids = await scene.aside(await scene.source("qlue"), "a")
        done = await self.given(scene, ids[0], "no id", scene.hub.id(99, Kind.SET_ASIDE))
        assert told(done.faults) == [("NOT_FOUND", "ids.1"), ("NOT_FOUND", "ids.2")]
        assert not (await scene.hub.rows(tables.set_aside))[0]["retry_requested"] and scene.woken == []

    async def test_bounds(self, scene: Scene) -> None:
        assert told((await self.given(scene)).faults) == [("REQUIRED", "ids")]
        assert told((await self.given(scene, *["x"] * 101)).faults) == [("TOO_MANY", "ids")]

    async def test_is_for_admins(self, scene: Scene) -> None:
        ids = await scene.aside(await scene.source("qlue"), "a")
        assert told((await self.given(scene, *ids, viewer=scene.dispatcher)).faults) == [("FORBIDDEN", "ids")]
        assert told((await self.given(scene, *ids, viewer=ANONYMOUS)).faults) == [("UNAUTHENTICATED", "ids")]
