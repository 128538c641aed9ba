"""How long the credentials of somebody who stays connected hold, and the warning before they run out."""

import asyncio
from math import ceil

from transport.door import Hub, Viewer, seconds_left

EXPIRED = "Token expired"


class Session:
    """The time that one subscriber may stay. `shown` says whether he showed credentials: nobody in particular may stay."""

    def __init__(self, hub: Hub, viewer: Viewer, *, shown: bool, warning_seconds: float) -> None:
        self.may_end = shown or viewer.expires_at is not None
        self._hub = hub
        self._viewer = viewer
        self._warning_seconds = warning_seconds

    async def ended(self) -> str:
        """Wait until the credentials hold no longer; return words for why. Never returns where they hold for ever."""
        try:
            async with asyncio.timeout(seconds_left(self._viewer)):
                return await self._hub.until_revoked(self._viewer)
        except TimeoutError:
            return EXPIRED

    async def warned(self) -> None:
        """Wait until it is time to tell the client that his token runs out; for ever where it does not."""
        left = seconds_left(self._viewer)
        if left is None:
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(max(0.0, left - self._warning_seconds))

    def warning(self) -> int | None:
        """Return the whole seconds left, once it is time to tell; None before that."""
        left = seconds_left(self._viewer)
        return None if left is None or left > self._warning_seconds + 1 else ceil(left)
