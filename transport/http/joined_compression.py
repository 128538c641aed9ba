"""Compressing the beginning of a body once, and putting ends to it that differ.

The answers that several clients share are alike but for their ends, which tell what each has left to spend. All three
codings are made of blocks, and have one for bytes that are not compressed: the end goes into such a block, at no cost.
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import brotli
import zstandard

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # RFC 1952, 2.3: deflate, no name, no time, unknown system
_ZSTD_HEAD = 6  # RFC 8878, 3.1.1: four bytes of magic, what the header has (here: nothing), the window
_ZSTD_SIZED = b"\x80"  # what the header has: the size of the content, in four bytes
_STORED = 65_535  # bytes that a stored block of deflate, or an uncompressed one of brotli, may have
_RAW = 1_000  # … and a raw block of zstd, whose window is at least so large


@dataclass(frozen=True, slots=True)
class Begun:
    """The beginning of a body in a coding: `size` and `check` (CRC-32) are those of the plain bytes."""

    coding: str
    body: bytes
    size: int
    check: int = 0

    def ended(self, rest: bytes) -> bytes:
        """Return the whole body, with `rest` at its end."""
        return _END[self.coding](self, rest)


def begin(front: bytes, coding: str) -> Begun:
    """Compress the beginning of a body, a byte at least."""
    return Begun(coding, _BEGIN[coding](front), len(front), zlib.crc32(front) if coding == "gzip" else 0)


def _begin_gzip(front: bytes) -> bytes:
    compressor = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return _GZIP_HEAD + compressor.compress(front) + compressor.flush(zlib.Z_SYNC_FLUSH)


def _end_gzip(begun: Begun, rest: bytes) -> bytes:
    """RFC 1951, 3.2.4: whether it is the last, the length and its complement, the bytes. RFC 1952: check and size."""
    *others, last = _pieces(rest, _STORED)
    blocks = [_stored(piece, 0) for piece in others] + [_stored(last, 1)]
    check = zlib.crc32(rest, begun.check)
    return b"".join((begun.body, *blocks, struct.pack("<II", check, (begun.size + len(rest)) & 0xFFFFFFFF)))


def _stored(piece: bytes, last: int) -> bytes:
    return struct.pack("<BHH", last, len(piece), len(piece) ^ 0xFFFF) + piece


def _begin_brotli(front: bytes) -> bytes:
    compressor = brotli.Compressor(quality=4)
    return bytes(compressor.process(front) + compressor.flush())


def _end_brotli(begun: Begun, rest: bytes) -> bytes:
    """RFC 7932, 9.2: not the last, four nibbles of the length less one, not compressed; then an empty last one."""
    blocks = [
        (len(piece) - 1 << 3 | 1 << 19).to_bytes(3, "little") + piece for piece in _pieces(rest, _STORED) if piece
    ]
    return b"".join((begun.body, *blocks, b"\x03"))


def _begin_zstd(front: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, source_size=len(front), write_content_size=False)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(front) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def _end_zstd(begun: Begun, rest: bytes) -> bytes:
    """The head tells the size, for some decoders need it. RFC 8878, 3.1.1.2: whether it is the last, raw, the length."""
    magic, window = begun.body[:4], begun.body[5:_ZSTD_HEAD]
    size = (begun.size + len(rest)).to_bytes(4, "little")
    *others, last = _pieces(rest, _RAW)
    blocks = [_raw(piece, 0) for piece in others] + [_raw(last, 1)]
    return b"".join((magic, _ZSTD_SIZED, window, size, begun.body[_ZSTD_HEAD:], *blocks))


def _raw(piece: bytes, last: int) -> bytes:
    return (len(piece) << 3 | last).to_bytes(3, "little") + piece


def _pieces(rest: bytes, most: int) -> list[bytes]:
    return [rest[start : start + most] for start in range(0, len(rest), most)] or [b""]


_BEGIN: Mapping[str, Callable[[bytes], bytes]] = {"gzip": _begin_gzip, "br": _begin_brotli, "zstd": _begin_zstd}
_END: Mapping[str, Callable[[Begun, bytes], bytes]] = {"gzip": _end_gzip, "br": _end_brotli, "zstd": _end_zstd}
