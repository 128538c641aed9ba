"""The stores that servers run on: made-up cities, filled once and kept, copied for each server."""

import os
import shutil
import sqlite3
import subprocess
import sys
from functools import cache
from pathlib import Path

from bench.multiplying import multiply
from bench.report import say
from bench.servers import CHECKOUT

LARGEST_FILLED = 1_000_000
"""A larger store is this one several times over."""


def city(reports: int, folder: Path, *, log: bool = True) -> Path:
    """The SQLite file with so many reports; filled now if it is not there."""
    kept = folder / f"{reports}{'' if log else '-bare'}.db"
    if not kept.exists():
        say(f"  filling a store with {reports:,} reports")
        folder.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        for left in folder.glob(f"{part.name}*"):
            left.unlink()
        if reports > LARGEST_FILLED:
            shutil.copyfile(city(LARGEST_FILLED, folder, log=False), part)
            multiply(part, reports // LARGEST_FILLED)
        else:
            _fill(f"sqlite:///{part.resolve()}", reports, log)
        part.rename(kept)
    migrated(f"sqlite:///{kept.resolve()}")
    return kept


@cache
def migrated(url: str) -> None:
    """Brings a store that was kept to the tables and indexes of today, so that all servers have the same."""
    told = {**os.environ, "SIMPUL_DATABASE_URL": url}
    subprocess.run(
        [sys.executable, "server.py", "migrate"], check=True, env=told, cwd=CHECKOUT, stdout=subprocess.DEVNULL
    )


PLAIN_INDEXES = (
    "CREATE INDEX plain_area ON reports (public_area_id, reported_at, id)",
    "CREATE INDEX plain_category ON reports (category_id, reported_at, id)",
    "CREATE INDEX plain_status ON reports (status, reported_at, id)",
    "CREATE INDEX plain_place ON reports (public_latitude, public_longitude)",
    "ANALYZE",
)
"""What SQL that is written plainly wants of filters, beside the hub's own indexes, which are made for its own SQL."""


def for_peers(original: Path) -> Path:
    """The same store with the indexes that plain SQL wants; for workloads that only read."""
    kept = original.with_name(f"{original.stem}-peers.db")
    if not kept.exists():
        part = kept.with_suffix(".part")
        shutil.copyfile(original, part)
        with sqlite3.connect(part) as connection:
            for statement in PLAIN_INDEXES:
                connection.execute(statement)
        part.rename(kept)
    return kept


def copy(original: Path, folder: Path) -> str:
    """A folder with a copy of it, named as the hub has it."""
    folder.mkdir(parents=True)
    shutil.copyfile(original, folder / "simpul.db")
    return str(folder)


def linked(original: Path, folder: Path) -> str:
    """A folder with the store itself, for one that is too large to copy; nobody may submit to it."""
    folder.mkdir(parents=True)
    (folder / "simpul.db").symlink_to(original.resolve())
    return str(folder)


@cache
def postgres(reports: int) -> str:
    """The address of a database with so many reports, on a server that ends with this process; BENCH_POSTGRES names one
    that is filled already."""
    from tests.postgres import fresh_database

    if url := os.environ.get("BENCH_POSTGRES"):
        migrated(url)
        return url
    url = fresh_database("bench")
    say(f"  filling PostgreSQL with {reports:,} reports")
    _fill(url, reports, log=True)
    return url


def _fill(url: str, reports: int, log: bool) -> None:
    command = [sys.executable, "-m", "bench.dataset", "--reports", str(reports), "--store", url]
    subprocess.run([*command, *([] if log else ["--without-log"])], check=True)
