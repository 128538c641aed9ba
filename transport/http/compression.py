"""Answers in fewer bytes, as Accept-Encoding asks (RFC 9110, 12.5.3).

Whoever builds an answer asks for it here; nothing is compressed by the way. So event streams (whose events would wait in
a compressor), photos and built pages (compressed already) cannot be caught by mistake.
"""

import asyncio
import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import brotli
import zstandard

from transport.door import BadRequest
from transport.http.preferences import weights

SMALL = 1_000
"""Bytes below which compressing gains less than its headers and its time."""
LARGE = 32_000
"""Bytes from which on it is done beside the event loop: some 0.2 ms of CPU, during which nobody else is served."""

_LEVELS: Mapping[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.ZstdCompressor(level=3).compress(body),
    "br": lambda body: brotli.compress(body, quality=4),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}
"""Ours, the one that costs least first; all with a window that every decoder must manage."""


@dataclass(frozen=True, slots=True)
class Codings:
    """What a client takes: the coding it likes best (None: the bytes as they are), and whether it takes those too."""

    best: str | None = None
    plain: bool = True


PLAIN = Codings()


@lru_cache(500)
def codings(accept_encoding: str) -> Codings:
    """Choose a coding by that header (all of them, joined; "" for none, cut to `preferences.MOST_CHARACTERS`).

    Raises BadRequest (406) when neither one of ours nor the plain bytes will do.
    """
    liked = weights(accept_encoding)
    gzip_too = max(liked.get("gzip", 0.0), liked.get("x-gzip", 0.0)) if {"gzip", "x-gzip"} & liked.keys() else None
    if gzip_too is not None:
        liked["gzip"] = gzip_too
    others = liked.get("*", 0.0)
    plain = liked.get("identity", others if "*" in liked else 1.0)
    best = max(_LEVELS, key=lambda name: liked.get(name, others))
    liking = liked.get(best, others)
    if liking == plain == 0:
        raise BadRequest(f"The answer can be had as {', '.join(_LEVELS)} or identity.", status=406)
    wanted = liking > 0 and liking >= liked.get("identity", 0.0)
    return Codings(best if wanted else None, plain > 0)


def coding_of(size: int, taken: Codings) -> str | None:
    """Return the coding for a body of `size` bytes; None: as it is."""
    return taken.best if size >= SMALL or not taken.plain else None


async def compress(body: bytes, coding: str | None) -> bytes:
    """Return `body` in that coding."""
    if coding is None:
        return body
    if len(body) < LARGE:
        return _LEVELS[coding](body)
    return await asyncio.to_thread(_LEVELS[coding], body)
