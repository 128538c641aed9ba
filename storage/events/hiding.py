"""Which entries of the log tell that something which everybody saw may be hidden now."""

from domain.vocabulary import EventKind, ReportVisibility
from storage.events.reading import LogEntry

_PARTS = frozenset({EventKind.COMMENT_HIDDEN, EventKind.PHOTO_HIDDEN, EventKind.ERASED})


def hides(entry: LogEntry) -> bool:
    """Whether a report that was public is not any more, its public place is not told any more, or a part of it is hidden."""
    before, after = entry.before, entry.after
    if before is None or before.visibility != ReportVisibility.PUBLIC:
        return False
    if before.public_place_withheld or entry.kind in _PARTS:
        return True
    return after is None or after.visibility != ReportVisibility.PUBLIC
