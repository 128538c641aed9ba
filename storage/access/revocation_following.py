"""A process's knowledge of what was revoked, whichever process or command revoked it: never older than a few seconds."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from domain.revocation import Revocations, Shown
from storage.access.revocations import read_revocations, state_of_revocations
from storage.store import Store

log = logging.getLogger("simpul.access")

POLL_SECONDS = 1.5
"""How often the table is looked at. What is revoked has to be refused within five seconds, everywhere."""


class RevocationFollower:
    """Looks at the table again and again. `version` rises whenever what is known has changed.

    `also` is looked at in the same rounds: what else may end credentials beside this process.
    """

    def __init__(
        self, store: Store, poll_seconds: float = POLL_SECONDS, also: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._store = store
        self._poll_seconds = poll_seconds
        self._also = also
        self._known = Revocations()
        self._state: tuple[int, int] | None = None
        self._wanted = asyncio.Event()
        self._changed = asyncio.Event()
        self.version = 0

    def covers(self, shown: Shown) -> bool:
        """Whether these credentials were revoked, as far as is known."""
        return self._known.cover(shown)

    async def until_covered(self, shown: Shown) -> None:
        """Waits until these credentials are revoked."""
        while not self.covers(shown):
            await self._changed.wait()

    async def look(self) -> None:
        """Takes up what the table says now."""
        if self._also is not None:
            await self._also()
        state = await self._store.read(state_of_revocations)
        if state == self._state:
            return
        self._known = await self._store.read(read_revocations)
        self._state = state
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Has the table looked at now rather than when its time comes."""
        self._wanted.set()

    async def follow(self) -> None:
        """Looks for as long as it is let."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.look()
            except Exception:  # the store may be away for a while; whoever asks it is refused meanwhile
                log.warning("what was revoked could not be read", exc_info=True)


@contextlib.asynccontextmanager
async def following_revocations(
    store: Store, also: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[RevocationFollower]:
    """A follower that knows all that was revoked until now, and keeps up for as long as the block lasts."""
    follower = RevocationFollower(store, also=also)
    await follower.look()
    task = asyncio.create_task(follower.follow(), name="revocations")
    try:
        yield follower
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
