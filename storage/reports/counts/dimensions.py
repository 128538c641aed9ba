"""What reports are counted by, and the shape of such counts."""

from enum import StrEnum
from typing import TypeAlias

from domain.periods import Period
from storage.rows import CountsRow


class StatisticsBucket(StrEnum):
    """What reports are counted by. AREA is the kelurahan."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    CATEGORY = "CATEGORY"
    STATUS = "STATUS"
    SOURCE = "SOURCE"
    AREA = "AREA"
    AGENCY = "AGENCY"

    @property
    def period(self) -> Period | None:
        """The period, of those that count by time."""
        return _PERIODS.get(self)


_PERIODS = {StatisticsBucket(period.value): period for period in Period}

Keys: TypeAlias = tuple[int | str | None, ...]
"""One value for each dimension: the number of a period, a row id, a status; None: those that have none."""

Counted: TypeAlias = dict[int, dict[Keys, CountsRow]]
"""Counts by area (ALL where no areas were given), then by keys; what has no reports is not there."""

ALL = 0
"""Stands for the whole where counts are not by area."""
