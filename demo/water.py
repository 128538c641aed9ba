"""The water of the made-up evening: how deep it stands where, and how a wave runs down the rivers.

Times here are seconds of the *story*, counted from the beginning of an evening; `city` puts them on the calendar.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from demo.places import LocalArea, local_areas

EVENING_S = 3 * 3600
"""How long an evening lasts in the story. All water has gone by its end, so one can follow the other."""

_FIRST_MINUTE, _MINUTES_PER_WARD = 14.0, 6.5


@dataclass(frozen=True)
class Wave:
    """Water that comes at `onset` (seconds), stands `peak` centimetres deep at most, and is gone after `duration`."""

    onset: float
    duration: float
    peak: float

    def at(self, second: float) -> float:
        """The depth at this second of the story: quick to rise, slow to fall."""
        share = (second - self.onset) / self.duration
        return self.peak * math.sin(math.pi * share**0.65) if 0 < share < 1 else 0.0


@dataclass(frozen=True)
class Gauge:
    """A gauge on a river: its place, its level in dry weather and the levels (cm) from which siaga III, II, I are called.

    `order` is its place down the river on the scale of `Kelurahan.order`; below 0 is upstream of Jakarta.
    """

    gaugeid: str
    name: str
    longitude: float
    latitude: float
    river: str
    order: float
    dry_cm: int
    thresholds: tuple[int, int, int]

    def warning_level(self, depth_cm: float) -> int:
        """Siaga 4 (normal) down to 1 (worst)."""
        return 4 - sum(depth_cm >= bound for bound in self.thresholds)


GAUGES = (
    Gauge("10", "Katulampa", 106.83702, -6.63345, "ciliwung", -3.5, 40, (80, 150, 200)),
    Gauge("12", "Depok", 106.83178, -6.40033, "ciliwung", -1.5, 110, (200, 270, 350)),
    Gauge("14", "Manggarai BKB", 106.84846, -6.20774, "ciliwung", 8, 610, (750, 850, 950)),
    Gauge("15", "Karet", 106.81021, -6.19807, "ciliwung", 9.5, 320, (450, 550, 600)),
    Gauge("21", "Krukut Hulu", 106.80160, -6.34362, "krukut", 0, 70, (150, 250, 300)),
    Gauge("23", "Pesanggrahan", 106.77369, -6.39461, "pesanggrahan", -1, 90, (150, 250, 350)),
    Gauge("25", "Angke Hulu", 106.69436, -6.21665, "angke", 2, 80, (150, 250, 300)),
    Gauge("31", "Cipinang Hulu", 106.87490, -6.33689, "sunter", 0, 80, (150, 200, 250)),
    Gauge("33", "Sunter Hulu", 106.89903, -6.31246, "sunter", -0.5, 60, (140, 200, 250)),
    Gauge("35", "Pulo Gadung", 106.90531, -6.19142, "sunter", 5.5, 430, (550, 700, 770)),
)


def gauge_wave(gauge: Gauge, seed: str) -> Wave:
    """The wave that passes this gauge in the evening of this seed; what is added to its level in dry weather."""
    random = Random(f"{seed}/gauge/{gauge.gaugeid}")
    rise = (gauge.thresholds[2] - gauge.dry_cm) * random.uniform(0.75, 1.1)
    return Wave(_arrival(gauge.order) - 300, EVENING_S * 0.55, rise)


@lru_cache(maxsize=4096)
def area_wave(area: LocalArea, seed: str) -> Wave | None:
    """The water in this RW in the evening of this seed, or None where it stays dry.

    Some of it is rain that finds no drain, early and shallow anywhere; the rest follows the river's wave down stream.
    """
    random = Random(f"{seed}/water/{area.number}")
    luck = random.random()
    if luck < 0.22:
        return None
    if luck < 0.5:
        return Wave(random.uniform(0, 45) * 60, random.uniform(35, 80) * 60, random.uniform(14, 66))
    onset = _arrival(area.kelurahan.order) + random.uniform(-6, 10) * 60
    duration = min(random.uniform(60, 100) * 60, EVENING_S - 360 - onset)
    return Wave(onset, duration, 30 + 190 * random.random() ** 1.3)


def _arrival(order: float) -> float:
    return max(0.0, _FIRST_MINUTE + order * _MINUTES_PER_WARD) * 60


def flood_state(depth_cm: float, known: bool) -> int | None:
    """Peta Jakarta's state for this depth: 1 while nobody has measured it, then 2, 3, 4; None below 10 cm."""
    if depth_cm < 10:
        return None
    if not known:
        return 1
    return 2 if depth_cm <= 70 else 3 if depth_cm <= 150 else 4


@dataclass(frozen=True)
class StateChange:
    """From this second of the story on, the area is in this state; None says that its flood is over."""

    second: float
    state: int | None


@lru_cache(maxsize=4096)
def state_changes(area: LocalArea, seed: str) -> tuple[StateChange, ...]:
    """Every change of an RW's state over one evening, in order. The first follows a dry beginning."""
    wave = area_wave(area, seed)
    if wave is None:
        return ()
    random = Random(f"{seed}/states/{area.number}")
    unknown_for, phase = random.uniform(3, 9) * 60, random.uniform(0, 60)
    changes: list[StateChange] = []
    state: int | None = None
    seen: float | None = None
    for minute in range(EVENING_S // 60 - 1):
        second = minute * 60 + phase
        depth = wave.at(second)
        seen = second if seen is None and flood_state(depth, known=True) else seen
        now = flood_state(depth, known=seen is not None and second > seen + unknown_for)
        if now != state:
            changes.append(StateChange(second, now))
            state = now
    return tuple(changes)


@lru_cache(maxsize=1024)
def flooded(seed: int, evening: str, minute: int) -> list[tuple[LocalArea, float]]:
    """The RWs with water at this minute of the story, each with its depth in centimetres."""
    found: list[tuple[LocalArea, float]] = []
    for area in local_areas(seed):
        wave = area_wave(area, evening)
        depth = wave.at(minute * 60) if wave else 0.0
        if depth >= 8:
            found.append((area, depth))
    return found
