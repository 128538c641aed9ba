"""The dearest query that is allowed, of the longest texts there can be: its answer and its memory are bounded."""

import tracemalloc
from pathlib import Path

import orjson
import pytest

from domain.areas import AreaMap
from domain.report import TEXT_LENGTH
from execution import Engine, Limits
from schema.root import graphql_schema
from storage.store import Store
from tests.writing import writing_hub

DEAREST = "{ reports(first: 98) { nodes { text area { reports(first: 99) { nodes { text } } } } } }"
BYTES_FOR_A_POINT = TEXT_LENGTH + 200
"""An object costs a point, and the longest that hangs on one is a report's text (here of letters of one byte)."""


@pytest.mark.slow
async def test_the_dearest_query_stays_within_bounds(sqlite_store: Store, tmp_path: Path, area_map: AreaMap) -> None:
    engine = Engine(graphql_schema(), Limits(seconds=200))
    async with writing_hub(sqlite_store, tmp_path, area_map) as hub:
        for number in range(100):
            done = await hub.submit(text=f"{number} " + "banjir " * (TEXT_LENGTH // 7 - 2))
            assert done.report_id is not None
        prepared = engine.prepare(DEAREST)
        async with hub.context() as context:
            tracemalloc.start()
            answer = await engine.execute(prepared, context)
            encoded = orjson.dumps(answer.payload())
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    spent = prepared.price.actual(answer.data)
    assert 0.95 * engine.limits.cost < spent <= prepared.cost <= engine.limits.cost
    assert len(encoded) <= spent * BYTES_FOR_A_POINT  # measured: 49 MB
    assert peak <= 3 * len(encoded)  # measured: 70 MB
