"""The reference that each forwarding to a system without ids of ours carries in its text, to be found again there.

It reads `SIMPUL-` and 12 characters of Crockford's base32 (no I, L, O, U), which is 60 random bits: nobody guesses one,
and a person can copy it from paper. It is drawn for one forwarding and shown nowhere in the hub.
"""

import re

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 12
_PREFIX = "SIMPUL-"

REFERENCE_PATTERN = re.compile(rf"{_PREFIX}[{_ALPHABET}]{{{_LENGTH}}}")
"""A reference as we write it. Use it with `fullmatch`; `find_references` reads text that people have touched."""

_AS_TYPED = re.compile(rf"(?<![0-9A-Z])SIMPUL-([0-9A-TV-Z]{{{_LENGTH}}})(?![0-9A-Z])", re.IGNORECASE)
_LEFT_OUT = f"{_PREFIX}…"
_MISREAD = str.maketrans("OIL", "011")


def reference_of(random_bytes: bytes) -> str:
    """The reference that eight random bytes make (60 of their 64 bits). Raises ValueError for fewer bytes."""
    if len(random_bytes) < 8:
        raise ValueError("a reference needs eight random bytes")
    number = int.from_bytes(random_bytes[:8], "big")
    return _PREFIX + "".join(_ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(_LENGTH)))


def find_references(text: str) -> tuple[str, ...]:
    """All references in a text, as we write them, each once, in order.

    Small letters, and O, I and L typed for 0 and 1, are read as Crockford's alphabet says.
    """
    found = (_PREFIX + match[1].upper().translate(_MISREAD) for match in _AS_TYPED.finditer(text))
    return tuple(dict.fromkeys(found))


def without_references(text: str) -> str:
    """A text as it may be shown: that a reference stood there is told, but not which."""
    return _AS_TYPED.sub(_LEFT_OUT, text) if "-" in text else text
