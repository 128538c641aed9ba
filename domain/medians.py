"""Medians from log-sized buckets: each is 4 % wider than the one before, so a median is off by at most 2 %.

Below one second there is one bucket: nobody answers a report faster.
"""

import math
from collections.abc import Mapping

_RATIO = math.log(1.04)
_SHORTEST = 1 / 60


def bucket_of(minutes: float) -> int:
    """The bucket of a duration; negative below one minute."""
    return math.floor(math.log(max(minutes, _SHORTEST)) / _RATIO)


def bucket_middle(bucket: int) -> float:
    """The minutes that stand for a bucket: its geometric middle."""
    return math.exp((bucket + 0.5) * _RATIO)


def median(totals: Mapping[int, int]) -> float | None:
    """The median of durations counted by bucket; None of none."""
    count = sum(totals.values())
    if count == 0:
        return None
    lower, upper = (_at(totals, (count - 1) // 2), _at(totals, count // 2))
    return (bucket_middle(lower) + bucket_middle(upper)) / 2


def _at(totals: Mapping[int, int], position: int) -> int:
    seen = 0
    for bucket in sorted(totals):
        seen += totals[bucket]
        if seen > position:
            return bucket
    raise IndexError(position)
