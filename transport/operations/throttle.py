"""What clients may spend: an allowance each, which operations draw from and which fills up again with time.

In memory: that of one process, or shared by those of one machine (levels.py); on N machines a client has N times as much
at worst. What is asked for is drawn before it runs; what the answer did not need is given back. Nothing is asked of
the store.
"""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any

from domain.recent import Recent
from execution import COST_EXCEEDED
from transport.door import Account, BadRequest
from transport.identity.clients import client_of
from transport.operations.levels import Level, MakeLevel, OwnLevel, Rate
from transport.operations.turns import CostTurns
from transport.settings.door_limits import DoorSettings

REMEMBERED = 50_000
"""How many clients are remembered; the one that asked for nothing the longest is forgotten first, and starts full, unless
another process of the machine still knows how full it was."""

OPENING = 10
"""What it costs to open a subscription, beyond its first answer."""

WRONG = 20
"""What it costs to have a document or variables checked that turn out to be wrong: about as much work as so many objects."""

_USUAL = DoorSettings()
_PACE_SECONDS = 0.05
"""How long an event that happens now waits at most where its client has spent all: it is never refused."""


class Throttle:
    """The allowances of all clients of this process: `ordinary` ones, and staff's and partners'."""

    def __init__(
        self,
        ordinary: Rate,
        trusted: Rate,
        clock: Callable[[], float] = time.monotonic,
        *,
        at_once: int = _USUAL.cost_at_once,
        level: MakeLevel | None = None,
    ) -> None:
        self._ordinary, self._trusted = ordinary, trusted
        self._level = level or OwnLevel.of
        self._clock, self._at_once = clock, at_once
        self._allowances: Recent[tuple[str, bool], Allowance] = Recent(REMEMBERED)

    def __len__(self) -> int:
        return len(self._allowances)

    def allowance(self, account: Account, address: str | None) -> "Allowance":
        """Whose allowance it is: the account's, or for nobody in particular the address's."""
        name = f"address:{client_of(address)}" if account.name is None else account.name
        found = self._allowances.get((name, account.trusted))
        if found is None:
            rate = self._trusted if account.trusted else self._ordinary
            found = Allowance(rate, self._level(name, rate, self._clock), at_once=self._at_once)
            self._allowances.put((name, account.trusted), found)
        return found


class Allowance:
    """What one client has left, and its turns: a query is worked on in one of `asking`, an event in one of `telling`.

    The allowance bounds what somebody may ask for in the long run, and live events not even that. Turns see to it that,
    whatever he asks for at once, others get their share of the hub while what is his waits.
    """

    def __init__(self, rate: Rate, level: Level, *, at_once: int = _USUAL.cost_at_once) -> None:
        self._rate, self._level = rate, level
        self._told = {"maximum": round(rate.maximum), "available": 0, "restoreRate": rate.per_second}
        self.asking, self.telling = CostTurns(at_once), CostTurns(at_once)
        self.acted_at = -math.inf
        """When this client last changed something (sharing.py's clock)."""

    def draw(self, cost: int) -> None:
        """Spend `cost`. Raises BadRequest (COST_EXCEEDED, with retryAfter) where there is not so much left."""
        if cost:
            left = self._level.left
            if left < cost and left < self._rate.maximum:
                raise self._short(cost, self._seconds_until(cost))
            self._level.left = left - cost

    def owe(self, cost: int) -> None:
        """Spend `cost`, be there so much or not: it was found out too late."""
        if cost:
            self._level.left -= cost

    def require(self, cost: int) -> None:
        """Raises what `draw` raises, and spends nothing."""
        if not cost:
            return
        seconds = self._seconds_until(cost)
        if seconds > 0:
            raise self._short(cost, seconds)

    def give_back(self, cost: int) -> dict[str, Any]:
        """Take back what was not needed; a negative `cost` is what was needed beyond. Return how it stands then."""
        left = self._level.left = min(self._level.left + cost, self._rate.maximum)
        return self._state(left)

    async def draw_in_time(self, cost: int) -> None:
        """Spend `cost`, waiting until there is so much."""
        while (seconds := self._seconds_until(cost)) > 0:  # noqa: ASYNC110  time alone fills it
            await asyncio.sleep(seconds)
        self._level.left -= cost

    async def count(self, cost: int) -> None:
        """Spend what there is of `cost`. Where that is not enough, others have a turn first."""
        seconds = self.pace(cost)
        if seconds > 0:
            await asyncio.sleep(seconds)
        self.note(cost)

    def pace(self, cost: int) -> float:
        """How many seconds an event of such a cost lets others go first: none while there is so much left."""
        return min(max(self._seconds_until(cost), 0.0), _PACE_SECONDS)

    def note(self, cost: int) -> None:
        """Spend what there is of `cost`."""
        left = self._level.left
        self._level.left = max(left - cost, min(left, 0.0))

    def state(self) -> dict[str, Any]:
        """How it stands, as clients are told."""
        return self._state(self._level.left)

    def _state(self, left: float) -> dict[str, Any]:
        return {**self._told, "available": int(left) if left > 0 else 0}

    def _seconds_until(self, cost: float) -> float:
        """What is dearer than a full allowance may be had from a full one: it goes below nothing."""
        return (min(cost, self._rate.maximum) - self._level.left) / self._rate.per_second

    def _short(self, cost: int, seconds: float) -> BadRequest:
        state = self.state()
        retry_after = max(round(seconds, 1), 0.1)
        return BadRequest(
            f"This operation may cost {cost:,}, and {state['available']:,} is left of your allowance of"
            f" {state['maximum']:,}: try again in {retry_after:g} s.",
            status=429,
            code=COST_EXCEEDED,
            limited="allowance",
            limit=state["available"],
            value=cost,
            retryAfter=retry_after,
            cost={"requested": cost, "throttle": state},
        )


def throttle_of(settings: DoorSettings, level: MakeLevel | None = None) -> Throttle:
    """The throttle that the settings ask for; `level` makes the levels, each of this process alone unless told."""
    return Throttle(
        Rate(settings.cost_bucket, settings.cost_per_second),
        Rate(settings.trusted_cost_bucket, settings.trusted_cost_per_second),
        at_once=settings.cost_at_once,
        level=level,
    )
