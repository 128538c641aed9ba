"""Moments tell nothing of what else was written with a report."""

from pathlib import Path

from sqlalchemy import create_engine

from domain.vocabulary import EventKind
from storage.clock import now_in_micros
from storage.writing.group import run_group
from storage.writing.transaction import Operation, PendingEvent, Tx


def test_the_moment_of_an_event_does_not_tell_how_many_were_ahead_of_it(seeded_sqlite: Path, tmp_path: Path) -> None:
    """Writes that wait share a commit. Who compares `updatedAt` with `receivedAt` must not see what was in it besides."""
    path = tmp_path / "simpul.db"
    path.write_bytes(seeded_sqlite.read_bytes())
    moments: list[int] = []

    def hidden(tx: Tx) -> None:
        for _ in range(20):
            tx.emit(PendingEvent(EventKind.FLOOD_STATE, flood_area_id=1))

    def in_the_open(tx: Tx) -> None:
        moments.append(tx.now)
        tx.emit(PendingEvent(EventKind.FLOOD_STATE, flood_area_id=2))

    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as conn:
        _, head = run_group(conn, [Operation(hidden), Operation(lambda tx: _wait_past(tx, 20)), Operation(in_the_open)])
    engine.dispose()
    assert head.at == moments[0]


def _wait_past(tx: Tx, micros: int) -> None:
    """As long as the events ahead take: any real operation takes longer than a microsecond for each of its events."""
    while now_in_micros() < tx.now + micros:
        pass
