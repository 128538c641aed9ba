"""Pictures of strangers: refused with a reason, or made into a new file that holds pixels and nothing else."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from domain import images
from domain.images import KEPT_CONTENT_TYPES, KEPT_SIDE, ImageRefused, ImageTooLarge, PreparedPhoto
from storage.photos.picture_process import MEMORY_LIMIT
from storage.photos.preparing import PhotoPreparer
from tests import images as made
from tests.fuzzing import CORPUS, damaged, fuzz, kept
from tests.test_images_preparing import needs_proc, picture_processes

MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "image/webp": b"RIFF"}
NEVER_KEPT = (b"<html", b"<script", b"<?php", b"<svg", b"PK\x03\x04", b"Exif\0", b"tiff:", made.SECRET.encode())
MAKERS: list[Callable[[], bytes]] = [
    made.jpeg,
    made.cmyk_jpeg,
    made.two_picture_jpeg,
    made.png,
    made.palette_png,
    made.grey_16_bit_png,
    made.odd_apng,
    made.webp,
    made.heic,
]


def harmless(photo: PreparedPhoto) -> None:
    """What the hub would serve: of the types it serves, no larger than it keeps, and with nothing of the upload but pixels."""
    assert {photo.content_type, photo.thumbnail_content_type} <= KEPT_CONTENT_TYPES
    assert photo.data.startswith(MAGIC[photo.content_type])
    assert photo.thumbnail_data.startswith(MAGIC[photo.thumbnail_content_type])
    assert 1 <= min(photo.width, photo.height) <= max(photo.width, photo.height) <= KEPT_SIDE
    for data in (photo.data, photo.thumbnail_data):
        assert not [word for word in NEVER_KEPT if word in data]


def becomes(data: bytes) -> PreparedPhoto | None:
    """A harmless photo, or None for a refusal. Nothing else may be raised."""
    try:
        photo = images.prepare(data)
    except ImageRefused as refusal:
        assert refusal.reason
        return None
    harmless(photo)
    return photo


@pytest.mark.parametrize("data", kept("images"))
def test_kept_pictures(data: bytes) -> None:
    becomes(data)


@pytest.mark.parametrize("maker", MAKERS)
def test_damaged_pictures(maker: Callable[[], bytes]) -> None:
    @fuzz(30)
    @given(damaged(st.just(maker())))
    def damage(data: bytes) -> None:
        becomes(data)

    damage()


@fuzz(100)
@given(
    st.sampled_from(
        [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x20\0\0\0WEBP", b"\0\0\0\x18ftypheic\0\0\0\0heicmif1"]
    ),
    st.binary(max_size=200),
)
def test_noise_that_begins_like_a_picture(head: bytes, noise: bytes) -> None:
    assert becomes(head + noise) is None


@pytest.mark.parametrize("maker", [made.jpeg, made.png, made.webp, made.heic])
def test_what_hangs_on_a_picture_is_not_served(maker: Callable[[], bytes]) -> None:
    """JPEG and HTML, JPEG and JAR, in one file: the picture is taken, the rest is not in what comes out."""
    assert becomes(made.polyglot(maker())) is not None


@pytest.mark.parametrize(
    "name", ["gif_then_jar.gif", "svg_as_png.png", "html_as_jpg.jpg", "tiff.tif", "gif_animated.gif"]
)
def test_other_kinds_are_never_taken_whatever_their_name(name: str) -> None:
    assert becomes((CORPUS / "images" / name).read_bytes()) is None


@pytest.mark.parametrize("name", ["webp_animated.webp", "png_animated.png", "apng_million_frames.png"])
def test_of_a_film_the_first_picture_is_taken(name: str) -> None:
    photo = becomes((CORPUS / "images" / name).read_bytes())
    assert photo is not None and (photo.width, photo.height) == (16, 12)


def test_a_picture_of_many_scans_costs_no_more_for_more_of_them() -> None:
    """Each further scan goes over four million pixels for 20 bytes."""
    plain = made.encoded(Image.new("L", (2_000, 2_000)), "JPEG", progressive=True)
    last = plain[plain.rindex(b"\xff\xda") : -2]

    def seconds(scans: int) -> float:
        begun = time.process_time()
        with pytest.raises(ImageTooLarge, match="scans"):
            images.prepare(plain[:-2] + last * scans + plain[-2:])
        return time.process_time() - begun

    few, many = (min(seconds(scans) for _ in range(5)) for scans in (100, 10_000))
    begun = time.process_time()
    becomes(plain)
    assert few < time.process_time() - begun
    assert many < time.process_time() - begun


@needs_proc
async def test_the_picture_process_outlives_the_whole_corpus_within_its_memory() -> None:
    preparer = PhotoPreparer(at_once=1)
    await preparer.prepare(made.jpeg())
    before = picture_processes()
    for path in sorted((CORPUS / "images").iterdir()):
        try:
            harmless(await preparer.prepare(path.read_bytes()))
        except ImageRefused:
            continue
    assert picture_processes() == before, "a picture of the corpus killed its process"
    (process,) = before
    assert peak_bytes(process) < MEMORY_LIMIT
    await preparer.close()


def peak_bytes(process: int) -> int:
    """The most memory that a process has held so far."""
    told = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in told.splitlines() if line.startswith("VmHWM"))
