"""How likely it is that two reports tell of one thing: of one kind, near in place, near in time, in similar words.

The formula, its constants and how they were found are told in docs/duplicates.md; a test holds it to a labelled set.
"""

import math
from dataclasses import dataclass

from domain.duplicate_words import telling_words
from domain.places import Point, distance_m
from domain.time import DAY, HOUR

PROBABLE = 0.5
"""From this score on two reports are called probable duplicates."""

SEARCH_RADIUS_M = 300.0
"""How far, in metres, storage has to look: past 200 m no score reaches PROBABLE, past this none reaches 0.17."""

SEARCH_WINDOW_US = 14 * DAY
"""How far back, in microseconds: past nine days no score reaches PROBABLE, past this none reaches 0.17."""

RELATED = 0.8
"""What is left of the likeness when the categories are parent and child, or children of one parent."""

FULL_OVERLAP = 0.5
"""Reports that share half of their words count as saying the same; people never use quite the same words."""

OTHER_NUMBERS = 0.5
"""What is left of the words' likeness when both name numbers (of a pole, a house, an RT) and none is the same."""

UNTOLD = 0.75
"""The words' likeness when one report has no words to compare."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is compared of a report. WGS 84 degrees; `reported_at` in microseconds since 1970.

    `parent_category` is the code of the category above, if there is one. For a report that is still being written,
    `category` may be None (any) and `words` empty: what is there decides.
    """

    category: str | None
    latitude: float | None
    longitude: float | None
    reported_at: int
    words: frozenset[str]
    parent_category: str | None = None


@dataclass(frozen=True, slots=True)
class Habit:
    """How things of one kind are told of.

    At `reach_m` metres, or after `lasts_us` microseconds, half of the likeness is left. `alone` is how much place and
    time say without a word in common: much of a flood, which fills its street; little of a broken thing in a park.
    """

    reach_m: float
    lasts_us: int
    alone: float


HABITS = {
    "flood": Habit(200, 5 * HOUR, 0.45),
    "traffic_jam": Habit(200, 2 * HOUR, 0.45),
    "fire": Habit(160, 3 * HOUR, 0.45),
    "water_supply": Habit(200, 12 * HOUR, 0.2),
    "noise": Habit(110, 3 * HOUR, 0.4),
    "crime_disorder": Habit(90, 3 * HOUR, 0.1),
    "three_in_one_jockey": Habit(110, 4 * HOUR, 0.3),
    "beggars": Habit(80, 8 * HOUR, 0.2),
    "illegal_parking": Habit(70, 2 * DAY, 0.1),
    "street_vendors": Habit(70, 4 * DAY, 0.1),
    "waste": Habit(70, 4 * DAY, 0.1),
    "fallen_tree": Habit(90, 2 * DAY, 0.2),
    "street_light": Habit(90, 5 * DAY, 0.1),
    "damaged_road": Habit(90, 9 * DAY, 0.1),
}
"""By category code; a category that is not here has its parent's habit, else ANYTHING's."""

ANYTHING = Habit(60, 4 * DAY, 0.05)
"""Categories of many kinds of things (public facility, other) and those that an operator adds."""


def sighting_words(text: str, title: str | None = None) -> frozenset[str]:
    """The words of a report that are compared. Its address is not among them: the place is compared as a place."""
    return telling_words(title, text)


def score(a: Sighting, b: Sighting) -> float:
    """How likely it is that both are one thing, from 0 to 1, the same either way round. 0 if one has no point.

    Raises ValueError for a point that is none (domain/places.py).
    """
    apart_m = _apart_m(a, b)
    kinship = _kinship(a, b)
    if apart_m is None or kinship == 0:
        return 0.0
    habit = _habit(a, b)
    near = _nearness(apart_m / habit.reach_m) * _nearness(abs(a.reported_at - b.reported_at) / habit.lasts_us)
    return kinship * near * (habit.alone + (1 - habit.alone) * _similarity(a.words, b.words))


def _apart_m(a: Sighting, b: Sighting) -> float | None:
    if a.latitude is None or a.longitude is None or b.latitude is None or b.longitude is None:
        return None
    return distance_m(Point(a.latitude, a.longitude), Point(b.latitude, b.longitude))


def _kinship(a: Sighting, b: Sighting) -> float:
    """1 of one category, or if one is left open; less within a family; else 0."""
    if a.category == b.category or a.category is None or b.category is None:
        return 1.0
    return RELATED if {a.category, a.parent_category} & {b.category, b.parent_category} - {None} else 0.0


def _habit(a: Sighting, b: Sighting) -> Habit:
    """The habit of their category; of two, the one that reaches less far."""
    for codes in ((a.category, b.category), (a.parent_category, b.parent_category)):
        known = [HABITS[code] for code in codes if code in HABITS]
        if known:
            return min(known, key=lambda habit: (habit.reach_m, habit.lasts_us, habit.alone))
    return ANYTHING


def _nearness(ratio: float) -> float:
    """1 near by, half at a ratio of 1, then falling fast: flat where a phone's position or a memory errs anyway."""
    return 1 / (1 + ratio**4)


def _similarity(a: frozenset[str], b: frozenset[str]) -> float:
    """How much of their words two reports share: Ochiai's coefficient, scaled so that FULL_OVERLAP is 1."""
    if not a or not b:
        return UNTOLD
    overlap = min(1.0, len(a & b) / math.sqrt(len(a) * len(b)) / FULL_OVERLAP)
    numbers_a, numbers_b = _numbers(a), _numbers(b)
    return overlap * (OTHER_NUMBERS if numbers_a and numbers_b and not numbers_a & numbers_b else 1.0)


def _numbers(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if word.isdecimal())
