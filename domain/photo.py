"""What a photo is to the hub. How one is made of an upload, images.py tells: that loads decoders, in a process of its own."""

from dataclasses import dataclass

from domain.image_recognition import ImageKind

ACCEPTED_CONTENT_TYPES = tuple(kind.value for kind in ImageKind)
"""The content types of what is taken, for telling clients; what counts is the content."""

KEPT_CONTENT_TYPES = frozenset({ImageKind.JPEG.value, ImageKind.PNG.value, ImageKind.WEBP.value})
"""The content types of what comes out of `domain.images.prepare`, and of nothing else that the hub serves as a photo."""


@dataclass(frozen=True, slots=True)
class PreparedPhoto:
    """A photo ready to be stored: `data` is `width` x `height` pixels upright, without metadata.

    `digest` is the SHA-256 of `data` in hexadecimal. Thumbnails are JPEG.
    """

    content_type: str
    data: bytes
    width: int
    height: int
    thumbnail_data: bytes
    thumbnail_content_type: str
    digest: str
