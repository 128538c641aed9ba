"""Hands one thing to many in fair turns, so that the largest crowd of subscribers stalls nobody's query.

Of each crowd a few are served, then those of the next; after so many altogether the event loop turns, and whatever else is
ready runs first.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

A_TURN = 64
"""How many are served before the loop turns: a millisecond of work or so."""
A_SHARE = 16
"""How many of one crowd are served before the next has its turn."""


@dataclass(slots=True)
class _Crowd:
    waiting: deque[Any]
    serve: Callable[[Any], None]
    served: "asyncio.Future[None]"


class FanOut:
    """Serves all crowds of a process."""

    def __init__(self) -> None:
        self._crowds: deque[_Crowd] = deque()

    async def serve(self, crowd: Iterable[Any], serve: Callable[[Any], None]) -> None:
        """Call `serve` with each of the crowd; return when all were. Raises what `serve` raised, and then not all were."""
        loop = asyncio.get_running_loop()
        served: asyncio.Future[None] = loop.create_future()
        if not self._crowds:
            loop.call_soon(self._turn)
        self._crowds.append(_Crowd(deque(crowd), serve, served))
        await served

    def _turn(self) -> None:
        for _ in range(A_TURN // A_SHARE):
            if not self._crowds:
                return
            crowd = self._crowds.popleft()
            if self._share(crowd):
                self._crowds.append(crowd)
        if self._crowds:
            asyncio.get_running_loop().call_soon(self._turn)

    def _share(self, crowd: _Crowd) -> bool:
        """Serve a few of a crowd; tell whether more of it wait."""
        try:
            for _ in range(min(A_SHARE, len(crowd.waiting))):
                crowd.serve(crowd.waiting.popleft())
        except Exception as error:  # noqa: BLE001  it is raised where it was asked for
            if not crowd.served.done():
                crowd.served.set_exception(error)
        if not crowd.waiting and not crowd.served.done():
            crowd.served.set_result(None)
        return not crowd.served.done()  # nor does anybody wait for it who has left
