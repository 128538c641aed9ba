"""Makers of test pictures: all that people, phones and attackers upload, drawn in code.

Four colours stand in the corners, so a test can see which way up a picture is. Everything that must never leave the
hub carries SECRET in it.
"""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pillow_heif
from PIL import Image, PngImagePlugin

SECRET = "CitraFon-7261"
"""A device's name, and whatever else must not be found in any byte that the hub gives out."""

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 180, 40), (30, 40, 210), (230, 220, 40)
CORNERS = {("top", "left"): RED, ("top", "right"): GREEN, ("bottom", "left"): BLUE, ("bottom", "right"): YELLOW}
SIZE = (96, 64)
"""Of the upright picture: width and height."""

# EXIF 2.32, 4.6.4 A, Orientation: which side of the scene the stored picture's row 0 and column 0 are.
_STORED_SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}
_OPPOSITE = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
Colour = tuple[int, int, int]


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def quadrants(size: tuple[int, int], colours: tuple[Colour, Colour, Colour, Colour]) -> Image.Image:
    """Four rectangles: top left, top right, bottom left, bottom right."""
    width, height = size
    image = Image.new("RGB", size)
    for index, colour in enumerate(colours):
        left, top = index % 2 * width // 2, index // 2 * height // 2
        image.paste(colour, (left, top, left + width // 2, top + height // 2))
    return image


def upright(size: tuple[int, int] = SIZE) -> Image.Image:
    return quadrants(size, (RED, GREEN, BLUE, YELLOW))


def as_stored(orientation: int) -> Image.Image:
    """`upright` as a camera held that way stores it, by the words of the EXIF standard and no library's table."""
    row, column = _STORED_SIDES[orientation]
    sides = [(row, column), (row, _OPPOSITE[column]), (_OPPOSITE[row], column), (_OPPOSITE[row], _OPPOSITE[column])]
    colours = [CORNERS[a, b] if (a, b) in CORNERS else CORNERS[b, a] for a, b in sides]
    size = SIZE if row in ("top", "bottom") else SIZE[::-1]
    return quadrants(size, (colours[0], colours[1], colours[2], colours[3]))


def exif(orientation: int = 1) -> Image.Exif:
    """What a phone writes: device, serial number, time, note, and the place in Jakarta."""
    tags = Image.Exif()
    tags[0x010F] = tags[0x0110] = SECRET
    tags[0x0112] = orientation
    tags[0x0132] = "2026:02:03 17:45:01"
    tags.get_ifd(0x8769).update({0xA431: SECRET, 0x927C: SECRET.encode() * 9})
    tags.get_ifd(0x8825).update({1: "S", 2: (6.0, 10.0, 31.4), 3: "E", 4: (106.0, 49.0, 38.2)})
    return tags


def xmp() -> bytes:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a photographer="{SECRET}" lat="6,10.5S"/></x:xmpmeta>'.encode()


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg(orientation: int = 1) -> bytes:
    """A photograph with every kind of metadata that a JPEG can carry."""
    image = as_stored(orientation)
    plain = encoded(
        image, "JPEG", quality=95, exif=exif(orientation), xmp=xmp(), comment=SECRET, icc_profile=swapped_profile()
    )
    iptc = SECRET.encode()
    resource = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(iptc)) + iptc
    return plain[:2] + _segment(0xED, b"Photoshop 3.0\x00" + resource) + _segment(0xEB, SECRET.encode()) + plain[2:]


def commented_jpeg() -> bytes:
    """Nothing to convert or turn, so nothing but the encoding itself can lose the comment."""
    return encoded(upright(), "JPEG", comment=SECRET)


def plain_jpeg(orientation: int | None = None) -> bytes:
    if orientation is None:
        return encoded(upright(), "JPEG", quality=95)
    return encoded(as_stored(orientation), "JPEG", quality=95, exif=exif(orientation))


def cmyk_jpeg() -> bytes:
    return encoded(upright().convert("CMYK"), "JPEG", quality=95)


def two_picture_jpeg() -> bytes:
    """A Multi-Picture file, as phones with two lenses write it: a second JPEG lies behind the first."""
    return encoded(upright(), "MPO", save_all=True, append_images=[Image.new("RGB", SIZE)], exif=exif(), quality=95)


def heic(orientation: int = 1) -> bytes:
    """As iPhones write it: turned by the container's `irot`, with the device and place in EXIF, and XMP."""
    out = BytesIO()
    heif = pillow_heif.from_pillow(as_stored(orientation))
    heif.save(out, quality=90, exif=exif(orientation).tobytes(), xmp=xmp())
    return out.getvalue()


def png(image: Image.Image | None = None) -> bytes:
    """A screenshot with text, EXIF, time and profile chunks."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Software", SECRET)
    chunks.add_text("Comment", SECRET, zip=True)
    chunks.add_itxt("XML:com.adobe.xmp", xmp().decode())
    chunks.add(b"prVt", SECRET.encode())
    return encoded(image or upright(), "PNG", pnginfo=chunks, exif=exif(), dpi=(72, 72))


def turned_png(orientation: int) -> bytes:
    return encoded(as_stored(orientation), "PNG", exif=exif(orientation))


def palette_png() -> bytes:
    return encoded(upright().quantize(4), "PNG")


def bilevel_png() -> bytes:
    image = Image.new("1", SIZE)
    image.paste(1, (0, 0, SIZE[0] // 2, SIZE[1]))
    return encoded(image, "PNG")


def grey_16_bit_png() -> bytes:
    """From black on the left to white on the right in 65,536 steps' worth of grey."""
    width, height = SIZE
    row = struct.pack(f"<{width}H", *(x * 65535 // (width - 1) for x in range(width)))
    return encoded(Image.frombytes("I;16", SIZE, row * height), "PNG")


def colour_16_bit_png() -> bytes:
    """`upright` in 16 bits a channel, written by hand: Pillow can read such files but not write them."""
    width, height = SIZE
    rows = b"".join(
        b"\0" + b"".join(struct.pack(">3H", *(value * 257 for value in _corner(x, y))) for x in range(width))
        for y in range(height)
    )
    return png_of(width, height, rows, depth=16)


def _corner(x: int, y: int) -> Colour:
    return CORNERS["top" if y < SIZE[1] // 2 else "bottom", "left" if x < SIZE[0] // 2 else "right"]


def png_of(width: int, height: int, rows: bytes, depth: int = 8) -> bytes:
    """An RGB PNG with this header and these rows, whether they fit each other or not."""
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def erased_png() -> bytes:
    """Somebody wiped the left half with an editor's eraser: see-through, but the red is still there underneath."""
    image = Image.new("RGBA", SIZE, (*RED, 255))
    image.paste((*RED, 0), (0, 0, SIZE[0] // 2, SIZE[1]))
    return encoded(image, "PNG")


def palette_png_with_transparency() -> bytes:
    return encoded(upright().quantize(4), "PNG", transparency=bytes([0, 0, 0, 0]))


def webp(orientation: int = 1) -> bytes:
    return encoded(
        as_stored(orientation), "WEBP", quality=95, exif=exif(orientation), xmp=xmp(), icc_profile=swapped_profile()
    )


def plain_webp(orientation: int = 1, lossless: bool = False) -> bytes:
    return encoded(as_stored(orientation), "WEBP", quality=95, lossless=lossless, exif=exif(orientation))


def animated(kind: str) -> bytes:
    """Two frames, `upright` and then black; kind is WEBP or PNG."""
    return encoded(upright(), kind, save_all=True, append_images=[Image.new("RGB", SIZE)], duration=100, quality=95)


def noise_png(size: tuple[int, int] = (160, 120)) -> bytes:
    """As a photograph is to a compressor: no two pixels alike."""
    return encoded(Image.effect_noise(size, 90).convert("RGB"), "PNG")


def odd_apng() -> bytes:
    """A PNG that claims to be animated with no frames at all; Pillow warns and reads it."""
    plain = encoded(upright(), "PNG")
    return plain[:33] + _chunk(b"acTL", struct.pack(">II", 0, 0)) + plain[33:]


def damaged_exif_jpeg() -> bytes:
    """EXIF whose directory points outside of itself; people's photos do have such."""
    return encoded(
        upright(), "JPEG", quality=95, exif=b"Exif\0\0II*\0\x08\0\0\0\x09\0\x12\x01\x05\0\xff\xff\xff\xff\xff"
    )


# ---------------------------------------------------------------- broken, hostile and other files


def png_bomb() -> bytes:
    """74 bytes that announce 900 million pixels."""
    return png_of(30_000, 30_000, b"\0" * 1000)


def column_bomb() -> bytes:
    """Few pixels, but a million rows of them."""
    return png_of(1, 1_000_000, b"\0" * 1000)


def jpeg_bomb() -> bytes:
    data = bytearray(plain_jpeg())
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", 65_000, 65_000)
    return bytes(data)


def webp_bomb() -> bytes:
    data = bytearray(webp())
    data[24:30] = (16_383).to_bytes(3, "little") * 2
    return bytes(data)


def heic_bomb() -> bytes:
    data = bytearray(heic())
    start = data.index(b"ispe")
    data[start + 8 : start + 16] = struct.pack(">II", 30_000, 30_000)
    return bytes(data)


def without_height_jpeg() -> bytes:
    data = bytearray(plain_jpeg())
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 7] = b"\0\0"
    return bytes(data)


def truncated(data: bytes) -> bytes:
    return data[: len(data) * 3 // 5]


def polyglot(data: bytes) -> bytes:
    """A picture that is a web page with a script and a ZIP archive as well."""
    return data + f"<html><script>alert('{SECRET}')</script>".encode() + b"PK\x03\x04" + SECRET.encode() + b"PK\x05\x06"


OTHER_FILES: dict[str, Callable[[], bytes]] = {
    "text renamed to .jpg": lambda: b"Banjir di Kampung Melayu, air setinggi lutut",
    "GIF": lambda: encoded(upright(), "GIF"),
    "TIFF": lambda: encoded(upright(), "TIFF"),
    "BMP": lambda: encoded(upright(), "BMP"),
    "AVIF": lambda: encoded(upright(), "AVIF"),
    "SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "PDF": lambda: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "MP4": lambda: b"\0\0\0\x1cftypisom\0\0\x02\0isomiso2avc1mp41" + b"\0" * 64,
    "a web page with a JPEG inside": lambda: b"<html>" + plain_jpeg(),
}


def swapped_profile() -> bytes:
    """A colour profile (ICC.1:2001-04, matrix/TRC) that takes red for blue and blue for red; SECRET is its maker."""
    red, green, blue = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, int(2.2 * 256)) + b"\0\0"
    text = SECRET.encode() + b"\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78,
        b"cprt": b"text\0\0\0\0" + text,
        b"wtpt": _xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": _xyz(*blue),
        b"gXYZ": _xyz(*green),
        b"bXYZ": _xyz(*red),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    header = struct.pack(">I4sI4s4s4s", 128 + len(table + body), b"\0" * 4, 0x02200000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28 + _xyz(0.9642, 1.0, 0.8249)[8:]
    return header.ljust(128, b"\0") + table + body


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in (x, y, z)))
