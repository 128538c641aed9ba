"""One connection that reads SQLite, and how far a read may go before it must leave the event loop.

Most reads take some tens of microseconds, less than the way to a thread and back. So a read is begun on the loop, with a
budget of SQLite's own steps, which are counted whatever the machine is doing. One that needs more is broken off and done
again from the start in a thread: what reads must therefore change nothing but what it returns.
"""

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from storage.errors import CountTimedOut

T = TypeVar("T")

STEPS_BETWEEN_LOOKS = 1_000
"""Steps of SQLite's virtual machine between two calls of ours: 20 to 40 µs."""

LOOKS = 60
"""After so many the read is too long for the loop: one to two milliseconds."""

_UNBOUNDED = -1_000_000_000

PATIENCE_MS = 30_000
"""How long a thread waits for a database that is locked, as it is while somebody recovers it. The loop never waits."""


class Reader(sqlite3.Connection):
    """A driver's connection that counts its steps while it is on the loop, where it is but for `read_patiently`.

    `used`: the looks that the last read at once took. Between reads nothing is broken off, however many there were.
    """

    on_loop = False
    used = 0
    looks = _UNBOUNDED

    def enter_loop(self) -> None:
        """Count steps from now on."""
        self.on_loop = True
        self.set_progress_handler(self.look, STEPS_BETWEEN_LOOKS)

    def leave_loop(self) -> None:
        """Count no more: in a thread that would take the interpreter's lock again and again."""
        self.on_loop = False
        self.set_progress_handler(None, 0)

    def look(self) -> bool:
        """Called by SQLite each so many steps; true breaks the statement off."""
        self.looks += 1
        return self.looks > LOOKS


class TooLong(Exception):
    """A read that does not end on the loop."""


def read_at_once(reader: Reader, connection: Connection, read: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """What `read(connection, …)` gives. Raises TooLong where that takes more steps than there are, or the database is
    locked."""
    reader.looks = 0
    try:
        found = read(connection, *args, **kwargs)
    except (sqlite3.Error, DBAPIError, CountTimedOut) as error:
        if reader.looks > LOOKS or is_locked(error):
            raise TooLong from error
        raise
    finally:
        reader.used, reader.looks = reader.looks, _UNBOUNDED
    if reader.used > LOOKS:  # the function made something else of the failure
        raise TooLong
    return found


def read_patiently(reader: Reader, connection: Connection, read: Callable[[Connection], T]) -> T:
    """The same, in a thread: as long as it takes."""
    reader.leave_loop()
    try:
        reader.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
        return read(connection)
    finally:
        reader.enter_loop()
        _impatient_again(reader)


def _impatient_again(reader: Reader) -> None:
    """Whoever left early interrupts what runs, be it this."""
    while True:
        try:
            return impatient(reader)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise


def impatient(reader: Reader) -> None:
    """Has it fail at once where the database is locked."""
    reader.execute("PRAGMA busy_timeout=0")


def remember(reader: Reader, *, much: bool) -> None:
    """How much of the file it may have in memory: the connection that nearly everything is read on up to 256 MB, mapped
    (a page that is not mapped has to be copied, which costs a third of reading it), the others 8 MB each."""
    reader.execute(f"PRAGMA mmap_size={256 << 20 if much else 0}")
    reader.execute(f"PRAGMA cache_size={-32_768 if much else -8_192}")


def is_locked(error: Exception) -> bool:
    """Whether a statement failed for somebody else's lock."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF == sqlite3.SQLITE_BUSY
