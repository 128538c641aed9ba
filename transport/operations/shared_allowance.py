"""Allowances that hold across the processes of one machine: a client has as much however many of them it asks."""

from collections.abc import Callable

from domain.shared_levels import SharedLevels
from transport.operations.throttle import Allowance, Make, Rate
from transport.settings.door import DoorSettings

_USUAL = DoorSettings()


class SharedAllowance(Allowance):
    """An allowance whose level lies in shared memory; turns are each process's own, as its time is."""

    def __init__(
        self,
        levels: SharedLevels,
        name: str,
        rate: Rate,
        clock: Callable[[], float],
        *,
        at_once: int = _USUAL.cost_at_once,
    ) -> None:
        self._level = levels.level(f"{name} {rate.maximum:g} {rate.per_second:g}", rate.maximum, rate.per_second)
        self._begun = False
        super().__init__(rate, clock, at_once=at_once)
        self._begun = True

    @property
    def _left(self) -> float:
        return self._level.left

    @_left.setter
    def _left(self, left: float) -> None:
        if self._begun:  # a client that is new to this process may be known to another
            self._level.left = left

    def _available(self) -> float:
        return self._level.left


def made_from(levels: SharedLevels) -> Make:
    """Makes allowances that lie in this memory."""

    def make(name: str, rate: Rate, clock: Callable[[], float], at_once: int) -> Allowance:
        return SharedAllowance(levels, name, rate, clock, at_once=at_once)

    return make
