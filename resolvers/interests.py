"""What one kind of subscription listens to in the log: which entries its reader may know of, and what each tells.

Interests are compared by what they tell, so that readers of the same share one: see `sharing`.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from domain.visibility import Visibility
from domain.vocabulary import EventKind
from resolvers.flood_change import ChangeKind, FloodChange
from resolvers.judging import Reader
from resolvers.log_positions import Sealer
from storage.events.reading import LogEntry
from storage.events.tail import LogTail


class Interest(Protocol):
    """See the module."""

    def knows(self, entry: LogEntry) -> bool:
        """Whether the reader may know of the entry: only then may a position be told that stands on it."""

    def tell(self, entry: LogEntry) -> Any | None:
        """What the reader is told of the entry as things stand now; None: nothing."""

    @property
    def personal(self) -> bool:
        """Whether it depends on the very person."""

    def sharing(self, *, personal: bool) -> Hashable:
        """Equal for interests that tell the same; `personal`: what is made of it depends on the person too."""


def class_of(visibility: Visibility) -> Visibility:
    """The viewer without the person: what lists, counts and streams go by."""
    return replace(visibility, person_id=None, followed=frozenset())


@dataclass(frozen=True, slots=True)
class ReportInterest:
    """Entries about reports, as one reader judges them."""

    reader: Reader
    tail: LogTail

    def knows(self, entry: LogEntry) -> bool:
        """See Interest."""
        return self.reader.knows(entry)

    def tell(self, entry: LogEntry) -> Any | None:
        """See Interest."""
        now = self.tail.now(entry) if entry.report_id is not None else None
        return None if now is None else self.reader.judge(entry, (now.visibility, now.agency_id))

    @property
    def personal(self) -> bool:
        """See Interest. So is a filter that asks for the reader's own reports, or for others' alone."""
        return self.reader.filter.mine is not None

    def sharing(self, *, personal: bool) -> Hashable:
        """See Interest."""
        if personal or self.personal:
            return self.reader
        return replace(self.reader, visibility=class_of(self.reader.visibility))


@dataclass(frozen=True, slots=True)
class FloodInterest:
    """Changes of flood areas that reach or leave a state, within areas (None: anywhere)."""

    minimum: int
    within: frozenset[int] | None
    sealer: Sealer
    viewer: Visibility

    def knows(self, entry: LogEntry) -> bool:
        """Floods are public. A position stands on flood entries alone, so that it counts nothing of reports."""
        return entry.kind == EventKind.FLOOD_STATE

    def tell(self, entry: LogEntry) -> FloodChange | None:
        """See Interest."""
        if entry.kind != EventKind.FLOOD_STATE or (
            self.within is not None and entry.flood_area_area_id not in self.within
        ):
            return None
        states = (entry.flood_state or 0, entry.previous_flood_state or 0)
        return None if max(states) < self.minimum else change_of(entry, self.sealer)

    @property
    def personal(self) -> bool:
        """See Interest."""
        return False

    def sharing(self, *, personal: bool) -> Hashable:
        """See Interest."""
        return ("floods", self.minimum, self.within, self.viewer if personal else class_of(self.viewer))


def change_of(entry: LogEntry, sealer: Sealer) -> FloodChange:
    """One change of state as clients see it."""
    return FloodChange(
        ChangeKind.CHANGED,
        entry.flood_area_id,
        entry.flood_state,
        entry.previous_flood_state,
        entry.at,
        sealer.seal(entry.seq, entry.chain),
    )
