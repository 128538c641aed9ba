"""Brings SQLite's log (WAL) into its file beside the writer, so that no commit has to wait while thousands of pages are copied.

A checkpoint of the passive kind holds up neither readers nor the writer. What is committed meanwhile the next pass takes;
where one has taken everything, the writer begins the log anew. The writer's own checkpoint stays as a bound of the log.
"""

import logging
import queue
import sqlite3
import threading
from contextlib import closing

log = logging.getLogger("simpul.store")

OPERATIONS = 400
"""After so many writes, of which each has changed about fifteen pages: 25 MB."""

_PASSES = 4
"""The first may be long, and much may be new after it; after a short one there may be nothing."""


class Checkpoints:
    """A thread with a connection of its own."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._written = 0
        self._asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="sqlite-checkpoints", daemon=True)

    def start(self) -> None:
        """Waits for what `wrote` tells."""
        self._thread.start()

    def wrote(self, operations: int) -> None:
        """The writer has committed so many operations more."""
        self._written += operations
        if self._written >= OPERATIONS and self._asked.empty():
            self._written = 0
            self._asked.put(True)

    def stop(self) -> None:
        """Ends the thread, after the checkpoint that was asked for."""
        self._asked.put(False)
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            while self._asked.get():
                try:
                    _bring_in(connection)
                except sqlite3.Error:
                    log.warning("the log of the database could not be brought into its file", exc_info=True)


def _bring_in(connection: sqlite3.Connection) -> None:
    for _ in range(_PASSES):
        busy, pages, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if busy or copied >= pages:
            return
