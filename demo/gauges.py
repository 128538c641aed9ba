"""What the gauges read: dry weather before the city's first evening, then the wave that passes each of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from random import Random

from demo.timetable import Timetable
from demo.water import GAUGES, Gauge, gauge_wave

_COUNTED_FROM = datetime(2015, 1, 1, tzinfo=UTC)
_STORY_INTERVAL_S, _SHORTEST_S, _DRY_INTERVAL_S = 300, 60, 600


@dataclass(frozen=True)
class Reading:
    """One observation of a gauge. `number` is a key of its own, as each is a row of its own at the source."""

    number: int
    gauge: Gauge
    at: datetime
    depth_cm: int

    @property
    def warning_level(self) -> int:
        """1 (worst) to 4 (normal)."""
        return self.gauge.warning_level(self.depth_cm)

    @property
    def warning_name(self) -> str:
        """Siaga I (worst) to IV (normal), as the flood office writes it."""
        return f"SIAGA {('I', 'II', 'III', 'IV')[self.warning_level - 1]}"


def readings(timetable: Timetable, since: datetime, until: datetime) -> list[Reading]:
    """All gauges' readings of this span, oldest first. Gauges report every five minutes of the story.

    A faster city's gauges report oftener, down to once a minute, on marks that do not depend on the start; before
    the first evening they report every ten minutes.
    """
    interval = max(_SHORTEST_S, int(_STORY_INTERVAL_S / timetable.pace))
    first = ceil((since - _COUNTED_FROM).total_seconds() / interval)
    last = int((until - _COUNTED_FROM).total_seconds() // interval)
    found = [
        _reading(timetable, gauge, index, mark * interval)
        for mark in range(first - 1, last + 1)
        if _COUNTED_FROM + timedelta(seconds=mark * interval) >= timetable.start
        or not mark * interval % _DRY_INTERVAL_S
        for index, gauge in enumerate(GAUGES)
    ]
    return sorted((one for one in found if since <= one.at <= until), key=lambda one: (one.at, one.number))


def _reading(timetable: Timetable, gauge: Gauge, index: int, mark_s: int) -> Reading:
    random = Random(f"{timetable.seed}/{gauge.gaugeid}/{mark_s}")
    # No gauge reports exactly on the minute, and PostgreSQL keeps the microseconds.
    at = _COUNTED_FROM + timedelta(seconds=mark_s + random.uniform(0.5, 9), microseconds=index + 1)
    depth = gauge.dry_cm + random.uniform(-4, 4)
    evening = timetable.evening_at(at)
    if evening >= 0:
        wave = gauge_wave(gauge, timetable.story_seed(evening))
        depth += wave.at(timetable.second_at(at))
    return Reading(mark_s // _SHORTEST_S * len(GAUGES) + index, gauge, at, round(depth))
