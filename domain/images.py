"""Photos as the hub keeps them: decoded, turned upright, rid of all that is not pixels, and encoded anew.

`prepare` is pure, bytes in and bytes out, and gives the same for the same on one set of library versions. It is also
slow and runs decoders written in C on strangers' bytes: the hub calls it in a process of its own
(`storage/photos/preparing.py`).

What may be raised, and nothing else:

    ImageRefused            a picture that is not taken; `reason` says why
    ├── UnsupportedImage    no JPEG, PNG, WebP or HEIC by its content (GIF, AVIF, SVG, a renamed text ...)
    ├── BrokenImage         one of these, but damaged, cut off, without size, or empty
    └── ImageTooLarge       over MAX_BYTES, MAX_PIXELS or MAX_SIDE, or more memory than there is
"""

import hashlib
import warnings
from io import BytesIO

from PIL import Image

from domain.image_decoding import DECODER_ERRORS, KEPT_SIDE, DecodedImage, decode, fitted
from domain.image_errors import BrokenImage, ImageRefused, ImageTooLarge, UnsupportedImage
from domain.image_recognition import MAX_BYTES, MAX_PIXELS, MAX_SIDE, ImageKind, recognise
from domain.photo import ACCEPTED_CONTENT_TYPES, KEPT_CONTENT_TYPES, PreparedPhoto

__all__ = [
    "ACCEPTED_CONTENT_TYPES",
    "KEPT_CONTENT_TYPES",
    "KEPT_SIDE",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "THUMBNAIL_SIDE",
    "BrokenImage",
    "ImageKind",
    "ImageRefused",
    "ImageTooLarge",
    "PreparedPhoto",
    "UnsupportedImage",
    "prepare",
    "recognise",
]

THUMBNAIL_SIDE = 480
"""Longest side of a thumbnail in pixels."""

_QUALITY = 88  # of JPEG and WebP; a fifth fewer bytes than 92
_THUMBNAIL_QUALITY = 80
_PHOTOGRAPHIC_BYTES_PER_PIXEL = 0.75  # of a PNG; with the noise of a camera it is 1.9, for flat colours next to nothing
_WEBP_METHOD = 2  # the default, 4, takes twice as long and saves nothing on a noisy photograph


def prepare(data: bytes) -> PreparedPhoto:
    """Make an upload fit to be kept and shown; raises ImageRefused (the module's docstring draws its kinds)."""
    kind = recognise(data)
    try:
        decoded = _decoded(kind, data)
        return _prepared(decoded.image, _output_kind(kind, len(data) / decoded.source_pixels))
    except MemoryError:
        raise ImageTooLarge("preparing it takes more memory than one picture may cost") from None


def _prepared(image: Image.Image, kind: ImageKind) -> PreparedPhoto:
    encoded = _encoded(image, kind)
    return PreparedPhoto(
        content_type=kind.value,
        data=encoded,
        width=image.width,
        height=image.height,
        thumbnail_data=_thumbnail(image),
        thumbnail_content_type=ImageKind.JPEG.value,
        digest=hashlib.sha256(encoded).hexdigest(),
    )


def _decoded(kind: ImageKind, data: bytes) -> DecodedImage:
    try:
        with warnings.catch_warnings():
            # Pillow warns about odd EXIF and APNG that it reads all the same; nobody could act on that.
            warnings.simplefilter("ignore")
            return decode(kind, data)
    except DECODER_ERRORS as error:
        raise BrokenImage(f"the {kind.name} picture cannot be decoded: {error}") from error


def _output_kind(kind: ImageKind, bytes_per_pixel: float) -> ImageKind:
    """JPEG for photographs, those in PNG or HEIC too; PNG for drawings and screenshots, whose letters JPEG blurs."""
    if kind is ImageKind.HEIC or (kind is ImageKind.PNG and bytes_per_pixel > _PHOTOGRAPHIC_BYTES_PER_PIXEL):
        return ImageKind.JPEG
    return kind


def _encoded(image: Image.Image, kind: ImageKind) -> bytes:
    image.info = {}  # Pillow's encoders copy comments, profiles and transparency from here
    out = BytesIO()
    if kind is ImageKind.PNG:
        image.save(out, "PNG")
    elif kind is ImageKind.WEBP:
        image.save(out, "WEBP", quality=_QUALITY, method=_WEBP_METHOD)
    else:
        image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _thumbnail(image: Image.Image) -> bytes:
    size = fitted(image.width, image.height, THUMBNAIL_SIDE)
    out = BytesIO()
    small = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    small.info = {}
    small.save(out, "JPEG", quality=_THUMBNAIL_QUALITY)
    return out.getvalue()
