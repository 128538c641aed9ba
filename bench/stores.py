"""The stores that servers run on: made-up cities, filled once and kept, copied for each server."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from bench.report import say


def city(reports: int, folder: Path, *, log: bool = True) -> Path:
    """The SQLite file with so many reports; filled now if it is not there."""
    kept = folder / f"{reports}{'' if log else '-bare'}.db"
    if not kept.exists():
        say(f"  filling a store with {reports:,} reports")
        folder.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        for left in folder.glob(f"{part.name}*"):
            left.unlink()
        _fill(f"sqlite:///{part.resolve()}", reports, log)
        part.rename(kept)
    return kept


def copy(original: Path, folder: Path) -> str:
    """A folder with a copy of it, named as the hub has it."""
    folder.mkdir(parents=True)
    shutil.copyfile(original, folder / "simpul.db")
    return str(folder)


@cache
def postgres(reports: int) -> str:
    """The address of a database with so many reports, on a server that ends with this process."""
    from tests.postgres import fresh_database

    url = fresh_database("bench")
    say(f"  filling PostgreSQL with {reports:,} reports")
    _fill(url, reports, log=True)
    return url


def _fill(url: str, reports: int, log: bool) -> None:
    command = [sys.executable, "-m", "bench.dataset", "--reports", str(reports), "--store", url]
    subprocess.run([*command, *([] if log else ["--without-log"])], check=True)
