"""What kind of picture some bytes are, and how large, from their first bytes alone; nothing is decoded here.

Neither a file's name nor the type that a client claims is ever looked at.
"""

from enum import Enum

from domain.image_errors import BrokenImage, ImageTooLarge, UnsupportedImage

MAX_BYTES = 10_000_000
"""Most bytes of one upload: 10 MB, as the product promises it."""

MAX_PIXELS = 52_000_000
"""Most pixels of one picture. "50 megapixel" phones write up to 8192 x 6144 = 50.3 million; a picture of more than this
is past 10 MB unless it is made to be a bomb. Decoded, this many take about 210 MB (four bytes each)."""

MAX_SIDE = 65_535
"""Most pixels along one side: JPEG's own limit. Pillow keeps a pointer for each row, so a PNG of one column and 52
million rows would cost 400 MB before its first pixel."""

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_GENERIC_HEIF_BRANDS = {b"mif1", b"msf1"}
_VP8_START_CODE = b"\x9d\x01\x2a"
_VP8L_SIGNATURE = 0x2F


class ImageKind(Enum):
    """The kinds of picture the hub takes; the value is the content type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    HEIC = "image/heic"


def recognise(data: bytes) -> ImageKind:
    """The kind of picture `data` starts like; raises UnsupportedImage, BrokenImage (empty) or ImageTooLarge."""
    if not data:
        raise BrokenImage("the file is empty")
    if len(data) > MAX_BYTES:
        raise ImageTooLarge(f"{len(data):,} bytes; at most {MAX_BYTES:,} are taken")
    if data.startswith(b"\xff\xd8\xff"):
        return ImageKind.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageKind.PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ImageKind.WEBP
    if _is_heic(data):
        return ImageKind.HEIC
    raise UnsupportedImage("not a JPEG, PNG, WebP or HEIC picture")


def require_size(width: int, height: int) -> None:
    """Raise BrokenImage for a picture without pixels, ImageTooLarge for a decompression bomb; call before decoding."""
    if width <= 0 or height <= 0:
        raise BrokenImage(f"{width} x {height} pixels: there is nothing to see")
    if width > MAX_SIDE or height > MAX_SIDE:
        raise ImageTooLarge(f"{width:,} x {height:,} pixels; at most {MAX_SIDE:,} a side are taken")
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(f"{width:,} x {height:,} pixels; at most {MAX_PIXELS:,} in all are taken")


def webp_size(data: bytes) -> tuple[int, int]:
    """Width and height of a WebP's canvas from its first chunk (RFC 9649, 2.5 to 2.7).

    Read here because libwebp's animation decoder reserves the canvas when it is made. Raises BrokenImage.
    """
    chunk = data[12:16]
    if chunk == b"VP8X" and len(data) >= 30:
        return _little_endian(data[24:27]) + 1, _little_endian(data[27:30]) + 1
    if chunk == b"VP8L" and len(data) >= 25 and data[20] == _VP8L_SIGNATURE:
        bits = _little_endian(data[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 " and len(data) >= 30 and data[23:26] == _VP8_START_CODE:
        return _little_endian(data[26:28]) & 0x3FFF, _little_endian(data[28:30]) & 0x3FFF
    raise BrokenImage("the WebP header is damaged")


def _is_heic(data: bytes) -> bool:
    """Whether the `ftyp` box (ISO/IEC 14496-12, 4.3) names HEVC pictures; generic brands alone may also be AVIF."""
    if data[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(data[:4], "big"), 256)
    compatible = {data[start : start + 4] for start in range(16, end - 3, 4)}
    major = data[8:12]
    return major in _HEIC_BRANDS or (major in _GENERIC_HEIF_BRANDS and not compatible.isdisjoint(_HEIC_BRANDS))


def _little_endian(data: bytes) -> int:
    return int.from_bytes(data, "little")
