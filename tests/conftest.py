"""What tests share: stores that are seeded and new for each test, on both engines."""

import asyncio
import gc
import os
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine

from domain.areas import AreaMap
from storage.seeding import load_area_map, seed
from storage.store import Store, open_store, opened
from storage.writing.transaction import Operation
from tests import postgres
from tests.buckets import Gateway, running_gateway
from tests.crossing_writes import all_writes_cross
from tests.fuzzing import LONG
from tests.running import RunningHub
from tests.temporary import memory_folder

ENGINES = ("sqlite", "postgresql")

settings.register_profile("simpul", derandomize=not LONG)
settings.load_profile("simpul")  # before the modules of tests are read: their own settings build on it


@pytest.fixture(scope="session", autouse=True)
def writes_cross() -> Iterator[None]:
    """Whatever the product writes in a test could be written by another process."""
    with all_writes_cross():
        yield


@pytest.fixture(scope="session")
def seeded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with tables and facts, to be copied."""
    path = tmp_path_factory.mktemp("seeded") / "simpul.db"
    asyncio.run(_prepare(f"sqlite:///{path}"))
    return path


@cache
def seeded_postgres() -> str:
    """A PostgreSQL database with tables and facts, to be copied; its address."""
    url = postgres.fresh_database("seeded")
    asyncio.run(_prepare(url))
    return url


async def _prepare(url: str) -> None:
    async with opened(open_store(url)) as store:
        await store.write(Operation(seed, frozenset({"seed"})))


@pytest.fixture
def sqlite_url(seeded_sqlite: Path, tmp_path: Path) -> str:
    """The address of a new, seeded SQLite database."""
    path = tmp_path / "simpul.db"
    shutil.copyfile(seeded_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=ENGINES)
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a new, seeded database, on each engine in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    url = postgres.copy_database(seeded_postgres())
    yield url
    postgres.drop_database(url)


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """A new, seeded store, on each engine in turn."""
    async with opened(open_store(store_url)) as opened_store:
        yield opened_store


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Store]:
    """A new, seeded store on SQLite, for what has nothing to do with the engine."""
    async with opened(open_store(sqlite_url)) as opened_store:
        yield opened_store


@pytest.fixture(scope="session")
def area_map(seeded_sqlite: Path) -> Iterator[AreaMap]:
    """Jakarta's areas with approximate cells."""
    engine = create_engine(f"sqlite:///{seeded_sqlite}")
    with engine.connect() as connection:
        yield load_area_map(connection)
    engine.dispose()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A server that speaks S3, for tests that take a bucket each and leave it running."""
    with running_gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
def hub_folder(tmp_path: Path) -> Path:
    """An empty data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def running_hub(hub_folder: Path) -> Iterator[RunningHub]:
    """A hub without sources, serving, with a token for each role."""
    hub = RunningHub(hub_folder).start()
    yield hub
    hub.stop()


@pytest.fixture(scope="module")
def shared_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """One hub for all tests of a file that do not mind each other."""
    folder = tmp_path_factory.mktemp("hub") / "data"
    folder.mkdir()
    hub = RunningHub(folder, {"SIMPUL_ANONYMOUS_REPORTS_PER_HOUR": "10000"}).start()
    yield hub
    hub.stop()


def pytest_configure(config: pytest.Config) -> None:
    """Temporary folders in memory, where there is room; and nobody asks PostgreSQL for TLS, which this one has not: making
    ready for it takes as long as connecting."""
    os.environ.setdefault("PGSSLMODE", "disable")
    memory = memory_folder()
    if memory is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing is looked through for garbage while tests are collected, and what was collected never again: it is most of
    what a process has, and all of it stays. Saves a tenth of a run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast ones first: slow tests go to the end, the longest first of them, so that no process is left with it alone."""
    items.sort(key=_slowness)


def _slowness(item: pytest.Item) -> tuple[bool, float]:
    slow = item.get_closest_marker("slow")
    return (False, 0) if slow is None else (True, -float(slow.kwargs.get("seconds", 0)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: a third of a process's time it waits, for other processes and for moments to come."""
    return min(8, (os.cpu_count() or 1) + 1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """How `make test` deals tests out to processes."""
    from tests.dealing import Dealing

    return Dealing(config, log)
