"""Estimates kept in memory for as long as a store is served, and read again now and then."""

import asyncio
import logging

from storage.rollups.estimates import Estimates, read_estimates
from storage.store import Store

log = logging.getLogger("simpul.store")

_SECONDS = 300.0
_SECONDS_OF_FEW = 20.0
_FEW = 20_000
"""While there are no more reports than these, a bulk import changes their shares in no time."""


class EstimatesKept:
    """Reads them in the background. Whoever needs some takes what is `known`: nothing, until they were first read."""

    def __init__(self, store: Store) -> None:
        self.known: Estimates | None = None
        self._store = store
        self._reading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to read."""
        self._reading = asyncio.create_task(self._read(), name="estimates")

    async def stop(self) -> None:
        """Ends reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def look(self) -> None:
        """Reads them now."""
        self.known = await self._store.read(read_estimates)

    async def _read(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                log.warning("estimates could not be read", exc_info=True)
            few = self.known is None or self.known.total <= _FEW
            await asyncio.sleep(_SECONDS_OF_FEW if few else _SECONDS)
