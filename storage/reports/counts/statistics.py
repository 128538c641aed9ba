"""Counts of reports by one or two dimensions, for the whole of a filter or for each of several areas.

Two ways give the same counts. The day roll-up has categories, statuses, agencies, whole cities and whole days in
Jakarta; its medians come from log-sized buckets and are within 2 % (domain/medians.py). Anything else is counted from
the reports themselves, under a time limit, with exact medians.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from storage.reports.counts.by_day import counted_by_day, is_kept_by_day
from storage.reports.counts.dimensions import ALL, Counted, Keys, StatisticsBucket
from storage.reports.counts.plain import Grouping, counted_plainly
from storage.reports.filter.naming import whole_cities
from storage.reports.question import Question
from storage.statements.time_limit import limited

__all__ = ["ALL", "Counted", "Keys", "StatisticsBucket", "count_by"]


def count_by(
    conn: Connection,
    question: Question,
    seconds: float,
    dimensions: Sequence[StatisticsBucket] = (),
    area_ids: Sequence[int] | None = None,
    *,
    durations: bool = True,
) -> Counted:
    """The counts of what matches, for each of the areas if some are given. Raises CountTimedOut.

    Without `durations` there are no medians, which are the dearest part.
    """
    with limited(conn, seconds):
        cities = None if area_ids is None else whole_cities(conn, question.visibility, area_ids)
        if is_kept_by_day(question.wanted, dimensions) and (area_ids is None or cities is not None):
            return counted_by_day(conn, question, dimensions, cities, durations=durations)
        return counted_plainly(conn, Grouping(question, dimensions, area_ids), durations=durations)
