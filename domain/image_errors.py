"""Why a picture is refused. `domain/images.py` draws the tree."""


class ImageRefused(Exception):
    """A picture that the hub does not take. `reason` says why in plain English, for logs and developers."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnsupportedImage(ImageRefused):
    """The bytes are no JPEG, PNG, WebP or HEIC, whatever their name or claimed type says."""


class BrokenImage(ImageRefused):
    """The picture is of a kind we take, but cannot be decoded: cut off, damaged, without size, or empty."""


class ImageTooLarge(ImageRefused):
    """Too many bytes, pixels or pixels a side, or more work than one picture may cost."""
