"""Ids of rows that are written together: an operation may make more than one."""

from pathlib import Path

from domain.areas import AreaMap
from storage.store import Store
from tests.stream_world import create, world_over


async def test_one_operation_may_make_several_reports_and_is_run_once(
    store: Store, area_map: AreaMap, tmp_path: Path
) -> None:
    runs = 0
    async with world_over(store, area_map, tmp_path) as world:

        def make(tx: object) -> list[int]:
            nonlocal runs
            runs += 1
            return [create(tx, world) for _ in range(3)]  # type: ignore[arg-type]

        made = await world.write(make)
    assert len(set(made)) == 3
    assert runs == 1
