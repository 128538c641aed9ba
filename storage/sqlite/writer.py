"""SQLite's one writer: a thread with a connection of its own, which commits what waits in groups."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from storage.events.appending import Head
from storage.sqlite.checkpoints import Checkpoints
from storage.sqlite.engine import sqlite_engine
from storage.writing.facts_kept import FactsKept
from storage.writing.gathering import Gathering
from storage.writing.group import Done, run_group
from storage.writing.transaction import GroupBroken, Operation
from storage.writing.waiting import Job, Waiting, settle, to_come_again

log = logging.getLogger("simpul.store")

CHECKPOINT_PAGES = 16_000
"""64 MB: where what is done beside the writer (storage/sqlite/checkpoints.py) has not kept up, a commit waits for it."""


class SqliteWriter:
    """The one thread that writes. It takes what waits, at most a group, and commits it at once.

    Made where something may be waited for: it connects. Raises sqlalchemy's DBAPIError.
    """

    def __init__(self, path: str, ring: Callable[[int], None], synchronous: str = "FULL") -> None:
        self._engine = sqlite_engine(
            path, begin="BEGIN IMMEDIATE", synchronous=synchronous, checkpoint_pages=CHECKPOINT_PAGES
        )
        self._connection = self._engine.connect()
        self._ring = ring
        self._checkpoints = Checkpoints(path)
        self._waiting = Waiting()
        self._some = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="sqlite-writer", daemon=True)
        self._facts = FactsKept()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gathering: Gathering | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to write; who waits is told on `loop`."""
        self._loop = loop
        self._gathering = Gathering(loop, self._waiting, self._some.set)
        self._checkpoints.start()
        self._thread.start()

    def stop(self) -> None:
        """Commits what waits, then ends the thread."""
        self._stopping = True
        self._some.set()
        if self._thread.is_alive():
            self._thread.join()
        self._checkpoints.stop()
        self._connection.close()
        self._engine.dispose()

    def submit(self, job: Job) -> None:
        """Has an operation run in one of the next groups. Raises Overloaded."""
        assert self._gathering is not None, "the writer was started"
        self._waiting.put(job)
        self._gathering.more()

    def _work(self) -> None:
        while True:
            if not self._stopping:
                self._some.wait()
                self._some.clear()
            jobs = self._waiting.take()
            if jobs:
                try:
                    self._commit(self._connection, jobs)
                except Exception:
                    log.exception("something failed after a commit")  # the next writes must not wait for ever
            elif self._stopping:
                return

    def _commit(self, connection: Connection, jobs: list[Job]) -> None:
        """Commits a group; those that need more locks wait again. Tells only then: the loop sees what waits."""
        try:
            done, head = self._run(connection, [operation for operation, _ in jobs])
        except Exception as error:
            log.exception("a group of writes failed")
            self._waiting.done([])
            self._tell(jobs, [Done(error=error) for _ in jobs], None)
            return
        self._waiting.done(to_come_again(jobs, done))
        self._tell(jobs, done, head.seq)
        self._checkpoints.wrote(len(jobs))

    def _run(self, connection: Connection, operations: list[Operation[Any]]) -> tuple[list[Done], Head]:
        """Runs a group, all together, or each by itself where that fails, and commits it."""
        for alone in (False, True):
            try:
                with connection.begin():
                    return run_group(connection, operations, self._facts, alone=alone)
            except Exception as error:
                self._facts.forget_outlines()
                if alone or not isinstance(error, GroupBroken):
                    raise
                log.warning("a group of writes is run again one by one", exc_info=error)
        raise AssertionError("unreachable")

    def _tell(self, jobs: list[Job], done: list[Done], seq: int | None) -> None:
        loop, gathering = self._loop, self._gathering
        assert loop is not None and gathering is not None

        def tell() -> None:
            try:
                if seq is not None:
                    self._ring(seq)
            finally:
                for (_, future), outcome in zip(jobs, done, strict=True):
                    settle(future, outcome)
                gathering.done()

        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell)
