"""Sees, from outside, when a store has one event more: a process that looks at the SQLite file.

On the command line the file; on standard input the number of an event, on standard output the moment at which a later one
was committed, in seconds of the clock that all processes of the machine share (`time.perf_counter`); again and again.
It looks every 0.2 ms, but has a core only when the scheduler gives it one, so a commit may be seen some milliseconds late.
"""

import sqlite3
import subprocess
import sys
import time
from typing import IO, cast

EVERY = 0.000_2
"""Seconds between two looks; each takes some 10 µs."""

PATIENCE = 130.0
"""Seconds after which no commit is awaited any more."""


class Commits:
    """The process, as the listeners have it."""

    def __init__(self, store: str) -> None:
        self._connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
        command = [sys.executable, "-m", "bench.commits", store]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def watch(self) -> None:
        """Begins to look for the next commit."""
        asked = cast(IO[bytes], self._process.stdin)
        asked.write(b"%d\n" % last(self._connection))
        asked.flush()

    def seen(self) -> float:
        """The moment of the commit that was looked for. Raises TimeoutError."""
        told = cast(IO[bytes], self._process.stdout).readline()
        if not told.strip():
            raise TimeoutError("No event was committed.")
        return float(told)

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        self._connection.close()


def last(connection: sqlite3.Connection) -> int:
    """The number of the newest event that is committed."""
    seq: int
    (seq,) = connection.execute("SELECT seq FROM log_head").fetchone()
    return seq


def _look(store: str) -> None:
    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    for line in sys.stdin:
        known, until = int(line), time.perf_counter() + PATIENCE
        while last(connection) == known:
            if time.perf_counter() > until:
                return
            time.sleep(EVERY)
        print(time.perf_counter(), flush=True)


if __name__ == "__main__":
    _look(sys.argv[1])
