"""What the citizens of the made-up city report, evening by evening, and on the ordinary days before."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from typing import Literal

from demo import water, words
from demo.clock import JAKARTA
from demo.places import Kelurahan, LocalArea, Position, kelurahan
from demo.timetable import Timetable, quarter_seconds

Channel = Literal["peta", "qlue", "lapor"]


@dataclass(frozen=True)
class Report:
    """One report as its author made it.

    `appears` is when the source has it, `dated` what the source says; they differ for a phone with a wrong clock.
    `late_at` is when its author edits `message.text` into `message.late`. `origin` is Peta Jakarta's `source`.
    `photo` is a drawing of ours, `image_url` the address of a picture that came with a report from outside.
    """

    number: int
    channel: Channel
    kind: str
    appears: datetime
    dated: datetime
    ward: Kelurahan
    position: Position
    message: words.Message
    author: str
    depth_cm: int | None = None
    area: LocalArea | None = None
    photo: str | None = None
    image_url: str | None = None
    late_at: datetime | None = None
    origin: str = ""
    has_place: bool = True

    def text(self, now: datetime) -> str:
        """The text as it stands now, the author's later edit included."""
        late = self.late_at is not None and now >= self.late_at
        return self.message.late or self.message.text if late else self.message.text


_WEIGHTS = {
    "traffic": 20, "parking": 12, "waste": 12, "road": 9, "jockey": 6, "beggars": 6, "vendors": 7, "lamp": 6, "tree": 6,
    "fire": 3, "crime": 4, "water": 3, "noise": 3, "facility": 4, "other": 4,
}  # fmt: skip
_JOCKEY_STREETS = ("Gelora", "Senayan", "Karet Semanggi", "Kebon Kacang", "Kuningan Timur", "Setia Budi")
_PETA_ORIGINS = ("grasp",) * 14 + ("twitter",) * 4 + ("detik",) * 2


@lru_cache(maxsize=20)
def of_evening(timetable: Timetable, evening: int) -> tuple[Report, ...]:
    """All reports of one evening in the order in which they appear: about 1,500, one every few seconds."""
    random = Random(timetable.story_seed(evening) + "/reports")
    number = timetable.first_number(evening)
    reports: list[Report] = []
    second = 2.0
    while second < water.EVENING_S - 60:
        made = _make(timetable, evening, second, number + len(reports), random)
        reports.append(made)
        if made.channel == "qlue" and made.kind == "flood" and made.has_place and random.random() < 0.12:
            reports.append(_mirrored(made, number + len(reports)))
        second += random.expovariate(_rate(second))
    return tuple(sorted(reports, key=lambda report: (report.appears, report.number)))


def _rate(second: float) -> float:
    """Reports a second: one in nine seconds when nothing much happens, one in five at the height of it."""
    return 0.11 + 0.09 * math.sin(math.pi * second / water.EVENING_S)


def _make(timetable: Timetable, evening: int, second: float, number: int, random: Random) -> Report:
    flood_share = 0.3 + 0.35 * math.sin(math.pi * second / water.EVENING_S)
    at = timetable.moment(evening, second)
    if random.random() < flood_share:
        wet = water.flooded(timetable.seed, timetable.story_seed(evening), int(second // 60))
        return _late(_flood(wet, at, number, random), timetable.pace, random)
    return _late(_trouble(at, number, random), timetable.pace, random)


def _flood(wet: list[tuple[LocalArea, float]], at: datetime, number: int, random: Random) -> Report:
    channel: Channel = random.choices(("peta", "qlue", "lapor"), (55, 35, 10))[0]
    kind = random.choices(("flood", "drain", "power", "prep", "assessment"), (82, 8, 6, 2, 2))[0]
    if kind != "flood" and channel != "peta":
        kind = "flood"
    if not wet:
        ward, area, depth = random.choice([ward for ward in kelurahan() if ward.river]), None, random.randint(4, 14)
    else:
        area, standing = random.choices(wet, [depth for _, depth in wet])[0]
        ward, depth = area.kelurahan, min(200, max(3, round(standing * random.uniform(0.7, 1.15))))
    place = _in_area(area, random) if area else ward.somewhere(random)
    depth_told = depth if kind == "flood" else None
    report = _report(channel, kind, ward, place, at, number, depth_told, random, area.name[3:] if area else None)
    return replace(report, area=area, origin=random.choice(_PETA_ORIGINS) if channel == "peta" else "")


def _in_area(area: LocalArea, random: Random) -> Position:
    """A place in the area: on the line from its middle outwards, close enough to a drawing of chance."""
    ring = area.parts[0]
    corner = random.choice(ring[:-1])
    middle = (sum(x for x, _ in ring[:-1]) / (len(ring) - 1), sum(y for _, y in ring[:-1]) / (len(ring) - 1))
    share = random.uniform(0.05, 0.6)
    return (
        round(middle[0] + (corner[0] - middle[0]) * share, 6),
        round(middle[1] + (corner[1] - middle[1]) * share, 6),
    )


def _trouble(at: datetime, number: int, random: Random) -> Report:
    kind = random.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]
    wards = kelurahan()
    if kind == "jockey":
        wards = tuple(ward for ward in wards if ward.name in _JOCKEY_STREETS)
    ward = random.choice(wards)
    shares = (30, 55, 15) if kind in ("fire", "tree") else (0, 78, 22)
    channel: Channel = random.choices(("peta", "qlue", "lapor"), shares)[0]
    report = _report(channel, kind, ward, ward.somewhere(random), at, number, None, random)
    return replace(report, origin="grasp") if channel == "peta" else report


def _report(
    channel: Channel,
    kind: str,
    ward: Kelurahan,
    place: Position,
    at: datetime,
    number: int,
    depth_cm: int | None,
    random: Random,
    rw: str | None = None,
) -> Report:
    edited = channel != "lapor" and random.random() < 0.09
    message = words.write(kind, ward, depth_cm, random, edited=edited, rw=rw)
    photographed = random.random() < {"peta": 0.55, "qlue": 0.9, "lapor": 0.0}[channel]
    return Report(
        number=number,
        channel=channel,
        kind=kind,
        appears=at,
        dated=at,
        ward=ward,
        position=place,
        message=message,
        author=words.name(random),
        depth_cm=depth_cm,
        photo=f"{number}.jpg" if photographed else None,
        has_place=not (channel == "qlue" and random.random() < 0.04),
    )


def _late(report: Report, pace: float, random: Random) -> Report:
    """Give an edited report the time of its edit: three to twenty minutes of the story later."""
    after = timedelta(minutes=random.uniform(3, 20) / pace)
    return replace(report, late_at=report.appears + after) if report.message.late else report


def _mirrored(post: Report, number: int) -> Report:
    """The same event in Peta Jakarta, which took it from Qlue: own number, same words, place and time."""
    message = replace(post.message, late=None)
    return replace(post, number=number, channel="peta", origin="qlue", message=message, late_at=None)


WRONG_CLOCK_AHEAD = timedelta(hours=26)


@lru_cache(maxsize=64)
def from_a_wrong_clock(timetable: Timetable, evening: int) -> Report | None:
    """The report of every eighth evening whose phone is more than a day ahead.

    Peta Jakarta has no upper bound in time and lists it before everything else until its day has come.
    """
    if evening % 8:
        return None
    random = Random(timetable.story_seed(evening) + "/wrong clock")
    at, number = timetable.moment(evening, 240), timetable.first_number(evening + 1) - 1
    wet = water.flooded(timetable.seed, timetable.story_seed(evening), 4)
    made = _flood(wet, at, number, random)
    message = replace(made.message, late=None)
    made = replace(made, channel="peta", origin="grasp", photo=None, message=message, has_place=True)
    return replace(made, dated=at + WRONG_CLOCK_AHEAD)


HISTORY_DAYS = 3
_HISTORY_A_DAY = 90


@lru_cache(maxsize=16)
def of_day(seed: int, day: date) -> tuple[Report, ...]:
    """The reports of an ordinary day (a Jakarta date), the same whenever the city was started."""
    random = Random(f"{seed}/{day.isoformat()}")
    midnight = datetime.combine(day, time(), JAKARTA)
    seconds = sorted(random.sample(range(5 * 3600, 24 * 3600 - 30), _HISTORY_A_DAY))
    reports: list[Report] = []
    for second in seconds:
        at = (midnight + timedelta(seconds=second)).astimezone(UTC)
        number = quarter_seconds(at)
        made = _flood([], at, number, random) if random.random() < 0.2 else _trouble(at, number, random)
        reports.append(_late(made, 1.0, random))
    return tuple(reports)
