"""How a start goes: what is loaded for it, what it takes in memory, and that no migration is missed for the sake of speed."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from storage.migrating import SCRIPTS, is_up_to_date, newest, upgrade
from tests.running import RunningHub

ELSEWHERE = (
    "alembic",
    "asyncpg",
    "sqlalchemy.dialects.postgresql",
    "minio",
    "PIL",
    "pillow_heif",
    "httpx",
    "rich",
    "connectors",
    "demo",
    "storage.ingest.sink",
    "transport.identity.oidc",
)
"""What a hub on SQLite with data of before has no use for, where no source, bucket or issuer is configured."""

IMPORTED = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)
MOST_MEGABYTES = 160
"""What the hub may have resident once it has answered. It has some 115."""

PAGE = "{ reports(first: 5) { nodes { id area { name } } } areas(level: CITY) { name } }"


@pytest.fixture(scope="module")
def loading_hub(tmp_path_factory: pytest.TempPathFactory, seeded_sqlite: Path) -> Iterator[RunningHub]:
    """A hub on data of before, whose log names each module that is loaded."""
    folder = tmp_path_factory.mktemp("hub") / "data"
    folder.mkdir()
    shutil.copyfile(seeded_sqlite, folder / "simpul.db")
    hub = RunningHub(folder, {"PYTHONPROFILEIMPORTTIME": "1"}, cold=True).start()
    yield hub
    hub.stop()


def test_a_start_loads_nothing_that_it_does_not_need(loading_hub: RunningHub) -> None:
    """Each of these takes a tenth of a second or megabytes, at every start of everybody."""
    assert len(loading_hub.data(PAGE)["areas"]) == 6
    loaded = set(IMPORTED.findall(loading_hub.log))
    assert {"sqlalchemy", "strawberry", "storage.sqlite.store"} <= loaded, "the log names what is loaded"
    assert [name for name in ELSEWHERE if name in loaded] == []


def test_a_hub_that_answers_is_small(loading_hub: RunningHub) -> None:
    for _ in range(20):
        loading_hub.data(PAGE)
    assert loading_hub.process is not None
    status = Path(f"/proc/{loading_hub.process.pid}/status")
    if not status.exists():
        pytest.skip("this system does not tell what a process has in memory")
    kilobytes = re.search(r"^VmRSS:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
    assert kilobytes is not None and int(kilobytes[1]) / 1024 <= MOST_MEGABYTES


class TestMigrations:
    @pytest.fixture
    def connection(self, seeded_sqlite: Path, tmp_path: Path) -> Iterator[Connection]:
        shutil.copyfile(seeded_sqlite, tmp_path / "simpul.db")
        engine = create_engine(f"sqlite:///{tmp_path / 'simpul.db'}")
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def test_the_newest_is_the_one_that_alembic_ends_with(self) -> None:
        """Else a database would be taken for up to date that lacks a migration."""
        assert newest() == ScriptDirectory(str(SCRIPTS)).get_current_head()

    def test_one_that_is_missing_is_run(self, connection: Connection) -> None:
        assert is_up_to_date(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        connection.commit()
        assert not is_up_to_date(connection)

    def test_a_database_of_a_later_version_is_refused(self, connection: Connection) -> None:
        """Its tables may be other ones than this version knows."""
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
        with pytest.raises(Exception, match="9999"):
            upgrade(connection)

    def test_an_empty_one_gets_them_all(self, tmp_path: Path) -> None:
        engine = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")
        with engine.connect() as connection:
            upgrade(connection)
            assert is_up_to_date(connection)
        engine.dispose()
