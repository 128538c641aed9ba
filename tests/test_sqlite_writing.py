"""SQLite's writer: how durable its commits are."""

import pytest

from storage.store import open_store, opened
from storage.transaction import Operation


@pytest.mark.parametrize(("told", "found"), [({}, 2), ({"synchronous": "FULL"}, 2), ({"synchronous": "NORMAL"}, 1)])
async def test_commits_are_as_durable_as_the_operator_says_and_safe_unless_he_does(
    sqlite_url: str, told: dict[str, str], found: int
) -> None:
    async with opened(open_store(sqlite_url, **told)) as store:  # type: ignore[arg-type]
        asked = Operation(lambda tx: tx.conn.exec_driver_sql("PRAGMA synchronous").scalar_one())
        assert await store.write(asked) == found
