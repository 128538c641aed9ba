"""A connection that reads PostgreSQL, and its transactions.

It is SQLAlchemy's, so that every function of storage runs on it, but transactions are begun and ended on asyncpg's own
connection. One message ends a transaction and begins the next, which sees what was committed until its first statement,
and holds nothing until then.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.bridge import Bridge

T = TypeVar("T")

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_BEGIN_ANEW = "ROLLBACK AND CHAIN"


def loop_time() -> float:
    """Seconds, by the clock of the loop that runs."""
    return asyncio.get_running_loop().time()


@dataclass(slots=True, eq=False)
class Kept:
    """A connection as SQLAlchemy has it, and asyncpg's own. `begun`: when it was put in a transaction for whoever comes
    next, by the loop's clock; None while it is not in such a one. `answered`: whether it did since it was taken."""

    connection: AsyncConnection
    driver: Any
    begun: float | None = None
    answered: bool = True
    bridge: Bridge = field(default_factory=Bridge)

    async def begin(self) -> "Kept":
        """Begins a transaction."""
        await self.driver.execute(_BEGIN if self.begun is None else _BEGIN_ANEW)
        self.begun, self.answered = None, True
        return self

    def begun_already(self) -> bool:
        """Takes it as it is, if it is in a transaction."""
        if self.begun is None or self.driver.is_closed():
            return False
        self.begun, self.answered = None, False
        return True

    async def read(self, function: Callable[[Connection], T]) -> T:
        """What the function returns or raises."""
        return await self.bridge.run(function, self.connection.sync_connection)

    async def begin_anew(self) -> None:
        """Ends it, and begins another: where a statement was broken off a commit would fail."""
        if self.connection.in_transaction():
            await self.connection.rollback()  # what SQLAlchemy took for one
        await self.driver.execute(_BEGIN_ANEW)
        self.begun = loop_time()

    async def end(self) -> None:
        """Ends the one that nobody took."""
        await self.driver.execute("ROLLBACK")
        self.begun = None

    async def cut_off(self) -> None:
        """Ends the connection without a word to the server."""
        with contextlib.suppress(Exception):
            self.bridge.close()
            self.driver.terminate()
        await cut_off(self.connection)

    async def close(self) -> None:
        """Takes leave of the server."""
        self.bridge.close()
        await self.connection.close()


async def cut_off(connection: AsyncConnection) -> None:
    """Lets go of a connection, whatever state it is in."""
    with contextlib.suppress(Exception):
        await connection.invalidate()
        await connection.close()
