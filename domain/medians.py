"""Medians from log-sized buckets: each bucket is 4 % wider than the one before, so a median is off by at most 2 %."""

import math
from collections.abc import Mapping

_RATIO = math.log(1.04)


def bucket_of(minutes: float) -> int:
    """The bucket of a duration; below one minute there is one bucket, 0."""
    return 0 if minutes < 1 else 1 + int(math.log(minutes) / _RATIO)


def bucket_middle(bucket: int) -> float:
    """The minutes that stand for a bucket: its geometric middle."""
    return 0.5 if bucket == 0 else math.exp((bucket - 0.5) * _RATIO)


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
