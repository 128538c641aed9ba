"""Which entries of the log tell that something which everybody saw may be hidden now."""

from domain.vocabulary import ReportVisibility
from storage.event_reading import LogEntry


def hides(entry: LogEntry) -> bool:
    """Whether a report that was public is not any more, or its public place is not told any more."""
    before, after = entry.before, entry.after
    if before is None or before.visibility != ReportVisibility.PUBLIC:
        return False
    return before.public_place_withheld or after is None or after.visibility != ReportVisibility.PUBLIC
