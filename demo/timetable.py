"""Puts the story on the calendar: evening after evening from a start, played at a pace."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from demo.water import EVENING_S

_COUNTED_FROM = datetime(2015, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Timetable:
    """The evenings of one city. At pace 10 an evening of three hours is played, and dated, within eighteen minutes.

    Pace shortens the story; it never moves the clock, so nothing that a faster city tells is dated in the future.
    """

    seed: int
    start: datetime
    pace: float

    @property
    def evening_length(self) -> timedelta:
        """How long an evening takes on the calendar."""
        return timedelta(seconds=EVENING_S / self.pace)

    def moment(self, evening: int, second: float) -> datetime:
        """When this second of this evening's story falls."""
        return self.start + timedelta(seconds=(evening * EVENING_S + second) / self.pace)

    def evening_at(self, moment: datetime) -> int:
        """The evening that is being played then; negative before the start."""
        return (moment - self.start) // self.evening_length

    def second_at(self, moment: datetime) -> float:
        """How far the story of that evening has come, in its own seconds."""
        return (moment - self.moment(self.evening_at(moment), 0)).total_seconds() * self.pace

    def evenings(self, since: datetime, until: datetime) -> range:
        """The evenings that touch this span of time."""
        return range(max(0, self.evening_at(since)), max(-1, self.evening_at(until)) + 1)

    def story_seed(self, evening: int) -> str:
        """What the random choices of one evening grow from. The start is in it, so that two runs tell two stories."""
        return f"{self.seed}/{self.start.isoformat()}/{evening}"

    def first_number(self, evening: int) -> int:
        """The number of the evening's first report.

        Numbers come from the calendar (quarters of a second since 2015, below 2^31 until 2031), so a city that is
        started anew does not use those of an earlier run again.
        """
        return quarter_seconds(self.start) + evening * self.numbers_an_evening

    @property
    def numbers_an_evening(self) -> int:
        """How many numbers each evening may use: more than it has reports, at any pace."""
        return max(4000, int(self.evening_length.total_seconds() * 4))

    def evening_of_number(self, number: int) -> int:
        """The evening that this number belongs to; negative for the days before."""
        return (number - self.first_number(0)) // self.numbers_an_evening


def quarter_seconds(moment: datetime) -> int:
    """Quarters of a second from 2015 to this moment."""
    return int((moment - _COUNTED_FROM).total_seconds() * 4)


def moment_of_quarter(number: int) -> datetime:
    """The moment so many quarters of a second after 2015."""
    return _COUNTED_FROM + timedelta(seconds=number / 4)
