"""Where prepared photos lie, whatever it is: a folder (`folder.py`) or a bucket (`bucket.py`).

A store knows keys and bytes. Which report a photo belongs to, its content type, size, digest and address are columns;
a key is never shown to a client.

    PhotoStoreError
    ├── PhotoStoreUnavailable   the folder or bucket cannot be written or read; the message says what to do
    ├── PhotoNotFound           there is nothing under this key (any more)
    └── InvalidPhotoKey         not of the shape that `new_key` gives, so it names no photo
"""

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

KEY_SHAPE = re.compile(r"[A-Za-z0-9_-]{22}")


class PhotoStoreError(Exception):
    """What a photo store may raise; the module's docstring draws the kinds."""


class PhotoStoreUnavailable(PhotoStoreError):
    """The store cannot be written or read now; the message is for the operator and says how to mend it."""


class PhotoNotFound(PhotoStoreError):
    """There is nothing under this key."""


class InvalidPhotoKey(PhotoStoreError):
    """A key that `new_key` cannot have made; refused before it gets near a path."""


@dataclass(frozen=True, slots=True)
class OpenPhoto:
    """A photo that is being read: its bytes in pieces, and how many there are in all."""

    size: int
    pieces: AsyncIterator[bytes]


class PhotoStore(Protocol):
    """Keeps bytes under keys of `new_key`. Every method may raise PhotoStoreError; none holds up the event loop."""

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Keep `data`. When this returns it survives a power cut; until then nobody sees any of it under `key`."""

    async def open(self, key: str) -> OpenPhoto:
        """The bytes in pieces, few of them in memory. PhotoNotFound is raised here, before the first piece, so an HTTP answer can say 404."""

    async def read(self, key: str) -> bytes:
        """All bytes at once."""

    async def size(self, key: str) -> int:
        """How many bytes there are under `key`."""

    async def delete(self, key: str) -> None:
        """Remove it; fine if it is gone already."""

    def keys(self, older_than: datetime) -> AsyncIterator[str]:
        """The keys of what was put before `older_than` (with a time zone), in no order."""

    async def drop_leftovers(self, older_than: datetime) -> int:
        """Remove what puts that never finished left behind before `older_than`, and say how many."""

    async def check(self) -> None:
        """Raise PhotoStoreUnavailable unless photos can be written; for the start, where it is told in one line."""

    def close(self) -> None:
        """Let go of what it holds on to. Nothing may be asked of it afterwards."""


def new_key() -> str:
    """A key nobody can guess: 128 random bits as 22 characters that are safe in paths and addresses."""
    return secrets.token_urlsafe(16)


def require_key(key: str) -> str:
    """The key itself; raises InvalidPhotoKey for anything `new_key` cannot have made, paths above all."""
    if KEY_SHAPE.fullmatch(key) is None:
        raise InvalidPhotoKey("not a key of this store")
    return key
