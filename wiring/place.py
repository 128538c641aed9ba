"""What one of several processes that serve together knows of its place among them."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from domain.shared_levels import SharedLevels
from domain.sink import new_holder
from wiring.ear import Ear


@dataclass(frozen=True, slots=True)
class Place:
    """The process's number, of so many; where they meet; under which name it holds leases.

    `before` is how the names begin of the processes whose place it takes, which died: what those held nobody holds any
    more. They may be several: one that died at its start had not come to end the leases of the one before it.
    """

    number: int
    of: int
    folder: Path
    holder: str = field(default_factory=new_holder)
    before: str | None = None
    levels: SharedLevels | None = None
    """What clients have left, as all processes know it."""
    neighbours: Mapping[str, socket.socket] = field(default_factory=dict)
    """The sockets of the others on the same port, by their names."""
    ear: Ear | None = None
    """Hears which of them are away."""
    leave: Callable[[], None] = lambda: None
    """Tells them that this process lets nobody in any more."""

    @property
    def first(self) -> bool:
        """Whether it is started before the others."""
        return self.number == 0 and self.before is None
