"""Hours, days and weeks in Jakarta, numbered from 1970, so that what was told can be counted by them.

Weeks are those of ISO 8601: they begin on Monday. Number 0 is the period that holds 1970-01-01T00:00+07:00.
"""

from datetime import UTC, datetime
from enum import StrEnum

from domain.time import DAY, HOUR, JAKARTA, JAKARTA_AHEAD, micros, moment


class Period(StrEnum):
    """A stretch of time that is counted by."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"


LENGTH = {Period.HOUR: HOUR, Period.DAY: DAY, Period.WEEK: 7 * DAY}
"""In microseconds."""

_MONDAY_BEFORE_1970 = 3 * DAY  # 1970-01-01 was a Thursday

SHIFT = {
    Period.HOUR: JAKARTA_AHEAD,
    Period.DAY: JAKARTA_AHEAD,
    Period.WEEK: JAKARTA_AHEAD + _MONDAY_BEFORE_1970,
}
"""A moment's number is (moment + SHIFT) // LENGTH, in microseconds."""

_FIRST = micros(datetime.min.replace(tzinfo=UTC))
_LAST = micros(datetime.max.replace(tzinfo=JAKARTA))


def number_of(period: Period, at: int) -> int:
    """The number of the period that a moment (microseconds since 1970 UTC) lies in."""
    return (at + SHIFT[period]) // LENGTH[period]


def start_of(period: Period, number: int) -> int:
    """When a period begins, in microseconds since 1970 UTC."""
    return number * LENGTH[period] - SHIFT[period]


def on_the_calendar(period: Period) -> range:
    """The numbers of the periods that can be written: they begin in the years 1 to 9999, in UTC and in Jakarta."""
    return range(-((-_FIRST - SHIFT[period]) // LENGTH[period]), number_of(period, _LAST) + 1)


def week_of_day(day: int) -> int:
    """The number of the week that a day, by its own number, lies in."""
    return (day + _MONDAY_BEFORE_1970 // DAY) // 7


def written(at: int) -> str:
    """The start of a period as Jakarta's clocks show it: 2026-01-05T00:00:00+07:00."""
    return moment(at).astimezone(JAKARTA).isoformat()
