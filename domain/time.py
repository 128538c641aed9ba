"""Moments as whole microseconds since 1970 UTC, and Jakarta's days. Jakarta has had +07:00 without summer time since 1964."""

from datetime import UTC, datetime, timedelta, timezone

JAKARTA = timezone(timedelta(hours=7), "WIB")
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JAKARTA_AHEAD = 7 * HOUR
"""How far Jakarta's clocks are ahead of UTC."""


def micros(moment: datetime) -> int:
    """A moment in microseconds since 1970 UTC. Raises ValueError for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(value: int) -> datetime:
    """The moment, in UTC, of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=value)


def jakarta_day(value: int) -> int:
    """The day in Jakarta, counted from 1970-01-01."""
    return (value + JAKARTA_AHEAD) // DAY


def jakarta_day_start(day: int) -> int:
    """When a day in Jakarta begins."""
    return day * DAY - JAKARTA_AHEAD
