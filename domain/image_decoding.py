"""From a stranger's bytes to pixels: one upright picture of eight bits a channel in sRGB, and nothing else of the file.

The decoders' classes are called directly instead of `Image.open`: no registry is consulted or changed (HEIC stays
unknown to Pillow at large), only four kinds can ever be tried, and a JPEG with further pictures behind it (MPO) is
simply its first one.
"""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

import pillow_heif
from PIL import ExifTags, Image, ImageCms
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from domain.image_errors import ImageTooLarge
from domain.image_recognition import ImageKind, require_size, webp_size

KEPT_SIDE = 4096
"""Longest side, in pixels, that is kept of a picture."""

MOST_SCANS = 64
"""Most scans of one JPEG; cameras write one, encoders for the web about ten."""

_START_OF_SCAN = b"\xff\xda"  # within a scan these two bytes never follow each other (ITU-T T.81, B.1.1.5)
_DRAFT_SIDE = KEPT_SIDE * 3 // 4
_JPEG_SCALES = (8, 4, 2)
_WHITE = (255, 255, 255)

# What Pillow's parsers, libheif's binding and lcms2's raise on damaged input; found in their sources and by fuzzing.
DECODER_ERRORS = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    ImageCms.PyCMSError,
)

_TURNED_BY = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A picture of mode L or RGB, upright, in sRGB, opaque, at most KEPT_SIDE a side, and the upload's pixel count."""

    image: Image.Image
    source_pixels: int


def decode(kind: ImageKind, data: bytes) -> DecodedImage:
    """The first frame of what `recognise` found to be of this kind.

    Raises ImageTooLarge and BrokenImage before decoding, and any of DECODER_ERRORS on damage.
    """
    opened = _open(kind, data)
    source_pixels = opened.width * opened.height
    # libheif has turned HEIC already, by the container's own property; the EXIF tag beside it only repeats that.
    orientation = 1 if kind is ImageKind.HEIC else _orientation(opened)
    profile = opened.info.get("icc_profile")
    image = _reduced(_eight_bits(opened))
    image = _turned(image, orientation)
    image = _in_srgb(image, profile)
    return DecodedImage(_opaque(image), source_pixels)


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """The size that keeps the proportions with no side over `side`; at least one pixel each way, never enlarged."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _open(kind: ImageKind, data: bytes) -> Image.Image:
    """A decoder that has read the header only; raises ImageTooLarge if that announces too many pixels."""
    if kind is ImageKind.HEIC:
        return _opened_heic(data)
    if kind is ImageKind.WEBP:
        require_size(*webp_size(data))
        return WebPImageFile(BytesIO(data))
    if kind is ImageKind.PNG:
        png = PngImageFile(BytesIO(data))
        require_size(*png.size)
        return png
    jpeg = JpegImageFile(BytesIO(data))
    require_size(*jpeg.size)
    _require_few_scans(data)
    _draft(jpeg)
    return jpeg


def _require_few_scans(data: bytes) -> None:
    """A progressive JPEG may go over all its pixels thousands of times, each time for a few bytes."""
    scans = data.count(_START_OF_SCAN)
    if scans > MOST_SCANS:
        raise ImageTooLarge(f"{scans:,} scans; at most {MOST_SCANS} are taken")


def _opened_heic(data: bytes) -> Image.Image:
    heif = pillow_heif.open_heif(data)
    require_size(*heif.size)
    return heif.to_pillow()


def _draft(jpeg: JpegImageFile) -> None:
    """Have libjpeg decode a huge picture at 1/2, 1/4 or 1/8, while that leaves 3072 pixels on the longer side or more.

    A 50 megapixel photograph then takes a quarter of the memory and less than half the time.
    """
    width, height = jpeg.size
    for scale in _JPEG_SCALES:
        if max(width, height) // scale >= _DRAFT_SIDE:
            jpeg.draft(None, (max(1, width // scale), max(1, height // scale)))
            return


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it cannot be read: no photo is refused for its labels."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation)
    except DECODER_ERRORS:
        return 1
    return value if isinstance(value, int) and value in _TURNED_BY else 1


def _eight_bits(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be scaled: L, LA, RGB, RGBA or CMYK. Decodes it."""
    image.load()
    if image.mode.startswith("I"):
        # Pillow's own conversion of 16 bits to 8 cuts off what is above 255 instead of scaling.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
    if image.mode in ("1", "P"):
        return image.convert("RGB" if image.mode == "P" else "L")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def _reduced(image: Image.Image) -> Image.Image:
    size = fitted(*image.size, KEPT_SIDE)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    method = _TURNED_BY.get(orientation)
    return image if method is None else image.transpose(method)


def _in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """The colours as sRGB shows them. A profile that is damaged, or not of the picture's channels, is passed over."""
    converted = image
    if isinstance(profile, bytes) and profile:
        try:
            converted = _by_profile(image, profile)
        except DECODER_ERRORS:
            converted = image
    return converted.convert("RGB") if converted.mode == "CMYK" else converted


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    if image.mode in ("L", "LA"):  # grey stays grey: a grey profile differs from sRGB in its tone curve only, slightly
        return image
    output = "RGB" if image.mode == "CMYK" else image.mode
    converted = ImageCms.profileToProfile(image, source, target, outputMode=output)
    return image if converted is None else converted


def _opaque(image: Image.Image) -> Image.Image:
    """On white, without an alpha channel: what was erased keeps its colours underneath, and must not be given out."""
    if image.mode not in ("LA", "RGBA"):
        return image
    ground = Image.new("RGB", image.size, _WHITE)
    ground.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return ground
