"""What is no photo for the hub, is refused with the right reason, and costs next to nothing."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from domain import images
from domain.images import BrokenImage, ImageRefused, ImageTooLarge, UnsupportedImage
from tests import images as made

BOMBS = [made.png_bomb, made.column_bomb, made.jpeg_bomb, made.webp_bomb, made.heic_bomb]
WHOLE = [made.jpeg, made.png, made.noise_png, made.webp, made.heic]


@pytest.mark.parametrize("name", made.OTHER_FILES)
def test_other_files_are_known_by_their_content(name: str) -> None:
    with pytest.raises(UnsupportedImage) as refusal:
        images.prepare(made.OTHER_FILES[name]())
    assert refusal.value.reason == "not a JPEG, PNG, WebP or HEIC picture"


@pytest.mark.parametrize("make", WHOLE)
def test_half_a_picture_is_broken(make: Callable[[], bytes]) -> None:
    with pytest.raises(BrokenImage):
        images.prepare(made.truncated(make()))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        made.png_of(0, 10, b""),
        made.png_of(10, 0, b""),
        made.png_of(10, 10, b"too few rows"),
        made.without_height_jpeg(),
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x10\0\0\0WEBPVP8X",
        b"RIFF\x10\0\0\0WEBPABCD" + b"\0" * 40,
        made.heic()[:64],
    ],
)
def test_pictures_without_size_or_content_are_broken(data: bytes) -> None:
    with pytest.raises(BrokenImage):
        images.prepare(data)


@pytest.mark.parametrize("make", BOMBS)
def test_bombs_are_too_large(make: Callable[[], bytes]) -> None:
    with pytest.raises(ImageTooLarge, match=r"pixels; at most"):
        images.prepare(make())


def test_ten_megabytes_are_taken_and_one_byte_more_is_not() -> None:
    photo = made.plain_jpeg()
    padded = photo + b"\0" * (images.MAX_BYTES - len(photo))
    assert images.prepare(padded).width == made.SIZE[0]
    with pytest.raises(ImageTooLarge, match="bytes; at most 10,000,000"):
        images.prepare(padded + b"\0")


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on memory is obeyed on Linux only")
def test_bombs_are_refused_before_any_memory_is_taken(tmp_path: Path) -> None:
    """All bombs in a process that may hold 100 MB more than it does when everything is loaded."""
    for number, make in enumerate(BOMBS):
        (tmp_path / f"bomb{number}").write_bytes(make())
    script = """
import pathlib, resource, sys
from domain import images
from tests import images as made
images.prepare(made.webp()), images.prepare(made.heic()), images.prepare(made.jpeg())
held = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + 100_000_000,) * 2)
for bomb in pathlib.Path(sys.argv[1]).iterdir():
    try:
        images.prepare(bomb.read_bytes())
    except images.ImageTooLarge as refusal:
        print(refusal.reason)
"""
    run = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    assert run.stdout.count("pixels; at most") == len(BOMBS)


@pytest.mark.parametrize("make", [*WHOLE, made.two_picture_jpeg, made.grey_16_bit_png, made.palette_png])
def test_whatever_the_damage_nothing_else_is_raised(make: Callable[[], bytes]) -> None:
    """Seeded damage; tens of thousands more were tried by hand when the decoders' errors were listed."""
    data, draw = make(), random.Random(7)
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(draw.choice((1, 2, 8))):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        try:
            images.prepare(bytes(damaged))
        except ImageRefused as refusal:
            assert refusal.reason
