"""What is kept of a source itself: that it is configured, how its last run ended, that somebody wants it read now."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from domain.areas import AreaMap
from domain.sink import Health, SourceError
from domain.time import micros
from domain.vocabulary import SourceKind, SourceState
from storage import tables
from storage.store import Store
from tests.ingesting import ALL, LAPOR, NOW, PETA, QLUE, Hub, hub_on


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> Hub:
    return await hub_on(store, area_map, tmp_path / "photos")


async def source(hub: Hub, code: str = "qlue") -> Any:
    (row,) = await hub.rows(tables.sources, tables.sources.c.code == code)
    return row


class TestDeclared:
    async def test_declaring_again_changes_nothing(self, hub: Hub) -> None:
        before = await hub.rows(tables.sources)
        await hub.sink.declare(ALL)
        assert await hub.rows(tables.sources) == before

    async def test_what_changed_in_the_configuration_is_told(self, hub: Hub) -> None:
        before = await source(hub)
        await hub.sink.declare([replace(QLUE, name="Qlue Jakarta", poll_seconds=30.0), PETA, LAPOR])
        after = await source(hub)
        assert (after.name, after.poll_seconds) == ("Qlue Jakarta", 30.0) and after.change > before.change

    async def test_what_is_not_named_any_more_is_disabled_and_comes_back(self, hub: Hub) -> None:
        before = await source(hub)
        await hub.sink.declare([PETA, LAPOR])
        gone = await source(hub)
        assert gone.state == "DISABLED" and gone.change > before.change
        await hub.sink.declare(ALL)
        assert (await source(hub)).state == "DEGRADED"

    async def test_the_hubs_own_source_and_partners_are_left_alone(self, hub: Hub) -> None:
        partner = {"code": "pln", "name": "PLN", "kind": SourceKind.PARTNER, "state": "UP", "reconstructed": False}
        partner |= {"set_aside_count": 0, "sync_requested": False, "change": 0}
        await hub.execute(insert(tables.sources).values(partner))
        own = await source(hub, "simpul")
        await hub.sink.declare([])
        assert await source(hub, "simpul") == own
        assert (await source(hub, "pln")).state == "UP"
        with pytest.raises(ValueError, match="own source"):
            await hub.sink.declare([replace(QLUE, code="simpul")])


class TestHealth:
    async def test_a_run_that_ends_well_is_up_and_forgets_the_error(self, hub: Hub) -> None:
        lease = await hub.lease("qlue")
        soon = NOW + timedelta(minutes=1)
        failed = Health("qlue", SourceState.DOWN, NOW, False, SourceError.TIMED_OUT, soon)
        await hub.sink.health(failed, lease)
        down = await source(hub)
        assert (down.state, down.last_error) == ("DOWN", "The source did not answer in time.")
        assert (down.last_error_at, down.next_attempt_at) == (micros(NOW), micros(soon))
        await hub.sink.health(Health("qlue", SourceState.UP, soon, True), lease)
        up = await source(hub)
        assert (up.state, up.last_error, up.last_success_at) == ("UP", None, micros(soon))
        assert up.last_error_at == micros(NOW) and up.change > down.change

    async def test_subscribers_hear_of_changes_and_of_the_end_of_a_run_they_asked_for(self, hub: Hub) -> None:
        lease = await hub.lease("qlue")
        run = Health("qlue", SourceState.UP, NOW, True)
        await hub.sink.health(run, lease)
        before = (await source(hub)).change
        await hub.sink.health(run, lease)
        assert (await source(hub)).change == before
        await hub.sink.health(replace(run, answers_request=True), lease)
        assert (await source(hub)).change == before + 1

    async def test_a_wish_for_a_sync_is_taken_once(self, hub: Hub) -> None:
        assert not await hub.sink.take_sync_requests("qlue")
        asked = update(tables.sources).where(tables.sources.c.code == "qlue").values(sync_requested=True)
        await hub.execute(asked)
        assert await hub.sink.take_sync_requests("qlue")
        assert not await hub.sink.take_sync_requests("qlue")
