"""What a reader of flood areas is told: how one is as the reader joins, the end of that, and each change from then on."""

from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """SNAPSHOT: how it is as you join. SNAPSHOT_END: you have all. CHANGED: what happens from then on."""

    SNAPSHOT = "SNAPSHOT"
    SNAPSHOT_END = "SNAPSHOT_END"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class FloodChange:
    """One of those. `state` and `previous_state` are ranks, 0 to 4; both and the area are None at SNAPSHOT_END.

    `at` is in microseconds: of a snapshot, when it was read. `cursor` is the place in the log that covers it.
    """

    kind: ChangeKind
    flood_area_id: int | None
    state: int | None
    previous_state: int | None
    at: int
    cursor: str
