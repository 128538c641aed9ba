"""Draws what the citizens photographed: a street, and on it the trouble. No photo of a real place is used."""

import io
from functools import lru_cache
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from demo.places import Position
from demo.reports import Report
from demo.scenes import SIZE, paint


def photo_of(report: Report) -> bytes:
    """The report's photo as JPEG; every third phone leaves its place (GPS) and its name in the file."""
    place = report.position if report.number % 3 == 0 and report.has_place else None
    return draw(report.kind, report.depth_cm, report.number, place)


@lru_cache(maxsize=256)
def draw(kind: str, depth_cm: int | None, number: int, place: Position | None) -> bytes:
    """A JPEG of 640 × 480, the same for the same arguments; `place` (longitude, latitude) goes into its EXIF."""
    random = Random(f"{kind}/{depth_cm}/{number}")
    image = Image.new("RGB", SIZE)
    paint(ImageDraw.Draw(image, "RGBA"), kind, depth_cm, random)
    image = image.filter(ImageFilter.GaussianBlur(0.6))
    target = io.BytesIO()
    image.save(target, "JPEG", quality=80, **({"exif": _exif(place, random)} if place else {}))
    return target.getvalue()


def _exif(place: Position, random: Random) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = random.choice(("Samsung", "Xiaomi", "OPPO", "Asus"))
    exif[0x0110] = f"HP-{random.randint(100, 999)}"
    longitude, latitude = place
    exif.get_ifd(0x8825).update(
        {
            1: "S" if latitude < 0 else "N",
            2: _sexagesimal(abs(latitude)),
            3: "E" if longitude > 0 else "W",
            4: _sexagesimal(abs(longitude)),
        }
    )
    return exif


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    whole, rest = divmod(degrees * 3600, 3600)
    minutes, seconds = divmod(rest, 60)
    return whole, minutes, round(seconds, 2)
