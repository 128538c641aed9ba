"""What must never leave the hub with a photo: where and with what it was taken, and whatever else hid in the file."""

import struct
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from PIL import Image

from domain import images
from tests import images as made

PRIVATE = (made.SECRET.encode(), made.SECRET.encode("utf-16-be"), b"Exif", b"GPS", b"xmpmeta", b"8BIM", b"ICC_PROFILE")

CARRIERS = [
    made.jpeg,
    made.commented_jpeg,
    made.png,
    made.webp,
    made.heic,
    made.two_picture_jpeg,
    lambda: made.png(Image.open(BytesIO(made.noise_png()))),
    lambda: made.polyglot(made.jpeg()),
    lambda: made.polyglot(made.png()),
    lambda: made.polyglot(made.webp()),
    lambda: made.polyglot(made.heic()),
]


def jpeg_segments(data: bytes) -> Iterator[int]:
    """Markers up to the scan (ITU-T T.81, B.1); the rest must be the scan and nothing after its end."""
    at = 2
    while True:
        marker, length = struct.unpack(">HH", data[at : at + 4])
        yield marker
        if marker == 0xFFDA:
            break
        at += 2 + length
    assert data.index(b"\xff\xd9", at) == len(data) - 2, "something follows the picture"


def png_chunks(data: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        yield name
        at += 12 + length


def webp_chunks(data: bytes) -> Iterator[bytes]:
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    at = 12
    while at < len(data):
        name, length = struct.unpack("<4sI", data[at : at + 8])
        yield name
        at += 8 + length + length % 2


def assert_only_pixels(data: bytes) -> None:
    if data.startswith(b"\xff\xd8"):
        app0, tables_and_scan = 0xFFE0, {0xFFDB, 0xFFC0, 0xFFC4, 0xFFDA}
        assert set(jpeg_segments(data)) <= {app0, *tables_and_scan}
    elif data.startswith(b"RIFF"):
        assert list(webp_chunks(data)) == [b"VP8 "]
    else:
        assert set(png_chunks(data)) == {b"IHDR", b"IDAT", b"IEND"}


@pytest.mark.parametrize("make", CARRIERS)
def test_the_upload_of_this_test_does_carry_it(make: Callable[[], bytes]) -> None:
    """Else the next test would prove nothing."""
    assert made.SECRET.encode() in make()


@pytest.mark.parametrize("make", CARRIERS)
def test_no_byte_tells_place_device_or_anything_hidden(make: Callable[[], bytes]) -> None:
    photo = images.prepare(make())
    for data in (photo.data, photo.thumbnail_data):
        assert [word for word in PRIVATE if word in data] == []
        assert_only_pixels(data)
        assert dict(Image.open(BytesIO(data)).getexif()) == {}


def test_the_upload_had_the_place_in_it() -> None:
    latitude = Image.open(BytesIO(made.jpeg())).getexif().get_ifd(0x8825)[2]
    assert [float(part) for part in latitude] == [6.0, 10.0, 31.4]
