"""What becomes of a photo that is taken: the right way up, in the right colours, small enough."""

import hashlib
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

from domain import images
from tests import images as made
from tests.images import BLUE, GREEN, RED, YELLOW

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
UPRIGHT = (RED, GREEN, BLUE, YELLOW)


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def content_type(data: bytes) -> str:
    return Image.MIME[str(Image.open(BytesIO(data)).format)]


def corners(data: bytes) -> list[tuple[int, ...]]:
    image = opened(data).convert("RGB")
    right, bottom = image.width - 5, image.height - 5
    found = (image.getpixel(place) for place in ((4, 4), (right, 4), (4, bottom), (right, bottom)))
    return [pixel for pixel in found if isinstance(pixel, tuple)]


def assert_colours(data: bytes, expected: tuple[tuple[int, int, int], ...], within: int = 12) -> None:
    for seen, wanted in zip(corners(data), expected, strict=True):
        assert all(abs(a - b) <= within for a, b in zip(seen, wanted, strict=True)), f"{corners(data)} not {expected}"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("make", [made.plain_jpeg, made.heic, made.turned_png, made.plain_webp])
def test_however_the_camera_was_held_the_photo_is_upright(make: Callable[[int], bytes], orientation: int) -> None:
    photo = images.prepare(make(orientation))
    assert (photo.width, photo.height) == opened(photo.data).size == made.SIZE
    assert_colours(photo.data, UPRIGHT)
    assert_colours(photo.thumbnail_data, UPRIGHT)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (made.plain_jpeg, "image/jpeg"),
        (made.heic, "image/jpeg"),
        (made.png, "image/png"),
        (made.noise_png, "image/jpeg"),
        (made.plain_webp, "image/webp"),
    ],
)
def test_the_type_told_is_the_type_of_the_bytes(make: Callable[[], bytes], expected: str) -> None:
    photo = images.prepare(make())
    assert photo.content_type == expected == content_type(photo.data)
    assert photo.thumbnail_content_type == "image/jpeg" == content_type(photo.thumbnail_data)
    assert photo.digest == hashlib.sha256(photo.data).hexdigest()


@pytest.mark.parametrize(
    "make",
    [
        made.cmyk_jpeg,
        made.palette_png,
        made.colour_16_bit_png,
        made.two_picture_jpeg,
        made.odd_apng,
        made.damaged_exif_jpeg,
        lambda: made.plain_webp(lossless=True),
        lambda: made.animated("PNG"),
        lambda: made.animated("WEBP"),
    ],
)
def test_rare_kinds_look_as_they_should(make: Callable[[], bytes]) -> None:
    photo = images.prepare(make())
    assert_colours(photo.data, UPRIGHT)
    assert getattr(opened(photo.data), "n_frames", 1) == 1, "only the first picture is kept"


def test_sixteen_bits_of_grey_are_scaled_not_cut_off() -> None:
    grey = opened(images.prepare(made.grey_16_bit_png()).data)
    row = grey.crop((0, 10, grey.width, 11)).tobytes()
    assert row[0] == 0 and row[-1] == 255 and list(row) == sorted(row) and len(set(row)) > 90


def test_black_and_white_stays_that() -> None:
    assert_colours(images.prepare(made.bilevel_png()).data, (WHITE, BLACK, WHITE, BLACK))


def test_what_an_eraser_left_under_transparency_is_gone() -> None:
    assert_colours(images.prepare(made.erased_png()).data, (WHITE, RED, WHITE, RED))
    assert_colours(images.prepare(made.palette_png_with_transparency()).data, (WHITE, WHITE, WHITE, WHITE))


@pytest.mark.parametrize("make", [made.jpeg, made.webp])
def test_colours_are_those_the_profile_meant(make: Callable[[], bytes]) -> None:
    """The maker's profile swaps red and blue; without the profile, the pixels must be swapped."""
    assert_colours(images.prepare(make()).data, (RED[::-1], GREEN[::-1], BLUE[::-1], YELLOW[::-1]))


def test_a_broken_profile_is_passed_over() -> None:
    data = made.encoded(made.upright(), "JPEG", quality=95, icc_profile=b"no profile at all")
    assert_colours(images.prepare(data).data, UPRIGHT)


@pytest.mark.parametrize(
    ("size", "kept", "thumbnail"),
    [
        ((5000, 2500), (4096, 2048), (480, 240)),
        ((7000, 5250), (3500, 2625), (480, 360)),  # libjpeg gives half of it, which is enough
        ((20, 10), (20, 10), (20, 10)),
        ((9000, 3), (4096, 2), (480, 1)),
        ((1, 1), (1, 1), (1, 1)),
    ],
)
def test_photos_are_bounded_and_never_enlarged(
    size: tuple[int, int], kept: tuple[int, int], thumbnail: tuple[int, int]
) -> None:
    photo = images.prepare(made.encoded(Image.new("RGB", size, RED), "JPEG"))
    assert (photo.width, photo.height) == opened(photo.data).size == kept
    assert opened(photo.thumbnail_data).size == thumbnail


@pytest.mark.parametrize("make", [made.jpeg, made.png, made.webp, made.heic])
def test_the_same_upload_gives_the_same_bytes(make: Callable[[], bytes]) -> None:
    data = make()
    assert images.prepare(data) == images.prepare(data)
