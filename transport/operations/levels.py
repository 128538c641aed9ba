"""How full clients' allowances are: what one process knows, or what all processes of a machine do (domain/shared_levels.py)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from domain.shared_levels import SharedLevels


@dataclass(frozen=True, slots=True)
class Rate:
    """How much one client may have, and how much of it comes back each second."""

    maximum: float
    per_second: float


class Level(Protocol):
    """What is left of an allowance at this moment. It fills by itself, up to its maximum."""

    left: float


class OwnLevel:
    """A level that this process alone knows."""

    __slots__ = ("_at", "_clock", "_left", "_rate")

    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:
        self._rate, self._clock = rate, clock
        self._left, self._at = rate.maximum, clock()

    @classmethod
    def of(cls, _name: str, rate: Rate, clock: Callable[[], float]) -> "OwnLevel":
        """The level of a client, whatever he is called."""
        return cls(rate, clock)

    @property
    def left(self) -> float:
        """What there is now; below nothing where more was taken than it holds."""
        now = self._clock()
        self._left = min(self._left + (now - self._at) * self._rate.per_second, self._rate.maximum)
        self._at = now
        return self._left

    @left.setter
    def left(self, left: float) -> None:
        self._left = left


MakeLevel = Callable[[str, Rate, Callable[[], float]], Level]
"""Makes the level of a client by its name, with a rate and a clock."""


def shared_by(levels: SharedLevels) -> MakeLevel:
    """Levels that lie in the memory of all processes of this machine: a client has as much however many of them it asks.

    They go by a clock of their own, which all processes share. Making one writes nothing there: a client that is new to
    this process may be known to another.
    """

    def level(name: str, rate: Rate, _clock: Callable[[], float]) -> Level:
        return levels.level(f"{name} {rate.maximum:g} {rate.per_second:g}", rate.maximum, rate.per_second)

    return level
