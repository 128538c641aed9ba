"""Reports that their source dates in the future: Peta Jakarta's lists have no upper bound in time, so one comes first.

The hub takes such a report as told when it was first seen. Which time that was must be remembered: were it the time of
each fetch, the report would seem edited at every poll. The memory is a small part of the checkpoint.
"""

from collections.abc import Mapping
from datetime import datetime

from domain.records import JSON

_MOST = 500


class FirstSeen:
    """When reports dated in the future were first seen, by their source's own number."""

    def __init__(self, remembered: JSON) -> None:
        known = remembered if isinstance(remembered, Mapping) else {}
        self._known = {str(ref): str(time) for ref, time in known.items()}
        self._present: dict[str, str] = {}

    def time_for(self, ref: str, dated: datetime, now: datetime) -> str | None:
        """The time to take instead of `dated`, as text; None for a report that is dated in the past."""
        time = self._known.get(ref) or (now.isoformat() if dated > now else None)
        if time is not None:
            self._present[ref] = time
        return time

    def remembered(self) -> dict[str, str]:
        """What to keep in the checkpoint: those that the last fetch still brought."""
        return dict(list(self._present.items())[-_MOST:])
