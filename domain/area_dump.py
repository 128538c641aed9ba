"""An area map as bytes, to be kept where a start can find it.

Layout: a line that names the format, 32 bytes of BLAKE2b over the facts and all that follows, then for each area its code, a
byte that tells whether it is approximate, and its boundary as WKB; code and WKB are preceded by their lengths.
"""

import hashlib
import struct
from collections.abc import Collection, Iterable, Mapping

import shapely
from shapely.geometry.base import BaseGeometry

from domain.area_facts import AreaFact

# The number rises whenever the same facts and boundaries would give another map.
_FORMAT = b"simpul-areas 1\n"
_DIGEST_BYTES = 32
_HEAD = struct.Struct(">B?I")


class AreaDumpError(ValueError):
    """The bytes are not a dump that this version made of these facts: compute the map afresh."""


def pack(facts: Iterable[AreaFact], shapes: Mapping[str, BaseGeometry], approximate: Collection[str]) -> bytes:
    """The bytes of one boundary for each area."""
    body = b"".join(_record(code, code in approximate, shapely.to_wkb(shape)) for code, shape in shapes.items())
    return _FORMAT + _digest(facts, body) + body


def unpack(facts: Iterable[AreaFact], dumped: bytes) -> tuple[dict[str, BaseGeometry], frozenset[str]]:
    """Boundaries by code, and the codes of the approximate ones. Raises AreaDumpError."""
    start = len(_FORMAT) + _DIGEST_BYTES
    digest, body = dumped[len(_FORMAT) : start], dumped[start:]
    if not dumped.startswith(_FORMAT) or digest != _digest(facts, body):
        raise AreaDumpError("the stored area map is damaged, of another version, or of other facts")
    shapes: dict[str, BaseGeometry] = {}
    approximate: set[str] = set()
    position = 0
    while position < len(body):
        code_length, is_approximate, wkb_length = _HEAD.unpack_from(body, position)
        code_end = position + _HEAD.size + code_length
        code = body[position + _HEAD.size : code_end].decode()
        position = code_end + wkb_length
        shapes[code] = shapely.from_wkb(body[code_end:position])
        if is_approximate:
            approximate.add(code)
    return shapes, frozenset(approximate)


def _record(code: str, is_approximate: bool, wkb: bytes) -> bytes:
    return _HEAD.pack(len(code), is_approximate, len(wkb)) + code.encode() + wkb


def _digest(facts: Iterable[AreaFact], body: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for fact in sorted(facts, key=lambda fact: fact.code):
        digest.update(repr(fact).encode())
    digest.update(body)
    return digest.digest()
