"""API keys as their holders have them: `simpul_`, 8 characters that name the key, 43 that are the secret, 6 of a checksum.

All are digits and letters, so that a double click takes the whole of it. The checksum tells a typing mistake, and secret
scanners an API key from any other word, before anybody is asked. The hub keeps a SHA-256 of it: 256 random bits need no
slow hash.
"""

import hashlib
import secrets
import string
import zlib

PREFIX = "simpul_"
ID_LENGTH, SECRET_LENGTH, CHECK_LENGTH = 8, 43, 6  # 62 ** 43 > 2 ** 256
LENGTH = len(PREFIX) + ID_LENGTH + SECRET_LENGTH + CHECK_LENGTH
_ALPHABET = string.digits + string.ascii_letters


def new_api_key() -> str:
    """A key that was never drawn before."""
    body = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(ID_LENGTH + SECRET_LENGTH))
    return body + _checksum(body)


def is_api_key(text: str) -> bool:
    """Whether it has the form of a key, and no typing mistake."""
    if len(text) != LENGTH or not text.startswith(PREFIX) or set(text.removeprefix(PREFIX)) - set(_ALPHABET):
        return False
    return text[-CHECK_LENGTH:] == _checksum(text[:-CHECK_LENGTH])


def public_id_of(key: str) -> str:
    """What a key is called by: it may be shown and logged, and cannot be used."""
    return key[len(PREFIX) : len(PREFIX) + ID_LENGTH]


def hash_of_key(key: str) -> bytes:
    """What the store keeps of a key, and finds it by."""
    return hashlib.sha256(key.encode()).digest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
