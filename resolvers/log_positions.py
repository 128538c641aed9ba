"""Places in the event log as clients hold them: sealed for one class of viewers, checked when they come back."""

from collections.abc import Sequence

from sqlalchemy import Connection

from domain.report import KEYS_KEPT
from domain.sealing import CursorCipher, ExpiredCursor, LogCursor
from domain.sealing import InvalidCursor as BadCursor
from domain.visibility import Visibility
from resolvers.context import Context
from resolvers.errors import CursorExpired, InvalidCursor
from storage.clock import now_in_micros
from storage.events.appending import Head, read_head
from storage.events.reading import chain_at, last_seen, time_of_next

HORIZON = KEYS_KEPT
"""How far back the log can be resumed from, in microseconds."""


class Sealer:
    """Seals positions for one reader. Cheap to keep for the length of a subscription."""

    __slots__ = ("_cursors", "epoch", "reader")

    def __init__(self, cursors: CursorCipher, visibility: Visibility, epoch: int) -> None:
        self._cursors = cursors
        self.reader = visibility.reader
        self.epoch = epoch

    def seal(self, seq: int, chain: bytes, *, in_snapshot: bool = False) -> str:
        """The cursor of a position."""
        return self._cursors.seal_log(LogCursor(seq, chain, self.epoch, in_snapshot), self.reader)


async def log_cursor(ctx: Context) -> str:
    """Where the log stands for this viewer's class, in the operation's own snapshot.

    For a person also what is told of its own hidden reports counts, so that `mine` tells nothing twice; no reader
    misses anything by that, for nobody else may know of those entries.
    """
    visibility = await ctx.visibility()
    head, (seq, chain) = await ctx.read(_stand, visibility, own=visibility.has_person)
    return Sealer(ctx.parts.cursors, visibility, head.epoch).seal(seq, chain)


def _stand(conn: Connection, visibility: Visibility, *, own: bool) -> tuple[Head, tuple[int, bytes]]:
    return read_head(conn), last_seen(conn, visibility, own=own)


async def log_cursors_of(roots: Sequence[object], ctx: Context) -> list[str]:
    """`logCursor` as a batch function: once for all places that ask."""
    cursor = await log_cursor(ctx)
    return [cursor] * len(roots)


async def resume(ctx: Context, text: str, *, own: bool = False) -> LogCursor:
    """The position that a client came back with. Raises InvalidCursor, or CursorExpired where it cannot be resumed from.

    `own`: for who reads `mine`.
    """
    visibility = await ctx.visibility()
    try:
        cursor = ctx.parts.cursors.open_log(text, visibility.reader)
    except BadCursor as error:
        raise InvalidCursor(f"This cursor does not belong here: {error}.", argument="after") from error
    except ExpiredCursor as error:
        raise CursorExpired from error
    if not await ctx.read(_holds, cursor, visibility, own=own):
        raise CursorExpired
    return cursor


def _holds(conn: Connection, cursor: LogCursor, visibility: Visibility, *, own: bool) -> bool:
    """Whether this very log was there once (epoch and chain), and all that came since for this reader is still told."""
    chain = chain_at(conn, cursor.seq)
    if read_head(conn).epoch != cursor.epoch or chain is None or chain[:8] != cursor.chain:
        return False
    following = time_of_next(conn, visibility, cursor.seq, own=own)
    return following is None or following >= horizon()


def horizon() -> int:
    """The moment from which on the log can be resumed, in microseconds."""
    return now_in_micros() - HORIZON
